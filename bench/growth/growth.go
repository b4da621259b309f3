// Package growth does things beside few and beside many of what a bridge has, to see
// whether they take longer.
package growth

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/pages"
	"messenger-bridge/bridge/queue"
	"messenger-bridge/store"
)

const pageID = "100000000000001"

var padding = strings.Repeat("the parcel has not come yet, can you look where it is? ", 20)

// Thing is something that is done beside more and more of something else.
type Thing struct {
	Name string // of the line in the plot
	Few  int    // of what it is done beside
	Many int
	Make func(dir string, n int) (do func() error, end func() error, err error)
}

// The things of which each is compared.
var (
	Customers = Thing{"a message, beside customers heard lately", 1000, 50_000, storeBesideCustomers}
	Pages     = Thing{"saving a page, beside pages", 1, 5000, saveBesidePages}
	Lanes     = Thing{"what waits, of all pages, beside lanes", 1000, 100_000, lookBesideLanes}
)

// openStore makes a store that is not synced, with a page in it.
func openStore(dir string, now func() time.Time) (*store.Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	key := bridge.Secret(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32)))
	s, err := store.Open(store.Options{Path: filepath.Join(dir, "bolt.db"), Key: key, Sync: func() {}, Now: now})
	if err != nil {
		return nil, err
	}
	return s, s.SavePage(context.Background(), bridge.Page{ID: pageID, Name: "Bench", Token: "token", State: bridge.PageRunning})
}

// message stores a message of a customer.
func message(s *store.Store, customer int, key string, stored func(*bridge.Entry, bridge.Seq)) error {
	e := []bridge.Entry{{Lane: bridge.Conversation{Page: pageID, Kind: bridge.Messages, Customer: customerID(customer)}.Lane(), Key: key, Body: []byte(padding[:900])}}
	_, err := s.Inbox().Append(context.Background(), e, stored)
	return err
}

// storeBesideCustomers stores messages while n customers were heard whose last words the
// file need not know yet.
func storeBesideCustomers(dir string, n int) (do, end func() error, err error) {
	s, err := openStore(dir, nil)
	if err != nil {
		return nil, nil, err
	}
	at := time.Now().UTC()
	for range 2 {
		for i := range n {
			s.ChangeState(bridge.Conversation{Page: pageID, Kind: bridge.Messages, Customer: customerID(i)}, func(c *bridge.ConversationState) { c.Window.Heard = at })
		}
		if err := message(s, 0, fmt.Sprint("heard/", at.UnixNano()), nil); err != nil {
			return nil, nil, errors.Join(err, s.Close())
		}
		at = at.Add(time.Second)
	}
	calls, last := 0, bridge.Seq(0)
	return func() error {
		calls++
		before := last
		if err := message(s, 0, "growth/"+strconv.Itoa(calls), func(_ *bridge.Entry, seq bridge.Seq) { last = seq }); err != nil || before == 0 {
			return err
		}
		return s.Inbox().Conclude(before)
	}, s.Close, nil
}

func customerID(n int) bridge.CustomerID { return bridge.CustomerID(fmt.Sprintf("2%015d", n)) }

// storePages stores n pages that run.
func storePages(s *store.Store, n int) ([]bridge.PageID, error) {
	var ids []bridge.PageID
	var all []bridge.Page
	for i := range n {
		id := bridge.PageID(fmt.Sprintf("3%015d", i))
		ids = append(ids, id)
		all = append(all, bridge.Page{ID: id, Name: "Bench", Token: "token", TokenKind: bridge.PersonToken, State: bridge.PageRunning, Checked: time.Now()})
	}
	return ids, s.SavePages(context.Background(), all, "")
}

// saveBesidePages saves one of n pages.
func saveBesidePages(dir string, n int) (do, end func() error, err error) {
	s, err := openStore(dir, nil)
	if err != nil {
		return nil, nil, err
	}
	if _, err := storePages(s, n-1); err != nil { // openStore has made one
		return nil, nil, errors.Join(err, s.Close())
	}
	return func() error {
		p, err := s.Page(pageID)
		if err != nil {
			return err
		}
		p.Checked = time.Now()
		return s.SavePage(context.Background(), p)
	}, s.Close, nil
}

// LanesOfAPage is how many lanes each page has that waits.
const LanesOfAPage = 20

// lookBesideLanes asks what waits, page by page, in n lanes.
func lookBesideLanes(dir string, n int) (do, end func() error, err error) {
	s, err := openStore(dir, nil)
	if err != nil {
		return nil, nil, err
	}
	for some := range slices.Chunk(slices.Collect(numbers(n)), 1000) {
		entries := make([]bridge.Entry, len(some))
		for i, at := range some {
			page := bridge.PageID(fmt.Sprintf("3%015d", at/LanesOfAPage))
			entries[i] = bridge.Entry{Lane: bridge.Conversation{Page: page, Kind: bridge.Messages, Customer: customerID(at)}.Lane(), Key: strconv.Itoa(at), Body: []byte("waits")}
		}
		if _, err := s.Inbox().Append(context.Background(), entries, nil); err != nil {
			return nil, nil, errors.Join(err, s.Close())
		}
	}
	lanes := queue.New(queue.Config{
		Rules: queue.Rules{Home: func(bridge.Lane) bridge.Gate { return bridge.GateWorkspace }},
		Store: s.Inbox(), Direction: bridge.In, Clock: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	if err := lanes.Load(nil); err != nil {
		return nil, nil, errors.Join(err, s.Close())
	}
	return func() error {
		if all, of := lanes.Backlog(), lanes.Backlogs(); all.Waiting != n || len(of) != (n+LanesOfAPage-1)/LanesOfAPage {
			return fmt.Errorf("%d wait of %d pages, not %d", all.Waiting, len(of), n)
		}
		return nil
	}, s.Close, nil
}

func numbers(n int) func(func(int) bool) {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

// Watch has n pages watched until ctx ends, by a Facebook that finds everything in order, and
// returns how often it was asked.
func Watch(ctx context.Context, s *store.Store) (checks int64) {
	facebook := &contentFacebook{}
	parts := pages.New(pages.Config{
		Facebook: pages.Facebook{Subscriptions: facebook}, Store: pages.Store{Pages: s, Revocations: s, Tickets: s},
		PublicURL: "https://bench.example", Verified: func() bool { return true }, Changed: func(bridge.PageID) {},
		Log: slog.New(slog.DiscardHandler),
	})
	_ = parts.Watch.Run(ctx) // until the time is over
	return facebook.asked.Load()
}

// OpenPages makes a store with n pages that run.
func OpenPages(dir string, n int) (*store.Store, error) {
	s, err := openStore(dir, nil)
	if err != nil {
		return nil, err
	}
	if err := s.DeletePage(context.Background(), pageID); err != nil { // it would be asked about
		return nil, errors.Join(err, s.Close())
	}
	if _, err := storePages(s, n); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// contentFacebook finds everything in order.
type contentFacebook struct {
	bridge.Subscriber // nil: nothing else is called
	asked             atomic.Int64
}

func (f *contentFacebook) PageMissing(context.Context, bridge.Page) ([]string, error) {
	f.asked.Add(1)
	return nil, nil
}

func (f *contentFacebook) App(context.Context) (bridge.AppSubscription, error) {
	return bridge.AppSubscription{Active: true, Callback: "https://bench.example/webhook"}, nil
}

// History stores receipts while a day of n of them goes, and returns how long each took, in
// milliseconds; the first few before that.
func History(ctx context.Context, dir string, n, first int) (took []float64, err error) {
	now := time.Now()
	s, err := openStore(dir, func() time.Time { return now })
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := saveReceipts(s, n); err != nil {
		return nil, err
	}
	for i := range max(2*n/1000, 2*first) {
		if i == first {
			now = now.Add(32 * 24 * time.Hour)
		}
		before := time.Now()
		if err := s.SaveReceipts(ctx, someReceipts("later", i, 1)); err != nil {
			return nil, err
		}
		took = append(took, time.Since(before).Seconds()*1000)
	}
	return took, nil
}

func saveReceipts(s *store.Store, n int) error {
	for i := range n / 1000 {
		if err := s.SaveReceipts(context.Background(), someReceipts("day", i, 1000)); err != nil {
			return err
		}
	}
	return nil
}

func someReceipts(name string, call, n int) (all []bridge.Receipt) {
	for i := range n {
		id := fmt.Sprint(name, call, "/", i)
		all = append(all, bridge.Receipt{Page: pageID, Mid: bridge.Mid("m_" + id), Tag: bridge.SendTag{Message: bridge.MessageID(id)}})
	}
	return all
}
