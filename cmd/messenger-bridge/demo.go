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

// demoCmd shows the bridge without accounts anywhere: the sandbox plays both
// platforms, and the real serve runs as a child process.
type demoCmd struct {
	Script bool   `help:"Play a short talk with one kill on the terminal, and exit."`
	Listen string `help:"Where the page is shown; loopback only." default:"127.0.0.1:0"`
	Keep   bool   `help:"Keep the bridge's store and log, and say where they are."`
}

func (c demoCmd) Run(ctx context.Context, io stdio) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	return demo{demoCmd: c, out: io.out, child: func(environ []string) *exec.Cmd {
		child := exec.Command(self, "serve")
		child.Env = environ
		return child
	}}.run(ctx)
}

// demo is one run of the command.
type demo struct {
	demoCmd
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
		{"page", time.Second, httpPart(l, p.routes(ctx, l.Addr().String()), s.logger)},
		{"play", time.Second, p.run},
		{"bridge", 15 * time.Second, s.process.run},
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
