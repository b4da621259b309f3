package app

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/commands"
	"messenger-bridge/messenger"
	"messenger-bridge/replicas"
	"messenger-bridge/rocketchat/stream"
	"messenger-bridge/store"
)

// Status is what GET /status and `messenger-bridge status` show.
type Status struct {
	Version    string                `json:"version"`
	Started    time.Time             `json:"started"`
	Running    Span                  `json:"runningFor"`
	Ready      string                `json:"ready"`             // "yes", or why webhooks are refused
	Changed    int                   `json:"changed,omitempty"` // records of the store that somebody else has changed
	RocketChat stream.State          `json:"rocketchat"`
	Facebook   messenger.State       `json:"facebook"`
	In         Backlog               `json:"toRooms"`
	Out        Backlog               `json:"toCustomers"`
	Notices    Backlog               `json:"toAgents"`
	Failed     int                   `json:"failed"`  // set aside for 7 days, to be tried again by a person
	Reasons    map[bridge.Reason]int `json:"reasons"` // of the failed
	Refused    []Refused             `json:"refused"` // by Rocket.Chat at the moment, for a minute or longer
	Pages      []PageStatus          `json:"pages"`
	Replica    *replicas.State       `json:"replica,omitempty"` // nil: there is one process and one file
}

// Refused is a call that Rocket.Chat refuses at the moment.
type Refused struct {
	Call      string    `json:"call"`
	Status    int       `json:"status"` // 0: there is no answer
	Code      string    `json:"code,omitempty"`
	Since     time.Time `json:"since"`
	For       Span      `json:"for"`
	Everybody bool      `json:"everybody"` // not only of some
}

type Backlog struct {
	Waiting int        `json:"waiting"`
	Oldest  *time.Time `json:"oldest,omitempty"`
	For     *Span      `json:"oldestFor,omitempty"`
}

type PageStatus struct {
	ID    bridge.PageID    `json:"id"`
	Name  string           `json:"name"`
	State bridge.PageState `json:"state"`
	Why   string           `json:"why,omitempty"`

	WaitingIn  int                   `json:"waitingIn"`              // to agents
	OldestIn   *time.Time            `json:"oldestIn,omitempty"`     //
	ForIn      *Span                 `json:"oldestInFor,omitempty"`  //
	WaitingOut int                   `json:"waitingOut"`             // to customers
	OldestOut  *time.Time            `json:"oldestOut,omitempty"`    //
	ForOut     *Span                 `json:"oldestOutFor,omitempty"` //
	Held       bridge.Reason         `json:"held,omitempty"`         // why nothing is sent to customers at the moment
	Until      *time.Time            `json:"until,omitempty"`        // when that is tried again
	Failed     int                   `json:"failed"`
	Reasons    map[bridge.Reason]int `json:"reasons,omitempty"`
}

// view shows operators and administrators how the bridge is.
type view struct {
	*late
	started time.Time
	store   *store.Store
	graph   *messenger.Platform
	replica func() *replicas.State // nil: there are no others
	log     *slog.Logger
}

func (v *view) status() Status {
	s := Status{Version: Version(), Started: v.started, Running: SpanSince(v.started, time.Now()), Ready: "yes", RocketChat: v.stream.State(), Facebook: v.graph.State(),
		Reasons: map[bridge.Reason]int{}, Refused: []Refused{}}
	for _, r := range v.relay.Refusals.Lasting() {
		s.Refused = append(s.Refused, Refused{Call: r.Route, Status: r.Status, Code: r.Code, Since: r.Since, For: SpanSince(r.Since, time.Now()), Everybody: r.Everybody()})
	}
	s.Changed = v.store.Changes().Count()
	if err := v.store.Health(); err != nil {
		s.Ready = err.Error()
	}
	if v.replica != nil {
		s.Replica = v.replica()
		if err := s.Replica.Ready(); err != nil {
			s.Ready = err.Error()
		}
	}
	in, out, notices := v.relay.Backlog()
	s.In, s.Out, s.Notices = show(in), show(out), show(notices)
	failed, err := v.relay.DeadLetters.Counts()
	if err != nil {
		v.log.Warn("what failed cannot be counted", "err", err)
	}
	for _, reasons := range failed {
		for reason, n := range reasons {
			s.Reasons[reason] += n
			s.Failed += n
		}
	}
	waiting := v.relay.Backlogs()
	v.store.EachPage(func(page *bridge.Page) bool {
		s.Pages = append(s.Pages, pageStatus(page, waiting[page.ID], failed[page.ID]))
		return true
	})
	return s
}

func pageStatus(page *bridge.Page, waiting bridge.PageBacklog, failed map[bridge.Reason]int) PageStatus {
	in, out := show(waiting.In), show(waiting.Out)
	s := PageStatus{ID: page.ID, Name: page.DisplayName(), State: page.State, Why: page.Why.String(),
		WaitingIn: in.Waiting, OldestIn: in.Oldest, ForIn: in.For, WaitingOut: out.Waiting, OldestOut: out.Oldest, ForOut: out.For, Held: waiting.Held, Reasons: failed}
	if !waiting.Until.IsZero() {
		s.Until = &waiting.Until
	}
	for _, n := range failed {
		s.Failed += n
	}
	return s
}

func show(b bridge.Backlog) Backlog {
	if b.Oldest.IsZero() {
		return Backlog{Waiting: b.Waiting}
	}
	age := SpanSince(b.Oldest, time.Now())
	return Backlog{Waiting: b.Waiting, Oldest: &b.Oldest, For: &age}
}

// ServeHTTP answers GET /status.
func (v *view) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	answerJSON(w, v.status())
}

// health is the same for `status` in chat.
func (v *view) health() (commands.Health, error) {
	chat, facebook := v.stream.State(), v.graph.State()
	h := commands.Health{
		Version: Version(), Started: v.started,
		Workspace: commands.Connection{Up: chat.Connected, Since: chat.Since, Problem: chat.Problem},
		Facebook:  commands.Connection{Up: facebook.Answers, Since: facebook.Since, Problem: facebook.Problem},
		Waiting:   v.relay.Backlogs(), Refused: v.relay.Refusals.Lasting(), Changed: v.store.Changes().Count(),
	}
	h.In, h.Out, _ = v.relay.Backlog()
	if err := v.store.Health(); err != nil {
		h.Refuses = err.Error()
	}
	var err error
	h.Failed, err = v.relay.DeadLetters.Counts()
	return h, err
}

// failures are the bridge's, which is made after the commands.
type failures struct{ *late }

func (f failures) DeadLetters(page bridge.PageID, before bridge.Seq, limit int) ([]bridge.DeadLetter, int, error) {
	return f.relay.DeadLetters.List(page, before, limit)
}

func (f failures) Retry(ctx context.Context, anyway bool, seqs ...bridge.Seq) ([]bridge.RetryResult, error) {
	return f.relay.DeadLetters.Retry(ctx, anyway, seqs...)
}

func (f failures) RetryAll(ctx context.Context, page bridge.PageID) (again, overtaken int, err error) {
	return f.relay.DeadLetters.RetryAll(ctx, page)
}
