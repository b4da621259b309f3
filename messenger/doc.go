// Package messenger is the Messenger Platform: the webhook through which Meta
// tells us what customers wrote, and the Graph client through which a page's
// messages reach them, and pages are authorised and subscribed. It turns Meta's JSON into bridge.Incoming and Meta's codes
// into verdicts; its wire formats do not leave it. It knows nothing of
// Rocket.Chat, and it stores and repeats nothing: the bridge does.
package messenger
