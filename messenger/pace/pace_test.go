package pace

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"messenger-bridge/bridge"
)

var received = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)

// clock is a time that tests move.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func TestReported(t *testing.T) {
	page := string(thePage)
	for _, c := range []struct {
		name   string
		header http.Header
		want   report
	}{
		{"nothing", http.Header{}, report{-1, -1, 0}},
		{"app", http.Header{"X-App-Usage": {`{"call_count":28,"total_time":85,"total_cputime":24}`}}, report{85, -1, 0}},
		{"page", http.Header{"X-Page-Usage": {`{"call_count":"91"}`}}, report{-1, 91, 0}},
		{"business", http.Header{"X-Business-Use-Case-Usage": {`{"` + page + `":[{"type":"messenger","call_count":95,"total_cputime":20,"total_time":25,"estimated_time_to_regain_access":0}]}`}}, report{-1, 95, 0}},
		{"business, minutes", http.Header{"X-Business-Use-Case-Usage": {`{"` + page + `":[{"type":"messenger","call_count":20,"estimated_time_to_regain_access":3}]}`}}, report{-1, 20, 3 * time.Minute}},
		{"business, another page", http.Header{"X-Business-Use-Case-Usage": {`{"1":[{"type":"messenger","call_count":95,"estimated_time_to_regain_access":3}]}`}}, report{-1, -1, 0}},
		{"business, another kind of calls", http.Header{"X-Business-Use-Case-Usage": {`{"` + page + `":[{"type":"pages","call_count":100,"estimated_time_to_regain_access":3}]}`}}, report{-1, -1, 0}},
		{"app and page", http.Header{"X-App-Usage": {`{"call_count":12}`}, "X-Page-Usage": {`{"total_time":81}`}}, report{12, 81, 0}},
		{"over", http.Header{"X-App-Usage": {`{"call_count":9223372036854775807}`}}, report{1000, -1, 0}},
		{"nonsense", http.Header{"X-App-Usage": {`[]`}, "X-Business-Use-Case-Usage": {`5`}}, report{-1, -1, 0}},
	} {
		if got := reported(c.header, thePage); got != c.want {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

func usageAt(header string, percent int) http.Header {
	return http.Header{header: {fmt.Sprintf(`{"call_count":%d}`, percent)}}
}

const (
	thePage bridge.PageID = "100200300400500"
	another bridge.PageID = "another"
)

// TestPacer_NearTheLimit_GoesSlower holds a page's limit against that page alone, and
// the app's against all.
func TestPacer_NearTheLimit_GoesSlower(t *testing.T) {
	for header, shared := range map[string]bool{"X-Page-Usage": false, "X-App-Usage": true} {
		c := &clock{now: received}
		p := New(c.Now, LookEvery)
		var last time.Duration
		for _, percent := range []int{79, 80, 90, 99} {
			p.Report(thePage, usageAt(header, percent))
			c.now = c.now.Add(5 * time.Second)
			p.Reserve(thePage) // the first after a pause goes at once
			pause, none, _ := p.Reserve(thePage)
			if none != 0 || pause < last || (percent >= slowFrom) != (pause > 0) || pause > longestWait {
				t.Errorf("%s at %d %%: %s, %s", header, percent, pause, none)
			}
			last = pause
		}
		want := bridge.GatePage(thePage)
		if shared {
			want = bridge.GateApp
		}
		if _, none, gate := p.Reserve(thePage); none <= 0 || gate != want { // a third one would keep its worker too long
			t.Errorf("%s: no limit to waiting, or at the wrong gate %q", header, gate)
		}
		if wait, none, _ := p.Reserve(another); (wait+none > 0) != shared {
			t.Errorf("%s: another page waits %s, %s", header, wait, none)
		}
		c.now = c.now.Add(2 * usageLasts)
		p.Reserve(thePage)
		if wait, _, _ := p.Reserve(thePage); wait != 0 {
			t.Errorf("%s: still slow after the report is old: %s", header, wait)
		}
	}
}

func TestPacer_UsageFalls_GoesOn(t *testing.T) {
	c := &clock{now: received}
	p := New(c.Now, LookEvery)
	for _, header := range []string{"X-Page-Usage", "X-App-Usage"} {
		p.Report(thePage, usageAt(header, 95))
		p.Report(thePage, usageAt(header, 20))
	}
	p.Reserve(thePage)
	if wait, none, _ := p.Reserve(thePage); wait != 0 || none != 0 {
		t.Errorf("%s, %s", wait, none)
	}
}

func TestPacer_Full_IsRefusedUntilItIsOver(t *testing.T) {
	for _, header := range []string{"X-Page-Usage", "X-App-Usage"} {
		c := &clock{now: received}
		p := New(c.Now, LookEvery)
		p.Report(thePage, usageAt(header, 100))
		p.Report(thePage, usageAt(header, 85)) // an older call's answer does not open it again
		if _, none, _ := p.Reserve(thePage); none != fullWait {
			t.Errorf("%s: refused for %s", header, none)
		}
		c.now = c.now.Add(fullWait + time.Second)
		if _, none, _ := p.Reserve(thePage); none != 0 {
			t.Errorf("%s: still refused for %s", header, none)
		}
	}
}

func TestPacer_AfterARefusal_CallsNoMore(t *testing.T) {
	for gate, others := range map[bridge.Gate]bool{bridge.GatePage(thePage): false, bridge.GateApp: true} {
		c := &clock{now: received}
		p := New(c.Now, LookEvery)
		p.Refused(thePage, &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.RateLimited, Gate: gate, After: time.Minute})
		p.Refused(thePage, &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.PageLost, Gate: gate, After: time.Hour}) // none of its business
		if _, none, at := p.Reserve(thePage); none != time.Minute || at != gate {
			t.Errorf("%s: none for %s behind %q", gate, none, at)
		}
		if _, none, _ := p.Reserve(another); (none > 0) != others {
			t.Errorf("%s: another page is refused for %s", gate, none)
		}
		if _, none, _ := p.Reserve(""); (none > 0) != others {
			t.Errorf("%s: the app's own calls are refused for %s", gate, none)
		}
	}
}

// TestPacer_LimitsPerSecond_AreKeptByEachPage counts the calls that may begin in any
// second.
func TestPacer_LimitsPerSecond_AreKeptByEachPage(t *testing.T) {
	for l, most := range map[Limit]int{Looks: 2, Sends: 250, Files: 10} {
		c := &clock{now: received}
		p := New(c.Now, LookEvery)
		var begins []time.Time
		for range 3 * most {
			wait, none := p.Take(thePage, l)
			for none > 0 {
				c.now = c.now.Add(none)
				wait, none = p.Take(thePage, l)
			}
			begins = append(begins, c.now.Add(wait))
		}
		for i := range len(begins) - most {
			if d := begins[i+most].Sub(begins[i]); d < time.Second {
				t.Fatalf("limit %d: %d calls in %s", l, most+1, d)
			}
		}
		if took := begins[len(begins)-1].Sub(received); took > 4*time.Second {
			t.Errorf("limit %d: %d calls take %s", l, len(begins), took)
		}
		if wait, none := p.Take(another, l); wait != 0 || none != 0 {
			t.Errorf("limit %d: another page waits %s, %s", l, wait, none)
		}
		if wait, none := p.Take(thePage, (l+1)%limits); wait != 0 || none != 0 {
			t.Errorf("limit %d: calls of another kind wait %s, %s", l, wait, none)
		}
	}
}

func TestPacer_RefusedCalls_TakeNoPlaces(t *testing.T) {
	c := &clock{now: received}
	p := New(c.Now, LookEvery)
	refused := 0
	for range 10 {
		if _, none := p.Look(thePage); none > 0 {
			refused++
		}
	}
	c.now = c.now.Add(2 * time.Second)
	if wait, none := p.Look(thePage); refused == 0 || wait != 0 || none != 0 {
		t.Errorf("%d refused, then %s, %s", refused, wait, none)
	}
}

func TestPacer_ManyPages_IsBounded(t *testing.T) {
	c := &clock{now: received}
	p := New(c.Now, LookEvery)
	for i := range maxPaced + 100 {
		p.Report(bridge.PageID(fmt.Sprint(i)), usageAt("X-Page-Usage", 90))
	}
	if p.pages.Len() > maxPaced {
		t.Errorf("%d pages are remembered", p.pages.Len())
	}
}
