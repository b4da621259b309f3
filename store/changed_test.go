package store_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"messenger-bridge/bridge"
	"messenger-bridge/store"
)

// furnished makes a store with something in every table, and returns what is in it.
func furnished(t *testing.T, path string) []bridge.Seq {
	t.Helper()
	ctx := t.Context()
	s := open(t, options(path))
	must := func(errs ...error) {
		t.Helper()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []bridge.PageID{"1", "2"} {
		must(s.SavePage(ctx, bridge.Page{ID: id, Name: "Page " + string(id), Token: bridge.Secret("token " + id), State: bridge.PageRunning,
			Settings: bridge.Settings{Department: bridge.DepartmentID("department" + id)}}))
	}
	for n, room := range []bridge.RoomID{"roomOfA", "roomOfB"} {
		must(s.SaveLink(ctx, bridge.Link{Conversation: conversation(n), Room: "old" + room, Visitor: "visitor"}),
			s.SaveLink(ctx, bridge.Link{Conversation: conversation(n), Room: room, Visitor: "visitor"}))
		s.ChangeState(conversation(n), func(st *bridge.ConversationState) { st.Window.Heard = time.Now() })
	}
	must(s.SaveNote(ctx, "setup channel", "ours"), s.SaveNote(ctx, "another", "theirs"),
		s.SavePersona(ctx, "1", "Ana", "", "persona1"), s.SavePersona(ctx, "1", "Bea", "", "persona2"),
		s.SaveTicket(ctx, bridge.Ticket{ID: "good", Kind: "settings", Expires: time.Now().Add(time.Hour)}),
		s.SaveTicket(ctx, bridge.Ticket{ID: "old", Kind: "settings", Expires: time.Now().Add(-time.Hour)}),
		s.KeepCursor(ctx, "read", time.Now()), s.KeepCursor(ctx, "heard", time.Now().Add(-time.Hour)),
		s.SaveRevocation(ctx, bridge.Revocation{Page: "1", Since: time.Now()}), s.SaveRevocation(ctx, bridge.Revocation{Page: "2", Since: time.Now()}),
		s.SaveReceipts(ctx, []bridge.Receipt{
			{Mid: "mid1", Page: "1", Tag: bridge.SendTag{Message: "m1"}, With: conversation(0)},
			{Mid: "mid2", Page: "1", Tag: bridge.SendTag{Message: "m2"}, With: conversation(1)}}))
	seqs := add(t, s.Outbox(), entry("a"), entry("b"), entry("c"), entry("d"))
	must(s.Outbox().Fail(seqs[2], bridge.PageGone, ""), s.Outbox().Fail(seqs[3], bridge.PageGone, ""))
	closeStore(t, s)
	return seqs
}

// leaves calls do for every record that is no bucket, in buckets of buckets too.
func leaves(tx *bbolt.Tx, do func(b *bbolt.Bucket, path string, key, v []byte)) {
	var in func(b *bbolt.Bucket, path string)
	in = func(b *bbolt.Bucket, path string) {
		_ = b.ForEach(func(k, v []byte) error {
			if v == nil {
				in(b.Bucket(k), path+"/"+string(k))
			} else {
				do(b, path, k, v)
			}
			return nil
		})
	}
	_ = tx.ForEach(func(name []byte, b *bbolt.Bucket) error { in(b, string(name)); return nil })
}

// use reads everything there is, and returns what is believed of it.
func use(t *testing.T, s *store.Store) map[string]string {
	t.Helper()
	seen := map[string]string{}
	for _, p := range s.Pages() {
		if p.Why.Kind != bridge.StoreChanged {
			seen["page "+string(p.ID)] = p.Name + " " + string(p.Settings.Department) + " " + p.Token.Reveal() + " " + string(p.State)
		} else if p.Token != "" || p.State != bridge.PageNeedsAuth || p.Settings.Department != "" {
			t.Errorf("a page that was changed is %+v", p)
		}
	}
	for n := range 2 {
		if l, err := s.Link(conversation(n)); err == nil && l.Room != "" {
			seen["link "+l.Conversation.String()] = string(l.Room) + " " + l.Visitor.Reveal()
		}
		if state := s.State(conversation(n)); state != (bridge.ConversationState{}) {
			seen["state "+conversation(n).String()] = state.Window.Heard.UTC().Format(time.RFC3339)
		}
	}
	for _, room := range []bridge.RoomID{"roomOfA", "roomOfB", "oldroomOfA", "oldroomOfB"} {
		if c, ours, err := s.Conversation(room); err != nil {
			t.Error(err)
		} else if ours {
			seen["room "+string(room)] = c.String()
		}
	}
	for _, name := range []string{"setup channel", "another"} {
		if text, _ := s.Note(name); text != "" {
			seen["note "+name] = text
		}
	}
	for _, name := range []string{"Ana", "Bea"} {
		if id := s.Persona("1", name, ""); id != "" {
			seen["persona "+name] = id
		}
	}
	for _, id := range []string{"good", "old"} {
		if _, err := s.Ticket(id); err != bridge.ErrTicketUnknown {
			seen["ticket "+id] = errorText(err)
		}
	}
	for _, name := range []string{"read", "heard"} {
		if at, _ := s.Cursor(name); time.Since(at) < 24*time.Hour && !at.IsZero() {
			seen["cursor "+name] = at.UTC().Format(time.RFC3339)
		}
	}
	for _, m := range []bridge.MessageID{"m1", "m2"} {
		if mid := s.MidOf(bridge.SendTag{Message: m}); mid != "" {
			seen["mid of "+string(m)] = string(mid)
		}
	}
	for _, m := range []bridge.Mid{"mid1", "mid2"} {
		if tag, is := s.TagOf("1", m); is {
			seen["tag of "+string(m)] = string(tag.Message)
		}
	}
	for _, key := range []string{"a", "b", "c", "d"} {
		if s.Outbox().Seen(key) {
			seen["key "+key] = "seen"
		}
	}
	revocations, err := s.Revocations()
	if err != nil {
		t.Error(err)
	}
	for _, r := range revocations {
		seen["revocation "+string(r.Page)] = r.Since.UTC().Format(time.RFC3339)
	}
	for _, w := range waiting(t, s.Outbox()) {
		if d, err := s.Outbox().Delivery(w.Seq); err != nil {
			t.Error(err)
		} else if d.Body != nil {
			seen["waits "+string(d.Body)] = string(d.Lane.Customer)
		}
	}
	if err := s.Failed(func(f bridge.Failure) bool {
		if whole, err := s.Failure(f.Seq); err == nil {
			seen["failed "+string(whole.Body)] = string(whole.Lane.Customer) + " " + string(whole.Reason)
		}
		return true
	}); err != nil {
		t.Error(err)
	}
	return seen
}

func errorText(err error) string {
	if err == nil {
		return "good"
	}
	return err.Error()
}

// wantBelieved compares what is believed with what was written: some of it may be missing,
// and nothing may be otherwise.
func wantBelieved(t *testing.T, what string, got, want map[string]string) (missing int) {
	t.Helper()
	for name, v := range got {
		if want[name] != v {
			t.Errorf("%s: %s is %q, was written as %q", what, name, v, want[name])
		}
	}
	return len(want) - len(got)
}

// TestChanged_EachRecord_IsNoticedAndNotBelieved changes each record of a store in turn: its
// first byte, its middle, its last, or all of it for the next one's. What was changed is not
// believed and told once, everything else is as it was, and what follows from it stays.
func TestChanged_EachRecord_IsNoticedAndNotBelieved(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	furnished(t, path)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, options(path))
	want := use(t, s)
	whole = whole[:s.Stats().FileSize] // what is behind is empty
	if s.Changes().Count() != 0 || len(want) < 25 {
		t.Fatalf("%d changed, believed: %v", s.Changes().Count(), want)
	}
	closeStore(t, s)
	type record struct{ path, key string }
	var records []record
	edit(t, path, func(tx *bbolt.Tx) error {
		leaves(tx, func(_ *bbolt.Bucket, path string, key, _ []byte) {
			records = append(records, record{path, string(key)})
		})
		return nil
	})
	for _, r := range records {
		for how, change := range map[string]func(b *bbolt.Bucket, key, v []byte) []byte{
			"first byte": func(_ *bbolt.Bucket, _, v []byte) []byte { v[0] ^= 1; return v },
			"middle":     func(_ *bbolt.Bucket, _, v []byte) []byte { v[len(v)/2] ^= 0x20; return v },
			"last byte":  func(_ *bbolt.Bucket, _, v []byte) []byte { v[len(v)-1] ^= 0x80; return v },
			"cut":        func(_ *bbolt.Bucket, _, v []byte) []byte { return v[:len(v)-1] },
			"no tag":     func(_ *bbolt.Bucket, _, v []byte) []byte { return v[:max(0, len(v)-16)] },
			"of another": func(b *bbolt.Bucket, key, v []byte) []byte {
				c := b.Cursor()
				for k, other := c.First(); k != nil; k, other = c.Next() {
					if !bytes.Equal(k, key) && other != nil && !bytes.Equal(other, v) {
						return bytes.Clone(other)
					}
				}
				return nil
			},
		} {
			what := r.path + " " + strings.ToValidUTF8(r.key, "?") + " " + how
			path := newPath(t)
			if err := os.WriteFile(path, whole, 0o600); err != nil {
				t.Fatal(err)
			}
			changed := true
			edit(t, path, func(tx *bbolt.Tx) error {
				b := tx.Bucket([]byte(strings.SplitN(r.path, "/", 2)[0]))
				if _, day, nested := strings.Cut(r.path, "/"); nested {
					b = b.Bucket([]byte(day))
				}
				v := change(b, []byte(r.key), bytes.Clone(b.Get([]byte(r.key))))
				if changed = v != nil; !changed {
					return nil
				}
				return b.Put([]byte(r.key), v)
			})
			if !changed {
				continue
			}
			o := options(path)
			o.Sync = func() {} // no power is cut here
			s, err := store.Open(o)
			if r.path == "meta" && (r.key == "format" || r.key == "check") {
				if err == nil {
					t.Errorf("%s: opened", what)
					closeStore(t, s)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s: %v", what, err)
				continue
			}
			missing := wantBelieved(t, what, use(t, s), want)
			if s.Changes().Count() == 0 && missing > 0 || missing > 4 {
				t.Errorf("%s: %d told, %d missing", what, s.Changes().Count(), missing)
			}
			if s.Changes().Count() == 0 && !strings.HasPrefix(r.path, "messages/") { // which are read when they are needed
				t.Errorf("%s: not told", what)
			}
			closeStore(t, s)
			if how != "middle" {
				continue
			}
			s = open(t, o)
			wantBelieved(t, what+", the next time", use(t, s), want)
			closeStore(t, s)
		}
	}
}

// TestChanged_RoomOfAnother_IsPutBack gives customer A's room to B in the map, and takes
// another room off it.
func TestChanged_RoomOfAnother_IsPutBack(t *testing.T) {
	path := newPath(t)
	furnished(t, path)
	edit(t, path, func(tx *bbolt.Tx) error {
		rooms := tx.Bucket([]byte("rooms"))
		return errors.Join(rooms.Put([]byte("roomOfA"), bytes.Clone(rooms.Get([]byte("roomOfB")))), rooms.Delete([]byte("roomOfB")))
	})
	for round := range 2 {
		s := open(t, options(path))
		for n, room := range []bridge.RoomID{"roomOfA", "roomOfB"} {
			if c, ours, err := s.Conversation(room); err != nil || !ours || c != conversation(n) {
				t.Errorf("round %d: room %s is of %v, %t, %v", round, room, c, ours, err)
			}
		}
		// What was set aside is told for a day; what was missing, once.
		if n, want := s.Changes().Count(), []int{2, 1}[round]; n != want {
			t.Errorf("round %d: %d told, want %d", round, n, want)
		}
		closeStore(t, s)
	}
}

// TestChanged_ToAnOlderFormat_IsRefused makes a file of today look like one of format 2, whose
// records have no tags and would be given them.
func TestChanged_ToAnOlderFormat_IsRefused(t *testing.T) {
	path := newPath(t)
	furnished(t, path)
	edit(t, path, func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte("meta")).Put([]byte("format"), binary.BigEndian.AppendUint64(nil, 2))
	})
	if s, err := store.Open(options(path)); !errors.Is(err, store.ErrForeign) || !strings.Contains(err.Error(), "restore a backup") {
		t.Errorf("%v, %v", s, err)
	}
}

// TestChanged_WhileItWaits_ChangesNothingElse has progress and histories written of a
// delivery that was changed meanwhile: they do not make it true.
func TestChanged_WhileItWaits_ChangesNothingElse(t *testing.T) {
	path := newPath(t)
	seqs := furnished(t, path)
	edit(t, path, func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte("outbox"))
		key := binary.BigEndian.AppendUint64(nil, uint64(seqs[0]))
		return b.Put(key, bytes.Replace(b.Get(key), []byte("customer"), []byte("attacker"), 1))
	})
	s := open(t, options(path))
	if err := s.Outbox().Save(seqs[0], bridge.Progress{Attempts: 1}); err == nil {
		t.Error("progress was saved")
	}
	s.Outbox().Postpone(seqs[0], bridge.History{Tries: 1, Reason: "busy"})
	closeStore(t, s)
	s = open(t, options(path))
	d, err := s.Outbox().Delivery(seqs[0])
	if err != nil || d.Body != nil || d.Lane != (bridge.Lane{}) || string(d.Unproven) != "body of a" {
		t.Errorf("%+v, %v", d, err)
	}
	if err := s.Outbox().Fail(seqs[0], bridge.StoreFailed, ""); err != nil {
		t.Error(err)
	}
	if d, err := s.Outbox().Delivery(seqs[1]); err != nil || string(d.Body) != "body of b" {
		t.Errorf("the next is %+v, %v", d, err)
	}
	_ = s.Failed(func(f bridge.Failure) bool {
		if f.Lane.Customer == "attacker" {
			t.Errorf("%+v", f)
		}
		return true
	})
}

// TestChanged_AnyByte_DoesNotCrash changes bytes where the file says how its pages hang together: it
// is refused in words, or it opens and nothing that was not written is believed.
func TestChanged_AnyByte_DoesNotCrash(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	furnished(t, path)
	o := options(path)
	o.Sync = func() {}
	s := open(t, o)
	want := use(t, s)
	used := int(s.Stats().FileSize)
	closeStore(t, s)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	whole = whole[:used] // what is behind is empty
	refused := 0
	r := rand.New(rand.NewPCG(18, 7)) // the same ones each time
	for range 300 {
		changed := bytes.Clone(whole)
		at := 4096*(2+r.IntN(used/4096-2)) + r.IntN(16+16*6) // headers and the first elements; the first two pages are the latest two commits
		changed[at] ^= byte(1 << r.IntN(8))
		o.Path = newPath(t)
		if err := os.WriteFile(o.Path, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := store.Open(o)
		if err != nil {
			refused++
			continue
		}
		wantBelieved(t, fmt.Sprint("byte ", at), use(t, s), want)
		closeStore(t, s)
	}
	if refused < 10 {
		t.Errorf("only %d of 300 were refused: they changed nothing", refused)
	}
}
