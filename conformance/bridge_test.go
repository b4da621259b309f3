package conformance_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"messenger-bridge/sandbox/chat"
	"messenger-bridge/sandbox/loopback"
	"messenger-bridge/sandbox/meta"
)

const (
	page = "100200300400500"
	anna = "7001002003004005"

	// patience is how long a test waits for something that must happen. The program
	// runs with the times it has in earnest.
	patience = 3 * time.Minute
)

// world is both platforms, and the bridge as a program between them.
type world struct {
	*testing.T
	rc    *chat.RocketChat
	meta  *meta.Messenger
	agent *chat.Agent

	program string
	listen  string // where the bridge does
	environ []string
	dir     string
	log     logBook
	serving *exec.Cmd
	ended   chan error // when serving ends
}

// build makes the program.
func build(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "messenger-bridge")
	if out, err := exec.Command("go", "build", "-o", path, "messenger-bridge/cmd/messenger-bridge").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

// newWorld starts both platforms with one page and one agent; the bridge is not
// running yet. What the workspace saw goes into the book at the end.
func newWorld(t *testing.T, program string, book *record, profile chat.Profile) *world {
	t.Helper()
	rc, err := chat.Start(chat.Config{Profile: profile, LimiterOff: profile == chat.V7})
	if err != nil {
		t.Fatal(err)
	}
	meta, err := meta.Start(meta.Config{})
	if err != nil {
		t.Fatal(err)
	}
	// Not t.TempDir: a Unix socket beside the database needs a short path.
	dir, err := os.MkdirTemp("", "mbc")
	if err != nil {
		t.Fatal(err)
	}
	listen := freeAddress(t)
	w := &world{T: t, rc: rc, meta: meta, agent: rc.AddAgent("ana"), program: program, listen: listen, dir: dir}
	w.environ = append(os.Environ(),
		"ROCKETCHAT_URL="+rc.URL(), "ROCKETCHAT_USER="+rc.Bot(), "ROCKETCHAT_PASSWORD=secret",
		"FACEBOOK_APP_ID="+meta.AppID(), "FACEBOOK_APP_SECRET="+meta.AppSecret(),
		"FACEBOOK_VERIFY_TOKEN="+meta.VerifyToken(), "FACEBOOK_GRAPH_URL="+meta.URL(),
		"PUBLIC_URL=http://127.0.0.1", "LISTEN="+listen, "METRICS_LISTEN="+freeAddress(t),
		"DATABASE="+filepath.Join(dir, "bolt.db"), "LOG_LEVEL=debug", "ATTACHMENT_HOSTS="+meta.URL(),
	)
	meta.SetWebhook("http://" + listen + "/webhook")
	w.addPage(meta.AddPage(page, "Shop"))
	t.Cleanup(func() {
		w.stop()
		rc.Close()
		meta.Close()
		os.RemoveAll(dir)
		book.write(t, rc.Calls())
		for _, problem := range append(rc.Problems(), meta.Problems()...) {
			t.Error("the sandbox objects:", problem)
		}
		if t.Failed() {
			t.Log("log of the bridge:\n" + w.log.String())
		}
	})
	return w
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

// addPage connects the page, or gives it a new token, as an operator does.
func (w *world) addPage(token string) {
	w.Helper()
	file := filepath.Join(w.dir, "token")
	if err := os.WriteFile(file, []byte(token), 0o600); err != nil {
		w.Fatal(err)
	}
	add := exec.Command(w.program, "pages", "add", "--page-id", page, "--name", "Shop", "--token-file", file)
	add.Env = w.environ
	if out, err := add.CombinedOutput(); err != nil {
		w.Fatalf("pages add: %v\n%s", err, out)
	}
}

// start runs the bridge and waits until it is connected.
func (w *world) start() {
	w.Helper()
	w.serving = exec.Command(w.program, "serve")
	w.serving.Env, w.serving.Stderr = w.environ, &w.log
	if err := w.serving.Start(); err != nil {
		w.Fatal(err)
	}
	ended, serving := make(chan error, 1), w.serving
	go func() { ended <- serving.Wait() }()
	w.ended = ended
	w.eventually("the bridge is connected", func() bool { return w.rc.Subscribed() > 0 })
}

// stop ends the bridge in order, if it runs.
func (w *world) stop() {
	w.Helper()
	if w.serving == nil {
		return
	}
	if err := w.serving.Process.Signal(syscall.SIGTERM); err != nil {
		w.Error(err)
	}
	if err := <-w.ended; err != nil {
		w.Error("the bridge did not stop in order:", err)
	}
	w.serving, w.ended = nil, nil
}

// eventually waits until ok.
func (w *world) eventually(what string, ok func() bool) {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), patience)
	defer cancel()
	for {
		rc, meta := w.rc.Changed(), w.meta.Changed()
		if ok() {
			return
		}
		select {
		case <-rc:
		case <-meta:
		case err := <-w.ended:
			w.serving, w.ended = nil, nil
			w.Fatalf("the bridge ended (%v) before %s", err, what)
		case <-ctx.Done():
			w.Fatal("waited in vain:", what)
		}
	}
}

// room waits for the open room and returns it.
func (w *world) room() (rid string) {
	w.Helper()
	w.eventually("a room is open", func() bool {
		rooms := w.rc.Rooms()
		if len(rooms) == 0 || !rooms[len(rooms)-1].Open {
			return false
		}
		rid = rooms[len(rooms)-1].ID
		return true
	})
	return rid
}

// customerWrites waits until agents read it as well, once.
func (w *world) customerWrites(text string) (rid string) {
	w.Helper()
	w.meta.CustomerWrites(page, anna, text)
	w.eventually("agents read "+text, func() bool {
		for _, room := range w.rc.Rooms() {
			if slices.Contains(w.rc.CustomerTexts(room.ID), text) {
				rid = room.ID
				return true
			}
		}
		return false
	})
	return rid
}

func (w *world) customerReads(text string) {
	w.Helper()
	w.eventually("the customer reads "+text, func() bool {
		for _, bubble := range w.meta.CustomerSees(page, anna) {
			if bubble.Text == text {
				return true
			}
		}
		return false
	})
}

// told waits until the agent is told about a message: by a quote, and a mark on it.
func (w *world) told(rid, messageID, mark string) {
	w.Helper()
	w.eventually("the agent is told", func() bool {
		quoted, marked := false, false
		for _, m := range w.rc.Messages(rid) {
			quoted = quoted || m.Username == w.rc.Bot() && m.Quoted == messageID
			marked = marked || m.ID == messageID && len(m.Reactions[mark]) > 0
		}
		return quoted && marked
	})
}

// conversation is what happens every day, on the newest workspace.
func conversation(w *world) {
	w.rc.SetSetting("Message_AllowUnrecognizedSlashCommand", true)
	w.start()
	first := w.customerWrites("Where is my order?")
	w.agent.Says(first, "It is on its way")
	w.customerReads("It is on its way")

	w.agent.Closes(first, "done")
	rid := w.customerWrites("One more thing")
	if rid == first {
		w.Error("the customer's message is in the closed room")
	}
	w.meta.NextSends(meta.WindowClosed())
	refused := w.agent.Says(rid, "Too late")
	w.told(rid, refused, ":warning:")

	w.agent.Says(rid, "/facebook authorize")
	w.eventually("the author of a command is answered", func() bool { return len(w.rc.DirectMessages("ana")) > 0 })

	w.stop()
	w.agent.Says(rid, "Said while the bridge was away")
	w.start()
	w.customerReads("Said while the bridge was away")
}

// oldWorkspace is a 7.x, where nobody is online at first, and where an id that was
// used already is refused.
func oldWorkspace(w *world) {
	w.agent.GoesOffline()
	w.start()
	w.meta.CustomerWrites(page, anna, "Anybody there?")
	w.eventually("a room is refused", func() bool {
		return slices.ContainsFunc(w.rc.Calls(), func(c chat.Call) bool { return c.Route == "GET livechat/room" && c.Status == 400 })
	})
	w.agent.GoesOnline()
	rid := w.room()
	w.eventually("agents read it", func() bool { return len(w.rc.CustomerTexts(rid)) == 1 })

	w.rc.Inject(chat.Fault{Route: "POST livechat/message", Effect: true, Cut: true, Times: 1})
	w.customerWrites("Shown, and nobody said so")
	w.eventually("the bridge looks whether it is shown", func() bool { return w.rc.CountCalls("GET livechat/message/:_id") > 0 })
	w.customerWrites("The next one")

	w.rc.Inject(chat.Fault{Route: "POST chat.sendMessage", Effect: true, Cut: true, Times: 1})
	w.meta.NextSends(meta.WindowClosed())
	refused := w.agent.Says(rid, "Too late")
	w.told(rid, refused, ":warning:")
	if got := w.rc.CustomerTexts(rid); len(got) != 3 {
		w.Errorf("agents read %q", got)
	}
}

// deadToken is a page whose token dies and is replaced.
func deadToken(w *world) {
	w.meta.KillToken(page, 460)
	w.start()
	rid := w.customerWrites("Hello")
	waiting := w.agent.Says(rid, "This waits")
	w.told(rid, waiting, ":hourglass:")
	w.addPage(w.meta.ReviveToken(page))
	w.customerReads("This waits")
	w.eventually("the notice is corrected", func() bool {
		corrected, marked := false, false
		for _, m := range w.rc.Messages(rid) {
			corrected = corrected || m.Username == w.rc.Bot() && m.Quoted == waiting && m.Edited
			marked = marked || m.ID == waiting && len(m.Reactions) > 0
		}
		return corrected && !marked
	})
}

// logBook keeps what a process logged.
type logBook struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logBook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

// String returns the end of the log.
func (l *logBook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	lines := strings.Split(l.buf.String(), "\n")
	return strings.Join(lines[max(0, len(lines)-60):], "\n")
}
