package rooms

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
)

// eraser is Changes that takes messages away, and does nothing else.
type eraser struct {
	Changes
	gone []bridge.MessageID
}

func (e *eraser) Delete(_ context.Context, _ bridge.Secret, _ bridge.RoomID, id bridge.MessageID) (bool, error) {
	e.gone = append(e.gone, id)
	return true, nil
}

// TestText_RefusedForLong_IsReplaced_UnlessItIsTakenNow: the line is taken; what matters is
// whether others' texts were before, and whether this one is after it.
func TestText_RefusedForLong_IsReplaced_UnlessItIsTakenNow(t *testing.T) {
	for name, c := range map[string]struct {
		others bridge.Others
		after  bool // the workspace takes the text right after the line
		left   bool
	}{
		"others pass":                        {bridge.OthersPass, false, true},
		"others are refused, too":            {bridge.OthersRefused, false, true},
		"the outage ended before the line":   {bridge.OthersRefused, true, false},
		"nobody else, and it works by now":   {bridge.OthersSilent, true, false},
		"nobody else, and it is still wrong": {bridge.OthersSilent, false, true},
	} {
		d := newDesk(t)
		d.talking()
		a := &bridge.Response{Route: "POST livechat/message", Status: 403, Others: c.others}
		refused := &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.WorkspaceError, Answer: a}
		d.fail["post"] = []error{refused, nil, refused}
		if c.after {
			d.fail["post"] = []error{refused, nil, nil}
		}
		r := d.made()
		e := &eraser{}
		r.Changes = e
		in := event("k", "hello <b>")
		in.Refusals = bridge.Refusals{Count: 9, For: time.Hour}
		became, err := r.Deliver(t.Context(), in, opens)
		if err != nil || (became.Left != nil) != c.left {
			t.Errorf("%s: given up: %v, %v", name, became.Left, err)
		}
		texts := slices.DeleteFunc(d.shown, func(s shown) bool { return slices.Contains(e.gone, s.ID) })
		if len(texts) != 1 || strings.Contains(texts[0].Text, "does not take") != c.left {
			t.Errorf("%s: agents read %+v", name, texts)
		}
	}
}

// TestText_InPartsRefusedForLong_IsReplaced_UnlessItIsTakenNow: an outage whose answer is that
// everything is too large ends between the last part that was tried and the line.
func TestText_InPartsRefusedForLong_IsReplaced_UnlessItIsTakenNow(t *testing.T) {
	for name, taken := range map[string]bool{"the outage ended before the line": true, "it is still wrong": false} {
		d := newDesk(t)
		d.talking()
		a := &bridge.Response{Route: "POST livechat/message", Status: 413, Others: bridge.OthersRefused}
		refused := slices.Repeat([]error{&bridge.Refusal{Verdict: bridge.Again, Reason: bridge.WorkspaceError, Answer: a}}, 3) // "uno ", "un", "u"
		d.fail["post"] = append(slices.Clone(refused), nil)
		if !taken {
			d.fail["post"] = append(d.fail["post"], refused...)
		}
		r, e := d.made(), &eraser{}
		r.Changes = e
		in := event("k", "uno duo <x>")
		in.Tries, in.InParts, in.Refusals = 1, true, bridge.Refusals{Count: 9, For: time.Hour}
		became, err := r.Deliver(t.Context(), in, opens)
		if err != nil || (became.Left == nil) != taken {
			t.Errorf("%s: given up: %v, %v", name, became.Left, err)
		}
		texts := slices.DeleteFunc(d.shown, func(s shown) bool { return slices.Contains(e.gone, s.ID) })
		var all string
		for _, s := range texts {
			all += s.Text
		}
		if taken && all != in.Text || !taken && (len(texts) != 1 || !strings.Contains(all, "does not take")) {
			t.Errorf("%s: agents read %+v", name, texts)
		}
		if taken && (len(became.Receipt.Shown) != 3 || became.Receipt.Shown[0] != texts[0].ID) {
			t.Errorf("%s: remembered as %q", name, became.Receipt.Shown)
		}
	}
}

// TestText_TakenAfterItsLine_TakesTheLineAway: an attempt said the line and could not write that
// down; the next finds that the text is taken.
func TestText_TakenAfterItsLine_TakesTheLineAway(t *testing.T) {
	for name, c := range map[string]struct {
		putOff bool
		gone   int
	}{"refused before": {true, 1}, "never refused": {false, 0}} {
		d := newDesk(t)
		d.talking()
		in := event("k", "hello <b>")
		d.shown = []shown{{d.open, replacement(in.MessageID()), "The customer wrote something"}}
		r, e := d.made(), &eraser{}
		r.Changes = e
		in.Tries, in.PutOff = 1, c.putOff
		if _, err := r.Deliver(t.Context(), in, opens); err != nil || len(e.gone) != c.gone || c.gone > 0 && e.gone[0] != replacement(in.MessageID()) {
			t.Errorf("%s: taken away are %q, %v", name, e.gone, err)
		}
	}
}
