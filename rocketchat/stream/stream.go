package stream

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/metrics"
	"messenger-bridge/pause"
	"messenger-bridge/rocketchat"
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

// Known tells rooms that were opened for a conversation from all others.
type Known interface {
	Conversation(bridge.RoomID) (bridge.Conversation, bool, error)
}

// Cursors remembers up to when all rooms were read; zero if never.
type Cursors interface {
	Cursor(name string) (time.Time, error)
	SaveCursor(name string, t time.Time) error
}

// Config is what a Stream is made of. Durations that are zero get the
// default that stands beside them.
type Config struct {
	Client         *rocketchat.Workspace
	User           string        // with Password: the bot's login
	Password       bridge.Secret //
	UserID         bridge.UserID // with Token: a personal access token instead
	Token          bridge.Secret //
	Accept         Accepter
	Commands       CommandTaker // nil: nobody is listened to but agents in customers' rooms
	SetupChannel   string       // name of the private group for omnichannel managers; "": none
	Known          Known
	Gestures       Gestures // nil: nobody cares
	Cursors        Cursors
	Ready          func()        // called when logged in, subscribed and caught up
	Language       func(string)  // called with the workspace's language after a login; "": it has none. May be nil
	PingEvery      time.Duration // 25 s
	Silence        time.Duration // without any frame the connection counts as dead; 60 s
	SweepEvery     time.Duration // how often REST is asked for what the stream did not bring; 5 min
	Answer         time.Duration // how long an answer may take; 15 s
	RefusedWait    time.Duration // after a refused login; 5 min
	FollowEvery    time.Duration // between two rooms whose typing is followed; 4 s
	FirstReconnect time.Duration // 500 ms; doubles up to 30 s
	Log            *slog.Logger
	Metrics        *metrics.Metrics
}

// Stream brings what agents write, and what people tell the bot.
type Stream struct {
	cfg   *Config
	state atomic.Pointer[State]

	auth     *authenticator
	in       *intake
	pending  *pendingRooms
	progress *progress
	opened   *openedRooms
	sweeper  *sweeper
	catchUp  *catchUp
}

// State is how the connection is, for people.
type State struct {
	Connected bool      `json:"connected"`
	Since     time.Time `json:"since"`
	Problem   string    `json:"problem,omitempty"` // why not connected
	Refused   bool      `json:"refused,omitempty"` // the login was refused: a person must act
}

// New returns a Stream that does nothing until Run.
func New(cfg Config) *Stream {
	for d, value := range map[*time.Duration]time.Duration{
		&cfg.PingEvery: 25 * time.Second, &cfg.Silence: time.Minute, &cfg.SweepEvery: 5 * time.Minute,
		&cfg.Answer: 15 * time.Second, &cfg.RefusedWait: 5 * time.Minute, &cfg.FirstReconnect: 500 * time.Millisecond, &cfg.FollowEvery: 4 * time.Second,
	} {
		if *d == 0 {
			*d = value
		}
	}
	s := &Stream{
		cfg: &cfg, auth: &authenticator{cfg: &cfg}, in: newIntake(&cfg), opened: newOpenedRooms(),
		pending: &pendingRooms{rooms: map[bridge.RoomID]*pendingRoom{}},
	}
	s.progress = &progress{&cfg, s.pending}
	s.sweeper = &sweeper{cfg: &cfg, auth: s.auth, pending: s.pending}
	s.catchUp = &catchUp{cfg: &cfg, in: s.in, pending: s.pending, progress: s.progress, opened: s.opened}
	s.note(State{Problem: "not connected yet"})
	return s
}

// State returns how the connection is now.
func (s *Stream) State() State { return *s.state.Load() }

func (s *Stream) note(st State) {
	st.Since = time.Now()
	s.state.Store(&st)
	connected := 0.0
	if st.Connected {
		connected = 1
	}
	s.cfg.Metrics.Connected.Set(connected)
}

// Run keeps a session until ctx ends. It alone decides when to connect again.
func (s *Stream) Run(ctx context.Context) error {
	for failures := 0; ; failures++ {
		err := s.session(ctx, func() { failures = 0 })
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		s.cfg.Metrics.Reconnect.Inc()
		refusal := bridge.RefusalOf(err)
		wait := max(refusal.After, s.cfg.reconnectAfter(failures))
		refused := refusal.Verdict == bridge.Never
		if refused { // a person must act; webhooks go on
			wait = s.cfg.RefusedWait
			s.cfg.Log.Error("Rocket.Chat refuses the bot's login; check ROCKETCHAT_USER and ROCKETCHAT_PASSWORD, or ROCKETCHAT_USER_ID and ROCKETCHAT_TOKEN", "err", refusal.Err, "wait", wait)
		} else {
			s.cfg.Log.Warn("stream lost, reconnecting", "err", err, "wait", wait)
		}
		s.note(State{Problem: err.Error(), Refused: refused})
		if err := pause.For(ctx, wait); err != nil {
			return err
		}
	}
}

func (c *Config) reconnectAfter(failures int) time.Duration {
	return pause.Spread(pause.Backoff{First: c.FirstReconnect, Most: 30 * time.Second}.After(failures), rand.Float64())
}

// retryAfter is how long to wait after so many failures before.
func (c *Config) retryAfter(failures int) time.Duration {
	return pause.Backoff{First: c.FirstReconnect, Most: 5 * time.Minute}.After(failures)
}
