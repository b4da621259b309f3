package chat

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// rcWebsocket is the route of DDP, so that faults and the record of calls can
// name it: "GET websocket".
var rcWebsocket = &rcRoute{method: http.MethodGet, path: "websocket"}

// rcTopic is one event name of one stream.
type rcTopic struct{ stream, event string }

// rcSub is an active subscription.
type rcSub struct {
	topic rcTopic
	extra rcDoc // options.args[0]: what access rules of visitors look at

	collected bool // useCollection
}

// read takes the options of a subscription: a boolean, or an object.
func (s *rcSub) read(raw json.RawMessage) {
	var options struct {
		UseCollection bool    `json:"useCollection"`
		Args          []rcDoc `json:"args"`
	}
	if json.Unmarshal(raw, &s.collected) == nil || json.Unmarshal(raw, &options) != nil {
		return
	}
	s.collected = options.UseCollection
	if len(options.Args) > 0 {
		s.extra = options.Args[0]
	}
}

// rcConn is one DDP connection: a session without past.
type rcConn struct {
	rc *RocketChat
	ws *websocket.Conn

	// guarded by rc.mu
	session   string // "" before connect
	user      *rcUser
	token     string
	subs      map[string]*rcSub
	listening map[rcTopic]int
	listens   time.Time // when it last began to listen to rcMine
	methods   int

	done  chan struct{} // closed when the connection is over
	wake  chan struct{} // one place: the queue has something
	alive *time.Timer   // silence; reset by every frame

	mu     sync.Mutex // guards the rest
	queue  []rcOutgoing
	muted  bool
	pinged bool
	over   bool
}

// rcFrame is an inbound DDP message.
type rcFrame struct {
	Msg     string            `json:"msg"`
	ID      json.RawMessage   `json:"id"`
	Version string            `json:"version"`
	Method  string            `json:"method"`
	Name    string            `json:"name"`
	Params  []json.RawMessage `json:"params"`
}

// serveSocket is one connection from upgrade to end: this goroutine reads, one
// other writes.
func (rc *RocketChat) serveSocket(w http.ResponseWriter, r *http.Request) {
	up := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	ws, err := up.Upgrade(w, r, nil)
	if err != nil {
		if _, wrong := errors.AsType[websocket.HandshakeError](err); wrong { // and not a connection that was cut meanwhile
			rc.problem("websocket: %v", err)
		}
		return
	}
	c := &rcConn{
		rc: rc, ws: ws, subs: map[string]*rcSub{}, listening: map[rcTopic]int{},
		done: make(chan struct{}), wake: make(chan struct{}, 1),
	}
	rc.mu.Lock()
	if rc.closed || rc.server == nil {
		rc.mu.Unlock()
		_ = ws.Close()
		return
	}
	c.alive = time.AfterFunc(time.Hour, c.silent)
	c.alive.Reset(rc.cfg.Pings.Every) // only now: silent reads c.alive
	rc.socks.conns[c] = true
	rc.mu.Unlock()

	rc.wg.Go(c.write)
	c.reply(rcDoc{"server_id": "0"})
	for {
		_, raw, err := ws.ReadMessage()
		if err != nil {
			break
		}
		c.heard()
		if !rc.answering(c.done) {
			break
		}
		rc.handle(c, raw)
	}
	rc.mu.Lock()
	rc.drop(c, 0)
	rc.mu.Unlock()
}

// write sends what is queued until the connection is over.
func (c *rcConn) write() {
	for {
		select {
		case <-c.done:
			return
		case <-c.wake:
		}
		if !c.rc.answering(c.done) {
			return
		}
		c.mu.Lock()
		batch, muted := c.queue, c.muted
		c.queue = nil
		c.mu.Unlock()
		for _, f := range batch {
			if muted {
				break
			}
			if c.ws.WriteMessage(websocket.TextMessage, f.text) != nil {
				return // the reader notices too
			}
			c.rc.overtakes.note(c, f.of, time.Now())
		}
	}
}

// send queues a frame; it never blocks.
func (c *rcConn) send(frame []byte) { c.enqueue(rcOutgoing{text: frame}) }

func (c *rcConn) enqueue(f rcOutgoing) {
	c.mu.Lock()
	if !c.muted {
		c.queue = append(c.queue, f)
	}
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (c *rcConn) reply(d rcDoc) { c.send(rcEncode(d, rcEJSON)) }

// mute switches between half-open and normal.
func (c *rcConn) mute(on bool) {
	c.mu.Lock()
	c.muted, c.queue = on, nil
	c.mu.Unlock()
	c.heard()
}

// heard notes a sign of life.
func (c *rcConn) heard() {
	c.mu.Lock()
	c.pinged = false
	over := c.over
	c.mu.Unlock()
	if !over {
		c.alive.Reset(c.rc.cfg.Pings.Every)
	}
}

// silent is called after Pings.Every without a frame, and after Pings.Timeout more.
// A server that hangs notices nothing.
func (c *rcConn) silent() {
	c.rc.mu.Lock()
	defer c.rc.mu.Unlock()
	c.mu.Lock()
	late, over, asleep := c.pinged, c.over, c.muted || c.rc.hung != nil
	c.pinged = !asleep
	c.mu.Unlock()
	switch {
	case over:
	case asleep:
		c.alive.Reset(c.rc.cfg.Pings.Every)
	case late:
		c.rc.drop(c, 0)
	default:
		c.reply(rcDoc{"msg": "ping"})
		c.alive.Reset(c.rc.cfg.Pings.Timeout)
	}
}

// drop ends a connection: without close frame if code is 0. The caller holds mu.
func (rc *RocketChat) drop(c *rcConn, code int) {
	if !rc.socks.conns[c] {
		return
	}
	delete(rc.socks.conns, c)
	c.mu.Lock()
	c.over = true
	c.mu.Unlock()
	c.alive.Stop()
	if code != 0 {
		_ = c.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, ""), time.Now().Add(time.Second))
	}
	close(c.done)
	_ = c.ws.Close() // the peer may have closed it
	rc.changed()
}

func (rc *RocketChat) dropAll(code int) {
	for c := range rc.socks.conns {
		rc.drop(c, code)
	}
}

// handle is one inbound frame. Frames of a connection are handled one at a time.
func (rc *RocketChat) handle(c *rcConn, raw []byte) {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	var f rcFrame
	if err := json.Unmarshal(raw, &f); err != nil {
		rc.note("DDP: frame is no JSON object: %.80s", raw)
		c.reply(rcDoc{"msg": "error", "reason": "Parse error"})
		return
	}
	switch {
	case f.Msg == "connect":
		rc.connect(c, f)
	case c.session == "":
		rc.note("DDP: %q before connect", f.Msg)
		c.reply(rcDoc{"msg": "error", "reason": "Must connect first", "offendingMessage": json.RawMessage(raw)})
	case f.Msg == "ping" && rc.socks.ignorePings:
	case f.Msg == "ping":
		pong := rcDoc{"msg": "pong"}
		if f.ID != nil {
			pong["id"] = f.ID
		}
		c.reply(pong)
	case f.Msg == "pong":
	case f.Msg == "method" && f.Method != "" && rcIsString(f.ID):
		rc.method(c, f)
	case f.Msg == "sub" && f.Name != "" && rcIsString(f.ID):
		rc.subscribe(c, f)
	case f.Msg == "unsub" && rcIsString(f.ID):
		c.unsubscribe(rcPlain(f.ID))
	default:
		rc.note("DDP: malformed frame: %.120s", raw)
		reason := map[string]string{"method": "Malformed method invocation", "sub": "Malformed subscription"}[f.Msg]
		if reason == "" {
			reason = "Bad request"
		}
		c.reply(rcDoc{"msg": "error", "reason": reason, "offendingMessage": json.RawMessage(raw)})
	}
}

func (rc *RocketChat) connect(c *rcConn, f rcFrame) {
	switch {
	case c.session != "":
		rc.note("DDP: second connect on one socket")
		c.reply(rcDoc{"msg": "error", "reason": "Already connected", "offendingMessage": f})
	case !slices.Contains([]string{"1", "pre2", "pre1"}, f.Version):
		c.reply(rcDoc{"msg": "failed", "version": "1"})
		rc.later(20*time.Millisecond, func() { rc.drop(c, websocket.CloseNormalClosure) })
	default:
		c.session = rcID(17)
		c.reply(rcDoc{"msg": "connected", "session": c.session})
		rc.changed()
	}
}

// subscribe answers a sub; an id that is active already is ignored.
func (rc *RocketChat) subscribe(c *rcConn, f rcFrame) {
	id := rcPlain(f.ID)
	if c.subs[id] != nil {
		return
	}
	if refused := rc.limitedDDP(c, f.Name); refused != nil {
		c.reply(rcDoc{"msg": "nosub", "id": id, "error": refused})
		return
	}
	s := &rcSub{topic: rcTopic{stream: f.Name}}
	if len(f.Params) > 0 {
		s.topic.event = rcPlain(f.Params[0])
	}
	if len(f.Params) > 1 {
		s.read(f.Params[1])
	}
	code := rc.refusal(c, s)
	if code == "" && rc.socks.refuseSubs > 0 {
		rc.socks.refuseSubs--
		code = "not-allowed"
	}
	if code != "" {
		c.reply(rcDoc{"msg": "nosub", "id": id, "error": rcSubError(code, f.Name)})
		return
	}
	c.subs[id] = s
	c.listening[s.topic]++
	if s.topic == rcMine {
		c.listens = c.rc.now()
	}
	if s.collected {
		c.reply(rcDoc{"msg": "added", "collection": f.Name, "id": "id", "fields": rcDoc{"eventName": s.topic.event}})
	}
	c.reply(rcDoc{"msg": "ready", "subs": []any{id}})
	rc.changed()
}

func rcSubError(code, name string) rcDoc {
	if code == "404" {
		return rcDoc{
			"isClientSafe": true, "error": 404, "reason": "Subscription '" + name + "' not found",
			"message": "Subscription '" + name + "' not found [404]", "errorType": "Meteor.Error",
		}
	}
	return rcDoc{"isClientSafe": true, "error": code, "message": "[" + code + "]", "errorType": "Meteor.Error"}
}

// refusal is the read rule of a stream; "" allows the subscription.
func (rc *RocketChat) refusal(c *rcConn, s *rcSub) string {
	event := s.topic.event
	head, _, _ := strings.Cut(event, "/")
	r := rc.rooms[head]
	readable := r != nil && (rc.mayRead(c.user, r) || r.kind == "l" && r.visitor.token == rcText(s.extra["token"]))
	allowed := false
	switch s.topic.stream {
	case "stream-room-messages":
		allowed = event == "__my_messages__" || r != nil && (rc.mayRead(c.user, r) ||
			r.kind == "l" && r.open && r.visitor.token == rcText(s.extra["visitorToken"]))
	case "stream-notify-room":
		allowed = readable
	case "stream-room-data":
		allowed = r != nil && rc.mayRead(c.user, r)
	case "stream-livechat-room":
		allowed = r != nil && r.kind == "l" && r.visitor.token == rcText(s.extra["visitorToken"])
	case "stream-notify-user":
		allowed = c.user != nil && c.user.ID == head
	case "stream-livechat-inquiry-queue-observer":
		allowed = rc.can(c.user, "view-l-room")
	case "stream-notify-logged":
		allowed = c.user != nil
	case "stream-notify-all":
		allowed = true
	default:
		return "404"
	}
	switch {
	case event == "":
		return "invalid-event-name"
	case !allowed:
		return "not-allowed"
	}
	return ""
}

func (c *rcConn) unsubscribe(id string) {
	if s := c.subs[id]; s != nil {
		delete(c.subs, id)
		c.listening[s.topic]--
	}
	c.reply(rcDoc{"msg": "nosub", "id": id})
	c.rc.changed()
}

// forget drops subscriptions of a topic without telling the client.
func (c *rcConn) forget(stream, event string) {
	topic := rcTopic{stream, event}
	for id, s := range c.subs {
		if s.topic == topic {
			delete(c.subs, id)
		}
	}
	delete(c.listening, topic)
}

func rcIsString(raw json.RawMessage) bool { return len(raw) > 1 && raw[0] == '"' }

func rcPlain(raw json.RawMessage) string {
	var s string
	_ = json.Unmarshal(raw, &s) // not a string: empty
	return s
}
