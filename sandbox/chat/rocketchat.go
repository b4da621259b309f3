package chat

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"messenger-bridge/sandbox/loopback"
)

// Config is what a workspace is started with. The zero value is a
// working V8 workspace on a free port.
type Config struct {
	Profile        Profile
	Version        string        // what /api/info tells; "" = the profile's, as "8.8"
	CallsPerWindow int           // REST limiter, calls per window where a route has no own limit; 0 = 10
	Window         time.Duration // REST limiter's window; 0 = 60 s
	LimiterOff     bool          // API_Enable_Rate_Limiter = false
	DDPLimiterOff  bool          // DDP_Rate_Limit_*_Enabled = false

	Bot    Bot
	Listen string // "" = 127.0.0.1:0
	Path   string // where the workspace lives below the host, e.g. "/chat"
	Pings  Pings
	Now    func() time.Time

	Disorder Disorder
}

// Disorder is what only a busy workspace shows. The zero value is a quiet one.
type Disorder struct {
	Reorders bool // __my_messages__ waits for a database read per event, so that a later one overtakes
	Repeats  bool // message events come twice
	Races    bool // closing and opening take time, and who comes meanwhile loses as on a real server
}

// Bot is the user that the bridge logs in as.
type Bot struct {
	Username string   // "" = "bridge.bot"
	Password string   // "" = "secret"
	Roles    []string // nil = user, bot, livechat-manager
}

// Pings say how long a socket may be silent.
type Pings struct {
	Every   time.Duration // silence before the server pings; 0 = 15 s
	Timeout time.Duration // further silence before it closes the socket; 0 = 15 s
}

func (c Config) withDefaults() Config {
	def := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	def(&c.Window, time.Minute)
	def(&c.Pings.Every, 15*time.Second)
	def(&c.Pings.Timeout, 15*time.Second)
	if c.CallsPerWindow == 0 {
		c.CallsPerWindow = 10
	}
	if c.Bot.Username == "" {
		c.Bot.Username = "bridge.bot"
	}
	if c.Bot.Password == "" {
		c.Bot.Password = "secret"
	}
	if c.Bot.Roles == nil {
		c.Bot.Roles = []string{"user", "bot", "livechat-manager"}
	}
	if c.Listen == "" {
		c.Listen = loopback.Own()
	}
	if c.Version == "" {
		c.Version = rcVersions[c.Profile].told
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// RocketChat is a Rocket.Chat workspace on a real socket: REST, DDP over
// websocket, Omnichannel with rooms, routing and agents. It knows nothing of
// the bridge; what it does follows Rocket.Chat's source as far as that was
// read, and says "unverified" where it was not.
//
// What one can make it do:
//
//	People      AddUser, AddAgent, Agent, AddDepartment, HideDepartment,
//	            DeleteDepartment, PersonalAccessToken, SetPassword, SetRoles,
//	            SetPermission, RequireTOTP, BlockVisitor
//	Agents      Says, SaysRaw, SaysWith, Replies, Quotes, Edits, Deletes, Reacts,
//	            Unreacts, Types, Takes, Transfers, TransfersToDepartment,
//	            ReturnsToQueue, Holds, Resumes, Closes, GoesOffline, GoesOnline,
//	            LosesPresence, Returns, SwitchesService, Uploads, UploadsDescribed, UploadsTogether, RemovesFile
//	            (methods of Agent)
//	Others      UserSays, UserSaysRaw, AddChannel, AddGroup, DirectRoom, Joins, Leaves,
//	            RestoreRoom, RestoreMessage, VisitorCloses, CloseByInactivity, AddSlashCommand, SetReadOnly, Archive,
//	            RefuseInClosedRooms
//	Apps        LimitPrivateApps, App, DisableApp, SetAppVersion, RunCommand, RunCommandByREST, Notices,
//	            Dialogs, Submit, Clicks
//	Settings    SetSetting, Setting
//	Read        Rooms, Room, Messages, CustomerTexts, DirectMessages, MembersOf, RoomID,
//	            FilesIn, FileAt, Visitors, Connections, Subscribed, Calls, CountCalls, Problems
//	Wait        Changed, WaitFor
//	REST faults Inject (refuse, HTML, hang, cut, delay; before or after taking
//	            effect), Hang, LandInNewRoom
//	Files       KeepContent, StoreElsewhere, FilesOfOpenRoomsOnly, SetAvatar
//	Sockets     DropSockets, DropSocketsWith, MuteSockets, IgnorePings,
//	            RevokeToken, RefuseSubscriptions, EndSubscriptions
//	Events      LoseEvents, RepeatEvents, ReorderEvents, DelayEvents, LagEvent,
//	            ReemitAfter
//	Server      Down, Up, Close
//
// All methods are safe for concurrent use. Mistakes of a test (an unknown room,
// a user who may not write there) and impossible use by a client end up in
// Problems.
type RocketChat struct {
	cfg  Config         // set by Start, never changed
	addr string         // host:port, the same after Down and Up
	end  chan struct{}  // closed by Close
	wg   sync.WaitGroup // calls and sockets being served

	mu     sync.Mutex   // guards everything below
	server *http.Server // nil while down
	closed bool
	change chan struct{} // made by Changed, closed by changed
	hung   chan struct{} // not nil while hanging; closed when that ends

	overtakes rcOvertakes // guards itself

	emojis *EmojiList // nil: the list of the version played

	rcWorld
	socks rcSockets
	rest  rcRestState
}

// rcWorld is what a restart keeps: the workspace's database.
type rcWorld struct {
	users       map[string]*rcUser // by id
	usernames   map[string]*rcUser
	tokens      map[string]*rcToken
	permissions map[string][]string // roles by permission
	settings    map[string]any
	departments []*rcDepartment
	commands    []string
	fields      map[string]bool     // custom fields of visitors by name: must they be given
	apps        map[string]*rcApp   // by id
	appLimit    int                 // how many private apps may be enabled; -1: any number
	appUpdates  bool                // they may be updated
	screens     map[string]rcScreen // by username

	visitors     map[string]*rcVisitor // by token
	visitorOrder []*rcVisitor
	rooms        map[string]*rcRoom
	roomOrder    []*rcRoom
	openRooms    map[string][]*rcRoom // open omnichannel rooms by visitor token
	messages     map[string]*rcMessage
	trash        map[string][]rcDoc // deleted messages by room
	landing      map[string]bool    // rooms that close under the next visitor message
	refuseClosed bool
	files        map[string]*File  // by id
	sumsOnly     bool              // content of uploads is not kept
	avatars      map[string][]byte // by username
	storage      bool              // downloads lead elsewhere
	openOnly     bool              // visitors get no files of closed rooms
	problems     []string
}

// Start starts a workspace with a bot user and the public channel
// GENERAL, and listens before it returns.
func Start(cfg Config) (*RocketChat, error) {
	rc := &RocketChat{
		cfg: cfg.withDefaults(),
		end: make(chan struct{}),
		rcWorld: rcWorld{
			users: map[string]*rcUser{}, usernames: map[string]*rcUser{}, tokens: map[string]*rcToken{},
			permissions: rcDefaultPermissions(), settings: rcDefaultSettings(),
			visitors: map[string]*rcVisitor{}, rooms: map[string]*rcRoom{}, openRooms: map[string][]*rcRoom{},
			apps: map[string]*rcApp{}, appLimit: -1, appUpdates: true, screens: map[string]rcScreen{},
			messages: map[string]*rcMessage{}, trash: map[string][]rcDoc{}, landing: map[string]bool{}, files: map[string]*File{},
		},
	}
	rc.socks.conns = map[*rcConn]bool{}
	rc.socks.reemit = 20 * time.Millisecond
	rc.socks.repeat = cfg.Disorder.Repeats
	rc.rest.transaction = rcTransaction
	rc.rest.counts = map[string]int{}
	rc.rest.sending = map[string][]*rcCall{}
	rc.addr = rc.cfg.Listen
	if err := rc.listen(); err != nil {
		return nil, fmt.Errorf("start Rocket.Chat sandbox: %w", err)
	}
	rc.AddUser(User{ID: "rocket.cat", Username: "rocket.cat", Name: "Rocket.Cat", Roles: []string{"bot"}})
	rc.AddUser(User{
		Username: rc.cfg.Bot.Username, Name: "Messenger Bridge", Password: rc.cfg.Bot.Password,
		Roles: rc.cfg.Bot.Roles, Online: true,
	})
	rc.mu.Lock()
	rc.newRoom("GENERAL", "c", "general")
	rc.mu.Unlock()
	return rc, nil
}

// URL is the workspace's base URL, without a trailing slash.
func (rc *RocketChat) URL() string { return "http://" + rc.addr + rc.path() }

func (rc *RocketChat) path() string { return strings.TrimRight(rc.cfg.Path, "/") }

// Bot is the username of the account made for the bridge.
func (rc *RocketChat) Bot() string { return rc.cfg.Bot.Username }

// Down stops the server as an upgrade does: connections are refused and all
// sockets closed; users, rooms and messages stay. Doing it twice is harmless.
func (rc *RocketChat) Down() {
	rc.mu.Lock()
	server := rc.server
	rc.server = nil
	rc.dropAll(0)
	rc.changed()
	rc.mu.Unlock()
	if server != nil {
		_ = server.Close() // the listener is gone either way
	}
}

// Up starts the server again on the same port. Limiter counters begin anew.
// The error is that of a port somebody else has taken meanwhile.
func (rc *RocketChat) Up() error {
	rc.mu.Lock()
	running := rc.server != nil || rc.closed
	rc.mu.Unlock()
	if running {
		return nil
	}
	if err := rc.listen(); err != nil {
		return fmt.Errorf("bring Rocket.Chat sandbox up: %w", err)
	}
	return nil
}

func (rc *RocketChat) listen() error {
	l, err := net.Listen("tcp", rc.addr)
	if err != nil {
		return err
	}
	rc.mu.Lock()
	defer rc.mu.Unlock()
	if rc.closed {
		return l.Close()
	}
	rc.addr = l.Addr().String()
	rc.rest.limiter = rcLimiter{}
	rc.socks.limiter = rcLimiter{}
	rc.server = &http.Server{Handler: http.HandlerFunc(rc.serve), ReadHeaderTimeout: 10 * time.Second}
	server := rc.server
	rc.wg.Go(func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			rc.problem("server ended: %v", err)
		}
	})
	return nil
}

// Close ends the workspace for good and waits for everything it started.
func (rc *RocketChat) Close() error {
	rc.mu.Lock()
	if !rc.closed {
		rc.closed = true
		close(rc.end)
	}
	rc.mu.Unlock()
	rc.Down()
	rc.wg.Wait()
	return nil
}

// Changed gives a channel that is closed at the next change of any room,
// message, user, call or connection. Take it before looking:
//
//	for {
//		next := rc.Changed()
//		if rc.Subscribed() == 1 { break }
//		select { case <-next: case <-ctx.Done(): ... }
//	}
func (rc *RocketChat) Changed() <-chan struct{} {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	if rc.change == nil {
		rc.change = make(chan struct{})
	}
	return rc.change
}

// WaitFor blocks until ok is true, looking again at every change. It returns
// the context's cause when that ends first.
func (rc *RocketChat) WaitFor(ctx context.Context, ok func() bool) error {
	for {
		next := rc.Changed()
		if ok() {
			return nil
		}
		select {
		case <-next:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// changed wakes those who wait. The caller holds mu.
func (rc *RocketChat) changed() {
	if rc.change != nil {
		close(rc.change)
		rc.change = nil
	}
}

// now is the server's time in the precision Rocket.Chat stores.
func (rc *RocketChat) now() time.Time { return rc.cfg.Now().UTC().Truncate(time.Millisecond) }

// enter counts a call in, unless the workspace is closing.
func (rc *RocketChat) enter() bool {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	if rc.closed {
		return false
	}
	rc.wg.Add(1)
	return true
}

// later runs do, holding mu, after d; not at all once the workspace is closed.
// The caller holds mu.
func (rc *RocketChat) later(d time.Duration, do func()) {
	if rc.closed {
		return
	}
	rc.wg.Add(1)
	go func() {
		defer rc.wg.Done()
		if !rc.pause(d) {
			return
		}
		rc.mu.Lock()
		defer rc.mu.Unlock()
		do()
	}()
}

// pause waits and says whether the workspace is still there.
func (rc *RocketChat) pause(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-rc.end:
		return false
	}
}

// Problems lists what was used in an impossible way, oldest first. A test that
// ends with an empty list has used the platform as its makers meant it.
func (rc *RocketChat) Problems() []string {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	return append([]string(nil), rc.problems...)
}

// problem notes impossible use. The caller does not hold mu.
func (rc *RocketChat) problem(format string, args ...any) {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	rc.note(format, args...)
}

// note is problem for callers who hold mu.
func (rc *RocketChat) note(format string, args ...any) {
	rc.problems = append(rc.problems, fmt.Sprintf(format, args...))
	rc.changed()
}
