package pages

import (
	"slices"

	"messenger-bridge/bridge"
)

// Offer is what a person may choose from after logging in at Facebook.
type Offer struct {
	By          bridge.Author // who asked for the link
	Ticket      string        // of the choice; goes into the form
	Proof       string        // that the form is ours; goes into the form
	Person      string        // name at Facebook
	Pages       []OfferedPage
	Departments []bridge.Department // nil: they could not be read
	Missing     []string            // permissions that were not granted
	Empty       Emptiness           // why there are no pages
	Lost        []bridge.Page       // connected pages that this grant no longer covers
}

// OfferedPage is a page of the grant.
type OfferedPage struct {
	ID       bridge.PageID
	Name     string
	Picture  string
	Usable   bool     // it can be connected
	Missing  []string // tasks the person lacks on it
	Lacks    []string // permissions that were not granted for it
	Known    bool     // connected before; Settings and State are its own
	State    bridge.PageState
	Settings bridge.Settings
}

// Emptiness is why Facebook named no page at all.
type Emptiness string

const (
	NotFound      Emptiness = ""           // out, or there are pages
	NotAllowed    Emptiness = "permission" // the permission to see pages was not granted
	NothingTicked Emptiness = "ticked"     // in Facebook's dialog
	InPortfolio   Emptiness = "portfolio"  // pages were ticked, and are hidden without business_management
	NoRole        Emptiness = "role"       // pages were ticked, and the person may do nothing on them
)

// emptiness finds out why a grant has no pages.
func emptiness(g *bridge.Grant) Emptiness {
	switch {
	case len(g.Pages) > 0:
		return NotFound
	case slices.Contains(g.Missing, "pages_show_list"):
		return NotAllowed
	case g.Ticked == 0:
		return NothingTicked
	case g.Ticked > 0 && slices.Contains(g.Missing, "business_management"):
		return InPortfolio
	case g.Ticked > 0:
		return NoRole
	}
	return NotFound
}
