// Package history counts what the bridge does, minute by minute for an hour, and more
// coarsely for a day and for a month, for the plots of the status page.
package history

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"log/slog"
	"sync"
	"time"

	"messenger-bridge/bridge"
)

// Point is what happened within one step of a span.
type Point struct {
	In, Out uint32        // delivered to rooms, and to customers
	Refused uint32        // attempts that will be repeated, and what was given up
	Age     time.Duration // the longest from accepted to delivered
}

// Span is a time of which points are kept.
type Span struct {
	Name string
	Step time.Duration
	Many int
}

// Spans are all there are.
var Spans = []Span{{"hour", time.Minute, 60}, {"day", 15 * time.Minute, 96}, {"month", 6 * time.Hour, 120}}

// Notes keep what is counted over a restart.
type Notes interface {
	Note(name string) (string, error)
	SaveNote(ctx context.Context, name, text string) error
}

// History is a bridge.Meter that counts what it hands on.
type History struct {
	bridge.Meter
	now   func() time.Time
	notes Notes
	log   *slog.Logger

	mu    sync.Mutex // guards rings
	rings []ring     // one for each span
}

// ring holds the points of a span: number n, of steps since 1970, lies at n modulo their count.
type ring struct {
	points []Point
	newest int64
}

// New returns a History that goes on where an earlier run left it.
func New(m bridge.Meter, notes Notes, now func() time.Time, log *slog.Logger) *History {
	h := &History{Meter: m, now: now, notes: notes, log: log}
	for _, s := range Spans {
		r := ring{points: make([]Point, s.Many), newest: number(s, now())}
		text, err := notes.Note(noteOf(s))
		if err == nil {
			r.load(text)
		}
		h.rings = append(h.rings, r)
	}
	return h
}

func noteOf(s Span) string { return "history/" + s.Name }

func number(s Span, at time.Time) int64 { return at.Unix() / int64(s.Step/time.Second) }

// Count implements bridge.Meter.
func (h *History) Count(what bridge.Tally, d bridge.Direction, label string, n int) {
	h.Meter.Count(what, d, label, n)
	many := uint32(max(0, n)) // #nosec G115 -- of one commit
	switch {
	case what == bridge.Delivered && d == bridge.In:
		h.add(func(p *Point) { p.In += many })
	case what == bridge.Delivered && d == bridge.Out:
		h.add(func(p *Point) { p.Out += many })
	case what == bridge.Postponed && label != string(bridge.Deferred), what == bridge.Failed:
		h.add(func(p *Point) { p.Refused += many })
	}
}

// Time implements bridge.Meter.
func (h *History) Time(what bridge.Timing, d bridge.Direction, took time.Duration) {
	h.Meter.Time(what, d, took)
	if what == bridge.WaitedFor && d != bridge.ToAgents {
		h.add(func(p *Point) { p.Age = max(p.Age, took) })
	}
}

func (h *History) add(change func(*Point)) {
	now := h.now()
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range h.rings {
		r := &h.rings[i]
		r.reach(number(Spans[i], now))
		change(r.at(r.newest))
	}
}

// at returns the point of a number, which is negative before 1970.
func (r *ring) at(n int64) *Point {
	m := int64(len(r.points))
	return &r.points[(n%m+m)%m]
}

// reach makes a later number the newest; what lies between is empty.
func (r *ring) reach(n int64) {
	if n-r.newest > int64(len(r.points)) {
		r.newest = n - int64(len(r.points))
	}
	for r.newest < n {
		r.newest++
		*r.at(r.newest) = Point{}
	}
}

// Points returns a span's, oldest first.
func (h *History) Points(span int) []Point {
	now := h.now()
	h.mu.Lock()
	defer h.mu.Unlock()
	r := &h.rings[span]
	r.reach(number(Spans[span], now))
	points := make([]Point, 0, len(r.points))
	for n := r.newest - int64(len(r.points)) + 1; n <= r.newest; n++ {
		points = append(points, *r.at(n))
	}
	return points
}

// saveEvery is how much of the plots a crash may cost.
const saveEvery = 5 * time.Minute

// Run keeps what is counted until ctx ends, and then once more.
func (h *History) Run(ctx context.Context) error {
	tick := time.NewTicker(saveEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			h.save(context.WithoutCancel(ctx))
			return context.Cause(ctx)
		case <-tick.C:
			h.save(ctx)
		}
	}
}

func (h *History) save(ctx context.Context) {
	for i, s := range Spans {
		h.mu.Lock()
		text := h.rings[i].String()
		h.mu.Unlock()
		if err := h.notes.SaveNote(ctx, noteOf(s), text); err != nil {
			h.log.Debug("the plots of the status page are not kept", "span", s.Name, "err", err)
		}
	}
}

// String is what load reads: the newest number, then the points, oldest first.
func (r *ring) String() string {
	b := binary.AppendVarint(nil, r.newest)
	for n := r.newest - int64(len(r.points)) + 1; n <= r.newest; n++ {
		p := r.at(n)
		for _, v := range []uint64{uint64(p.In), uint64(p.Out), uint64(p.Refused), uint64(max(0, p.Age.Milliseconds()))} {
			b = binary.AppendUvarint(b, v)
		}
	}
	return base64.RawStdEncoding.EncodeToString(b)
}

// load fills a ring with what an earlier run had; what cannot be read, or is of a time to
// come, is left out.
func (r *ring) load(text string) {
	b, err := base64.RawStdEncoding.DecodeString(text)
	newest, used := binary.Varint(b)
	if err != nil || used <= 0 || newest > r.newest {
		return
	}
	b = b[used:]
	then := ring{points: make([]Point, len(r.points)), newest: newest}
	for n := newest - int64(len(r.points)) + 1; n <= newest; n++ {
		var values [4]uint64
		for i := range values {
			v, used := binary.Uvarint(b)
			if used <= 0 {
				return
			}
			values[i], b = v, b[used:]
		}
		*then.at(n) = Point{In: uint32(values[0]), Out: uint32(values[1]), Refused: uint32(values[2]), Age: time.Duration(values[3]) * time.Millisecond} // #nosec G115 -- as they were written
	}
	now := r.newest
	*r = then
	r.reach(now)
}
