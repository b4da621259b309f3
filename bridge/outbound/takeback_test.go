package outbound

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
)

// standing returns what agents read at the end about what the customer did not get, and whether the mark is on it.
func (w *world) standing() (left []bridge.NoticeKey, marked bool) {
	for _, n := range w.told.Notices() {
		switch n.Kind {
		case bridge.NotDelivered, bridge.FileLeft, bridge.PartLeft:
			marked = true
			if n.Waited {
				n.Kind = bridge.StillWaiting
			}
			left = append(left, n.Key())
		case bridge.Revised:
			marked = n.Marked
			left = slices.DeleteFunc(left, func(k bridge.NoticeKey) bool { return slices.Contains(n.Earlier, k) })
		}
	}
	return left, marked
}

// refuses has Facebook refuse texts for good.
func (w *world) refuses(texts ...string) {
	w.send = func(p bridge.OutboundPart) (bool, error) {
		if slices.Contains(texts, p.Text) {
			return false, &bridge.Refusal{Verdict: bridge.Never, Reason: bridge.Rejected}
		}
		return true, nil
	}
}

// saysInTurn has Bo write and edit messages, and delivers each.
func (w *world) saysInTurn(some ...bridge.AgentMessage) {
	w.t.Helper()
	for _, m := range some {
		w.says(m)
		w.deliver()
	}
}

// TestTakeBack_NotDeliveredThenEditedAndDelivered: told to change a message and send it again, its author edits it until it
// arrives. No notice says any more that it did not.
func TestTakeBack_NotDeliveredThenEditedAndDelivered(t *testing.T) {
	one, two, three, note := write("a", "one"), edit("a", 1, "two"), edit("a", 2, "three"), edit("a", 1, "!note one")
	for _, test := range []struct {
		name    string
		refused []string
		says    []bridge.AgentMessage
		reads   []string
		left    int
	}{
		{"edited", []string{"one"}, []bridge.AgentMessage{one, two}, []string{"two"}, 0},
		{"edited twice", []string{"one", "two"}, []bridge.AgentMessage{one, two, three}, []string{"three"}, 0},
		{"a correction, edited", []string{"Corrected: two"}, []bridge.AgentMessage{one, two, three}, []string{"one", "Corrected: three"}, 0},
		{"a correction, edited back", []string{"Corrected: two"}, []bridge.AgentMessage{one, two, edit("a", 2, "one")}, []string{"one"}, 0},
		{"a note of what arrived, edited", nil, []bridge.AgentMessage{one, note, three}, []string{"one", "Corrected: three"}, 0},
		{"none arrives", []string{"one", "two"}, []bridge.AgentMessage{one, two}, nil, 2},
		{"the newest does not", []string{"one", "Corrected: three"}, []bridge.AgentMessage{one, two, three}, []string{"two"}, 1},
	} {
		w := newWorld(t)
		w.refuses(test.refused...)
		w.saysInTurn(test.says...)
		left, marked := w.standing()
		if !slices.Equal(w.texts(), test.reads) || len(left) != test.left || marked != (test.left > 0) {
			t.Errorf("%s: the customer reads %q, agents for ever %q (marked: %v); told %q", test.name, w.texts(), left, marked, w.notices())
		}
		for _, n := range w.told.Notices() {
			if n.Kind == bridge.Revised && !n.Newer {
				t.Errorf("%s: told %+v", test.name, n)
			}
		}
	}
}

// TestTakeBack_AfterARestart: what a message said first, was told by an earlier run.
func TestTakeBack_AfterARestart(t *testing.T) {
	w := newWorld(t)
	w.refuses("one")
	w.saysInTurn(write("a", "one"))
	clear(w.reports.undelivered)
	w.saysInTurn(edit("a", 1, "two"), edit("a", 2, "three"))
	if left, marked := w.standing(); len(left) > 0 || marked || len(w.notices()) != 2 {
		t.Errorf("agents read for ever %q (marked: %v), told %q", left, marked, w.notices())
	}
}

// shelf hands out each file.
type shelf struct{ files }

func (*shelf) Open(context.Context, bridge.Attachment, bridge.RoomID, bridge.Secret) (*bridge.Content, error) {
	return &bridge.Content{ReadCloser: io.NopCloser(strings.NewReader("x"))}, nil
}

// TestTakeBack_OfFiles: a correction is sent without files, so those that did not arrive are still missing.
func TestTakeBack_OfFiles(t *testing.T) {
	const said = "one"
	files := []bridge.Attachment{{Name: "1.png", URL: "/1"}, {Name: "2.png", URL: "/2"}}
	with := func(m bridge.AgentMessage) bridge.AgentMessage { m.Attachments = slices.Clone(files); return m }
	for _, test := range []struct {
		name    string
		refused map[int]bridge.Reason // parts of the first version
		left    int
		later   int // after a restart: it is not known any more which files arrived
	}{
		{"nothing arrives", map[int]bridge.Reason{0: bridge.CustomerBlocked}, 0, 0},
		{"a file does not arrive", map[int]bridge.Reason{1: bridge.CustomerBlocked}, 1, 1},
		{"the text does not arrive", map[int]bridge.Reason{2: bridge.CustomerBlocked}, 0, 1},
		{"a file is left out", map[int]bridge.Reason{1: bridge.FileRefused}, 1, 1},
		{"a file is left out, the text does not arrive", map[int]bridge.Reason{1: bridge.FileRefused, 2: bridge.CustomerBlocked}, 1, 2},
		{"both files are left out, nothing arrives", map[int]bridge.Reason{0: bridge.FileRefused, 1: bridge.FileRefused, 2: bridge.CustomerBlocked}, 0, 0},
	} {
		for _, restart := range []bool{false, true} {
			w := newWorld(t)
			w.Workspace.Files, w.Memory.Links = &shelf{}, &shelf{}
			refuses := true
			w.send = func(p bridge.OutboundPart) (bool, error) {
				if why := test.refused[p.Tag.Part]; refuses && why != "" {
					return false, &bridge.Refusal{Verdict: bridge.Never, Reason: why}
				}
				return true, nil
			}
			w.saysInTurn(with(write("a", said)))
			if refuses = false; restart {
				clear(w.reports.undelivered)
			}
			w.saysInTurn(with(edit("a", 1, "two")))
			want := test.left
			if restart {
				want = test.later
			}
			if left, marked := w.standing(); len(left) != want || marked != (want > 0) {
				t.Errorf("%s, restart %v: agents read for ever %q (marked: %v); told %q", test.name, restart, left, marked, w.notices())
			}
		}
	}
}

// TestTakeBack_AnotherNoticeHolds_MarkStays: a file was left out before the message was refused; tried again, the rest goes out.
func TestTakeBack_AnotherNoticeHolds_MarkStays(t *testing.T) {
	w := newWorld(t)
	w.Workspace.Files, w.Memory.Links = &shelf{}, &shelf{}
	refuses := true
	w.send = func(p bridge.OutboundPart) (bool, error) {
		if p.Tag.Part == 0 {
			return false, &bridge.Refusal{Verdict: bridge.Never, Reason: bridge.FileRefused}
		}
		if refuses {
			return false, &bridge.Refusal{Verdict: bridge.Never, Reason: bridge.WindowClosed}
		}
		return true, nil
	}
	m := write("a", "one")
	m.Attachments = []bridge.Attachment{{Name: "1.png", URL: "/1"}}
	w.saysInTurn(m)
	refuses = false
	failed := w.outbox.Failures()[0]
	failed.Direction = bridge.Out
	e, err := Retry(failed, false)
	if err == nil {
		err = w.Lanes.PutBack(t.Context(), []bridge.Entry{e})
	}
	if err != nil {
		t.Fatal(err)
	}
	w.deliver()
	if left, marked := w.standing(); len(left) != 1 || !marked || !slices.Equal(w.texts(), []string{"one"}) {
		t.Errorf("the customer reads %q, agents for ever %q (marked: %v); told %q", w.texts(), left, marked, w.notices())
	}
}

// TestSkip_CustomerHasANewerVersion: of what is tried again and was said to wait.
func TestSkip_CustomerHasANewerVersion(t *testing.T) {
	for name, gone := range map[string]bool{"a message": false, "a withdrawal": true} {
		w := newWorld(t)
		w.saysInTurn(write("a", "one"), edit("a", 1, "two"))
		a := &attempt{o: w.Outbound, out: Outgoing{Conversation: anna, Message: "a", Room: "room", Author: bo, RetryNo: 1, TextHash: "old", Parts: []bridge.Part{{Text: "old"}}, Gone: gone}}
		for _, n := range []bridge.Notice{a.out.notice(bridge.NotDelivered, 0), a.out.notice(bridge.StillWaiting, 1)} {
			if err := w.Notices.Tell(t.Context(), anna, n); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.endings.skip(a); err != nil {
			t.Fatal(err)
		}
		all := w.told.Notices()[2:]
		if gone && len(all) > 0 || !gone && (len(all) != 2 || all[0].Kind != bridge.Corrected || all[1].Kind != bridge.Revised || !all[0].Newer || !all[1].Newer) {
			t.Errorf("%s: told %+v", name, all)
		}
	}
}

// TestMarked_ANewerVersionIsNotDelivered: the mark is that one's, too.
func TestMarked_ANewerVersionIsNotDelivered(t *testing.T) {
	w := newWorld(t)
	w.refuses("one", "two")
	w.saysInTurn(write("a", "one"), edit("a", 1, "two"))
	for version, want := range map[int64]bool{0: true, noon.Add(time.Minute).UnixMilli(): false} {
		if got := w.reports.marked(Outgoing{Message: "a", Edit: version}); got != want {
			t.Errorf("version %d keeps the mark: %v", version, got)
		}
	}
}

// TestTakeBack_GivingUpNotStored_ThenDelivered: the author is told that a message was not delivered; that it is given up
// cannot be stored; tried again, it goes out.
func TestTakeBack_GivingUpNotStored_ThenDelivered(t *testing.T) {
	for name, waited := range map[string]bool{"at once": false, "after it waited": true} {
		w := newWorld(t)
		w.send = func(bridge.OutboundPart) (bool, error) {
			return false, &bridge.Refusal{Verdict: bridge.Never, Reason: bridge.WindowClosed}
		}
		w.says(write("a", "one"))
		if waited {
			w.now = w.now.Add(2 * w.Times.TellAfter)
			w.watch().look(t.Context())
		}
		w.outbox.Break("Fail", 1)
		w.deliver()
		w.send = nil // the customer has written meanwhile
		w.now = w.now.Add(time.Second)
		for range 2 {
			w.deliver()
		}
		if left, marked := w.standing(); len(w.texts()) != 1 || len(w.outbox.Seqs()) > 0 || len(left) > 0 || marked {
			t.Errorf("%s: the customer reads %q, agents for ever %q (marked: %v); told %q", name, w.texts(), left, marked, w.notices())
		}
		if slices.Contains(w.notices(), "corrected/a") {
			t.Errorf("%s: told twice: %q", name, w.notices())
		}
	}
}
