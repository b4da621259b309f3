// Runs the companion app's package in Rocket.Chat's own engine, with a running bridge:
//   node --test --test-force-exit engine.cjs
// Environment: ENGINE_DIR, ENGINE_TMP (of an engine with a subprocess), APP_ZIP, BRIDGE_URL,
// BRIDGE_SECRET, PAGE, USER_ID, USERNAME; NAME_TAKEN=1 if /facebook belongs to another app.
// The server around the engine is played; its permission checks are the engine's own.
'use strict';
const test = require('node:test');
const assert = require('node:assert');
const crypto = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const env = process.env;
const of = (file) => require(path.join(path.resolve(env.ENGINE_DIR), file));
const { AppManager } = of('server/AppManager');
const { AppBridges } = of('server/bridges');
const { AppMetadataStorage, AppLogStorage } = of('server/storage');
const { AppSourceStorage } = of('server/storage/AppSourceStorage');
const { SlashCommandContext } = of('definition/slashcommands');

const seen = { commands: {}, notified: [], opened: [], logs: [] };
const appUsers = {};
const pem = (type) => ({ type, format: 'pem' });
const keys = crypto.generateKeyPairSync('rsa', { modulusLength: 2048, publicKeyEncoding: pem('spki'), privateKeyEncoding: pem('pkcs8') });
const answers = {
	Command: {
		doesCommandExist: async (name) => !!seen.commands[name] || (name === 'facebook' && env.NAME_TAKEN === '1'),
		registerCommand: async (command) => { seen.commands[command.command] = command; },
		unregisterCommand: async (name) => { delete seen.commands[name]; },
	},
	Http: {
		call: async ({ url, method, request }) => {
			const answer = await fetch(url, { method: method.toUpperCase(), headers: request.headers, body: request.content, signal: AbortSignal.timeout(request.timeout || 180000) });
			const content = await answer.text();
			let data = null;
			if ((answer.headers.get('content-type') || '').includes('json')) {
				data = JSON.parse(content);
			}
			return { url, method, statusCode: answer.status, headers: Object.fromEntries(answer.headers), content, data };
		},
	},
	User: { getAppUser: async (id) => appUsers[id], create: async (user, id) => { appUsers[id] = { id: 'app-user', ...user }; return 'app-user'; } },
	Message: { notifyUser: async (user, message) => { seen.notified.push({ to: user.username, text: message.text, attachments: message.attachments }); } },
	UiInteraction: { notifyUser: async (user, interaction) => { seen.opened.push(interaction); } },
	Internal: { getUsernamesOfRoomById: async () => [], getUsernamesOfRoomByIdSync: () => [] },
	InternalFederation: { getPrivateKey: async () => keys.privateKey, getPublicKey: async () => keys.publicKey }, // installs are signed
};
// A bridge is the engine's own class with our answers; anything else answers undefined.
const lax = (o) => new Proxy(o, { get: (t, k) => (k in t ? t[k] : k === 'then' || typeof k === 'symbol' ? undefined : async () => undefined) });
const made = {};
function bridge(name) {
	if (!made[name]) {
		let Base = class {};
		try {
			Base = class extends of(`server/bridges/${name}Bridge`)[`${name}Bridge`] {};
		} catch { /* this engine has none */ }
		made[name] = lax(Object.assign(new Base(), answers[name]));
	}
	return made[name];
}
const bridges = new Proxy(new (class extends AppBridges {})(), {
	get: (target, key) => {
		const name = /^get(\w+)Bridge$/.exec(String(key));
		return name ? () => bridge(name[1]) : target[key];
	},
});
class Metadata extends AppMetadataStorage {
	constructor() { super('memory'); this.all = new Map(); }
	async create(item) { item._id = item.id; this.all.set(item.id, item); return item; }
	async retrieveOne(id) { return this.all.get(id) || null; }
	async retrieveAll() { return this.all; }
	async retrieveAllPrivate() { return this.all; }
	async remove(id) { this.all.delete(id); return { success: true }; }
	async update(item) { return this.create(item); }
	async updatePartialAndReturnDocument(item) { return Object.assign(this.all.get(item._id), item); }
	async updateStatus() { return true; }
	async updateSetting() { return true; }
	async updateAppInfo() { return true; }
	async updateMarketplaceInfo() { return true; }
}
class Logs extends AppLogStorage {
	constructor() { super('memory'); }
	async find() { return []; }
	async findPaginated() { return { logs: [], total: 0 }; }
	async getEntriesFor() { return []; }
	async removeEntriesFor() {}
	async storeEntries(...entries) { seen.logs.push(entries.at(-1)); return entries.at(-1); }
}
class Source extends AppSourceStorage {
	constructor() { super(); this.zips = {}; }
	async store(item, zip) { this.zips[item.id] = zip; return item.id; }
	async update(item, zip) { return this.store(item, zip); }
	async fetch(item) { return this.zips[item.id]; }
	async remove() {}
}

test(`the companion app in engine ${of('package.json').version}`, async (t) => {
	const manager = new AppManager({
		metadataStorage: new Metadata(), logStorage: new Logs(), sourceStorage: new Source(), bridges, tempFilePath: env.ENGINE_TMP || os.tmpdir(),
	});
	await manager.load();
	const user = { id: env.USER_ID, username: env.USERNAME, roles: ['user', 'livechat-manager'] };
	const room = { id: 'GENERAL', type: 'c' };
	const permissionsGranted = ['slashcommand', 'networking', 'ui.interact', 'message.write'].map((name) => ({ name }));
	const app = (await manager.add(fs.readFileSync(env.APP_ZIP), { enable: true, permissionsGranted, user })).getApp();
	const id = app.getID();
	assert.match(await app.getStatus(), /^(auto|manually)_enabled$/);
	const name = env.NAME_TAKEN === '1' ? 'facebook-bridge' : 'facebook';
	assert.deepEqual(Object.keys(seen.commands), [name]);

	const settings = manager.getSettingsManager();
	const set = async (key, value) => settings.updateAppSetting(id, { ...settings.getAppSetting(id, key), value });
	const run = async (args, trigger) => {
		seen.notified.length = seen.opened.length = 0;
		await manager.getCommandManager().executeCommand(name, new SlashCommandContext(user, room, args, undefined, trigger));
	};
	const told = () => {
		assert.equal(seen.notified.length, 1);
		assert.equal(seen.notified[0].to, env.USERNAME);
		return seen.notified[0].text;
	};

	await t.test('not configured', async () => {
		await run(['help']);
		assert.match(told(), /does not know the bridge yet/);
	});
	await set('bridge-url', env.BRIDGE_URL + '/');
	await set('bridge-secret', env.BRIDGE_SECRET);
	await t.test('help, with buttons', async () => {
		await run(['help']);
		assert.ok(told().includes('`/' + name + ' authorize`'), told());
		const actions = seen.notified[0].attachments[0].actions;
		assert.ok(actions.some((a) => a.type === 'button' && a.msg === `/${name} pages` && a.msg_in_chat_window === true), JSON.stringify(actions));
	});
	await t.test('an edit without a dialog', async () => {
		await run(['edit', env.PAGE]);
		assert.equal(seen.opened.length, 0);
		assert.match(told(), /settings\?ticket=/);
	});
	const submit = (view, state) => manager.getListenerManager().executeListener('IUIKitInteractionHandler', {
		type: 'viewSubmit', appId: id, actionId: 'save', triggerId: 't2', user, payload: { view: { ...view, state } },
	});
	let view;
	await t.test('an edit with a dialog: wrong input, then success', async () => {
		await run(['edit', env.PAGE], 'trigger1');
		assert.equal(seen.opened.length, 1, JSON.stringify(seen.notified));
		assert.equal(seen.opened[0].type, 'modal.open');
		view = seen.opened[0].view;
		assert.ok(view.blocks.length > 15);
		const wrong = await submit(view, { 'b_text-limit': { 'text-limit': '7' }, 'b_welcome': { welcome: 'From the engine' } });
		assert.match(wrong.errors['text-limit'], /100 to 2000/);
		const right = await submit(view, { 'b_text-limit': { 'text-limit': '1000' }, 'b_welcome': { welcome: 'From the engine' } });
		assert.equal(right.success, true);
		assert.ok(!right.errors || Object.keys(right.errors).length === 0, JSON.stringify(right));
		await run(['edit', env.PAGE, 'welcome']);
		assert.match(told(), /From the engine/);
	});
	await t.test('a wrong secret', async () => {
		await set('bridge-secret', 'not-the-secret-of-the-bridge');
		await run(['pages']);
		assert.match(told(), /does not accept this app/);
		await set('bridge-secret', env.BRIDGE_SECRET);
	});
	await t.test('the bridge is down', async () => {
		await set('bridge-url', 'http://127.0.0.1:9');
		await run(['pages']);
		assert.match(told(), /does not answer/);
		const failed = await submit(view, { 'b_welcome': { welcome: 'lost' } });
		assert.match(Object.values(failed.errors)[0], /does not answer/);
	});
	const logged = JSON.stringify(seen.logs);
	assert.ok(seen.logs.length > 0 && !logged.includes(env.BRIDGE_SECRET) && !logged.includes('not-the-secret-of-the-bridge'), 'the secret must not reach the app log');
	await manager.unload(false);
});
