package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"messenger-bridge/app/publicurl"
	"messenger-bridge/bridge"
	"messenger-bridge/bridge/pages"
	"messenger-bridge/bridge/refusals"
	"messenger-bridge/companion"
	"messenger-bridge/messenger"
	"messenger-bridge/messenger/webhook"
	"messenger-bridge/replicas"
	"messenger-bridge/rocketchat"
	"messenger-bridge/rocketchat/stream"
	"messenger-bridge/store"
)

// patient is a bridge that is examined: one that runs, or its parts.
type patient struct {
	cfg         Config
	log         *slog.Logger
	started     time.Time
	store       *store.Store
	graph       *messenger.Platform
	client      *rocketchat.Workspace
	stream      *stream.Stream
	connections *pages.Connections
	secret      func() bridge.Secret // the app's

	replica   func() *replicas.State  // nil: there are no others
	refused   func() []bridge.Refused // what the workspace refuses at the moment; of one that runs
	running   bool
	workspace bool             // configured well enough to be asked
	meta      bool             //
	stored    bool             // the store is the bridge's own
	login     error            // why the bot could not log in; for one that runs, its stream knows
	before    []bridge.Finding // made before anything was asked
}

// take lets the parts of a program be examined.
func (t *patient) take(p *program) {
	t.started, t.graph, t.client, t.stream, t.connections = p.started, p.graph, p.client, p.stream, p.pages.Connections
	t.secret = func() bridge.Secret { return p.settled.AppSecrets()[0] }
}

func (t *patient) note(check string, level bridge.Level, found, do string) {
	t.before = append(t.before, bridge.Finding{Check: check, Level: level, Found: found, Do: do})
}

// Diagnosis is what a doctor says.
type Diagnosis struct {
	Findings []Finding  `json:"findings"`
	Repairs  []repaired `json:"repairs,omitempty"`
	Bad      int        `json:"bad"`  // how many findings are
	Note     int        `json:"note"` // or not found out

	// For those who set the webhook up by hand. The verify token is not told.
	Callback string   `json:"callback,omitempty"`
	Fields   []string `json:"fields"`
}

// Finding is a Finding that can travel.
type Finding struct {
	bridge.Finding
	Fixable bool `json:"fixable,omitempty"`
}

// repaired is what became of one that was to be repaired.
type repaired struct {
	Check   string `json:"check"`
	Done    bool   `json:"done"`
	Problem string `json:"problem,omitempty"` // why not
}

// diagnose examines, repairs what it may, and examines again.
func (t *patient) diagnose(ctx context.Context, may repair) Diagnosis {
	found := t.examine(ctx)
	var repairs []repaired
	if may.Fix {
		repairs = t.treat(ctx, found, may)
	}
	if slices.ContainsFunc(repairs, func(r repaired) bool { return r.Done }) {
		found = t.examine(ctx)
	}
	d := Diagnosis{Repairs: repairs, Fields: messenger.Fields(bridge.WantComments(t.store))}
	if IsBaseURL(t.cfg.Network.PublicURL) {
		d.Callback = strings.TrimRight(t.cfg.Network.PublicURL, "/") + webhook.Path
	}
	for _, f := range found {
		switch f.Level {
		case bridge.Bad:
			d.Bad++
		case bridge.Notable, bridge.Unknowable:
			d.Note++
		}
		switch {
		case f.Fix != nil && f.Agree != "":
			f.Do = "`messenger-bridge doctor --fix --" + f.Agree + "` changes that. " + f.Do
		case f.Fix != nil:
			f.Do = "`messenger-bridge doctor --fix` does it. " + f.Do
		}
		d.Findings = append(d.Findings, Finding{Finding: f, Fixable: f.Fix != nil})
	}
	return d
}

// examine looks at everything, at both platforms at the same time.
func (t *patient) examine(ctx context.Context) []bridge.Finding {
	at, err := t.store.Cursor(HandshakeSeen)
	if err != nil {
		at = time.Time{}
	}
	pages := t.store.Pages()
	var workspace, meta, public []bridge.Finding
	var all sync.WaitGroup
	if t.workspace {
		all.Go(func() {
			workspace = t.client.Checkup(ctx, rocketchat.Expected{
				Login: t.loginProblem(), SetupChannel: t.cfg.Workspace.SetupChannel, Pages: pages,
				App: companion.About().ID, AppServed: len(Secrets(t.cfg.Workspace.CommandsSecret)) > 0,
			})
		})
	}
	if t.meta {
		all.Go(func() { meta = t.graph.Checkup(ctx, t.cfg.Network.PublicURL, at, pages) })
	}
	if IsBaseURL(t.cfg.Network.PublicURL) {
		q := publicurl.Question{URL: t.cfg.Network.PublicURL, Running: t.running, Verified: at}
		if t.meta {
			q.Secret = t.secret()
		}
		all.Go(func() { public = []bridge.Finding{publicurl.Examine(ctx, q)} })
	}
	all.Wait()
	for i, f := range meta {
		if f.Check == bridge.HandshakeCheck && !t.stored {
			meta[i] = unread(bridge.HandshakeCheck)
		}
	}
	return slices.Concat(t.before, t.process(), workspace, public, meta, t.states(pages))
}

// process looks at the bridge itself.
func (t *patient) process() []bridge.Finding {
	const check = "bridge"
	if !t.running {
		return []bridge.Finding{{Check: check, Level: bridge.Bad, Found: "it is not running on " + t.cfg.Store.Database + "; what follows was found without it",
			Do: "Start it: `messenger-bridge serve`. If it runs, DATABASE names another file than its own."}}
	}
	if t.replica != nil {
		if why, do := t.replica().Trouble(); why != "" {
			return []bridge.Finding{{Check: "journal", Level: bridge.Bad, Found: "it runs, but refuses webhooks: " + why, Do: do + " Meta repeats what is refused, for about an hour."}}
		}
	}
	if err := t.store.Health(); err != nil {
		return []bridge.Finding{{Check: check, Level: bridge.Bad, Found: fmt.Sprintf("it runs, but refuses webhooks: %v", err), Do: "Make room on the disk, or find out why it does not write. Meta repeats what is refused, for about an hour."}}
	}
	found := []bridge.Finding{{Check: check, Level: bridge.Good, Found: Version() + ", running since " + t.started.UTC().Format("2 January 2006, 15:04 MST")}}
	if n := t.store.Changes().Count(); n > 0 {
		found = append(found, changedFinding(n))
	}
	state := t.stream.State()
	if id, _ := t.client.Bot(); id != "" && !state.Connected {
		found = append(found, bridge.Finding{Check: "connection", Level: bridge.Bad, Found: "it is not connected to Rocket.Chat: " + state.Problem,
			Do: rocketchat.OnConnecting(state.Err)})
	}
	if t.refused != nil {
		for _, r := range t.refused() {
			found = append(found, refusedFinding(r))
		}
	}
	return found
}

// refusedFinding says that the workspace refuses a call.
func refusedFinding(r bridge.Refused) bridge.Finding {
	of := "of some"
	if r.Everybody() {
		of = "of everybody"
	}
	return bridge.Finding{Check: "refused", Level: bridge.Bad, Do: refusals.Remedy(nil, r.Response),
		Found: fmt.Sprintf("since %s Rocket.Chat refuses %s: %s", r.Since.UTC().Format("2 January 2006, 15:04 MST"), of, r.Response.String())}
}

// loginProblem is why the bot is not logged in, if it is not.
func (t *patient) loginProblem() error {
	if !t.running {
		return t.login
	}
	state := t.stream.State()
	if state.Connected {
		return nil
	}
	r := &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.WorkspaceDown}
	if state.Refused {
		r.Verdict = bridge.Never
	}
	r.Err = state.Err
	if inner, is := errors.AsType[*bridge.Refusal](state.Err); is {
		r.Err = inner.Err
	}
	return r
}

// unread is what cannot be told without the store.
func unread(check string) bridge.Finding {
	return bridge.Finding{Check: check, Level: bridge.Unknowable, Found: "not looked at, because the store cannot be read"}
}

// states looks at what the bridge thinks of its pages.
func (t *patient) states(pages []bridge.Page) (found []bridge.Finding) {
	switch {
	case !t.stored:
		return []bridge.Finding{unread(bridge.PagesCheck)}
	case len(pages) == 0:
		return []bridge.Finding{{Check: bridge.PagesCheck, Level: bridge.Notable, Found: "no page is connected",
			Do: "Type `/facebook authorize` (or `!facebook authorize`) in Rocket.Chat, or use `messenger-bridge pages add`."}}
	}
	for _, p := range pages {
		if why := p.Feed.Why; why.Kind != "" && p.State != bridge.PageOff {
			found = append(found, bridge.Finding{Check: p.DisplayName() + ": comments", Level: bridge.Bad, Found: why.String(), Do: why.Help(nil, p)})
		}
		if p.State == bridge.PageRunning || p.State == bridge.PageOff {
			continue
		}
		f := bridge.Finding{Check: p.DisplayName() + ": state", Level: bridge.Bad, Found: string(p.State), Do: p.Why.Help(nil, p)}
		if p.Why.Kind != "" {
			f.Found += ": " + p.Why.String()
		}
		if t.meta && p.Token != "" && p.State != bridge.PageNeedsAuth && p.State != bridge.PageHeld && p.Why.Kind != bridge.WebhookElsewhere {
			f.Do = fmt.Sprintf("Or type `/facebook subscribe %s`.", p.ID)
			f.Fix = func(ctx context.Context) error { return t.switchOn(ctx, p.ID) }
		}
		found = append(found, f)
	}
	return found
}

// switchOn subscribes a page; the error says what is missing.
func (t *patient) switchOn(ctx context.Context, id bridge.PageID) error {
	page, err := t.connections.SwitchOn(ctx, id)
	if err == nil && page.State != bridge.PageRunning {
		err = errors.New(page.Why.String())
	}
	return err
}

// treat repairs what it may, and then lets a running bridge look at its pages, so that
// their states are as they now are. One that starts looks by itself.
func (t *patient) treat(ctx context.Context, found []bridge.Finding, may repair) (repairs []repaired) {
	for _, f := range found {
		if f.Fix == nil || f.Level == bridge.Good {
			continue
		}
		r := repaired{Check: f.Check}
		if !may.agreed(f.Agree) {
			r.Problem = "it concerns more than the bridge; only with --" + f.Agree
		} else if err := f.Fix(ctx); err != nil {
			t.log.Warn("the doctor could not repair something", "check", f.Check, "err", err)
			r.Problem = err.Error()
		} else {
			t.log.Info("the doctor has repaired something", "check", f.Check)
			r.Done = true
		}
		repairs = append(repairs, r)
	}
	if !t.running || !slices.ContainsFunc(repairs, func(r repaired) bool { return r.Done }) {
		return repairs
	}
	for _, p := range t.store.Pages() {
		if p.State == bridge.PageOff || p.Token == "" {
			continue
		}
		if _, err := t.connections.Verify(ctx, p.ID); err != nil {
			t.log.Warn("page not looked at", "page", p.ID, "err", err)
		}
	}
	return repairs
}
