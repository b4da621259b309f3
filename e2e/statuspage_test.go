package e2e

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"messenger-bridge/bridge"
)

// TestStatusPage_ShowsWhatIsAndWhatWas, over a restart; it is not on the public port.
func TestStatusPage_ShowsWhatIsAndWhatWas(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.setPage(func(s *bridge.Settings) { s.Name = `<b>Shop</b> & "Co"` })
	w.run()
	w.meta.CustomerWrites(page, anna, "hello")
	rid := w.room()
	w.eventually("it is shown", func() bool { return len(w.texts()) == 1 })
	w.agent.Says(rid, "answer")
	w.eventually("the answer arrives", func() bool { return len(w.received(anna)) == 1 })
	w.settled()
	w.halt()
	w.run()
	w.meta.KillToken(page, 460)
	w.agent.Says(rid, "waits")
	at := "http://" + w.at.Metrics + "/"
	w.eventually("the page says what waits", func() bool {
		text := w.get(at)
		return strings.Contains(text, "waiting: 0 to agents, 1 to customers, the oldest for ") && strings.Contains(text, "nothing is sent: the page has to be authorised again")
	})
	for _, span := range []string{"", "hour", "day", "month", "<script>"} {
		res, err := http.Get(at + "?span=" + span)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		text := w.get(at + "?span=" + span)
		for _, part := range []string{
			"&lt;b&gt;Shop&lt;/b&gt; &amp; &#34;Co&#34;", "✓ connected for ", "Failed within 7 days: 0",
			`aria-label="to rooms: 1. to customers: 1. "`, "Longest from accepted to delivered", "prefers-color-scheme:dark",
		} {
			if !strings.Contains(text, part) {
				t.Errorf("%q: the page lacks %q:\n%s", span, part, text)
			}
		}
		if strings.Contains(text, "<script") || strings.Contains(text, "//") && regexp.MustCompile(`(src|href)="(https?:)?//`).MatchString(text) || len(text) > 12<<10 {
			t.Errorf("%q: %d bytes, with something from elsewhere", span, len(text))
		}
		if res.Header.Get("Content-Security-Policy") == "" || res.Header.Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("headers %v", res.Header)
		}
	}
	if chosen := regexp.MustCompile(`<a href="\?span=(\w+)" aria-current="page">`).FindStringSubmatch(w.get(at + "?span=day")); !slices.Equal(chosen[1:], []string{"day"}) {
		t.Errorf("chosen is %q", chosen)
	}
	public := w.get(fmt.Sprintf("http://%s/", w.at.Public))
	if strings.Count(public, "\n") != 1 || !strings.Contains(public, "messenger-bridge") || strings.Contains(public, "Shop") {
		t.Errorf("on the public port stands %q", public)
	}
	if res, err := http.Get("http://" + w.at.Public + "/anything"); err != nil || res.StatusCode != http.StatusNotFound {
		t.Error("other paths are answered as well", err)
	}
}

// TestPages_ByName_InWordsOfPeople: who looks after pages need not know their ids.
func TestPages_ByName_InWordsOfPeople(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.run()
	o.connect(bakery)
	for _, typed := range []string{"edit welcome Hello", "edit bake welcome Hello", `edit "Bakery" welcome Hello`, "edit " + bakery + " welcome Hello"} {
		if got := o.public("/facebook " + typed); !strings.Contains(got, "`welcome` is now “Hello”") {
			t.Errorf("%s: %q", typed, got)
		}
	}
	if got := o.public("/facebook unsubscribe BAKERY"); !strings.Contains(got, "is off") {
		t.Errorf("unsubscribe: %q", got)
	}
	if got := o.public("/facebook subscribe"); !strings.Contains(got, "Running") {
		t.Errorf("subscribe: %q", got)
	}
	for _, typed := range []string{"subscribe somewhere else", "edit 123456 welcome Hello"} {
		if got := o.public("/facebook " + typed); !strings.HasPrefix(got, "Which page?") {
			t.Errorf("%s: %q", typed, got)
		}
	}
	if got := o.confirmed("delete bakery"); !strings.Contains(got, "is deleted") {
		t.Errorf("delete: %q", got)
	}
}
