package cli

import (
	"context"
	"fmt"
	"os"

	"messenger-bridge/app"
	"messenger-bridge/memory"
	"messenger-bridge/processors"
)

type serveCmd struct{}

// Help is printed below the flags of `serve --help`.
func (serveCmd) Help() string { return app.Environment() + "\n" + signals }

const signals = `SIGHUP reads the files of secrets and LOG_LEVEL_FILE again; SIGTERM and SIGINT stop in order.`

func (serveCmd) Run(ctx context.Context, std Stdio) error {
	cfg, err := app.ReadConfig(std.Environ)
	if err != nil {
		return fmt.Errorf("the configuration has problems:\n%w\n(messenger-bridge serve --help lists all variables, messenger-bridge config test looks at more)", err)
	}
	if std.json {
		cfg.Log.Format = "json"
	}
	log, plan := app.NewLogger(std.Err, cfg), memory.Make(os.DirFS("/"), os.Getenv)
	plan.Apply()
	processors.Spare(os.Getenv)
	log.Debug("memory", "limit", plan.Limit, "of", plan.From, "garbage", plan.Garbage)
	return app.Serve(ctx, cfg, log, nil)
}
