package chat_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"messenger-bridge/sandbox/chat"
)

const rcPatience = time.Minute

// rcWorkspace is a workspace with its bot, and a REST client that sends the
// bot's headers where it is told to.
type rcWorkspace struct {
	*chat.RocketChat
	t           *testing.T
	user, token string
}

func startRC(t *testing.T, cfg chat.Config) *rcWorkspace {
	t.Helper()
	rc, err := chat.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := rc.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &rcWorkspace{RocketChat: rc, t: t}
	w.user, w.token = rc.PersonalAccessToken(rc.Bot())
	return w
}

type rcAnswer struct {
	status int
	header http.Header
	doc    map[string]any
	raw    string
	err    error
}

// at reads a value of the answer, e.g. at("room", "_id").
func (a rcAnswer) at(path ...string) any {
	var v any = a.doc
	for _, p := range path {
		m, _ := v.(map[string]any)
		v = m[p]
	}
	return v
}

func (a rcAnswer) text(path ...string) string {
	s, _ := a.at(path...).(string)
	return s
}

// call makes a REST call: "POST livechat/message" with a body, or "GET x" with
// url.Values. asBot sends the bot's headers.
func (w *rcWorkspace) call(asBot bool, route string, args any) rcAnswer {
	w.t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), rcPatience)
	defer stop()
	return w.callCtx(ctx, asBot, route, args)
}

func (w *rcWorkspace) callCtx(ctx context.Context, asBot bool, route string, args any) rcAnswer {
	method, path, _ := strings.Cut(route, " ")
	target := w.URL() + "/api/v1/" + path
	var body io.Reader
	if q, ok := args.(url.Values); ok {
		target += "?" + q.Encode()
	} else if args != nil {
		raw, err := json.Marshal(args)
		if err != nil {
			return rcAnswer{err: err}
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return rcAnswer{err: err}
	}
	req.Close = true
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if asBot {
		req.Header.Set("X-User-Id", w.user)
		req.Header.Set("X-Auth-Token", w.token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return rcAnswer{err: err}
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	a := rcAnswer{status: res.StatusCode, header: res.Header, raw: string(raw), err: err}
	_ = json.Unmarshal(raw, &a.doc) // HTML pages stay raw
	return a
}

// must is call for what has to succeed.
func (w *rcWorkspace) must(route string, args any) rcAnswer {
	w.t.Helper()
	a := w.call(true, route, args)
	if a.err != nil || a.status != http.StatusOK {
		w.t.Fatalf("%s: %d %s %v", route, a.status, a.raw, a.err)
	}
	return a
}

type m = map[string]any

// openRoom registers a visitor and opens a room.
func (w *rcWorkspace) openRoom(token, name string) (rid string) {
	w.t.Helper()
	w.must("POST livechat/visitor", m{"visitor": m{"token": token, "name": name}})
	return w.must("GET livechat/room", url.Values{"token": {token}}).text("room", "_id")
}

// writes posts a visitor's message and gives its id.
func (w *rcWorkspace) writes(token, rid, text string) (id string) {
	w.t.Helper()
	return w.must("POST livechat/message", m{"token": token, "rid": rid, "msg": text}).text("message", "_id")
}

func (w *rcWorkspace) waitFor(what string, ok func() bool) {
	w.t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), rcPatience)
	defer stop()
	if err := w.WaitFor(ctx, ok); err != nil {
		w.t.Fatalf("%s: %v", what, err)
	}
}

func (w *rcWorkspace) noProblems() {
	w.t.Helper()
	for _, p := range w.Problems() {
		w.t.Errorf("problem: %s", p)
	}
}

// rcSocket is a DDP client of a few lines.
type rcSocket struct {
	t      *testing.T
	conn   *websocket.Conn
	frames chan m
}

func (w *rcWorkspace) dial() *rcSocket {
	w.t.Helper()
	conn, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(w.URL(), "http")+"/websocket", nil)
	if err != nil {
		w.t.Fatal(err)
	}
	s := &rcSocket{t: w.t, conn: conn, frames: make(chan m, 1000)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer close(s.frames)
		for {
			var f m
			if err := conn.ReadJSON(&f); err != nil {
				return
			}
			s.frames <- f
		}
	}()
	w.t.Cleanup(func() {
		_ = conn.Close()
		<-done
	})
	return s
}

func (s *rcSocket) send(frame m) {
	s.t.Helper()
	if err := s.conn.WriteJSON(frame); err != nil {
		s.t.Fatal(err)
	}
}

// next waits for the first frame that fits; nil at the end of the connection.
func (s *rcSocket) next(fits func(m) bool) m {
	s.t.Helper()
	timeout := time.After(rcPatience)
	for {
		select {
		case f, ok := <-s.frames:
			if !ok {
				return nil
			}
			if fits(f) {
				return f
			}
		case <-timeout:
			s.t.Fatal("no such frame")
		}
	}
}

func (s *rcSocket) expect(msg string) m {
	s.t.Helper()
	f := s.next(func(f m) bool { return f["msg"] == msg })
	if f == nil {
		s.t.Fatalf("connection ended before %q", msg)
	}
	return f
}

func (s *rcSocket) ended() {
	s.t.Helper()
	s.next(func(m) bool { return false })
}

// connected is a socket after the handshake.
func (w *rcWorkspace) connected() *rcSocket {
	w.t.Helper()
	s := w.dial()
	s.send(m{"msg": "connect", "version": "1", "support": []string{"1"}})
	s.expect("connected")
	return s
}

// listening is a socket that is logged in and hears every message.
func (w *rcWorkspace) listening() *rcSocket {
	w.t.Helper()
	s := w.connected()
	s.send(m{"msg": "method", "id": "1", "method": "login", "params": []any{m{"resume": w.token}}})
	if f := s.expect("result"); f["error"] != nil {
		w.t.Fatalf("login: %v", f["error"])
	}
	s.send(m{"msg": "sub", "id": "s1", "name": "stream-room-messages", "params": []any{"__my_messages__", false}})
	s.expect("ready")
	return s
}

// heard is a message event.
type heard struct {
	doc  m
	info m
}

func (h heard) text() string { s, _ := h.doc["msg"].(string); return s }

func stamp(v any) float64 { d, _ := v.(m); n, _ := d["$date"].(float64); return n }

func asHeard(f m) (h heard, ok bool) {
	if f["msg"] != "changed" || f["collection"] != "stream-room-messages" {
		return h, false
	}
	args := f["fields"].(m)["args"].([]any)
	h.doc = args[0].(m)
	if len(args) > 1 {
		h.info = args[1].(m)
	}
	return h, true
}

// hears waits for the next message event that fits.
func (s *rcSocket) hears(fits func(heard) bool) heard {
	s.t.Helper()
	var h heard
	f := s.next(func(f m) bool {
		got, ok := asHeard(f)
		h = got
		return ok && fits(got)
	})
	if f == nil {
		s.t.Fatal("connection ended")
	}
	return h
}

func (s *rcSocket) hearsText(text string) heard {
	s.t.Helper()
	return s.hears(func(h heard) bool { return h.text() == text })
}
