package intake

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"sync"
	"time"
)

// Why a body is not read.
var (
	ErrGaveWay = errors.New("the slowest body had to give way")
	ErrSlow    = errors.New("the body came too slowly")
	ErrBusy    = errors.New("too many bodies in memory")
)

// Refusal is the status for a body that could not be read, and why that was, in a word.
func Refusal(err error) (status int, answer string) {
	switch {
	case errors.Is(err, ErrBusy):
		return http.StatusServiceUnavailable, "busy"
	case errors.Is(err, ErrGaveWay):
		return http.StatusServiceUnavailable, "gave-way"
	case errors.Is(err, ErrSlow):
		return http.StatusRequestTimeout, "slow"
	case errors.As(err, new(*http.MaxBytesError)):
		return http.StatusRequestEntityTooLarge, "too-large"
	}
	return http.StatusBadRequest, "cut"
}

// Config says what a place for bodies allows.
type Config struct {
	Budget int64 // bytes of all bodies together
	Small  int64 // up to this length a body is small; a quarter of the budget is for those alone; 0: no part of its own
	Max    int64 // the longest body

	Within time.Duration // for a whole body; 5 s
	Rate   int64         // bytes a second, after the first second; 64 KiB
}

const (
	defaultWithin = 5 * time.Second
	defaultRate   = 64 << 10
	firstSecond   = time.Second // in which nothing need have come
	firstBuffer   = 8 << 10
)

// patience is how long a body waits for memory before it is sent away. Meta gives us
// 5 seconds for all of it.
const patience = 500 * time.Millisecond

// Bodies reads bodies into memory, all of them together within a budget. A body is charged
// for what has arrived of it, at most twice as much; its first 8 KiB cost nothing, so that
// most calls of Meta's wait for nobody: how many of those there are, connections bound.
// Safe for concurrent use.
type Bodies struct {
	cfg   Config
	sizes []int64      // of buffers, ascending; the last holds the longest body and one byte more
	pools []*sync.Pool // one for each size

	mu           sync.Mutex // guards all below, and what a Body says that it guards
	small, large part
	waiting      int
	freed        chan struct{} // closed when memory is given back and somebody waits
}

// part is a part of the budget.
type part struct {
	budget, used int64
	leaving      int64              // of used: of bodies that give way and have not noticed yet
	reading      map[*Body]struct{} // that may have to give way
}

// NewBodies returns an empty place.
func NewBodies(c Config) *Bodies {
	if c.Within == 0 {
		c.Within = defaultWithin
	}
	if c.Rate == 0 {
		c.Rate = defaultRate
	}
	c.Budget = max(c.Budget, c.Max+1)
	b := &Bodies{cfg: c, freed: make(chan struct{})}
	for size := int64(firstBuffer); size < c.Max; size *= 2 {
		b.sizes = append(b.sizes, size)
	}
	b.sizes = append(b.sizes, c.Max+1)
	for _, size := range b.sizes {
		b.pools = append(b.pools, &sync.Pool{New: func() any {
			buffer := make([]byte, size)
			return &buffer
		}})
	}
	b.small = part{budget: c.Budget, reading: map[*Body]struct{}{}}
	if small := c.Budget / 4; c.Small > 0 && small >= 4*c.Small && c.Budget-small > c.Max { // else there is no room for parts
		b.small.budget = small
		b.large = part{budget: c.Budget - small, reading: map[*Body]struct{}{}}
	}
	return b
}

// Body is one in memory.
type Body struct {
	all     *Bodies
	owner   Owner
	began   time.Time
	control http.ResponseController // of its connection
	step    int                     // which of the sizes
	buffer  *[]byte
	length  int

	part    *part // these are guarded by all.mu; nil: charged with nothing yet
	charged int64
	arrived int64
	gaveWay bool
}

// Bytes returns the body; not to be used after Release.
func (o *Body) Bytes() []byte { return (*o.buffer)[:o.length] }

// Release gives the memory back.
func (o *Body) Release() {
	o.all.pools[o.step].Put(o.buffer)
	o.buffer = nil
	o.all.mu.Lock()
	defer o.all.mu.Unlock()
	o.all.discharge(o)
}

// Read reads a request's body to its end; the caller releases it, if there is one. A body of
// more than limit bytes is an *http.MaxBytesError. What comes too slowly, and what has to give
// way, is an error above; its connection is of no use any more.
func (b *Bodies) Read(w http.ResponseWriter, r *http.Request, from Owner, limit int64) (*Body, error) {
	o := &Body{all: b, owner: from, began: time.Now(), control: *http.NewResponseController(w)}
	o.buffer = b.pools[0].Get().(*[]byte)
	if err := o.readAll(r.Context(), http.MaxBytesReader(w, r.Body, min(limit, b.cfg.Max))); err != nil {
		o.Release()
		return nil, err
	}
	_ = o.control.SetReadDeadline(time.Time{}) // the connection goes on
	return o, nil
}

// readAll reads until the end, or until the body must go.
func (o *Body) readAll(ctx context.Context, from io.Reader) error {
	if err := o.progress(); err != nil {
		return err
	}
	for {
		n, err := from.Read((*o.buffer)[o.length:])
		o.length += n
		if errors.Is(err, io.EOF) {
			return o.finish()
		}
		if err == nil {
			err = o.progress()
		}
		if err == nil && o.length == len(*o.buffer) {
			err = o.grow(ctx)
		}
		if err != nil {
			return o.reason(err)
		}
	}
}

// reason is why reading ended, as others may have ended it.
func (o *Body) reason(err error) error {
	o.all.mu.Lock()
	defer o.all.mu.Unlock()
	switch {
	case o.gaveWay:
		return ErrGaveWay
	case errors.Is(err, os.ErrDeadlineExceeded):
		return ErrSlow
	}
	return err
}

// progress notes what has arrived, and until when more must come.
func (o *Body) progress() error {
	o.all.mu.Lock()
	defer o.all.mu.Unlock()
	if o.gaveWay {
		return ErrGaveWay
	}
	o.arrived = int64(o.length)
	came := time.Duration(o.arrived) * time.Second / time.Duration(o.all.cfg.Rate)
	until := o.began.Add(min(o.all.cfg.Within, firstSecond+came))
	if o.control.SetReadDeadline(until) != nil && time.Now().After(until) { // of what has no deadlines
		return ErrSlow
	}
	return nil
}

// finish takes a whole body out of those that may have to give way.
func (o *Body) finish() error {
	o.all.mu.Lock()
	defer o.all.mu.Unlock()
	if o.gaveWay {
		return ErrGaveWay
	}
	if o.part != nil {
		delete(o.part.reading, o)
	}
	return nil
}

// grow moves the body into a buffer of the next size.
func (o *Body) grow(ctx context.Context) error {
	next := o.step + 1
	if next == len(o.all.sizes) {
		return io.ErrShortBuffer // the reader limits the length
	}
	if err := o.all.charge(ctx, o, o.all.sizes[next]); err != nil {
		return err
	}
	larger := o.all.pools[next].Get().(*[]byte)
	copy(*larger, o.Bytes())
	o.all.pools[o.step].Put(o.buffer)
	o.step, o.buffer = next, larger
	return nil
}

// charge charges a body with size bytes in place of what it is charged with; it waits a
// moment for memory that others must give back.
func (b *Bodies) charge(ctx context.Context, o *Body, size int64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p := b.partOf(size); p == &b.large && p.used+size > p.budget {
		b.mu.Unlock()
		time.Sleep(slowDown)
		b.mu.Lock()
	}
	if done, err := b.tryCharge(o, size); done {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	b.waiting++
	defer func() { b.waiting-- }()
	for {
		freed := b.freed
		b.mu.Unlock()
		select {
		case <-freed:
		case <-ctx.Done():
		}
		b.mu.Lock()
		if done, err := b.tryCharge(o, size); done {
			return err
		}
		if ctx.Err() != nil {
			return ErrBusy
		}
	}
}

// slowDown is how long a large body waits where others must give way for it: those who
// come again and again, to be sent away again and again, shall not take all processors.
const slowDown = 150 * time.Millisecond

// partOf is what a body of a size is charged to.
func (b *Bodies) partOf(size int64) *part {
	if b.large.budget > 0 && size > b.cfg.Small {
		return &b.large
	}
	return &b.small
}

// tryCharge charges a body, or has others give way; it reports whether that is settled. The
// caller holds the lock.
func (b *Bodies) tryCharge(o *Body, size int64) (done bool, err error) {
	p := b.partOf(size)
	for {
		more := size
		if o.part == p {
			more -= o.charged
		}
		switch {
		case o.gaveWay:
			return true, ErrGaveWay
		case p.used+more <= p.budget:
			b.move(o, p, size)
			return true, nil
		case p.used-p.leaving+more <= p.budget: // they are about to go
			return false, nil
		}
		victim := p.slowest(o, time.Now())
		if victim == nil {
			return false, nil
		}
		b.dismiss(victim)
	}
}

// move charges a body to a part.
func (b *Bodies) move(o *Body, p *part, size int64) {
	if o.part != nil && o.part != p {
		b.discharge(o)
		o.part = nil
	}
	p.used += size - o.charged
	o.part, o.charged = p, size
	p.reading[o] = struct{}{}
}

// discharge gives back what a body is charged with.
func (b *Bodies) discharge(o *Body) {
	p := o.part
	if p == nil { // it was never charged
		return
	}
	p.used -= o.charged
	if o.gaveWay {
		p.leaving -= o.charged
	}
	o.charged = 0
	delete(p.reading, o)
	b.wake()
}

// wake has those who wait look again.
func (b *Bodies) wake() {
	if b.waiting > 0 {
		close(b.freed)
		b.freed = make(chan struct{})
	}
}

// dismiss has a body give way: its read returns at once, and its goroutine gives the
// memory back.
func (b *Bodies) dismiss(o *Body) {
	o.gaveWay = true
	o.part.leaving += o.charged
	delete(o.part.reading, o)
	_ = o.control.SetReadDeadline(time.Unix(1, 0)) // where there are no deadlines, it goes with the next byte
	b.wake()                                       // it may itself wait
}

// slowest returns who has to give way so that one may grow: of the owner who holds most, the
// body that came most slowly so far. It may be the one itself, unless that is new in this part
// or alone; nil if there is nobody.
func (p *part) slowest(grows *Body, now time.Time) *Body {
	held := map[Owner]int64{}
	for o := range p.reading {
		held[o.owner] += o.charged
	}
	var found *Body
	for o := range p.reading {
		if o == grows && len(p.reading) == 1 {
			continue
		}
		if found == nil || held[o.owner] > held[found.owner] ||
			held[o.owner] == held[found.owner] && o.pace(now) < found.pace(now) {
			found = o
		}
	}
	return found
}

// credit is what every body is thought to have brought, so that the first moment of one
// whose bytes are under way does not look slow.
const credit = 16 << 10

// pace is how fast a body came so far, in bytes a second.
func (o *Body) pace(now time.Time) float64 {
	return float64(o.arrived+credit) / max(now.Sub(o.began), time.Millisecond).Seconds()
}
