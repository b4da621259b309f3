// Package cli is the command line: its flags, what it prints, and its exit codes. What it does
// stands in package app.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"

	"messenger-bridge/app"
)

// Stdio is what a command sees of the outside.
type Stdio struct {
	Environ []string
	In      io.Reader
	Out     io.Writer
	Err     io.Writer

	json bool // --json was given
}

// answer prints what came of a command: as JSON if that was asked for, else in words.
func (std Stdio) answer(v any, words func(io.Writer) error) error {
	if std.json {
		return printJSON(std.Out, v)
	}
	return words(std.Out)
}

// say is answer for one sentence.
func (std Stdio) say(v any, format string, args ...any) error {
	return std.answer(v, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, format, args...)
		return err
	})
}

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// commandLine is all commands and their flags.
type commandLine struct {
	JSON        bool             `name:"json" help:"Answer in JSON; what serve logs, too."`
	ShowVersion kong.VersionFlag `name:"version" help:"Show the version."`

	Serve      serveCmd      `cmd:"" help:"Run the bridge."`
	Config     configCmd     `cmd:"" help:"Look at the configuration."`
	Pages      pagesCmd      `cmd:"" help:"Show, add and remove Facebook pages."`
	Status     statusCmd     `cmd:"" help:"Show how a running bridge is."`
	Failed     failedCmd     `cmd:"" help:"Show what was not delivered in the last 7 days, and why."`
	Retry      retryCmd      `cmd:"" help:"Try to deliver some of that again."`
	Trace      traceCmd      `cmd:"" help:"Show what became of one message: accepted, tried, refused and why, delivered."`
	Audit      auditCmd      `cmd:"" help:"Show who has changed pages, settings and grants, or erased something; kept for a year."`
	Forget     forgetCmd     `cmd:"" help:"Erase a customer, here and in Rocket.Chat."`
	Doctor     doctorCmd     `cmd:"" help:"Check everything that can be checked, and say what to do."`
	LogLevel   logLevelCmd   `cmd:"" help:"Show or change how much a running bridge logs."`
	Backup     backupCmd     `cmd:"" help:"Copy the store, also of a running bridge. The key is not in the copy."`
	Restore    restoreCmd    `cmd:"" help:"Put a copy in the place of the store of a bridge that does not run."`
	Handover   handoverCmd   `cmd:"" help:"Have another replica lead, for instance before this machine is serviced."`
	Journal    journalCmd    `cmd:"" help:"Check the journal of several replicas, or begin it anew."`
	App        appCmd        `cmd:"" help:"The Rocket.Chat app that owns /facebook."`
	Conform    conformCmd    `cmd:"" name:"conformance" help:"Ask a Rocket.Chat workspace whether it does what Rocket.Chat says of itself."`
	Demo       demoCmd       `cmd:"" help:"Show the bridge at work, with no accounts anywhere."`
	Completion completionCmd `cmd:"" help:"Write what lets a shell complete commands: bash, zsh or fish."`
	Example    exampleCmd    `cmd:"" hidden:"" help:"Write bolt.db.example."`
	Version    versionCmd    `cmd:"" help:"Show the version."`
}

// Exit codes; exitCodes tells people of them.
const (
	exitFailed  = 1
	exitMisused = 2
	exitBad     = 3
	exitStopped = 130
)

const exitCodes = "Exit codes: 0 done, 1 failed, 2 misused, 3 something does not work (config test, doctor), 130 interrupted."

// exit carries the code of a command line that was only asked for help.
type exit int

// Run runs one command line and returns the exit code.
func Run(ctx context.Context, args []string, std Stdio) (code int) {
	defer func() {
		switch ended := recover().(type) {
		case nil:
		case exit:
			code = int(ended)
		default:
			panic(ended)
		}
	}()
	if len(args) == 0 {
		return bare(ctx, std)
	}
	if args[0] == "help" { // as most programs have it
		args = append(args[1:len(args):len(args)], "--help")
	}
	var cli commandLine
	parser, err := newParser(ctx, &cli, std)
	if err != nil {
		fmt.Fprintln(std.Err, err)
		return exitMisused
	}
	if args[0] == completing {
		complete(std.Out, parser.Model.Node, args[1:])
		return 0
	}
	line, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(std.Err, "messenger-bridge: %v\n`messenger-bridge help` lists the commands.\n", err)
		return exitMisused
	}
	std.json, std.In = cli.JSON, stoppable{ctx, std.In}
	return exitCode(line.Run(std), line.Command(), std)
}

// stoppable is an input of which nobody waits for more once a context has ended, as it does at Ctrl-C.
type stoppable struct {
	ctx context.Context
	in  io.Reader
}

func (s stoppable) Read(b []byte) (int, error) {
	var n int
	var err error
	own, read := make([]byte, len(b)), make(chan struct{}) // nobody may write into b once this has returned
	go func() {
		defer close(read)
		n, err = s.in.Read(own)
	}()
	select {
	case <-read:
		return copy(b, own[:n]), err
	case <-s.ctx.Done():
		return 0, context.Cause(s.ctx)
	}
}

// newParser returns what takes command lines apart.
func newParser(ctx context.Context, cli *commandLine, std Stdio) (*kong.Kong, error) {
	return kong.New(cli, kong.Name("messenger-bridge"),
		kong.Description("Joins Facebook Messenger pages to Rocket.Chat Omnichannel.\n\n"+exitCodes),
		kong.Vars{"version": app.About().String()}, kong.Writers(std.Out, std.Err), kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{NoExpandSubcommands: false, Compact: true}),
		kong.Exit(func(code int) { panic(exit(code)) }),
		kong.BindTo(ctx, (*context.Context)(nil)))
}

// errBad ends a command that has printed what does not work; there is nothing to add.
var errBad = errors.New("something does not work")

// exitCode says what was wrong, and returns the code for it.
func exitCode(err error, command string, std Stdio) int {
	var misused misuse
	switch {
	case err == nil:
		return 0
	case errors.Is(err, context.Canceled):
		if command == "serve" || command == "demo" { // they run until they are told to end
			return 0
		}
		fmt.Fprintln(std.Err, "messenger-bridge: interrupted")
		return exitStopped
	case errors.Is(err, errBad):
		return exitBad
	case errors.As(err, &misused):
		fmt.Fprintln(std.Err, "messenger-bridge:", err)
		return exitMisused
	}
	fmt.Fprintln(std.Err, "messenger-bridge:", err)
	return exitFailed
}

// misuse is a command line that cannot be meant as it is.
type misuse string

func (m misuse) Error() string { return string(m) }

// bare is the program without arguments: it says how it is used. Where the environment is
// that of a bridge somebody forgot to say serve, which must not pass for success.
func bare(ctx context.Context, std Stdio) int {
	Run(ctx, []string{"--help"}, std)
	fmt.Fprintln(std.Out, "\nNew here? `messenger-bridge demo` shows the bridge at work, with no accounts anywhere.")
	for _, v := range std.Environ {
		if name, value, _ := strings.Cut(v, "="); value != "" && (name == "ROCKETCHAT_URL" || name == "FACEBOOK_APP_ID") {
			fmt.Fprintf(std.Err, "messenger-bridge: %s is set, but nothing runs: `messenger-bridge serve` runs the bridge.\n", name)
			return exitMisused
		}
	}
	return 0
}

type versionCmd struct{}

func (versionCmd) Run(std Stdio) error {
	return std.say(app.About(), "%s\n", app.About())
}
