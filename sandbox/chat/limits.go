package chat

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// rcLimiter counts calls in fixed windows, one per rule. All counters of a
// rule begin anew together; refused calls count too and extend nothing.
type rcLimiter map[string]*rcWindow

type rcWindow struct {
	since  time.Time
	counts map[string]int
}

// rcVerdict is what the limiter says about one call.
type rcVerdict struct {
	allowed   bool
	remaining int
	reset     time.Duration
}

func (l rcLimiter) count(rule, key string, allowed int, window time.Duration, now time.Time) rcVerdict {
	w := l[rule]
	if w == nil || now.Sub(w.since) >= window {
		w = &rcWindow{since: now, counts: map[string]int{}}
		l[rule] = w
	}
	w.counts[key]++
	n := w.counts[key]
	return rcVerdict{allowed: n <= allowed, remaining: max(0, allowed-n), reset: window - now.Sub(w.since)}
}

// limited applies the REST limiter to a call: per address, route pattern and
// method. It sets the headers, and returns the refusal if there is one. The
// caller holds mu.
func (rc *RocketChat) limited(c *rcCall) *rcReply {
	if rc.cfg.LimiterOff || rc.bypasses(c) {
		return nil
	}
	calls, window := c.route.calls, rc.cfg.Window
	if calls == 0 {
		calls = rc.cfg.CallsPerWindow
	}
	if c.route.second && rc.since(8, 0) {
		calls, window = 5, rc.cfg.Window/60
	}
	now := rc.cfg.Now()
	v := rc.rest.limiter.count(c.route.String(), c.ip, calls, window, now)
	c.header.Set("X-RateLimit-Limit", strconv.Itoa(calls))
	c.header.Set("X-RateLimit-Remaining", strconv.Itoa(v.remaining))
	c.header.Set("X-RateLimit-Reset", strconv.FormatInt(now.Add(v.reset).UnixMilli(), 10))
	if v.allowed {
		return nil
	}
	c.record.Limited = true
	text := fmt.Sprintf("Error, too many requests. Please slow down. You must wait %d seconds before trying this endpoint again. [error-too-many-requests]",
		int(math.Ceil(v.reset.Seconds())))
	return &rcReply{status: http.StatusTooManyRequests, body: rcDoc{"success": false, "error": text}}
}

// bypasses is the rule of api-bypass-rate-limit: older servers know the caller
// only on routes that need a login.
func (rc *RocketChat) bypasses(c *rcCall) bool {
	if !c.route.login && !rc.since(8, 0) {
		return false
	}
	return rc.can(c.user, "api-bypass-rate-limit")
}

// rcDDPRules are the five rules of the DDP limiter. The rule per IP is not
// among them: it exempts 127.0.0.1, where every caller of a sandbox lives.
var rcDDPRules = []struct {
	name    string
	allowed int
	window  time.Duration
	byName  bool // per method or publication; stream-* get both numbers times 4
	byUser  bool
}{
	{"user", 1200, time.Minute, false, true},
	{"connection", 600, time.Minute, false, false},
	{"user by method", 20, 10 * time.Second, true, true},
	{"connection by method", 10, 10 * time.Second, true, false},
}

// limitedDDP applies the DDP limiter to a method or sub; nobody bypasses it.
// It returns the error to answer with, or nil. The caller holds mu.
func (rc *RocketChat) limitedDDP(c *rcConn, name string) rcDoc {
	if rc.cfg.DDPLimiterOff {
		return nil
	}
	var refused rcDoc
	for _, r := range rcDDPRules {
		key, rule := c.session, r.name
		if r.byUser {
			if c.user == nil {
				continue
			}
			key = c.user.ID
		}
		allowed, window := r.allowed, r.window
		if r.byName {
			key += " " + name
			if name == "login" && r.name == "connection by method" {
				allowed, rule = 5, "login"
			}
			if strings.HasPrefix(name, "stream-") {
				allowed, window, rule = allowed*4, window*4, rule+" stream"
			}
		}
		v := rc.socks.limiter.count(rule, key, allowed, window, rc.cfg.Now())
		if v.allowed || refused != nil {
			continue
		}
		refused = rcDoc{
			"isClientSafe": true, "error": "too-many-requests", "errorType": "Meteor.Error",
			"reason": fmt.Sprintf("Error, too many requests. Please slow down. You must wait %d seconds before trying again.",
				int(math.Ceil(v.reset.Seconds()))),
			"details": rcDoc{"timeToReset": v.reset.Milliseconds()},
		}
		refused["message"] = rcText(refused["reason"]) + " [too-many-requests]"
	}
	return refused
}
