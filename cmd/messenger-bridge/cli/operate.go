package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"messenger-bridge/app"
	"messenger-bridge/app/audit"
	"messenger-bridge/bridge"
	"messenger-bridge/bridge/pages"
	"messenger-bridge/store"
)

// storeFlags say which store a command works on.
type storeFlags struct {
	Database string `help:"Path of the store." env:"DATABASE" default:"bolt.db" type:"path"`
}

// open opens the store of a bridge that does not run. The key comes as for serve.
func (f storeFlags) open(std Stdio) (*store.Store, error) {
	if _, err := os.Stat(f.Database); err != nil {
		return nil, fmt.Errorf("there is no store at %s; start the bridge once with `messenger-bridge serve`, or name another one with --database or DATABASE (%w)", f.Database, err)
	}
	return f.openOrCreate(std)
}

func (f storeFlags) openOrCreate(std Stdio) (*store.Store, error) {
	vars, err := f.key(std)
	if err != nil {
		return nil, err
	}
	return store.Open(options(f.Database, vars))
}

// key returns the variables that hold the key. The other secrets are none of our business here.
func (storeFlags) key(std Stdio) (map[string]string, error) {
	vars := map[string]string{}
	for _, v := range std.Environ {
		name, value, _ := strings.Cut(v, "=")
		if name == "JOURNAL_URL" && value != "" { // what was written past the journal would part this file from the others
			return nil, errors.New("the store is one of several replicas (JOURNAL_URL is set): start this one, and give the command where the leader runs")
		}
		if name == "SECRET_KEY" || name == "SECRET_KEY_FILE" {
			vars[name] = value
		}
	}
	return vars, errors.Join(app.SecretsFromFiles(vars)...)
}

func options(database string, vars map[string]string) store.Options {
	return store.Options{Path: database, Key: bridge.Secret(vars["SECRET_KEY"])}
}

type pagesCmd struct {
	Add    pagesAddCmd    `cmd:"" help:"Add a page with a token made by hand, or give it a new token."`
	List   pagesListCmd   `cmd:"" help:"Show the pages."`
	Remove pagesRemoveCmd `cmd:"" help:"Forget a page. Its rooms stay readable."`
}

type pagesAddCmd struct {
	storeFlags
	PageID     string `help:"Id of the Facebook page." required:""`
	TokenFile  string `help:"File that holds the token: the page's, or of a system user or person who reaches the page; - reads it from the standard input." required:""`
	Name       string `help:"Name of the page; asked from Facebook by a running bridge if left out."`
	Department string `help:"Id of the Omnichannel department for new rooms."`
}

func (c pagesAddCmd) Run(ctx context.Context, std Stdio) error {
	token, err := readToken(c.TokenFile, std.In)
	if err != nil {
		return err
	}
	if strings.Trim(c.PageID, "0123456789") != "" || c.PageID == "" {
		return fmt.Errorf("the page id %q is not a number; it stands in the page's settings at Facebook under Page transparency", c.PageID)
	}
	add := app.PageToAdd{ID: c.PageID, Name: c.Name, Token: token, Department: c.Department}
	body, err := json.Marshal(add)
	if err != nil {
		return err
	}
	err = app.Ask(ctx, c.Database, http.MethodPost, "/pages", string(body), func(res *http.Response) error {
		var page app.PageAdded
		if err := json.NewDecoder(res.Body).Decode(&page); err != nil {
			return err
		}
		if page.State != bridge.PageRunning {
			return std.say(page, "page %s (%s) is stored, but not running: %s\n", c.PageID, page.Name, page.Why)
		}
		return std.say(page, "page %s (%s) is running; its token %s\n", c.PageID, page.Name, page.Token)
	})
	if !errors.Is(err, app.ErrNotRunning) {
		return err
	}
	_, missing := os.Stat(c.Database)
	s, err := c.openOrCreate(std)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := pages.StoreByHand(bridge.ActedBy(ctx, bridge.AnOperator), audited(s), add.ByHand(), time.Now()); err != nil {
		return err
	}
	made := ""
	if errors.Is(missing, fs.ErrNotExist) {
		made = ", which was made just now: no bridge has run on it. If yours has another, set DATABASE as it is set there, and remove this one"
	}
	return std.say(app.PageAdded{Name: c.Name, Why: "the bridge does not run"}, "page %s is stored in %s%s; its token is looked at and the page connected when the bridge starts\n", c.PageID, c.Database, made)
}

// audited are the pages of a store that no bridge runs on: what is changed is recorded all the same.
func audited(s *store.Store) audit.Pages {
	return audit.Pages{PageStore: s, Auditor: audit.Auditor{Journal: s.Journal(), Log: slog.New(slog.DiscardHandler)}}
}

func readToken(path string, stdin io.Reader) (string, error) {
	var content []byte
	var err error
	if path == "-" {
		content, err = io.ReadAll(io.LimitReader(stdin, 64<<10))
	} else {
		content, err = os.ReadFile(path) // #nosec G304 -- whoever types the command names the file
	}
	if err != nil {
		return "", fmt.Errorf("read the token: %w", err)
	}
	token := strings.TrimSpace(string(content))
	if token == "" || strings.ContainsAny(token, " \n\t") {
		return "", fmt.Errorf("%s must hold the page access token and nothing else", path)
	}
	return token, nil
}

type pagesListCmd struct{ storeFlags }

func (c pagesListCmd) Run(ctx context.Context, std Stdio) error {
	var pages []app.PageStatus
	err := app.Ask(ctx, c.Database, http.MethodGet, "/pages", "", func(res *http.Response) error {
		return json.NewDecoder(res.Body).Decode(&pages)
	})
	if errors.Is(err, app.ErrNotRunning) {
		var s *store.Store
		if s, err = c.open(std); err != nil {
			return err
		}
		defer s.Close()
		for _, p := range s.Pages() {
			pages = append(pages, app.PageStatus{ID: p.ID, Name: p.DisplayName(), State: p.State, Why: p.Why.String()})
		}
	}
	if err != nil {
		return err
	}
	return std.answer(pages, func(w io.Writer) error { return printPages(w, pages) })
}

func printPages(w io.Writer, pages []app.PageStatus) error {
	if len(pages) == 0 {
		_, err := fmt.Fprintln(w, "no page is connected; `messenger-bridge pages add` adds one")
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "PAGE\tNAME\tTO AGENTS\tTO CUSTOMERS\tFAILED\tSTATE\t")
	for _, p := range pages {
		state := string(p.State)
		if p.Why != "" {
			state += " (" + p.Why + ")"
		}
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%d\t%s\t\n", p.ID, p.Name, p.WaitingIn, p.WaitingOut, p.Failed, state)
	}
	return table.Flush()
}

type pagesRemoveCmd struct {
	storeFlags
	PageID string `arg:"" help:"Id of the Facebook page."`
}

func (c pagesRemoveCmd) Run(ctx context.Context, std Stdio) error {
	var removed app.PageRemoved
	err := app.Ask(ctx, c.Database, http.MethodDelete, "/pages/"+url.PathEscape(c.PageID), "", func(res *http.Response) error {
		return json.NewDecoder(res.Body).Decode(&removed)
	})
	if errors.Is(err, app.ErrNotRunning) {
		err = c.removeHere(ctx, std)
	}
	if err != nil {
		return err
	}
	return std.say(removed, "%s\n", strings.TrimSpace("page "+c.PageID+" is removed. "+removed.Revoked.In(nil)))
}

type backupCmd struct {
	storeFlags
	File string `arg:"" help:"Where to write the copy. It must not exist."`
}

func (c backupCmd) Run(ctx context.Context, std Stdio) (err error) {
	f, err := os.OpenFile(c.File, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("create the backup: %w", err)
	}
	defer func() {
		if closing := f.Close(); err == nil {
			err = closing
		}
		if err != nil {
			os.Remove(c.File) // #nosec G104 -- what is left is no backup, and its error is told
		}
	}()
	err = app.Ask(ctx, c.Database, http.MethodGet, "/backup", "", func(res *http.Response) error { return receiveBackup(f, res) })
	if errors.Is(err, app.ErrNotRunning) {
		var s *store.Store
		if s, err = c.open(std); err != nil {
			return err
		}
		defer s.Close()
		_, err = s.Backup(ctx, f)
	}
	if err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return std.say(map[string]string{"file": c.File}, "%s is written. Keep the key (SECRET_KEY or %s.key) as well, elsewhere: without it the copy is worthless.\n",
		c.File, filepath.Base(c.Database))
}

// receiveBackup writes an answer that says at its end whether it is complete.
func receiveBackup(f *os.File, res *http.Response) error {
	if _, err := io.Copy(f, res.Body); err != nil {
		return err
	}
	if res.Trailer.Get("X-Complete") != "yes" {
		return errors.New("the running bridge could not complete the backup; see its log")
	}
	return nil
}

type exampleCmd struct {
	File string `arg:""`
}

func (c exampleCmd) Run() error { return store.Example(c.File) }
