package load

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

// Who logs in over DDP, and with which token it calls.
const (
	BotUser  = "bench.bot"
	BotID    = "benchbot"
	BotToken = "bench-token"
)

// workspace is as much of Rocket.Chat as the bridge needs to deliver: the login
// over DDP, and REST for visitors, rooms and messages; and as much of Meta as takes
// an answer. It knows no limits, and notes when a message was read.
type workspace struct {
	url    string
	server *http.Server
	flight atomic.Pointer[flight]
	mood   atomic.Pointer[Mood]

	mu     sync.Mutex
	rooms  []string        // opened so far
	opened map[string]bool // the same
	victim string          // the room that hangs; empty: the next one to be written to
	lines  []*line         // to the bridges, in the order in which they connected
}

// Mood is how the workspace takes messages.
type Mood struct {
	Pause time.Duration // for each
	Hang  time.Duration // for those of one room
}

// line is a connection with a bridge.
type line struct {
	conn    *websocket.Conn
	writing sync.Mutex
	pongs   chan struct{}
}

func (l *line) write(frame []byte) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	return l.conn.WriteMessage(websocket.TextMessage, frame)
}

// flight is what one volley expects back.
type flight struct {
	run     int
	started time.Time
	landed  []atomic.Int64 // when event i was read the first time, in ns since started; 0: not yet
	count   atomic.Int64
	next    chan<- struct{} // told of each event that arrives the first time; nil: nobody waits
}

func newFlight(run, events int) *flight {
	return &flight{run: run, started: time.Now(), landed: make([]atomic.Int64, events)}
}

// land notes that an event arrived.
func (f *flight) land(run, i int) {
	if f == nil || run != f.run || i >= len(f.landed) {
		return // of an earlier volley, or no event of ours
	}
	if f.landed[i].CompareAndSwap(0, int64(time.Since(f.started))) {
		f.count.Add(1)
		if f.next != nil {
			f.next <- struct{}{}
		}
	}
}

func startWorkspace() (*workspace, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	w := &workspace{url: "http://" + l.Addr().String(), opened: map[string]bool{}}
	w.mood.Store(&Mood{})
	mux := http.NewServeMux()
	mux.HandleFunc("/websocket", w.stream)
	for route, answer := range map[string]string{
		"GET /api/v1/me":              `{"success":true,"_id":"` + BotID + `","username":"` + BotUser + `"}`,
		"GET /api/v1/settings.public": `{"success":true,"settings":[]}`,
		"GET /api/v1/livechat/config": `{"success":true,"config":{"enabled":true,"online":true}}`,
		"GET /api/v1/livechat/rooms":  `{"success":true,"rooms":[]}`,
		"GET /api/v1/rooms.get":       `{"success":true,"update":[],"remove":[]}`,
	} {
		mux.HandleFunc(route, func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, answer) })
	}
	mux.HandleFunc("POST /api/v1/livechat/visitor", w.visitor)
	mux.HandleFunc("GET /api/v1/livechat/room", w.room)
	mux.HandleFunc("GET /api/v1/livechat/visitor/{token}", func(rw http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(rw, `{"success":true,"visitor":{"_id":"v`+r.PathValue("token")+`"}}`)
	})
	mux.HandleFunc("POST /api/v1/livechat/message", w.message)
	mux.HandleFunc("POST /api/v1/livechat/room.saveInfo", func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, `{"success":true}`) })
	both := http.NewServeMux()
	both.Handle("/", loggedIn(mux))
	both.HandleFunc("POST /{version}/{page}/messages", w.answer)
	both.HandleFunc("POST /hooks/bench", w.hook)
	w.server = &http.Server{Handler: both, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = w.server.Serve(l) }() // ends with close
	return w, nil
}

func (w *workspace) close() error { return w.server.Close() }

// loggedIn refuses REST calls without the token that a login over DDP returned.
func loggedIn(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/websocket" && (r.Header.Get("X-Auth-Token") != BotToken || r.Header.Get("X-User-Id") != BotID) {
			rw.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(rw, `{"status":"error","message":"You must be logged in to do this."}`)
			return
		}
		next.ServeHTTP(rw, r)
	})
}

// stream answers what a client says until it hangs up; nothing happens by itself.
func (w *workspace) stream(rw http.ResponseWriter, r *http.Request) {
	conn, err := (&websocket.Upgrader{}).Upgrade(rw, r, nil)
	if err != nil {
		return
	}
	defer conn.Close()
	l := &line{conn: conn, pongs: make(chan struct{}, 1)}
	w.mu.Lock()
	w.lines = append(w.lines, l)
	w.mu.Unlock()
	for {
		var f struct{ Msg, ID, Method string }
		if conn.ReadJSON(&f) != nil {
			return
		}
		var answer string
		switch {
		case f.Msg == "connect":
			answer = `{"msg":"connected","session":"bench"}`
		case f.Msg == "method" && f.Method == "login":
			answer = fmt.Sprintf(`{"msg":"result","id":%q,"result":{"id":%q,"token":%q}}`, f.ID, BotID, BotToken)
		case f.Msg == "sub":
			answer = fmt.Sprintf(`{"msg":"ready","subs":[%q]}`, f.ID)
		case f.Msg == "ping":
			answer = `{"msg":"pong"}`
		case f.Msg == "pong":
			l.pongs <- struct{}{}
			continue
		default:
			continue
		}
		if l.write([]byte(answer)) != nil {
			return
		}
	}
}

// visitor knows everybody already.
func (w *workspace) visitor(rw http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body) // a torn call has no token in it
	fmt.Fprintf(rw, `{"success":true,"visitor":{"token":"%s"}}`, TextOf(body, "token"))
}

// room gives each visitor one room for ever, called after the visitor.
func (w *workspace) room(rw http.ResponseWriter, r *http.Request) {
	id := "r" + r.URL.Query().Get("token")
	w.mu.Lock()
	if !w.opened[id] {
		w.opened[id], w.rooms = true, append(w.rooms, id)
	}
	w.mu.Unlock()
	fmt.Fprintf(rw, `{"success":true,"newRoom":true,"room":{"_id":%q}}`, id)
}

var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func (w *workspace) message(rw http.ResponseWriter, r *http.Request) {
	b := bodies.Get().(*bytes.Buffer)
	defer bodies.Put(b)
	b.Reset()
	if _, err := b.ReadFrom(r.Body); err != nil {
		return
	}
	if run, i, ok := readTag(TextOf(b.Bytes(), "msg")); ok {
		w.flight.Load().land(run, i)
	}
	room := TextOf(b.Bytes(), "rid")
	if m := w.mood.Load(); *m != (Mood{}) {
		time.Sleep(m.Pause)
		if m.Hang > 0 && w.isVictim(string(room)) {
			time.Sleep(m.Hang)
		}
	}
	answer := append(b.AvailableBuffer(), `{"success":true,"message":{"_id":"posted","rid":"`...)
	answer = append(append(answer, room...), `"}}`...)
	_, _ = rw.Write(answer)
}

// hook takes a text as an incoming webhook of Rocket.Chat does, without a login.
func (w *workspace) hook(rw http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body) // a torn call has no tag in it
	if run, i, ok := readTag(TextOf(body, "text")); ok {
		w.flight.Load().land(run, i)
	}
	_, _ = io.WriteString(rw, `{"success":true}`)
}

// isVictim chooses the room that hangs: the first one that is written to.
func (w *workspace) isVictim(room string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.victim == "" {
		w.victim = room
	}
	return room == w.victim
}

// take sets how messages are taken from now on.
func (w *workspace) take(m Mood) {
	w.mu.Lock()
	w.victim = ""
	w.mu.Unlock()
	w.mood.Store(&m)
}

// answer takes what an agent wrote, as Meta.
func (w *workspace) answer(rw http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body) // a torn call has no tag in it
	run, i, ok := readTag(TextOf(body, "text"))
	if ok {
		w.flight.Load().land(run, i)
	}
	fmt.Fprintf(rw, `{"recipient_id":"1","message_id":"m_out%d_%d"}`, run, i)
}

// TextOf finds a text in JSON that our own encoder wrote; in ids and tags nothing
// is escaped.
func TextOf(body []byte, name string) []byte {
	_, rest, _ := bytes.Cut(body, []byte(`"`+name+`":"`))
	value, _, _ := bytes.Cut(rest, []byte(`"`))
	return value
}
