package automatic

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/bridgetest"
)

// absences are departments in which somebody, or nobody, is there.
type absences struct {
	t       *testing.T
	inbox   *bridgetest.Queue
	cursors bridgetest.Cursors
	pages   bridgetest.Pages
	stop    func()

	mu     sync.Mutex                      // guards all below
	away   map[bridge.PageID]bridge.Reason // why nobody takes what customers of a page write
	began  time.Time
	broken bool     // the setup channel cannot be written to
	shown  []string // there, under which id, and when
}

// comes has somebody come who takes what customers of a page write.
func (a *absences) comes(p bridge.PageID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.away, p)
}

// becomes says why nobody takes what customers of a page write from now on.
func (a *absences) becomes(p bridge.PageID, why bridge.Reason) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.away[p] = why
}

// breaks says whether the setup channel can be written to.
func (a *absences) breaks(broken bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.broken = broken
}

// start begins a run of the bridge, with what is stored.
func (a *absences) start() {
	inbox := lanes(a.inbox, time.Now)
	if err := inbox.Load(nil); err != nil {
		a.t.Fatal(err)
	}
	w := NewAbsence(AbsenceConfig{
		Inbox: inbox, Cursors: a.cursors, Show: a.show, Every: 10 * time.Second, After: 30 * time.Second, Now: time.Now,
		Names: Names{Department: func(_ context.Context, d bridge.DepartmentID) string {
			return map[bridge.DepartmentID]string{"d1": "Sales"}[d]
		}},
		Say: english, Log: slog.New(slog.DiscardHandler),
	})
	ctx, stop := context.WithCancel(a.t.Context())
	ended := make(chan struct{}, 2)
	go func() { w.Run(ctx); ended <- struct{}{} }()
	go func() { inbox.Run(ctx, ctx, a.attempt(inbox.Store)); ended <- struct{}{} }()
	a.stop = func() { stop(); <-ended; <-ended }
}

// attempt shows an event if somebody is there.
func (a *absences) attempt(store bridge.Queue) func(context.Context, bridge.Seq) error {
	return func(_ context.Context, seq bridge.Seq) error {
		d, err := store.Delivery(seq)
		if err != nil {
			return bridge.AckedOrRetry(err)
		}
		page, err := a.pages.Page(d.Lane.Page)
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.away[page.ID] == bridge.WorkspaceDown {
			return &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.WorkspaceDown, Gate: bridge.GateWorkspace, After: 7 * time.Second}
		}
		if why := a.away[page.ID]; err == nil && why != "" { // tried again when nothing else happens
			return &bridge.Refusal{Verdict: bridge.Again, Reason: why, Gate: bridge.GateDepartment(page.Settings.Department), After: 7 * time.Second}
		}
		return store.Conclude(seq)
	}
}

func (a *absences) show(_ context.Context, id, text string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.broken {
		return errors.New("away")
	}
	words, _, _ := strings.Cut(text, ". ")
	a.shown = append(a.shown, time.Since(a.began).String()+" "+strings.TrimPrefix(id, "absence/")+" "+words)
	return nil
}

// write has customers of a page write something; it is tried after the next start.
func (a *absences) write(p bridge.PageID, customers ...bridge.CustomerID) {
	var entries []bridge.Entry
	for _, c := range customers {
		entries = append(entries, bridge.Entry{Lane: bridge.Conversation{Page: p, Customer: c, Kind: bridge.Messages}.Lane(), Key: string(p) + "/" + string(c)})
	}
	if _, err := a.inbox.Append(a.t.Context(), entries, func(*bridge.Entry, bridge.Seq) {}); err != nil {
		a.t.Fatal(err)
	}
}

// TestAbsence_IsToldOnce_AndWhenItIsOver: one message for each department, also over
// restarts; nobody is told of what is over at once.
func TestAbsence_IsToldOnce_AndWhenItIsOver(t *testing.T) {
	for _, test := range []struct {
		name    string
		happens func(*absences)
		want    []string // after how long, under which id, the first sentence
		left    int      // that are remembered for the next run
	}{
		{"over in a moment", func(a *absences) {
			a.away["1"] = bridge.NoAgent
			a.start()
			time.Sleep(25 * time.Second)
			a.comes("1")
			time.Sleep(time.Minute)
		}, nil, 0},
		{"begins and ends", func(a *absences) {
			a.away["1"] = bridge.NoAgent
			a.start()
			time.Sleep(55 * time.Second)
			a.comes("1")
			time.Sleep(time.Minute)
		}, []string{
			"30s /2000-01-01T00:00:00Z :zzz: Nobody is online (all departments)",
			"1m0s /2000-01-01T00:00:00Z :wave: Somebody is there again (all departments)",
		}, 0},
		{"Rocket.Chat restarts meanwhile", func(a *absences) {
			a.away["1"] = bridge.NoAgent
			a.start()
			time.Sleep(45 * time.Second)
			a.becomes("1", bridge.WorkspaceDown)
			time.Sleep(40 * time.Second)
			a.becomes("1", bridge.NoAgent)
			time.Sleep(40 * time.Second)
		}, []string{"30s /2000-01-01T00:00:00Z :zzz: Nobody is online (all departments)"}, 1},
		{"a department, by its name", func(a *absences) {
			a.away["2"] = bridge.OmnichannelOff
			a.start()
			time.Sleep(45 * time.Second)
		}, []string{"30s d1/2000-01-01T00:00:00Z :zzz: Omnichannel is switched off (department Sales)"}, 1},
		{"two departments", func(a *absences) {
			a.away["1"], a.away["2"] = bridge.NoAgent, bridge.NoAgent
			a.start()
			time.Sleep(45 * time.Second)
			a.comes("2")
			time.Sleep(45 * time.Second)
		}, []string{
			"30s /2000-01-01T00:00:00Z :zzz: Nobody is online (all departments)",
			"30s d1/2000-01-01T00:00:00Z :zzz: Nobody is online (department Sales)",
			"50s d1/2000-01-01T00:00:00Z :wave: Somebody is there again (department Sales)",
		}, 1},
		{"goes on over a restart", func(a *absences) {
			a.away["1"] = bridge.NoAgent
			a.start()
			time.Sleep(45 * time.Second)
			a.stop()
			time.Sleep(time.Minute)
			a.start()
			time.Sleep(25 * time.Second)
		}, []string{
			"30s /2000-01-01T00:00:00Z :zzz: Nobody is online (all departments)",
			"1m55s /2000-01-01T00:00:00Z :zzz: Nobody is online (all departments)",
		}, 1},
		{"ends while the bridge is down", func(a *absences) {
			a.away["1"] = bridge.NoAgent
			a.start()
			time.Sleep(45 * time.Second)
			a.stop()
			a.comes("1")
			time.Sleep(time.Minute)
			a.start()
			time.Sleep(25 * time.Second)
		}, []string{
			"30s /2000-01-01T00:00:00Z :zzz: Nobody is online (all departments)",
			"1m55s /2000-01-01T00:00:00Z :wave: Somebody is there again (all departments)",
		}, 0},
		{"ends while the page has another department by then", func(a *absences) {
			a.away["2"] = bridge.NoAgent
			a.start()
			time.Sleep(45 * time.Second)
			a.stop()
			a.pages[1].Settings.Department = ""
			a.comes("2")
			a.start()
			time.Sleep(25 * time.Second)
		}, []string{
			"30s d1/2000-01-01T00:00:00Z :zzz: Nobody is online (department Sales)",
			"55s d1/2000-01-01T00:00:00Z :wave: Somebody is there again (department Sales)",
		}, 0},
		{"the setup channel cannot be written to", func(a *absences) {
			a.away["1"], a.broken = bridge.NoAgent, true
			a.start()
			time.Sleep(45 * time.Second)
			a.breaks(false)
			time.Sleep(10 * time.Second)
			a.breaks(true)
			a.comes("1")
			time.Sleep(30 * time.Second)
			a.breaks(false)
			time.Sleep(10 * time.Second)
		}, []string{
			"50s /2000-01-01T00:00:00Z :zzz: Nobody is online (all departments)",
			"1m30s /2000-01-01T00:00:00Z :wave: Somebody is there again (all departments)",
		}, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			var receipts bridgetest.Receipts
			a := &absences{t: t, inbox: bridgetest.NewQueue(&receipts, time.Now), cursors: bridgetest.Cursors{}, away: map[bridge.PageID]bridge.Reason{}, began: time.Now(),
				pages: bridgetest.Pages{{ID: "1"}, {ID: "2", Settings: bridge.Settings{Department: "d1"}}}}
			a.write("1", "anna", "ben")
			a.write("2", "anna")
			test.happens(a)
			synctest.Wait()
			a.stop()
			slices.Sort(a.shown) // departments come in no order
			slices.Sort(test.want)
			if got, want := strings.Join(a.shown, "\n"), strings.Join(test.want, "\n"); got != want || len(a.cursors) != test.left {
				t.Errorf("%s: %d are remembered, shown\n%s\nwant\n%s", test.name, len(a.cursors), got, want)
			}
		})
	}
}

// TestAbsence_SaysHowManyWait, and since when.
func TestAbsence_SaysHowManyWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var receipts bridgetest.Receipts
		var said string
		q := bridgetest.NewQueue(&receipts, time.Now)
		a := &absences{t: t, inbox: q, cursors: bridgetest.Cursors{}, away: map[bridge.PageID]bridge.Reason{"1": bridge.NoAgent}, pages: bridgetest.Pages{{ID: "1"}}}
		a.write("1", "anna", "ben", "cy")
		inbox := lanes(q, time.Now)
		if err := inbox.Load(nil); err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); inbox.Run(ctx, ctx, a.attempt(q)) }()
		w := NewAbsence(AbsenceConfig{Inbox: inbox, Cursors: a.cursors, Now: time.Now, Say: english, Log: slog.New(slog.DiscardHandler),
			Show: func(_ context.Context, _, text string) error { said = text; return nil }})
		synctest.Wait()
		w.tellAbsent(t.Context())
		stop()
		<-ended
		if want := "Customers who wait: 3, the first since 1 Jan 2000, 00:00."; !strings.Contains(said, want) {
			t.Errorf("told %q, want %q", said, want)
		}
	})
}

func TestAbsence_NowhereToShow_DoesNothing(t *testing.T) {
	NewAbsence(AbsenceConfig{}).Run(t.Context())
}
