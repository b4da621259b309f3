package pages

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/backfill"
	"messenger-bridge/bridge/bridgetest"
)

// memory is a store.
type memory struct {
	mu          sync.Mutex // guards all below while several pages are checked
	pages       map[bridge.PageID]bridge.Page
	tickets     map[string]bridge.Ticket
	revocations map[bridge.PageID]bridge.Revocation
	cursors     map[string]time.Time
	saves       int
	beforeSave  func(*memory)    // somebody else changes something just before a page is saved
	fails       map[string]error // by the name of what is called
}

func newMemory(pages ...bridge.Page) *memory {
	m := &memory{
		pages: map[bridge.PageID]bridge.Page{}, tickets: map[string]bridge.Ticket{},
		revocations: map[bridge.PageID]bridge.Revocation{}, cursors: map[string]time.Time{}, fails: map[string]error{},
	}
	for _, p := range pages {
		p.Rev = 1
		m.pages[p.ID] = p
	}
	return m
}

func (m *memory) Page(id bridge.PageID) (bridge.Page, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, found := m.pages[id]
	if !found {
		return p, bridge.ErrNoPage
	}
	return p, nil
}

func (m *memory) Pages() []bridge.Page {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.SortedFunc(maps.Values(m.pages), func(a, b bridge.Page) int { return cmp.Compare(a.ID, b.ID) })
}

func (m *memory) EachPage(each func(*bridge.Page) bool) { bridgetest.Pages(m.Pages()).EachPage(each) }

func (m *memory) SavePage(ctx context.Context, p bridge.Page) error {
	return m.SavePages(ctx, []bridge.Page{p}, "")
}

func (m *memory) SavePages(_ context.Context, pages []bridge.Page, ticket string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if f := m.beforeSave; f != nil {
		m.beforeSave = nil
		f(m)
	}
	if err := m.fails["SavePage"]; err != nil {
		return err
	}
	if _, found := m.tickets[ticket]; ticket != "" && !found {
		return bridge.ErrTicketSpent
	}
	for _, p := range pages {
		if m.pages[p.ID].Rev != p.Rev {
			return bridge.ErrConflict
		}
	}
	delete(m.tickets, ticket)
	for _, p := range pages {
		m.saves++
		p.Rev++
		m.pages[p.ID] = p
	}
	return nil
}

func (m *memory) DeletePage(_ context.Context, id bridge.PageID) error {
	if err := m.fails["DeletePage"]; err != nil {
		return err
	}
	delete(m.pages, id)
	return nil
}

func (m *memory) SaveTicket(_ context.Context, t bridge.Ticket) error {
	m.tickets[t.ID] = t
	return nil
}

func (m *memory) Ticket(id string) (bridge.Ticket, error) {
	t, found := m.tickets[id]
	if !found {
		return t, bridge.ErrTicketUnknown
	}
	return t, nil
}

func (m *memory) SpendTicket(_ context.Context, id, _ string) (bridge.Ticket, error) {
	t, err := m.Ticket(id)
	if err != nil {
		return t, bridge.ErrTicketSpent
	}
	delete(m.tickets, id)
	return t, nil
}

func (m *memory) EraseTickets(_ context.Context, which func(bridge.Ticket) bool) error {
	maps.DeleteFunc(m.tickets, func(_ string, t bridge.Ticket) bool { return which(t) })
	return nil
}

func (m *memory) Sign(purpose, text string) string {
	return fmt.Sprintf("signed-%s-%s-000000000000000000000000", purpose, text)
}

func (m *memory) SaveRevocation(_ context.Context, r bridge.Revocation) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.fails["SaveRevocation"]; err != nil {
		return err
	}
	m.revocations[r.Page] = r
	return nil
}

func (m *memory) Revocations() ([]bridge.Revocation, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.SortedFunc(maps.Values(m.revocations), func(a, b bridge.Revocation) int { return cmp.Compare(a.Page, b.Page) }), nil
}

func (m *memory) EraseRevocation(_ context.Context, id bridge.PageID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.fails["EraseRevocation"]; err != nil {
		return err
	}
	delete(m.revocations, id)
	return nil
}

func (m *memory) Cursor(name string) (time.Time, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.cursors[name], nil
}

func (m *memory) SaveCursor(name string, at time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.cursors[name] = at
	return nil
}

func (m *memory) KeepCursor(_ context.Context, name string, at time.Time) error {
	return m.SaveCursor(name, at)
}

// meta is Facebook: what it answers, by the name of the call, and what it was asked.
type meta struct {
	mu      *sync.Mutex // guards calls
	fails   map[string]error
	calls   []string
	grant   bridge.Grant
	missing []string
	app     *bridge.AppSubscription // nil: in order
	report  bridge.TokenReport
	adopted bridge.Adopted
}

func (f *meta) call(name, about string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, strings.TrimSpace(name+" "+about))
	return f.fails[name]
}

func (f *meta) Dialog(redirect, state string, comments bool) string {
	if comments {
		state += "&comments"
	}
	return redirect + "?state=" + state
}
func (f *meta) Exchange(_ context.Context, _, code string) (bridge.Grant, error) {
	return f.grant, f.call("Exchange", code)
}
func (f *meta) EndGrant(_ context.Context, user string) error { return f.call("EndGrant", user) }
func (f *meta) SubscribePage(_ context.Context, p bridge.Page, feed bridge.FeedWish) error {
	name := "SubscribePage" + map[bridge.FeedWish]string{bridge.FeedWanted: "+feed", bridge.FeedUnwanted: "-feed"}[feed]
	return f.call(name, string(p.ID))
}
func (f *meta) UnsubscribePage(_ context.Context, p bridge.Page) error {
	return f.call("UnsubscribePage", string(p.ID))
}
func (f *meta) PageMissing(context.Context, bridge.Page) ([]string, error) {
	return f.missing, f.call("PageMissing", "")
}
func (f *meta) App(context.Context) (bridge.AppSubscription, error) {
	if f.app == nil {
		return bridge.AppSubscription{Callback: "https://b.example/webhook", Active: true}, f.call("App", "")
	}
	return *f.app, f.call("App", "")
}
func (f *meta) SubscribeApp(_ context.Context, callback string, feed bridge.FeedWish) error {
	name := "SubscribeApp" + map[bridge.FeedWish]string{bridge.FeedWanted: "+feed", bridge.FeedUnwanted: "-feed"}[feed]
	return f.call(name, callback)
}
func (f *meta) Inspect(context.Context, bridge.Page) (bridge.TokenReport, error) {
	return f.report, f.call("Inspect", "")
}
func (f *meta) Adopt(_ context.Context, p bridge.PageID, token bridge.Secret) (bridge.Adopted, error) {
	return f.adopted, f.call("Adopt", string(p))
}
func (f *meta) PageName(context.Context, bridge.Page) (string, error) {
	return "Bakery", f.call("PageName", "")
}

// count returns how often Facebook was asked something so far.
func (f *meta) count(call string) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, one := range f.calls {
		if one == call {
			n++
		}
	}
	return n
}

// called returns what Facebook was asked since the last time.
func (f *meta) called() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	defer func() { f.calls = nil }()
	return strings.Join(f.calls, ", ")
}

// desk is everything around the parts, with a clock of its own.
type desk struct {
	*testing.T
	*Parts
	store   *memory
	meta    *meta
	gaps    *backfill.Gaps
	clock   time.Time
	may     func(bridge.Author) (bool, error) // nil: everybody may everything
	changed []bridge.PageID
	said    []string
	typed   []string
	keys    map[string]bool
	mu      sync.Mutex // guards changed, said and keys while several pages are checked
}

// opened is when all tests begin.
var opened = time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)

func newDesk(t *testing.T, pages ...bridge.Page) *desk {
	return (&desk{T: t, store: newMemory(pages...), clock: opened, keys: map[string]bool{}, meta: &meta{mu: &sync.Mutex{}, fails: map[string]error{}}}).restart()
}

// restart makes new parts over the same store.
func (d *desk) restart() *desk {
	d.Helper()
	now := func() time.Time { return d.clock }
	var err error
	if d.gaps, err = backfill.NewGaps(d.store, 0, now); err != nil {
		d.Fatal(err)
	}
	d.Parts = New(Config{
		Facebook: Facebook{Login: d.meta, Subscriptions: d.meta, Tokens: d.meta}, Store: Store{d.store, d.store, d.store}, Gaps: d.gaps,
		PublicURL: "https://b.example/", Verified: func() bool { return true }, Now: now, Log: slog.New(slog.DiscardHandler),
		Workspace: Workspace{
			May: func(_ context.Context, who bridge.Author) (bool, error) {
				if d.may == nil {
					return true, nil
				}
				return d.may(who)
			},
			Departments: func(context.Context) ([]bridge.Department, error) { return nil, d.store.fails["Departments"] },
		},
		Tell: Tell{Announce: func(_ context.Context, key, text string) error {
			d.mu.Lock()
			defer d.mu.Unlock()
			if err := d.store.fails["Announce"]; err != nil {
				return err
			}
			if !d.keys[key] {
				d.keys[key], d.said = true, append(d.said, text)
			}
			return nil
		},
			TypeFor: func(_ context.Context, by bridge.Author, words string) error {
				d.typed = append(d.typed, by.Username+": "+words)
				return nil
			}},
		Changed: func(id bridge.PageID) {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.changed = append(d.changed, id)
		},
	})
	return d
}

// page returns a page as it is stored.
func (d *desk) page(id bridge.PageID) bridge.Page {
	d.Helper()
	p, err := d.store.Page(id)
	if err != nil {
		d.Fatal(err)
	}
	return p
}

// hears checks what was announced since the last time: sentences that contain these words.
func (d *desk) hears(want ...string) {
	d.Helper()
	ok := len(d.said) == len(want)
	for i := 0; ok && i < len(want); i++ {
		ok = strings.Contains(d.said[i], want[i])
	}
	if !ok {
		d.Errorf("announced: %q, want %q", d.said, want)
	}
	d.said = nil
}

// running is a page that was connected by a person and checked just now.
func running(id bridge.PageID) bridge.Page {
	return bridge.Page{
		ID: id, Name: "Bakery", Token: "t", TokenKind: bridge.PersonToken, Checked: opened, State: bridge.PageRunning,
		Since: opened.Add(-time.Hour), By: "boss", ByName: "boss", Grant: "maria", Granted: opened,
	}
}

// in is the page in another state.
func in(p bridge.Page, state bridge.PageState, why bridge.TroubleKind) bridge.Page {
	p.State, p.Why = state, bridge.Trouble{Kind: why}
	return p
}

// Facebook's refusals.
var (
	away        = &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.MetaDown}
	notApproved = &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.NotApproved}
	rejected    = &bridge.Refusal{Verdict: bridge.Never, Reason: bridge.Rejected}
	lacking     = &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.PageLost}
	expired     = &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.PageLost, Trouble: bridge.TokenExpired}
	restricted  = &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.PageRestricted}
)
