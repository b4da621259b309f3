package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"messenger-bridge/bench/load"
	"messenger-bridge/bridge"
	"messenger-bridge/bridge/automatic"
	"messenger-bridge/bridge/outbound"
	"messenger-bridge/bridge/relay"
	"messenger-bridge/messenger"
	"messenger-bridge/messenger/webhook"
	"messenger-bridge/metrics"
	"messenger-bridge/processors"
	"messenger-bridge/rocketchat"
	"messenger-bridge/rocketchat/stream"
	"messenger-bridge/rooms"
	"messenger-bridge/store"
)

// workers is what the program uses.
const workers = 64

// openStore makes a store in which sync stands for each sync, with a page in it.
func openStore(dir string, sync func()) (*store.Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	s, err := store.Open(storeOptions(dir, sync))
	if err != nil {
		return nil, err
	}
	return s, s.SavePage(context.Background(), pageCalled(load.PageID))
}

func pageCalled(id string) bridge.Page {
	return bridge.Page{ID: bridge.PageID(id), Name: "Bench", Token: "token", State: bridge.PageRunning}
}

func storeOptions(dir string, sync func()) store.Options {
	key := bridge.Secret(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32)))
	return store.Options{Path: filepath.Join(dir, "bolt.db"), Key: key, Sync: sync}
}

// reopenStore opens a store that another process, or an earlier moment, left.
func reopenStore(dir string) (*store.Store, error) { return store.Open(storeOptions(dir, pauses(0))) }

// product puts the parts together as the program does (app/serve.go),
// and returns when Rocket.Chat, if there is one, can be delivered to.
func (s *server) product() (http.Handler, error) {
	processors.Spare(os.Getenv) // as the program does
	var err error
	if s.store, err = openStore(s.config.Dir, pauses(s.config.Sync)); err != nil {
		return nil, err
	}
	s.ends = append(s.ends, s.store.Close)
	for n := 1; n < s.config.Pages; n++ {
		if err := s.store.SavePage(context.Background(), pageCalled(load.Page(n))); err != nil {
			return nil, err
		}
	}
	m := metrics.New("bench")
	client := rocketchat.New(rocketchat.ClientConfig{URL: s.config.Workspace, MaxConns: workers, Log: s.log})
	var chat *stream.Stream
	b, err := relay.New(relay.Config{
		Queues:    relay.Queues{Inbox: s.store.Inbox(), Outbox: s.store.Outbox(), Notices: s.store.Notices(), Failures: s.store},
		Store:     relay.Store{Receipts: s.store, Sent: s.store, Pages: s.store},
		Messenger: relay.Messenger{Sender: messenger.New(messenger.ClientConfig{GraphURL: s.config.Workspace, Version: "v26.0", MaxConns: workers, Log: s.log})},
		Workspace: relay.Workspace{Notifier: client, Rooms: rooms.New(rooms.Config{
			Workspace: rooms.Workspace{Livechat: client, Changes: client, Uploads: client},
			Store:     rooms.Store{Links: s.store, Known: s.store, Pages: s.store},
			Hooks:     rooms.Hooks{Opened: func(room, before bridge.RoomID, existed bool) { chat.RoomOpened(room, before, existed) }},
			Log:       s.log,
		})},
		Workers: s.config.Workers, Log: s.log, Meter: m,
	})
	if err != nil {
		return nil, err
	}
	if s.config.Workspace == "" {
		return s.webhook(b, m), nil // stores only
	}
	ready := make(chan struct{})
	chat = stream.New(stream.Config{
		Client: client, Credentials: stream.Credentials{User: load.BotUser, Password: "password"}, Accept: agents{b.Outbound, b.Texts}, Commands: nobodyObeys{}, Store: s.store,
		Times: stream.Times{InOrder: s.config.InOrder},
		Hooks: stream.Hooks{Ready: sync.OnceFunc(func() { b.WorkspaceReady(); close(ready) })}, Log: s.log, Metrics: m,
	})
	s.run(b.Run, chat.Run)
	select {
	case <-ready:
		return s.webhook(b, m), nil
	case <-time.After(20 * time.Second):
		return nil, fmt.Errorf("not connected to the workspace: %s", chat.State().Problem)
	}
}

// agents is what comes from rooms: messages, and that a room was closed.
type agents struct {
	*outbound.Outbound
	*automatic.Texts
}

// nobodyObeys listens to commands, as the program does, and does nothing.
type nobodyObeys struct{}

func (nobodyObeys) FromPeople(context.Context, []bridge.Command) error { return nil }

// run has parts running until the server closes.
func (s *server) run(parts ...func(context.Context) error) {
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for _, part := range parts {
		wg.Go(func() { _ = part(ctx) }) // says why itself, in the log
	}
	s.ends = append(s.ends, func() error { stop(); wg.Wait(); return nil })
}

func (s *server) webhook(b *relay.Relay, m *metrics.Metrics) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/webhook", webhook.New(webhook.Config{
		VerifyToken: "verify", AppSecrets: []bridge.Secret{load.AppSecret}, Accept: b.Inbound, Log: s.log,
		Count: func(what string, n int) {
			if kind, ok := strings.CutPrefix(what, webhook.CountIgnored); ok {
				m.Ignored.WithLabelValues(kind).Add(float64(n))
			}
			if answer, ok := strings.CutPrefix(what, webhook.CountAnswer); ok {
				m.Webhooks.WithLabelValues(answer).Add(float64(n))
			}
		},
	}))
	return mux
}

// onePage is connected, whatever its id.
type onePage struct{}

func (onePage) Page(id bridge.PageID) (bridge.Page, error) { return bridge.Page{ID: id}, nil }
func (onePage) Pages() []bridge.Page                       { return nil }
func (onePage) EachPage(func(*bridge.Page) bool)           {}

// rawProduct is the product with a raw file in place of the store.
func (s *server) rawProduct() (http.Handler, error) {
	file, err := newRawFile(filepath.Join(s.config.Dir, "raw"), pauses(s.config.Sync))
	if err != nil {
		return nil, err
	}
	s.ends = append(s.ends, file.close)
	m := metrics.New("bench")
	q := &rawQueue{file: file}
	b, err := relay.New(relay.Config{Queues: relay.Queues{Inbox: q, Outbox: q, Notices: q}, Store: relay.Store{Pages: onePage{}}, Log: s.log, Meter: m})
	return s.webhook(b, m), err
}

// onlySigned does what no webhook can leave out.
func onlySigned(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	mac := hmac.New(sha256.New, []byte(load.AppSecret))
	mac.Write(body)
	if want := "sha256=" + hex.EncodeToString(mac.Sum(nil)); err != nil || !hmac.Equal([]byte(want), []byte(r.Header.Get("X-Hub-Signature-256"))) {
		w.WriteHeader(http.StatusUnauthorized)
	}
}

// roundTrip posts messages to the workspace without the bridge, one after another,
// and returns how long that takes, in milliseconds.
func (s *server) roundTrip(nothing) (load.Spread, error) {
	const times = 200
	body := []byte(`{"_id":"bench","msg":"` + load.Padding[:600] + `","rid":"bench","token":"bench"}`)
	took := make([]int64, 0, times)
	for range times {
		r, err := http.NewRequest(http.MethodPost, s.config.Workspace+"/api/v1/livechat/message", bytes.NewReader(body))
		if err != nil {
			return load.Spread{}, err
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("X-User-Id", load.BotID)
		r.Header.Set("X-Auth-Token", load.BotToken)
		start := time.Now()
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			return load.Spread{}, err
		}
		_, err = io.Copy(io.Discard, res.Body)
		if res.Body.Close(); err != nil || res.StatusCode != http.StatusOK {
			return load.Spread{}, errors.Join(fmt.Errorf("the workspace answered %d", res.StatusCode), err)
		}
		took = append(took, int64(time.Since(start)))
	}
	slices.Sort(took)
	return load.SpreadOf(took), nil
}
