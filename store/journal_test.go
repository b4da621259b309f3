package store_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.etcd.io/bbolt"

	"messenger-bridge/bridge"
	"messenger-bridge/replica"
	"messenger-bridge/store"
	"messenger-bridge/store/changes"
)

// book is a journal in memory.
type book struct {
	mu    sync.Mutex // guards all below
	steps []changes.Step
	fail  error // of the next append
	lost  bool  // it is stored all the same
}

func (b *book) Append(text []byte) (replica.Position, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fail != nil && !b.lost {
		return replica.Position{}, b.fail
	}
	at := replica.Position{Seq: uint64(len(b.steps) + 1), Epoch: 1}
	b.steps = append(b.steps, changes.Step{At: at, Changes: append([]byte{}, text...)})
	return at, b.fail
}

func (b *book) Beat() error              { return b.fail }
func (b *book) BeatEvery() time.Duration { return time.Hour }

func (b *book) after(at replica.Position) []changes.Step {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]changes.Step{}, b.steps[at.Seq:]...)
}

func (b *book) len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.steps)
}

// snapshot writes what s is to a new path, as a follower begins.
func snapshot(t *testing.T, s *store.Store) string {
	t.Helper()
	path := newPath(t)
	f, err := os.Create(path)
	if err == nil {
		_, err = s.Snapshot(f)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func openFollower(t *testing.T, o store.Options) *changes.Copy {
	t.Helper()
	c, err := store.OpenCopy(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// same fails if two closed files differ.
func same(t *testing.T, one, other string) {
	t.Helper()
	var dbs []*bbolt.DB
	for _, path := range []string{one, other} {
		db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		dbs = append(dbs, db)
	}
	if difference, err := changes.Differ(dbs[0], dbs[1]); difference != "" || err != nil {
		t.Errorf("the files differ: %s, error %v", difference, err)
	}
}

// randomLife does random things to a store.
type randomLife struct {
	*testing.T
	*rand.Rand
	store *store.Store
	now   *time.Time
	keys  int
}

func (l *randomLife) conversation() bridge.Conversation {
	return bridge.Conversation{Page: "page", Customer: bridge.CustomerID(fmt.Sprint("c", l.IntN(5))), Kind: bridge.Messages}
}

func (l *randomLife) queue() *store.Queue {
	return []*store.Queue{l.store.Inbox(), l.store.Outbox(), l.store.Notices()}[l.IntN(3)]
}

func (l *randomLife) receipts() []bridge.Receipt {
	l.keys++
	c := l.conversation()
	if l.IntN(2) == 0 {
		return []bridge.Receipt{{Page: "page", Mid: bridge.Mid(fmt.Sprint("m", l.keys)), Room: "room", Shown: []bridge.MessageID{bridge.MessageID(fmt.Sprint("s", l.keys))}}}
	}
	tag := bridge.SendTag{Message: bridge.MessageID(fmt.Sprint("a", l.keys))}
	return []bridge.Receipt{{Page: "page", Mid: bridge.Mid(fmt.Sprint("m", l.keys)), Tag: tag, With: c, TextHash: "hash", Sent: bridge.Sent{To: c, Tag: tag, At: *l.now}}}
}

// step does one thing; what it returns is not of interest.
func (l *randomLife) step() {
	ctx := context.Background()
	c, q := l.conversation(), l.queue()
	waits := func(do func(bridge.Seq)) {
		for _, d := range waiting(l, q) {
			if l.IntN(3) == 0 {
				do(d.Seq)
			}
		}
	}
	switch l.IntN(19) {
	case 0, 1, 2, 3:
		var entries []bridge.Entry
		for range 1 + l.IntN(4) {
			l.keys++
			entries = append(entries, bridge.Entry{Lane: c.Lane(), Key: fmt.Sprint("k", l.keys), Body: make([]byte, l.IntN(3000))})
		}
		_, _ = q.Append(ctx, entries, nil)
	case 4:
		waits(func(s bridge.Seq) { _ = q.Conclude(s, l.receipts()...) })
	case 5:
		waits(func(s bridge.Seq) { _ = q.Save(s, bridge.Progress{}, l.receipts()...) })
	case 6:
		waits(func(s bridge.Seq) { _ = q.Fail(s, bridge.NoAgent, "detail") })
	case 7:
		waits(func(s bridge.Seq) { q.Postpone(s, bridge.History{}) })
	case 8:
		_ = l.store.SaveLink(ctx, bridge.Link{Conversation: c, Room: bridge.RoomID(fmt.Sprint("room", l.IntN(9)))})
	case 9:
		_ = l.store.SaveReceipts(ctx, l.receipts())
	case 10:
		page, _ := l.store.Page("page")
		page.ID, page.Name = "page", fmt.Sprint(l.Int())
		_ = l.store.SavePage(ctx, page)
	case 11:
		if l.IntN(4) == 0 {
			_ = l.store.DeletePage(ctx, "page")
		}
		_ = l.store.SavePersona(ctx, "page", fmt.Sprint(l.IntN(3)), "", []string{"", "id"}[l.IntN(2)])
	case 12:
		_ = l.store.SaveTicket(ctx, bridge.Ticket{ID: fmt.Sprint(l.IntN(4)), Expires: l.now.Add(time.Hour)})
		_, _ = l.store.SpendTicket(ctx, fmt.Sprint(l.IntN(4)), "")
	case 13:
		_ = l.store.KeepCursor(ctx, "cursor", *l.now)
		_ = l.store.SaveNote(ctx, "note", fmt.Sprint(l.Int()))
		_ = l.store.SaveName(ctx, c, "name")
	case 14:
		_ = l.store.EraseConversation(ctx, c, []bridge.RoomID{"room"})
		_ = l.store.Overwrite(ctx)
	case 15:
		_ = l.store.SaveRevocation(ctx, bridge.Revocation{Page: "page", Since: *l.now})
		_ = l.store.EraseRevocation(ctx, "page")
	case 16:
		l.store.Trail().Note(c, bridge.Step{At: *l.now, Kind: bridge.StepDone, Direction: bridge.In, Delivery: bridge.Seq(l.IntN(9)), IDs: []string{"id"}})
	case 17:
		_ = l.store.Journal().Record(ctx, bridge.Change{By: "@ana", What: "page state", Page: "page"})
	case 18:
		*l.now = l.now.Add(time.Duration(l.IntN(40)) * 24 * time.Hour)
	}
}

// Whatever a store writes, a copy that follows its journal is the same: from a snapshot at any
// time, in steps of any size, stopped and opened again at any point.
func TestJournal_CopyIsTheSameAsTheStore(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 1))
			now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
			j, path := &book{}, newPath(t)
			o := options(path)
			o.Journal, o.Now = j, func() time.Time { return now }
			s := open(t, o)
			l := &randomLife{T: t, Rand: random, store: s, now: &now}
			for range random.IntN(30) {
				l.step()
			}
			copied := options(snapshot(t, s))
			c := openFollower(t, copied)
			for range 120 {
				l.step()
				if random.IntN(4) == 0 {
					steps := j.after(c.At())
					if err := c.Apply(steps[:random.IntN(len(steps)+1)]); err != nil {
						t.Fatal(err)
					}
				}
				if random.IntN(10) == 0 {
					if err := c.Close(); err != nil {
						t.Fatal(err)
					}
					c = openFollower(t, copied)
				}
			}
			closeStore(t, s)
			for len(j.after(c.At())) > 0 {
				if err := c.Apply(j.after(c.At())); err != nil {
					t.Fatal(err)
				}
			}
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
			same(t, path, copied.Path)
			if j.len() == 0 {
				t.Error("nothing was written to the journal")
			}
		})
	}
}

// silent is a journal that answers no beat until it is told to.
type silent struct {
	book
	once          sync.Once
	asked, answer chan struct{}
}

func (b *silent) BeatEvery() time.Duration { return time.Second }

func (b *silent) Beat() error {
	b.once.Do(func() { close(b.asked) })
	<-b.answer
	return replica.ErrDeposed
}

// Who waits for the journal can write nothing, and says so before anybody wants to write.
func TestJournal_DoesNotAnswerABeat_NothingIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &silent{asked: make(chan struct{}), answer: make(chan struct{})}
		o := options(newPath(t))
		o.Journal = j
		s := open(t, o)
		<-j.asked
		time.Sleep(2100 * time.Millisecond) // of the bubble
		if err := s.Health(); !errors.Is(err, store.ErrBehind) {
			t.Errorf("nothing can be written, and the store says %v", err)
		}
		if _, err := s.Inbox().Append(context.Background(), []bridge.Entry{entry("1")}, nil); !errors.Is(err, store.ErrNotStored) {
			t.Errorf("appended: %v", err)
		}
		close(j.answer)
		<-s.Deposed()
		_ = s.Close()
	})
}

// What the journal refuses is not in the file, and what is written afterwards neither.
func TestJournal_RefusalDeposes(t *testing.T) {
	t.Parallel()
	j := &book{}
	o := options(newPath(t))
	o.Journal = j
	s := open(t, o)
	add(t, s.Inbox(), entry("1"))
	j.fail = replica.ErrDeposed
	for _, key := range []string{"2", "3"} {
		if _, err := s.Inbox().Append(context.Background(), []bridge.Entry{entry(key)}, nil); !errors.Is(err, replica.ErrDeposed) || !errors.Is(err, store.ErrNotStored) {
			t.Fatalf("appended: %v", err)
		}
		j.fail = nil // it would take the next: but it may hold what the file does not
	}
	<-s.Deposed()
	if s.Health() == nil {
		t.Error("a deposed store is healthy")
	}
	if n := len(waiting(t, s.Inbox())); n != 1 || j.len() != 1 {
		t.Errorf("%d wait, %d stand in the journal", n, j.len())
	}
}

// When the file fails after the journal took a record, the store is deposed, and the file follows
// like any other.
func TestJournal_FileFailsAfterTheAppend(t *testing.T) {
	t.Parallel()
	j, path := &book{}, newPath(t)
	o := options(path)
	o.Journal = j
	broken := errors.New("disk full")
	failing := false
	s := open(t, o.OnCommit(func(update func() error) error {
		if err := update(); err != nil || !failing {
			return err
		}
		return broken
	}))
	start := snapshot(t, s)
	add(t, s.Inbox(), entry("1"))
	failing = true
	if _, err := s.Inbox().Append(context.Background(), []bridge.Entry{entry("2")}, nil); !errors.Is(err, broken) {
		t.Fatal(err)
	}
	<-s.Deposed()
	if err := store.DeposedBy(s); !errors.Is(err, broken) || errors.Is(err, replica.ErrDeposed) {
		t.Errorf("it is deposed by %v", err)
	}
	if _, err := s.Inbox().Append(context.Background(), []bridge.Entry{entry("3")}, nil); !errors.Is(err, replica.ErrDeposed) || !errors.Is(err, broken) {
		t.Errorf("what comes then is refused with %v, not with what began it", err)
	}
	_ = s.Close()
	for _, p := range []string{path, start} {
		c := openFollower(t, options(p))
		if err := c.Apply(j.after(c.At())); err != nil {
			t.Fatal(err)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	same(t, path, start)
	o.Journal, o.Leaves, o.Path = nil, true, start
	if n := len(waiting(t, open(t, o).Inbox())); n != 2 {
		t.Errorf("%d wait, the journal holds 2", n)
	}
}

// A file that follows is not opened past the journal by chance, and is as it was; one that is written without the
// journal on purpose, and a backup, have no place in it.
func TestJournal_WhoeverGoesAnotherWayLosesTheirPlace(t *testing.T) {
	t.Parallel()
	o := options(newPath(t))
	o.Journal = &book{}
	s := open(t, o)
	add(t, s.Inbox(), entry("1"))
	backup := newPath(t)
	f, err := os.Create(backup)
	if err == nil {
		_, err = s.Backup(context.Background(), f)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	o.Journal = nil
	if _, err := store.Open(o); !errors.Is(err, store.ErrReplica) {
		t.Errorf("it opens past the journal: %v", err)
	}
	if _, err := store.Check(o); err != nil {
		t.Errorf("it cannot be looked at: %v", err)
	}
	restored := options(newPath(t))
	if _, err := store.Restore(o.Path, restored); err != nil {
		t.Errorf("a copy of it cannot be restored: %v", err)
	}
	if c := openFollower(t, o); c.At().Seq == 0 {
		t.Error("a file that follows has no place")
	} else if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	o.Leaves = true
	closeStore(t, open(t, o))
	for _, path := range []string{o.Path, backup} {
		if c := openFollower(t, options(path)); c.At() != (replica.Position{}) {
			t.Errorf("at %+v", c.At())
		}
	}
}

// A file of an older format with which a journal begins anew opens afterwards, and is known as a copy.
func TestPutToUse_OfAnOlderFormat_Opens(t *testing.T) {
	t.Parallel()
	o, _ := copyFormat1(t)
	o.Leaves = true
	c := openFollower(t, o)
	if err := errors.Join(store.PutToUse(c, o, replica.Position{Seq: 1, Epoch: 1}), c.Close()); err != nil {
		t.Fatal(err)
	}
	if at, err := open(t, o).Cursor(bridge.CursorCopied); at.IsZero() || err != nil {
		t.Errorf("it was put to use at %v, %v", at, err)
	}
}

// A copy is upgraded when a leader of a newer format begins, and refuses one that it does not know.
func TestJournal_UpgradeOfTheFormat(t *testing.T) {
	t.Parallel()
	o := options(newPath(t))
	o.Journal = &book{}
	s := open(t, o)
	path := snapshot(t, s)
	closeStore(t, s)
	claim := changes.Step{At: replica.Position{Seq: 1, Epoch: 2}, Format: store.Format + 1}
	old := openFollower(t, options(path))
	if err := old.Apply([]changes.Step{claim}); !errors.Is(err, store.ErrNewer) {
		t.Errorf("a newer format: %v", err)
	}
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	step := func(put func(bucket, key, value string) error) error { return put("meta", "note/upgraded", "yes") }
	next := openFollower(t, options(path).NextFormat(step))
	if err := next.Apply([]changes.Step{claim}); err != nil {
		t.Fatal(err)
	}
	if err := next.Close(); err != nil {
		t.Fatal(err)
	}
	closeStore(t, open(t, o.NextFormat(step)))
	same(t, o.Path, path)
}

// Receipts that go in slices, with commits made for them, go from a follower as well: in the middle
// of it and when all are gone.
func TestJournal_FollowsWhatGoesInSlices(t *testing.T) {
	t.Parallel()
	now := newClock()
	j := &book{}
	o := options(newPath(t))
	o.Journal, o.Now = j, now.Now
	s := open(t, o)
	copied := options(snapshot(t, s))
	var receipts []bridge.Receipt
	for n := range 2000 {
		receipts = append(receipts, bridge.Receipt{Page: "p", Mid: bridge.Mid(fmt.Sprint(n)), Tag: bridge.SendTag{Message: bridge.MessageID(fmt.Sprint(n))}})
	}
	if err := s.SaveReceipts(t.Context(), receipts); err != nil {
		t.Fatal(err)
	}
	now.pass(32 * 24 * time.Hour)
	add(t, s.Notices(), entry("a month later"))
	if days, err := s.ReceiptDays(); days != 1 || err != nil {
		t.Fatalf("they went at once: %d days, %v", days, err)
	}
	closeStore(t, s)
	follow := func() {
		t.Helper()
		c := openFollower(t, copied)
		if err := errors.Join(c.Apply(j.after(c.At())), c.Close()); err != nil {
			t.Fatal(err)
		}
		same(t, o.Path, copied.Path)
	}
	follow()
	s = open(t, o)
	add(t, s.Notices(), entry("and again"))
	for days := 1; days > 0; {
		var err error
		if days, err = s.ReceiptDays(); err != nil || t.Context().Err() != nil {
			t.Fatal(days, err)
		}
		time.Sleep(time.Millisecond)
	}
	closeStore(t, s)
	follow()
}

// What became of deliveries and what was changed goes to a follower as well: as it comes, as it is
// erased, and as it grows too old.
func TestJournal_FollowsTrailAndAudit(t *testing.T) {
	t.Parallel()
	now := newClock()
	j := &book{}
	o := options(newPath(t))
	o.Journal, o.Now = j, now.Now
	s := open(t, o)
	copied := options(snapshot(t, s))
	follow := func(steps, changed int) {
		t.Helper()
		closeStore(t, s)
		c := openFollower(t, copied)
		if err := errors.Join(c.Apply(j.after(c.At())), c.Close()); err != nil {
			t.Fatal(err)
		}
		same(t, o.Path, copied.Path)
		lone := copied
		lone.Path, lone.Now, lone.Leaves = newPath(t), now.Now, true
		if text, err := os.ReadFile(copied.Path); err != nil || os.WriteFile(lone.Path, text, 0o600) != nil {
			t.Fatal(err)
		}
		alone := open(t, lone)
		trail, err := alone.Trail().StepsOf(t.Context(), walked)
		all, err2 := alone.Journal().Changes(time.Time{}, 10)
		if len(trail) != steps || len(all) != changed || err != nil || err2 != nil {
			t.Errorf("the follower has steps %+v and changes %+v, %v, %v", trail, all, err, err2)
		}
		closeStore(t, alone)
		s = open(t, o)
	}
	note := func(seq bridge.Seq) {
		t.Helper()
		s.Trail().Note(walked, step(now.Now(), seq, bridge.StepDone, "m"))
		if err := s.Journal().Record(t.Context(), bridge.Change{By: "@ana", What: fmt.Sprint(seq)}); err != nil {
			t.Fatal(err)
		}
	}
	note(1)
	follow(1, 1)
	now.pass(24 * time.Hour)
	note(2)
	follow(2, 2)
	now.pass(30 * 24 * time.Hour) // the first day is over
	note(3)
	follow(2, 3)
	if err := s.EraseConversation(t.Context(), walked, nil); err != nil {
		t.Fatal(err)
	}
	follow(0, 3)
	now.pass(366 * 24 * time.Hour)
	note(4)
	follow(1, 1)
}

// beating is a journal that tells of each beat.
type beating struct {
	book
	beats chan struct{}
}

func (b *beating) BeatEvery() time.Duration { return time.Millisecond }

func (b *beating) Beat() error {
	select {
	case b.beats <- struct{}{}:
	default:
	}
	return nil
}

// While a store that is being closed waits for who copies it, it shows that it lives: nobody else is to lead yet.
func TestJournal_ClosingWaitsForACopy_ItBeats(t *testing.T) {
	t.Parallel()
	j := &beating{beats: make(chan struct{})}
	o := options(newPath(t))
	o.Journal = j
	s := open(t, o)
	s.Copying().RLock()
	closed := make(chan error, 1)
	go func() { closed <- s.Close() }()
	for s.Copying().TryRLock() { // until it waits
		s.Copying().RUnlock()
		runtime.Gosched()
	}
	for range 3 { // while it waits
		select {
		case <-j.beats:
		case <-time.After(10 * time.Second):
			t.Error("it is silent")
		}
	}
	s.Copying().RUnlock()
	if err := <-closed; err != nil {
		t.Error(err)
	}
}
