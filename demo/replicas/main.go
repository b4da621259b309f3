// Command replicas shows several replicas of the bridge at work with no accounts anywhere: the sandbox plays
// both platforms, two processes of the real program stand behind one address, three nodes of NATS in this
// process hold their journal, and a page in the browser has buttons for what can die. It is a program of its
// own, so that NATS's server is not linked into the bridge.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"messenger-bridge/app"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		err = serve(ctx)
	} else {
		err = command(ctx, os.Args[1:])
	}
	if errors.Is(err, flag.ErrHelp) {
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "replicas:", err)
		os.Exit(1)
	}
}

// serve is the bridge.
func serve(ctx context.Context) error {
	cfg, err := app.ReadConfig(os.Environ())
	if err != nil {
		return err
	}
	return app.Serve(ctx, cfg, app.NewLogger(os.Stderr, cfg), nil)
}

func command(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("replicas", flag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:8090", "where the page is shown; loopback only")
	if err := flags.Parse(args); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	l, err := listenLoopback(*listen)
	if err != nil {
		return err
	}
	defer l.Close()
	fmt.Println("Three nodes of NATS and two bridges are starting …")
	s, err := newStage(func(environ []string) *exec.Cmd {
		child := exec.Command(self, "serve")
		child.Env = environ
		return child
	})
	if err != nil {
		return err
	}
	defer s.close()
	fmt.Printf("Open http://%s in a browser. End with Ctrl+C.\n", l.Addr())
	return s.show(ctx, l)
}

// show serves the page while people talk, until ctx ends.
func (s *stage) show(ctx context.Context, l net.Listener) error {
	server := &http.Server{Handler: guard(s.routes(), l.Addr().String()), ReadHeaderTimeout: 10 * time.Second}
	talking := make(chan struct{})
	go func() {
		defer close(talking)
		s.talk(ctx)
	}()
	context.AfterFunc(ctx, func() { server.Close() }) // #nosec G104 -- the demo is over
	err := server.Serve(l)
	<-talking
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// listenLoopback listens where only this machine comes.
func listenLoopback(address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err != nil || host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("the page is for this machine only; %q is no loopback address with a port", address)
	}
	return net.Listen("tcp", address)
}
