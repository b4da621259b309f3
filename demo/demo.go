// Package demo shows the bridge at work with no accounts anywhere: the sandbox plays both
// platforms, the real program runs between them as a child process, and a page in the browser has
// both sides, switches for what can go wrong, and a story that explains it.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"time"

	"messenger-bridge/app"
	"messenger-bridge/app/parts"
)

// Options are the flags of the command.
type Options struct {
	Script bool   // play a short talk with one kill on the terminal
	Listen string // where the page is shown; loopback only
	Keep   bool   // keep the bridge's store and log
}

// Run shows the bridge between two platforms that the sandbox plays, with this
// program as the child that serves, until ctx ends or the script does.
func Run(ctx context.Context, o Options, out io.Writer) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	return demo{Options: o, out: out, child: func(environ []string) *exec.Cmd {
		child := exec.Command(self, "serve")
		child.Env = environ
		return child
	}}.run(ctx)
}

// demo is one run of the command.
type demo struct {
	Options
	out   io.Writer
	child func(environ []string) *exec.Cmd // the bridge, not started; tests start another program
	shown func(address string, p *play)
}

func (d demo) run(ctx context.Context) (err error) {
	s, err := newStage(d.child)
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
func (d demo) show(ctx context.Context, s *stage) error {
	l, err := listenLoopback(d.Listen)
	if err != nil {
		return err
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.process.pause = 5 * time.Second
	p := newPlay(s)
	all := []parts.Part{
		{Name: "page", Grace: time.Second, Run: parts.HTTP(l, p.routes(ctx, l.Addr().String()), s.logger)},
		{Name: "play", Grace: time.Second, Run: p.run},
		{Name: "bridge", Grace: 15 * time.Second, Run: s.process.run},
	}
	ended := make(chan error, 1)
	go func() {
		ended <- parts.Run(ctx, s.logger, all)
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
	if err != nil || !app.IsLoopback(host) {
		return nil, fmt.Errorf("--listen must be a loopback address such as 127.0.0.1:8090; it is %q", address)
	}
	return net.Listen("tcp", address)
}
