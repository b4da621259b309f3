"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.MessengerBridgeApp = void 0;
const App_1 = require("@rocket.chat/apps-engine/definition/App");
const settings_1 = require("@rocket.chat/apps-engine/definition/settings");
const PROTOCOL = 1;
const PATIENCE = 4000;
const NO_BRIDGE = 'There is no bridge at the address in this app\'s settings, or its COMMANDS_SECRET is empty.';
async function ask(read, http, user, payload) {
    const settings = read.getEnvironmentReader().getSettings();
    const url = String((await settings.getValueById('bridge-url')) || '').trim().replace(/\/+$/, '');
    const secret = String((await settings.getValueById('bridge-secret')) || '').trim();
    if (!url || !secret) {
        return failure('This app does not know the bridge yet. Fill in its address and secret: Administration → Marketplace → Private apps → Messenger Bridge → Settings.');
    }
    try {
        const answer = await http.post(url + '/commands', {
            headers: { 'Authorization': 'Bearer ' + secret, 'Content-Type': 'application/json' },
            content: JSON.stringify(Object.assign({ protocol: PROTOCOL, user: { id: user.id, username: user.username, roles: user.roles } }, payload)),
            timeout: PATIENCE,
        });
        switch (answer && answer.statusCode) {
            case 200:
                const reply = (answer.data || JSON.parse(answer.content || ''));
                return reply && reply.protocol === PROTOCOL ? reply : failure(NO_BRIDGE);
            case 401:
                return failure('The bridge does not accept this app: its secret in the app\'s settings is not the one in COMMANDS_SECRET.');
            case 404:
                return failure(NO_BRIDGE);
        }
        return failure(`The bridge answers with an error (${answer && answer.statusCode}). Nothing was done. Please try again in a minute.`);
    }
    catch (e) {
        return failure('The bridge does not answer, so nothing can be said about what became of this. Is it running, and can Rocket.Chat reach the address in this app\'s settings?');
    }
}
function failure(text) {
    return { text, failed: true };
}
class FacebookCommand {
    constructor(app, command) {
        this.app = app;
        this.command = command;
        this.i18nParamsExample = 'command_params';
        this.i18nDescription = 'command_description';
        this.permission = 'manage-livechat-managers';
        this.providesPreview = false;
    }
    async executor(context, read, modify, http) {
        const user = context.getSender();
        const room = context.getRoom();
        const triggerId = context.getTriggerId();
        const reply = await ask(read, http, user, {
            kind: 'command',
            id: triggerId || '',
            command: this.command,
            args: context.getArguments(),
            room: { id: room.id, type: room.type },
            canOpenView: !!triggerId,
            appVersion: this.app.getVersion(),
        });
        if (reply.view && triggerId) {
            await modify.getUiController().openSurfaceView(Object.assign({ type: 'modal' }, reply.view), { triggerId }, user);
        }
        if (!reply.text) {
            return;
        }
        const message = modify.getNotifier().getMessageBuilder().setRoom(room).setText(reply.text);
        const sender = await read.getUserReader().getAppUser();
        if (sender) {
            message.setSender(sender);
        }
        const thread = context.getThreadId();
        if (thread) {
            message.setThreadId(thread);
        }
        if (reply.buttons && reply.buttons.length > 0) {
            message.setAttachments([{
                    actionButtonsAlignment: 'horizontal',
                    actions: reply.buttons.map((button) => ({
                        type: 'button',
                        text: button.text,
                        msg: button.types,
                        msg_in_chat_window: true,
                        msg_processing_type: 'sendMessage',
                    })),
                }]);
        }
        await modify.getNotifier().notifyUser(user, message.getMessage());
    }
}
class MessengerBridgeApp extends App_1.App {
    async executeViewSubmitHandler(context, read, http, persistence, modify) {
        const { user, view } = context.getInteractionData();
        const state = (view.state || {});
        const reply = await ask(read, http, user, { kind: 'submit', viewId: view.id, state, appVersion: this.getVersion() });
        let errors = reply.errors;
        if (!errors && (reply.failed || reply.text)) {
            errors = { [firstField(view)]: reply.text || '' };
        }
        const responder = context.getInteractionResponder();
        return errors ? responder.viewErrorResponse({ viewId: view.id, errors }) : responder.successResponse();
    }
    async onPreSettingUpdate() {
        return undefined;
    }
    async extendConfiguration(configuration) {
        const setting = { packageValue: '', required: true, public: false };
        await configuration.settings.provideSetting(Object.assign(Object.assign({}, setting), { id: 'bridge-url', type: settings_1.SettingType.STRING, i18nLabel: 'setting_url', i18nDescription: 'setting_url_description' }));
        await configuration.settings.provideSetting(Object.assign(Object.assign({}, setting), { id: 'bridge-secret', type: settings_1.SettingType.PASSWORD, i18nLabel: 'setting_secret', i18nDescription: 'setting_secret_description' }));
        try {
            await configuration.slashCommands.provideSlashCommand(new FacebookCommand(this, 'facebook'));
        }
        catch (e) {
            this.getLogger().warn('/facebook belongs to another app; this one answers to /facebook-bridge');
            await configuration.slashCommands.provideSlashCommand(new FacebookCommand(this, 'facebook-bridge'));
        }
    }
}
exports.MessengerBridgeApp = MessengerBridgeApp;
function firstField(view) {
    for (const block of view.blocks || []) {
        if (block.element && block.element.actionId) {
            return block.element.actionId;
        }
    }
    return 'name';
}
