package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"messenger-bridge/app/settled"
	"messenger-bridge/bridge"
	"messenger-bridge/store"
	"messenger-bridge/store/apart"
)

// repair says what a doctor may change.
type repair struct {
	Fix            bool // what concerns the bridge alone
	replace, slash bool // what others may use: the operator has agreed to it
}

// NewRepair allows nothing unless fix is set.
func NewRepair(fix, replace, slash bool) repair {
	return repair{Fix: fix, replace: fix && replace, slash: fix && slash}
}

// agreed reports whether the operator has agreed to what a finding asks for.
func (r repair) agreed(flag string) bool {
	return flag == "" && r.Fix || flag == "replace" && r.replace || flag == "slash-commands" && r.slash
}

// doctorsPatience bounds a whole visit. One call may take 15 s, and there are many.
const doctorsPatience = 3 * time.Minute

// serveDoctor examines the running bridge. GET looks, POST repairs as well.
func (o *operators) serveDoctor(w http.ResponseWriter, r *http.Request) {
	ctx, stop := context.WithTimeout(r.Context(), doctorsPatience)
	defer stop()
	q := r.URL.Query()
	may := NewRepair(r.Method == http.MethodPost && q.Get("fix") == "true", q.Get("replace") == "true", q.Get("slash") == "true")
	answerJSON(w, o.patient().diagnose(ctx, may))
}

// DiagnoseAlone examines a bridge that does not run: it puts the same parts together
// and logs the bot in for as long as it takes.
// Another replica may lead, so there it repairs nothing.
func DiagnoseAlone(ctx context.Context, cfg Config, problems error, may repair) (d Diagnosis, err error) {
	if may.Fix && cfg.Store.Journal.URL != "" {
		return d, errors.New("the bridge is one of several replicas (JOURNAL_URL is set): start this one, and give the command where the leader runs; without --fix it can be looked at")
	}
	ctx, stop := context.WithTimeout(ctx, doctorsPatience)
	defer stop()
	t := &patient{
		cfg: cfg, log: slog.New(slog.DiscardHandler), // what is wrong is in the findings
		workspace: IsBaseURL(cfg.RocketChat.URL),
		meta:      cfg.Facebook.AppID != "" && len(Secrets(cfg.Facebook.AppSecret)) > 0 && IsBaseURL(cfg.Facebook.GraphURL),
	}
	t.configuration(problems)
	if len(Secrets(cfg.Facebook.AppSecret)) == 0 {
		t.cfg.Facebook.AppSecret = "none" // so that the other parts can be made
	}
	finish, err := t.openStore(may.Fix)
	if err != nil {
		return d, err
	}
	defer finish()
	p := newProgram(settled.New(t.cfg, t.log), t.log)
	p.store = t.store
	if err := p.assemble(); err != nil {
		return d, err
	}
	t.take(p)
	seen := false
	switch {
	case !t.workspace:
	case cfg.RocketChat.Password == "" && cfg.RocketChat.Token == "":
		t.login = errNoLogin{}
	default:
		t.login = t.stream.LogInOnce(ctx, func(ctx context.Context) { d, seen = t.diagnose(ctx, may), true })
	}
	if !seen {
		d = t.diagnose(ctx, may)
	}
	return d, nil
}

// errNoLogin says that the bot has nothing to log in with.
type errNoLogin struct{}

func (errNoLogin) Error() string { return "neither its password nor a token is known" }
func (errNoLogin) Advice() string {
	return "Set ROCKETCHAT_USER_ID and ROCKETCHAT_TOKEN, or ROCKETCHAT_USER and ROCKETCHAT_PASSWORD."
}

// configuration notes every problem with the environment.
func (t *patient) configuration(problems error) {
	if problems == nil {
		t.note("configuration", bridge.Good, "complete", "")
		return
	}
	all := []error{problems}
	if joined, ok := problems.(interface{ Unwrap() []error }); ok {
		all = joined.Unwrap()
	}
	for _, p := range all {
		t.note("configuration", bridge.Bad, p.Error(), "The bridge does not start before. `messenger-bridge serve --help` lists all variables.")
	}
}

// openStore opens the store, apart from its file unless it may be changed, or an empty one that goes away with finish:
// with it everything but the pages can be looked at.
func (t *patient) openStore(change bool) (finish func(), err error) {
	const check = "store"
	path := t.cfg.Store.Database
	_, err = os.Stat(path)
	if err == nil {
		open := apart.Open
		if change {
			open = store.Open
		}
		t.store, err = open(store.Options{Path: path, Key: t.cfg.Store.SecretKey, Log: t.log})
	}
	switch {
	case err == nil:
		t.stored = true
		t.note(check, bridge.Good, path+" can be read", "")
		return func() { t.store.Close() }, nil // #nosec G104 -- a copy that was only looked at
	case errors.Is(err, fs.ErrNotExist) && t.store == nil:
		t.note(check, bridge.Notable, "there is none at "+path+" yet", "The bridge makes it when it first starts. If it ran before, correct DATABASE.")
		t.stored = true // there are no pages
	case errors.Is(err, store.ErrReplica):
		t.note(check, bridge.Notable, path+" is the file of a replica that does not run", "It is not opened past the journal. Start it, or ask where a replica leads.")
	default:
		t.note(check, bridge.Bad, err.Error(), "")
	}
	dir, err := os.MkdirTemp("", "doctor")
	if err != nil {
		return nil, fmt.Errorf("make an empty store: %w", err)
	}
	t.store, err = store.Open(store.Options{Path: filepath.Join(dir, "bolt.db"), Log: t.log})
	if err != nil {
		os.RemoveAll(dir) // #nosec G104 -- a copy that was only looked at
		return nil, fmt.Errorf("make an empty store: %w", err)
	}
	return func() {
		t.store.Close()   // #nosec G104 -- a copy that was only looked at
		os.RemoveAll(dir) // #nosec G104 -- a copy that was only looked at
	}, nil
}
