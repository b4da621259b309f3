package rooms

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
)

// changes lets the visitor's messages be taken away, and notes what the bot says: nothing under an id that is there.
type changes struct{ *desk }

func (c changes) Edit(context.Context, bridge.Secret, bridge.RoomID, bridge.MessageID, string) (bool, error) {
	return true, nil
}

func (c changes) Delete(_ context.Context, _ bridge.Secret, _ bridge.RoomID, id bridge.MessageID) (bool, error) {
	c.shown = slices.DeleteFunc(c.shown, func(s shown) bool { return s.ID == id })
	return true, nil
}

func (c changes) React(context.Context, bridge.MessageID, string) (bool, error) { return true, nil }

func (c changes) Note(_ context.Context, r bridge.RoomID, p bridge.Post) error {
	if !slices.ContainsFunc(c.shown, func(s shown) bool { return s.ID == p.ID }) {
		c.shown = append(c.shown, shown{r, p.ID, p.Text})
	}
	return nil
}

func (c changes) TellServing(context.Context, bridge.RoomID, bridge.Post) (bool, error) {
	return true, nil
}

// TestDeliver_DeletedAfterALostAnswer_IsTakenAway: what a customer has deleted is not left standing because an attempt before, whose answer was lost, has shown it.
func TestDeliver_DeletedAfterALostAnswer_IsTakenAway(t *testing.T) {
	d := newDesk(t)
	d.talking()
	rooms := New(Config{Workspace: Workspace{Livechat: d, Changes: changes{d}}, Store: Store{Links: d, Known: d, Pages: d},
		Now: func() time.Time { return d.now }, Log: slog.New(slog.DiscardHandler)})
	in := event("m/1", "my password is 1234")
	in.Mid, in.At = "1", d.now
	d.after["post"] = []error{refusal(bridge.WorkspaceDown)}
	if _, err := rooms.Deliver(t.Context(), in, opens); err == nil {
		t.Fatal("no error")
	}
	in.Tries, in.Deleted = 1, true // the customer has deleted it meanwhile
	shown, err := rooms.Deliver(t.Context(), in, opens)
	if err != nil {
		t.Fatal(err)
	}
	if shown.Receipt.Mid != "" {
		d.known = map[bridge.Mid][]bridge.MessageID{"1": shown.Receipt.Shown}
	}
	deletion := bridge.Incoming{Conversation: anna, Kind: bridge.DeletionEvent, Mid: "1", Key: bridge.DeletionKey("1"), At: d.now}
	if _, err := rooms.Deliver(t.Context(), deletion, opens); err != nil {
		t.Fatal(err)
	}
	if all := strings.Join(d.texts(), "\n"); strings.Contains(all, "1234") {
		t.Errorf("agents still read %q", all)
	}
}

// TestDeliver_DeletedWhileItsFileIsTried_TextIsTakenAway: the text of a message is shown, its file is refused again and again; the customer deletes the message meanwhile.
func TestDeliver_DeletedWhileItsFileIsTried_TextIsTakenAway(t *testing.T) {
	d := newDesk(t)
	d.talking()
	r := d.made()
	s := &shelf{desk: d, answers: []error{refusedWith(bridge.WorkspaceError, 500)}}
	r.Changes, r.Files, r.Uploads = changes{d}, s, s
	in := event("m/1", "my password is 1234")
	in.Mid, in.At, in.Attachments = "1", d.now, []bridge.Attachment{{Kind: "image", URL: "https://cdn.test/x.png"}}
	if _, err := r.Deliver(t.Context(), in, opens); err == nil {
		t.Fatal("no error")
	}
	in.Tries, in.Deleted = 1, true
	shown, err := r.Deliver(t.Context(), in, opens)
	if err != nil {
		t.Fatal(err)
	}
	if shown.Receipt.Mid != "" {
		d.known = map[bridge.Mid][]bridge.MessageID{"1": shown.Receipt.Shown}
	}
	if _, err := r.Deliver(t.Context(), bridge.Incoming{Conversation: anna, Kind: bridge.DeletionEvent, Mid: "1", Key: bridge.DeletionKey("1"), At: d.now}, opens); err != nil {
		t.Fatal(err)
	}
	if all := strings.Join(d.texts(), "\n"); strings.Contains(all, "1234") {
		t.Errorf("agents still read %q", all)
	}
}

// TestDeliver_DeletedBeforeItWasShown_IsSaidOnce: agents read one line, and none that something could not be removed.
func TestDeliver_DeletedBeforeItWasShown_IsSaidOnce(t *testing.T) {
	d := newDesk(t)
	d.talking()
	r := d.made()
	r.Changes = changes{d}
	in := event("m/1", "my password is 1234")
	in.Mid, in.At, in.Deleted = "1", d.now, true
	for _, one := range []bridge.Incoming{in, {Conversation: anna, Kind: bridge.DeletionEvent, Mid: "1", Key: bridge.DeletionKey("1"), At: d.now}} {
		if _, err := r.Deliver(t.Context(), one, opens); err != nil {
			t.Fatal(err)
		}
	}
	if got := d.texts(); len(got) != 1 || !strings.Contains(got[0], "deleted it before it could be shown") {
		t.Errorf("agents read %q", got)
	}
}

// TestDeliver_DeletionOfWhatNobodyRemembers_TakesItAway: a store that was restored does not know what it has shown.
func TestDeliver_DeletionOfWhatNobodyRemembers_TakesItAway(t *testing.T) {
	d := newDesk(t)
	d.talking()
	r := d.made()
	r.Changes = changes{d}
	in := event("m/1", "my password is 1234")
	in.Mid, in.At = "1", d.now
	for _, one := range []bridge.Incoming{in, {Conversation: anna, Kind: bridge.DeletionEvent, Mid: "1", Key: bridge.DeletionKey("1"), At: d.now}} {
		if _, err := r.Deliver(t.Context(), one, opens); err != nil {
			t.Fatal(err)
		}
	}
	if got := d.texts(); len(got) != 1 || !strings.HasSuffix(got[0], "The customer has deleted a message.") {
		t.Errorf("agents read %q", got)
	}
}

// TestDeletion_AfterARestart_AddsNothing to what was said of a message that was deleted before it could be shown.
func TestDeletion_AfterARestart_AddsNothing(t *testing.T) {
	d := newDesk(t)
	d.talking()
	in := event(bridge.MessageKey("1"), "my password is 1234")
	in.Mid, in.At, in.Deleted = "1", d.now, true
	deletion := bridge.Incoming{Conversation: anna, Kind: bridge.DeletionEvent, Mid: "1", Key: bridge.DeletionKey("1"), At: d.now}
	for _, event := range []bridge.Incoming{in, deletion} {
		r := d.made() // anew each time
		r.Changes = changes{d}
		if _, err := r.Deliver(t.Context(), event, opens); err != nil {
			t.Fatal(err)
		}
	}
	if all := d.texts(); len(all) != 1 || !strings.Contains(all[0], "deleted it before it could be shown") {
		t.Errorf("agents read %q", all)
	}
}
