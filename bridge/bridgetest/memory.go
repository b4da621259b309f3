package bridgetest

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"messenger-bridge/bridge"
)

// Receipts are bridge.Receipts and a bridge.SentLog. The zero value is empty.
type Receipts struct {
	All []bridge.Receipt // tests may set it while nothing runs

	mu sync.Mutex // guards All
}

// current returns all there are at the moment.
func (r *Receipts) current() []bridge.Receipt {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.All)
}

// SaveReceipts implements bridge.Receipts.
func (r *Receipts) SaveReceipts(_ context.Context, some []bridge.Receipt) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.All = append(r.All, some...)
	return nil
}

// MidOf implements bridge.Receipts: of several versions it returns that of the newest, if
// the tag names none.
func (r *Receipts) MidOf(m bridge.SendTag) (mid bridge.Mid) {
	for _, one := range r.current() {
		if one.Mid != "" && one.Tag.Message == m.Message && one.Tag.Part == m.Part && (m.Edit == 0 || one.Tag.Edit == m.Edit) {
			mid = one.Mid
		}
	}
	return mid
}

// TagOf implements bridge.Receipts.
func (r *Receipts) TagOf(p bridge.PageID, mid bridge.Mid) (bridge.SendTag, bool) {
	for _, one := range r.current() {
		if one.Mid == mid && one.Tag.Message != "" && (one.Page == p || one.Page == "") {
			return one.Tag, true
		}
	}
	return bridge.SendTag{}, false
}

// TextHashOf implements bridge.Receipts.
func (r *Receipts) TextHashOf(id bridge.MessageID) (hash string) {
	for _, one := range r.current() {
		if one.Tag.Message == id && one.TextHash != "" {
			hash = one.TextHash
		}
	}
	return hash
}

// ShownAs implements bridge.Receipts.
func (r *Receipts) ShownAs(p bridge.PageID, mid bridge.Mid) (bridge.RoomID, []bridge.MessageID) {
	for _, one := range r.current() {
		if one.Page == p && one.Mid == mid && len(one.Shown) > 0 {
			return one.Room, one.Shown
		}
	}
	return "", nil
}

// SentSince implements bridge.SentLog.
func (r *Receipts) SentSince(c bridge.Conversation, since time.Time) (sent []bridge.Sent) {
	for _, one := range r.current() {
		if one.Sent.To == c && one.Sent.At.After(since) {
			sent = append(sent, one.Sent)
		}
	}
	slices.SortStableFunc(sent, func(a, b bridge.Sent) int { return a.At.Compare(b.At) })
	return sent
}

// States are bridge.States. The zero value remembers nothing yet.
type States struct {
	mu  sync.Mutex // guards all
	all map[bridge.Conversation]bridge.ConversationState
}

// State implements bridge.States.
func (s *States) State(c bridge.Conversation) bridge.ConversationState {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all[c]
}

// ChangeState implements bridge.States.
func (s *States) ChangeState(c bridge.Conversation, change func(*bridge.ConversationState)) bridge.ConversationState {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = map[bridge.Conversation]bridge.ConversationState{}
	}
	state := s.all[c]
	change(&state)
	s.all[c] = state
	return state
}

// EachState implements bridge.States.
func (s *States) EachState(each func(bridge.Conversation, bridge.ConversationState)) error {
	s.mu.Lock()
	all := maps.Clone(s.all)
	s.mu.Unlock()
	for c, state := range all {
		each(c, state)
	}
	return nil
}

// ForgetState implements bridge.States.
func (s *States) ForgetState(c bridge.Conversation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, c)
}

// Pages are bridge.Pages.
type Pages []bridge.Page

// Page implements bridge.Pages.
func (p Pages) Page(id bridge.PageID) (bridge.Page, error) {
	for _, page := range p {
		if page.ID == id {
			return page, nil
		}
	}
	return bridge.Page{}, bridge.ErrNoPage
}

// Pages implements bridge.Pages.
func (p Pages) Pages() []bridge.Page { return slices.Clone(p) }

// EachPage implements bridge.Pages.
func (p Pages) EachPage(each func(*bridge.Page) bool) {
	for i := range p {
		if !each(&p[i]) {
			return
		}
	}
}

// Cursors are bridge.ListedCursors.
type Cursors map[string]time.Time

// Cursor implements bridge.Cursors.
func (c Cursors) Cursor(name string) (time.Time, error) { return c[name], nil }

// SaveCursor implements bridge.Cursors.
func (c Cursors) SaveCursor(name string, at time.Time) error {
	if c[name] = at; at.IsZero() {
		delete(c, name)
	}
	return nil
}

// CursorsUnder implements bridge.ListedCursors.
func (c Cursors) CursorsUnder(prefix string) (names []string) {
	for name := range c {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	return names
}

// KeepCursor implements bridge.Cursors.
func (c Cursors) KeepCursor(_ context.Context, name string, at time.Time) error {
	return c.SaveCursor(name, at)
}

// Meter is a bridge.Meter that measures nothing.
type Meter struct{}

// Count implements bridge.Meter.
func (Meter) Count(bridge.Tally, bridge.Direction, string, int) {}

// Time implements bridge.Meter.
func (Meter) Time(bridge.Timing, bridge.Direction, time.Duration) {}
