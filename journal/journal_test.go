package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"messenger-bridge/replica"
	"messenger-bridge/sandbox/cluster"
)

var secret = bytes.Repeat([]byte{7}, 32)

// one is a single node that most tests share; each has a stream of its own.
var one = sync.OnceValues(func() (*cluster.Cluster, error) { return cluster.Start(1) })

func TestMain(m *testing.M) {
	code := m.Run()
	if c, err := one(); err == nil {
		c.Close()
	}
	os.Exit(code)
}

var streams atomic.Int64

func config(t *testing.T) Config {
	t.Helper()
	c, err := one()
	if err != nil {
		t.Fatal(err)
	}
	return Config{
		URL: c.URL(), Name: fmt.Sprintf("j%d", streams.Add(1)), Replicas: 1, Secret: secret, TakeoverAfter: 600 * time.Millisecond,
		Self: replica.Claim{Name: "a", URL: "http://a", Program: "1", Format: 2}, Log: slog.New(slog.DiscardHandler),
	}
}

func open(t *testing.T, c Config) *Stream {
	t.Helper()
	s, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func claim(t *testing.T, s *Stream, at replica.Position) *Term {
	t.Helper()
	term, err := s.Claim(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	return term
}

func store(t *testing.T, term *Term, changes ...string) {
	t.Helper()
	for _, c := range changes {
		if _, err := term.Append([]byte(c)); err != nil {
			t.Fatalf("append %.20q: %v", c, err)
		}
	}
}

// stored reads a whole journal and returns what it changes, in order, until nobody leads.
func stored(t *testing.T, s *Stream, at replica.Position) (changes []string, f *Follower) {
	t.Helper()
	f = s.Follow(at, replica.Claim{})
	err := f.Run(t.Context(), func(records []Record) error {
		for _, r := range records {
			if r.Kind == replica.Changes {
				changes = append(changes, string(r.Changes))
			}
		}
		return nil
	})
	if !errors.Is(err, ErrVacant) {
		t.Fatalf("following ended: %v", err)
	}
	return changes, f
}

func TestJournal_AllThatIsAppendedIsFollowedInOrder(t *testing.T) {
	t.Parallel()
	s := open(t, config(t))
	first := claim(t, s, replica.Position{})
	large := strings.Repeat("large ", 500_000)
	store(t, first, "1", large, "2")
	if err := first.Beat(); err != nil {
		t.Fatal(err)
	}
	if err := first.Bye(); err != nil {
		t.Fatal(err)
	}
	if _, err := first.Append([]byte("late")); !errors.Is(err, replica.ErrDeposed) {
		t.Errorf("appended after the end of the term: %v", err)
	}
	changes, f := stored(t, s, replica.Position{})
	if len(changes) != 3 || changes[0] != "1" || changes[1] != large || changes[2] != "2" {
		t.Errorf("%d changes came", len(changes))
	}
	second := claim(t, s, f.At())
	store(t, second, "3")
	if at := second.At(); at.Epoch != first.At().Epoch+1 {
		t.Errorf("epoch %d follows %d", at.Epoch, first.At().Epoch)
	}
}

// A leader that is deposed cannot append, whatever it believes, and whoever does not know all
// cannot claim.
func TestTerm_FencedByTheNextClaim(t *testing.T) {
	t.Parallel()
	c := config(t)
	c.TakeoverAfter = time.Minute // a term outlasts this test on any machine
	old := claim(t, open(t, c), replica.Position{})
	store(t, old, "1")
	c.Self.Name = "b"
	s := open(t, c)
	if _, err := s.Claim(t.Context(), replica.Position{}); !errors.Is(err, replica.ErrDeposed) {
		t.Fatalf("claimed without knowing the newest record: %v", err)
	}
	next := claim(t, s, old.At())
	store(t, next, "2")
	for range 2 {
		if _, err := old.Append([]byte("stale")); !errors.Is(err, replica.ErrDeposed) {
			t.Fatalf("a deposed leader appended: %v", err)
		}
	}
	if old.Leads() || !next.Leads() {
		t.Errorf("leads: old %v, next %v", old.Leads(), next.Leads())
	}
	store(t, next, "3")
	if err := next.Bye(); err != nil {
		t.Fatal(err)
	}
	if changes, _ := stored(t, s, replica.Position{}); strings.Join(changes, " ") != "1 2 3" {
		t.Errorf("the journal holds %q", changes)
	}
}

// A leader that was away while others led for so long that its place was let go of, ends: nobody
// will ever tell it what stands there.
func TestTerm_ItsPlaceIsLetGoOf_IsDeposed(t *testing.T) {
	t.Parallel()
	c := config(t)
	c.TakeoverAfter = time.Minute
	ctx, stop := context.WithTimeout(t.Context(), time.Minute) // for ever, otherwise
	defer stop()
	old, err := open(t, c).Claim(ctx, replica.Position{})
	if err != nil {
		t.Fatal(err)
	}
	store(t, old, "1")
	s := open(t, c)
	next := claim(t, s, old.At())
	store(t, next, "2", "3", "4")
	stream, err := s.js.Stream(t.Context(), c.Name)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Purge(t.Context(), jetstream.WithPurgeSequence(next.At().Seq)); err != nil {
		t.Fatal(err)
	}
	if _, err := old.Append([]byte("stale")); !errors.Is(err, replica.ErrDeposed) || old.Ended() == nil || ctx.Err() != nil {
		t.Errorf("appended: %v", err)
	}
	store(t, next, "5")
}

// Of many who claim at once one leads.
func TestClaim_OneOfMany(t *testing.T) {
	t.Parallel()
	c := config(t)
	open(t, c)
	var leads atomic.Int64
	var wg sync.WaitGroup
	for i := range 8 {
		c.Self.Name = fmt.Sprint(i)
		s := open(t, c)
		wg.Go(func() {
			switch _, err := s.Claim(t.Context(), replica.Position{}); {
			case err == nil:
				leads.Add(1)
			case !errors.Is(err, replica.ErrDeposed):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if leads.Load() != 1 {
		t.Errorf("%d lead", leads.Load())
	}
}

// faulty loses questions and answers.
type faulty struct {
	engine
	calls  atomic.Int64
	before func(call int64) error // the question is lost
	after  func(call int64) error // the answer is
}

func (f *faulty) append(ctx context.Context, frame []byte, after uint64) (uint64, error) {
	n := f.calls.Add(1)
	if err := f.before(n); err != nil {
		return 0, err
	}
	seq, err := f.engine.append(ctx, frame, after)
	if lost := f.after(n); lost != nil {
		return 0, lost
	}
	return seq, err
}

// Each record is stored once, whatever is lost at every append: the question, the answer, the
// answer until the repeat is under way.
func TestAppend_LostQuestionsAndAnswers(t *testing.T) {
	t.Parallel()
	lost, never := errors.New("lost"), func(int64) error { return nil }
	odd := func(n int64) error {
		if n%2 == 1 {
			return lost
		}
		return nil
	}
	for name, f := range map[string]*faulty{
		"question": {before: odd, after: never}, "answer": {before: never, after: odd},
		"both": {before: odd, after: func(n int64) error { return odd(n / 2) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := config(t)
			c.wrap = func(e engine) engine { f.engine = e; return f }
			s := open(t, c)
			term := claim(t, s, replica.Position{})
			var want []string
			for i := range 6 {
				want = append(want, fmt.Sprint(i))
			}
			store(t, term, want...)
			if err := term.Bye(); err != nil {
				t.Fatal(err)
			}
			if changes, _ := stored(t, s, replica.Position{}); strings.Join(changes, " ") != strings.Join(want, " ") {
				t.Errorf("the journal holds %q", changes)
			}
			if s.Figures.Retries()+s.Figures.Resolved() == 0 {
				t.Error("nothing was lost")
			}
		})
	}
}

// late answers a first try after the repeat has been made: it comes to the stream behind it.
type late struct {
	engine
	once sync.Once
	done chan struct{}
}

func (l *late) append(ctx context.Context, frame []byte, after uint64) (seq uint64, err error) {
	first := false
	l.once.Do(func() { first = true })
	if first {
		go func() {
			defer close(l.done)
			_, _ = l.engine.append(context.WithoutCancel(ctx), frame, after)
		}()
		return 0, errors.New("nobody knows")
	}
	return l.engine.append(ctx, frame, after)
}

func TestAppend_TryThatArrivesLate(t *testing.T) {
	t.Parallel()
	c := config(t)
	l := &late{done: make(chan struct{})}
	c.wrap = func(e engine) engine { l.engine = e; return l }
	s := open(t, c)
	term := claim(t, s, replica.Position{})
	store(t, term, "1", "2")
	<-l.done
	store(t, term, "3")
	_ = term.Bye()
	if changes, _ := stored(t, s, replica.Position{}); strings.Join(changes, " ") != "1 2 3" {
		t.Errorf("the journal holds %q", changes)
	}
}

// half lets a certain number of appends through.
type half struct {
	engine
	left atomic.Int64
	none func() // called when nothing is let through any more
}

func (h *half) append(ctx context.Context, frame []byte, after uint64) (uint64, error) {
	if h.left.Add(-1) < 0 {
		h.none()
		return 0, errors.New("cut off")
	}
	return h.engine.append(ctx, frame, after)
}

// What is left half-written by a leader that dies is void.
func TestAppend_HalfOfTheParts(t *testing.T) {
	t.Parallel()
	c := config(t)
	h := &half{}
	h.left.Store(3) // the claim and two parts
	c.wrap = func(e engine) engine { h.engine = e; return h }
	ctx, end := context.WithCancel(t.Context())
	h.none = end
	term, err := open(t, c).Claim(ctx, replica.Position{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := term.Append(make([]byte, 4<<20)); !errors.Is(err, replica.ErrDeposed) {
		t.Fatalf("appended: %v", err)
	}
	c.wrap = nil
	s := open(t, c)
	changes, f := stored(t, s, replica.Position{})
	if len(changes) != 0 || f.At().Seq != 3 {
		t.Fatalf("%d changes, at %d", len(changes), f.At().Seq)
	}
	next := claim(t, s, f.At())
	store(t, next, "whole")
	_ = next.Bye()
	if changes, _ := stored(t, s, replica.Position{}); strings.Join(changes, " ") != "whole" {
		t.Errorf("%d changes, of %d bytes the first", len(changes), len(changes[0]))
	}
}

// A leader that beats is not taken for silent; one that is silent is, and then has not led for a while.
func TestFollow_SilenceOfTheLeader(t *testing.T) {
	t.Parallel()
	c := config(t)
	c.TakeoverAfter = 4 * time.Second // five beats that are late, and still no silence
	s := open(t, c)
	term := claim(t, s, replica.Position{})
	f := s.Follow(replica.Position{}, replica.Claim{})
	ended := make(chan error, 1)
	go func() { ended <- f.Run(t.Context(), func([]Record) error { return nil }) }()
	for range 8 { // longer than the silence
		select {
		case err := <-ended:
			t.Fatalf("a leader that beats was taken for silent: %v", err)
		case <-time.After(term.BeatEvery()):
		}
		if err := term.Beat(); err != nil {
			t.Fatal(err)
		}
	}
	if l := f.Leader(); l.Name != "a" || l.URL != "http://a" {
		t.Errorf("leader is %+v", l)
	}
	if err := <-ended; !errors.Is(err, ErrVacant) {
		t.Fatal(err)
	}
	if term.Leads() {
		t.Error("a silent leader's term lasts longer than others wait")
	}
}

func TestFollow_Refusals(t *testing.T) {
	t.Parallel()
	c := config(t)
	s := open(t, c)
	term := claim(t, s, replica.Position{})
	store(t, term, "1", "2", "3")
	at := term.At()
	follow := func(s *Stream, at replica.Position) error {
		return s.Follow(at, replica.Claim{}).Run(t.Context(), func([]Record) error { return nil })
	}
	other := c
	other.Secret = bytes.Repeat([]byte{8}, 32)
	if err := follow(open(t, other), replica.Position{}); !errors.Is(err, replica.ErrBroken) {
		t.Errorf("another key: %v", err)
	}
	if err := follow(s, replica.Position{Seq: 2, Epoch: 1, Chain: [16]byte{1}}); !errors.Is(err, replica.ErrBroken) {
		t.Errorf("another past: %v", err)
	}
	if err := follow(s, replica.Position{Seq: at.Seq + 9, Epoch: 1}); !errors.Is(err, ErrTailLost) {
		t.Errorf("a lost tail: %v", err)
	}
	stream, err := s.js.Stream(t.Context(), c.Name)
	if err == nil {
		err = stream.Purge(t.Context(), jetstream.WithPurgeSequence(3))
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := follow(s, replica.Position{}); !errors.Is(err, ErrTooOld) {
		t.Errorf("too old: %v", err)
	}
	failed := errors.New("disk full")
	if err := s.Follow(replica.Position{}, replica.Claim{}).Run(t.Context(), func([]Record) error { return failed }); errors.Is(err, failed) {
		t.Errorf("handed out what does not follow")
	}
}

func TestOpen_RefusesUnsafeStreams(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*jetstream.StreamConfig){
		"memory":  func(c *jetstream.StreamConfig) { c.Storage = jetstream.MemoryStorage },
		"age":     func(c *jetstream.StreamConfig) { c.MaxAge = time.Hour },
		"count":   func(c *jetstream.StreamConfig) { c.MaxMsgs = 10 },
		"size":    func(c *jetstream.StreamConfig) { c.MaxBytes = 1 << 20 },
		"direct":  func(c *jetstream.StreamConfig) { c.AllowDirect = true },
		"small":   func(c *jetstream.StreamConfig) { c.MaxMsgSize = 64 << 10 },
		"foreign": func(c *jetstream.StreamConfig) { c.Subjects = []string{c.Name + ".other"} },
		"queue":   func(c *jetstream.StreamConfig) { c.Retention = jetstream.WorkQueuePolicy },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := config(t)
			helper := open(t, config(t))
			stream := settings(helper.cfg)
			stream.Name, stream.Subjects = c.Name, []string{c.Name}
			spoil(&stream)
			if _, err := helper.js.CreateStream(t.Context(), stream); err != nil {
				t.Fatal(err)
			}
			if s, err := Open(t.Context(), c); !errors.Is(err, ErrRefused) {
				t.Errorf("opened %v, error %v", s, err)
			}
		})
	}
	t.Run("replicas", func(t *testing.T) {
		t.Parallel()
		c := config(t)
		open(t, c)
		c.Replicas = 3
		if _, err := Open(t.Context(), c); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "JOURNAL_REPLICAS") {
			t.Error(err)
		}
	})
}

func TestSnapshots_TwoAreKeptAndTheRecordsAfterThem(t *testing.T) {
	t.Parallel()
	s := open(t, config(t))
	ctx := t.Context()
	if _, err := s.Snapshot(ctx); !errors.Is(err, ErrNoSnapshot) {
		t.Fatal(err)
	}
	term := claim(t, s, replica.Position{})
	var at []replica.Position
	file, err := os.Create(filepath.Join(t.TempDir(), "copy"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for i := range 3 {
		store(t, term, "a", "b")
		at = append(at, term.At())
		if _, err := file.WriteString(fmt.Sprint("state ", i, ";")); err != nil {
			t.Fatal(err)
		}
		if err := s.PutSnapshot(ctx, term.At(), file); err != nil {
			t.Fatal(err)
		}
	}
	first, last, err := s.Last(ctx)
	if err != nil || first != at[1].Seq || last != at[2].Seq {
		t.Errorf("the journal reaches from %d to %d, error %v; snapshots are at %v", first, last, err, at)
	}
	newest, err := s.Snapshot(ctx)
	if err != nil || newest.At != at[2] {
		t.Fatalf("newest is at %+v, error %v", newest.At, err)
	}
	back, err := os.Create(filepath.Join(t.TempDir(), "back"))
	if err != nil {
		t.Fatal(err)
	}
	defer back.Close()
	if err := s.Fetch(ctx, newest, back); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(back.Name()); string(text) != "state 0;state 1;state 2;" {
		t.Errorf("fetched %q", text)
	}
	newest.mac = "0"
	if err := s.Fetch(ctx, newest, back); !errors.Is(err, ErrRefused) {
		t.Errorf("fetched what somebody changed: %v", err)
	}
}

// What is left of a snapshot whose upload was cut off, in a stream that holds ids in clear, goes with one of the next; what
// somebody may still be adding to stays.
func TestSnapshots_PartsThatWereCutOffGo(t *testing.T) {
	t.Parallel()
	s := open(t, config(t))
	ctx := t.Context()
	term := claim(t, s, replica.Position{})
	store(t, term, "a")
	file, err := os.Create(filepath.Join(t.TempDir(), "copy"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteString("whole"); err != nil {
		t.Fatal(err)
	}
	if err := s.PutSnapshot(ctx, term.At(), file); err != nil {
		t.Fatal(err)
	}
	bucket := s.cfg.Name + "-snapshots"
	stream, err := s.js.Stream(ctx, "OBJ_"+bucket)
	if err != nil {
		t.Fatal(err)
	}
	written := map[string]time.Time{}
	for _, part := range []string{"old", "new"} {
		subject := "$O." + bucket + ".C." + part
		if _, err := s.js.Publish(ctx, subject, []byte("ids")); err != nil {
			t.Fatal(err)
		}
		last, err := stream.GetLastMsgForSubject(ctx, subject)
		if err != nil {
			t.Fatal(err)
		}
		written[part] = last.Time
	}
	b, err := s.bucket(ctx, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := sweep(ctx, s.js, b, written["new"]); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.GetLastMsgForSubject(ctx, "$O."+bucket+".C.old"); !errors.Is(err, jetstream.ErrMsgNotFound) {
		t.Errorf("the old part: %v", err)
	}
	if _, err := stream.GetLastMsgForSubject(ctx, "$O."+bucket+".C.new"); err != nil {
		t.Errorf("the new part: %v", err)
	}
	newest, err := s.Snapshot(ctx)
	if err != nil {
		t.Fatal(err)
	}
	back, err := os.Create(filepath.Join(t.TempDir(), "back"))
	if err != nil {
		t.Fatal(err)
	}
	defer back.Close()
	if err := s.Fetch(ctx, newest, back); err != nil {
		t.Errorf("the whole one: %v", err)
	}
}

// While a limit leaves no room, the journal says so and what to do; nothing is given up, and when there is room again it
// goes on by itself.
func TestAppend_JournalIsFull(t *testing.T) {
	t.Parallel()
	c := config(t)
	var log bytes.Buffer
	c.Log = slog.New(slog.NewTextHandler(&log, nil))
	s := open(t, c)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	term, err := s.Claim(ctx, replica.Position{})
	if err != nil {
		t.Fatal(err)
	}
	store(t, term, "first")
	limit := func(most int64) {
		stream, err := s.js.Stream(t.Context(), c.Name)
		if err != nil {
			t.Fatal(err)
		}
		changed := stream.CachedInfo().Config
		changed.MaxBytes = most
		if _, err := s.js.UpdateStream(t.Context(), changed); err != nil {
			t.Fatal(err)
		}
	}
	limit(1 << 10)
	stored := make(chan error, 1)
	go func() {
		_, err := term.Append(bytes.Repeat([]byte{1}, 2<<10))
		stored <- err
	}()
	for end := time.Now().Add(time.Minute); s.Full() == nil; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the journal does not say that it is full")
		}
	}
	if err := s.Full(); !errors.Is(err, ErrFull) || !strings.Contains(err.Error(), "nats stream edit") {
		t.Errorf("it says %v", err)
	}
	limit(-1)
	if err := <-stored; err != nil {
		t.Fatal(err)
	}
	if err := s.Full(); err != nil {
		t.Errorf("it has room, and says %v", err)
	}
	store(t, term, "last")
	limit(1 << 10)
	go func() {
		_, err := term.Append([]byte("never"))
		stored <- err
	}()
	for end := time.Now().Add(time.Minute); s.Full() == nil; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the journal does not say again that it is full")
		}
	}
	stop()
	if err := <-stored; !errors.Is(err, replica.ErrDeposed) || s.Full() != nil {
		t.Errorf("its term has ended with %v, and it says %v", err, s.Full())
	}
	if said := log.String(); strings.Count(said, "the journal stores again") > 1 {
		t.Errorf("the log says %s", said)
	}
}
