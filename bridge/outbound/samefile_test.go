package outbound

import (
	"context"
	"errors"
	"slices"
	"testing"

	"messenger-bridge/bridge"
)

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
