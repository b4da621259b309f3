// Package pace keeps the calls of the app and of each page below Meta's limits: those it
// states per second, and those its answers report.
package pace

import (
	"encoding/json"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"messenger-bridge/bridge"
	"messenger-bridge/messenger/wire"
	"messenger-bridge/recent"
)

const (
	slowFrom      = 80          // per cent of a limit from which on we go slower
	maxAfter      = time.Hour   // the longest wait we believe a server
	usageLasts    = time.Minute // a report counts for this long; Meta repeats it while it is true
	fullWait      = time.Minute // at 100 per cent, if Meta does not say how long
	pauseStep     = 50 * time.Millisecond
	longestWait   = time.Second // for a pause; whoever has to wait longer gives its worker back
	maxPaced      = 4096        // pages remembered; only what is slowed needs to be
	messengerType = "messenger"
)

// LookEvery is how far a page's reads of conversations are apart: Meta allows 2 a second,
// measured by its own clock (messenger.md 7.5).
const LookEvery = 550 * time.Millisecond

// usage is one limit in a header: percentages, and minutes until it is over.
type usage struct {
	Type    wire.Text   `json:"type"`
	Calls   wire.Number `json:"call_count"`
	Time    wire.Number `json:"total_time"`
	CPU     wire.Number `json:"total_cputime"`
	Minutes wire.Number `json:"estimated_time_to_regain_access"`
}

func (u usage) percent() int { return int(min(max(u.Calls, u.Time, u.CPU, 0), 1000)) }

// businessUsage returns the limits that a page's own entry in
// X-Business-Use-Case-Usage names.
func businessUsage(header http.Header, page bridge.PageID) []usage {
	value := header.Get("X-Business-Use-Case-Usage")
	if value == "" {
		return nil
	}
	var all map[string][]usage
	_ = json.Unmarshal([]byte(value), &all) // what cannot be read limits nothing
	return all[string(page)]
}

// Regain is how long Meta says that a page has to wait.
func Regain(header http.Header, page bridge.PageID) time.Duration {
	var longest wire.Number
	for _, u := range businessUsage(header, page) {
		longest = max(longest, min(u.Minutes, wire.Number(maxAfter/time.Minute)))
	}
	return time.Duration(longest) * time.Minute
}

// RetryAfter reads Retry-After, in seconds or as a date. Meta does not document
// it; what stands in front of Meta may send it.
func RetryAfter(header http.Header, now time.Time) time.Duration {
	value := header.Get("Retry-After")
	if value == "" {
		return 0
	}
	if seconds, err := strconv.ParseFloat(value, 64); err == nil {
		if !(seconds > 0) {
			return 0
		}
		return time.Duration(min(seconds, maxAfter.Seconds()) * float64(time.Second))
	}
	if at, err := http.ParseTime(value); err == nil {
		return min(max(at.Sub(now), 0), maxAfter)
	}
	return 0
}

// report is what an answer's headers say about limits.
type report struct {
	app     int           // per cent of the app's limit; -1: nothing is said
	page    int           // of the page's
	refused time.Duration // how long Meta refuses the page
}

// reported reads an answer's headers. Of the business limits only Messenger's own
// holds messages back.
func reported(header http.Header, page bridge.PageID) report {
	percent := func(name string) int {
		value := header.Get(name)
		if value == "" {
			return -1
		}
		var u usage
		if json.Unmarshal([]byte(value), &u) != nil {
			return -1
		}
		return u.percent()
	}
	r := report{app: percent("X-App-Usage"), page: percent("X-Page-Usage")}
	for _, u := range businessUsage(header, page) {
		if u.Type != messengerType && u.Type != "" {
			continue
		}
		r.page = max(r.page, u.percent())
		if u.Minutes > 0 {
			r.refused = max(r.refused, min(time.Duration(min(u.Minutes, 1e6))*time.Minute, maxAfter))
		}
	}
	return r
}

// Limit is one that Meta states in calls per second and page.
type Limit uint8

const (
	Looks  Limit = iota // Conversations API
	Sends               // texts and templates
	Files               // messages with a file: Meta names audio and video, and says nothing of others
	limits              // how many there are
)

// perSecond is a little less than Meta allows (messenger.md 7.5), because calls come
// closer together on their way: 250 to 300, 10. That of looks is configured.
var perSecond = [limits]rate.Limit{Sends: 240, Files: 9}

// Pacer keeps the app and each page below their limits. It remembers only pages that
// are near one, and those that called lately.
type Pacer struct {
	now       func() time.Time
	perSecond [limits]rate.Limit

	mu    sync.Mutex // guards all below
	app   pace
	pages *recent.Map[bridge.PageID, *pace]
}

type pace struct {
	percent int       // of the closest limit
	until   time.Time // percent counts
	next    time.Time // the next call may be made
	shut    time.Time // no call before
	limits  [limits]*rate.Limiter
}

// New returns a Pacer that keeps a page's reads of conversations lookEvery apart, by the
// clock now.
func New(now func() time.Time, lookEvery time.Duration) *Pacer {
	perSecond := perSecond
	perSecond[Looks] = rate.Every(lookEvery)
	return &Pacer{now: now, perSecond: perSecond, pages: recent.New[bridge.PageID, *pace](maxPaced, 0)}
}

// Reserve returns how long a call has to wait for its turn, or how long there is
// none, and behind which gate: then the caller goes away. An empty page is the app's
// own call.
func (p *Pacer) Reserve(page bridge.PageID) (wait, none time.Duration, gate bridge.Gate) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if wait, none = p.app.left(now); none > 0 {
		return 0, none, bridge.GateApp
	}
	if s, known := p.pages.Get(page); known {
		own, none := s.left(now)
		if none > 0 {
			return 0, none, bridge.GatePage(page)
		}
		wait = max(wait, own)
		s.takePlace(now.Add(wait))
	}
	p.app.takePlace(now.Add(wait))
	return wait, 0, ""
}

// left returns how long until the next call may be made, or how long there is no
// place for one.
func (s *pace) left(now time.Time) (wait, none time.Duration) {
	if left := s.shut.Sub(now); left > 0 {
		return 0, left
	}
	if now.After(s.until) {
		return 0, 0
	}
	if wait = max(s.next.Sub(now), 0); wait > longestWait {
		return 0, wait
	}
	return wait, 0
}

// Busy reports whether a page, or the app, is near one of its limits.
func (p *Pacer) Busy(page bridge.PageID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	near := func(s *pace) bool { return now.Before(s.until) || now.Before(s.shut) }
	own, known := p.pages.Get(page)
	return near(&p.app) || known && near(own)
}

// takePlace makes the next call wait, the longer the closer the limit is.
func (s *pace) takePlace(at time.Time) {
	if !at.After(s.until) {
		s.next = at.Add(time.Duration(s.percent-slowFrom+1) * pauseStep)
	}
}

// Take returns the same for one of the limits per second. Whoever has to wait longer
// than for a moment goes away; the page's other calls go on.
func (p *Pacer) Take(page bridge.PageID, l Limit) (wait, none time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	s := p.page(page)
	if s.limits[l] == nil {
		s.limits[l] = rate.NewLimiter(p.perSecond[l], 1)
	}
	r := s.limits[l].ReserveN(now, 1)
	if wait = r.DelayFrom(now); wait > longestWait {
		r.CancelAt(now)
		return 0, wait
	}
	return wait, 0
}

// Look is Take for a read of conversations.
func (p *Pacer) Look(page bridge.PageID) (wait, none time.Duration) { return p.Take(page, Looks) }

// Report takes an answer's headers into account.
func (p *Pacer) Report(page bridge.PageID, header http.Header) {
	r := reported(header, page)
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	p.app.report(r.app, 0, now)
	_, known := p.pages.Get(page)
	if page != "" && (r.page >= slowFrom || r.refused > 0 || known) {
		p.page(page).report(r.page, r.refused, now)
	}
}

func (s *pace) report(percent int, refused time.Duration, now time.Time) {
	if percent >= 100 {
		refused = max(refused, fullWait)
	}
	switch {
	case percent >= slowFrom || refused > 0:
		s.percent, s.until = min(max(percent, slowFrom), 100), now.Add(usageLasts)
	case percent >= 0:
		s.until = time.Time{}
	}
	s.refuse(refused, now)
}

func (s *pace) refuse(d time.Duration, now time.Time) {
	if shut := now.Add(d); d > 0 && shut.After(s.shut) {
		s.shut = shut
	}
}

// Refused notes that Meta has just refused a call because there were too many: each
// more would make it last longer.
func (p *Pacer) Refused(page bridge.PageID, r *bridge.Refusal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	switch {
	case r.Reason != bridge.RateLimited:
	case r.Gate == bridge.GateApp:
		p.app.refuse(r.After, now)
	case r.Gate == bridge.GatePage(page) && page != "":
		p.page(page).refuse(r.After, now)
	}
}

// page returns a page's state. That of the page that called longest ago makes room for
// it if need be: better to forget one than to grow. The lock is held.
func (p *Pacer) page(page bridge.PageID) *pace {
	s, known := p.pages.Get(page)
	if !known {
		s = &pace{}
		p.pages.Set(page, s)
	}
	return s
}
