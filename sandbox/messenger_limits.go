package sandbox

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// limits are throttles and usage; guarded by Messenger.mu.
type limits struct {
	throttles map[string]throttle // by page; "" = all pages
	usage     map[string]int      // percent
	edgeUntil time.Time
	edgeDate  bool
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

// Throttle refuses the calls of a page ("" = of all) for a while with 613, 32, 80001, 80006 or
// 4. With header, the answers carry X-Business-Use-Case-Usage with the minutes left. 0 ends it.
func (m *Messenger) Throttle(page string, code int, d time.Duration, header bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.limits.throttles[page] = throttle{code, m.now().Add(d), header}
}

// ThrottleEdge answers all calls with 429, HTML and Retry-After, in seconds or as a date. Not
// documented by Meta (messenger.md 7.5).
func (m *Messenger) ThrottleEdge(d time.Duration, asDate bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.limits.edgeUntil, m.limits.edgeDate = m.now().Add(d), asDate
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
	value := strconv.Itoa(int((left + time.Second - 1) / time.Second))
	if m.limits.edgeDate {
		value = m.limits.edgeUntil.UTC().Format(http.TimeFormat)
	}
	a.header.Set("Retry-After", value)
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
	for _, name := range []string{pg, ""} {
		if t := m.limits.throttles[name]; m.now().Before(t.until) {
			t.until = t.until.Add(m.quirks.ThrottleGrows)
			m.limits.throttles[name] = t
			return rateError(t.code)
		}
	}
	if m.limits.usage[pg] >= 100 {
		return rateError(613)
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
	}
	// The text of 80006 was not seen by anybody (messenger.md 13).
	return graphErr(code, 0, fmt.Sprintf("(#%d) There have been too many calls to this Page account. Wait a bit and try again. "+
		"For more info, please refer to https://developers.facebook.com/docs/graph-api/overview/rate-limiting.", code))
}

// usageHeaders adds what Meta tells about limits. Called with mu held.
func (m *Messenger) usageHeaders(c *graphCall, a *graphAnswer) {
	if c.token == nil || c.token.page == "" {
		return
	}
	pg := c.token.page
	percent, minutes := m.limits.usage[pg], 0
	for _, name := range []string{pg, ""} {
		if t := m.limits.throttles[name]; t.header && m.now().Before(t.until) {
			percent = max(percent, 100)
			minutes = max(minutes, int((t.until.Sub(m.now())+time.Minute-1)/time.Minute))
		}
	}
	if percent == 0 {
		return
	}
	write := func(name string, o metaObject) {
		a.header.Set(name, string(metaEscape{plain: true}.appendJSON(nil, o)))
	}
	write("X-App-Usage", newObject("call_count", percent/2, "total_time", 25, "total_cputime", 24))
	write("X-Business-Use-Case-Usage", newObject(pg, []any{newObject("type", "messenger", "call_count", percent,
		"total_cputime", 20, "total_time", 25, "estimated_time_to_regain_access", minutes)}))
}
