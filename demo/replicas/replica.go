package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// replica is one process of the bridge.
type replica struct {
	Name    string
	child   func([]string) *exec.Cmd
	environ []string
	private string // base URL of its status
	log     io.Writer

	mu    sync.Mutex // guards the fields below
	cmd   *exec.Cmd  // nil while it does not run
	ended chan struct{}
}

func (r *replica) start() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cmd != nil {
		return nil
	}
	cmd := r.child(r.environ)
	cmd.Stdout, cmd.Stderr = r.log, r.log
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	r.cmd, r.ended = cmd, ended
	go func() {
		_ = cmd.Wait() // that it has ended is enough
		close(ended)
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.cmd == cmd {
			r.cmd = nil
		}
	}()
	return nil
}

// end sends a signal and waits until the process has ended.
func (r *replica) end(s syscall.Signal) {
	r.mu.Lock()
	cmd, ended := r.cmd, r.ended
	r.mu.Unlock()
	if cmd != nil {
		_ = cmd.Process.Signal(s) // an error says that it has ended
		<-ended
	}
}

func (r *replica) kill() { r.end(syscall.SIGKILL) }

func (r *replica) runs() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.cmd != nil
}

// status is what a replica says of itself.
type status struct {
	Replica struct {
		Role       string  `json:"role"`
		Leader     string  `json:"leader"`
		Epoch      uint64  `json:"epoch"`
		Position   uint64  `json:"position"`
		LagRecords uint64  `json:"lagRecords"`
		LagSeconds float64 `json:"lagSeconds"`
		Problem    string  `json:"problem"`
	} `json:"replica"`
}

// ask returns what the replica says, false if it does not answer.
func (r *replica) ask() (s status, ok bool) {
	client := http.Client{Timeout: time.Second}
	res, err := client.Get(r.private + "/status")
	if err != nil {
		return s, false
	}
	defer res.Body.Close()
	return s, json.NewDecoder(res.Body).Decode(&s) == nil
}
