package cli

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"encoding/json"

	"messenger-bridge/app"
)

type configCmd struct {
	Test configTestCmd `cmd:"" help:"Look at every variable, at the ports, the store and its key; nothing is changed."`
}

type configTestCmd struct{}

// Help is printed below the flags.
func (configTestCmd) Help() string {
	return `Needs the environment of serve. It asks neither platform: doctor does.

Exit codes: 0 the configuration is good; 3 it is not; 2 misused.`
}

func (configTestCmd) Run(ctx context.Context, std Stdio) error {
	r := app.ExamineConfig(ctx, std.Environ)
	err := std.answer(r, func(w io.Writer) error { return printReport(w, r) })
	if err == nil && !r.Good {
		return errBad
	}
	return err
}

func printReport(w io.Writer, r app.ConfigReport) error {
	for _, p := range r.Problems {
		fmt.Fprintln(w, "✗", p.Text)
	}
	for _, n := range r.Notes {
		fmt.Fprintln(w, "!", n)
	}
	last := "The configuration is good. `messenger-bridge doctor` asks both platforms as well."
	if n := len(r.Problems); n > 0 {
		last = fmt.Sprintf("%d to correct. `messenger-bridge serve --help` lists all variables.", n)
	}
	_, err := fmt.Fprintln(w, last)
	return err
}

type logLevelCmd struct {
	storeFlags
	Level string `arg:"" optional:"" enum:"debug,info,warn,error," default:"" help:"debug, info, warn or error; shows the present one if left out."`
}

// Help is printed below the flags.
func (logLevelCmd) Help() string {
	return `The new level holds until the next one, until SIGHUP (then LOG_LEVEL counts again), or until the bridge ends.`
}

func (c logLevelCmd) Run(ctx context.Context, std Stdio) error {
	method := http.MethodGet
	if c.Level != "" {
		method = http.MethodPut
	}
	return app.Ask(ctx, c.Database, method, "/log-level", c.Level, func(res *http.Response) error {
		var level app.LogLevel
		if err := json.NewDecoder(res.Body).Decode(&level); err != nil {
			return err
		}
		if c.Level == "" {
			return std.say(level, "%s\n", level.Level)
		}
		return std.say(level, "%s, before it was %s\n", level.Level, level.Before)
	})
}
