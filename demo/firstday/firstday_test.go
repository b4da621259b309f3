package main

import (
	"context"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"testing"

	"messenger-bridge/app"
	"messenger-bridge/cmd/messenger-bridge/cli"
)

// The test binary is the program as well: with this variable set it takes a command line of the
// program's instead of running the tests.
const childVariable = "MESSENGER_BRIDGE_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) == "" {
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	args := os.Args[slices.Index(os.Args, "--")+1:]
	os.Exit(cli.Run(ctx, args, cli.Stdio{Environ: os.Environ(), In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}

// TestFirstDay plays it without pictures: what each person sees is looked at while it is played, and
// docs/first-day.md holds all that was typed, in the same order, and the same numbers.
func TestFirstDay(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "fd") // short, for the control socket
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)

	d, err := play(t.Context(), cast{
		dir: dir, before: []string{"-test.run=^$", "--"}, with: []string{childVariable + "=on", app.TimesVariable + "=" + app.Fast.String()},
		guide: []string{"--every", "100ms"}, window: newReader(t.Context()),
		build: func(_ context.Context, at *terminal) (string, error) {
			at.environ = append(at.environ, childVariable+"=on")
			at.command(typedClone, "")
			at.command(typedBuild, "")
			return os.Args[0], nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	manual, err := os.ReadFile("../../docs/first-day.md")
	if err != nil {
		t.Fatal(err)
	}
	rest := string(manual)
	for _, typed := range d.typed {
		before, after, found := strings.Cut(rest, typed)
		if !found {
			t.Fatalf("docs/first-day.md lacks %q behind\n%s\nrun: go run ./demo/firstday -out docs", typed, before[max(0, len(before)-300):])
		}
		rest = after
	}
	for _, row := range strings.Split(d.summary(), "\n") {
		if !strings.HasPrefix(row, "| seconds") && !strings.Contains(string(manual), row) {
			t.Errorf("docs/first-day.md lacks %q; run: go run ./demo/firstday -out docs", row)
		}
	}
}
