// Rocket.Chat's own DDP client uses the sandbox:
// node run.mjs ddp.mjs <workspace URL> <URL of the test that holds the strings>
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, test } from 'node:test';
import { schemas } from '@rocket.chat/core-typings';
import { DDPSDK, LivechatClientImpl } from '@rocket.chat/ddp-client';
import * as typings from '@rocket.chat/rest-typings';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import WebSocket from 'ws';

const [workspace, strings] = process.argv.slice(2);
const bot = { username: 'bridge.bot', password: 'secret' };
const digest = (text) => createHash('sha256').update(text).digest('hex');

// spied keeps every frame of a connection, in both directions.
const spied = [];
globalThis.WebSocket = class extends WebSocket {
	constructor(url) {
		super(url);
		this.frames = [];
		this.addEventListener('message', ({ data }) => this.note('server', data));
		spied.push(this);
	}

	send(data) {
		this.note('client', data);
		super.send(data);
	}

	note(from, data) {
		this.frames.push({ from, frame: JSON.parse(String(data)) });
	}
};

// pull makes people and the platform do something: the Go side of the test does it.
async function pull(verb, what = {}) {
	const answer = await fetch(`${strings}/${verb}`, { method: 'POST', body: JSON.stringify(what) });
	assert.equal(answer.status, 200, `the test refused ${verb}`);
	return answer.json();
}

async function until(what, find) {
	for (const end = Date.now() + 10_000; Date.now() < end; ) {
		const found = find();
		if (found) {
			return found;
		}
		await new Promise((resolve) => setTimeout(resolve, 5));
	}
	assert.fail(`waited in vain: ${what}\n${JSON.stringify(spied.map((ws) => ws.frames.slice(-10)), null, 1)}`);
}

const received = (ws, fits) => ws.frames.filter(({ from, frame }) => from === 'server' && fits(frame)).map(({ frame }) => frame);
const sent = (ws, fits) => ws.frames.filter(({ from, frame }) => from === 'client' && fits(frame)).map(({ frame }) => frame);
const events = (ws, event) => received(ws, (f) => f.msg === 'changed' && f.fields.eventName === event);
const keys = (object) => Object.keys(object).sort();

async function connect(SDK = DDPSDK) {
	const sdk = SDK.create(workspace, { retryCount: 5, retryTime: 20 });
	sdk.ws = () => spied.findLast((ws) => ws === sdk.connection.ws);
	clients.push(sdk);
	await sdk.connection.connect();
	return sdk;
}
const clients = [];
after(() => {
	for (const sdk of clients) {
		sdk.timeoutControl.stop();
		sdk.connection.close();
	}
});

// resultOf returns the pair of frames that answer the last call of a method.
async function resultOf(ws, method) {
	const call = sent(ws, (f) => f.msg === 'method' && f.method === method).at(-1);
	const result = await until(`result of ${method}`, () => received(ws, (f) => f.msg === 'result' && f.id === call.id)[0]);
	await until(`updated of ${method}`, () => received(ws, (f) => f.msg === 'updated' && f.methods.includes(call.id))[0]);
	return { call, result };
}

function assertError(error, code, reason) {
	assert.equal(error.error, code);
	assert.equal(error.errorType, 'Meteor.Error');
	assert.match(error.message, new RegExp(`\\[${code}\\]$`));
	if (reason) {
		assert.match(error.reason, reason);
	}
}

// What core-typings says about what the server stores, dates as REST has them.
const ajv = new Ajv({ strict: false, allErrors: true });
addFormats(ajv);
// Its unions are written as oneOf, although a quote is also the plainest attachment.
const unions = JSON.parse(JSON.stringify(schemas.components).replaceAll('"oneOf"', '"anyOf"'));
const isStored = (type, components = unions) => ajv.compile({ $ref: `#/components/schemas/${type}`, components });
const isMessage = isStored('IMessage');
// The sandbox tells less about the user than the server does; what it tells must be right.
const isPartOfMe = isStored('IMeApiUser', JSON.parse(JSON.stringify(unions), (key, value) => (key === 'required' && Array.isArray(value) ? [] : value)));

function assertValid(validate, value) {
	assert.ok(validate(value), `${JSON.stringify(validate.errors, null, 1)}\nin ${JSON.stringify(value)}`);
}

// assertMessage checks a message as the stream brings it: dates are EJSON there.
function assertMessage(message) {
	for (const date of ['ts', '_updatedAt']) {
		assert.deepEqual(keys(message[date]), ['$date']);
		assert.ok(Number.isInteger(message[date].$date));
	}
	const iso = (value) => {
		if (Array.isArray(value)) {
			return value.map(iso);
		}
		if (value === null || typeof value !== 'object') {
			return value;
		}
		return '$date' in value ? new Date(value.$date).toISOString() : Object.fromEntries(Object.entries(value).map(([k, v]) => [k, iso(v)]));
	};
	assertValid(isMessage, iso(message));
}

let sdk; // logged in as the bot
let all = []; // what __my_messages__ brought: [message, info]
let visitor; // token
let rid;
const texts = () => all.map(([message]) => message.msg);

test('connects', async () => {
	sdk = await connect();
	const ws = sdk.ws();
	const fromServer = received(ws, () => true);
	assert.deepEqual(fromServer[0], { server_id: '0' });
	assert.deepEqual(sent(ws, () => true)[0], { msg: 'connect', version: '1', support: ['1', 'pre2', 'pre1'] });
	assert.deepEqual(keys(fromServer[1]), ['msg', 'session']);
	assert.equal(fromServer[1].msg, 'connected');
	assert.equal(sdk.connection.session, fromServer[1].session);
});

test('is refused with a wrong password', async () => {
	await assert.rejects(sdk.account.loginWithPassword(bot.username, digest('wrong')), (error) => {
		assertError(error, 403);
		return true;
	});
	const { result } = await resultOf(sdk.ws(), 'login');
	assert.deepEqual(keys(result), ['error', 'id', 'msg']);
});

test('logs in by password', async () => {
	await sdk.account.loginWithPassword(bot.username, digest(bot.password));
	const { result } = await resultOf(sdk.ws(), 'login');
	assert.deepEqual(keys(result), ['id', 'msg', 'result']);
	assert.deepEqual(keys(result.result), ['id', 'token', 'tokenExpires', 'type']);
	assert.deepEqual(keys(result.result.tokenExpires), ['$date']);
	assert.equal(result.result.type, 'password');
	assert.equal(sdk.account.uid, result.result.id);
	assert.ok(sdk.account.user.tokenExpires > new Date());
	await until('own user document', () => sdk.account.user.username === bot.username);
	const added = received(sdk.ws(), (f) => f.msg === 'added' && f.collection === 'users')[0];
	assert.equal(added.id, sdk.account.uid);
});

test('logs in by token', async () => {
	const other = await connect();
	const result = await other.account.loginWithToken(sdk.account.user.token);
	assert.equal(result.type, 'resume');
	assert.equal(result.token, sdk.account.user.token);
	assert.equal(other.account.uid, sdk.account.uid);
});

test('logs in by personal access token', async () => {
	const other = await connect();
	const { token } = await pull('token', { username: bot.username });
	// This client cannot do without tokenExpires, and the server has none to tell for
	// such a token (ee/apps/account-service, loginViaResume): the frame is what counts.
	await other.account.loginWithToken(token).catch(() => {});
	const { result } = await resultOf(other.ws(), 'login');
	assert.equal(result.error, undefined);
	assert.equal(result.result.token, token);
	assert.equal(result.result.type, 'resume');
	assert.equal(result.result.id, sdk.account.uid);
});

test('is refused with an unknown token', async () => {
	const other = await connect();
	await assert.rejects(other.account.loginWithToken('unknown'), (error) => {
		assertError(error, 403, /^You've been logged out by the server. Please log in again.?$/);
		return true;
	});
});

test('subscribes to all messages', async () => {
	const all_ = sdk.stream('room-messages', '__my_messages__', (...args) => all.push(args));
	await all_.ready();
	const ws = sdk.ws();
	assert.deepEqual(sent(ws, (f) => f.msg === 'sub')[0], {
		msg: 'sub',
		id: all_.id,
		name: 'stream-room-messages',
		params: ['__my_messages__', { useCollection: false, args: [null] }],
	});
	assert.deepEqual(received(ws, (f) => f.msg === 'ready')[0], { msg: 'ready', subs: [all_.id] });
});

test('sees a room that is opened over REST', async () => {
	const { visitor: registered } = await sdk.rest.post('/v1/livechat/visitor', { visitor: { token: 'visitor-1', name: 'Jane Doe' } });
	visitor = registered.token;
	const { room, newRoom } = await sdk.rest.get('/v1/livechat/room', { token: visitor });
	assert.equal(newRoom, true);
	assert.equal(room.t, 'l');
	assert.equal(room.open, true);
	rid = room._id;
	const { message } = await sdk.rest.post('/v1/livechat/message', { token: visitor, rid, _id: 'conformance1', msg: 'Where is my order?' });
	assertValid(isMessage, message);
	await until("the visitor's message", () => texts().includes('Where is my order?'));
	const types = all.filter(([m]) => m.rid === rid).map(([m]) => m.t ?? '');
	assert.equal(types[0], 'livechat-started');
	assert.ok(types.includes('uj') && types.includes('command'), `system messages are ${types}`);
	const [own] = all.find(([m]) => m._id === 'conformance1');
	assert.equal(own.token, visitor);
	for (const [m] of all) {
		assertMessage(m);
	}
});

test('receives what an agent says', async () => {
	const { id } = await pull('says', { rid, text: 'It is on its *way*' });
	await until('the message', () => texts().includes('It is on its *way*'));
	const frame = events(sdk.ws(), '__my_messages__').find((f) => f.fields.args[0]._id === id);
	assert.deepEqual(keys(frame), ['collection', 'fields', 'id', 'msg']);
	assert.equal(frame.collection, 'stream-room-messages');
	assert.equal(frame.id, 'id');
	assert.deepEqual(keys(frame.fields), ['args', 'eventName']);
	assert.equal(frame.fields.args.length, 2);
	const [message, info] = frame.fields.args;
	assert.deepEqual(info, { roomParticipant: false, roomType: 'l' });
	assert.equal(message.rid, rid);
	assert.equal(message.u.username, 'ana');
	assert.equal(message.token, undefined);
	assert.equal(message.t, undefined);
	assertMessage(message);
	const again = await until('the second emission', () => all.filter(([m]) => m._id === id)[1]);
	assert.ok(again[0]._updatedAt.$date >= message._updatedAt.$date);
	assert.equal(again[0].editedAt, undefined);
	assertMessage(again[0]);
});

test('receives quotes, edits and reactions as the same message again', async () => {
	const { id } = await pull('says', { rid, text: 'One moment' });
	await pull('edits', { id, text: 'Two moments' });
	const [edited] = await until('the edit', () => all.find(([m]) => m._id === id && m.editedAt));
	assert.equal(edited.msg, 'Two moments');
	assertMessage(edited);
	await pull('reacts', { id });
	const [marked] = await until('the reaction', () => all.find(([m]) => m._id === id && m.reactions));
	assert.deepEqual(marked.reactions, { ':thumbsup:': { usernames: ['ana'] } });
	assertMessage(marked);
	const quote = await pull('quotes', { rid, id, text: 'As I said' });
	const [quoting] = await until('the quote', () => all.find(([m]) => m._id === quote.id && m.attachments?.length));
	assert.match(quoting.msg, /^\[ \]\(http/);
	assertMessage(quoting);
});

test('subscribes to one room and leaves it', async () => {
	const seen = [];
	const one = sdk.stream('room-messages', rid, (...args) => seen.push(args));
	await one.ready();
	await pull('says', { rid, text: 'in one room' });
	await until('the message', () => seen.some(([m]) => m.msg === 'in one room'));
	assert.equal(events(sdk.ws(), rid)[0].fields.args.length, 1);
	one.stop();
	const ended = await until('nosub', () => received(sdk.ws(), (f) => f.msg === 'nosub' && f.id === one.id)[0]);
	assert.deepEqual(keys(ended), ['id', 'msg']);
	const before = seen.length;
	await pull('says', { rid, text: 'after leaving' });
	await until('the message elsewhere', () => texts().includes('after leaving'));
	assert.equal(events(sdk.ws(), rid).filter((f) => f.fields.args[0].msg === 'after leaving').length, 0);
	assert.equal(seen.length, before);
});

for (const [what, stream, event, code] of [
	['a room it may not read', 'room-messages', 'no-such-room', 'not-allowed'],
	["another user's events", 'notify-user', 'somebody/message', 'not-allowed'],
	["a visitor's events without the token", 'livechat-room', () => rid, 'not-allowed'],
	['an event without name', 'room-messages', '', 'invalid-event-name'],
	['an unknown publication', 'no-such-stream', 'x', 404],
]) {
	test(`is refused: ${what}`, async () => {
		const sub = sdk.stream(stream, typeof event === 'function' ? event() : event, () => assert.fail('an event came'));
		await assert.rejects(sub.ready(), (error) => {
			assertError(error, code);
			return true;
		});
		const [nosub] = received(sdk.ws(), (f) => f.msg === 'nosub' && f.id === sub.id);
		assert.deepEqual(keys(nosub), ['error', 'id', 'msg']);
		assert.equal(received(sdk.ws(), (f) => f.msg === 'ready' && f.subs.includes(sub.id)).length, 0);
	});
}

test('is refused a method nobody knows', async () => {
	await assert.rejects(sdk.call('no-such-method', 1, 'two'), (error) => {
		assertError(error, 404, /^Method 'no-such-method' not found$/);
		return true;
	});
	const { call, result } = await resultOf(sdk.ws(), 'no-such-method');
	assert.deepEqual(call.params, [1, 'two']);
	assert.deepEqual(keys(result), ['error', 'id', 'msg']);
});

test('plays the widget', async () => {
	const widget = await connect(LivechatClientImpl);
	await widget.grantVisitor({ visitor: { token: 'visitor-2', name: 'John Doe' } });
	const room = await widget.room();
	const said = [];
	const active = [];
	widget.onMessage((m) => said.push(m));
	widget.onUserActivity((name, activity) => active.push([name, activity]));
	await widget.subscribeRoom(room._id);
	const ready = () => received(widget.ws(), (f) => f.msg === 'ready').length;
	await until('three subscriptions', () => ready() === 3);
	let agent;
	widget.onAgentChange(room._id, (data) => (agent = data));
	await until('the fourth', () => ready() === 4);
	const { message } = await widget.sendMessage({ rid: room._id, msg: 'Hello?', _id: 'conformance2' });
	assertValid(isMessage, message);
	await pull('says', { rid: room._id, text: 'Hello!' });
	await pull('types', { rid: room._id });
	await until('both messages', () => ['Hello?', 'Hello!'].every((text) => said.some((m) => m.msg === text)));
	await until('typing', () => active.length > 0);
	assert.deepEqual(active[0], ['ana', ['user-typing']]);

	const watcher = [];
	const watch = sdk.stream('notify-room', `${room._id}/user-activity`, (...args) => watcher.push(args));
	await watch.ready();
	assert.equal(await widget.notifyVisitorActivity(room._id, room.v.username, ['user-typing']), undefined);
	const { result } = await resultOf(widget.ws(), 'stream-notify-room');
	assert.deepEqual(keys(result), ['id', 'msg']);
	await until('typing seen by others', () => watcher.length > 0);
	assert.deepEqual(watcher[0], [room.v.username, ['user-typing']]);
	assert.equal(active.filter(([name]) => name === room.v.username).length, 0, 'the writer hears itself');
	watch.stop();

	const history = await widget.loadMessages(room._id, { limit: 2 });
	assert.deepEqual(history.map((m) => m.msg), ['Hello!', 'Hello?']);
	for (const m of history) {
		assertValid(isMessage, m);
	}
	await widget.closeChat({ rid: room._id });
	await until('the end of the chat', () => said.some((m) => m.t === 'livechat-close'));
	await assert.rejects(widget.sendMessage({ rid: room._id, msg: 'Still there?' }), (answer) => answer.status === 400);
	assert.equal(agent, undefined, 'nobody was assigned after the subscription');
});

test('answers pings, and gets pongs', async () => {
	const ws = sdk.ws();
	const from = received(ws, (f) => f.msg === 'ping').length;
	await until('three pings of the server', () => received(ws, (f) => f.msg === 'ping').length >= from + 3);
	assert.ok(sent(ws, (f) => f.msg === 'pong').length >= from + 3);
	sdk.client.ddp.ping();
	sdk.client.ddp.ping('mine');
	const pongs = await until('two pongs', () => {
		const all = received(ws, (f) => f.msg === 'pong');
		return all.length === 2 && all;
	});
	assert.deepEqual(pongs, [{ msg: 'pong' }, { msg: 'pong', id: 'mine' }]);
	assert.equal(sdk.connection.status, 'connected');
	assert.equal(sdk.ws(), ws, 'it is still the first connection');
});

test('is back after the connection was cut, and nothing is replayed', async () => {
	const before = sdk.ws();
	const session = sdk.connection.session;
	await pull('drop', { rid, text: 'while away' });
	const ws = await until('another connection', () => sdk.ws() !== before && sdk.connection.status === 'connected' && sdk.ws());
	const { result } = await resultOf(ws, 'login');
	assert.equal(result.result.type, 'resume');
	assert.notEqual(sdk.connection.session, session);
	const sub = sent(before, (f) => f.msg === 'sub' && f.params[0] === '__my_messages__')[0];
	await until('the subscription under its old id', () => received(ws, (f) => f.msg === 'ready' && f.subs.includes(sub.id))[0]);
	await pull('says', { rid, text: 'back again' });
	await until('the message', () => texts().includes('back again'));
	assert.ok(!texts().includes('while away'));
});

test('logs out, and the token is worth nothing any more', async () => {
	const other = await connect();
	await other.account.loginWithPassword(bot.username, digest(bot.password));
	const { token } = other.account.user;
	await other.account.logout();
	const third = await connect();
	await assert.rejects(third.account.loginWithToken(token), (error) => {
		assertError(error, 403);
		return true;
	});
});

test('REST answers have the form that the packages know', async () => {
	const me = await sdk.rest.get('/v1/me');
	assert.equal(me.success, true);
	const { success, ...user } = me;
	assertValid(isPartOfMe, user);
	const ask = async (path, headers = {}) => {
		const answer = await fetch(`${workspace}/api/v1/${path}`, { headers });
		return { status: answer.status, body: await answer.json() };
	};
	const agent = await pull('token', { username: 'ana' });
	const asAgent = { 'X-User-Id': agent.user, 'X-Auth-Token': agent.token };
	for (const [path, headers, status, validate] of [
		['livechat/room?token=unknown', {}, 400, typings.validateBadRequestErrorResponse],
		[`livechat/room?token=${visitor}&rid=unknown`, {}, 400, typings.validateBadRequestErrorResponse],
		['chat.getMessage', asAgent, 400, typings.validateBadRequestErrorResponse],
		['me', {}, 401, typings.validateUnauthorizedErrorResponse],
		[`livechat/visitor/${visitor}/room`, asAgent, 403, typings.validateForbiddenErrorResponse],
		['no.such.route', asAgent, 404, typings.validateNotFoundErrorResponse],
	]) {
		const answer = await ask(path, headers);
		assert.equal(answer.status, status, path);
		assertValid(validate, answer.body);
	}
});
