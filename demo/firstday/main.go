// Firstday plays a first day with the built program, from a fresh clone and an empty workspace of the
// sandbox to an answered customer, and writes down what each person typed and saw: an operator, an
// administrator, an agent and a customer. It writes docs/first-day.md and its pictures.
//
//	go run ./demo/firstday -out docs
//
// Programs run as processes of their own, the platforms are the sandbox's on real sockets, and what a
// person would open in a browser is opened in a headless Chromium. Where none is installed it says so, and
// plays without pictures.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"messenger-bridge/browsertest"
)

// lasts is how long the day may take, building included.
const lasts = 15 * time.Minute

func main() {
	out := flag.String("out", "docs", "the `folder` of first-day.md, with pictures in images below it")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, lasts)
	defer cancel()
	if err := run(ctx, *out, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run plays the day and writes its document into a folder.
func run(ctx context.Context, out string, told io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "first-day")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	looks, stop, err := openLooks(ctx, dir, out, told)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	d, err := play(ctx, cast{dir: dir, build: cloneAndBuild, window: looks})
	if err != nil {
		return err
	}
	if _, plain := looks.(*reader); plain {
		return errors.New("nothing is written: without a browser there are no pictures")
	}
	fmt.Fprint(told, d.summary())
	return os.WriteFile(filepath.Join(out, "first-day.md"), []byte(d.document()), 0o644) // #nosec G306 -- a document
}

// openLooks returns the browser in which the day is played, and what ends it.
func openLooks(ctx context.Context, dir, out string, told io.Writer) (window, func() error, error) {
	b, stop, err := browsertest.Open(ctx, "en-GB", filepath.Join(dir, "browser"))
	if errors.Is(err, browsertest.ErrNone) {
		fmt.Fprintf(told, "%v: pages are read as they are sent, and there are no pictures.\n", err)
		return newReader(ctx), func() error { return nil }, nil
	}
	if err != nil {
		return nil, nil, err
	}
	return &chromium{ctx: b.Ctx, pictures: filepath.Join(out, "images")}, stop, nil
}

// cloneAndBuild makes the program as the README says, from a clone of the repository in which this runs.
func cloneAndBuild(ctx context.Context, t *terminal) (program string, err error) {
	root, err := exec.CommandContext(ctx, "git", "rev-parse", "--show-toplevel").Output()
	if err != nil {
		return "", fmt.Errorf("find the repository: %w", err)
	}
	from := "file://" + string(root[:len(root)-1])
	clone := filepath.Join(t.dir, "messenger-bridge")
	for _, step := range []struct {
		typed string
		in    string
		args  []string
	}{
		{typedClone, t.dir, []string{"git", "clone", "--quiet", "--depth", "1", from, clone}},
		{typedBuild, clone, []string{"go", "build", "-o", "messenger-bridge", "./cmd/messenger-bridge"}},
	} {
		cmd := exec.CommandContext(ctx, step.args[0], step.args[1:]...) // #nosec G204 -- our own words
		cmd.Dir = step.in
		if said, err := t.types(step.typed, cmd, 0); err != nil {
			return "", fmt.Errorf("%s: %w\n%s", step.typed, err, said)
		}
	}
	return filepath.Join(clone, "messenger-bridge"), nil
}

// How the program is got, as it is typed.
const (
	typedClone = "git clone <this repository> messenger-bridge && cd messenger-bridge"
	typedBuild = "go build -o messenger-bridge ./cmd/messenger-bridge"
)
