// Package rocketchat is the bridge's REST client of one Rocket.Chat workspace: its
// calls show what customers wrote, tell agents what went wrong, keep the setup channel,
// and read what the stream may have missed. What agents write comes through stream.
// It knows nothing of Facebook, pages or stores.
//
// Facts about the platform stand in ../shared/reference/rocketchat.md; comments
// name the section they rely on.
package rocketchat
