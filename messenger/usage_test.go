package messenger

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"messenger-bridge/bridge"
)

// clock is a time that tests move.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func TestReported(t *testing.T) {
	page := string(thePage)
	for _, c := range []struct {
		name    string
		header  http.Header
		percent int
		refused time.Duration
	}{
		{"nothing", http.Header{}, -1, 0},
		{"app", http.Header{"X-App-Usage": {`{"call_count":28,"total_time":85,"total_cputime":24}`}}, 85, 0},
		{"page", http.Header{"X-Page-Usage": {`{"call_count":"91"}`}}, 91, 0},
		{"business", http.Header{"X-Business-Use-Case-Usage": {`{"` + page + `":[{"type":"messenger","call_count":95,"total_cputime":20,"total_time":25,"estimated_time_to_regain_access":0}]}`}}, 95, 0},
		{"business, minutes", http.Header{"X-Business-Use-Case-Usage": {`{"` + page + `":[{"type":"messenger","call_count":20,"estimated_time_to_regain_access":3}]}`}}, 20, 3 * time.Minute},
		{"business, another page", http.Header{"X-Business-Use-Case-Usage": {`{"1":[{"type":"messenger","call_count":95,"estimated_time_to_regain_access":3}]}`}}, -1, 0},
		{"business, another kind of calls", http.Header{"X-Business-Use-Case-Usage": {`{"` + page + `":[{"type":"pages","call_count":100,"estimated_time_to_regain_access":3}]}`}}, -1, 0},
		{"full", http.Header{"X-App-Usage": {`{"call_count":100}`}}, 100, time.Minute},
		{"over", http.Header{"X-App-Usage": {`{"call_count":9223372036854775807}`}}, 1000, time.Minute},
		{"nonsense", http.Header{"X-App-Usage": {`[]`}, "X-Business-Use-Case-Usage": {`5`}}, -1, 0},
	} {
		if percent, refused := reported(c.header, thePage); percent != c.percent || refused != c.refused {
			t.Errorf("%s: %d, %s", c.name, percent, refused)
		}
	}
}

func usageAt(percent int) http.Header {
	return http.Header{"X-App-Usage": {fmt.Sprintf(`{"call_count":%d}`, percent)}}
}

func TestPacer_NearTheLimit_GoesSlower(t *testing.T) {
	c := &clock{now: received}
	p := newPacer(c.Now)
	var last time.Duration
	for _, percent := range []int{79, 80, 90, 99} {
		p.report(thePage, usageAt(percent))
		c.now = c.now.Add(5 * time.Second)
		p.reserve(thePage) // the first after a pause goes at once
		pause, none := p.reserve(thePage)
		if none != 0 || pause < last || (percent >= slowFrom) != (pause > 0) || pause > longestWait {
			t.Errorf("at %d %%: %s, %s", percent, pause, none)
		}
		last = pause
	}
	if _, none := p.reserve(thePage); none <= 0 { // a third one would keep its worker too long
		t.Error("no limit to waiting")
	}
	if wait, none := p.reserve("another"); wait != 0 || none != 0 {
		t.Error("another page waits, too")
	}
	c.now = c.now.Add(2 * usageLasts)
	p.reserve(thePage)
	if wait, _ := p.reserve(thePage); wait != 0 {
		t.Errorf("still slow after the report is old: %s", wait)
	}
}

func TestPacer_UsageFalls_GoesOn(t *testing.T) {
	c := &clock{now: received}
	p := newPacer(c.Now)
	p.report(thePage, usageAt(95))
	p.report(thePage, usageAt(20))
	p.reserve(thePage)
	if wait, none := p.reserve(thePage); wait != 0 || none != 0 {
		t.Errorf("%s, %s", wait, none)
	}
}

func TestPacer_Full_IsRefusedUntilItIsOver(t *testing.T) {
	c := &clock{now: received}
	p := newPacer(c.Now)
	p.report(thePage, usageAt(100))
	p.report(thePage, usageAt(85)) // an older call's answer does not open it again
	if _, none := p.reserve(thePage); none != fullWait {
		t.Errorf("refused for %s", none)
	}
	c.now = c.now.Add(fullWait + time.Second)
	if _, none := p.reserve(thePage); none != 0 {
		t.Errorf("still refused for %s", none)
	}
}

func TestPacer_Looks_AreTwoASecond(t *testing.T) {
	c := &clock{now: received}
	p := newPacer(c.Now)
	var waits []time.Duration
	refused := 0
	for range 10 {
		if wait, none := p.look(thePage); none > 0 {
			refused++
		} else {
			waits = append(waits, wait)
		}
	}
	if len(waits) != 3 || waits[0] != 0 || waits[2] > longestWait || refused != 7 {
		t.Errorf("waits %v, %d refused", waits, refused)
	}
	c.now = c.now.Add(2 * time.Second)
	if wait, none := p.look(thePage); wait != 0 || none != 0 {
		t.Errorf("those refused took places: %s, %s", wait, none)
	}
}

func TestPacer_ManyPages_IsBounded(t *testing.T) {
	c := &clock{now: received}
	p := newPacer(c.Now)
	for i := range maxPaced + 100 {
		p.report(bridge.PageID(fmt.Sprint(i)), usageAt(90))
	}
	if len(p.pages) > maxPaced {
		t.Errorf("%d pages are remembered", len(p.pages))
	}
}
