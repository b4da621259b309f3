package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"messenger-bridge/sandbox/meta"
)

// play is a customer in this world whose events a test writes out by itself.
func (w *world) play() *kindPlay { return &kindPlay{world: w, customer: anna, page: page} }

const secondly = `{$D,"message":{"mid":"$2","text":"And then?"}}`

// TestStandby_CopiesOfOneMessage_AreShownOnce: while another app takes over or gives
// back, Meta may tell of a message both ways, in either order.
func TestStandby_CopiesOfOneMessage_AreShownOnce(t *testing.T) {
	t.Parallel()
	for _, standby := range [][]bool{{true, false}, {false, true}, {true, true, false, false}} {
		t.Run(fmt.Sprint(standby), func(t *testing.T) {
			w := newWorld(t, bypassed)
			w.run()
			p := w.play()
			event := p.kindEvent(hello)
			for _, held := range standby {
				event.Standby = held
				if status, err := w.meta.Post(t.Context(), w.meta.Body(event), meta.PostOptions{}); status != 200 || err != nil {
					t.Errorf("answered %d, %v", status, err)
				}
			}
			p.deliver(false, secondly)
			w.eventually("the second message is shown", func() bool { return slices.Contains(w.texts(), "And then?") })
			w.settled()
			if got := w.texts(); !slices.Equal(got, []string{"Hello", "And then?"}) {
				t.Errorf("agents see %q", got)
			}
		})
	}
}

// TestEvents_BeforeTheirMessage_AreShownOnIt delivers what happens to a message first.
func TestEvents_BeforeTheirMessage_AreShownOnIt(t *testing.T) {
	t.Parallel()
	reaction := `{$D,"reaction":{"mid":"$1","action":"react","reaction":"love","emoji":"❤"}}`
	for name, c := range map[string]struct {
		first []string
		sees  []string
	}{
		"reaction":             {[]string{reaction}, []string{"customer: Hello :heart:"}},
		"edits":                {[]string{edit(2, "two"), edit(1, "one")}, []string{"customer: two (edited)"}},
		"edit, and reaction":   {[]string{edit(1, "one"), reaction}, []string{"customer: one (edited) :heart:"}},
		"five edits, shuffled": {[]string{edit(4, "four"), edit(1, "one"), edit(5, "five"), edit(2, "two"), edit(3, "three")}, []string{"customer: five (edited)"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, bypassed)
			w.run()
			p := w.play()
			p.deliver(false, c.first...)
			p.deliver(false, hello)
			w.eventually("it is shown as it is now", func() bool { return slices.Equal(p.seen(), c.sees) })
			w.settled()
			w.halt()
			w.run()
			w.settled()
			if got := p.seen(); !slices.Equal(got, c.sees) {
				t.Errorf("after a restart, people see %q", got)
			}
		})
	}
}

// TestPolicy_WarningOfFacebook_IsAnnouncedOnce: administrators are told, once, however
// often Meta repeats it, and nothing of it reaches a customer's room.
func TestPolicy_WarningOfFacebook_IsAnnouncedOnce(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.run()
	rid := o.setup()
	o.connect(bakery)
	p := &kindPlay{world: o.world, customer: anna, page: bakery}
	for _, action := range []string{"warning", "block", "unblock"} {
		event := o.meta.Body(p.kindEvent(`{"recipient":{"id":"$P"},$T,"policy_enforcement":{"action":"` + action + `","reason":"Spam, see https://facebook.test/rules"}}`))
		for range 3 { // Meta repeats what it has sent
			if status, err := o.meta.Post(t.Context(), event, meta.PostOptions{}); status != 200 || err != nil {
				t.Errorf("answered %d, %v", status, err)
			}
		}
	}
	for _, words := range []string{"Facebook warns the page", "Facebook has blocked the page", "Facebook has unblocked the page"} {
		o.eventually(words, func() bool { return len(containing(o.hears(rid), words)) == 1 })
	}
	o.settled()
	if all := o.hears(rid); len(containing(all, "the page Bakery")) != 3 || len(containing(all, "Spam, see")) != 3 {
		t.Errorf("the setup channel hears\n%s", strings.Join(all, "\n"))
	}
	if rooms := o.rc.Rooms(); len(rooms) != 0 {
		t.Error("a room was opened")
	}
}
