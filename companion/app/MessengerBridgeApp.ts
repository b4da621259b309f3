// The companion app owns /facebook in Rocket.Chat. It decides nothing: what was typed
// goes to the bridge, and what the bridge answers is shown. Rocket.Chat may refuse to
// update an app, so all wording and all rules live in the bridge, which answers this
// protocol for good (companion/wire.go).

import { IConfigurationExtend, IHttp, IModify, IPersistence, IRead } from '@rocket.chat/apps-engine/definition/accessors';
import { App } from '@rocket.chat/apps-engine/definition/App';
import { MessageActionButtonsAlignment, MessageActionType, MessageProcessingType } from '@rocket.chat/apps-engine/definition/messages';
import { ISetting, SettingType } from '@rocket.chat/apps-engine/definition/settings';
import { ISlashCommand, SlashCommandContext } from '@rocket.chat/apps-engine/definition/slashcommands';
import { IUIKitInteractionHandler, IUIKitResponse, UIKitViewSubmitInteractionContext } from '@rocket.chat/apps-engine/definition/uikit';
import { IUser } from '@rocket.chat/apps-engine/definition/users';

const PROTOCOL = 1;
const PATIENCE = 4000; // ms; the client opens no dialog later than 5 s after the command
const NO_BRIDGE = 'There is no bridge at the address in this app\'s settings, or its COMMANDS_SECRET is empty.';

// What the bridge answers. Anything may be missing, and null is the same as missing.
interface IReply {
    text?: string; // for the caller alone
    buttons?: Array<{ text: string; types: string }>; // and what a click types for the caller
    view?: any; // a dialog
    errors?: { [actionId: string]: string }; // of a dialog that was sent; it stays open
    protocol?: number; // always there: it tells a bridge from other servers
    failed?: boolean; // set here: the bridge did not do what was asked
}

// ask passes something on to the bridge. Whatever goes wrong becomes a sentence: an
// administrator must never take silence for success.
async function ask(read: IRead, http: IHttp, user: IUser, payload: object): Promise<IReply> {
    const settings = read.getEnvironmentReader().getSettings();
    const url = String((await settings.getValueById('bridge-url')) || '').trim().replace(/\/+$/, '');
    const secret = String((await settings.getValueById('bridge-secret')) || '').trim();
    if (!url || !secret) {
        return failure('This app does not know the bridge yet. Fill in its address and secret: Administration → Marketplace → Private apps → Messenger Bridge → Settings.');
    }
    try {
        const answer = await http.post(url + '/commands', {
            headers: { 'Authorization': 'Bearer ' + secret, 'Content-Type': 'application/json' },
            content: JSON.stringify({ protocol: PROTOCOL, user: { id: user.id, username: user.username, roles: user.roles }, ...payload }),
            timeout: PATIENCE,
        });
        switch (answer && answer.statusCode) {
            case 200:
                const reply = (answer.data || JSON.parse(answer.content || '')) as IReply;
                return reply && reply.protocol === PROTOCOL ? reply : failure(NO_BRIDGE);
            case 401:
                return failure('The bridge does not accept this app: its secret in the app\'s settings is not the one in COMMANDS_SECRET.');
            case 404:
                return failure(NO_BRIDGE);
        }
        return failure(`The bridge answers with an error (${answer && answer.statusCode}). Nothing was done. Please try again in a minute.`);
    } catch (e) { // its text may hold the address; it is of no use to the caller
        return failure('The bridge does not answer, so nothing can be said about what became of this. Is it running, and can Rocket.Chat reach the address in this app\'s settings?');
    }
}

function failure(text: string): IReply {
    return { text, failed: true };
}

class FacebookCommand implements ISlashCommand {
    public i18nParamsExample = 'command_params';
    public i18nDescription = 'command_description';
    public permission = 'manage-livechat-managers'; // clients hide it from others; the bridge checks
    public providesPreview = false;

    constructor(private readonly app: App, public command: string) {}

    public async executor(context: SlashCommandContext, read: IRead, modify: IModify, http: IHttp): Promise<void> {
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
            await modify.getUiController().openSurfaceView({ type: 'modal', ...reply.view }, { triggerId }, user);
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
                actionButtonsAlignment: 'horizontal' as MessageActionButtonsAlignment,
                actions: reply.buttons.map((button) => ({
                    type: 'button' as MessageActionType,
                    text: button.text,
                    msg: button.types,
                    msg_in_chat_window: true,
                    msg_processing_type: 'sendMessage' as MessageProcessingType,
                })),
            }]);
        }
        await modify.getNotifier().notifyUser(user, message.getMessage());
    }
}

export class MessengerBridgeApp extends App implements IUIKitInteractionHandler {
    // A dialog closes only when the bridge has said that it did what was asked.
    public async executeViewSubmitHandler(
        context: UIKitViewSubmitInteractionContext, read: IRead, http: IHttp, persistence: IPersistence, modify: IModify,
    ): Promise<IUIKitResponse> {
        const { user, view } = context.getInteractionData();
        const state = (view.state || {}) as { [blockId: string]: { [actionId: string]: any } };
        const reply = await ask(read, http, user, { kind: 'submit', viewId: view.id, state, appVersion: this.getVersion() });
        let errors = reply.errors;
        if (!errors && (reply.failed || reply.text)) {
            errors = { [firstField(view)]: reply.text || '' };
        }
        const responder = context.getInteractionResponder();
        return errors ? responder.viewErrorResponse({ viewId: view.id, errors }) : responder.successResponse();
    }

    // An empty answer keeps the engine from writing the new value, the secret, into the app's log.
    public async onPreSettingUpdate(): Promise<ISetting> {
        return undefined as any;
    }

    protected async extendConfiguration(configuration: IConfigurationExtend): Promise<void> {
        const setting = { packageValue: '', required: true, public: false };
        await configuration.settings.provideSetting({
            ...setting, id: 'bridge-url', type: SettingType.STRING, i18nLabel: 'setting_url', i18nDescription: 'setting_url_description',
        });
        await configuration.settings.provideSetting({
            ...setting, id: 'bridge-secret', type: SettingType.PASSWORD, i18nLabel: 'setting_secret', i18nDescription: 'setting_secret_description',
        });
        try { // last: a name that is taken throws, and would cut off whatever follows
            await configuration.slashCommands.provideSlashCommand(new FacebookCommand(this, 'facebook'));
        } catch (e) {
            this.getLogger().warn('/facebook belongs to another app; this one answers to /facebook-bridge');
            await configuration.slashCommands.provideSlashCommand(new FacebookCommand(this, 'facebook-bridge'));
        }
    }
}

// firstField is where a dialog shows what concerns it as a whole.
function firstField(view: any): string {
    for (const block of view.blocks || []) {
        if (block.element && block.element.actionId) {
            return block.element.actionId;
        }
    }
    return 'name';
}
