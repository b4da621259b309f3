package meta

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// limits are throttles and usage; guarded by Messenger.mu.
type limits struct {
	throttles map[string]throttle // by page; "" = all pages, "app" = the app, whoever calls
	usage     map[string]int      // percent, by page
	app       int                 // percent of the app's limit
	edgeUntil time.Time
	edge      RetryAfter
	lately    map[string][]time.Time // real times of the calls of the last second
}

type throttle struct {
	code   int
	until  time.Time
	header bool
}

func newLimits() limits {
	return limits{throttles: map[string]throttle{}, usage: map[string]int{}, lately: map[string][]time.Time{}}
}

// appLimited are the codes of limits of the app: they meet every page, and people's and the
// app's own tokens (messenger.md 7.4, 7.5).
var appLimited = map[int]bool{4: true, 341: true}

// Throttle refuses the calls of a page ("" = of all) for a while with 613, 17, 32, 80001, 80006
// and so on; with 4 and 341 it refuses all calls, whatever page is named. With header, the
// answers to pages carry X-Business-Use-Case-Usage with the minutes left. 0 ends it.
func (m *Messenger) Throttle(page string, code int, d time.Duration, header bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if appLimited[code] {
		page = "app"
	}
	m.limits.throttles[page] = throttle{code, m.now().Add(d), header}
}

// RetryAfter is how an edge says how long to wait.
type RetryAfter int

const (
	RetryAfterSeconds RetryAfter = iota
	RetryAfterDate
	NoRetryAfter
)

// ThrottleEdge answers all calls with 429 and HTML. Not documented by Meta (messenger.md 7.5).
func (m *Messenger) ThrottleEdge(d time.Duration, says RetryAfter) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.limits.edgeUntil, m.limits.edge = m.now().Add(d), says
}

// AppUsage sets the percentage that X-App-Usage shows in all answers; from 100 on all calls are
// refused with 4. 0 leaves it to what pages use.
func (m *Messenger) AppUsage(percent int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.limits.app = percent
}

// Usage sets the percentage that the usage headers of a page show; from 100 on its calls are
// refused with 613. 0 leaves the headers out.
func (m *Messenger) Usage(page string, percent int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.limits.usage[page] = percent
}

// edgeThrottle answers for the edge, before anybody asks who calls. Called with mu held.
func (m *Messenger) edgeThrottle() *graphAnswer {
	left := m.limits.edgeUntil.Sub(m.now())
	if left <= 0 {
		return nil
	}
	a := htmlAnswer(http.StatusTooManyRequests)
	switch m.limits.edge {
	case RetryAfterSeconds:
		a.header.Set("Retry-After", strconv.Itoa(int((left+time.Second-1)/time.Second)))
	case RetryAfterDate:
		a.header.Set("Retry-After", m.limits.edgeUntil.UTC().Format(http.TimeFormat))
	}
	return a
}

func htmlAnswer(status int) *graphAnswer {
	return &graphAnswer{
		status: status, contentType: "text/html; charset=utf-8", header: http.Header{},
		body: fmt.Appendf(nil, "<!DOCTYPE html><html><head><title>Error</title></head><body><h1>%s</h1></body></html>", http.StatusText(status)),
	}
}

// throttled refuses calls of a page that has had too many. Called with mu held.
func (m *Messenger) throttled(c *graphCall) *graphError {
	pg := c.token.page
	if m.limits.usage[pg] > 0 {
		m.limits.usage[pg] += m.quirks.UsagePerCall
	}
	limits := []string{"app"}
	if pg != "" {
		limits = append(limits, pg, "")
	}
	for _, name := range limits {
		if t := m.limits.throttles[name]; m.now().Before(t.until) {
			t.until = t.until.Add(m.quirks.ThrottleGrows)
			m.limits.throttles[name] = t
			return rateError(t.code)
		}
	}
	switch {
	case m.limits.app >= 100:
		return rateError(4)
	case m.limits.usage[pg] >= 100:
		return rateError(613)
	case pg == "":
		return nil
	}
	last := c.path[len(c.path)-1]
	switch {
	case last == "messages" && c.book.Method == http.MethodPost:
		return m.perSecond("send "+pg, m.quirks.SendsPerSecond)
	case last == "conversations" || strings.HasPrefix(c.path[0], "t_"):
		return m.perSecond("read "+pg, m.quirks.ReadsPerSecond)
	}
	return nil
}

// perSecond allows n calls within any second of real time. Called with mu held.
func (m *Messenger) perSecond(key string, n int) *graphError {
	if n <= 0 {
		return nil
	}
	now, kept := time.Now(), m.limits.lately[key][:0]
	for _, at := range m.limits.lately[key] {
		if now.Sub(at) < time.Second {
			kept = append(kept, at)
		}
	}
	if len(kept) >= n {
		m.limits.lately[key] = kept
		m.books.problem("more than %d calls in a second: %s", n, key)
		return rateError(613)
	}
	m.limits.lately[key] = append(kept, now)
	return nil
}

func rateError(code int) *graphError {
	switch code {
	case 613:
		return graphErr(613, 0, textRate)
	case 32:
		return graphErr(32, 0, "(#32) Page request limit reached")
	case 4:
		return graphErr(4, 0, "(#4) Application request limit reached")
	case 17:
		return graphErr(17, 0, "(#17) User request limit reached")
	case 341:
		return graphErr(341, 0, "(#341) Application limit reached")
	}
	// The text of 80006 was not seen by anybody (messenger.md 13).
	return graphErr(code, 0, fmt.Sprintf("(#%d) There have been too many calls to this Page account. Wait a bit and try again. "+
		"For more info, please refer to https://developers.facebook.com/docs/graph-api/overview/rate-limiting.", code))
}

// usageHeaders adds what Meta tells about limits. Called with mu held.
func (m *Messenger) usageHeaders(c *graphCall, a *graphAnswer) {
	if c.token == nil {
		return
	}
	pg := c.token.page
	percent, minutes, app := 0, 0, m.limits.app
	if pg != "" {
		percent = m.limits.usage[pg]
	}
	for _, name := range []string{"app", pg, ""} {
		t := m.limits.throttles[name]
		if !t.header || !m.now().Before(t.until) {
			continue
		}
		percent = max(percent, 100)
		minutes = max(minutes, int((t.until.Sub(m.now())+time.Minute-1)/time.Minute))
		if name == "app" {
			app = 100
		}
	}
	write := func(name string, o metaObject) {
		a.header.Set(name, string(metaEscape{plain: true}.appendJSON(nil, o)))
	}
	usage := func(calls int) metaObject {
		return newObject("call_count", calls, "total_time", 25, "total_cputime", 24)
	}
	if app > 0 || percent > 0 && pg != "" {
		write("X-App-Usage", usage(max(app, percent/2)))
	}
	switch {
	case percent == 0 || pg == "":
	case m.quirks.PageUsage && minutes == 0:
		write("X-Page-Usage", usage(percent))
	default:
		write("X-Business-Use-Case-Usage", newObject(pg, []any{newObject("type", "messenger", "call_count", percent,
			"total_cputime", 20, "total_time", 25, "estimated_time_to_regain_access", minutes)}))
	}
}
