package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// terminal is where the operator types. What she starts ends with it.
type terminal struct {
	*diary
	dir     string
	program string   // the built one; shown as ./messenger-bridge
	before  []string // arguments by which it is the program; the tests' own only
	environ []string
	running []*job
}

// types runs a command, notes what was typed and said, and wants an exit code.
func (t *terminal) types(typed string, cmd *exec.Cmd, code int) (said string, err error) {
	said, err = ran(cmd, code)
	t.command(typed, said)
	return said, err
}

func ran(cmd *exec.Cmd, code int) (said string, err error) {
	out, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() == code {
		err = nil
	} else if err == nil && code != 0 {
		err = fmt.Errorf("it ended with 0, not with %d", code)
	}
	return string(out), err
}

// bridge runs a command of the program's to its end, and shows its first lines.
func (t *terminal) bridge(ctx context.Context, words string, code, lines int) (said string, err error) {
	cmd := t.prepared(ctx, strings.Fields(words)...)
	if said, err = ran(cmd, code); err != nil {
		return said, fmt.Errorf("messenger-bridge %s: %w\n%s", words, err, said)
	}
	t.command(strings.TrimSpace("./messenger-bridge "+words), first(lines, said))
	return said, nil
}

func (t *terminal) prepared(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, t.program, append(t.before[:len(t.before):len(t.before)], args...)...) // #nosec G204 -- our own words
	cmd.Dir, cmd.Env = t.dir, t.environ
	return cmd
}

// job is a program that goes on while other things are typed.
type job struct {
	cmd   *exec.Cmd
	out   screen
	ended chan struct{}
	err   error // of its end
}

// begin starts a command in a terminal of its own, to which changed is told what it says.
func (t *terminal) begin(ctx context.Context, changed func(), args ...string) (*job, error) {
	j := &job{cmd: t.prepared(ctx, args...), out: screen{changed: changed}, ended: make(chan struct{})}
	j.cmd.Stdout, j.cmd.Stderr = &j.out, &j.out
	j.cmd.Cancel = func() error { return j.cmd.Process.Signal(syscall.SIGTERM) }
	j.cmd.WaitDelay = 15 * time.Second
	if err := j.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		j.err = j.cmd.Wait()
		close(j.ended)
		changed()
	}()
	t.running = append(t.running, j)
	return j, nil
}

// over reports whether it has ended.
func (j *job) over() bool {
	select {
	case <-j.ended:
		return true
	default:
		return false
	}
}

// stop presses Ctrl-C and waits for the end, which must be in order.
func (j *job) stop() error {
	if !j.over() {
		_ = j.cmd.Process.Signal(syscall.SIGINT) // an error says that it has ended
	}
	<-j.ended
	return j.err
}

// leave ends what still runs.
func (t *terminal) leave() {
	for _, j := range t.running {
		_ = j.stop() // whoever wanted to know has asked before
	}
}

// screen keeps what a program writes.
type screen struct {
	changed func()
	mu      sync.Mutex
	buf     bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	n, err := s.buf.Write(p)
	s.mu.Unlock()
	s.changed()
	return n, err
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}
