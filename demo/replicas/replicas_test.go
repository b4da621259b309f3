package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/chromedp/chromedp"

	"messenger-bridge/browsertest"
)

// The test binary is the bridge as well, with this variable set.
const childVariable = "MESSENGER_BRIDGE_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		defer stop()
		if err := serve(ctx); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// window is the page in a headless Chromium.
type window struct {
	*testing.T
	ctx context.Context
}

// until waits until the page says something.
func (w *window) until(what, condition string) {
	w.Helper()
	script := `new Promise(seen => {
		const patience = setTimeout(() => { clearInterval(watch); seen(document.body.innerText); }, 60000);
		const watch = setInterval(() => { if (` + condition + `) { clearTimeout(patience); clearInterval(watch); seen(''); } }, 50);
	})`
	instead, err := chromedp.Run(w.ctx, chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise))
	if err != nil {
		w.Fatal(err)
	}
	if instead != "" {
		w.Fatalf("waited in vain until %s; the page says\n%s", what, instead)
	}
}

func (w *window) press(id string) {
	w.Helper()
	if err := browsertest.Click(w.ctx, "#"+id); err != nil {
		w.Fatal(err)
	}
}

func says(id, text string) string {
	return fmt.Sprintf("document.getElementById(%q)?.innerText.includes(%q)", id, text)
}

// catchesUp waits until more has been written than now, and nothing of what was is under way.
func (w *window) catchesUp() {
	w.Helper()
	now, err := chromedp.Run(w.ctx, chromedp.Evaluate[int](`Number(document.getElementById("written").innerText)`))
	if err != nil {
		w.Fatal(err)
	}
	w.until("all that was written has arrived", fmt.Sprintf(`Number(document.getElementById("shown").innerText) > %d && Number(document.getElementById("received").innerText) > 0 &&
		document.getElementById("verdict").innerText.startsWith("Nothing is lost")`, now))
}

// Everything on the page is ended and started: it shows who leads, and that nothing is lost.
func TestPage_EveryButton(t *testing.T) {
	browser := browsertest.Start(t, "en-GB")
	s, err := newStage(func(environ []string) *exec.Cmd {
		child := exec.Command(os.Args[0], "-test.run=^$")
		child.Env = append(environ, childVariable+"=serve")
		return child
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	shown := make(chan error, 1)
	go func() { shown <- s.show(ctx, l) }()
	defer func() { stop(); <-shown }()
	w := &window{T: t, ctx: browser.Ctx}
	if err := chromedp.Do(w.ctx, chromedp.EmulateViewport(1000, 900)); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.RunResponse(w.ctx, chromedp.Navigate("http://"+l.Addr().String()+"/")); err != nil {
		t.Fatal(err)
	}
	w.until("one leads", says("bridge-1", "leader"))
	w.until("the other follows", says("bridge-2", "standby"))
	w.catchesUp()
	w.press("kill-leader")
	w.until("the other leads", says("bridge-2", "leader"))
	w.until("the first is dead", says("bridge-1", "dead"))
	w.catchesUp()
	w.picture("demo-replicas")
	w.press("start-all")
	w.until("the first follows", says("bridge-1", "standby"))
	w.press("stop-leader")
	w.until("the first leads again", says("bridge-1", "leader"))
	w.until("the second has ended", says("bridge-2", "dead"))
	w.press("start-all")
	w.until("the second follows", says("bridge-2", "standby"))
	w.press("kill-node-2")
	w.until("a node is dead", says("nats-3", "dead"))
	w.catchesUp()
	w.press("start-all")
	w.until("it runs again", says("nats-3", "runs")+"||"+says("nats-3", "leads"))
	w.press("kill-machine-0")
	w.until("the second leads", says("bridge-2", "leader"))
	w.catchesUp()
	for _, trouble := range browser.Troubles() {
		t.Error("the browser says:", trouble)
	}
}

// picture takes a screenshot into the folder SCREENSHOTS, if there is one.
func (w *window) picture(name string) {
	w.Helper()
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(w.ctx, chromedp.FullScreenshot(100))
	if err = errors.Join(err, os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600)); err != nil {
		w.Fatal(err)
	}
}

func TestListen_OnLoopbackOnly(t *testing.T) {
	for _, address := range []string{":8090", "0.0.0.0:0", "192.0.2.1:80", "nonsense"} {
		if l, err := listenLoopback(address); err == nil {
			l.Close()
			t.Errorf("%s is accepted", address)
		}
	}
}
