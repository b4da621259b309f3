package stream_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/metrics"
	"messenger-bridge/rocketchat"
	"messenger-bridge/rocketchat/stream"
	"messenger-bridge/sandbox/chat"
)

const (
	channel = "facebook-setup"

	// patience is how long a test waits for something that must happen.
	patience = 2 * time.Minute
)

// office is a workspace with a bot that listens, and everything the bot is told.
type office struct {
	*testing.T
	rc      *chat.RocketChat
	client  *rocketchat.Workspace
	stream  *stream.Stream
	log     *logBook
	look    time.Duration // SweepEvery
	inOrder time.Duration // how long answers wait for older ones; 0: as by default
	now     atomic.Int64  // how far the client's clock is ahead
	stop    func()

	mu       sync.Mutex // guards what a store would keep
	news     chan struct{}
	sessions int // that became ready
	commands []bridge.Command
	messages []bridge.AgentMessage
	closed   []bridge.Closing
	ours     map[bridge.RoomID]bridge.Conversation // empty: nothing is said of whose it is
	cursor   time.Time
	disk     error // why nothing can be stored
	refused  int   // texts "too large" that no store takes
	marked   int   // orders to a bot, for the mark that they stay in the room
}

func newOffice(t *testing.T, with chat.Config) *office {
	t.Helper()
	rc, err := chat.Start(with)
	if err != nil {
		t.Fatal(err)
	}
	o := &office{T: t, rc: rc, log: &logBook{}, look: time.Hour, news: make(chan struct{}, 1), ours: map[bridge.RoomID]bridge.Conversation{}}
	t.Cleanup(func() {
		o.halt()
		rc.Close()
		for _, problem := range rc.Problems() {
			t.Error("the sandbox objects:", problem)
		}
		if t.Failed() {
			t.Log("log of the bot:\n" + o.log.String())
		}
	})
	return o
}

// run starts the bot as a new process would, and waits until it listens.
func (o *office) run() {
	o.Helper()
	log := slog.New(slog.NewTextHandler(o.log, nil))
	o.client = rocketchat.New(rocketchat.ClientConfig{URL: o.rc.URL(), Timeout: 5 * time.Second, Log: log,
		Now: func() time.Time { return time.Now().Add(time.Duration(o.now.Load())) }})
	o.stream = stream.New(stream.Config{
		Client: o.client, Credentials: stream.Credentials{User: o.rc.Bot(), Password: "secret"}, Accept: o, Store: o, Commands: o, SetupChannel: channel,
		Hooks: stream.Hooks{Ready: func() { o.note(func() { o.sessions++ }) }}, Times: stream.Times{SweepEvery: o.look, FirstReconnect: 20 * time.Millisecond, InOrder: o.inOrder},
		Log: log, Metrics: metrics.New("test"),
	})
	before := o.ready()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = o.stream.Run(ctx)
	}()
	o.stop = func() { cancel(); <-ended }
	o.eventually("the bot listens", func() bool { return o.ready() > before })
}

func (o *office) halt() {
	if o.stop != nil {
		o.stop()
		o.stop = nil
	}
}

func (o *office) note(change func()) {
	o.mu.Lock()
	change()
	o.mu.Unlock()
	select {
	case o.news <- struct{}{}:
	default:
	}
}

func (o *office) ready() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.sessions
}

// tooLarge is what nothing can be stored of.
const tooLarge = "too large"

// FromPeople is the store's promise: each message once.
func (o *office) FromPeople(_ context.Context, commands []bridge.Command) error {
	if slices.ContainsFunc(commands, func(c bridge.Command) bool { return c.Words == tooLarge }) {
		return fmt.Errorf("store: %w", bridge.ErrUnstorable)
	}
	o.note(func() {
		for _, c := range commands {
			if !slices.ContainsFunc(o.commands, func(known bridge.Command) bool { return known.ID == c.ID }) {
				o.commands = append(o.commands, c)
			}
		}
	})
	return nil
}

// FromAgent is the store's promise for agents: each message once, of rooms of ours.
func (o *office) FromAgent(_ context.Context, messages []bridge.AgentMessage) (fresh int, err error) {
	o.note(func() {
		if err = o.disk; err != nil {
			return
		}
		if slices.ContainsFunc(messages, func(m bridge.AgentMessage) bool { return m.Text == tooLarge }) {
			o.refused++
			err = fmt.Errorf("store: %w", bridge.ErrUnstorable)
			return
		}
		for _, m := range messages {
			if m.With != (bridge.Conversation{}) && m.With != o.ours[m.Room] {
				o.Errorf("%s is handed on as with %v", m.ID, m.With)
			}
			if m.Nature == bridge.BotOrder {
				o.marked++
				continue
			}
			if _, ours := o.ours[m.Room]; ours && !slices.ContainsFunc(o.messages, func(known bridge.AgentMessage) bool { return known.ID == m.ID }) {
				o.messages = append(o.messages, m)
				fresh++
			}
		}
	})
	return fresh, err
}

func (o *office) FromClosing(_ context.Context, closing bridge.Closing) (err error) {
	o.note(func() {
		if err = o.disk; err == nil {
			o.closed = append(o.closed, closing)
		}
	})
	return err
}

func (o *office) Conversation(r bridge.RoomID) (bridge.Conversation, bool, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	whose, ours := o.ours[r]
	return whose, ours, nil
}

func (o *office) Cursor(string) (time.Time, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.cursor, nil
}

func (o *office) SaveCursor(_ string, t time.Time) error {
	o.note(func() { o.cursor = t })
	return nil
}

// heard returns the words of the commands so far.
func (o *office) heard() (words []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, c := range o.commands {
		words = append(words, c.Words)
	}
	return words
}

func (o *office) relayed() (texts []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, m := range o.messages {
		texts = append(texts, m.Text)
	}
	return texts
}

func (o *office) eventually(what string, ok func() bool) {
	o.Helper()
	late := time.After(patience)
	for {
		changed := o.rc.Changed()
		if ok() {
			return
		}
		select {
		case <-changed:
		case <-o.news:
		case <-late:
			o.Fatalf("waited in vain: %s\nheard %q, relayed %q", what, o.heard(), o.relayed())
		}
	}
}

// hears waits until exactly these commands have been heard, in any order.
func (o *office) hears(want ...string) {
	o.Helper()
	slices.Sort(want)
	o.eventually("the bot hears "+strings.Join(want, ", "), func() bool { return len(o.heard()) >= len(want) })
	got := o.heard()
	slices.Sort(got)
	if !slices.Equal(got, want) {
		o.Errorf("heard %q, want %q", got, want)
	}
}

// customer opens a room that is a conversation's.
func (o *office) customer() (room string) {
	o.Helper()
	room = o.visitor("visitor")
	o.belongs(room)
	return room
}

// visitor opens a room of which the store does not know yet.
func (o *office) visitor(token bridge.Secret) (room string) {
	o.Helper()
	if _, err := o.client.Register(o.Context(), token, "Anna", ""); err != nil {
		o.Fatal(err)
	}
	opened, err := o.client.OpenRoom(o.Context(), token)
	if err != nil {
		o.Fatal(err)
	}
	return string(opened.ID)
}

// belongs makes a room a conversation's.
func (o *office) belongs(room string) { o.belongsTo(room, bridge.Conversation{}) }

func (o *office) belongsTo(room string, c bridge.Conversation) {
	o.note(func() { o.ours[bridge.RoomID(room)] = c })
}

// calls counts the REST calls so far, the websocket's left out.
func (o *office) calls() int { return o.rc.CountCalls("") - o.rc.CountCalls("GET websocket") }

type logBook struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logBook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logBook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func TestCommands_EveryFormInEveryRoom(t *testing.T) {
	o := newOffice(t, chat.Config{})
	o.rc.SetSetting("Message_AllowUnrecognizedSlashCommand", true)
	o.rc.AddUser(chat.User{Username: "boss", Roles: []string{"user", "livechat-manager"}})
	ana := o.rc.AddAgent("ana")
	lobby := o.rc.AddChannel("lobby", "boss", "ana")
	team := o.rc.AddGroup("team", "boss", "ana", o.rc.Bot())
	o.run()
	mine, crowd := o.rc.DirectRoom("boss", o.rc.Bot()), o.rc.DirectRoom("boss", o.rc.Bot(), "ana")
	room := o.customer()
	setup := o.rc.RoomID(channel)

	var want []string
	for name, rid := range map[string]string{"lobby": lobby, "team": team, "crowd": crowd, "mine": mine, "setup": setup, "customer": room} {
		say := func(text string) {
			if name == "customer" {
				ana.Says(rid, text)
			} else {
				o.rc.UserSays("boss", rid, text)
			}
		}
		say("/facebook " + name + " slash")
		say("!facebook " + name + "\n\"bang\"")
		say("@" + o.rc.Bot() + " " + name + " mention")
		say("facebook " + name + " bare")
		say("just " + name)
		want = append(want, name+" slash", name+"\n\"bang\"", name+" mention")
	}
	o.rc.UserSays("boss", mine, "that was all") // nothing can still be under way
	want = append(want, "setup bare", "mine bare", "just mine", "that was all")
	o.hears(want...)
	o.eventually("what is no command reaches the customer", func() bool { return len(o.relayed()) >= 2 })
	if got := o.relayed(); !slices.Equal(got, []string{"facebook customer bare", "just customer"}) {
		t.Errorf("the customer gets %q", got)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, c := range o.commands {
		inSetup := strings.HasPrefix(c.Words, "setup")
		if c.Setup != inSetup || inSetup != (string(c.Room) == setup) || time.Since(c.At).Abs() > time.Minute || c.From.Username == "" || c.From.ID == "" {
			t.Errorf("command %+v", c)
		}
	}
}

func TestCommands_EditsAndRepeats_AreNoSecondCommandAndNoMessage(t *testing.T) {
	o := newOffice(t, chat.Config{})
	ana := o.rc.AddAgent("ana")
	o.run()
	room := o.customer()
	bot := "@" + o.rc.Bot()
	id := ana.Says(room, bot+" one")
	ana.Edits(id, bot+" two")
	ana.Reacts(id, ":thumbsup:")
	late := ana.Says(room, "hello")
	ana.Edits(late, bot+" three")
	ana.SaysWith(room, "beep", map[string]any{"bot": map[string]any{"i": "x"}})
	mine := o.rc.DirectRoom("ana", o.rc.Bot())
	ana.SaysWith(mine, "beep", map[string]any{"bot": map[string]any{"i": "x"}})
	ana.Edits(ana.Says(mine, "four"), "five")
	ana.Says(mine, "that was all")
	o.hears("one", "four", "that was all")
	o.eventually("messages are relayed", func() bool { return len(o.relayed()) >= 2 })
	if got := o.relayed(); !slices.Equal(got, []string{"hello", "beep"}) {
		t.Errorf("the customer gets %q", got)
	}
	o.note(func() {
		if o.marked == 0 {
			t.Error("what is kept from the customer bears no mark")
		}
	})
}

func TestCommands_OtherRooms_CostNoCalls(t *testing.T) {
	o := newOffice(t, chat.Config{})
	for _, name := range []string{"bob", "eve"} {
		o.rc.AddUser(chat.User{Username: name, Roles: []string{"user"}})
	}
	lobby := o.rc.AddChannel("lobby", "bob", "eve")
	team := o.rc.AddGroup("team", "bob", o.rc.Bot())
	crowd := o.rc.DirectRoom("bob", "eve", o.rc.Bot())
	o.run()
	before := o.calls()
	for range 30 {
		for _, rid := range []string{lobby, team, crowd} {
			o.rc.UserSays("bob", rid, "what a day on facebook")
		}
	}
	o.rc.UserSays("bob", o.rc.DirectRoom("bob", o.rc.Bot()), "help")
	o.hears("help")
	if n := o.calls() - before; n != 1 || o.rc.CountCalls("GET rooms.info") != 2 { // one when the setup channel was looked for
		t.Errorf("%d calls for messages that are nobody's business", n)
	}
}

func TestCommands_RoomThatCannotBeAskedFor_StopsNothing(t *testing.T) {
	o := newOffice(t, chat.Config{})
	o.rc.AddAgent("ana")
	o.rc.AddUser(chat.User{Username: "eve"})
	o.run()
	crowd := o.rc.DirectRoom("ana", "eve", o.rc.Bot())
	clear := o.rc.Inject(chat.Fault{Route: "GET rooms.info", Status: 500})
	o.rc.UserSays("ana", crowd, "not for the bot")
	o.rc.UserSays("ana", crowd, "!facebook pages")
	o.hears("pages")
	clear()
	if o.ready() != 1 {
		t.Errorf("%d sessions", o.ready())
	}
}

// Whoever writes to the bot in rooms that it does not know yet must not stop what agents answer, where the
// workspace limits how often such a room may be asked for.
func TestCommands_RoomThatMayNotBeAskedForNow_StopsNothing(t *testing.T) {
	o := newOffice(t, chat.Config{})
	ana := o.rc.AddAgent("ana")
	o.rc.AddUser(chat.User{Username: "eve"})
	o.run()
	room := o.customer()
	crowd := o.rc.DirectRoom("ana", "eve", o.rc.Bot())
	o.rc.Inject(chat.Fault{Route: "GET rooms.info", Status: http.StatusTooManyRequests, Body: `{"success":false,"error":"too many requests"}`, Header: http.Header{
		"X-Ratelimit-Limit": {"10"}, "X-Ratelimit-Remaining": {"0"}, "X-Ratelimit-Reset": {strconv.FormatInt(time.Now().Add(time.Hour).UnixMilli(), 10)},
	}})
	o.rc.UserSays("eve", crowd, "good morning")
	ana.Says(room, "hello")
	o.eventually("the answer is relayed", func() bool { return slices.Equal(o.relayed(), []string{"hello"}) })
	if o.ready() != 1 {
		t.Errorf("%d sessions", o.ready())
	}
}

func TestCommands_TypedWhileTheStreamWasAway_AreHeardOnce(t *testing.T) {
	for name, lose := range map[string]func(o *office) (back func()){
		"stopped": func(o *office) func() { o.halt(); return o.run },
		"restarted": func(o *office) func() {
			o.rc.Down()
			return func() {
				if err := o.rc.Up(); err != nil {
					o.Fatal(err)
				}
			}
		},
		"dropped": func(o *office) func() {
			clear := o.rc.Inject(chat.Fault{Route: "GET websocket", Status: 503})
			o.rc.DropSockets()
			return clear
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, chat.Config{})
			o.rc.AddUser(chat.User{Username: "boss", Roles: []string{"user", "livechat-manager"}})
			ana := o.rc.AddAgent("ana")
			o.rc.AddUser(chat.User{Username: "eve"})
			o.run()
			room, setup := o.customer(), o.rc.RoomID(channel)
			mine := o.rc.DirectRoom("boss", o.rc.Bot())
			o.rc.UserSays("boss", mine, "first")
			o.hears("first")

			back := lose(o)
			o.rc.UserSays("boss", setup, "facebook missed in setup")
			o.rc.UserSays("boss", setup, "chatter")
			o.rc.UserSays("boss", mine, "missed")
			o.rc.UserSays("eve", o.rc.DirectRoom("eve", o.rc.Bot()), "missed in a new room")
			o.rc.UserSays("eve", o.rc.DirectRoom("eve", o.rc.Bot(), "ana"), "not for the bot")
			ana.Says(room, "!facebook missed with a customer")
			back()
			o.hears("first", "missed in setup", "missed", "missed in a new room", "missed with a customer")
			if len(o.relayed()) != 0 {
				t.Errorf("the customer gets %q", o.relayed())
			}
			o.halt()
			o.run() // looks again, as far back as before
			o.rc.UserSays("boss", mine, "last")
			o.hears("first", "missed in setup", "missed", "missed in a new room", "missed with a customer", "last")
		})
	}
}

func TestCommands_LookForThemFails_AgentsAreStillHeard(t *testing.T) {
	o := newOffice(t, chat.Config{})
	ana := o.rc.AddAgent("ana")
	o.run()
	room := o.customer()
	o.halt()
	ana.Says(room, "missed")
	o.rc.Inject(chat.Fault{Route: "GET rooms.get", Status: http.StatusInternalServerError, Times: 1})
	mine := o.rc.DirectRoom("ana", o.rc.Bot())
	o.rc.Inject(chat.Fault{Route: "GET chat.syncMessages", Status: http.StatusInternalServerError,
		Match: func(r *http.Request, _ []byte) bool { return r.URL.Query().Get("roomId") == mine }})
	o.rc.UserSays("ana", mine, "missed as well")
	o.run()
	o.halt()
	o.run()
	if got := o.relayed(); !slices.Contains(got, "missed") {
		t.Errorf("the customer gets %q", got)
	}
}
