// Makes engine 1.62.0 able to start its Deno subprocess where only npm can be reached:
//   node prepare.mjs <folder with node_modules>
// It copies the engine out of node_modules, where Deno takes no TypeScript, replaces what
// comes from other registries, and fills Deno's cache. Done once; then it is offline.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync, chmodSync } from 'node:fs';
import { join, resolve } from 'node:path';

const dir = resolve(process.argv[2]);
const work = join(dir, 'work');
const engine = join(work, 'apps-engine'); // must be called so, and two below node_modules, where it may read
const runtime = join(engine, 'deno-runtime');
rmSync(work, { recursive: true, force: true });
mkdirSync(join(work, 'tmp'), { recursive: true });
cpSync(join(dir, 'node_modules', '@rocket.chat', 'apps-engine'), engine, { recursive: true });
for (const shim of ['io.js', 'streams.js', 'parse-args.js']) {
	cpSync(join(import.meta.dirname, 'shims', shim), join(runtime, shim));
}
rmSync(join(runtime, 'deno.lock'), { force: true });
const path = join(runtime, 'deno.jsonc');
const config = JSON.parse(readFileSync(path, 'utf8'));
for (const name of Object.keys(config.imports).filter((name) => name.startsWith('@std/'))) {
	delete config.imports[name];
}
Object.assign(config.imports, {
	'@std/io': './io.js',
	'https://deno.land/std@0.216.0/io/write_all.ts': './io.js',
	'@std/streams': './streams.js',
	'@std/cli/parse-args': './parse-args.js',
});
if (existsSync(join(engine, 'definition', 'exceptions', 'AppsEngineException.js'))) {
	config.imports['@rocket.chat/apps-engine/definition/exceptions/AppsEngineException.ts'] = './../definition/exceptions/AppsEngineException.js';
}
config.unstable = ['detect-cjs'];
writeFileSync(path, JSON.stringify(config));
symlinkSync(runtime, join(work, 'tmp', 'deno-runtime'));
const deno = join(dir, 'node_modules', '@deno', 'linux-x64-glibc', 'deno');
chmodSync(deno, 0o755);
const cached = spawnSync(deno, ['cache', `--config=${path}`, join(work, 'tmp', 'deno-runtime', 'main.ts')], {
	stdio: 'inherit', env: { ...process.env, DENO_DIR: join(work, 'deno'), DENO_TLS_CA_STORE: 'system' },
});
process.exit(cached.status ?? 1);
