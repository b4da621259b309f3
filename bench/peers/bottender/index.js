// A bot of Bottender that shows in Rocket.Chat what customers write on Messenger.
const show = require('./rocketchat');

module.exports = async function App(context) {
  if (context.event.isText) {
    await show(context.session.user.id, context.event.message.mid, context.event.text);
  }
};
