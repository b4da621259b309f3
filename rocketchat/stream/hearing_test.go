package stream

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/metrics"
	"messenger-bridge/rocketchat"
	"messenger-bridge/rocketchat/markup"
	"messenger-bridge/rocketchat/wire"
)

// answering is a client, logged in, of a server that answers as the test says.
func answering(t testing.TB, now func() time.Time, answer http.HandlerFunc) *rocketchat.Workspace {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	c := rocketchat.New(rocketchat.ClientConfig{URL: server.URL, Now: now, Log: slog.New(slog.DiscardHandler)})
	c.LoggedIn("bot", "the-token")
	return c
}

// memory is what a stream hands on to; all rooms are ours.
type memory struct {
	mu     sync.Mutex
	closed []bridge.Closing
	got    []bridge.AgentMessage
	saved  time.Time
}

func (m *memory) FromAgent(_ context.Context, messages []bridge.AgentMessage) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.got = append(m.got, messages...)
	return len(messages), nil
}

func (m *memory) FromClosing(_ context.Context, closing bridge.Closing) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = append(m.closed, closing)
	return nil
}

func (m *memory) Conversation(bridge.RoomID) (bridge.Conversation, bool, error) {
	return bridge.Conversation{}, true, nil
}

func (m *memory) Cursor(string) (time.Time, error) { return m.saved, nil }

func (m *memory) SaveCursor(_ string, at time.Time) error {
	m.saved = at
	return nil
}

func listening(c *rocketchat.Workspace) (*Stream, *memory) {
	m := &memory{}
	return New(Config{Client: c, Accept: m, Store: m, Log: slog.New(slog.DiscardHandler), Metrics: metrics.New("test")}), m
}

// roomList answers livechat/rooms with so many rooms, at most most at a time, and
// calls then after each page.
func roomList(count, most int, total bool, then func(page int, rooms *[]string)) http.HandlerFunc {
	var rooms []string
	for i := range count {
		rooms = append(rooms, fmt.Sprintf("room%03d", i))
	}
	page := 0
	return func(w http.ResponseWriter, r *http.Request) {
		offset, _ := strconv.Atoi(r.URL.Query().Get("offset"))
		asked, _ := strconv.Atoi(r.URL.Query().Get("count"))
		out := []map[string]any{}
		for i := offset; i < min(len(rooms), offset+min(asked, most)); i++ {
			out = append(out, map[string]any{"_id": rooms[i], "lm": time.Now().UTC().Format(time.RFC3339)})
		}
		answer := map[string]any{"success": true, "rooms": out}
		if total {
			answer["total"] = len(rooms)
		}
		if page++; then != nil {
			then(page, &rooms)
		}
		_ = json.NewEncoder(w).Encode(answer)
	}
}

func TestListRooms_WhateverThePages_NoneIsSkipped(t *testing.T) {
	closing := func(n int) func(int, *[]string) {
		return func(page int, rooms *[]string) {
			if page == 1 {
				*rooms = (*rooms)[n:]
			}
		}
	}
	for name, answer := range map[string]http.HandlerFunc{
		"one closes":               roomList(60, 100, true, closing(1)),
		"many close":               roomList(160, 100, true, closing(30)),
		"one closes, no total":     roomList(60, 100, false, closing(1)),
		"small pages":              roomList(60, 25, true, nil),
		"tiny pages":               roomList(60, 7, true, nil),
		"small pages, no total":    roomList(60, 25, false, nil),
		"a page exactly":           roomList(50, 100, true, nil),
		"a page exactly, no total": roomList(50, 100, false, nil),
	} {
		calls := 0
		s, _ := listening(answering(t, nil, func(w http.ResponseWriter, r *http.Request) {
			if calls++; calls > 20 {
				w.WriteHeader(500)
				return
			}
			answer(w, r)
		}))
		found, _, err := s.sweeper.listRooms(t.Context(), wire.OpenRooms, time.Time{}, listed{
			since: func() time.Time { return time.Now().Add(-time.Hour) },
			quiet: func(wire.RoomSeen) bool { return false }, strange: func(wire.RoomSeen) {},
		})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		slices.SortFunc(found, func(a, b pendingRoom) int { return strings.Compare(string(a.room), string(b.room)) })
		for i := range found {
			if want := bridge.RoomID(fmt.Sprintf("room%03d", i)); found[i].room != want {
				t.Errorf("%s: %s where %s should be, of %d", name, found[i].room, want, len(found))
				break
			}
		}
		if len(found) < 50 {
			t.Errorf("%s: %d rooms", name, len(found))
		}
		if strings.HasPrefix(name, "one") && calls > 3 {
			t.Errorf("%s: %d calls for 60 rooms", name, calls)
		}
	}
}

// A customer in the queue writes while the queue is listed, and so moves to where it was read already.
func TestListOpen_RoomMovesToTheHeadOfTheQueue_IsFound(t *testing.T) {
	queue := roomList(60, 100, true, func(page int, rooms *[]string) {
		if page == 1 {
			moved := (*rooms)[55]
			*rooms = slices.Insert(slices.Delete(*rooms, 55, 56), 0, moved)
		}
	})
	s, _ := listening(answering(t, nil, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("queued") != "" {
			queue(w, r)
			return
		}
		fmt.Fprint(w, `{"success":true,"rooms":[],"total":0}`)
	}))
	since := func() time.Time { return time.Now().Add(-time.Hour) }
	found, err := s.sweeper.listOpen(t.Context(), listed{
		since: since, quiet: func(wire.RoomSeen) bool { return false }, strange: func(wire.RoomSeen) {},
	}, since)
	if err != nil || len(found) != 60 {
		t.Errorf("%d of 60 rooms, %v", len(found), err)
	}
}

func TestLook_OurClockStoodStill_CursorIsNotAheadOfTheirs(t *testing.T) {
	ours := time.Now().Add(-time.Hour) // resumed from suspension
	c := answering(t, func() time.Time { return ours }, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"success":true,"rooms":[]}`) })
	if _, err := c.BotRooms(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	ours = time.Now() // set by NTP; the difference known is an hour too large
	s, m := listening(c)
	m.saved = time.Now().Add(-time.Minute)
	if err := s.progress.begin(); err != nil {
		t.Fatal(err)
	}
	if err := s.sweeper.sweep(false)(t.Context())(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.catchUp.rest(); err != nil {
		t.Fatal(err)
	}
	if ahead := time.Until(m.saved); ahead > 2*time.Second || ahead < -5*time.Second {
		t.Errorf("the cursor is %v ahead", ahead)
	}
}

func TestStream_FirstLoginEver_RemembersWhenItBegan(t *testing.T) {
	s, m := listening(rocketchat.New(rocketchat.ClientConfig{}))
	if err := s.progress.begin(); err != nil || time.Since(m.saved).Abs() > time.Minute {
		t.Errorf("cursor %v, %v", m.saved, err)
	}
}

func TestAccept_MessageThatMakesUsPanic_IsRelayedAsTyped(t *testing.T) {
	c := rocketchat.New(rocketchat.ClientConfig{})
	c.LoggedIn("me", "token")
	var log strings.Builder
	s, m := listening(c)
	s.cfg.Log = slog.New(slog.NewTextHandler(&log, nil))
	s.in.plain = func(text string) string {
		if strings.Contains(text, "poison") {
			panic(text)
		}
		return markup.Plain(text)
	}
	batch := []wire.Message{
		{ID: "1", Room: "r", Text: "*one*", User: wire.User{ID: "a"}, Kind: wire.CustomerRoom},
		{ID: "2", Room: "r", Text: "*poison*", User: wire.User{ID: "a"}, Kind: wire.CustomerRoom},
		{ID: "3", Room: "r", Text: "*three*", User: wire.User{ID: "a"}, Kind: wire.CustomerRoom},
	}
	if fresh, err := s.in.accept(t.Context(), batch); fresh != 3 || err != nil {
		t.Fatalf("%d accepted, %v", fresh, err)
	}
	if m.got[0].Text != "one" || m.got[1].Text != "*poison*" || m.got[2].Text != "three" {
		t.Errorf("relayed %+v", m.got)
	}
	if !strings.Contains(log.String(), "message=2") || strings.Contains(log.String(), "poison") {
		t.Errorf("the log reads %s", log.String())
	}
}
