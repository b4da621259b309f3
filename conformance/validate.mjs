// Validates recorded REST requests: node run.mjs validate.mjs <file or folder>...
// Each line of a *.jsonl file is a chat.Call of the sandbox as encoding/json writes it.
// Prints a line for each route and each objection; exit code 1 if there is one.
import { createReadStream, existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import * as typings from '@rocket.chat/rest-typings';
import { covered, notCovered } from './routes.mjs';

const objections = new Map(); // text -> { times, example }
const seen = new Map(); // route -> calls

for (const [route, name] of Object.entries(covered)) {
	if (typeof typings[name] !== 'function') {
		object(`${route}: rest-typings exports no ${name}`);
	} else if (typings[name]({ surelyUnknown: 'x' })) {
		object(`${route}: ${name} accepts anything, so it proves nothing`);
	}
}
for (const path of process.argv.slice(2)) {
	for (const file of recordings(path)) {
		for await (const line of createInterface({ input: createReadStream(file) })) {
			if (line !== '') {
				check(JSON.parse(line));
			}
		}
	}
}
report();

function recordings(path) {
	if (!existsSync(path) || !statSync(path).isDirectory()) {
		return [path];
	}
	return readdirSync(path)
		.filter((name) => name.endsWith('.jsonl'))
		.map((name) => join(path, name));
}

function check(call) {
	seen.set(call.Route, (seen.get(call.Route) ?? 0) + 1);
	const name = covered[call.Route];
	if (!name) {
		if (!(call.Route in notCovered)) {
			object(`${call.Route}: neither covered nor listed as not covered; add it to routes.mjs`, call);
		}
		return;
	}
	let parameters;
	try {
		parameters = call.Method === 'GET' ? parseQuery(call.Query) : parseBody(call);
	} catch (error) {
		object(`${call.Route}: ${error.message}`, call);
		return;
	}
	const validate = typings[name];
	if (validate && !validate(parameters)) {
		for (const error of validate.errors) {
			object(`${call.Route}: ${name}: ${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`, call);
		}
	}
}

// parseQuery reads a query as the server does: repeated names and names ending in []
// become lists. Deeper brackets are not supported here.
function parseQuery(query) {
	const parameters = {};
	for (const [key, value] of new URLSearchParams(query)) {
		const name = key.replace(/\[\]$/, '');
		if (/[[\]]/.test(name)) {
			throw new Error(`query parameter ${key} is beyond this check`);
		}
		if (name !== key) {
			parameters[name] = [...(parameters[name] ?? []), value];
		} else {
			parameters[name] = name in parameters ? [parameters[name], value].flat() : value;
		}
	}
	return parameters;
}

// parseBody reads a body as the server does, which ignores one that is not declared
// as JSON.
function parseBody(call) {
	const type = call.Header?.['Content-Type']?.[0] ?? '';
	if (!type.startsWith('application/json')) {
		return {};
	}
	return JSON.parse(call.Body);
}

function object(text, call) {
	const known = objections.get(text);
	if (known) {
		known.times++;
		return;
	}
	const example = call && `${call.Method} ${call.Path}?${call.Query} ${call.Body}`;
	objections.set(text, { times: 1, example });
}

function report() {
	for (const [route, calls] of [...seen].sort()) {
		console.log(`${String(calls).padStart(7)}  ${route}  ${covered[route] ?? `not covered: ${notCovered[route]}`}`);
	}
	for (const [text, { times, example }] of objections) {
		console.log(`OBJECTION (${times}x) ${text}${example ? `\n          e.g. ${example}` : ''}`);
	}
	process.exitCode = objections.size > 0 ? 1 : 0;
}
