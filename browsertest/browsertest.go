// Package browsertest starts a headless Chromium for tests of pages.
package browsertest

import (
	"context"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Browser is a Chromium with one window. It ends with its test.
type Browser struct {
	Ctx context.Context // for chromedp's actions

	mu       sync.Mutex
	troubles []string
}

// starts is how often a browser is started that ends at once, as Chromium sometimes
// does on a busy machine.
const starts = 3

// Start starts a browser that speaks a language such as "en-GB"; where none is
// installed, the test is skipped and says so.
func Start(t *testing.T, language string) *Browser {
	t.Helper()
	path := find()
	if path == "" {
		t.Skip("no chromium or google-chrome in PATH")
	}
	opts := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.NoFirstRun, chromedp.WSURLReadTimeout(time.Minute), chromedp.Flag("lang", language),
	}
	for _, flag := range []string{"headless", "no-sandbox", "disable-gpu", "disable-quic", "disable-background-networking",
		"disable-component-update", "disable-sync", "disable-dev-shm-usage", "disable-extensions", "hide-scrollbars"} {
		opts = append(opts, chromedp.Flag(flag, true))
	}
	var err error
	for range starts {
		b := &Browser{}
		if err = b.start(t, append(slices.Clone(opts), chromedp.UserDataDir(t.TempDir()))); err == nil {
			return b
		}
		t.Log("start the browser:", err)
	}
	t.Fatal("no browser starts: ", err)
	return nil
}

func find() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if found, err := exec.LookPath(name); err == nil {
			return found
		}
	}
	return ""
}

func (b *Browser) start(t *testing.T, opts []chromedp.ExecAllocatorOption) error {
	ctx, stop := context.WithTimeout(context.WithoutCancel(t.Context()), 5*time.Minute) // it ends in Cleanup
	t.Cleanup(stop)
	ctx, stopAllocator := chromedp.NewExecAllocator(ctx, opts...)
	t.Cleanup(stopAllocator)
	ctx, stopTab := chromedp.NewContext(ctx)
	err := chromedp.Listen(ctx, b.hear)
	if err != nil {
		stopTab()
		return err
	}
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil { // waits for the process, whose folder is deleted next
			t.Log("closing the browser:", err)
		}
		stopTab()
	})
	b.Ctx = ctx
	return nil
}

func (b *Browser) hear(event any) {
	said := ""
	switch e := event.(type) {
	case *log.EventEntryAdded: // content policies violated, failed loads
		said = e.Entry.Text
	case *runtime.EventConsoleAPICalled:
		said = "console: " + string(e.Type)
	case *runtime.EventExceptionThrown:
		said = e.ExceptionDetails.Text
	default:
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.troubles = append(b.troubles, said)
}

// Troubles returns what the browser's console has said since they were last asked for.
func (b *Browser) Troubles() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := b.troubles
	b.troubles = nil
	return all
}
