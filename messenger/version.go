package messenger

import (
	"fmt"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/messenger/versions"
)

// Version is the one that all calls ask for.
func (c *Client) Version() bridge.APIVersion { return versions.Of(c.cfg.Version) }

// versionSoon is how long before a version's end people hear of it.
const versionSoon = 90 * 24 * time.Hour

// version looks at how long the version of our calls is good for, and whether Meta answers
// with it.
func (k *checkup) version() {
	if !k.answered() {
		return
	}
	const (
		check = "version (Meta)"
		do    = "Update the bridge, or set FACEBOOK_GRAPH_VERSION to a newer one: " + versions.Newest + " is the newest that this program was made for."
	)
	v, now := k.c.Version(), k.c.skew.meta(k.c.cfg.Now())
	date := v.Ends.Format("2 January 2006")
	soon := !v.Ends.IsZero() && !now.Before(v.Ends.Add(-versionSoon))
	served, _ := k.c.served.Load().(string)
	switch {
	case v.Announced && !now.Before(v.Ends):
		k.add(check, bridge.Bad, v.Name+" has ended; Meta answers with another one", do)
	case served != "" && served != v.Name:
		k.add(check, bridge.Bad, fmt.Sprintf("Meta answers with %s instead of %s, which it does not have", printableVersion(served), v.Name), do)
	case soon && v.Announced:
		k.add(check, bridge.Notable, v.Name+" ends on "+date, do)
	case soon:
		k.add(check, bridge.Notable, v.Name+" may end from "+date+" on", do)
	case v.Ends.IsZero():
		k.add(check, bridge.Good, v.Name+" is newer than this program, which does not know when it ends", "")
	default:
		k.add(check, bridge.Good, v.Name+" is good until "+date, "")
	}
}

// printableVersion is what a header says, if it can be a version.
func printableVersion(served string) string {
	if len(served) > 10 {
		return "another one"
	}
	return bridge.OneLine(served)
}
