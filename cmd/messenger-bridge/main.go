// Messenger-bridge joins Facebook Messenger pages to a Rocket.Chat workspace's
// Omnichannel. Its command line is in package cli, what `serve` runs in package app;
// what the parts do is said in package bridge.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(command(ctx, os.Args[1:], stdio{environ: os.Environ(), in: os.Stdin, out: os.Stdout, err: os.Stderr}))
}
