package app

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"messenger-bridge/language"
	"messenger-bridge/messenger/webhook"
)

// Places at which somebody who has proven nothing gives way, as they are counted.
const (
	connectionPlace = "connection"
	webhookPlace    = "webhook"
	callbackPlace   = "callback"
	formPlace       = "form"
	standbyPlace    = "standby" // what it would have passed on
)

// manyGaveWay within a minute are strangers, and no accident of the network.
const manyGaveWay = 20

// strangers tells of those who ask for much and prove nothing: on /readyz, in the log, and
// once a day in the setup channel. They do not keep anybody out; who watches shall know.
type strangers struct {
	gaveWay  *prometheus.CounterVec // by place
	announce func(ctx context.Context, key, text string) error
	now      func() time.Time
	say      *language.Speaker
	log      *slog.Logger
	many     chan int // there were so many within a minute; one waits at most

	mu           sync.Mutex // guards all below
	burst        *burst
	minute       int64 // which minute n counts
	n, lastCount int   // of this minute, and of the one before
}

func newStrangers(gaveWay *prometheus.CounterVec, announce func(ctx context.Context, key, text string) error, now func() time.Time, say *language.Speaker, log *slog.Logger) *strangers {
	return &strangers{gaveWay: gaveWay, announce: announce, now: now, say: say, log: log, many: make(chan int, 1), burst: newBurst(manyGaveWay, time.Minute)}
}

// left says that somebody had to go. It does not block.
func (s *strangers) left(place string) {
	s.gaveWay.WithLabelValues(place).Inc()
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turn(now)
	s.n++
	if n := s.burst.count(now); n > 0 {
		select {
		case s.many <- n:
		default: // it is being told
		}
	}
}

// unread says that a body was not read, if that was for want of time or memory.
func (s *strangers) unread(place, answer string) {
	switch answer {
	case webhook.AnswerGaveWay, webhook.AnswerSlow, webhook.AnswerBusy:
		s.left(place)
	}
}

// turn begins another minute, if it has begun. The caller holds the lock.
func (s *strangers) turn(now time.Time) {
	minute := now.Unix() / 60
	switch {
	case minute == s.minute:
		return
	case minute == s.minute+1:
		s.lastCount = s.n
	default:
		s.lastCount = 0
	}
	s.minute, s.n = minute, 0
}

// within is how many had to go in this minute and the one before.
func (s *strangers) within() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turn(time.Now())
	return s.n + s.lastCount
}

// String is what /readyz adds; "" if there is nothing to tell.
func (s *strangers) String() string {
	n := s.within()
	if n < manyGaveWay {
		return ""
	}
	return fmt.Sprintf("strangers: %d calls and connections that had proven nothing were ended within two minutes; signed calls go first", n)
}

// Run tells until ctx ends.
func (s *strangers) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case n := <-s.many:
			s.tell(ctx, n)
		}
	}
}

// tell tells of a burst: in the log each time, in the setup channel once a day.
func (s *strangers) tell(ctx context.Context, n int) {
	s.log.Warn("strangers hold connections and prove nothing; they are ended, and customers' messages go first", "within a minute", n)
	text := s.say.Say("Strangers hold connections to the bridge open and prove nothing: at least %d had to be ended within a minute. Customers' messages still arrive. If this goes on, let the proxy in front of the bridge limit connections per address.", n)
	err := s.announce(ctx, "strangers/"+s.now().UTC().Format(time.DateOnly), text)
	if err != nil && ctx.Err() == nil {
		s.log.Warn("not announced that strangers hold connections", "err", err)
	}
}

// mostConnections is how many there may be on LISTEN at a time: many times what a proxy keeps
// open, and some 20 MiB of memory.
const mostConnections = 1024

// connections is how many there may be where the system allows fewer files than that takes.
func connections() int {
	var files syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files) != nil || files.Cur/2 >= mostConnections {
		return mostConnections
	}
	return int(files.Cur / 2) // #nosec G115 -- half of it fits
}
