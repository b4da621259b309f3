// Package risks tells which settings of a workspace keep customers from agents, and what to do about each.
package risks

import (
	"slices"

	"messenger-bridge/bridge"
)

// The settings that are looked at. All are public; a workspace without the licence, or of an older
// version, does not have most of them.
const (
	verification    = "Livechat_Require_Contact_Verification"
	blockUnknown    = "Livechat_Block_Unknown_Contacts"
	blockUnverified = "Livechat_Block_Unverified_Contacts"
	abandoned       = "Livechat_abandoned_rooms_action"
	ignoreBots      = "Omnichannel_Metrics_Ignore_Automatic_Messages"
)

// Settings are the names of all settings that Of looks at.
func Settings() []string {
	return []string{verification, blockUnknown, blockUnverified, abandoned, ignoreBots}
}

// Of returns what is to be said of a workspace with these settings, nothing of those that are well; settings
// holds the values of those that it has, roles those of the bot, none if they are not known.
func Of(settings map[string]any, roles []string) []bridge.Finding {
	return append(contacts(settings), answers(settings, roles)...)
}

// contacts are what keeps customers back until somebody has verified who they are: nothing does that for
// customers of Facebook pages.
func contacts(settings map[string]any) (found []bridge.Finding) {
	const (
		check = "contacts"
		where = " (Settings → Omnichannel → Contact identification)"
	)
	add := func(what, do string) {
		found = append(found, bridge.Finding{Check: check, Level: bridge.Bad, Found: what, Do: do})
	}
	if how, _ := settings[verification].(string); how == "once" || how == "always" {
		add(verification+" is "+how+": Rocket.Chat keeps each customer's room from all agents until the customer is verified, and nothing verifies customers of Facebook pages",
			"Set it to never"+where+". Rooms that were opened meanwhile wait in the contact center: close them, and the customer's next message opens another.")
	}
	for _, name := range []string{blockUnknown, blockUnverified} {
		if settings[name] == true {
			add(name+" is on: no agent may take the room of a customer of a Facebook page", "Switch it off"+where+".")
		}
	}
	return found
}

// answers are what the bot's notes in customers' rooms set off, because Rocket.Chat takes them for
// answers of an agent (markRoomResponded).
func answers(settings map[string]any, roles []string) []bridge.Finding {
	const check = "bot's notes"
	finding := func(level bridge.Level, found, do string) []bridge.Finding {
		return []bridge.Finding{{Check: check, Level: level, Found: found, Do: do}}
	}
	const switchOn = "Switch " + ignoreBots + " on (Settings → Omnichannel → Analytics)"
	action, _ := settings[abandoned].(string)
	acts := action != "" && action != "none"
	ignored, known := settings[ignoreBots]
	switch {
	case acts && !known:
		return finding(bridge.Bad, abandoned+" is "+action+", and this version takes a note of the bot for an answer: rooms that nobody has answered count as abandoned by the customer",
			"Set it to none (Settings → Omnichannel → Sessions), or upgrade Rocket.Chat and switch "+ignoreBots+" on.")
	case acts && ignored != true:
		return finding(bridge.Bad, abandoned+" is "+action+", and "+ignoreBots+" is off: a note of the bot counts as an answer, so that rooms that nobody has answered count as abandoned by the customer",
			switchOn+", or set the first to none (Sessions).")
	case acts && len(roles) > 0 && !slices.Contains(roles, "bot"):
		return finding(bridge.Bad, abandoned+" is "+action+", and the bot has not the role bot: its notes count as answers all the same, so that rooms that nobody has answered count as abandoned by the customer",
			"Give the bot the role bot (Administration → Users).")
	case known && ignored != true:
		return finding(bridge.Notable, ignoreBots+" is off: the bot's notes count as answers in Rocket.Chat's response times", switchOn+".")
	}
	return nil
}
