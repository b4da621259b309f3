package cli

import (
	"context"
	"fmt"
	"os"

	"messenger-bridge/app"
	"messenger-bridge/memory"
)

type serveCmd struct{}

// Help is printed below the flags of `serve --help`.
func (serveCmd) Help() string { return app.Environment() }

func (serveCmd) Run(ctx context.Context, io Stdio) error {
	cfg, err := app.ReadConfig(io.Environ)
	if err != nil {
		return fmt.Errorf("the configuration has problems:\n%w\n(messenger-bridge serve --help lists all variables)", err)
	}
	log, plan := app.NewLogger(io.Err, cfg), memory.Make(os.DirFS("/"), os.Getenv)
	plan.Apply()
	log.Debug("memory", "limit", plan.Limit, "of", plan.From, "garbage", plan.Garbage)
	return app.Serve(ctx, cfg, log, nil)
}
