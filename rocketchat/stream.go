package rocketchat

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/metrics"
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

// Cursors remembers up to when all rooms were looked at; zero if never.
type Cursors interface {
	Cursor(name string) (time.Time, error)
	SaveCursor(name string, t time.Time) error
}

// StreamConfig is what a Stream is made of. Durations that are zero get the
// default that stands beside them.
type StreamConfig struct {
	Client         *Client
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
	LookEvery      time.Duration // how often REST is asked for what the stream did not bring; 5 min
	Answer         time.Duration // how long an answer may take; 15 s
	RefusedWait    time.Duration // after a refused login; 5 min
	FollowEvery    time.Duration // between two rooms whose typing is followed; 4 s
	FirstReconnect time.Duration // 500 ms; doubles up to 30 s
	Log            *slog.Logger
	Metrics        *metrics.Metrics
}

// Stream brings what agents write, and what people tell the bot.
type Stream struct {
	cfg   StreamConfig
	state atomic.Pointer[State]

	// These belong to Run's goroutine.
	resume    bridge.Secret // token of the last login
	early     early
	reactions reactions
	direct    map[string]bool // direct rooms by id; true: of two
	problem   string          // with the setup channel, as last logged
	another   bool            // that ROCKETCHAT_USER_ID is another user's was said

	// These belong to the session.
	looking      bool      // the first look is not in: nobody knows what may overtake what
	lookNext     time.Time // when to look again after one that failed; zero: with the next tick
	lookFailures int       // in a row
	missed       int       // messages that the stream should have brought
	tooOld       tooOld
	plain        func(string) string // plainText

	owed owed // guards itself
	hot  *hotRooms

	opened chan struct{}          // holds one token when there is something new in rooms or owed
	mu     sync.Mutex             // guards rooms
	rooms  map[bridge.RoomID]bool // opened lately
}

// State is how the connection is, for people.
type State struct {
	Connected bool      `json:"connected"`
	Since     time.Time `json:"since"`
	Problem   string    `json:"problem,omitempty"` // why not connected
	Refused   bool      `json:"refused,omitempty"` // the login was refused: a person must act
}

// NewStream returns a Stream that does nothing until Run.
func NewStream(cfg StreamConfig) *Stream {
	for d, value := range map[*time.Duration]time.Duration{
		&cfg.PingEvery: 25 * time.Second, &cfg.Silence: time.Minute, &cfg.LookEvery: 5 * time.Minute,
		&cfg.Answer: 15 * time.Second, &cfg.RefusedWait: 5 * time.Minute, &cfg.FirstReconnect: 500 * time.Millisecond, &cfg.FollowEvery: 4 * time.Second,
	} {
		if *d == 0 {
			*d = value
		}
	}
	s := &Stream{
		cfg: cfg, direct: map[string]bool{}, hot: newHotRooms(), reactions: reactions{map[string][]string{}, map[string]string{}}, plain: plainText, owed: owed{rooms: map[bridge.RoomID]*debt{}},
		opened: make(chan struct{}, 1), rooms: map[bridge.RoomID]bool{},
	}
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
		wait := max(refusal.After, s.reconnectAfter(failures))
		refused := refusal.Verdict == bridge.Never
		if refused { // a person must act; webhooks go on
			wait = s.cfg.RefusedWait
			s.cfg.Log.Error("Rocket.Chat refuses the bot's login; check ROCKETCHAT_USER and ROCKETCHAT_PASSWORD, or ROCKETCHAT_USER_ID and ROCKETCHAT_TOKEN", "err", refusal.Err, "wait", wait)
		} else {
			s.cfg.Log.Warn("stream lost, reconnecting", "err", err, "wait", wait)
		}
		s.note(State{Problem: err.Error(), Refused: refused})
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
}

func (s *Stream) reconnectAfter(failures int) time.Duration {
	wait := min(s.cfg.FirstReconnect<<min(failures, 10), 30*time.Second)
	return wait*4/5 + rand.N(wait*2/5+1)
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

// maxHeld bounds what the stream may bring while catching up, or while the store
// is slow. Beyond it the session ends, and the next one reads the rest over REST.
const maxHeld = 10_000

// session is one connection from dial to loss.
func (s *Stream) session(ctx context.Context, ready func()) error {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	if err := s.begin(); err != nil {
		return err
	}
	events := make(chan wireMessage, maxHeld)
	dialing, stop := context.WithTimeout(ctx, s.cfg.Answer)
	defer stop()
	deliver := func(m wireMessage) error {
		if !s.wants(m) {
			return nil
		}
		select {
		case events <- m:
			return nil
		default:
			return errTooFarBehind
		}
	}
	conn, err := dialDDP(dialing, s.cfg.Client.cfg.URL, s.cfg.Silence, deliver)
	if err != nil {
		return err
	}
	conn.aside = func(event string, data []byte) error {
		if gone, is := s.noticed(event, data); is {
			return deliver(gone)
		}
		return nil
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	defer conn.conn.Close()
	defer context.AfterFunc(ctx, func() { conn.conn.Close() })() // unblocks the reader
	wg.Go(func() { end(conn.read()) })
	wg.Go(func() { end(s.ping(ctx, conn)) })

	if err := s.logIn(ctx, conn); err != nil {
		return cause(ctx, err)
	}
	s.setUp(ctx)
	// Subscribed first, so that nothing falls between the look and the stream.
	if err := s.within(ctx, conn.subscribe); err != nil {
		return cause(ctx, fmt.Errorf("subscribe: %w", err))
	}
	if s.cfg.Gestures != nil {
		wg.Go(func() { s.follow(ctx, conn) })
	}
	return cause(ctx, s.live(ctx, &wg, events, func() {
		ready()
		s.note(State{Connected: true})
		s.cfg.Log.Info("connected to Rocket.Chat, subscribed and caught up")
		if s.cfg.Ready != nil {
			s.cfg.Ready()
		}
	}))
}

// cause prefers the reason why the session ended over its consequence.
func cause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// live accepts what the stream brings, as much as there is at once, while one errand
// after another catches up beside it, and looks now and then for what the stream did
// not bring. What it brings of a room that is still to be caught up with waits until
// that is done, so order within a room holds. caughtUp is called when every room was
// looked into once.
func (s *Stream) live(ctx context.Context, errands *sync.WaitGroup, events <-chan wireMessage, caughtUp func()) error {
	tick := time.NewTicker(s.cfg.LookEvery)
	defer tick.Stop()
	due := time.NewTimer(time.Hour)
	defer due.Stop()
	done := make(chan func(context.Context) error, 1)
	run := func(e errand) { errands.Go(func() { done <- e(ctx) }) }
	s.owed.restart()
	s.missed, s.lookFailures, s.lookNext = 0, 0, time.Time{}
	s.looking = true
	run(s.look(true))
	busy, ready, lookDue := true, false, false
	for {
		if !busy {
			e, wait := s.nextRoom()
			if e == nil {
				if err := s.rest(); err != nil {
					return err
				}
				if !ready {
					ready = true
					caughtUp()
				}
				if lookDue {
					lookDue, e = false, s.look(false)
				}
			}
			if busy = e != nil; busy {
				run(e)
			} else if !s.lookNext.IsZero() {
				wait = min(wait, time.Until(s.lookNext))
			}
			due.Reset(wait)
		}
		in := events
		if s.looking {
			in = nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case m := <-in:
			if err := s.takeStreamed(ctx, m, in); err != nil {
				return err
			}
		case then := <-done:
			busy = false
			for n := len(in); n > 0 && len(in) > 0; n -= 512 { // what is here already was not missed
				if err := s.takeStreamed(ctx, <-in, in); err != nil {
					return err
				}
			}
			if err := then(ctx); err != nil {
				return err
			}
		case <-s.opened:
			if err := s.handOnEarly(ctx); err != nil {
				return err
			}
		case <-tick.C:
			lookDue = true
		case <-due.C:
			if !s.lookNext.IsZero() && !time.Now().Before(s.lookNext) {
				s.lookNext, lookDue = time.Time{}, true
			}
		}
	}
}

// takeStreamed accepts what the stream has brought, as much as there is at once.
func (s *Stream) takeStreamed(ctx context.Context, first wireMessage, more <-chan wireMessage) error {
	var batch []wireMessage
	for m := first; ; m = <-more {
		waits, err := s.waits(m)
		if err != nil {
			return err
		} else if !waits {
			batch = append(batch, m)
		}
		if len(batch) == 512 || len(more) == 0 {
			break
		}
	}
	_, err := s.accept(ctx, batch)
	return err
}

// waits keeps a message back that would overtake older ones of its customer.
func (s *Stream) waits(m wireMessage) (bool, error) {
	if s.owed.none() {
		return false, nil
	}
	whose, _, err := s.cfg.Known.Conversation(bridge.RoomID(m.Room))
	if err != nil {
		return false, err
	}
	return s.owed.wait(m, whose)
}

func (s *Stream) ping(ctx context.Context, conn *ddp) error {
	tick := time.NewTicker(s.cfg.PingEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
			if err := conn.write(pong{Msg: "ping"}); err != nil {
				return err
			}
		}
	}
}

// logIn shakes hands and proves who we are: by the token of the session before,
// while it is good, else as configured. The token serves REST as well.
func (s *Stream) logIn(ctx context.Context, conn *ddp) error {
	if err := s.within(ctx, conn.connect); err != nil {
		return err
	}
	var user bridge.UserID
	var token bridge.Secret
	try := func(with login) error {
		return s.within(ctx, func(ctx context.Context) (err error) {
			user, token, err = conn.login(ctx, with)
			return err
		})
	}
	err := errors.New("no token yet")
	if s.resume != "" {
		err = try(byToken(s.resume))
	}
	var refused *ddpError
	if err != nil && (s.resume == "" || errors.As(err, &refused)) {
		s.resume = ""
		err = try(s.configured())
	}
	if err != nil {
		return loginRefusal(err)
	}
	s.resume = token
	s.cfg.Client.loggedIn(user, token)
	if s.cfg.UserID != "" && s.cfg.UserID != user && !s.another {
		s.another = true
		s.cfg.Log.Warn("ROCKETCHAT_TOKEN belongs to another user than ROCKETCHAT_USER_ID; the bot is the token's user. Correct ROCKETCHAT_USER_ID, or create the token as the user you mean",
			"configured", s.cfg.UserID, "user", user)
	}
	return s.introduce(ctx)
}

func (s *Stream) configured() login {
	if s.cfg.Token != "" {
		return byToken(s.cfg.Token)
	}
	return byPassword(s.cfg.User, s.cfg.Password)
}

// loginRefusal tells a login that a person must repair from one worth repeating.
func loginRefusal(err error) error {
	var e *ddpError
	if !errors.As(err, &e) {
		return fmt.Errorf("log in: %w", err)
	}
	if e.code() == "too-many-requests" || e.code() == "500" {
		after := time.Duration(e.Details.Reset) * time.Millisecond
		return &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.RateLimited, After: after, Err: fmt.Errorf("log in: %w", err)}
	}
	return &bridge.Refusal{Verdict: bridge.Never, Reason: bridge.WorkspaceDown, Err: fmt.Errorf("log in: %w", err)}
}

// introduce learns what the workspace tells the bot about itself and the limits.
func (s *Stream) introduce(ctx context.Context) error {
	var me struct {
		Username string `json:"username"`
	}
	if err := s.patiently(ctx, call{method: http.MethodGet, route: "/me", answer: &me}); err != nil {
		return fmt.Errorf("ask who we are: %w", err)
	}
	site, _ := s.setting(ctx, "Site_Url")
	s.cfg.Client.knowBot(me.Username, site)
	if tongue, ok := s.setting(ctx, "Language"); ok && s.cfg.Language != nil {
		s.cfg.Language(tongue)
	}
	// The limiter shows itself on public routes: bypassed or not is what matters.
	if err := s.patiently(ctx, call{method: http.MethodGet, route: "/livechat/config"}); err != nil {
		return fmt.Errorf("ask for the Omnichannel settings: %w", err)
	}
	if s.cfg.Client.limits.inForce("GET /livechat/config") {
		s.cfg.Log.Warn("Rocket.Chat limits how often the bot may call; messages will be slow. Use version 8.3 or later with the role bot, or raise the limit (docs/operating.md)")
	}
	return nil
}

// setting returns a public setting of the workspace, and false if it cannot be read.
func (s *Stream) setting(ctx context.Context, id string) (value string, ok bool) {
	var answer struct {
		Settings []struct {
			ID    string `json:"_id"`
			Value any    `json:"value"`
		} `json:"settings"`
	}
	ask := call{method: http.MethodGet, route: "/settings.public", query: url.Values{"_id": {id}}, answer: &answer}
	if err := s.patiently(ctx, ask); err != nil {
		return "", false
	}
	for _, v := range answer.Settings {
		if v.ID == id {
			value, ok = v.Value.(string)
		}
	}
	return value, ok
}

// patiently makes a call and waits as often as the limiter wants it to: the
// session has nothing else to do meanwhile.
func (s *Stream) patiently(ctx context.Context, k call) error {
	for {
		err := s.cfg.Client.do(ctx, k)
		r := bridge.RefusalOf(err)
		if err == nil || r.Reason != bridge.RateLimited {
			return err
		}
		if err := sleep(ctx, r.After); err != nil {
			return err
		}
	}
}

// within bounds how long an answer may take.
func (s *Stream) within(ctx context.Context, f func(context.Context) error) error {
	ctx, stop := context.WithTimeout(ctx, s.cfg.Answer)
	defer stop()
	return f(ctx)
}
