package limits

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

// limiter plays Rocket.Chat's: a fixed window that begins with its first call.
type limiter struct {
	limit   int
	window  time.Duration
	until   time.Time
	used    int
	refused int
}

func (s *limiter) call(now time.Time) (status int, h http.Header) {
	if !now.Before(s.until) {
		s.until, s.used = now.Add(s.window), 0
	}
	s.used++
	h = http.Header{}
	h.Set("X-RateLimit-Limit", fmt.Sprint(s.limit))
	h.Set("X-RateLimit-Remaining", fmt.Sprint(max(0, s.limit-s.used)))
	h.Set("X-RateLimit-Reset", fmt.Sprint(s.until.UnixMilli()))
	if s.used > s.limit {
		s.refused++
		return http.StatusTooManyRequests, h
	}
	return http.StatusOK, h
}

func TestLimits_BurstsOfCalls_StayWithinTheWindow(t *testing.T) {
	now := time.UnixMilli(1_790_000_000_000)
	l := New(func() time.Time { return now })
	server := &limiter{limit: 10, window: time.Minute}
	l.Learn("GET /other", 200, http.Header{"X-Ratelimit-Limit": {"10"}, "X-Ratelimit-Remaining": {"9"}, "X-Ratelimit-Reset": {"0"}}, nil)
	made, rounds := 0, 0
	for made < 100 {
		rounds++
		wait := time.Duration(0)
		underWay := 0
		for range 64 { // all workers at once: calls begin before the first answer is in
			if w := l.Take("POST /x"); w > 0 {
				wait = max(wait, w)
			} else {
				underWay++
			}
		}
		for range underWay {
			status, h := server.call(now)
			l.Learn("POST /x", status, h, nil)
			made++
		}
		now = now.Add(max(wait, 50*time.Millisecond))
	}
	if server.refused > 0 {
		t.Errorf("%d of %d calls refused", server.refused, made)
	}
	if took := now.Sub(time.UnixMilli(1_790_000_000_000)); took > 12*time.Minute {
		t.Errorf("100 calls at 10 a minute took %v in %d rounds", took, rounds)
	}
}

func TestLimits_NoHeaders_NothingIsHeldBack(t *testing.T) {
	l := New(time.Now)
	for range 1000 {
		if l.Take("POST /x") > 0 {
			t.Fatal("held back")
		}
		l.Learn("POST /x", 200, http.Header{}, nil)
	}
}

func TestLimits_RefusalSaysHowLong(t *testing.T) {
	now := time.UnixMilli(1_790_000_000_000)
	for name, c := range map[string]struct {
		header http.Header
		body   string
		want   time.Duration
	}{
		"headers": {http.Header{"X-Ratelimit-Limit": {"10"}, "X-Ratelimit-Remaining": {"0"}, "X-Ratelimit-Reset": {fmt.Sprint(now.Add(7 * time.Second).UnixMilli())}}, "", 7*time.Second + afterReset},
		"text":    {http.Header{}, `{"success":false,"error":"Error, too many requests. Please slow down. You must wait 42 seconds before trying this endpoint again. [error-too-many-requests]"}`, 42 * time.Second},
		"nothing": {http.Header{}, "<html>", noIdea},
	} {
		l := New(func() time.Time { return now })
		if got := l.Learn("GET /x", 429, c.header, []byte(c.body)); got != c.want {
			t.Errorf("%s: wait %v, want %v", name, got, c.want)
		}
	}
}

func TestLimits_RefusedAlthoughTheWindowIsOver_WaitsASecond(t *testing.T) {
	now := time.UnixMilli(1_790_000_000_000)
	l := New(func() time.Time { return now })
	over := http.Header{"X-Ratelimit-Limit": {"10"}, "X-Ratelimit-Remaining": {"0"}, "X-Ratelimit-Reset": {fmt.Sprint(now.Add(-time.Minute).UnixMilli())}}
	if got := l.Learn("GET /x", 429, over, nil); got < time.Second {
		t.Errorf("wait %v", got)
	}
	if got := l.Take("GET /x"); got < time.Second {
		t.Errorf("the next call waits %v", got)
	}
}
