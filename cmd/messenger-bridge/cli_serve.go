package main

import (
	"context"
	"fmt"
)

type serveCmd struct{}

// Help is printed below the flags of `serve --help`.
func (serveCmd) Help() string { return environment() }

func (serveCmd) Run(ctx context.Context, io stdio) error {
	cfg, err := readConfig(io.environ)
	if err != nil {
		return fmt.Errorf("the configuration has problems:\n%w\n(messenger-bridge serve --help lists all variables)", err)
	}
	return serve(ctx, cfg, newLogger(io.err, cfg), nil)
}
