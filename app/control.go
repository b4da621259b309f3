package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"messenger-bridge/app/config"
	"messenger-bridge/bridge"
	"messenger-bridge/bridge/pages"
	"messenger-bridge/store"
)

// A running bridge owns its store. Commands of operators talk to it over a Unix
// socket beside the file, which only its owner may open.

// listenControl opens the socket. The store is locked by us at this point, so
// that a socket which is there was left by a crash.
func listenControl(path string) (net.Listener, error) {
	if len(path) > config.MaxSocketPath {
		return nil, fmt.Errorf("the path of the control socket is too long (%d characters, %d are possible): %s; choose a shorter DATABASE", len(path), config.MaxSocketPath, path)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("remove the old control socket: %w", err)
	}
	// The file that Linux makes of a socket gets the socket's own mode, so that it is
	// never open to others. Not by umask: that is the whole process's.
	private := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) { _ = syscall.Fchmod(int(fd), 0o600) })
	}}
	l, err := private.Listen(context.Background(), "unix", path)
	if err != nil {
		return nil, fmt.Errorf("open the control socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil { // for other systems
		l.Close() // #nosec G104 -- the error before says what is wrong
		return nil, fmt.Errorf("close the control socket to others: %w", err)
	}
	return l, nil
}

// operators carries out what is typed on the bridge's own machine.
type operators struct {
	*late
	view     *view
	store    *store.Store
	pages    *pages.Parts
	patient  func() *patient // the bridge, to be examined
	roomLink func(bridge.RoomID) string
	level    *slog.LevelVar
	log      *slog.Logger
}

// routes are all on the control socket.
func (o *operators) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /status", o.view)
	mux.HandleFunc("/doctor", o.serveDoctor)
	mux.HandleFunc("GET /log-level", o.serveLogLevel)
	mux.HandleFunc("PUT /log-level", o.serveLogLevel)
	mux.HandleFunc("GET /failed", o.serveFailed)
	mux.HandleFunc("POST /retry", o.serveRetry)
	mux.HandleFunc("GET /pages", o.listPages)
	mux.HandleFunc("POST /pages", o.addPage)
	mux.HandleFunc("DELETE /pages/{id}", o.removePage)
	mux.HandleFunc("POST /forget", o.serveForget)
	mux.HandleFunc("GET /backup", o.backUp)
	return mux
}

func (o *operators) backUp(w http.ResponseWriter, r *http.Request) {
	if err := http.NewResponseController(w).SetWriteDeadline(time.Time{}); err != nil { // a large store takes its time
		o.log.Debug("write deadline not lifted", "err", err)
	}
	w.Header().Set("Trailer", "X-Complete")
	if _, err := o.store.Backup(r.Context(), w); err != nil {
		o.log.Error("backup failed", "err", err)
		return
	}
	w.Header().Set("X-Complete", "yes")
}

// ErrNotRunning says that no bridge serves the store.
var ErrNotRunning = errors.New("no bridge is running on this store")

// Ask sends one request to a running bridge and hands its answer to read.
func Ask(ctx context.Context, database, method, path, body string, read func(*http.Response) error) error {
	client := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{Timeout: 2 * time.Second}).DialContext(ctx, "unix", config.ControlPath(database))
	}}}
	defer client.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, method, "http://bridge"+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	res, err := client.Do(req)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%w, %s; start it with `messenger-bridge serve`, or name its store with --database or DATABASE", ErrNotRunning, database)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("this user may not ask the bridge that runs on %s; run the command as the user of the bridge: %w", database, err)
	case err != nil:
		return fmt.Errorf("ask the bridge that runs on %s: %w", database, err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(res.Body, 4096))
		return fmt.Errorf("the running bridge refused: %s", strings.TrimSpace(string(text)))
	}
	return read(res)
}

// burst counts events and speaks up once per period, when there were many.
type burst struct {
	many   int
	period time.Duration

	mu    sync.Mutex // guards the fields below
	since time.Time
	n     int
}

func newBurst(many int, period time.Duration) *burst { return &burst{many: many, period: period} }

// count counts one event and returns how many there were in the period, if that
// has just become many; else 0.
func (b *burst) count(now time.Time) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now.Sub(b.since) > b.period {
		b.since, b.n = now, 0
	}
	b.n++
	if b.n == b.many {
		return b.n
	}
	return 0
}
