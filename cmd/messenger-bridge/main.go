// Messenger-bridge joins Facebook Messenger pages to a Rocket.Chat workspace's
// Omnichannel. Its command line is in package cli, what `serve` runs in package app;
// what the parts do is said in package bridge.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"messenger-bridge/cmd/messenger-bridge/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(cli.Run(ctx, os.Args[1:], cli.Stdio{Environ: os.Environ(), In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}
