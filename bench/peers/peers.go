// Package peers starts programs of others that somebody installed in a folder, so that they
// can be measured as the product is: what they are and how they get there is in README.md
// beside this file. It knows how a peer is started, found to be ready, weighed and ended; not
// what is sent to it.
package peers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// Names are the peers that are known, each a folder with an adapter here, and one where it
// is installed.
var Names = []string{Botkit, Bottender, Matterbridge}

// Peers.
const (
	Botkit       = "botkit"
	Bottender    = "bottender"
	Matterbridge = "matterbridge" // takes texts by its API, not webhooks
)

// Installed tells peers in a folder from those that are absent. A peer is there when its
// folder has the program `run`.
func Installed(dir string) (there, absent []string) {
	for _, name := range Names {
		if f, err := os.Stat(program(dir, name)); dir == "" || err != nil || f.IsDir() {
			absent = append(absent, name)
		} else {
			there = append(there, name)
		}
	}
	return there, absent
}

func program(dir, name string) string { return filepath.Join(dir, name, "run") }

// Surroundings are what a peer is told by its environment, besides PORT.
type Surroundings struct {
	Workspace string // WORKSPACE: URL of Rocket.Chat
	UserID    string // USER_ID: who calls it
	AuthToken string // AUTH_TOKEN
	AppSecret string // APP_SECRET: signs webhooks
}

// Peer is one that runs.
type Peer struct {
	Name    string
	Address string // where it listens
	process *exec.Cmd
	ended   chan struct{} // closed when the process has ended
	said    tail
}

// tail is the last that a peer said, for when it fails.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const longestTail = 2000 // bytes

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	t.text = t.text[max(0, len(t.text)-longestTail):]
	return len(p), nil
}

// String returns what was said, in one line.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strconv.Quote(string(t.text))
}

var _ io.Writer = (*tail)(nil)

// Start starts a peer and returns when it listens. Its port is free when it is chosen.
func Start(ctx context.Context, dir, name string, s Surroundings) (*Peer, error) {
	path, err := filepath.Abs(program(dir, name))
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Peer{Name: name, Address: l.Addr().String(), ended: make(chan struct{})}
	_, port, _ := net.SplitHostPort(p.Address)
	l.Close()
	p.process = exec.Command(path) // #nosec G204 -- what the command line names
	p.process.Env = append(os.Environ(), "PORT="+port, "WORKSPACE="+s.Workspace, "USER_ID="+s.UserID, "AUTH_TOKEN="+s.AuthToken, "APP_SECRET="+s.AppSecret)
	p.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // it ends with all that it starts
	p.process.Stdout, p.process.Stderr = &p.said, &p.said
	p.process.WaitDelay = time.Second // for an output that somebody else still holds
	if err := p.process.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() { _ = p.process.Wait(); close(p.ended) }()
	if err := p.ready(ctx); err != nil {
		return nil, errors.Join(err, p.Stop())
	}
	return p, nil
}

// ready waits until somebody takes connections.
func (p *Peer) ready(ctx context.Context) error {
	ctx, stop := context.WithTimeout(ctx, time.Minute)
	defer stop()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		if c, err := net.Dial("tcp", p.Address); err == nil {
			return c.Close()
		}
		select {
		case <-p.ended:
			return fmt.Errorf("%s ended before it listened; it said %v", p.Name, &p.said)
		case <-ctx.Done():
			return fmt.Errorf("%s does not listen at PORT; it said %v", p.Name, &p.said)
		case <-again.C:
		}
	}
}

// Said is the last that it wrote on its output, in one line.
func (p *Peer) Said() string { return p.said.String() }

// Stop ends the peer and all that it started.
func (p *Peer) Stop() error {
	err := syscall.Kill(-p.process.Process.Pid, syscall.SIGKILL)
	<-p.ended
	if errors.Is(err, syscall.ESRCH) {
		return nil // it had ended by itself
	}
	return err
}
