package e2e

import (
	"flag"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"messenger-bridge/app"
)

var delays = flag.Int("delays", 0, "seconds that TestRefused_OthersAreNotDelayed measures with and without refused items, with the times of a real run; 60 is the long form, which demands 1.5 times and 150 ms")

// measuring is how the delay of others is measured.
type measuring struct {
	each   time.Duration // with refused items, and without
	every  time.Duration // somebody writes
	rounds int
	ratio  float64       // of the two 95th percentiles, at most,
	margin time.Duration // and this much more; 0: whatever it is
}

// delayForm is the short form, or the long one. The short one runs beside all other tests on a
// slow machine, where a moment's load moves a percentile by a second; so it demands nothing of
// them, but that all is shown at all: in it, what is refused is never given up, and who stood
// behind it would wait for ever.
func delayForm() measuring {
	if *delays > 0 {
		return measuring{each: time.Duration(*delays) * time.Second, every: 20 * time.Millisecond, rounds: 3, ratio: 1.5, margin: 150 * time.Millisecond}
	}
	return measuring{each: 1500 * time.Millisecond, every: 25 * time.Millisecond, rounds: 1, ratio: math.Inf(1)}
}

// TestRefused_OthersAreNotDelayed: while the workspace refuses items of some customers, each
// call and each answer of the table, what others write is shown as soon as without.
func TestRefused_OthersAreNotDelayed(t *testing.T) {
	form := delayForm()
	if *delays == 0 {
		t.Parallel()
	}
	w := newWorld(t, bypassed)
	if *delays > 0 {
		w.cfg.Times = app.Times{}
	} else {
		w.cfg.Times.Patience = time.Hour
	}
	w.meta.ParallelWebhooks(8)
	w.run()
	writers := newWriters(w)
	writers.measure(10*form.every, form.every) // rooms are there, connections are open
	var fine []string
	for n := range form.rounds {
		without := writers.measure(form.each, form.every)
		clear := refuseSome(w, n)
		with := writers.measure(form.each, form.every)
		for _, end := range clear {
			end()
		}
		w.settled()
		found := fmt.Sprintf("95th percentile %v without refused items, %v with %d (%.2f times); median %v and %v",
			at(without, 95), at(with, 95), len(clear), float64(at(with, 95))/float64(at(without, 95)), at(without, 50), at(with, 50))
		t.Log(found)
		more := at(with, 95) - at(without, 95)
		if float64(at(with, 95)) <= form.ratio*float64(at(without, 95)) && (form.margin == 0 || more <= form.margin) {
			return
		}
		fine = append(fine, found)
	}
	t.Errorf("others are delayed:\n%s", strings.Join(fine, "\n"))
}

// at returns a percentile.
func at(took []time.Duration, percent int) time.Duration {
	if len(took) == 0 {
		return 0
	}
	slices.Sort(took)
	return took[(len(took)-1)*percent/100]
}

// refuseSome has new customers write what is refused for as long as is measured: a row of the
// table each.
func refuseSome(w *world, round int) (clear []func()) {
	w.Helper()
	items := refusedItems()
	for n, i := range items {
		i.customer = fmt.Sprintf("70020080%03d%05d", round, n)
		i.mid = w.meta.CustomerWrites(page, i.customer, "before "+i.mark()+" ")
	}
	w.flushed()
	w.settled()
	for _, room := range w.rc.Rooms() {
		for _, i := range items {
			if texts := w.rc.CustomerTexts(room.ID); len(texts) > 0 && strings.HasPrefix(texts[0], "before "+i.mark()+" ") {
				i.room = room.ID
			}
		}
	}
	for _, i := range items {
		clear = append(clear, i.refuse(w))
		i.happens(w)
	}
	w.flushed()
	return clear
}

// flushed waits until Facebook has told all that happened: it tells one thing after another.
func (w *world) flushed() {
	w.Helper()
	w.eventually("Facebook has told it all", func() bool { return w.meta.Waiting() == 0 })
}

// writers are customers of whom nothing is refused.
type writers struct {
	w     *world
	rooms map[string]bool // of theirs
	n     int
}

func newWriters(w *world) *writers { return &writers{w: w, rooms: map[string]bool{}} }

// measure has them write for a while, and returns how long each text took into its room, by
// the workspace's clock, which is ours.
func (s *writers) measure(during, every time.Duration) (took []time.Duration) {
	s.w.Helper()
	written := map[string]time.Time{}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for began := time.Now(); time.Since(began) < during; <-tick.C {
		s.n++
		customer, text := fmt.Sprintf("70020090050%05d", s.n%20), fmt.Sprintf("text %d of somebody else", s.n)
		written[text] = time.Now()
		s.w.meta.CustomerWrites(page, customer, text)
	}
	var shown map[string]time.Time
	s.w.eventually("all they wrote is shown", func() bool { shown = s.shown(written); return len(shown) == len(written) })
	for text, at := range shown {
		took = append(took, at.Sub(written[text]))
	}
	return took
}

// shown returns which of some texts are shown, and since when.
func (s *writers) shown(written map[string]time.Time) map[string]time.Time {
	at := map[string]time.Time{}
	for _, room := range s.w.rc.Rooms() {
		theirs, known := s.rooms[room.ID]
		if known && !theirs {
			continue
		}
		for _, m := range s.w.rc.Messages(room.ID) {
			if m.System != "" {
				continue
			}
			if theirs = strings.HasSuffix(m.Text, "of somebody else"); m.FromVisitor && theirs {
				s.rooms[room.ID] = true
				if !written[m.Text].IsZero() {
					at[m.Text] = m.At
				}
			} else if m.FromVisitor {
				s.rooms[room.ID] = false
				break
			}
		}
	}
	return at
}
