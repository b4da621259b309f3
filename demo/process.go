package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"messenger-bridge/app"
)

// bell tells any number of listeners that something has changed.
type bell struct {
	mu   sync.Mutex
	ring chan struct{}
}

// next is closed at the next strike. Take it before looking.
func (b *bell) next() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ring == nil {
		b.ring = make(chan struct{})
	}
	return b.ring
}

func (b *bell) strike() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ring != nil {
		close(b.ring)
		b.ring = nil
	}
}

// What a process is doing.
const (
	lifeStarting = "starting"
	lifeRunning  = "running"
	lifeDead     = "dead"
)

// life is what can be said about the bridge's process.
type life struct {
	Life   string
	PID    int
	Starts int
	Killed bool        // its death was our doing
	Why    string      // of a death that was not
	Back   *time.Time  // when it is started again
	Status *app.Status // nil while it cannot be asked
}

func (l life) connected() bool { return l.Status != nil && l.Status.RocketChat.Connected }

// waiting counts what is under way inside the bridge; -1 while it cannot be asked.
func (l life) waiting() int {
	if l.Status == nil {
		return -1
	}
	return l.Status.In.Waiting + l.Status.Out.Waiting + l.Status.Notices.Waiting
}

// toRooms counts what waits for agents.
func (l life) toRooms() int {
	if l.Status == nil {
		return 0
	}
	return l.Status.In.Waiting
}

// toCustomers counts what waits for customers.
func (l life) toCustomers() int {
	if l.Status == nil {
		return 0
	}
	return l.Status.Out.Waiting
}

// process is serve as a child process. It is killed on request and started
// again, on the same store and the same ports.
type process struct {
	child   func(environ []string) *exec.Cmd
	environ []string
	status  string        // address of its status
	log     io.Writer     // takes its output
	pause   time.Duration // between a death and the next start; 0: until restart is called
	changed *bell

	starts chan struct{} // holds one token when it shall be started at once

	mu   sync.Mutex // guards the fields below
	life life
	cmd  *exec.Cmd // nil while none runs
	seen string    // the last status, as text
}

func (p *process) now() life {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.life
}

// kill ends the process as a power cut would.
func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return
	}
	p.life.Killed = true
	p.life.Life, p.life.Status = lifeDead, nil
	_ = p.cmd.Process.Kill() // an error says that it has ended by itself
	p.changed.strike()
}

// restart ends the pause after a death.
func (p *process) restart() {
	select {
	case p.starts <- struct{}{}:
	default:
	}
}

// run keeps the process alive until ctx ends, and then ends it in order.
func (p *process) run(ctx context.Context) error {
	for ctx.Err() == nil {
		ended, err := p.start()
		if err != nil {
			p.bury(err)
			return fmt.Errorf("start the bridge: %w", err)
		}
		p.bury(p.watch(ctx, ended))
		p.rest(ctx)
	}
	return nil
}

func (p *process) start() (ended <-chan error, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.starts: // it is being done
	default:
	}
	cmd := p.child(p.environ)
	cmd.Stdout, cmd.Stderr = p.log, p.log
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p.cmd, p.seen = cmd, ""
	p.life = life{Life: lifeStarting, PID: cmd.Process.Pid, Starts: p.life.Starts + 1}
	p.changed.strike()
	over := make(chan error, 1)
	go func() { over <- cmd.Wait() }()
	return over, nil
}

// watch asks a living process how it is, and returns why it ended.
func (p *process) watch(ctx context.Context, ended <-chan error) error {
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case err := <-ended:
			return err
		case <-look.C:
			p.look(ctx)
		case <-ctx.Done():
			p.terminate()
			select {
			case err := <-ended:
				return err
			case <-time.After(12 * time.Second):
				p.kill()
				return <-ended
			}
		}
	}
}

func (p *process) terminate() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd.Process.Signal(syscall.SIGTERM) != nil {
		_ = p.cmd.Process.Kill() // no such signal on this system, or it has ended
	}
}

// look reads the status once.
func (p *process) look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	text, s := p.ask(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	if text == p.seen || p.life.Life == lifeDead {
		return
	}
	p.seen, p.life.Status = text, s
	if s != nil {
		p.life.Life = lifeRunning
	}
	p.changed.strike()
}

func (p *process) ask(ctx context.Context) (text string, s *app.Status) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.status, nil)
	if err != nil {
		return "", nil
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", nil
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil || res.StatusCode != http.StatusOK || json.Unmarshal(raw, &s) != nil {
		return "", nil
	}
	return string(raw), s
}

func (p *process) bury(why error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cmd = nil
	p.life.Life, p.life.Status = lifeDead, nil
	if !p.life.Killed {
		p.life.Why = "it ended by itself"
		if why != nil {
			p.life.Why += " (" + why.Error() + ")"
		}
	}
	if p.pause > 0 {
		back := time.Now().Add(p.pause)
		p.life.Back = &back
	}
	p.changed.strike()
}

// rest waits until the process is to be started again.
func (p *process) rest(ctx context.Context) {
	var pause <-chan time.Time
	if p.pause > 0 {
		timer := time.NewTimer(p.pause)
		defer timer.Stop()
		pause = timer.C
	}
	select {
	case <-pause:
	case <-p.starts:
	case <-ctx.Done():
	}
}

// childEnviron is what the child inherits: nothing that could configure it.
func childEnviron(own ...string) []string {
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "SYSTEMROOT", "GOCOVERDIR"} {
		if value, set := os.LookupEnv(name); set {
			own = append(own, name+"="+value)
		}
	}
	return own
}
