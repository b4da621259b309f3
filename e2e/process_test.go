package e2e

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"messenger-bridge/app"
	"messenger-bridge/sandbox/cluster"
)

// The test binary is the program as well: with this variable set it runs serve
// instead of the tests, so that a test can kill a real process.
const childVariable = "MESSENGER_BRIDGE_CHILD"

func TestMain(m *testing.M) {
	if was, err := cluster.Node(); was {
		if err != nil {
			fmt.Fprintln(os.Stderr, "a node of the journal:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if os.Getenv(childVariable) != "" {
		os.Exit(child())
	}
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given { // most of a test's time is waiting
		_ = flag.Set("test.parallel", strconv.Itoa(2*runtime.GOMAXPROCS(0)))
	}
	code := m.Run()
	os.RemoveAll(programs)
	os.Exit(code)
}

// programs is the folder of what build makes; empty: nothing was made.
var programs string

// build makes the program as operators have it, once, and returns its path.
var build = sync.OnceValues(func() (path string, err error) {
	if programs, err = os.MkdirTemp("", "mbp"); err != nil {
		return "", err
	}
	path = filepath.Join(programs, "messenger-bridge")
	if said, err := exec.Command("go", "build", "-o", path, "messenger-bridge/cmd/messenger-bridge").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, said)
	}
	return path, nil
})

func child() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	cfg, err := app.ReadConfig(os.Environ())
	if err == nil {
		err = app.Serve(ctx, cfg, app.NewLogger(os.Stderr, cfg), func(app.Addresses) { fmt.Println("up") })
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// process is the program as a process of its own.
type process struct {
	*exec.Cmd
	ended chan error
}

// startProcess runs the bridge, as the test binary holds it, as a process and waits
// until it listens.
func (w *world) startProcess() *process {
	w.Helper()
	child := exec.Command(os.Args[0], "-test.run=^$")
	child.Env = append(os.Environ(), childVariable+"=serve")
	out, err := child.StdoutPipe()
	if err != nil {
		w.Fatal(err)
	}
	p := w.launch(child)
	up := make([]byte, 3)
	if _, err := out.Read(up); err != nil {
		w.Fatalf("the process did not start: %v\n%s", err, w.log.String())
	}
	return p
}

// launch starts a program that serves this world.
func (w *world) launch(program *exec.Cmd) *process {
	w.Helper()
	p := &process{Cmd: program, ended: make(chan error, 1)}
	p.Env = append(append(p.Environ(), w.environ...), app.TimesVariable+"="+w.cfg.Times.String())
	p.Stderr = w.log
	if err := p.Start(); err != nil {
		w.Fatal(err)
	}
	go func() { p.ended <- p.Wait() }()
	w.at = app.Addresses{Public: w.cfg.Network.Listen, Metrics: w.cfg.Network.MetricsListen}
	w.Cleanup(func() { p.Process.Kill() })
	return p
}

// kill ends the process as a power cut would.
func (p *process) kill() {
	p.Process.Kill()
	<-p.ended
}

// terminate asks the process to end and returns its exit code and how long it took.
func (p *process) terminate(t *testing.T) (code int, took time.Duration) {
	t.Helper()
	start := time.Now()
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-p.ended:
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return exit.ExitCode(), time.Since(start)
		}
		return 0, time.Since(start)
	case <-time.After(patience):
		p.Process.Kill()
		t.Fatal("the process does not end")
		return -1, 0
	}
}
