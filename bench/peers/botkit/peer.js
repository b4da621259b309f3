// A bot of Botkit that shows in Rocket.Chat what customers write on Messenger.
const { Botkit } = require('botkit');
const { FacebookAdapter } = require('botbuilder-adapter-facebook');
const show = require('./rocketchat');

const controller = new Botkit({
  webhook_uri: '/webhook', // on PORT
  disable_console: true,
  adapter: new FacebookAdapter({
    verify_token: 'verify',
    app_secret: process.env.APP_SECRET, // each call's signature is checked with it
    access_token: 'token',
  }),
});

controller.on('message', async (bot, message) => {
  await show(message.user, message.incoming_message.channelData.message.mid, message.text);
});
