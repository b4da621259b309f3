// Package attack measures how honest calls fare at the whole program while strangers hold its
// connections and prove nothing.
package attack

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"messenger-bridge/sandbox/chat"
	"messenger-bridge/sandbox/loopback"
	"messenger-bridge/sandbox/meta"
	"messenger-bridge/sandbox/mob"
)

// Load is what is measured.
type Load struct {
	Binary  string        // the program; empty: built from this tree
	Sockets []int         // of strangers; each number is measured for itself, 1 and more
	Rate    int           // honest calls a second, each over a connection of its own
	Lasts   time.Duration // of one number
}

// Figures are what honest calls found beside so many strangers.
type Figures struct {
	Sockets  int
	Calls    int
	Answered int           // 200
	Half     time.Duration // half of those that were answered took no longer
	Most     time.Duration // 99 of 100
}

// Measure measures; the store lies in dir.
func Measure(ctx context.Context, l Load, dir string) (all []Figures, err error) {
	dir, err = os.MkdirTemp(dir, "messenger-bridge-attack-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if l.Binary == "" {
		l.Binary = filepath.Join(dir, "messenger-bridge")
		text, err := exec.CommandContext(ctx, "go", "build", "-o", l.Binary, "messenger-bridge/cmd/messenger-bridge").CombinedOutput()
		if err != nil {
			return nil, fmt.Errorf("build the program: %w\n%s", err, text)
		}
	}
	t, err := newTarget(ctx, l.Binary, dir)
	if err != nil {
		return nil, err
	}
	defer t.close()
	for _, n := range l.Sockets {
		f, err := t.measure(ctx, n, l)
		if err != nil {
			return all, err
		}
		all = append(all, f)
	}
	return all, nil
}

const page = "100200300400500"

// target is the program between two platforms.
type target struct {
	rc     *chat.RocketChat
	meta   *meta.Messenger
	listen string
	cmd    *exec.Cmd
	sent   int // events so far, for their ids
}

func newTarget(ctx context.Context, binary, dir string) (t *target, err error) {
	t = &target{}
	defer func() {
		if err != nil {
			t.close()
		}
	}()
	if t.rc, err = chat.Start(chat.Config{}); err != nil {
		return nil, err
	}
	t.rc.AddAgent("ana")
	if t.meta, err = meta.Start(meta.Config{}); err != nil {
		return nil, err
	}
	if t.listen, err = loopback.FreeAddress(); err != nil {
		return nil, err
	}
	database := filepath.Join(dir, "bolt.db")
	environ := append(os.Environ(),
		"ROCKETCHAT_URL="+t.rc.URL(), "ROCKETCHAT_USER=bridge.bot", "ROCKETCHAT_PASSWORD=secret",
		"FACEBOOK_APP_ID="+t.meta.AppID(), "FACEBOOK_APP_SECRET="+t.meta.AppSecret(), "FACEBOOK_VERIFY_TOKEN="+t.meta.VerifyToken(),
		"FACEBOOK_GRAPH_URL="+t.meta.URL(), "PUBLIC_URL=http://"+t.listen, "LISTEN="+t.listen, "METRICS_LISTEN=", "DATABASE="+database, "LOG_LEVEL=error")
	add := exec.CommandContext(ctx, binary, "pages", "add", "--page-id", page, "--name", "Shop", "--token-file", "-", "--database", database)
	add.Env, add.Stdin = environ, strings.NewReader(t.meta.AddPage(page, "Shop"))
	if text, err := add.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("add a page: %w\n%s", err, text)
	}
	t.cmd = exec.CommandContext(ctx, binary, "serve")
	t.cmd.Env, t.cmd.Stderr = environ, os.Stderr
	if err := t.cmd.Start(); err != nil {
		return nil, err
	}
	for range 500 {
		if res, err := http.Get("http://" + t.listen + "/healthz"); err == nil {
			res.Body.Close()
			return t, nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return nil, fmt.Errorf("the program does not answer on %s", t.listen)
}

func (t *target) close() {
	if t.cmd != nil && t.cmd.Process != nil {
		_ = t.cmd.Process.Signal(syscall.SIGTERM) // an error says that it has ended
		_ = t.cmd.Wait()
	}
	if t.rc != nil {
		t.rc.Close()
	}
	if t.meta != nil {
		t.meta.Close()
	}
}

// measure lets strangers hold bodies of a megabyte and a byte with a false signature, each of
// them again as soon as it is ended, and makes honest calls beside them, at a rate that waits
// for no answer.
func (t *target) measure(ctx context.Context, sockets int, l Load) (f Figures, err error) {
	m, err := mob.Start(t.listen, sockets, mob.Post("/webhook", 2<<20, 1<<20+1, "X-Hub-Signature-256: "+mob.FalseSignature))
	if err != nil {
		return f, err
	}
	defer m.Stop()
	for range 500 { // until all have been there
		if m.Rounds() >= sockets {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	f = Figures{Sockets: sockets, Calls: l.Rate * int(l.Lasts.Seconds())}
	var mu sync.Mutex
	var took []time.Duration
	var calls sync.WaitGroup
	next := time.NewTicker(time.Second / time.Duration(l.Rate))
	defer next.Stop()
	for range f.Calls {
		select {
		case <-ctx.Done():
			return f, ctx.Err()
		case <-next.C:
		}
		body := t.message()
		calls.Go(func() {
			if d, ok := t.call(ctx, body); ok {
				mu.Lock()
				took = append(took, d)
				mu.Unlock()
			}
		})
	}
	calls.Wait()
	slices.Sort(took)
	if f.Answered = len(took); f.Answered > 0 {
		f.Half, f.Most = took[len(took)/2], took[len(took)*99/100]
	}
	return f, nil
}

// message is a customer's message as Meta sends it.
func (t *target) message() []byte {
	t.sent++
	return t.meta.Body(t.meta.TextEvent(page, "7001002003004005", fmt.Sprintf("m_attack_%d", t.sent), "Do you have bread?", time.Now()))
}

// call makes a signed call, over a connection of its own. Meta waits for 5 seconds.
func (t *target) call(ctx context.Context, body []byte) (took time.Duration, ok bool) {
	ctx, stop := context.WithTimeout(ctx, 5*time.Second)
	defer stop()
	start := time.Now()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+t.listen+"/webhook", bytes.NewReader(body))
	if err != nil {
		return 0, false
	}
	req.Header.Set("X-Hub-Signature-256", t.meta.Sign(body))
	req.Close = true
	client := http.Client{Transport: &http.Transport{DialContext: (&net.Dialer{}).DialContext, DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		return 0, false
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body) // it has none
	return time.Since(start), res.StatusCode == http.StatusOK
}
