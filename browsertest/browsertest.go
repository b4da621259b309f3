// Package browsertest starts a headless Chromium for tests of pages.
package browsertest

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
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

// ErrNone says that no browser is installed.
var ErrNone = errors.New("no chromium or google-chrome in PATH")

// Start starts a browser that speaks a language such as "en-GB"; where none is
// installed, the test is skipped and says so.
func Start(t *testing.T, language string) *Browser {
	t.Helper()
	b, stop, err := Open(context.WithoutCancel(t.Context()), language, t.TempDir()) // it ends in Cleanup
	if errors.Is(err, ErrNone) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal("no browser starts: ", err)
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Log("closing the browser:", err)
		}
	})
	return b
}

// Open starts a browser that keeps its files below a folder. stop ends it, and waits for it, so
// that the folder can be deleted.
func Open(ctx context.Context, language, folder string) (b *Browser, stop func() error, err error) {
	path := find()
	if path == "" {
		return nil, nil, ErrNone
	}
	opts := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.NoFirstRun, chromedp.WSURLReadTimeout(time.Minute), chromedp.Flag("lang", language),
	}
	for _, flag := range []string{"headless", "no-sandbox", "disable-gpu", "disable-quic", "disable-background-networking",
		"disable-component-update", "disable-sync", "disable-dev-shm-usage", "disable-extensions", "hide-scrollbars"} {
		opts = append(opts, chromedp.Flag(flag, true))
	}
	for i := range starts {
		b = &Browser{}
		own := chromedp.UserDataDir(filepath.Join(folder, strconv.Itoa(i)))
		if stop, err = b.start(ctx, append(slices.Clone(opts), own)); err == nil {
			return b, stop, nil
		}
	}
	return nil, nil, err
}

func find() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if found, err := exec.LookPath(name); err == nil {
			return found
		}
	}
	return ""
}

func (b *Browser) start(ctx context.Context, opts []chromedp.ExecAllocatorOption) (stop func() error, err error) {
	ctx, stopTime := context.WithTimeout(ctx, 5*time.Minute)
	ctx, stopAllocator := chromedp.NewExecAllocator(ctx, opts...)
	ctx, stopTab := chromedp.NewContext(ctx)
	stop = func() error {
		err := chromedp.Cancel(ctx) // waits for the process
		stopTab()
		stopAllocator()
		stopTime()
		return err
	}
	if err := chromedp.Listen(ctx, b.hear); err != nil {
		return nil, errors.Join(err, stop())
	}
	b.Ctx = ctx
	return stop, nil
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

// Click clicks on what a CSS selector finds, once it is visible, and again if the page replaced it meanwhile:
// then nothing was clicked.
func Click(ctx context.Context, selector string) (err error) {
	for range 50 {
		err = chromedp.Do(ctx, chromedp.Click(chromedp.CSS(selector)))
		if err == nil || !strings.Contains(err.Error(), "Could not find node") {
			return err
		}
	}
	return err
}
