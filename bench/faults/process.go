package faults

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"messenger-bridge/sandbox/loopback"
)

// shortTimes let a round end in seconds. What they shorten is waiting, not a rule.
const shortTimes = "echoWait=1200ms,settleFor=1m,tellAfter=2s,noAgentRetry=200ms,reconnect=50ms,lookEvery=700ms,silence=2s," +
	"pingEvery=500ms,refused=300ms,restTimeout=1500ms,graphTimeout=1500ms,throttled=200ms,setupEvery=5s,setupQuiet=100ms,watchEvery=300ms,fileAgain=100ms,fileStall=1500ms," +
	"patience=1s,tellRefused=2s,fileFor=2s,inOrder=200ms"

// overtakenAtMost is by how much an answer may be streamed after a younger one, as long as the order
// in which customers get them is weighed: less than inOrder, for the bridge needs time to read.
const overtakenAtMost = 150 * time.Millisecond

// process is the program under test.
type process struct {
	binary   string
	database string
	environ  []string
	public   string // base URL
	private  string // of metrics and status

	mu     sync.Mutex // guards the fields below
	cmd    *exec.Cmd  // nil while none runs
	ended  chan struct{}
	result error // how it ended; to be read when ended is closed
	output *book
	starts int
}

// newProcess prepares the program and connects the pages of which there are tokens, as
// an operator would.
func newProcess(ctx context.Context, binary string, w *world, tokens map[string]string) (*process, error) {
	database := filepath.Join(w.disk, "bolt.db")
	p := &process{binary: binary, database: database, output: &book{}}
	if err := p.listen(); err != nil {
		return nil, err
	}
	p.environ = append(os.Environ(),
		"ROCKETCHAT_URL="+w.rc.URL(), "ROCKETCHAT_USER=bridge.bot", "ROCKETCHAT_PASSWORD=secret",
		"FACEBOOK_APP_ID="+w.meta.AppID(), "FACEBOOK_APP_SECRET="+w.meta.AppSecret(),
		"FACEBOOK_VERIFY_TOKEN="+w.meta.VerifyToken(), "FACEBOOK_GRAPH_URL="+w.meta.URL(), "FACEBOOK_LOGIN_URL="+w.meta.LoginURL(),
		"PUBLIC_URL="+p.public, "LISTEN="+host(p.public), "METRICS_LISTEN="+host(p.private), "DATABASE="+database,
		"LOG_LEVEL=debug", "ATTACHMENT_HOSTS="+w.meta.URL(), "SHUTDOWN_GRACE=5s", "BRIDGE_TEST_TIMES="+shortTimes)
	if w.plan.replicas {
		p.environ = append(p.environ, "SECRET_KEY="+replicasKey)
	}
	for id, token := range tokens {
		add := exec.CommandContext(ctx, binary, "pages", "add", "--page-id", id, "--name", "Shop", "--token-file", "-", "--database", database)
		add.Env, add.Stdin = p.environ, strings.NewReader(token)
		if text, err := add.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("add a page: %w\n%s", err, text)
		}
	}
	return p, nil
}

// listen chooses where it listens.
func (p *process) listen() error {
	public, err := loopback.FreeAddress()
	if err != nil {
		return err
	}
	private, err := loopback.FreeAddress()
	p.public, p.private = "http://"+public, "http://"+private
	return err
}

// start starts the program and returns when it answers.
func (p *process) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd != nil {
		return nil
	}
	cmd := exec.Command(p.binary, "serve")
	cmd.Env, cmd.Stdout, cmd.Stderr = p.environ, p.output, p.output
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() { p.result = cmd.Wait(); close(ended) }()
	p.cmd, p.ended = cmd, ended
	p.starts++
	for {
		if res, err := http.Get(p.public + "/healthz"); err == nil {
			res.Body.Close()
			return nil
		}
		select {
		case <-ended:
			p.cmd = nil
			return fmt.Errorf("the program does not start: %w\n%s", p.result, p.output.tail())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// again starts the program where it was ended, as a supervisor would: a disk that is
// full keeps it from starting for a while.
func (p *process) again() {
	for range 200 {
		if p.start() == nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// kill ends it as a power cut would.
func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd != nil {
		_ = p.cmd.Process.Kill() // an error says that it has ended
		<-p.ended
		p.cmd = nil
	}
}

// terminate asks it to end, and kills it if it does not.
func (p *process) terminate() { _ = p.stop() }

// stop ends it in order; the error says that it did not.
func (p *process) stop() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return nil
	}
	defer func() { p.cmd = nil }()
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // an error says that it has ended
	select {
	case <-p.ended:
		return p.result
	case <-time.After(15 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.ended
		return errors.New("it did not end within 15 s")
	}
}

// idle reports whether nothing waits in it.
func (p *process) idle() bool {
	res, err := http.Get(p.private + "/status")
	if err != nil {
		return false
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return err == nil && bytes.Count(text, []byte(`"waiting": 0`)) >= 3 && bytes.Contains(text, []byte(`"connected": true`))
}

// ready returns why webhooks are refused, "" if they are not.
func (p *process) ready() string {
	res, err := http.Get(p.public + "/readyz")
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if res.StatusCode == http.StatusOK && err == nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// log is what all processes have said.
func (w *world) log() (all string) {
	for _, p := range w.replicas.processes(w.bot) {
		all += p.output.String()
	}
	return all
}

// book keeps what the program says.
type book struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *book) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *book) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func (b *book) tail() string {
	text := b.String()
	return text[max(0, len(text)-2000):]
}
