// Package rocketchat is the bridge's REST client of one Rocket.Chat workspace: its
// calls show what customers wrote, tell agents what went wrong, keep the setup channel,
// and read what the stream may have missed. What agents write comes through stream.
// It knows nothing of Facebook, pages or stores.
//
// Numbers such as (rocketchat.md 4.4) name sections of the authors' notes, which are not in this
// repository; what the code relies on is said beside them.
package rocketchat
