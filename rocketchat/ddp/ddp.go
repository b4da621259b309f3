// Package ddp is the connection over which Rocket.Chat brings messages as they are
// written (rocketchat.md 1). It answers pings, and knows nothing of what is done with
// a message.
package ddp

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	json "github.com/go-json-experiment/json/v1"
	"github.com/gorilla/websocket"

	"messenger-bridge/bridge"
	"messenger-bridge/rocketchat/wire"
)

// frame is one DDP message (rocketchat.md 1), of any kind that we act upon.
type frame struct {
	Msg    word            `json:"msg"`
	ID     word            `json:"id,omitempty"`
	Result json.RawMessage `json:"result"`
	Error  *Error          `json:"error"`
	Subs   []string        `json:"subs"`
	Fields struct {
		Event word   `json:"eventName"`
		Args  [2]any `json:"args"` // of __my_messages__: the message, then where it was written
	} `json:"fields"`
}

// pong answers a ping, with its id if it had one.
type pong struct {
	Msg string `json:"msg"`
	ID  string `json:"id,omitempty"`
}

// where is the second argument of a __my_messages__ event (rocketchat.md 2.3).
type where struct {
	RoomType word `json:"roomType"`
}

// word is a string that has few values nearly always; those cost no memory.
type word string

var usual = []word{"changed", "id", myMessages, wire.CustomerRoom, wire.PrivateGroup, wire.DirectRoom, "c"}

// UnmarshalJSON implements json.Unmarshaler. What is no string is no word: an error
// would end the decoding, and lose the message that comes after.
func (w *word) UnmarshalJSON(data []byte) error {
	for _, u := range usual {
		if len(data) == len(u)+2 && string(data[1:len(data)-1]) == string(u) {
			*w = u
			return nil
		}
	}
	_ = json.Unmarshal(data, (*string)(w))
	return nil
}

// Error is the error of a method or subscription.
type Error struct {
	Code    any    `json:"error"` // a number or a string
	Reason  string `json:"reason"`
	Details struct {
		Reset float64 `json:"timeToReset"` // milliseconds, of too-many-requests
	} `json:"details"`
}

// Error returns the code.
func (e *Error) Error() string { return fmt.Sprint(e.Code) }

// Conn is one connection. Frames are read by one goroutine, which answers pings
// itself; everything else may be called by anybody.
type Conn struct {
	conn    *websocket.Conn
	silence time.Duration // without any frame the connection counts as dead
	take    Events

	writing sync.Mutex // held for one frame

	mu    sync.Mutex // guards the two below
	last  int
	calls map[string]chan<- frame // who waits for an answer, by id
}

// maxFrame bounds a frame that is read, in bytes. A longer one is passed over, and does not end the
// connection: anybody may write such messages.
const maxFrame = 16 << 20

// Events take what a connection brings, in the goroutine that reads it, without
// waiting. An error ends the connection.
type Events struct {
	Message  func(wire.Message) error               // of a room that the bot may read
	Followed func(event string, frame []byte) error // of what Follow subscribed to; nil: nobody listens
}

// Dial connects to the workspace; the caller must run Read, and then Connect.
func Dial(ctx context.Context, base string, silence time.Duration, take Events) (*Conn, error) {
	u, err := url.Parse(base)
	if err != nil {
		return nil, fmt.Errorf("workspace URL: %w", err)
	}
	u.Scheme = strings.Replace(u.Scheme, "http", "ws", 1)
	u.Path = strings.TrimRight(u.Path, "/") + "/websocket"
	conn, answer, err := websocket.DefaultDialer.DialContext(ctx, u.String(), nil)
	if errors.Is(err, websocket.ErrBadHandshake) && answer != nil {
		err = handshakeError(u, answer)
	}
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	return &Conn{conn: conn, silence: silence, take: take, calls: map[string]chan<- frame{}}, nil
}

// Read handles frames until the connection ends; it always returns an error.
func (d *Conn) Read() error {
	var buf bytes.Buffer
	var bounded io.LimitedReader
	var p parser
	for {
		if err := d.conn.SetReadDeadline(time.Now().Add(d.silence)); err != nil {
			return err
		}
		_, r, err := d.conn.NextReader()
		if err != nil {
			return fmt.Errorf("read: %w", err)
		}
		buf.Reset()
		bounded = io.LimitedReader{R: r, N: maxFrame + 1}
		if _, err := buf.ReadFrom(&bounded); err != nil {
			return fmt.Errorf("read: %w", err)
		}
		if buf.Len() > maxFrame {
			buf = bytes.Buffer{}
			if _, err := io.Copy(io.Discard, r); err != nil {
				return fmt.Errorf("read: %w", err)
			}
			continue
		}
		if !p.parse(buf.Bytes()) {
			continue // frames of collections we know nothing of may have any shape
		}
		if err := d.handle(p.frame, p.message, p.where, buf.Bytes()); err != nil {
			return err
		}
	}
}

// parser decodes frames in one pass each, with the message they may hold. Of what it
// read, copies may be kept.
type parser struct {
	frame   frame
	message wire.Message
	where   where
}

// parse reads a frame in place of the one before. It reports whether there is one.
func (p *parser) parse(data []byte) bool {
	p.message, p.where = wire.Message{}, where{}
	p.frame = frame{}
	p.frame.Fields.Args = [2]any{&p.message, &p.where}
	err := json.Unmarshal(data, &p.frame)
	var wrongType *json.UnmarshalTypeError // wire knows the one of encoding/json
	return wire.Tolerable(err) || errors.As(err, &wrongType)
}

func (d *Conn) handle(f frame, m wire.Message, w where, data []byte) error {
	switch f.Msg {
	case "ping":
		return d.write(pong{Msg: "pong", ID: string(f.ID)})
	case "connected", "failed":
		d.answer("connect", f)
	case "result":
		d.answer(string(f.ID), f)
	case "nosub":
		if !d.answer(string(f.ID), f) && !strings.HasPrefix(string(f.ID), followed) { // not refused, but over
			return subscriptionOver(f)
		}
	case "ready":
		for _, id := range f.Subs {
			d.answer(id, f)
		}
	case "changed":
		if f.Fields.Event == myMessages {
			m.Kind = string(w.RoomType)
			return d.take.Message(m)
		}
		if d.take.Followed != nil {
			return d.take.Followed(string(f.Fields.Event), data)
		}
	}
	return nil
}

// subscriptionOver is for a subscription that ends by itself. There is one only, and
// nobody here cancels it.
func subscriptionOver(f frame) error {
	if f.Error != nil {
		return fmt.Errorf("the subscription was ended: %w", f.Error)
	}
	return errors.New("the subscription was ended")
}

// answer hands a frame to whoever waits for it, and reports whether somebody did.
func (d *Conn) answer(id string, f frame) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	waiting := d.calls[id]
	if waiting != nil {
		waiting <- f // has room for it
		delete(d.calls, id)
	}
	return waiting != nil
}

// write sends one frame.
func (d *Conn) write(v any) error {
	d.writing.Lock()
	defer d.writing.Unlock()
	if err := d.conn.SetWriteDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return err
	}
	if err := d.conn.WriteJSON(v); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

// ask sends a frame and waits for its answer. An empty id gets one.
func (d *Conn) ask(ctx context.Context, id string, v map[string]any) (frame, error) {
	answer := make(chan frame, 1)
	d.mu.Lock()
	if id == "" {
		d.last++
		id = strconv.Itoa(d.last)
		v["id"] = id
	}
	d.calls[id] = answer
	d.mu.Unlock()
	if err := d.write(v); err != nil {
		return frame{}, err
	}
	select {
	case f := <-answer:
		if f.Error != nil {
			return f, f.Error
		}
		return f, nil
	case <-ctx.Done():
		return frame{}, fmt.Errorf("no answer: %w", context.Cause(ctx))
	}
}

// Connect agrees with the server upon a version.
func (d *Conn) Connect(ctx context.Context) error {
	f, err := d.ask(ctx, "connect", map[string]any{"msg": "connect", "version": "1", "support": []string{"1", "pre2", "pre1"}})
	if err == nil && f.Msg != "connected" {
		err = errors.New("the server speaks no DDP version we know")
	}
	return err
}

// Login is one kind of proof: a password or a token.
type Login map[string]any

// ByToken proves by a token of before, or a personal access token.
func ByToken(token bridge.Secret) Login { return Login{"resume": token.Reveal()} }

// ByPassword proves by the hash of a password.
func ByPassword(user string, password bridge.Secret) Login {
	sum := sha256.Sum256([]byte(password.Reveal()))
	return Login{
		"user":     map[string]string{"username": user},
		"password": map[string]string{"digest": hex.EncodeToString(sum[:]), "algorithm": "sha-256"},
	}
}

// Login returns the user and the token, which serves REST as well.
func (d *Conn) Login(ctx context.Context, with Login) (bridge.UserID, bridge.Secret, error) {
	f, err := d.ask(ctx, "", map[string]any{"msg": "method", "method": "login", "params": []any{with}})
	if err != nil {
		return "", "", err
	}
	var r struct {
		ID    string `json:"id"`
		Token string `json:"token"`
	}
	if err := json.Unmarshal(f.Result, &r); err != nil || r.ID == "" || r.Token == "" {
		return "", "", errors.New("login: unexpected answer")
	}
	return bridge.UserID(r.ID), bridge.Secret(r.Token), nil
}

// myMessages is the event that brings every message of every room the bot may
// read, with one subscription (rocketchat.md 2.3).
const myMessages = "__my_messages__"

// Subscribe asks for every message. When that ends, the connection does.
func (d *Conn) Subscribe(ctx context.Context) error {
	_, err := d.ask(ctx, "", map[string]any{"msg": "sub", "name": "stream-room-messages", "params": []any{myMessages, false}})
	return err
}

// followed begins the ids of subscriptions that may end by themselves.
const followed = "hot/"

// Follow subscribes to an event of one room, such as roomid/user-activity.
func (d *Conn) Follow(ctx context.Context, event string) error {
	return d.follow(ctx, "stream-notify-room", event)
}

// Presence is the event that tells everybody who is logged in who comes and goes
// (rocketchat.md 1.8).
const Presence = "user-status"

// FollowPresence subscribes to it. A workspace may have switched it off, and then says nothing.
func (d *Conn) FollowPresence(ctx context.Context) error {
	return d.follow(ctx, "stream-notify-logged", Presence)
}

func (d *Conn) follow(ctx context.Context, stream, event string) error {
	_, err := d.ask(ctx, followed+event, map[string]any{
		"msg": "sub", "id": followed + event, "name": stream, "params": []any{event, false}})
	return err
}

// Leave ends what Follow began. It waits for no answer.
func (d *Conn) Leave(event string) error {
	return d.write(map[string]any{"msg": "unsub", "id": followed + event})
}

// Ping asks for a frame, so that a dead connection shows.
func (d *Conn) Ping() error { return d.write(pong{Msg: "ping"}) }

// Logout ends the login; its token is good no longer.
func (d *Conn) Logout(ctx context.Context) error {
	_, err := d.ask(ctx, "", map[string]any{"msg": "method", "method": "logout", "params": []any{}})
	return err
}

// HangUp ends the connection, and with it Read.
func (d *Conn) HangUp() { d.conn.Close() } // #nosec G104 -- it is to end, however
