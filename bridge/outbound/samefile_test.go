package outbound

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"messenger-bridge/bridge"
)

func TestIsOther(t *testing.T) {
	for _, test := range []struct {
		said, name, came string
		other            bool
	}{
		{"application/pdf", "a.pdf", "application/pdf", false},
		{"application/pdf", "a.pdf", "Application/PDF; charset=binary", false},
		{"application/pdf", "a.pdf", "application/x-pdf", false},
		{"application/pdf", "a.pdf", "", false},
		{"application/pdf", "a.pdf", "application/octet-stream", false},
		{"application/pdf", "a.pdf", "binary/octet-stream", false},
		{"", "a.pdf", "application/pdf", false},
		{"application/octet-stream", "a.bin", "application/xml", false},
		{"image/jpg", "a.jpg", "image/jpeg", false},
		{"image/heic", "a.heic", "image/jpeg", false},
		{"audio/ogg", "a.ogg", "video/ogg", false},
		{"text/csv", "a.csv", "text/plain", false},
		{"text/csv", "a.csv", "application/csv", false},
		{"text/html", "a.html", "text/html; charset=utf-8", false},
		{"text/html", "a.html", "application/xhtml+xml", false},
		{"", "a.HTM", "text/html", false},
		{"", "a.pdf", "text/html", true},
		{"application/octet-stream", "a.bin", "text/html", true},
		{"text/plain", "a.txt", "text/html", true},
		{"application/pdf", "a.pdf", "text/html", true},
		{"application/pdf", "a.pdf", "application/json", true},
		{"application/pdf", "a.pdf", "text/plain", true},
		{"application/pdf", "a.pdf", "image/png", true},
		{"image/png", "a.png", "application/xml", true},
		{"audio/mpeg", "a.mp3", "image/png", true},
	} {
		if got := isOther(bridge.Attachment{Type: test.said, Name: test.name}, test.came); got != test.other {
			t.Errorf("%q as %q: %v", test.said, test.came, got)
		}
	}
}

func TestBounded_EndsWhereTheMessageSays(t *testing.T) {
	photo := "\xff\xd8\xff\xe0 a photo \xff\xd9"
	for _, test := range []struct {
		name, content string
		said          bridge.Attachment
		want          bridge.Reason
	}{
		{"as said", "12345", bridge.Attachment{Size: 5}, ""},
		{"nobody said", "12345", bridge.Attachment{}, ""},
		{"shorter", "1234", bridge.Attachment{Size: 5}, bridge.FileUnreadable},
		{"longer", "123456", bridge.Attachment{Size: 5}, bridge.FileReplaced},
		{"a photo without where it was made", photo, bridge.Attachment{Type: "image/jpeg", Size: 500}, ""},
		{"half a photo", photo[:8], bridge.Attachment{Type: "image/jpeg", Size: 500}, bridge.FileUnreadable},
		{"larger than allowed", strings.Repeat("x", 2000), bridge.Attachment{Size: 2000}, bridge.FileTooBig},
	} {
		r := &bounded{ReadCloser: io.NopCloser(io.MultiReader(strings.NewReader(test.content[:2]), strings.NewReader(test.content[2:]))), left: 1000, said: test.said}
		_, err := io.Copy(io.Discard, r)
		if (err == nil) != (test.want == "") || err != nil && bridge.RefusalOf(err).Reason != test.want {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// files hand out nothing.
type files struct {
	open  error
	works error
	asked int
}

func (f *files) Open(context.Context, bridge.Attachment, bridge.RoomID, bridge.Secret) (*bridge.Content, error) {
	f.asked++
	return nil, f.open
}

func (f *files) Works(context.Context) error { return f.works }

func (f *files) Link(bridge.Conversation) (bridge.Link, error) { return bridge.Link{}, nil }

// TestDeliver_FileCannotBeHad_IsTriedForAWhileOfTheWorkspaceWorking: only the time counts in
// which the workspace works, and it begins anew when it did not.
func TestDeliver_FileCannotBeHad_IsTriedForAWhileOfTheWorkspaceWorking(t *testing.T) {
	w := newWorld(t)
	f := &files{open: &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.FileWithheld, Status: 500}}
	w.Workspace.Files, w.Memory.Links = f, f
	m := write("a", "")
	m.Attachments = []bridge.Attachment{{Name: "a.pdf"}}
	w.says(m)
	away := &bridge.Refusal{Verdict: bridge.Unknown, Reason: bridge.WorkspaceDown, Gate: bridge.GateWorkspace}
	for _, step := range []struct {
		works  error
		reason bridge.Reason
	}{{nil, bridge.FileWithheld}, {away, bridge.WorkspaceDown}, {errors.New("odd"), bridge.WorkspaceDown}, {nil, bridge.FileWithheld}} {
		f.works = step.works
		r := bridge.RefusalOf(w.Deliver(t.Context(), 1))
		if r.Verdict != bridge.Again || r.Reason != step.reason || r.Gate != "" || len(w.notices()) > 0 {
			t.Errorf("the workspace works: %v: %+v, told %q", step.works, r, w.notices())
		}
		w.now = w.now.Add(w.Times.FileFor - 1)
	}
	if r := bridge.RefusalOf(w.Deliver(t.Context(), 1)); r.After != 1 {
		t.Errorf("the last try comes after %v", r.After)
	}
	w.now = w.now.Add(1)
	w.deliver()
	if got := w.notices(); !slices.Equal(got, []string{"not-delivered/a file-withheld"}) || w.told.Notices()[0].Status != 500 || f.asked != 6 {
		t.Errorf("told %q after %d tries", got, f.asked)
	}
}

// TestDeliver_FileIsGone_IsBelievedTheSecondTime: an outage in which everything is answered
// with 404 may end between the answer and the look at the workspace.
func TestDeliver_FileIsGone_IsBelievedTheSecondTime(t *testing.T) {
	w := newWorld(t)
	f := &files{open: &bridge.Refusal{Verdict: bridge.Never, Reason: bridge.FileGone, Status: 404}}
	w.Workspace.Files, w.Memory.Links = f, f
	m := write("a", "")
	m.Attachments = []bridge.Attachment{{Name: "a.pdf"}}
	w.says(m)
	away := &bridge.Refusal{Verdict: bridge.Unknown, Reason: bridge.WorkspaceDown, Gate: bridge.GateWorkspace}
	for _, works := range []error{nil, away, nil} { // after an outage it is said for the first time again
		f.works = works
		if r := bridge.RefusalOf(w.Deliver(t.Context(), 1)); r.Verdict != bridge.Again || len(w.notices()) > 0 {
			t.Errorf("the workspace works: %v: %+v, told %q", works, r, w.notices())
		}
	}
	w.deliver()
	if got := w.notices(); !slices.Equal(got, []string{"not-delivered/a file-gone"}) || f.asked != 4 {
		t.Errorf("told %q after %d tries", got, f.asked)
	}
}
