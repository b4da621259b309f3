package messenger

import (
	"encoding/json"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"messenger-bridge/bridge"
)

const (
	slowFrom      = 80          // per cent of a limit from which on we go slower
	maxAfter      = time.Hour   // the longest wait we believe a server
	usageLasts    = time.Minute // a report counts for this long; Meta repeats it while it is true
	fullWait      = time.Minute // at 100 per cent, if Meta does not say how long
	pauseStep     = 50 * time.Millisecond
	longestWait   = time.Second // for a pause; whoever has to wait longer gives its worker back
	looksPerSec   = 2           // Conversations API, per page
	maxPaced      = 4096        // pages remembered; only what is slowed needs to be
	messengerType = "messenger"
)

// usage is one limit in a header: percentages, and minutes until it is over.
type usage struct {
	Type    text   `json:"type"`
	Calls   number `json:"call_count"`
	Time    number `json:"total_time"`
	CPU     number `json:"total_cputime"`
	Minutes number `json:"estimated_time_to_regain_access"`
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

// regain is how long Meta says that a page has to wait.
func regain(header http.Header, page bridge.PageID) time.Duration {
	var longest number
	for _, u := range businessUsage(header, page) {
		longest = max(longest, min(u.Minutes, number(maxAfter/time.Minute)))
	}
	return time.Duration(longest) * time.Minute
}

// retryAfter reads Retry-After, in seconds or as a date. Meta does not document
// it; what stands in front of Meta may send it.
func retryAfter(header http.Header, now time.Time) time.Duration {
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

// reported returns the highest usage in an answer's headers, or -1 if they name
// none, and how long Meta refuses more. Of the business limits only Messenger's own holds messages back.
func reported(header http.Header, page bridge.PageID) (percent int, refused time.Duration) {
	percent = -1
	for _, name := range []string{"X-App-Usage", "X-Page-Usage"} {
		var u usage
		if value := header.Get(name); value != "" && json.Unmarshal([]byte(value), &u) == nil {
			percent = max(percent, u.percent())
		}
	}
	for _, u := range businessUsage(header, page) {
		if u.Type != messengerType && u.Type != "" {
			continue
		}
		percent = max(percent, u.percent())
		if u.Minutes > 0 {
			refused = max(refused, min(time.Duration(min(u.Minutes, 1e6))*time.Minute, maxAfter))
		}
	}
	if percent >= 100 {
		refused = max(refused, fullWait)
	}
	return percent, refused
}

// pacer keeps each page below its limits. It remembers only pages that are near
// one, and those whose threads were read lately.
type pacer struct {
	now func() time.Time

	mu    sync.Mutex // guards all below
	pages map[bridge.PageID]*pace
}

type pace struct {
	percent int           // of the closest limit
	until   time.Time     // percent counts
	next    time.Time     // the next call may be made
	shut    time.Time     // no call before
	looks   *rate.Limiter // nil: no thread was read lately
}

func newPacer(now func() time.Time) *pacer {
	return &pacer{now: now, pages: map[bridge.PageID]*pace{}}
}

// reserve returns how long a call has to wait for its turn, or how long there is
// none: then the caller goes away.
func (p *pacer) reserve(page bridge.PageID) (wait, none time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.pages[page]
	if s == nil {
		return 0, 0
	}
	now := p.now()
	if left := s.shut.Sub(now); left > 0 {
		return 0, left
	}
	if now.After(s.until) {
		return 0, 0
	}
	if wait = max(s.next.Sub(now), 0); wait > longestWait {
		return 0, wait
	}
	s.next = now.Add(wait + time.Duration(s.percent-slowFrom+1)*pauseStep)
	return wait, 0
}

// look returns the same for reading a thread.
func (p *pacer) look(page bridge.PageID) (wait, none time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	s := p.page(page, now)
	if s.looks == nil {
		s.looks = rate.NewLimiter(looksPerSec, 1)
	}
	r := s.looks.ReserveN(now, 1)
	if wait = r.DelayFrom(now); wait > longestWait {
		r.CancelAt(now)
		return 0, wait
	}
	return wait, 0
}

// report takes an answer's headers into account.
func (p *pacer) report(page bridge.PageID, header http.Header) {
	percent, refused := reported(header, page)
	if percent < 0 && refused <= 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if percent < slowFrom && refused <= 0 {
		if s := p.pages[page]; s != nil {
			s.until = time.Time{}
		}
		return
	}
	s := p.page(page, now)
	s.percent, s.until = min(max(percent, slowFrom), 100), now.Add(usageLasts)
	if shut := now.Add(refused); refused > 0 && shut.After(s.shut) {
		s.shut = shut
	}
}

// page returns a page's state, and makes room for it if there is none. The lock
// is held.
func (p *pacer) page(page bridge.PageID, now time.Time) *pace {
	s := p.pages[page]
	if s != nil {
		return s
	}
	for id, old := range p.pages {
		if len(p.pages) < maxPaced {
			break
		}
		if now.After(old.until) && now.After(old.shut) { // says nothing any more
			delete(p.pages, id)
		}
	}
	if len(p.pages) >= maxPaced { // better to forget one page's state than to grow
		for id := range p.pages {
			delete(p.pages, id)
			break
		}
	}
	s = &pace{}
	p.pages[page] = s
	return s
}
