package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"messenger-bridge/bench/load"
)

// field is the processes of a goal that is measured over HTTP.
type field struct {
	b         *bench
	load      *child
	workspace string // URL
	dir       string
	servers   []*target
}

// target is a server that can be fired at.
type target struct {
	*child
	address string
	pages   int
}

// newField starts the generator; close ends it and all servers.
func (b *bench) newField() (*field, error) {
	f := &field{b: b}
	var err error
	if f.dir, err = os.MkdirTemp(b.dir, "messenger-bridge-bench-"); err != nil {
		return nil, err
	}
	var hello loadHello
	if f.load, err = startChild(b.ctx, "load", nothing{}, &hello); err != nil {
		return nil, errors.Join(err, f.close())
	}
	f.workspace = hello.Workspace
	return f, nil
}

func (f *field) close() (err error) {
	for _, s := range f.servers {
		err = errors.Join(err, s.stop())
	}
	if f.load != nil {
		err = errors.Join(err, f.load.stop())
	}
	return errors.Join(err, os.RemoveAll(f.dir))
}

// serve starts a server with as many workers as the program has.
func (f *field) serve(kind string, sync time.Duration, delivers bool) (*target, error) {
	return f.start(serverConfig{Kind: kind, Sync: sync, Workers: workers}, delivers)
}

// start starts a server; where it delivers to, and where its files are, is added here.
func (f *field) start(c serverConfig, delivers bool) (*target, error) {
	c.Profile, c.Name = f.b.profiles, fmt.Sprintf("%s-%d-%s-sync%v", f.b.goal, len(f.servers), c.Kind, c.Sync)
	if delivers {
		c.Workspace, c.Name = f.workspace, c.Name+"-delivers"
	}
	var err error
	if c.Dir, err = os.MkdirTemp(f.dir, c.Kind); err != nil {
		return nil, err
	}
	var hello serverHello
	process, err := startChild(f.b.ctx, "server", c, &hello)
	if err != nil {
		return nil, err
	}
	s := &target{process, hello.Address, c.Pages}
	f.servers = append(f.servers, s)
	if delivers {
		err = f.warm(s)
	}
	return s, err
}

// warm has every conversation get its room, so that this is not measured.
func (f *field) warm(s *target) error {
	_, err := f.fire(s, load.Volley{Conns: 32, Seconds: 60, Most: f.b.lanes, InTurn: true, Await: true})
	return err
}

// fire sends a volley, for as long as a measurement lasts unless it says so itself.
func (f *field) fire(s *target, v load.Volley) (load.Outcome, error) {
	v.Target, v.Lanes, v.Pages = s.address, f.b.lanes, s.pages
	if v.Seconds == 0 {
		v.Seconds = f.b.seconds
	}
	return ask[load.Outcome](f.load, "fire", v)
}

// used returns what a server needed for a volley, deliveries included.
func (f *field) used(s *target, v load.Volley) (load.Outcome, usage, error) {
	return f.usedBy(s, func() (load.Outcome, error) { return f.fire(s, v) })
}

// usedBy returns what a server needed for what a call has it do.
func (f *field) usedBy(s *target, call func() (load.Outcome, error)) (load.Outcome, usage, error) {
	before, err := ask[usage](s.child, "usage", nothing{})
	if err != nil {
		return load.Outcome{}, usage{}, err
	}
	o, err := call()
	if err != nil {
		return load.Outcome{}, usage{}, err
	}
	after, err := ask[usage](s.child, "usage", nothing{})
	return o, after.since(before), err
}
