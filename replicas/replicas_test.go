package replicas_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"messenger-bridge/bridge"
	"messenger-bridge/journal"
	"messenger-bridge/replica"
	"messenger-bridge/replicas"
	"messenger-bridge/sandbox/cluster"
	"messenger-bridge/store"
)

var node = sync.OnceValues(func() (*cluster.Cluster, error) { return cluster.Start(1) })

func TestMain(m *testing.M) {
	code := m.Run()
	if c, err := node(); err == nil {
		c.Close()
	}
	os.Exit(code)
}

var journals atomic.Int64

// takeoverAfter is long for a busy machine: no leader may be taken for dead because it waits for
// a processor.
const takeoverAfter = 5 * time.Second

// group is some replicas of one journal.
type group struct {
	*testing.T
	name string
	key  []byte
	url  string // of the journal; empty: of the node that all tests share
}

func newGroup(t *testing.T) *group {
	return &group{T: t, name: fmt.Sprint("r", journals.Add(1)), key: bytes.Repeat([]byte{1}, 32)}
}

func (g *group) journal(name string) journal.Config {
	g.Helper()
	if g.url == "" {
		c, err := node()
		if err != nil {
			g.Fatal(err)
		}
		g.url = c.URL()
	}
	return journal.Config{
		URL: g.url, Name: g.name, Replicas: 1, Secret: g.key, Log: slog.New(slog.DiscardHandler), TakeoverAfter: takeoverAfter,
		Self: replica.Claim{Name: name, URL: "http://" + name, Program: "test", Format: store.Format},
	}
}

func (g *group) store(path string) store.Options {
	return store.Options{Path: path, Key: bridge.Secret(base64.StdEncoding.EncodeToString(g.key))}
}

func (g *group) path() string { return filepath.Join(g.TempDir(), "bolt.db") }

// one is a replica that runs.
type one struct {
	*replicas.Member
	full  atomic.Bool       // its disk
	slow  atomic.Int64      // how long a look at its disk takes, in nanoseconds
	leads chan *store.Store // what it leads with, each time it begins
	stop  context.CancelFunc
	ended chan error
}

func (g *group) start(name, path string) *one { return g.startWith(name, path, nil) }

// startWith starts a replica with another configuration.
func (g *group) startWith(name, path string, change func(*replicas.Config)) *one {
	g.Helper()
	o := &one{leads: make(chan *store.Store, 10), ended: make(chan error, 1)}
	cfg := replicas.Config{
		Journal: g.journal(name), Store: g.store(path), Grace: time.Second, Log: slog.New(slog.DiscardHandler),
		Lead: func(ctx context.Context, s *store.Store, leads func() bool) error {
			await(g.T, "a leader that has just begun leads", leads)
			o.leads <- s
			<-ctx.Done()
			return nil
		},
	}
	if change != nil {
		change(&cfg)
	}
	o.Member = replicas.New(cfg.OnDisk(o.isFull))
	ctx, stop := context.WithCancel(context.Background())
	o.stop = stop
	go func() { o.ended <- o.Run(ctx) }()
	g.Cleanup(o.stop)
	return o
}

func (o *one) isFull() bool {
	<-time.After(time.Duration(o.slow.Load()))
	return o.full.Load()
}

// end stops a replica in order and returns what it says.
func (o *one) end() error {
	o.stop()
	return <-o.ended
}

func note(t *testing.T, s *store.Store, name string) {
	t.Helper()
	if err := s.SaveNote(t.Context(), name, name); err != nil {
		t.Fatal(err)
	}
}

func noted(t *testing.T, s *store.Store, names ...string) {
	t.Helper()
	for _, name := range names {
		if text, err := s.Note(name); err != nil || text != name {
			t.Errorf("note %s is %q, error %v", name, text, err)
		}
	}
}

func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited in vain: ", what)
		}
	}
}

// The first replica brings the file of a single bridge; others start from its snapshot; the
// leadership goes round by handing over and by stopping, and nothing is lost on the way.
func TestMember_FromOneFileToReplicas(t *testing.T) {
	t.Parallel()
	g := newGroup(t)
	single := g.path()
	alone, err := store.Open(g.store(single))
	if err != nil {
		t.Fatal(err)
	}
	note(t, alone, "before")
	if err := alone.Close(); err != nil {
		t.Fatal(err)
	}
	a := g.start("a", single)
	s := <-a.leads
	note(t, s, "first")
	b := g.start("b", g.path())
	await(t, "b follows", func() bool {
		st := b.State()
		return st.Role == replicas.Standby && st.Leader == "a" && st.Ready() == nil
	})
	note(t, s, "second")
	if err := b.HandOver(); err == nil {
		t.Error("a standby handed over")
	}
	if err := a.HandOver(); err != nil {
		t.Fatal(err)
	}
	s = <-b.leads
	noted(t, s, "before", "first", "second")
	note(t, s, "third")
	await(t, "a follows", func() bool { return a.State().Leader == "b" })
	if err := b.end(); err != nil {
		t.Fatal(err)
	}
	s = <-a.leads
	noted(t, s, "before", "first", "second", "third")
	if err := a.end(); err != nil {
		t.Fatal(err)
	}
}

// two starts two replicas with the file of a single bridge: a leads, and b follows. They are patient: a leader may be
// silent for ten seconds.
func (g *group) two() (a, b *one) {
	g.Helper()
	single := g.path()
	alone, err := store.Open(g.store(single))
	if err == nil {
		err = alone.Close()
	}
	if err != nil {
		g.Fatal(err)
	}
	patient := func(c *replicas.Config) { c.Journal.TakeoverAfter = 2 * takeoverAfter }
	a = g.startWith("a", single, patient)
	note(g.T, <-a.leads, "first")
	b = g.startWith("b", g.path(), patient)
	await(g.T, "b follows", func() bool { return b.State().Ready() == nil && b.State().Role == replicas.Standby })
	return a, b
}

// Another replica is slow to claim, though quicker than a dead leader would be noticed: it leads all the same, and not
// again the one that was told to hand over.
func TestHandOver_TheOtherIsSlow_StillLeads(t *testing.T) {
	t.Parallel()
	a, b := newGroup(t).two()
	b.slow.Store(int64(takeoverAfter * 4 / 5))
	if err := a.HandOver(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-b.leads:
	case <-a.leads:
		t.Fatal("the one that handed over leads again")
	}
	await(t, "a follows", func() bool { return a.State().Role == replicas.Standby && a.State().Leader == "b" })
}

// Whoever gets the lead back a moment after handing it over takes it at once.
func TestHandOver_AndBack_IsAsQuick(t *testing.T) {
	t.Parallel()
	a, b := newGroup(t).two()
	if err := a.HandOver(); err != nil {
		t.Fatal(err)
	}
	<-b.leads
	await(t, "a follows", func() bool { return a.State().Role == replicas.Standby && a.State().Leader == "b" })
	if err := b.HandOver(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-a.leads:
	case <-b.leads:
		t.Fatal("the one that handed over leads again")
	case <-time.After(takeoverAfter):
		t.Fatal("nobody leads")
	}
}

// What was written once leaves the journal although little is written afterwards: what was erased
// must not stand there until the journal has grown.
func TestMember_OldSnapshots_AreReplacedThoughNothingIsWritten(t *testing.T) {
	t.Parallel()
	for _, who := range []string{"by who follows", "by who leads, alone"} {
		t.Run(who, func(t *testing.T) {
			t.Parallel()
			g := newGroup(t)
			soon := func(c *replicas.Config) { c.SnapshotAge = time.Second }
			follows, leads := soon, func(*replicas.Config) {}
			if who == "by who leads, alone" {
				follows, leads = nil, soon
			}
			a := g.startWith("a", g.path(), leads)
			s := <-a.leads
			note(t, s, "erased since")
			written, err := s.Snapshot(io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			note(t, s, "last")
			makes := a
			if follows != nil {
				makes = g.startWith("b", g.path(), follows)
				await(t, "b follows", func() bool { return makes.State().Ready() == nil })
			}
			await(t, "a snapshot", func() bool { return makes.State().Snapshot != nil })
			await(t, "what was written leaves the journal", func() bool { return g.firstRecord() > written.Seq })
		})
	}
}

// firstRecord is the number of the oldest record in the journal.
func (g *group) firstRecord() uint64 {
	g.Helper()
	c, err := nats.Connect(g.url)
	if err != nil {
		g.Fatal(err)
	}
	defer c.Close()
	js, err := c.JetStream()
	if err != nil {
		g.Fatal(err)
	}
	info, err := js.StreamInfo(g.name)
	if err != nil {
		g.Fatal(err)
	}
	return info.State.FirstSeq
}

// Files that are not this journal's are refused and stay as they are.
func TestMember_RefusesWhatDoesNotBelong(t *testing.T) {
	t.Parallel()
	g := newGroup(t)
	a := g.start("a", g.path())
	note(t, <-a.leads, "a")
	stray := g.path()
	other, err := store.Open(g.store(stray))
	if err != nil {
		t.Fatal(err)
	}
	note(t, other, "stray")
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-g.start("stray", stray).ended; !errors.Is(err, replicas.ErrStranger) {
		t.Errorf("a file of another bridge: %v", err)
	}
	if other, err = store.Open(g.store(stray)); err != nil {
		t.Fatal(err)
	}
	noted(t, other, "stray")
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	wrong := &group{T: t, name: g.name, key: bytes.Repeat([]byte{2}, 32)}
	await(t, "a snapshot", func() bool { return a.State().Snapshot != nil })
	if err := <-wrong.start("wrong", wrong.path()).ended; err == nil || !strings.Contains(err.Error(), "SECRET_KEY") {
		t.Errorf("another key: %v", err)
	}
}

// A leader whose disk is full has another one lead. Who has no room waits until others could have come
// first, and leads if there is nobody else.
func TestMember_AFullDiskDoesNotLead(t *testing.T) {
	t.Parallel()
	g := newGroup(t)
	a := g.start("a", g.path())
	note(t, <-a.leads, "first")
	a.full.Store(true)
	s := <-a.leads // it is alone
	noted(t, s, "first")
	full, roomy := g.start("full", g.path()), g.start("roomy", g.path())
	full.full.Store(true)
	for _, o := range []*one{full, roomy} {
		await(t, "the others follow", func() bool { return o.State().Ready() == nil })
	}
	if err := a.end(); err != nil {
		t.Fatal(err)
	}
	s = <-roomy.leads
	noted(t, s, "first")
	note(t, s, "second")
	full.full.Store(false)
	await(t, "who had no room follows", func() bool { return full.State().Leader == "roomy" })
	roomy.full.Store(true)
	noted(t, <-full.leads, "first", "second")
}

// When the journal has lost what a file holds, nobody goes on until it is begun anew from the
// newest file, which says that it was parted from its past.
func TestRebase_AfterTheTailWasLost(t *testing.T) {
	t.Parallel()
	g := newGroup(t)
	path := g.path()
	a := g.start("a", path)
	s := <-a.leads
	note(t, s, "kept")
	if _, err := replicas.Rebase(t.Context(), g.journal("a"), g.store(path)); !errors.Is(err, store.ErrLocked) {
		t.Errorf("begun anew under a leader: %v", err)
	}
	if err := a.end(); err != nil {
		t.Fatal(err)
	}
	g.deleteStream()
	if err := <-g.start("a", path).ended; !errors.Is(err, journal.ErrTailLost) || !strings.Contains(err.Error(), "journal rebase") {
		t.Errorf("the tail is lost: %v", err)
	}
	if _, err := replicas.Rebase(t.Context(), g.journal("a"), g.store(path)); err != nil {
		t.Fatal(err)
	}
	a = g.start("a", path)
	s = <-a.leads
	noted(t, s, "kept")
	if at, _ := s.Cursor(bridge.CursorCopied); at.IsZero() {
		t.Error("the file does not know that it was parted from its past")
	}
	g.goesOn(a, s)
	if found, err := replicas.Check(t.Context(), g.journal("check")); err != nil || found.Last == 0 || found.Snapshots == 0 {
		t.Errorf("check found %+v, error %v", found, err)
	}
}

// A request that comes to a standby waits for a leader, goes to it, and is answered as it says.
func TestDesk_HoldsWhatComesWhileNobodyLeads(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	leader := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get(replicas.Passed) != "me" {
			t.Error("what is passed on does not say so")
		}
		if calls.Add(1) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable) // it has just ended
			return
		}
		w.Header().Set("X-Says", "leader")
		w.WriteHeader(http.StatusTeapot)
	}))
	defer leader.Close()
	var url atomic.Pointer[string]
	none := ""
	url.Store(&none)
	asked := make(chan struct{})
	var once sync.Once
	answers := map[string]int{}
	d := replicas.NewDesk("me", func() replica.Claim { once.Do(func() { close(asked) }); return replica.Claim{URL: *url.Load()} }, func(a string) { answers[a]++ }, slog.New(slog.DiscardHandler))
	go func() {
		<-asked
		url.Store(&leader.URL)
	}()
	w := httptest.NewRecorder()
	d.PassWebhook(w, httptest.NewRequest(http.MethodPost, "/webhook", nil), []byte("body"))
	if w.Code != http.StatusTeapot || w.Header().Get("X-Says") != "leader" || answers["passed"] != 1 {
		t.Errorf("answered %d, counted %v", w.Code, answers)
	}
	again := httptest.NewRequest(http.MethodPost, "/webhook", nil)
	again.Header.Set(replicas.Passed, "another")
	w = httptest.NewRecorder()
	if d.PassWebhook(w, again, nil); w.Code != http.StatusServiceUnavailable || answers["loop"] != 1 {
		t.Errorf("what was passed on is passed on again: %d, %v", w.Code, answers)
	}
}

// What an operator asks of a replica that has only just claimed is done once it works; who follows refuses at once.
func TestAct_LeaderIsAboutToWork_IsWaitedFor(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, role string
		sits       bool
		status     int
		says       string
	}{
		{"sits in a moment", replicas.Leader, true, http.StatusOK, "done"},
		{"never sits", replicas.Leader, false, http.StatusServiceUnavailable, "this replica (me) leads, but only begins or ends to; try again"},
		{"follows", replicas.Standby, false, http.StatusServiceUnavailable, "this replica (me) is standby and carries out nothing; ask other http://other"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := replicas.NewDesk("me", leads(""), func(string) {}, slog.New(slog.DiscardHandler))
			asked := 0
			h := replicas.Act(d, func() *replicas.State {
				if asked++; asked == 3 && c.sits {
					go func() {
						_ = d.Sit(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "done") }), 0)(t.Context())
					}()
				}
				return &replicas.State{Name: "me", Role: c.role, Leader: "other", LeaderURL: "http://other"}
			})
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/handover", nil))
			if said := strings.TrimSpace(w.Body.String()); w.Code != c.status || said != c.says {
				t.Errorf("%d %q", w.Code, said)
			}
		})
	}
}

// Whoever gets up from the desk first ends what is being answered.
func TestDesk_LeavingWaitsForWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	d := replicas.NewDesk("me", leads(""), func(string) {}, slog.New(slog.DiscardHandler))
	var once sync.Once
	begun, finish, left := make(chan struct{}), make(chan struct{}), make(chan struct{})
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		defer close(left)
		_ = d.Sit(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			first := false
			if once.Do(func() { first = true }); first {
				close(begun)
				<-finish
			}
		}), time.Hour)(ctx)
	}()
	h := d.Or(http.NotFoundHandler())
	probe := httptest.NewRequest(http.MethodGet, "/", nil)
	go func() {
		for {
			w := httptest.NewRecorder()
			if h.ServeHTTP(w, probe); w.Code == http.StatusOK {
				return
			}
		}
	}()
	<-begun
	stop()
	await(t, "the desk is empty", func() bool {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, probe)
		return w.Code == http.StatusNotFound
	})
	select {
	case <-left:
		t.Error("left while a request was under way")
	default:
	}
	close(finish)
	<-left
}

// A replica that cannot write its file knows all the same who leads, and who leads next, so that it passes on what
// comes to it. When it can write, it follows without anybody.
func TestMember_WhoCannotWriteKnowsWhoLeads(t *testing.T) {
	t.Parallel()
	g := newGroup(t)
	a := g.start("a", g.path())
	note(t, <-a.leads, "first")
	b := g.start("b", g.path())
	await(t, "b follows", func() bool { return b.State().Ready() == nil })
	await(t, "a snapshot", func() bool { return a.State().Snapshot != nil })
	folder := filepath.Join(t.TempDir(), "not there yet")
	c := g.start("c", filepath.Join(folder, "bolt.db"))
	await(t, "c says what is wrong and knows who leads", func() bool {
		s := c.State()
		return s.Ready() != nil && strings.Contains(s.Problem, folder) && s.Leader == "a" && c.Leader().URL == "http://a"
	})
	if err := a.end(); err != nil {
		t.Fatal(err)
	}
	note(t, <-b.leads, "second")
	await(t, "c knows who leads next", func() bool { return c.Leader().URL == "http://b" })
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	await(t, "c follows", func() bool { return c.State().Ready() == nil })
	if err := b.end(); err != nil {
		t.Fatal(err)
	}
	noted(t, <-c.leads, "first", "second")
}

// A replica that waits for the first snapshot knows who leads meanwhile.
func TestMember_WhoWaitsForASnapshotKnowsWhoLeads(t *testing.T) {
	t.Parallel()
	g := newGroup(t)
	cfg := g.journal("a")
	stream, err := journal.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	term, err := stream.Claim(t.Context(), replica.Position{})
	if err != nil {
		t.Fatal(err)
	}
	b := g.start("b", g.path())
	await(t, "b knows who leads", func() bool {
		if err := term.Beat(); err != nil {
			t.Fatal(err)
		}
		s := b.State()
		return strings.Contains(s.Problem, "snapshot") && b.Leader().URL == "http://a"
	})
}

// A leader that hands over while somebody reads its file is silent; when another leads meanwhile, it follows.
func TestMember_SomebodyReadsWhileItHandsOver(t *testing.T) {
	t.Parallel()
	g := newGroup(t)
	a := g.start("a", g.path())
	s := <-a.leads
	if _, err := s.Inbox().Append(t.Context(), []bridge.Entry{{Key: "k", Lane: bridge.Lane{Page: "1", Kind: bridge.Messages, Customer: "2"}, Body: []byte("b")}}, nil); err != nil {
		t.Fatal(err)
	}
	b := g.start("b", g.path())
	await(t, "b follows", func() bool { return b.State().Ready() == nil })
	reads, enough := make(chan struct{}), make(chan struct{})
	go func() {
		_ = s.Inbox().Waiting(func(*bridge.Delivery, int) {
			close(reads)
			<-enough
		})
	}()
	<-reads
	if err := a.HandOver(); err != nil {
		t.Fatal(err)
	}
	<-b.leads
	close(enough)
	await(t, "a follows", func() bool {
		select {
		case err := <-a.ended:
			t.Fatalf("a has ended: %v", err)
		default:
		}
		return a.State().Role == replicas.Standby && a.State().Leader == "b"
	})
}

// Beginning anew from a backup works also when the stream is gone, as it is after a try that was cut off, and
// snapshots of later places are there: the new base is behind them.
func TestRebase_FromABackup_TheStreamIsGone(t *testing.T) {
	t.Parallel()
	g := newGroup(t)
	a := g.startWith("a", g.path(), func(c *replicas.Config) { c.SnapshotAge = time.Second })
	s := <-a.leads
	note(t, s, "kept")
	written, err := s.Snapshot(io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	path := g.path()
	f, err := os.Create(path)
	if err == nil {
		_, err = s.Backup(t.Context(), f)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	note(t, s, "lost")
	await(t, "two snapshots", func() bool { return g.firstRecord() > written.Seq })
	if err := a.end(); err != nil {
		t.Fatal(err)
	}
	g.deleteStream()
	at, err := replicas.Rebase(t.Context(), g.journal("a"), g.store(path))
	if err != nil {
		t.Fatal(err)
	}
	if found, err := replicas.Check(t.Context(), g.journal("check")); err != nil || found.First > at.Seq || found.Last != at.Seq || found.Newest != at.Seq {
		t.Fatalf("the base is record %d; check found %+v, error %v", at.Seq, found, err)
	}
	a = g.start("a", path)
	s = <-a.leads
	noted(t, s, "kept")
	g.goesOn(a, s)
}

// deleteStream has NATS lose the journal.
func (g *group) deleteStream() {
	g.Helper()
	c, err := nats.Connect(g.url)
	if err != nil {
		g.Fatal(err)
	}
	defer c.Close()
	js, err := c.JetStream()
	if err == nil {
		err = js.DeleteStream(g.name)
	}
	if err != nil {
		g.Fatal(err)
	}
}

// goesOn has what was kept go on at a leader, and at a replica that begins without a file.
func (g *group) goesOn(a *one, s *store.Store) {
	g.Helper()
	note(g.T, s, "new")
	b := g.start("b", g.path())
	await(g.T, "b follows", func() bool { return b.State().Leader == "a" })
	if err := a.end(); err != nil {
		g.Fatal(err)
	}
	noted(g.T, <-b.leads, "kept", "new")
}
