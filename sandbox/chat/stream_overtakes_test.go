package chat_test

import (
	"testing"
	"time"

	"messenger-bridge/sandbox/chat"
)

// TestOvertakes_OfWhatIsStreamedAgain_NoneCounts: what was written while nobody listened, or was
// lost, is no overtaking when it is changed and streamed later.
func TestOvertakes_OfWhatIsStreamedAgain_NoneCounts(t *testing.T) {
	for name, spoil := range map[string]func(*rcWorkspace) (mend func()){
		"no connection": func(w *rcWorkspace) func() { w.DropSockets(); return func() {} },
		"half-open":     func(w *rcWorkspace) func() { w.MuteSockets(true); return func() { w.MuteSockets(false) } },
		"lost":          func(w *rcWorkspace) func() { w.LoseEvents(1); return func() {} },
	} {
		t.Run(name, func(t *testing.T) {
			w := startRC(t, chat.Config{})
			w.ReemitAfter(0)
			ana := w.AddAgent("ana")
			w.listening()
			rid := w.openRoom("tok", "Jane")
			mend := spoil(w)
			old := ana.Says(rid, "old")
			mend()
			s := w.listening()
			ana.Says(rid, "young")
			s.hearsText("young")
			ana.Edits(old, "old, changed")
			s.hearsText("old, changed")
			ana.Says(rid, "the end")
			s.hearsText("the end")
			if got := w.Overtaken(); got != 0 {
				t.Errorf("%v is measured", got)
			}
		})
	}
}

// TestOvertakes_OfWhatCameLate_IsMeasured: what the stream brings late to who listened all the time.
func TestOvertakes_OfWhatCameLate_IsMeasured(t *testing.T) {
	w := startRC(t, chat.Config{})
	w.ReemitAfter(0)
	ana := w.AddAgent("ana")
	s := w.listening()
	rid := w.openRoom("tok", "Jane")
	const late = 100 * time.Millisecond
	w.LagEvent(late)
	ana.Says(rid, "old")
	ana.Says(rid, "young")
	s.hearsText("young")
	s.hearsText("old")
	ana.Says(rid, "the end") // what was sent before it is measured
	s.hearsText("the end")
	if got := w.Overtaken(); got < late/2 {
		t.Errorf("%v is measured", got)
	}
}
