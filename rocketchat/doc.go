// Package rocketchat is the bridge's REST client of one Rocket.Chat workspace: its
// calls show what customers wrote, tell agents what went wrong, keep the setup channel,
// and read what the stream may have missed. What agents write comes through stream.
// It knows nothing of Facebook, pages or stores.
//
// A number such as (rocketchat.md 4.4) names a section of the authors' notes on the
// platform, which are not part of this repository; what the code relies on is said
// beside the number.
package rocketchat
