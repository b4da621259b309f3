// Package risks tells which settings of a workspace keep customers from agents, and what to do about each.
package risks

import "messenger-bridge/bridge"

// The settings that are looked at. All are public, and none is on by default; a workspace without the
// licence, or of an older version, does not have most of them.
const (
	verification    = "Livechat_Require_Contact_Verification"
	blockUnknown    = "Livechat_Block_Unknown_Contacts"
	blockUnverified = "Livechat_Block_Unverified_Contacts"
)

// Settings are the names of all settings that Of looks at.
func Settings() []string {
	return []string{verification, blockUnknown, blockUnverified}
}

// Of returns what is to be said of a workspace with these settings, nothing of those that are well; settings
// holds the values of those that it has.
func Of(settings map[string]any) []bridge.Finding {
	return contacts(settings)
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
