package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/pages"
)

// A running bridge owns its store. Commands of operators talk to it over a Unix
// socket beside the file, which only its owner may open.

// maxSocketPath is the longest path of a Unix socket on Linux.
const maxSocketPath = 107

func controlPath(database string) string { return database + ".sock" }

// listenControl opens the socket. The store is locked by us at this point, so
// that a socket which is there was left by a crash.
func listenControl(path string) (net.Listener, error) {
	if len(path) > maxSocketPath {
		return nil, fmt.Errorf("the path of the control socket is too long (%d characters, %d are possible): %s; choose a shorter DATABASE", len(path), maxSocketPath, path)
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
		l.Close()
		return nil, fmt.Errorf("close the control socket to others: %w", err)
	}
	return l, nil
}

// controlRoutes serve the operator's commands.
func (p *program) controlRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", p.serveStatus)
	mux.HandleFunc("/doctor", p.serveDoctor)
	mux.HandleFunc("GET /failed", p.serveFailed)
	mux.HandleFunc("POST /retry", p.serveRetry)
	mux.HandleFunc("GET /pages", func(w http.ResponseWriter, _ *http.Request) {
		answerJSON(w, p.status().Pages)
	})
	mux.HandleFunc("POST /pages", func(w http.ResponseWriter, r *http.Request) {
		var add PageToAdd
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&add); err != nil {
			http.Error(w, "not understood", http.StatusBadRequest)
			return
		}
		page, err := p.pages.Connections.AddByHand(r.Context(), add.ByHand())
		var refused *pages.TokenRefused
		if errors.As(err, &refused) {
			http.Error(w, refused.In(nil), http.StatusUnprocessableEntity)
			return
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusConflict)
			return
		}
		answerJSON(w, PageAdded{Name: page.DisplayName(), State: page.State, Why: page.Why.String(), Token: tokenText(page)})
	})
	mux.HandleFunc("DELETE /pages/{id}", func(w http.ResponseWriter, r *http.Request) {
		page, revoked, err := p.pages.Revoker.Delete(r.Context(), bridge.PageID(r.PathValue("id")), bridge.Author{})
		if err != nil {
			http.Error(w, err.Error(), http.StatusConflict)
			return
		}
		answerJSON(w, PageRemoved{page.DisplayName(), revoked})
	})
	mux.HandleFunc("POST /forget", p.serveForget)
	mux.HandleFunc("GET /backup", func(w http.ResponseWriter, r *http.Request) {
		if err := http.NewResponseController(w).SetWriteDeadline(time.Time{}); err != nil { // a large store takes its time
			p.log.Debug("write deadline not lifted", "err", err)
		}
		w.Header().Set("Trailer", "X-Complete")
		if _, err := p.store.Backup(r.Context(), w); err != nil {
			p.log.Error("backup failed", "err", err)
			return
		}
		w.Header().Set("X-Complete", "yes")
	})
	return mux
}

// ErrNotRunning says that no bridge serves the store.
var ErrNotRunning = errors.New("no bridge is running on this store")

// Ask sends one request to a running bridge and hands its answer to read.
func Ask(ctx context.Context, database, method, path, body string, read func(*http.Response) error) error {
	client := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{Timeout: 2 * time.Second}).DialContext(ctx, "unix", controlPath(database))
	}}}
	defer client.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, method, "http://bridge"+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	res, err := client.Do(req)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return ErrNotRunning
	}
	if err != nil {
		return fmt.Errorf("ask the running bridge: %w", err)
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

// PageToAdd is how a page travels to a running bridge, over the socket only.
type PageToAdd struct {
	ID, Name, Token, Department string
}

func (a PageToAdd) ByHand() pages.ByHand {
	return pages.ByHand{ID: bridge.PageID(a.ID), Name: a.Name, Token: bridge.Secret(a.Token), Department: bridge.DepartmentID(a.Department)}
}

// PageAdded is what a running bridge answers.
type PageAdded struct {
	Name       string
	State      bridge.PageState
	Why, Token string
}

// tokenText says what a page's token is.
func tokenText(p bridge.Page) string {
	of := map[bridge.TokenKind]string{
		bridge.PageToken: "is the page's own", bridge.SystemToken: "was made from a system user's", bridge.PersonToken: "was made from a person's",
	}[p.TokenKind]
	switch {
	case of == "":
		return "could not be looked at yet"
	case p.Expires.IsZero():
		return of + ", and never expires"
	}
	return of + ", and expires on " + p.Expires.UTC().Format("2 January 2006")
}
