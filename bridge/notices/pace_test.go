package notices

import (
	"fmt"
	"testing"
	"time"

	"messenger-bridge/bridge"
)

func TestPace_AFloodIsBounded_AndToldOnce(t *testing.T) {
	p, start := NewPace(0), time.Now()
	taken, told := 0, 0
	for n := range 6000 { // ten a second, for ten minutes
		ok, tell := p.Take("a", start.Add(time.Duration(n)*100*time.Millisecond))
		if ok {
			taken++
		}
		if tell {
			told++
		}
	}
	if taken < burst+190 || taken > burst+210 || told != 1 {
		t.Errorf("%d are taken, and the person is told %d times", taken, told)
	}
	if ok, _ := p.Take("b", start); !ok {
		t.Error("somebody else is refused")
	}
	later := start.Add(20 * time.Minute)
	for n := range burst + 1 {
		if ok, tell := p.Take("a", later); ok != (n < burst) || tell != (n == burst) {
			t.Errorf("number %d, later: %v, told %v", n, ok, tell)
		}
	}
}

func TestPace_ReadAgain_StaysAsItWas(t *testing.T) {
	p, start := NewPace(0), time.Now()
	at := func(n int) time.Time { return start.Add(time.Duration(n) * time.Millisecond) }
	for n := range 2 * burst {
		p.Take("a", at(n))
	}
	p.Take("a", start.Add(time.Hour))
	for n := burst; n < 2*burst; n++ {
		if ok, tell := p.Take("a", at(n)); ok || tell {
			t.Errorf("number %d is taken when it is read again", n)
		}
	}
	before := p.snapshot([]bridge.Command{{From: bridge.Author{ID: "c"}}})
	for n := range burst {
		p.Take("c", at(n))
	}
	p.restore(before)
	for n := range burst {
		if ok, _ := p.Take("c", at(n)); !ok {
			t.Errorf("number %d is refused although it was undone", n)
		}
	}
}

// TestPace_OlderOnesOfAnotherRoom_AreTaken: after a while away, one room is read after another.
func TestPace_OlderOnesOfAnotherRoom_AreTaken(t *testing.T) {
	p, start := NewPace(0), time.Now()
	for n, at := range []time.Duration{0, 9 * time.Minute, time.Minute, 8 * time.Minute} {
		if ok, _ := p.Take("a", start.Add(at)); !ok {
			t.Errorf("number %d is refused", n)
		}
	}
}

func TestPace_RemembersFew(t *testing.T) {
	p, start := NewPace(0), time.Now()
	for n := range 3 * mostPaced {
		p.Take(bridge.UserID(fmt.Sprint(n)), start.Add(time.Duration(n)*time.Second))
	}
	if len(p.all) > mostPaced+1 {
		t.Errorf("%d are remembered", len(p.all))
	}
	if ok, tell := (*Pace)(nil).Take("a", start); !ok || tell {
		t.Error("no pace refuses")
	}
}
