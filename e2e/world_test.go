package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"messenger-bridge/app"
	"messenger-bridge/bridge"
	"messenger-bridge/sandbox/chat"
	"messenger-bridge/sandbox/loopback"
	"messenger-bridge/sandbox/meta"
	"messenger-bridge/store"
)

const (
	page = "100200300400500"
	anna = "7001002003004005"
	ben  = "7001002003004006"

	// patience is how long a test waits for something that must happen. It only
	// matters when the test is going to fail.
	patience = 4 * time.Minute
)

var alone = flag.Bool("alone", false, "the machine has nothing else to do: hold what must be done within a time to that time, not to five times as much")

// atMost is how long something may take that must be done within d, on a machine that runs other
// tests beside it.
func atMost(d time.Duration) time.Duration {
	if *alone {
		return d
	}
	return 5 * d
}

// world is the whole outside world, and the whole program in it.
type world struct {
	*testing.T
	rc    *chat.RocketChat
	meta  *meta.Messenger
	agent *chat.Agent
	cfg   app.Config
	log   *logBook
	token string // of the page

	environ []string
	stop    func() // ends the program in order
	at      app.Addresses

	followed   bool // by a shadow
	unfollowed bool // no shadow follows: what is repaired when the file is opened is in no journal
}

// newWorld starts both platforms with one page and one agent, and stores the page;
// the bridge is not running yet.
func newWorld(t *testing.T, with chat.Config) *world {
	t.Helper()
	return newWorldAt(t, with, nil)
}

// newWorldAt is newWorld with another clock for everybody; nil is time.Now.
func newWorldAt(t *testing.T, with chat.Config, now func() time.Time) *world {
	t.Helper()
	with.Now = now
	return newWorldOf(t, with, now, now)
}

// newWorldOf is newWorld with a clock for each: the workspace's is part of its
// configuration, then come Facebook's and ours.
func newWorldOf(t *testing.T, with chat.Config, facebook, ours func() time.Time) *world {
	t.Helper()
	rc, err := chat.Start(with)
	if err != nil {
		t.Fatal(err)
	}
	meta, err := meta.Start(meta.Config{
		Now:     facebook,
		Retries: []time.Duration{10 * time.Millisecond, 50 * time.Millisecond, 200 * time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	// Not t.TempDir: a Unix socket beside the database needs a short path.
	dir, err := os.MkdirTemp("", "mb")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, rc: rc, meta: meta, agent: rc.AddAgent("ana"), log: &logBook{}, token: meta.AddPage(page, "Shop")}
	listen := freeAddress(t)
	w.environ = []string{
		"ROCKETCHAT_URL=" + rc.URL(), "ROCKETCHAT_USER=bridge.bot", "ROCKETCHAT_PASSWORD=secret",
		"FACEBOOK_APP_ID=" + meta.AppID(), "FACEBOOK_APP_SECRET=" + meta.AppSecret(),
		"FACEBOOK_VERIFY_TOKEN=" + meta.VerifyToken(), "FACEBOOK_GRAPH_URL=" + meta.URL(),
		"PUBLIC_URL=http://" + listen, "LISTEN=" + listen, "METRICS_LISTEN=" + freeAddress(t),
		"DATABASE=" + filepath.Join(dir, "bolt.db"), "LOG_LEVEL=debug", "ATTACHMENT_HOSTS=" + meta.URL(),
	}
	w.cfg, err = app.ReadConfig(w.environ)
	if err != nil {
		t.Fatal(err)
	}
	w.cfg.Times, w.cfg.Now = app.Fast, ours
	meta.SetWebhook("http://" + w.cfg.Network.Listen + "/webhook")
	w.addPage(page, w.token)
	t.Cleanup(func() {
		w.halt()
		w.record()
		rc.Close()
		meta.Close()
		os.RemoveAll(dir)
		w.checkSecrets()
		for _, problem := range append(rc.Problems(), meta.Problems()...) {
			t.Error("the sandbox objects:", problem)
		}
		if t.Failed() && testing.Verbose() {
			t.Log("log of the bridge:\n" + w.log.String())
		}
	})
	return w
}

// record writes the calls that the workspace got where the conformance checks find
// them (conformance/README.md).
func (w *world) record() {
	dir := os.Getenv("RECORD_REQUESTS")
	if dir == "" {
		return
	}
	f, err := os.CreateTemp(dir, "*.jsonl")
	if err != nil {
		w.Error(err)
		return
	}
	defer f.Close()
	enc := json.NewEncoder(f)
	for _, call := range w.rc.Calls() {
		if err := enc.Encode(call); err != nil {
			w.Error(err)
		}
	}
}

// freeAddress returns a loopback address that nothing listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	address, err := loopback.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// addPage stores a page as an earlier run left it.
func (w *world) addPage(id, token string) {
	w.Helper()
	s, err := store.Open(store.Options{Path: w.cfg.Store.Database, Key: w.cfg.Store.SecretKey})
	if err != nil {
		w.Fatal(err)
	}
	defer s.Close()
	if err := s.SavePage(w.Context(), bridge.Page{ID: bridge.PageID(id), Name: "Shop", Token: bridge.Secret(token), TokenKind: bridge.PageToken, Checked: time.Now(), State: bridge.PageRunning, Since: time.Now()}); err != nil {
		w.Fatal(err)
	}
}

// start runs the bridge and waits until it listens; it need not be connected yet. A process that
// another test starts at this moment holds copies of all sockets of this one, so that an
// address that was just left may still be taken.
func (w *world) start() {
	w.Helper()
	err := w.tryToStart()
	for began := time.Now(); err != nil && strings.Contains(err.Error(), syscall.EADDRINUSE.Error()) && time.Since(began) < patience; err = w.tryToStart() {
		<-time.After(5 * time.Millisecond)
	}
	if err != nil {
		w.Fatal("the bridge did not start:", err)
	}
}

func (w *world) tryToStart() error {
	w.Helper()
	compare := func() {}
	if w.cfg.Store.Beside = nil; (*shadowed || w.followed) && !w.unfollowed {
		compare = w.follow()
	}
	ctx, cancel := context.WithCancel(context.Background())
	up, ended := make(chan app.Addresses, 1), make(chan error, 1)
	go func() {
		ended <- app.Serve(ctx, w.cfg, slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
			func(at app.Addresses) { up <- at })
	}()
	select {
	case w.at = <-up:
	case err := <-ended:
		cancel()
		return err
	}
	w.stop = func() {
		w.Helper()
		w.stop = nil
		cancel()
		if err := <-ended; err != nil {
			w.Error("the bridge did not stop in order:", err)
		}
		compare()
	}
	return nil
}

// run is start, and waits until the bridge is connected as well.
func (w *world) run() {
	w.Helper()
	w.start()
	w.eventually("the bridge is connected", w.connected)
}

func (w *world) connected() bool {
	return w.rc.Subscribed() > 0 && strings.Contains(w.get("http://"+w.at.Metrics+"/status"), `"connected": true`)
}

// halt stops the bridge in order, if it runs.
func (w *world) halt() {
	w.Helper()
	if w.stop != nil {
		w.stop()
	}
}

// eventually waits until ok: it looks whenever one of the platforms changes, and now and
// then, and spends at most half of its time on looking.
func (w *world) eventually(what string, ok func() bool) {
	w.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		rc, meta, began := w.rc.Changed(), w.meta.Changed(), time.Now()
		if ok() {
			return
		}
		looked := time.Since(began)
		select {
		case <-time.After(looked):
		case <-ctx.Done():
		}
		select {
		case <-rc:
		case <-meta:
		case <-time.After(max(15*time.Millisecond, looked)): // what changed inside the bridge alone shows to nobody
		case <-ctx.Done():
			w.Fatalf("waited in vain: %s\n%s", what, w.picture())
		}
	}
}

// picture is what everybody sees, for a failing test.
func (w *world) picture() string {
	var b strings.Builder
	for _, room := range w.rc.Rooms() {
		fmt.Fprintf(&b, "room %s open=%v visitor=%q\n", room.ID, room.Open, room.VisitorName)
		for _, m := range w.rc.Messages(room.ID) {
			fmt.Fprintf(&b, "  %s %s %q %v\n", m.Username, m.System, m.Text, m.Reactions)
		}
	}
	for _, customer := range []string{anna, ben} {
		for _, bubble := range w.meta.CustomerSees(page, customer) {
			fmt.Fprintf(&b, "customer %s sees %q\n", customer, bubble.Text)
		}
	}
	lines := strings.Split(w.log.String(), "\n")
	if w.stop != nil {
		b.WriteString(w.get("http://" + w.at.Metrics + "/status"))
	}
	return b.String() + "last lines of the log:\n" + strings.Join(lines[max(0, len(lines)-30):], "\n")
}

// texts returns all that customers wrote, as agents see it, room by room.
func (w *world) texts() (all []string) {
	for _, room := range w.rc.Rooms() {
		all = append(all, w.rc.CustomerTexts(room.ID)...)
	}
	return all
}

// room waits for the one room and returns it.
func (w *world) room() string {
	w.Helper()
	w.eventually("a room is open", func() bool { return len(w.rc.Rooms()) > 0 })
	return w.rc.Rooms()[0].ID
}

// received returns what a customer has got, in order.
func (w *world) received(customer string) (texts []string) {
	for _, bubble := range w.meta.CustomerSees(page, customer) {
		texts = append(texts, bubble.Text)
	}
	return texts
}

// notices returns what the bot wrote about a message: into its room, quoting it.
func (w *world) notices(rid, messageID string) (texts []string) {
	for _, m := range w.rc.Messages(rid) {
		if m.Username == "bridge.bot" && m.Quoted == messageID {
			texts = append(texts, m.Text)
		}
	}
	return texts
}

// reactions returns the marks on a message.
func (w *world) reactions(rid, messageID string) (marks []string) {
	for _, m := range w.rc.Messages(rid) {
		if m.ID == messageID {
			for mark := range m.Reactions {
				marks = append(marks, mark)
			}
		}
	}
	return marks
}

func (w *world) get(url string) string {
	w.Helper()
	res, err := http.Get(url)
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	return string(body)
}

// settled waits until nothing waits in the bridge any more.
func (w *world) settled() {
	w.Helper()
	w.eventually("nothing waits in the bridge", func() bool {
		status := w.get("http://" + w.at.Metrics + "/status")
		return strings.Count(status, `"waiting": 0`) == 3
	})
}

// outsideSetup matches what the bot says elsewhere than in the setup channel, where it speaks
// at times of its own.
func (w *world) outsideSetup(_ *http.Request, body []byte) bool {
	setup := w.rc.RoomID(setupName)
	return setup == "" || !bytes.Contains(body, []byte(setup))
}

// checkSecrets searches everything the bridge logged.
func (w *world) checkSecrets() {
	log := w.log.String()
	for _, secret := range []string{w.token, w.meta.AppSecret(), "secret-text", "password=secret"} {
		if secret != "" && strings.Contains(log, secret) {
			w.Errorf("the log contains %.12q", secret)
		}
	}
	for _, v := range w.rc.Visitors() {
		if strings.Contains(log, v.Token) {
			w.Error("the log contains a visitor's token")
		}
	}
	if strings.Contains(log, "panic") {
		w.Error("a panic was swallowed:\n" + log)
	}
}

// logBook keeps what was logged.
type logBook struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logBook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logBook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}
