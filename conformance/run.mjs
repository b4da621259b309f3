// Bundles one of the scripts beside it, and runs it: node run.mjs <script> [argument...]
// rest-typings imports folders, which Node does not; so it loads in no other way.
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const [script, ...args] = process.argv.slice(2);
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const outfile = here(`node_modules/.bundle/${process.pid}-${script}`);
await build({
	entryPoints: [here(script)],
	outfile,
	bundle: true,
	platform: 'node',
	format: 'esm',
	target: 'node20',
	external: ['bufferutil', 'utf-8-validate'], // ws does without them
	banner: { js: "import { createRequire as requireOf } from 'node:module';\nconst require = requireOf(import.meta.url);" },
	logLevel: 'warning',
});
process.argv.splice(1, process.argv.length, outfile, ...args);
try {
	await import(outfile);
} finally {
	await rm(outfile);
}
