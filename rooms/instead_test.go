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
	there    *[]bridge.Uploaded // nil: nothing is
	lands    bridge.RoomID      // empty: where it is sent to
}

func (s counter) Open(context.Context, bridge.Page, bridge.Mid, int, bridge.Attachment, int64) (*bridge.File, error) {
	return &bridge.File{Name: "a.jpg", Content: &bridge.Content{ReadCloser: io.NopCloser(strings.NewReader("a")), Type: "image/jpeg", Size: 1}}, nil
}

func (s counter) Upload(_ context.Context, _ bridge.Secret, _ bridge.RoomID, f *bridge.File, _ string) (bridge.MessageID, bridge.RoomID, error) {
	s.onUpload()
	before, after := s.called("upload", "")
	if s.there != nil && before == nil {
		*s.there = append(*s.there, bridge.Uploaded{ID: "uploaded", Name: f.Name, Size: f.Size / 2}) // as Rocket.Chat makes it anew
	}
	return "uploaded", s.lands, errors.Join(before, after)
}

func (s counter) Uploaded(context.Context, bridge.Secret, bridge.RoomID) ([]bridge.Uploaded, error) {
	if s.there == nil {
		return nil, nil
	}
	return slices.Clone(*s.there), nil
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
		r.Files, r.Uploads = counter{desk: d}, counter{desk: d, onUpload: closing}
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

// TestFile_MadeAnewByRocketChat_IsRecognised: Rocket.Chat turns a picture and takes its metadata away, and the answer of the upload is
// lost. The size that it tells is not the one that was sent.
func TestFile_MadeAnewByRocketChat_IsRecognised(t *testing.T) {
	d := newDesk(t)
	d.talking()
	d.after["upload"] = []error{refusal(bridge.WorkspaceDown)}
	uploads := 0
	r, both := d.made(), counter{desk: d, onUpload: func() { uploads++ }, there: new([]bridge.Uploaded)}
	r.Files, r.Uploads = both, both
	in := event("k", "")
	in.Attachments = []bridge.Attachment{{Kind: "image", URL: "https://cdn.example/a.jpg"}}
	if _, err := r.Deliver(t.Context(), in, opens); err == nil {
		t.Fatal("no error")
	}
	in.Tries = 1
	if became, err := r.Deliver(t.Context(), in, opens); err != nil || uploads != 1 || len(became.Receipt.Shown) != 1 {
		t.Errorf("uploaded %d times, %+v, %v", uploads, became, err)
	}
}

// TestFile_LandsInANewRoom_IsBookedThere: an agent closes the room while Rocket.Chat makes a picture smaller; then it opens another room
// for it.
func TestFile_LandsInANewRoom_IsBookedThere(t *testing.T) {
	d := newDesk(t)
	d.talking()
	r, both := d.made(), counter{desk: d, onUpload: func() {}, lands: "r9"}
	r.Files, r.Uploads = both, both
	in := event("k", "")
	in.Attachments = []bridge.Attachment{{Kind: "image", URL: "https://cdn.example/a.jpg"}}
	became, err := r.Deliver(t.Context(), in, opens)
	if err != nil || became.Receipt.Room != "r9" || d.links[anna].Room != "r9" || !d.rooms["r9"] {
		t.Errorf("booked in %q, tied to %q, known %v, %v", became.Receipt.Room, d.links[anna].Room, d.rooms, err)
	}
}

// noter counts what the bot says.
type noter struct {
	changes
	notes int
}

func (n *noter) Note(ctx context.Context, r bridge.RoomID, p bridge.Post) error {
	n.notes++
	return n.changes.Note(ctx, r, p)
}

// TestText_ItsLineStandsAlready_TheBotAddsNone: the answer of the line was lost, and now Rocket.Chat refuses every text of this customer.
// Under the line's id, which is the customer's, the bot cannot speak; it would take another one.
func TestText_ItsLineStandsAlready_TheBotAddsNone(t *testing.T) {
	for name, stands := range map[string]bool{"it stands": true, "it does not": false} {
		d := newDesk(t)
		d.talking()
		a := &bridge.Response{Route: "POST livechat/message", Status: 500, Others: bridge.OthersPass}
		d.fail["post"] = slices.Repeat([]error{&bridge.Refusal{Verdict: bridge.Again, Reason: bridge.WorkspaceError, Answer: a}}, 9)
		in := event("k", "hello")
		if stands {
			d.shown = []shown{{d.open, replacement(in.MessageID()), "The customer wrote something"}}
		}
		r, n := d.made(), &noter{changes: changes{d}}
		r.Changes, r.Uploads = n, counter{desk: d, onUpload: func() {}}
		in.Tries, in.Refusals = 1, bridge.Refusals{Count: 9, For: time.Hour}
		became, err := r.Deliver(t.Context(), in, opens)
		if err != nil || became.Left == nil || (n.notes == 0) != stands {
			t.Errorf("%s: the bot said %d things; given up: %v, %v", name, n.notes, became.Left, err)
		}
	}
}
