package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/pages"
	"messenger-bridge/bridge/queue"
	"messenger-bridge/store"
)

// What must not grow with pages, conversations, lanes and history (G1 to G5): each is done
// beside few and beside many, by turns in this process. Nothing else is needed.

// grower is something that is done beside more and more of something else.
type grower struct {
	name string // of the line in the plot
	few  int    // of what it is done beside
	many int
	make func(dir string, n int) (do func() error, end func() error, err error)
}

var (
	besideCustomers = grower{"a message, beside customers heard lately", 1000, 50_000, storeBesideCustomers}
	besidePages     = grower{"saving a page, beside pages", 1, 5000, saveBesidePages}
	besideLanes     = grower{"what waits, of all pages, beside lanes", 1000, 100_000, lookBesideLanes}
)

// scaled returns a number of this file as it is for a run: smaller ones for tests.
func (b *bench) scaled(n int) int { return max(n*b.idle/100_000, 1) }

// compare returns the median time of doing it beside few and beside many, round by round.
func (b *bench) compare(g grower) (few, many series, err error) {
	dir, remove, err := b.folder()
	if err != nil {
		return nil, nil, err
	}
	defer remove()
	doFew, endFew, err := g.make(filepath.Join(dir, "few"), b.scaled(g.few))
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, endFew()) }()
	doMany, endMany, err := g.make(filepath.Join(dir, "many"), b.scaled(g.many))
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, endMany()) }()
	err = b.round(func() error {
		x, y, err := b.byTurns(doFew, doMany)
		few, many = append(few, x), append(many, y)
		return err
	})
	return few, many, err
}

// byTurns does two things in turn for the length of a measurement and returns their median
// times, in milliseconds.
func (b *bench) byTurns(one, other func() error) (x, y float64, err error) {
	var ones, others series
	for start := time.Now(); len(ones) < 5 || time.Since(start).Seconds() < b.seconds; {
		for _, side := range []struct {
			do    func() error
			times *series
		}{{one, &ones}, {other, &others}} {
			before := time.Now()
			if err := side.do(); err != nil {
				return 0, 0, err
			}
			*side.times = append(*side.times, time.Since(before).Seconds()*1000)
		}
	}
	return ones.median(), others.median(), nil
}

// measureCustomers is G1.
func measureCustomers(b *bench) ([]result, error) {
	few, many, err := b.compare(besideCustomers)
	return []result{{
		Point: fmt.Sprintf("storing a message, rate beside %d customers heard in the last 5 minutes / beside %d", besideCustomers.many, besideCustomers.few),
		Limit: "1", Goal: atLeast(0.95), Rounds: few.over(many), Measured: few.median() / many.median(),
		Note: fmt.Sprintf("%.3f against %.3f ms", few.median(), many.median()),
	}}, err
}

// measurePages is G2.
func measurePages(b *bench) ([]result, error) {
	few, many, err := b.compare(besidePages)
	return []result{{
		Point: fmt.Sprintf("saving a page beside %d / beside %d", besidePages.many, besidePages.few),
		Limit: "1", Goal: atMost(2), Rounds: many.over(few), Measured: many.median() / few.median(),
		Note: fmt.Sprintf("%.3f against %.3f ms", many.median(), few.median()),
	}}, err
}

// measureLanes is G3.
func measureLanes(b *bench) ([]result, error) {
	few, many, err := b.compare(besideLanes)
	return []result{{
		Point: fmt.Sprintf("what /metrics and /status ask of a direction with %d lanes of %d pages", besideLanes.many, besideLanes.many/lanesOfAPage),
		Limit: "-", Goal: atMost(10), Unit: "ms", Rounds: many, Measured: many.median(),
		Note: fmt.Sprintf("%.3f ms with %d lanes", few.median(), besideLanes.few),
	}}, err
}

// storeBesideCustomers stores messages while n customers were heard whose last words the
// file need not know yet.
func storeBesideCustomers(dir string, n int) (do, end func() error, err error) {
	s, err := openStore(dir, pauses(0))
	if err != nil {
		return nil, nil, err
	}
	at := time.Now().UTC()
	for range 2 {
		for i := range n {
			s.ChangeState(bridge.Conversation{Page: pageID, Kind: bridge.Messages, Customer: customerID(i)}, func(c *bridge.ConversationState) { c.Window.Heard = at })
		}
		if err := fill(s, 1, nil); err != nil {
			return nil, nil, errors.Join(err, s.Close())
		}
		at = at.Add(time.Second)
	}
	calls, last := 0, bridge.Seq(0)
	return func() error {
		calls++
		e := []bridge.Entry{{Lane: bridge.Conversation{Page: pageID, Kind: bridge.Messages, Customer: customerID(0)}.Lane(),
			Key: "growth/" + strconv.Itoa(calls), Body: []byte(padding[:900])}}
		before := last
		if _, err := s.Inbox().Append(context.Background(), e, func(_ *bridge.Entry, seq bridge.Seq) { last = seq }); err != nil || before == 0 {
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
	s, err := openStore(dir, pauses(0))
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

// lanesOfAPage is how many lanes each page has that waits.
const lanesOfAPage = 20

// lookBesideLanes asks what waits, page by page, in n lanes.
func lookBesideLanes(dir string, n int) (do, end func() error, err error) {
	s, err := openStore(dir, pauses(0))
	if err != nil {
		return nil, nil, err
	}
	for some := range slices.Chunk(slices.Collect(numbers(n)), 1000) {
		entries := make([]bridge.Entry, len(some))
		for i, at := range some {
			page := bridge.PageID(fmt.Sprintf("3%015d", at/lanesOfAPage))
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
		if all, of := lanes.Backlog(), lanes.Backlogs(); all.Waiting != n || len(of) != (n+lanesOfAPage-1)/lanesOfAPage {
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

// measureWatch is G4: what the page watch does while nothing is wrong, without the calls.
func measureWatch(b *bench) (results []result, err error) {
	n := b.scaled(5000)
	dir, remove, err := b.folder()
	if err != nil {
		return nil, err
	}
	defer remove()
	s, err := openStore(dir, pauses(0))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := s.DeletePage(b.ctx, pageID); err != nil { // it would be asked about
		return nil, err
	}
	if _, err := storePages(s, n); err != nil {
		return nil, err
	}
	facebook := &contentFacebook{}
	parts := pages.New(pages.Config{
		Facebook: pages.Facebook{Subscriptions: facebook}, Store: pages.Store{Pages: s, Revocations: s, Tickets: s},
		PublicURL: "https://bench.example", Verified: func() bool { return true }, Changed: func(bridge.PageID) {},
		Log: slog.New(slog.DiscardHandler),
	})
	var share series
	err = b.round(func() error {
		length := time.Duration(3 * b.seconds * float64(time.Second))
		ctx, stop := context.WithTimeout(b.ctx, length)
		defer stop()
		before := processorTime()
		_ = parts.Watch.Run(ctx) // until the time is over
		share = append(share, 100*(processorTime()-before).Seconds()/length.Seconds())
		return b.ctx.Err()
	})
	return []result{{Point: fmt.Sprintf("processor that watching %d pages takes, without the calls", n), Limit: "0", Goal: atMost(1), Unit: "% of one",
		Measured: share.median(), Rounds: share, Note: fmt.Sprintf("%d checks", facebook.asked.Load())}}, err
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

// measureHistory is G5: how long a commit takes when a day with very many receipts is over.
func measureHistory(b *bench) (results []result, err error) {
	receipts := b.scaled(200_000)
	var longest, usual series
	err = b.round(func() (err error) {
		dir, remove, err := b.folder()
		if err != nil {
			return err
		}
		defer remove()
		now := time.Now()
		o := storeOptions(dir, pauses(0))
		o.Now = func() time.Time { return now }
		s, err := store.Open(o)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.Close()) }()
		if err := saveReceipts(s, receipts); err != nil {
			return err
		}
		var took series
		for i := range max(2*receipts/1000, 40) {
			if i == 20 {
				now = now.Add(32 * 24 * time.Hour)
			}
			before := time.Now()
			if err := s.SaveReceipts(b.ctx, someReceipts("later", i, 1)); err != nil {
				return err
			}
			took = append(took, time.Since(before).Seconds()*1000)
		}
		longest, usual = append(longest, slices.Sorted(slices.Values(took[20:]))[len(took[20:])*99/100]), append(usual, took[:20].median())
		return nil
	})
	return []result{{Point: fmt.Sprintf("p99 of storing while a day of %d receipts goes", receipts), Limit: "-", Goal: atMost(20), Unit: "ms", Measured: longest.median(), Rounds: longest,
		Note: fmt.Sprintf("%.3f ms before", usual.median())}}, err
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

// growthPlot draws how long things take beside more and more.
func (b *bench) growthPlot() (chart, error) {
	c := chart{title: "What does not grow: time against what there is", x: "customers, pages, lanes", y: "milliseconds (median)"}
	for _, g := range []grower{besideCustomers, besidePages, besideLanes} {
		line := curve{name: g.name}
		for n := max(g.few, 1); n <= g.many; n *= 10 {
			at := g
			at.few, at.many = g.few, n
			_, many, err := b.compare(at)
			if err != nil {
				return c, err
			}
			line.points = append(line.points, point{float64(n), many.median()})
		}
		c.lines = append(c.lines, line)
	}
	return c, nil
}
