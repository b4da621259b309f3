package store_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"messenger-bridge/bridge"
	"messenger-bridge/store"
)

func TestPages_AreKeptWholeAndInOrder(t *testing.T) {
	path := newPath(t)
	s := open(t, options(path))
	ctx := context.Background()
	page := bridge.Page{
		ID: "2", Name: "Bakery", Token: "EAAtoken", State: bridge.PageRunning, Why: bridge.Trouble{Kind: bridge.LeftOut, About: "Maria"},
		Settings: bridge.Settings{Name: "B", Department: "d", TextLimit: 100},
		Since:    time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	if err := errors.Join(s.SavePage(ctx, page), s.SavePage(ctx, bridge.Page{ID: "1"})); err != nil {
		t.Fatal(err)
	}
	check := func(s *store.Store) {
		t.Helper()
		got, err := s.Page("2")
		if err != nil || got.Rev == 0 {
			t.Fatalf("%+v, %v", got, err)
		}
		want := page
		want.Rev = got.Rev
		if got != want {
			t.Errorf("got %#v", got)
		}
		if list := s.Pages(); len(list) != 2 || list[0].ID != "1" || list[1].ID != "2" {
			t.Errorf("pages %+v", list)
		}
	}
	check(s)
	closeStore(t, s)
	s = open(t, options(path))
	check(s)

	old, _ := s.Page("2")
	if err := s.DeletePage(ctx, "2"); err != nil {
		t.Fatal(err)
	}
	if err := s.DeletePage(ctx, "2"); !errors.Is(err, bridge.ErrNoPage) {
		t.Errorf("deleted twice: %v", err)
	}
	if err := s.SavePage(ctx, old); !errors.Is(err, store.ErrConflict) {
		t.Errorf("saved a deleted page: %v", err)
	}
	if err := s.SavePage(ctx, bridge.Page{ID: "2"}); err != nil {
		t.Fatal(err)
	}
	if err := s.SavePage(ctx, old); !errors.Is(err, store.ErrConflict) {
		t.Errorf("the revision of a deleted page was taken for that of its successor: %v", err)
	}
}

func TestSavePage_OutdatedRevisions_AreRefused(t *testing.T) {
	s := open(t, options(newPath(t)))
	ctx := context.Background()
	if err := s.SavePage(ctx, bridge.Page{ID: "1", Rev: 5}); !errors.Is(err, store.ErrConflict) {
		t.Errorf("a page that was never stored: %v", err)
	}
	var created, conflicts atomic.Int32
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			switch err := s.SavePage(ctx, bridge.Page{ID: "1"}); {
			case err == nil:
				created.Add(1)
			case errors.Is(err, store.ErrConflict):
				conflicts.Add(1)
			default:
				t.Error(err)
			}
			for done := false; !done; { // count to ten together
				p, err := s.Page("1")
				if err != nil {
					t.Error(err)
					return
				}
				p.Settings.TextLimit++
				err = s.SavePage(ctx, p)
				if err != nil && !errors.Is(err, store.ErrConflict) {
					t.Error(err)
					return
				}
				done = err == nil
			}
		})
	}
	wg.Wait()
	if created.Load() != 1 || conflicts.Load() != 9 {
		t.Errorf("created %d times, %d conflicts", created.Load(), conflicts.Load())
	}
	if p, _ := s.Page("1"); p.Settings.TextLimit != 10 {
		t.Errorf("counted to %d", p.Settings.TextLimit)
	}
}

func TestLinks_AndTheirRooms(t *testing.T) {
	path := newPath(t)
	s := open(t, options(path))
	ctx := context.Background()
	c := conversation(1)
	if l, err := s.Link(c); err != nil || l != (bridge.Link{Conversation: c}) {
		t.Errorf("before: %+v, %v", l, err)
	}
	first := bridge.Link{Conversation: c, Visitor: "visitor-1", Room: "room1", Department: "dep"}
	second := bridge.Link{Conversation: c, Visitor: s.VisitorToken(c), Room: "room2"}
	closed := second
	closed.Room = ""
	for _, l := range []bridge.Link{first, second, closed} {
		if err := s.SaveLink(ctx, l); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Link(c); err != nil || got != l {
			t.Errorf("got %+v, %v, want %+v", got, err, l)
		}
	}
	closeStore(t, s)
	s = open(t, options(path))
	if got, err := s.Link(c); err != nil || got != closed {
		t.Errorf("after a restart: %+v, %v", got, err)
	}
	for _, room := range []bridge.RoomID{"room1", "room2"} {
		if got, ok, err := s.Conversation(room); err != nil || !ok || got != c {
			t.Errorf("%s: %+v, %v, %v", room, got, ok, err)
		}
	}
	if _, ok, err := s.Conversation("foreign"); ok || err != nil {
		t.Errorf("a room that is not ours: %v, %v", ok, err)
	}
	for name, bad := range map[string]bridge.Link{
		"empty": {}, "slash": {Conversation: bridge.Conversation{Page: "1/2", Customer: "3", Kind: bridge.Messages}},
	} {
		if s.SaveLink(ctx, bad) == nil {
			t.Errorf("%s: stored", name)
		}
	}
}

func TestVisitorToken_IsStableAndDiffers(t *testing.T) {
	s := open(t, options(newPath(t)))
	a, again, b := s.VisitorToken(conversation(1)), s.VisitorToken(conversation(1)), s.VisitorToken(conversation(2))
	other := open(t, store.Options{Path: newPath(t), Key: otherKey}).VisitorToken(conversation(1))
	comments := conversation(1)
	comments.Kind = bridge.Comments
	if a != again || a == b || a == other || a == s.VisitorToken(comments) || len(a) != 40 {
		t.Errorf("%s %s %s %s", a.Reveal(), again.Reveal(), b.Reveal(), other.Reveal())
	}
}

func TestReceipts_AreForgotten_After30Days(t *testing.T) {
	now := newClock()
	path := newPath(t)
	o := options(path)
	o.Now = now.Now
	s := open(t, o)
	ctx := context.Background()
	receipt := func(day int) bridge.Receipt {
		return bridge.Receipt{Page: "p", Mid: bridge.Mid(fmt.Sprint("m", day)), Tag: bridge.SendTag{Message: bridge.MessageID(fmt.Sprint("msg", day)), Part: day}}
	}
	both := func(day int) bool {
		r := receipt(day)
		mark, ok := s.TagOf(r.Page, r.Mid)
		return s.MidOf(r.Tag) == r.Mid && ok && mark == r.Tag
	}
	for day := range 40 {
		if err := s.SaveReceipts(ctx, []bridge.Receipt{receipt(day)}); err != nil {
			t.Fatal(err)
		}
		now.pass(24 * time.Hour)
	}
	closeStore(t, s)
	s = open(t, o)
	for day := range 40 {
		if want := day >= 10; both(day) != want { // it is day 40
			t.Errorf("day %d known: %v", day, !want)
		}
	}
	if _, ok := s.TagOf("other page", "m39"); ok {
		t.Error("a mid counts for its page only")
	}
	if s.MidOf(bridge.SendTag{Message: "msg39", Part: 1}) != "" {
		t.Error("a mark counts for its part only")
	}
	if err := s.SaveReceipts(ctx, []bridge.Receipt{{Page: "p", Tag: bridge.SendTag{Message: "x"}}, {Page: "p", Mid: "m"}}); err == nil {
		t.Error("a receipt without message was stored")
	}
}

// TestReceipts_StayWhenTheClockIsNotSet: a board without a battery begins in 1970, until it has asked for the time.
func TestReceipts_StayWhenTheClockIsNotSet(t *testing.T) {
	now := newClock()
	o := options(newPath(t))
	o.Now = now.Now
	s := open(t, o)
	set := now.Now()
	save := func(id string) {
		t.Helper()
		c := conversation(1)
		tag := bridge.SendTag{Message: bridge.MessageID(id)}
		if err := errors.Join(s.SaveName(t.Context(), c, "Maria "+id), s.SaveReceipts(t.Context(), []bridge.Receipt{{
			Page: c.Page, Mid: bridge.Mid("mid of " + id), Tag: tag, With: c, Sent: bridge.Sent{To: c, Tag: tag, At: set},
		}})); err != nil {
			t.Fatal(err)
		}
	}
	save("before")
	for _, at := range []time.Time{time.Date(1969, 12, 31, 23, 0, 0, 0, time.UTC), time.Date(1970, 1, 1, 1, 0, 0, 0, time.UTC), set.Add(time.Hour)} {
		now.pass(at.Sub(now.Now()))
		for n := range 3 {
			if err := s.KeepCursor(t.Context(), "read", at.Add(time.Duration(n))); err != nil {
				t.Fatal(err)
			}
		}
		save("then")
		for _, id := range []string{"before", "then"} {
			if mid := s.MidOf(bridge.SendTag{Message: bridge.MessageID(id)}); mid != bridge.Mid("mid of "+id) {
				t.Errorf("at %v, what was saved %s is %q", at, id, mid)
			}
		}
		if sent := s.SentSince(conversation(1), set.Add(-time.Minute)); len(sent) != 2 {
			t.Errorf("at %v, %d were sent", at, len(sent))
		}
		called, err := s.Called(conversation(1).Page, func(string) bool { return true })
		if err != nil || len(called) != 1 || called[0].Name != "Maria then" {
			t.Errorf("at %v, called %+v, %v", at, called, err)
		}
	}
}

// TestReceipts_ThatCannotBeStored_KeepNothingFromBeingConcluded: an earlier version has accepted ids with a zero.
func TestReceipts_ThatCannotBeStored_KeepNothingFromBeingConcluded(t *testing.T) {
	s := open(t, options(newPath(t)))
	seqs := add(t, s.Outbox(), entry("old"))
	odd := bridge.Receipt{Page: "p", Mid: "m1", Tag: bridge.SendTag{Message: "a\x00b"}}
	good := bridge.Receipt{Page: "p", Mid: "m2", Tag: bridge.SendTag{Message: "ab"}}
	if err := s.Outbox().Save(seqs[0], bridge.Progress{Part: 1}, odd, good); err != nil {
		t.Fatal(err)
	}
	if err := s.Outbox().Conclude(seqs[0], odd); err != nil {
		t.Fatal(err)
	}
	if s.MidOf(good.Tag) != "m2" || s.MidOf(odd.Tag) != "" {
		t.Error("not stored what can be, or stored what cannot")
	}
}

// TestReceipts_OfABusyDay_GoInSlices: no commit takes long because a day with many is over, and
// they go although nothing else happens.
func TestReceipts_OfABusyDay_GoInSlices(t *testing.T) {
	const each, calls = 500, 10
	now := newClock()
	o := options(newPath(t))
	o.Now = now.Now
	var commits atomic.Int64
	s := open(t, o.OnCommit(func(update func() error) error {
		commits.Add(1)
		return update()
	}))
	for call := range calls {
		var receipts []bridge.Receipt
		for n := range each {
			id := fmt.Sprint(call, "/", n)
			receipts = append(receipts, bridge.Receipt{Page: "p", Mid: bridge.Mid(id), Tag: bridge.SendTag{Message: bridge.MessageID(id)}})
		}
		if err := s.SaveReceipts(t.Context(), receipts); err != nil {
			t.Fatal(err)
		}
	}
	commits.Store(0)
	now.pass(32 * 24 * time.Hour)
	add(t, s.Notices(), entry("a month later"))
	if days, err := s.ReceiptDays(); days != 1 || err != nil {
		t.Fatalf("one commit has let go of all receipts: %d days, %v", days, err)
	}
	for days := 1; days > 0; { // with commits that are made for them
		var err error
		if days, err = s.ReceiptDays(); err != nil || t.Context().Err() != nil {
			t.Fatal(days, err)
		}
		time.Sleep(time.Millisecond)
	}
	if n := commits.Load(); n < 2*each*calls/1024 {
		t.Errorf("they went with %d commits", n)
	}
}

// A reply follows its message within milliseconds, long before a lazy conclusion is
// durable.
func TestReceipts_OfWhatIsShown_AreFoundAtOnceAndAfterwards(t *testing.T) {
	path := newPath(t)
	s := open(t, options(path))
	check := func(when string) {
		t.Helper()
		room, shown := s.ShownAs("p", "m_1")
		if room != "room" || !slices.Equal(shown, []bridge.MessageID{"fb1", "fb2"}) {
			t.Errorf("%s: shown in %q as %q", when, room, shown)
		}
		if mid := s.MidOf(bridge.SendTag{Message: "fb2"}); mid != "m_1" {
			t.Errorf("%s: the second message is %q", when, mid)
		}
		if _, ours := s.TagOf("p", "m_1"); ours {
			t.Errorf("%s: a customer's message counts as one of ours", when)
		}
		if room, shown := s.ShownAs("q", "m_1"); room != "" || len(shown) > 0 {
			t.Errorf("%s: another page knows it, too", when)
		}
	}
	one := add(t, s.Inbox(), entry("a"))
	if err := s.Inbox().Conclude(one[0], bridge.Receipt{Page: "p", Mid: "m_1", Room: "room", Shown: []bridge.MessageID{"fb1", "fb2"}}); err != nil {
		t.Fatal(err)
	}
	check("at once")
	add(t, s.Inbox(), entry("b")) // a commit that is made anyway
	check("after a commit")
	if n := s.UnsavedReceipts(); n != 0 {
		t.Errorf("%d keys are kept in memory for ever", n)
	}
	closeStore(t, s)
	s = open(t, options(path))
	check("after a restart")
}

// Every body and token must be unreadable in the file at all times, free pages included.
func TestFile_HoldsNoTextAndNoToken(t *testing.T) {
	const text, token, visitor = "MARKER-text-of-a-customer", "EAAMARKERtoken", "MARKERvisitor"
	path := newPath(t)
	s := open(t, options(path))
	ctx := context.Background()
	page := bridge.Page{ID: "1", Token: token}
	if err := errors.Join(s.SavePage(ctx, page), s.SaveLink(ctx, bridge.Link{Conversation: conversation(1), Visitor: visitor})); err != nil {
		t.Fatal(err)
	}
	var in, out []bridge.Seq
	for i := range 20 {
		e := bridge.Entry{Lane: lane("l"), Key: fmt.Sprint(i), Body: []byte(fmt.Sprint(text, i))}
		in = append(in, add(t, s.Inbox(), e)...)
		out = append(out, add(t, s.Outbox(), e)...)
	}
	wantNoPlaintext(t, path, text, token, visitor)
	for i := range 10 {
		if err := errors.Join(s.Inbox().Conclude(in[i]), s.Inbox().Fail(in[10+i], bridge.Rejected, ""),
			s.Outbox().Save(out[i], bridge.Progress{State: bridge.OutcomeUnknown})); err != nil {
			t.Fatal(err)
		}
	}
	stored, _ := s.Page("1")
	stored.Name = "renamed"
	if err := errors.Join(s.SavePage(ctx, stored), s.DeletePage(ctx, "1")); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	wantNoPlaintext(t, path, text, token, visitor, testKey.Reveal())
	s = open(t, options(path))
	if n := len(bodies(t, s.Outbox())); n != 20 {
		t.Errorf("%d can be read with the key", n)
	}
}

func TestIdleConversations_AreSmallInTheFile(t *testing.T) {
	const n = 20_000 // BenchmarkIdleConversations has 100,000
	each, commits := storeConversations(t, n)
	t.Logf("%.0f bytes of file for each of %d conversations (%d commits)", each, n, commits)
	if each > 400 {
		t.Errorf("%.0f bytes each, want at most 400", each)
	}
}

// storeConversations returns the bytes of file used for each, and the commits made.
func storeConversations(t testing.TB, n int) (each float64, commits uint64) {
	o := options(newPath(t))
	o.Sync = func() {}
	s := open(t, o)
	before := s.Stats()
	var wg sync.WaitGroup
	for w := range 256 {
		wg.Go(func() {
			for i := w; i < n; i += 256 {
				c := conversation(i * 7919 % n)
				l := bridge.Link{
					Conversation: c, Visitor: s.VisitorToken(c), Department: "department0000001",
					Room: bridge.RoomID(fmt.Sprintf("%017d", i*104729%n)),
				}
				if err := s.SaveLink(context.Background(), l); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	after := s.Stats()
	return float64(after.FileSize-after.Free-before.FileSize+before.Free) / float64(n), after.Commits
}

// edit changes a closed store behind its back.
func edit(t *testing.T, path string, change func(*bbolt.Tx) error) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Update(change), db.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestRecords_ThatSomebodyExchangedOrDamaged_AreNotBelieved(t *testing.T) {
	path := newPath(t)
	s := open(t, options(path))
	ctx := context.Background()
	seqs := add(t, s.Inbox(), entry("a"), entry("b"), entry("c"))
	for _, id := range []bridge.PageID{"1", "2"} {
		if err := s.SavePage(ctx, bridge.Page{ID: id, Token: bridge.Secret("token of " + id)}); err != nil {
			t.Fatal(err)
		}
	}
	closeStore(t, s)
	swap := func(b *bbolt.Bucket, x, y []byte) error {
		vx, vy := bytes.Clone(b.Get(x)), bytes.Clone(b.Get(y))
		return errors.Join(b.Put(x, vy), b.Put(y, vx))
	}
	key := func(seq bridge.Seq) []byte { return binary.BigEndian.AppendUint64(nil, uint64(seq)) }
	edit(t, path, func(tx *bbolt.Tx) error {
		return errors.Join(
			swap(tx.Bucket([]byte("inbox")), key(seqs[0]), key(seqs[1])),
			tx.Bucket([]byte("inbox")).Put(key(seqs[2]), []byte{1, 2, 3}),
			swap(tx.Bucket([]byte("pages")), []byte("1"), []byte("2")),
		)
	})

	s = open(t, options(path))
	for _, id := range []bridge.PageID{"1", "2"} {
		if p, err := s.Page(id); err != nil || p.Token != "" {
			t.Errorf("page %s has the %s, %v", id, p.Token.Reveal(), err)
		}
	}
	if n := len(waiting(t, s.Inbox())); n != 3 {
		t.Errorf("%d wait", n)
	}
	for _, seq := range seqs { // without a body it is set aside, and its lane goes on
		d, err := s.Inbox().Delivery(seq)
		if err != nil || d.Body != nil || d.Seq != seq {
			t.Errorf("delivery %d: %q, %v", seq, d.Body, err)
		}
		if err := s.Inbox().Fail(seq, bridge.StoreFailed, ""); err != nil {
			t.Errorf("fail %d: %v", seq, err)
		}
	}
	failed, err := listFailed(s)
	if err != nil || len(failed) != 3 {
		t.Fatalf("failed %+v, %v", failed, err)
	}
	for _, f := range failed {
		if _, err := s.Failure(f.Seq); err == nil {
			t.Errorf("failure %d can be read", f.Seq)
		}
	}
}

// TestReceipts_OfATextShownAsOne stand in one record, which both ids find.
func TestReceipts_OfATextShownAsOne(t *testing.T) {
	now := newClock()
	o := options(newPath(t))
	o.Now = now.Now
	s := open(t, o)
	in := bridge.Incoming{Conversation: conversation(1), Mid: "m_one", Key: bridge.MessageKey("m_one")}
	page, id := in.Conversation.Page, in.MessageID()
	check := func(when string, known bool) {
		t.Helper()
		room, shown := s.ShownAs(page, in.Mid)
		if known != (room == "room" && slices.Equal(shown, []bridge.MessageID{id})) || !known && len(shown) > 0 {
			t.Errorf("%s: shown in %q as %q", when, room, shown)
		}
		if mid := s.MidOf(bridge.SendTag{Message: id}); known != (mid == in.Mid) || !known && mid != "" {
			t.Errorf("%s: the message is %q", when, mid)
		}
		for what, mid := range map[string]bridge.Mid{
			"another part": s.MidOf(bridge.SendTag{Message: id, Part: 1}), "an edit": s.MidOf(bridge.SendTag{Message: id, Edit: 7}), "another": s.MidOf(bridge.SendTag{Message: "fb2"}),
		} {
			if mid != "" {
				t.Errorf("%s: %s is %q", when, what, mid)
			}
		}
		if _, shown := s.ShownAs("other", in.Mid); len(shown) > 0 {
			t.Errorf("%s: a mid counts for its page only", when)
		}
		if _, ours := s.TagOf(page, in.Mid); ours {
			t.Errorf("%s: a customer's message counts as one of ours", when)
		}
	}
	receipt := bridge.Receipt{Page: page, Mid: in.Mid, Room: "room", Shown: []bridge.MessageID{id}}
	if err := s.Inbox().Conclude(add(t, s.Inbox(), entry("one"))[0], receipt); err != nil {
		t.Fatal(err)
	}
	check("at once", true)
	closeStore(t, s)
	s = open(t, o)
	check("after a restart", true)
	now.pass(29 * 24 * time.Hour)
	check("a month later", true)
	now.pass(3 * 24 * time.Hour)
	check("later", false)

	for _, more := range []bridge.MessageID{id, "fb_more"} { // shown again, with more in it, and beside it
		receipt.Shown = append(receipt.Shown, more)
		if err := s.SaveReceipts(t.Context(), []bridge.Receipt{receipt}); err != nil {
			t.Fatal(err)
		}
		if _, shown := s.ShownAs(page, in.Mid); !slices.Equal(shown, receipt.Shown) || s.MidOf(bridge.SendTag{Message: id}) != in.Mid {
			t.Errorf("with something more: shown as %q", shown)
		}
	}
}
