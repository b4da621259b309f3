package outbound

import (
	"testing"
	"time"

	"messenger-bridge/bridge"
)

// earlier is another bridge, which may have sent what was written, or accepted, before.
type earlier struct {
	before, inherited time.Time
	hardly            bool // only because clocks may differ a little
}

func (e earlier) SentBefore(_ bridge.RoomID, at time.Time) (bool, time.Time) {
	if e.hardly {
		return at.Before(e.before), time.Time{}
	}
	return at.Before(e.before), noon.Add(-time.Hour)
}
func (e earlier) Inherited(accepted time.Time) bool { return accepted.Before(e.inherited) }

// readsFor has two messages accepted that another bridge may have sent, and returns for which
// the thread is read last.
func readsFor(t *testing.T, shown ...bridge.Mid) (last string, texts []string) {
	w := newWorld(t)
	c := *w.Config
	c.Memory.Earlier = earlier{before: noon.Add(time.Hour)}
	w.Outbound = New(c)
	w.says(write("a", "one"), write("b", "two"))
	w.thread = bridge.Sighting{Complete: true, Shown: shown}
	w.deliver()
	return w.looked[0].Text, w.texts()
}

func TestEarlier_ThreadShowsMoreThanIsKnown_EachIsLookedFor(t *testing.T) {
	for name, c := range map[string]struct {
		shown []bridge.Mid
		last  string
	}{"nothing": {nil, "one"}, "something else": {[]bridge.Mid{"m_unknown"}, "two"}} {
		if last, texts := readsFor(t, c.shown...); last != c.last || len(texts) != 2 {
			t.Errorf("the thread shows %s: it was last read for %q, the customer reads %q", name, last, texts)
		}
	}
}

// What another bridge is known not to have sent, and its author has deleted, is not sent, whichever way that is known.
func TestEarlier_DeletedBeforeItIsKnownThatItIsNew_IsNotSent(t *testing.T) {
	for _, id := range []bridge.MessageID{"a", "b"} { // "b" follows from "a", without a look into the thread
		w := newWorld(t)
		c := *w.Config
		c.Memory.Earlier = earlier{before: noon.Add(time.Hour)}
		w.Outbound = New(c)
		w.says(write("a", "a"), write("b", "b"), bridge.AgentMessage{ID: id, Gone: true})
		w.thread = bridge.Sighting{Complete: true}
		w.deliver()
		if got := w.texts(); len(got) != 1 || got[0] == string(id) || len(w.notices()) > 0 || w.looks != 1 {
			t.Errorf("%s is deleted: the customer reads %q, told %q, the thread was read %d times", id, got, w.notices(), w.looks)
		}
	}
}

func TestEarlier_OfACopy_IsLookedForWhateverItsStateSays(t *testing.T) {
	first := newWorld(t)
	first.says(write("a", "one"), write("b", "two"), write("c", "three"))
	seqs := first.outbox.Seqs()
	if err := first.outbox.Save(seqs[2], bridge.Progress{State: bridge.Queued}); err != nil {
		t.Fatal(err)
	}
	w := worldWith(t, first.outbox)
	c := *w.Config
	c.Memory.Earlier = earlier{inherited: noon.Add(time.Hour)}
	w.Outbound = New(c)
	if err := w.Load(); err != nil {
		t.Fatal(err)
	}
	w.thread.Complete, w.now = true, noon.Add(time.Minute) // the echo's time is over
	for i, want := range []string{"one", "two", "three"} {
		w.looked = nil
		_ = w.Deliver(t.Context(), seqs[i])
		if got := w.texts(); len(w.looked) == 0 || w.looked[0].Text != want || len(got) != i+1 {
			t.Errorf("for %q the thread was read for %+v; the customer reads %q", want, w.looked, got)
		}
	}
}

// Echoes of what another bridge sent last may come to this one: what is known may be newer
// than what is looked for.
func TestEarlier_ThreadShowsOneThatIsKnown_IsNoProof(t *testing.T) {
	for _, hardly := range []bool{false, true} { // what is hardly doubtful is sent unless it is found
		w := newWorld(t)
		c := *w.Config
		c.Memory.Earlier = earlier{before: noon.Add(time.Hour), hardly: hardly}
		w.Outbound = New(c)
		w.says(write("a", "one"))
		w.receipts.All = []bridge.Receipt{{Page: "1", Mid: "m_later", Tag: bridge.SendTag{Message: "b"}}}
		w.thread = bridge.Sighting{Shown: []bridge.Mid{"m_later"}}
		w.deliver()
		if got := w.texts(); (len(got) != 0) != hardly || len(w.looked) == 0 {
			t.Errorf("hardly doubtful: %v; the thread shows too little; the customer reads %q", hardly, got)
		}
	}
}

func TestSince_IsTheEarliestOfWhatClocksSay(t *testing.T) {
	c := Config{Workspace: Workspace{OurTime: func(at time.Time) time.Time { return at.Add(-time.Hour) }}} // theirs is ahead
	for name, one := range map[string]struct {
		out  Outgoing
		want time.Time
	}{
		"their clock is ahead":    {Outgoing{Room: "room", At: noon.Add(59 * time.Minute)}, noon.Add(-time.Minute)},
		"no time":                 {Outgoing{Room: "room"}, noon},
		"of no room":              {Outgoing{At: noon.Add(-time.Second)}, noon.Add(-time.Second)},
		"tried before":            {Outgoing{Since: noon.Add(-24 * time.Hour)}, noon.Add(-24 * time.Hour)},
		"our clock was set ahead": {Outgoing{Room: "room", At: noon.Add(-2 * time.Hour)}, noon.Add(-3 * time.Hour)},
	} {
		if got := c.since(one.out, noon); !got.Equal(one.want) {
			t.Errorf("%s: %v", name, got)
		}
	}
}
