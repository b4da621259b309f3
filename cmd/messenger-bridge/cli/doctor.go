package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"messenger-bridge/app"
)

type doctorCmd struct {
	Fix     bool          `help:"Repair what can be repaired, then look again."`
	Replace bool          `help:"With --fix: also take over a webhook that leads elsewhere."`
	Guide   bool          `help:"Walk through what does not work yet: name one thing at a time, wait until it works, go on."`
	Every   time.Duration `default:"5s" help:"With --guide: how long to wait before looking again; from 100ms on."`
	Slash   bool          `name:"slash-commands" help:"With --fix: also let unknown slash commands through to the bot, in the whole workspace."`
}

// Help is printed below the flags.
func (doctorCmd) Help() string {
	return `Checks both platforms, the public address and every page, and says what to do. It asks
the bridge that runs on DATABASE; if none does, it looks by itself, with the environment of serve.
--guide and --fix exclude each other.

Exit codes: 0 everything works; 3 something does not; 1 the doctor failed; 2 misused.`
}

// Validate is called by the command line's parser.
func (c doctorCmd) Validate() error {
	switch {
	case c.Replace && !c.Fix:
		return errors.New("--replace needs --fix")
	case c.Slash && !c.Fix:
		return errors.New("--slash-commands needs --fix")
	case c.Guide && c.Fix:
		return errors.New("--guide looks only; run doctor --fix by itself")
	case c.Every < 100*time.Millisecond:
		return errors.New("--every must be 100ms or more: each look asks both platforms")
	}
	return nil
}

func (c doctorCmd) Run(ctx context.Context, std Stdio) error {
	if c.Guide {
		if std.json {
			return misuse("--guide leads people; take doctor --json")
		}
		return newGuide(std.Out, c.Every, func(ctx context.Context) (app.Diagnosis, error) { return c.examine(ctx, std) }).run(ctx)
	}
	d, err := c.examine(ctx, std)
	if err != nil {
		return err
	}
	err = std.answer(d, d.Print)
	if err == nil && d.Bad > 0 {
		return errBad
	}
	return err
}

// examine asks the bridge that runs, or looks by itself.
func (c doctorCmd) examine(ctx context.Context, std Stdio) (d app.Diagnosis, err error) {
	cfg, problems := app.ReadConfig(std.Environ)
	method, path := http.MethodGet, "/doctor"
	if c.Fix {
		method, path = http.MethodPost, fmt.Sprintf("/doctor?fix=true&replace=%t&slash=%t", c.Replace, c.Slash)
	}
	err = app.Ask(ctx, cfg.Store.Database, method, path, "", func(res *http.Response) error {
		return json.NewDecoder(res.Body).Decode(&d)
	})
	if errors.Is(err, app.ErrNotRunning) {
		d, err = app.DiagnoseAlone(ctx, cfg, problems, app.NewRepair(c.Fix, c.Replace, c.Slash))
	}
	return d, err
}
