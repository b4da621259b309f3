package e2e

import (
	"fmt"
	"strings"
	"testing"

	"messenger-bridge/bridge"
	"messenger-bridge/sandbox/meta"
)

// unheardEvents are of kinds nobody has words for, and of more than are counted by name.
func (w *world) unheardEvents(kinds ...string) (events []meta.Event) {
	p := w.play()
	for _, kind := range kinds {
		events = append(events, p.kindEvent(fmt.Sprintf(`{$D,%q:{"a":1}}`, kind)))
	}
	return events
}

// comes has the bridge take events, and waits until it is through with them.
func (w *world) comes(events ...meta.Event) {
	w.Helper()
	if status, err := w.meta.Post(w.Context(), w.meta.Body(events...), meta.PostOptions{}); status != 200 || err != nil {
		w.Fatalf("answered %d, %v", status, err)
	}
	w.settled()
}

// TestUnheard_OpensNoRoom_IsNamedOnceAndCounted: an event of a kind nobody has words for
// opens no room and brings no welcome; in a room that is there each kind is named once, also
// over a restart, and a hostile name is tidy. Metrics count them under a bounded number of names.
func TestUnheard_OpensNoRoom_IsNamedOnceAndCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.setPage(func(s *bridge.Settings) { s.Welcome = "Welcome!" })
	w.run()
	w.comes(w.unheardEvents("of_tomorrow", "payment", "game_play")...)
	if len(w.rc.Rooms()) > 0 || len(w.received(anna)) > 0 {
		t.Fatalf("there are %d rooms, and Anna reads %q", len(w.rc.Rooms()), w.received(anna))
	}

	w.meta.CustomerWrites(page, anna, "Hello")
	rid := w.room()
	w.eventually("she is welcome", func() bool { return len(w.received(anna)) == 1 })
	w.comes(w.unheardEvents("of_tomorrow", "payment", "of_tomorrow", "[x](y) *@all*")...)
	w.halt()
	w.run()
	w.comes(w.unheardEvents("payment", "of_tomorrow")...)
	said := strings.Join(w.botSays(rid), "\n")
	for _, kind := range []string{"of_tomorrow", "payment", "xyall"} {
		if n := strings.Count(said, "cannot be shown here ("+kind+")"); n != 1 {
			t.Errorf("%s is named %d times in %q", kind, n, said)
		}
	}
	if len(w.received(anna)) != 1 || len(w.texts()) != 1 {
		t.Errorf("Anna reads %q, agents read %q", w.received(anna), w.texts())
	}

	var many []string
	for n := range 100 {
		many = append(many, fmt.Sprint("kind_", n))
	}
	w.comes(w.unheardEvents(many...)...)
	w.eventually("all are counted", func() bool { return w.metricsOf("messenger_bridge_unheard_total") == 102 })
	labels := 0
	for line := range strings.Lines(w.get("http://" + w.at.Metrics + "/metrics")) {
		if strings.HasPrefix(line, "messenger_bridge_unheard_total{") {
			labels++
		}
	}
	if labels != 31 {
		t.Errorf("%d kinds are counted", labels)
	}
}
