package messenger

import (
	"fmt"
	"time"

	"messenger-bridge/bridge"
)

// newestVersion is the newest of the Graph API that this program was made for.
const newestVersion = "v27.0"

// versions are the ends of those that there are, as Meta has announced them; of the two
// newest, two years after v27.0 came out, which is the least that Meta's rule allows. Those
// before the first have ended. The reasons stand in decision 080.
var versions = []bridge.APIVersion{
	{Name: "v20.0", Ends: day(2026, time.September, 24), Announced: true},
	{Name: "v21.0", Ends: day(2027, time.January, 21), Announced: true},
	{Name: "v22.0", Ends: day(2027, time.May, 20), Announced: true},
	{Name: "v23.0", Ends: day(2027, time.October, 8), Announced: true},
	{Name: "v24.0", Ends: day(2028, time.February, 18), Announced: true},
	{Name: "v25.0", Ends: day(2028, time.July, 29), Announced: true},
	{Name: "v26.0", Ends: day(2028, time.November, 4)},
	{Name: newestVersion, Ends: day(2028, time.November, 4)},
}

func day(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// versionOf is what is known of a version, v26.0 for example. What is older than all that are
// known ended with the oldest of them, or before.
func versionOf(name string) bridge.APIVersion {
	for _, v := range versions {
		if v.Name == name {
			return v
		}
	}
	var major int
	if _, err := fmt.Sscanf(name, "v%d.", &major); err == nil && major < 20 {
		return bridge.APIVersion{Name: name, Ends: versions[0].Ends, Announced: true}
	}
	return bridge.APIVersion{Name: name}
}

// Version is the one that all calls ask for.
func (c *Client) Version() bridge.APIVersion { return versionOf(c.cfg.Version) }

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
		do    = "Update the bridge, or set FACEBOOK_GRAPH_VERSION to a newer one: " + newestVersion + " is the newest that this program was made for."
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
