package cli

import (
	"context"

	"messenger-bridge/demo"
)

// demoCmd shows the bridge without accounts anywhere: the sandbox plays both
// platforms, and the real serve runs as a child process.
type demoCmd struct {
	Script bool   `help:"Play a short talk with one kill on the terminal, and exit."`
	Listen string `help:"Where the page is shown; loopback only." default:"127.0.0.1:0"`
	Keep   bool   `help:"Keep the bridge's store and log, and say where they are."`
}

func (c demoCmd) Run(ctx context.Context, std Stdio) error {
	if std.json {
		return misuse("demo shows people something; it has no answer in JSON")
	}
	return demo.Run(ctx, demo.Options(c), std.Out)
}
