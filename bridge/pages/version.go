package pages

import (
	"context"
	"fmt"
	"time"

	"messenger-bridge/bridge"
)

// versionWarnings are how long before the end of the version of Meta's interface it is
// announced; 0 says that it has come.
var versionWarnings = []time.Duration{0, 7 * 24 * time.Hour, 30 * 24 * time.Hour, 90 * 24 * time.Hour}

// warnOfVersion announces that the version of our calls ends soon, or has ended, once for each
// warning. What was announced is remembered by its key, over restarts.
func (a *app) warnOfVersion(ctx context.Context) {
	v := a.version
	if v.Ends.IsZero() {
		return
	}
	left := v.Ends.Sub(a.now())
	for i, ahead := range versionWarnings {
		if left > ahead {
			continue
		}
		if told := int64(i + 1); a.warned.Swap(told) != told {
			key := fmt.Sprintf("version/%s/%d/%d", v.Name, v.Ends.Unix(), int(ahead.Hours()))
			a.announceOnce(ctx, key, a.ending(v, left)+" "+a.say.Say("To set this right, %s updates the bridge, or sets FACEBOOK_GRAPH_VERSION to a newer version. Facebook answers calls of an ended version by another one, which may do some things differently.", a.say.Say("whoever runs the bridge")))
		}
		return
	}
}

// ending says when a version ends or has ended.
func (a *app) ending(v bridge.APIVersion, left time.Duration) string {
	switch day := a.say.Time(v.Ends); {
	case !v.Announced:
		return a.say.Say("Version %s of Facebook's interface, which the bridge uses, may end from %s on.", v.Name, day)
	case left <= 0:
		return a.say.Say("Version %s of Facebook's interface, which the bridge uses, ended on %s.", v.Name, day)
	default:
		return a.say.Say("Version %s of Facebook's interface, which the bridge uses, ends on %s.", v.Name, day)
	}
}
