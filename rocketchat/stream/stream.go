package stream

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/metrics"
	"messenger-bridge/pause"
	"messenger-bridge/rocketchat"
	"messenger-bridge/rocketchat/markup"
)

// Accepter takes what agents wrote and returns how much of it was new. When it
// returns nil, nothing of it can be lost any more.
type Accepter interface {
	FromAgent(context.Context, []bridge.AgentMessage) (fresh int, err error)
	// FromClosing takes that a room was closed by somebody other than the bot. It may
	// see a closing more than once.
	FromClosing(context.Context, bridge.Closing) error
}

// CommandTaker takes what people told the bot. When it returns nil, nothing of it
// can be lost any more.
type CommandTaker interface {
	FromPeople(context.Context, []bridge.Command) error
}

// Store knows the bridge's rooms, and keeps the cursor: up to when all rooms were read.
type Store interface {
	// Conversation tells rooms that were opened for a conversation from all others.
	Conversation(bridge.RoomID) (bridge.Conversation, bool, error)
	Cursor(name string) (time.Time, error) // zero if it was never saved
	SaveCursor(name string, t time.Time) error
}

// Config is what a Stream is made of.
type Config struct {
	Client *rocketchat.Workspace
	Credentials
	Accept       Accepter
	Commands     CommandTaker // nil: nobody is listened to but agents in customers' rooms
	SetupChannel string       // name of the private group for omnichannel managers; "": none
	Store        Store
	Gestures     Gestures // nil: nobody cares
	Hooks
	Times
	Clock   markup.Clock // says times to customers; nil: in English and UTC
	Log     *slog.Logger
	Metrics *metrics.Metrics
}

// Hooks are called when something happened. Each may be nil.
type Hooks struct {
	Ready    func()       // logged in, subscribed and caught up
	Arrived  func()       // somebody who may be an agent has come; it does not wait
	Language func(string) // the workspace's language, after a login; "": it has none

	Credentials func() Credentials // as they are at the moment; nil: as configured
	Retry       <-chan struct{}    // a refused login is worth trying at once; nil: never
}

// Credentials are the bot's: a user with a password, or an id with a personal access token.
type Credentials struct {
	User     string
	Password bridge.Secret
	UserID   bridge.UserID
	Token    bridge.Secret
}

// Times are how often and how long. Those that are zero get the default that stands
// beside them.
type Times struct {
	PingEvery      time.Duration // 25 s
	Silence        time.Duration // without any frame the connection counts as dead; 60 s
	SweepEvery     time.Duration // how often REST is asked for what the stream did not bring; 5 min
	Answer         time.Duration // how long an answer may take; 15 s
	RefusedWait    time.Duration // after a refused login; 5 min
	FollowEvery    time.Duration // between two rooms whose typing is followed; 4 s
	FirstReconnect time.Duration // 500 ms; doubles up to 30 s
	InOrder        time.Duration // how long an answer waits for older ones that it may have overtaken; 50 ms
}

// withDefaults fills in what is zero.
func (t Times) withDefaults() Times {
	return Times{
		PingEvery:      cmp.Or(t.PingEvery, 25*time.Second),
		Silence:        cmp.Or(t.Silence, time.Minute),
		SweepEvery:     cmp.Or(t.SweepEvery, 5*time.Minute),
		Answer:         cmp.Or(t.Answer, 15*time.Second),
		RefusedWait:    cmp.Or(t.RefusedWait, 5*time.Minute),
		FollowEvery:    cmp.Or(t.FollowEvery, 4*time.Second),
		FirstReconnect: cmp.Or(t.FirstReconnect, 500*time.Millisecond),
		InOrder:        cmp.Or(t.InOrder, 50*time.Millisecond),
	}
}

// Stream brings what agents write, and what people tell the bot.
type Stream struct {
	cfg   *Config
	state atomic.Pointer[State]

	auth     *authenticator
	in       *sorter
	order    *ordering
	pending  *pendingRooms
	progress *progress
	opened   *openedRooms
	sweeper  *sweeper
	catchUp  *catchUp
	turns    *turns
}

// State is how the connection is, for people.
type State struct {
	Connected bool      `json:"connected"`
	Since     time.Time `json:"since"`
	Problem   string    `json:"problem,omitempty"` // why not connected
	Err       error     `json:"-"`                 // the same, as it was met
	Refused   bool      `json:"refused,omitempty"` // the login was refused: a person must act
}

// New returns a Stream that does nothing until Run.
func New(cfg Config) *Stream {
	cfg.Times = cfg.withDefaults()
	s := &Stream{
		cfg: &cfg, auth: &authenticator{cfg: &cfg}, in: newSorter(&cfg), order: newOrdering(&cfg), opened: newOpenedRooms(),
		pending: &pendingRooms{rooms: map[bridge.RoomID]*pendingRoom{}},
	}
	s.progress = &progress{&cfg, s.pending}
	s.sweeper = &sweeper{cfg: &cfg, auth: s.auth, pending: s.pending, hot: s.in.hot}
	s.catchUp = &catchUp{cfg: &cfg, in: s.in, order: s.order, pending: s.pending, progress: s.progress, opened: s.opened}
	s.turns = &turns{s.order, s.catchUp}
	s.note(State{Problem: "not connected yet", Err: errors.New("not connected yet")})
	return s
}

// State returns how the connection is now.
func (s *Stream) State() State { return *s.state.Load() }

// note keeps how the connection is, and since when it is up, or down.
func (s *Stream) note(st State) {
	st.Since = time.Now()
	if before := s.state.Load(); before != nil && before.Connected == st.Connected {
		st.Since = before.Since
	}
	s.state.Store(&st)
	connected := 0.0
	if st.Connected {
		connected = 1
	}
	s.cfg.Metrics.Connected.Set(connected)
}

// Run keeps a session until ctx ends. It alone decides when to connect again.
func (s *Stream) Run(ctx context.Context) error {
	for failures, ever := 0, false; ; failures++ {
		err := s.session(ctx, func() { failures, ever = 0, true })
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		trouble := "not connected to Rocket.Chat yet, trying again"
		if ever {
			trouble = "stream lost, reconnecting"
			s.cfg.Metrics.Reconnect.Inc()
		}
		refusal := bridge.RefusalOf(err)
		wait := max(refusal.After, s.cfg.reconnectAfter(failures))
		refused := refusal.Verdict == bridge.Never
		if refused { // a person must act; webhooks go on
			wait = s.cfg.RefusedWait
			s.cfg.Log.Error("Rocket.Chat refuses the bot's login; check ROCKETCHAT_USER and ROCKETCHAT_PASSWORD, or ROCKETCHAT_USER_ID and ROCKETCHAT_TOKEN", "err", refusal.Err, "wait", wait)
		} else {
			s.cfg.Log.Warn(trouble, "err", err, "wait", wait)
		}
		s.note(State{Problem: err.Error(), Err: err, Refused: refused})
		if err := waitFor(ctx, wait, s.cfg.Retry); err != nil {
			return err
		}
	}
}

// waitFor waits before the next session, unless the credentials were read again.
func waitFor(ctx context.Context, d time.Duration, again <-chan struct{}) error {
	early, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go func() {
		select {
		case <-again:
			stop(errRetry)
		case <-early.Done():
		}
	}()
	if err := pause.For(early, d); err != nil && !errors.Is(err, errRetry) {
		return err
	}
	return nil
}

var errRetry = errors.New("the credentials were read again")

func (t Times) reconnectAfter(failures int) time.Duration {
	return pause.Spread(pause.Backoff{First: t.FirstReconnect, Most: 30 * time.Second}.After(failures), rand.Float64()) // #nosec G404 -- spreads when many connect again
}

// retryAfter is how long to wait after so many failures before.
func (t Times) retryAfter(failures int) time.Duration {
	return pause.Backoff{First: t.FirstReconnect, Most: 5 * time.Minute}.After(failures)
}
