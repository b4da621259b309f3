package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// socket is one DDP connection and the frames that came and nobody has asked for.
type socket struct {
	ws *websocket.Conn

	mu     sync.Mutex
	frames []any
	more   chan struct{} // closed when frames or over change
	over   bool
	number int
	pongs  bool // answers the server's pings

	writing sync.Mutex
}

// dial opens a socket and reads it until it ends.
func dial(ctx context.Context, url string, pongs bool) (*socket, error) {
	where := "ws" + strings.TrimPrefix(url, "http") + "/websocket"
	ws, _, err := websocket.DefaultDialer.DialContext(ctx, where, nil)
	if err != nil {
		return nil, fmt.Errorf("open websocket: %w", err)
	}
	s := &socket{ws: ws, more: make(chan struct{}), pongs: pongs}
	go s.read()
	return s, nil
}

func (s *socket) read() {
	for {
		_, raw, err := s.ws.ReadMessage()
		var frame any
		parsed := err == nil && json.Unmarshal(raw, &frame) == nil
		if s.pongs && parsed && match(map[string]any{"msg": "ping"}, frame, nil, "") == nil {
			_ = s.send(`{"msg":"pong"}`) // the end of the connection is read next
			continue
		}
		s.mu.Lock()
		s.over = err != nil
		if parsed {
			s.frames = append(s.frames, frame)
		}
		close(s.more)
		s.more = make(chan struct{})
		s.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (s *socket) send(text string) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	return s.ws.WriteMessage(websocket.TextMessage, []byte(text))
}

func (s *socket) close() { _ = s.ws.Close() }

// take waits for a frame that fits a pattern, and takes it away.
func (s *socket) take(ctx context.Context, pattern any, vars map[string]string) *mismatch {
	for {
		s.mu.Lock()
		for i, frame := range s.frames {
			if match(pattern, frame, vars, "") == nil {
				s.frames = slices.Delete(s.frames, i, i+1)
				s.mu.Unlock()
				return nil
			}
		}
		more, over, came := s.more, s.over, slices.Clone(s.frames)
		s.mu.Unlock()
		if over {
			return &mismatch{"the connection ended; a frame", asJSON(pattern), came}
		}
		select {
		case <-more:
		case <-ctx.Done():
			return &mismatch{"a frame", asJSON(pattern), came}
		}
	}
}

// lacks says whether no frame fits a pattern once the server has answered a ping.
func (s *socket) lacks(ctx context.Context, pattern any, vars map[string]string, settle time.Duration) *mismatch {
	select {
	case <-time.After(settle):
	case <-ctx.Done():
	}
	s.number++
	id := fmt.Sprintf("barrier-%d", s.number)
	if err := s.send(`{"msg":"ping","id":"` + id + `"}`); err != nil {
		return &mismatch{"the connection", "open", err.Error()}
	}
	if m := s.take(ctx, map[string]any{"msg": "pong", "id": id}, vars); m != nil {
		return m
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, frame := range s.frames {
		if match(pattern, frame, vars, "") == nil {
			return &mismatch{"a frame that should not come", asJSON(pattern), frame}
		}
	}
	return nil
}

// ends waits until the server has closed the connection.
func (s *socket) ends(ctx context.Context) *mismatch {
	for {
		s.mu.Lock()
		more, over := s.more, s.over
		s.mu.Unlock()
		if over {
			return nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return &mismatch{"the connection", "closed", "open"}
		}
	}
}

// connect makes a DDP session, of a user if there is one.
func (s *socket) connect(ctx context.Context, as account) error {
	vars := map[string]string{}
	if err := s.send(`{"msg":"connect","version":"1","support":["1"]}`); err != nil {
		return err
	}
	if m := s.take(ctx, map[string]any{"msg": "connected"}, vars); m != nil {
		return m
	}
	if as.token == "" {
		return nil
	}
	login := asJSON(map[string]any{"msg": "method", "id": "login", "method": "login", "params": []any{map[string]any{"resume": as.token}}})
	if err := s.send(login); err != nil {
		return err
	}
	if m := s.take(ctx, map[string]any{"msg": "result", "id": "login", "result": "*"}, vars); m != nil {
		return errors.Join(errors.New("log in over DDP"), m)
	}
	return nil
}

// subscribe asks for an event of a stream and waits until it is granted.
func (s *socket) subscribe(ctx context.Context, stream, event string, extra any) *mismatch {
	s.mu.Lock()
	s.number++
	id := fmt.Sprintf("sub-%d", s.number)
	s.mu.Unlock()
	params := []any{event, map[string]any{"useCollection": false, "args": []any{extra}}}
	if extra == nil {
		params = []any{event, false}
	}
	if err := s.send(asJSON(map[string]any{"msg": "sub", "id": id, "name": stream, "params": params})); err != nil {
		return &mismatch{"the connection", "open", err.Error()}
	}
	return s.take(ctx, map[string]any{"msg": "ready", "subs": []any{id}}, map[string]string{})
}
