package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"time"
)

// demoOptions are the flags of the command.
type demoOptions struct {
	Script bool   // play a short talk with one kill on the terminal
	Listen string // where the page is shown; loopback only
	Keep   bool   // keep the bridge's store and log
}

// runDemo shows the bridge between two platforms that the sandbox plays, with this
// program as the child that serves, until ctx ends or the script does.
func runDemo(ctx context.Context, o demoOptions, out io.Writer) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	return demo{demoOptions: o, out: out, child: func(environ []string) *exec.Cmd {
		child := exec.Command(self, "serve")
		child.Env = environ
		return child
	}}.run(ctx)
}

// demo is one run of the command.
type demo struct {
	demoOptions
	out   io.Writer
	child func(environ []string) *exec.Cmd // the bridge, not started; tests start another program
	shown func(address string, p *demoPlay)
}

func (d demo) run(ctx context.Context) (err error) {
	s, err := newDemoStage(d.child)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close(d.Keep, d.out)) }()
	if d.Script {
		return d.script(ctx, s)
	}
	return d.show(ctx, s)
}

// show serves the page until ctx ends.
func (d demo) show(ctx context.Context, s *demoStage) error {
	l, err := listenLoopback(d.Listen)
	if err != nil {
		return err
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.process.pause = 5 * time.Second
	p := newDemoPlay(s)
	parts := []part{
		{name: "page", grace: time.Second, run: httpPart(l, p.routes(ctx, l.Addr().String()), s.logger)},
		{name: "play", grace: time.Second, run: p.run},
		{name: "bridge", grace: 15 * time.Second, run: s.process.run},
	}
	ended := make(chan error, 1)
	go func() {
		ended <- runParts(ctx, s.logger, parts)
		cancel()
	}()
	fmt.Fprintln(d.out, "Starting the bridge and connecting a page …")
	if err := p.connect(ctx); err != nil {
		cancel()
		return errors.Join(<-ended, err)
	}
	address := "http://" + l.Addr().String()
	fmt.Fprintf(d.out, "\nOpen  %s/  in a browser. Ctrl-C ends everything.\n", address)
	if d.shown != nil {
		d.shown(address, p)
	}
	return <-ended
}

// listenLoopback refuses addresses that others can reach: whoever opens the page
// may kill the bridge.
func listenLoopback(address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil || !isLoopback(host) {
		return nil, fmt.Errorf("--listen must be a loopback address such as 127.0.0.1:8090; it is %q", address)
	}
	return net.Listen("tcp", address)
}
