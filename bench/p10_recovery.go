package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"time"

	"go.etcd.io/bbolt"

	"messenger-bridge/bridge/relay"
	"messenger-bridge/metrics"
	"messenger-bridge/store"
)

// measureRecovery is P10: how long it takes until new messages can be taken, when the
// process before was killed with many waiting, against opening that file and looking
// at its keys; and what those that wait cost in memory.
func measureRecovery(b *bench) ([]result, error) {
	dir, remove, err := b.folder()
	if err != nil {
		return nil, err
	}
	defer remove()
	fmt.Fprintf(b.progress, "%s: %d messages are stored\n", b.goal, b.pending)
	var hello nothing
	victim, err := startChild(b.ctx, "heap", heapConfig{Dir: dir, Entries: b.pending}, &hello)
	if err != nil {
		return nil, err
	}
	if err := victim.kill(); err != nil {
		return nil, err
	}
	recover := func(bare bool) (got recovered, err error) {
		c, err := startChild(b.ctx, "recovery", recoveryConfig{Dir: dir, Bare: bare}, &got)
		if err != nil {
			return got, err
		}
		return got, c.stop()
	}
	var floor, took, memory series
	var waiting int
	err = b.round(func() error {
		bare, err := recover(true)
		if err != nil {
			return err
		}
		whole, err := recover(false)
		floor, took = append(floor, bare.Took.Seconds()), append(took, whole.Took.Seconds())
		memory = append(memory, whole.Heap/float64(b.pending))
		waiting = whole.Waiting
		return err
	})
	if err == nil && waiting != b.pending {
		err = fmt.Errorf("%d of %d messages were found", waiting, b.pending)
	}
	return []result{
		{
			Point: fmt.Sprintf("ready after a kill with %d waiting / bbolt opened and its keys seen", b.pending), Limit: "1", Goal: atMost(4),
			Measured: took.median() / floor.median(), Rounds: took.over(floor), Note: fmt.Sprintf("%.2f against %.2f s", took.median(), floor.median()),
		},
		{
			Point: "heap for each that waits", Limit: "-", Goal: atMost(120), Unit: "B", Measured: memory.median(), Rounds: memory,
			Note: "with the key by which a repeat is known",
		},
	}, err
}

// heapConfig has a child store many messages, which nobody delivers.
type heapConfig struct {
	Dir     string
	Entries int
}

// perConversation is how many of the messages belong to one conversation.
const perConversation = 10

func startHeap(config json.RawMessage) (actor, error) {
	var c heapConfig
	if err := json.Unmarshal(config, &c); err != nil {
		return actor{}, err
	}
	s, err := openStore(c.Dir, pauses(0))
	if err != nil {
		return actor{}, err
	}
	return actor{hello: nothing{}, close: s.Close}, fill(s, c.Entries, nil)
}

// recoveryConfig has a child recover what another one left.
type recoveryConfig struct {
	Dir  string
	Bare bool // bbolt alone
}

type recovered struct {
	Took    time.Duration
	Heap    float64 // bytes
	Waiting int
}

func startRecovery(config json.RawMessage) (actor, error) {
	var c recoveryConfig
	if err := json.Unmarshal(config, &c); err != nil {
		return actor{}, err
	}
	before := heap()
	start := time.Now()
	if c.Bare {
		n, err := seeKeys(filepath.Join(c.Dir, "bolt.db"))
		return actor{hello: recovered{Took: time.Since(start), Waiting: n}, close: func() error { return nil }}, err
	}
	s, err := reopenStore(c.Dir)
	if err != nil {
		return actor{}, err
	}
	b, err := relay.New(quiet(s))
	took := time.Since(start)
	if err != nil {
		return actor{}, errors.Join(err, s.Close())
	}
	in, _, _ := b.Backlog()
	return actor{hello: recovered{Took: took, Heap: float64(heap() - before), Waiting: in.Waiting}, close: s.Close}, nil
}

// quiet is the configuration of a bridge over a store that delivers nowhere.
func quiet(s *store.Store) relay.Config {
	return relay.Config{
		Queues:  relay.Queues{Inbox: s.Inbox(), Outbox: s.Outbox(), Notices: s.Notices(), Failures: s},
		Store:   relay.Store{Receipts: s, Sent: s, Pages: s},
		Workers: workers, Log: slog.New(slog.DiscardHandler), Meter: metrics.New("bench"),
	}
}

// seeKeys opens a file as the store does and looks at every key of the inbox.
func seeKeys(path string) (n int, err error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{NoFreelistSync: true, FreelistType: bbolt.FreelistMapType, NoSync: true})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	err = db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte("inbox")).ForEach(func(k, _ []byte) error { n++; return nil })
	})
	return n, err
}

// heap is what is in use after a collection.
func heap() int64 {
	runtime.GC()
	runtime.GC() // what finalizers and pools had kept
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
