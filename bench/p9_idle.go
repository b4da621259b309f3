package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strconv"
	"sync"
	"time"

	"messenger-bridge/bench/load"
	"messenger-bridge/bridge"
	"messenger-bridge/bridge/relay"
	"messenger-bridge/metrics"
	"messenger-bridge/rooms"
)

// measureIdle is P9: what a conversation costs in which nothing happens. One round
// says it, in a process of its own: these are counts.
func measureIdle(b *bench) ([]result, error) {
	dir, remove, err := b.folder()
	if err != nil {
		return nil, err
	}
	defer remove()
	fmt.Fprintf(b.progress, "%s: %d conversations\n", b.goal, b.idle)
	var hello nothing
	c, err := startChild(b.ctx, "idle", idleConfig{Dir: dir}, &hello)
	if err != nil {
		return nil, err
	}
	got, err := ask[idleCost](c, "talk", b.idle)
	if err := errors.Join(err, c.stop()); err != nil {
		return nil, err
	}
	point := fmt.Sprintf(" per idle conversation, %d of them", b.idle)
	return []result{
		{Point: "heap" + point, Limit: "0", Goal: atMost(256), Unit: "B", Measured: got.Heap},
		{Point: "goroutines more than without", Limit: "0", Goal: atMost(0), Measured: float64(got.Goroutines)},
		{Point: "file" + point, Limit: "0", Goal: atMost(400), Unit: "B", Measured: got.File,
			Note: fmt.Sprintf("used pages; beside it %.0f B for each message, of which all but the key by which a repeat is known is kept for 30 days, that for 7", got.Message)},
	}, nil
}

type idleConfig struct{ Dir string }

// idleCost is per conversation, but for the goroutines.
type idleCost struct {
	Heap, File float64
	Message    float64 // of the file, for each message of a conversation that is known
	Goroutines int
}

// startIdle runs bridge, rooms and store over a Rocket.Chat that answers at once.
func startIdle(config json.RawMessage) (actor, error) {
	var c idleConfig
	if err := json.Unmarshal(config, &c); err != nil {
		return actor{}, err
	}
	s, err := openStore(c.Dir, pauses(0))
	if err != nil {
		return actor{}, err
	}
	log := slog.New(slog.DiscardHandler)
	b, err := relay.New(relay.Config{
		Queues: relay.Queues{Inbox: s.Inbox(), Outbox: s.Outbox(), Notices: s.Notices(), Failures: s},
		Store:  relay.Store{Receipts: s, Sent: s, Pages: s},
		Workspace: relay.Workspace{Rooms: rooms.New(rooms.Config{
			Workspace: rooms.Workspace{Livechat: willing{}}, Store: rooms.Store{Links: s, Known: s, Pages: s}, Log: log,
		})},
		Workers: workers, Log: log, Meter: metrics.New("bench"),
	})
	if err != nil {
		return actor{}, errors.Join(err, s.Close())
	}
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = b.Run(ctx) })

	weigh := func() (heap, file int64) {
		for s.Stats().Inbox.Waiting > 0 { // lazy marks are committed within 50 ms
			time.Sleep(time.Millisecond)
		}
		runtime.GC()
		runtime.GC() // what finalizers and pools had kept
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		stats := s.Stats()
		return int64(m.HeapAlloc), stats.FileSize - stats.Free
	}
	talk := func(conversations int) (idleCost, error) {
		if err := talkOnce(b, "m_", 0, 1); err != nil { // whatever is made once
			return idleCost{}, err
		}
		heap, file := weigh()
		goroutines := runtime.NumGoroutine()
		if err := talkOnce(b, "m_", 1, conversations+1); err != nil {
			return idleCost{}, err
		}
		heapThen, fileThen := weigh()
		more := runtime.NumGoroutine() - goroutines
		if err := talkOnce(b, "m_again_", 1, conversations+1); err != nil {
			return idleCost{}, err
		}
		_, fileAgain := weigh()
		n := float64(conversations)
		message := float64(fileAgain-fileThen) / n
		return idleCost{Heap: float64(heapThen-heap) / n, File: float64(fileThen-file)/n - message, Message: message, Goroutines: more}, nil
	}
	return actor{
		hello: nothing{},
		calls: map[string]handler{"talk": handle(talk)},
		close: func() error { stop(); wg.Wait(); return s.Close() },
	}, nil
}

// talkOnce has each customer write once, with an id that begins so, and returns when
// everything was delivered.
func talkOnce(b *relay.Relay, mid string, from, to int) error {
	const atOnce = 1000
	for from < to {
		var events []bridge.Incoming
		for ; from < to && len(events) < atOnce; from++ {
			i := strconv.Itoa(from * 7919 % 1_000_000) // in no order, as ids come
			events = append(events, bridge.Incoming{
				Conversation: bridge.Conversation{Page: load.PageID, Customer: bridge.CustomerID("2000000000" + i), Kind: bridge.Messages},
				Kind:         bridge.TextEvent, Mid: bridge.Mid(mid + i), At: time.Now(), Text: "hello", Key: "m/" + mid + i,
			})
		}
		if err := b.Inbound.FromCustomer(context.Background(), events); err != nil {
			return err
		}
		for in, _, _ := b.Backlog(); in.Waiting > 0; in, _, _ = b.Backlog() {
			time.Sleep(time.Millisecond)
		}
	}
	return nil
}

// willing is a Rocket.Chat that takes everything and answers at once.
type willing struct{}

func (willing) Register(_ context.Context, token bridge.Secret, _ string, _ bridge.DepartmentID) (bridge.Secret, error) {
	return token, nil
}

func (willing) OpenRoom(_ context.Context, visitor bridge.Secret) (bridge.OpenedRoom, error) {
	return bridge.OpenedRoom{ID: bridge.RoomID(visitor.Reveal()[:17])}, nil // as long as Rocket.Chat's ids
}

func (willing) Post(_ context.Context, _ bridge.Secret, r bridge.RoomID, _ bridge.Post) (bridge.RoomID, error) {
	return r, nil
}

func (willing) Close(context.Context, bridge.Secret, bridge.RoomID) error { return nil }

func (willing) Has(context.Context, bridge.Secret, bridge.RoomID, bridge.MessageID) (bool, error) {
	return false, nil
}

func (willing) Describe(context.Context, bridge.Secret, bridge.RoomID, bridge.About) (bool, error) {
	return true, nil
}

func (willing) Answer(context.Context, bridge.Secret, bridge.SurveyAnswer) (bool, error) {
	return true, nil
}
func (willing) Online(context.Context, bridge.DepartmentID) (bool, error) { return true, nil }
