package stream

import (
	"fmt"
	"testing"
	"time"

	"messenger-bridge/bridge"
)

// joined has rooms joined for a while, as follow would, and returns when each was.
func joined(h *hotRooms, from time.Time, lasts time.Duration) (at []time.Time) {
	for now := from; now.Before(from.Add(lasts)); now = now.Add(50 * time.Millisecond) {
		if s := h.next(now); s.join != "" {
			h.join(s.join, now)
			at = append(at, now)
		}
	}
	return at
}

func TestHotRooms_ManyAtOnce_StayBelowTheLimit(t *testing.T) {
	h := newHotRooms(4 * time.Second)
	for i := range mostHot {
		h.warm(bridge.RoomID(fmt.Sprint(i)))
	}
	start := time.Now()
	at := joined(h, start, 10*time.Minute)
	if len(at) != mostHot || at[joinAtOnce-1].Sub(start) > time.Second {
		t.Errorf("%d rooms joined", len(at))
	}
	h.end(start) // a new connection; the limit of a user goes on counting
	at = append(at, joined(h, start.Add(10*time.Minute), 3*time.Minute)...)
	for i := range at {
		n := 0
		for _, other := range at[i:] {
			if other.Sub(at[i]) < 40*time.Second {
				n += 2 // typing, and deletions
			}
		}
		if n > 40 {
			t.Errorf("%d subscriptions in 40 s, from %v on", n, at[i].Sub(start))
		}
	}
}

func TestHotRooms_WrittenBeforeItWasJoined_IsLookedAtOnceAfterwards(t *testing.T) {
	h := newHotRooms(4 * time.Second)
	now := time.Now()
	for _, r := range []bridge.RoomID{"quiet", "answered", "later"} {
		h.warm(r)
	}
	h.wrote("answered", now)
	if s := h.next(now); s.join != "answered" || s.look != "" {
		t.Fatalf("first %+v", s)
	}
	h.join("answered", now.Add(3*time.Second))
	looks := 0
	for range 10 {
		s := h.next(now.Add(3 * time.Second))
		if s.join != "" {
			h.join(s.join, now.Add(3*time.Second))
		}
		if s.look != "" {
			looks++
			if s.look != "answered" || !s.since.Equal(now) {
				t.Errorf("looks into %s since %v", s.look, s.since)
			}
		}
	}
	h.wrote("later", now.Add(time.Minute)) // heard: it is joined
	if s := h.next(now.Add(time.Minute)); looks != 1 || s.look != "" {
		t.Errorf("%d looks, and then %+v", looks, s)
	}
	h.end(now.Add(2 * time.Minute))
	h.join("answered", now.Add(3*time.Minute))
	if s := h.next(now.Add(3 * time.Minute)); s.look != "answered" || !s.since.Equal(now.Add(2*time.Minute)) {
		t.Errorf("in the next session: %+v", s)
	}
}
