package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestVersion_Ends_IsAnnouncedOnceForEachWarning puts the bridge's clock forward to the end of
// the version of Meta's interface that its operator has chosen.
func TestVersion_Ends_IsAnnouncedOnceForEachWarning(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	o := openOffice(t, bypassed)
	ends := time.Date(2027, time.October, 8, 0, 0, 0, 0, time.UTC)
	var pages clock
	ahead := func(d time.Duration) { pages.shift(time.Until(ends) - d) }
	o.cfg.Facebook.GraphVersion, o.cfg.Now, o.cfg.Times.WatchEvery = "v28.0", pages.now, 30*time.Millisecond
	o.run()
	o.connect(bakery)
	setup := o.setup()
	o.halt()
	ahead(91 * day)
	o.cfg.Facebook.GraphVersion = "v23.0"
	o.run()
	warned := func() []string { return containing(o.hears(setup), "Version v23.0 of Facebook's interface") }
	o.talks(bakery)
	if got := warned(); len(got) != 0 {
		t.Errorf("91 days ahead, it is announced: %q", got)
	}
	for i, left := range []time.Duration{89 * day, 29 * day, 6 * day, -time.Hour} {
		ahead(left)
		o.eventually(fmt.Sprintf("warning %d", i+1), func() bool { return len(warned()) == i+1 })
		o.halt()
		o.run()
		o.talks(bakery)
	}
	o.settled()
	got := warned()
	if len(got) != 4 {
		t.Fatalf("the setup channel hears %q", got)
	}
	slices.Sort(got) // by day, and then in the order of "ended" and "ends"
	for i, text := range got {
		if !strings.Contains(text, "8 Oct 2027") && !strings.Contains(text, "2027-10-08") || !strings.Contains(text, "FACEBOOK_GRAPH_VERSION") ||
			strings.Contains(text, "ended on") != (i == 0) {
			t.Errorf("the setup channel hears %q", text)
		}
	}
}
