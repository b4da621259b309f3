// Package versions knows when the versions of the Graph API end.
package versions

import (
	"fmt"
	"time"

	"messenger-bridge/bridge"
)

// Newest is the newest version of the Graph API that this program was made for.
const Newest = "v27.0"

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
	{Name: Newest, Ends: day(2028, time.November, 4)},
}

func day(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// Of is what is known of a version, v26.0 for example. What is older than all that are
// known ended with the oldest of them, or before.
func Of(name string) bridge.APIVersion {
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
