// Package cli is the command line: its flags, what it prints, and its exit codes. What it does
// stands in package app.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/alecthomas/kong"

	"messenger-bridge/app"
)

// Stdio is what a command sees of the outside.
type Stdio struct {
	Environ []string
	In      io.Reader
	Out     io.Writer
	Err     io.Writer
}

// commandLine is all commands and their flags.
type commandLine struct {
	Serve    serveCmd    `cmd:"" help:"Run the bridge."`
	Pages    pagesCmd    `cmd:"" help:"Show, add and remove Facebook pages."`
	Status   statusCmd   `cmd:"" help:"Show how a running bridge is."`
	Failed   failedCmd   `cmd:"" help:"Show what was not delivered in the last 7 days, and why."`
	Retry    retryCmd    `cmd:"" help:"Try to deliver some of that again."`
	Forget   forgetCmd   `cmd:"" help:"Erase a customer, here and in Rocket.Chat."`
	Doctor   doctorCmd   `cmd:"" help:"Check everything that can be checked, and say what to do."`
	Backup   backupCmd   `cmd:"" help:"Copy the store, also of a running bridge. The key is not in the copy."`
	Handover handoverCmd `cmd:"" help:"Have another replica lead, for instance before this machine is serviced."`
	Journal  journalCmd  `cmd:"" help:"Check the journal of several replicas, or begin it anew."`
	App      appCmd      `cmd:"" help:"The Rocket.Chat app that owns /facebook."`
	Demo     demoCmd     `cmd:"" help:"Show the bridge at work, with no accounts anywhere."`
	Example  exampleCmd  `cmd:"" hidden:"" help:"Write bolt.db.example."`
	Version  versionCmd  `cmd:"" help:"Show the version."`
}

// exit carries the code of a command line that was only asked for help.
type exit int

// Run runs one command line and returns the exit code: 0 done, 1 failed, 2
// misused.
func Run(ctx context.Context, args []string, io Stdio) (code int) {
	defer func() {
		switch ended := recover().(type) {
		case nil:
		case exit:
			code = int(ended)
		default:
			panic(ended)
		}
	}()
	var cli commandLine
	parser, err := kong.New(&cli, kong.Name("messenger-bridge"),
		kong.Description("Joins Facebook Messenger pages to Rocket.Chat Omnichannel."),
		kong.Writers(io.Out, io.Err), kong.UsageOnError(),
		kong.Exit(func(code int) { panic(exit(code)) }),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(io))
	if err != nil {
		fmt.Fprintln(io.Err, err)
		return 2
	}
	line, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintln(io.Err, "messenger-bridge:", err)
		return 2
	}
	if err := line.Run(); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(io.Err, "messenger-bridge:", err)
		return 1
	}
	return 0
}

type versionCmd struct{}

func (versionCmd) Run(io Stdio) error {
	_, err := fmt.Fprintln(io.Out, "messenger-bridge", app.Version())
	return err
}
