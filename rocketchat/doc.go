// Package rocketchat is the bridge's connection to one Rocket.Chat workspace: a
// realtime (DDP) session that brings what agents write and what people tell the bot,
// and REST calls that show what customers wrote, tell agents what went wrong and keep
// the setup channel. It knows nothing of Facebook, pages or stores.
//
// Facts about the platform stand in ../shared/reference/rocketchat.md; comments
// name the section they rely on.
package rocketchat
