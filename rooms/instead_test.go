package rooms

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
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

// counter is Files and Uploads: it hands out every file, and takes them as the desk's test says.
type counter struct {
	*desk
	onUpload func()
}

func (s counter) Open(context.Context, bridge.Page, bridge.Mid, int, bridge.Attachment, int64) (*bridge.File, error) {
	return &bridge.File{Name: "a.pdf", Content: &bridge.Content{ReadCloser: io.NopCloser(strings.NewReader("a")), Type: "application/pdf", Size: 1}}, nil
}

func (s counter) Upload(context.Context, bridge.Secret, bridge.RoomID, *bridge.File, string) (bridge.MessageID, error) {
	s.onUpload()
	before, after := s.called("upload", "")
	return "uploaded", errors.Join(before, after)
}

func (s counter) Uploaded(context.Context, bridge.Secret, bridge.RoomID) ([]bridge.Uploaded, error) {
	return nil, nil
}

// TestFile_RefusedForLong_RoomClosedBeforeItsLine_TakenInTheNext: a file is to be given up, and the agent closes the
// room before the line that takes its place. In the next room it is taken: nothing was given up then, and the
// customer is not asked for another one.
func TestFile_RefusedForLong_RoomClosedBeforeItsLine_TakenInTheNext(t *testing.T) {
	a := &bridge.Response{Route: "POST livechat/upload", Status: 400, Code: "error-app-prevented", Others: bridge.OthersRefused}
	refused := &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.WorkspaceError, Answer: a}
	for name, answers := range map[string][]error{"at once": {refused}, "after its line": {refused, refused}} {
		d := newDesk(t)
		d.talking()
		d.fail["upload"] = answers
		r, e, closing := d.made(), &eraser{}, sync.OnceFunc(func() { d.open = "" })
		r.Changes = e
		r.Files, r.Uploads = counter{d, nil}, counter{d, closing}
		in := event("k", "")
		in.Attachments = []bridge.Attachment{{Kind: "file", URL: "https://cdn.example/a.pdf"}}
		in.Tries, in.Refusals = 1, bridge.Refusals{Part: 1, Count: 9, For: time.Hour}
		became, err := r.Deliver(t.Context(), in, opens)
		if err != nil || became.Left != nil || len(became.Refused) > 0 {
			t.Errorf("%s: given up: %v, the customer is told %q, error %v", name, became.Left, became.Refused, err)
		}
		if read := slices.DeleteFunc(d.shown, func(s shown) bool { return slices.Contains(e.gone, s.ID) || !isLine(s.ID) }); len(read) > 0 {
			t.Errorf("%s: agents read %+v", name, read)
		}
	}
}
