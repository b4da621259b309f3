package e2e

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"messenger-bridge/sandbox/chat"
)

var (
	closings    = flag.Int("closings", 15, "how often TestClosing_DuringABurst_LosesNothing closes the room on each version; 200 is the long form")
	closingSeed = flag.Uint64("closing-seed", 0, "of its timing; 0 draws one")
)

// TestClosing_DuringABurst_LosesNothing closes the room again and again while customer and
// agent write: everything the customer wrote is shown once and in order, everything the
// agent wrote has arrived once and in order or is refused with a sentence, and each
// closing makes exactly one new room.
func TestClosing_DuringABurst_LosesNothing(t *testing.T) {
	t.Parallel()
	for name, profile := range map[string]chat.Profile{"8.x": chat.V8, "7.x": chat.V7} {
		t.Run(name, func(t *testing.T) {
			seed := *closingSeed
			if seed == 0 {
				seed = rand.Uint64()
			}
			t.Logf("again with: -closing-seed %d", seed)
			w := newWorld(t, chat.Config{Profile: profile, LimiterOff: true})
			w.run()
			b := &busyTalk{world: w, chance: rand.New(rand.NewPCG(seed, 0))}
			b.customer()
			w.room()
			for range *closings {
				b.play()
			}
			b.check()
		})
	}
}

// busyTalk is what one customer and one agent have written.
type busyTalk struct {
	*world
	chance  *rand.Rand
	written []string
	answers []said
}

// said is what an agent wrote.
type said struct{ room, id, text string }

func (b *busyTalk) customer() {
	text := fmt.Sprint("question ", len(b.written))
	b.written = append(b.written, text)
	b.meta.CustomerWrites(page, anna, text)
}

// latest is the customer's newest room.
func (b *busyTalk) latest() chat.Room {
	rooms := b.rc.Rooms()
	return rooms[len(rooms)-1]
}

// play has both write a few messages, with one closing somewhere between them.
func (b *busyTalk) play() {
	b.Helper()
	deeds := []string{"close"}
	for range 2 + b.chance.IntN(5) {
		deeds = append(deeds, "ask", "answer")
	}
	b.chance.Shuffle(len(deeds), func(i, j int) { deeds[i], deeds[j] = deeds[j], deeds[i] })
	before := len(b.rc.Rooms())
	for _, deed := range deeds {
		switch deed {
		case "ask":
			b.customer()
		case "answer":
			text := fmt.Sprint("answer ", len(b.answers))
			rid := b.latest().ID
			b.answers = append(b.answers, said{rid, b.agent.Says(rid, text), text})
		case "close":
			shown := len(b.written) - b.chance.IntN(6)
			b.eventually("some of it is shown", func() bool { return len(b.texts()) >= shown })
			if b.latest().Open {
				how := b.rc.CloseByInactivity
				if b.chance.IntN(2) == 0 {
					how = func(rid string) { b.agent.Closes(rid, "done") }
				}
				how(b.latest().ID)
			}
		}
	}
	b.customer() // which opens the new room, unless another one has
	b.eventually("a new room is open and all is shown", func() bool {
		return b.latest().Open && len(b.texts()) == len(b.written)
	})
	if n := len(b.rc.Rooms()); n != before+1 {
		b.Errorf("after one closing there are %d rooms more", n-before)
	}
}

func (b *busyTalk) check() {
	b.Helper()
	refused := func(a said) bool {
		return slices.ContainsFunc(b.notices(a.room, a.id), func(text string) bool { return strings.Contains(text, "this room was closed before") })
	}
	b.eventually("every answer has arrived or is refused", func() bool {
		got := b.received(anna)
		return !slices.ContainsFunc(b.answers, func(a said) bool { return !slices.Contains(got, a.text) && !refused(a) })
	})
	b.settled()
	if got := b.texts(); !slices.Equal(got, b.written) {
		b.Errorf("agents read %q, and the customer wrote %q", got, b.written)
	}
	var want []string
	for _, a := range b.answers {
		if !refused(a) {
			want = append(want, a.text)
		}
	}
	if got := b.received(anna); !slices.Equal(got, want) {
		b.Errorf("the customer reads %q, and is to read %q", got, want)
	}
	b.Logf("%d questions, %d answers, %d of them refused, %d rooms", len(b.written), len(b.answers), len(b.answers)-len(want), len(b.rc.Rooms()))
}

// TestClosedRoom_SeenAgainAfterTheNextOneEnded_StaysRefused: what was refused, or has
// arrived, is that also when Rocket.Chat sends it once more, and when other rooms have
// been closed since.
func TestClosedRoom_SeenAgainAfterTheNextOneEnded_StaysRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	w.meta.CustomerWrites(page, anna, "Hello")
	first := w.room()
	w.eventually("it is shown", func() bool { return len(w.texts()) == 1 })
	sent := w.agent.Says(first, "in time")
	w.eventually("it arrives", func() bool { return slices.Equal(w.received(anna), []string{"in time"}) })
	w.agent.Closes(first, "")
	late := w.agent.Says(first, "late")
	w.eventually("the agent is told", func() bool { return len(w.notices(first, late)) == 1 })
	for n := 2; n <= 3; n++ {
		w.meta.CustomerWrites(page, anna, fmt.Sprint("question ", n))
		w.eventually("a new room is open", func() bool { return len(w.rc.Rooms()) == n && len(w.texts()) == n })
		w.settled()
		w.agent.Closes(w.rc.Rooms()[n-1].ID, "")
	}
	w.agent.Reacts(late, ":eyes:")
	w.agent.Reacts(sent, ":eyes:")
	later := w.agent.Says(first, "much later")
	w.eventually("the agent is told", func() bool { return len(w.notices(first, later)) == 1 })
	w.halt()
	w.run()
	w.settled()
	if got := w.received(anna); !slices.Equal(got, []string{"in time"}) {
		t.Errorf("the customer reads %q", got)
	}
	for id, n := range map[string]int{sent: 0, late: 1, later: 1} {
		if got := w.notices(first, id); len(got) != n || n > 0 && !strings.Contains(got[0], "this room was closed before") {
			t.Errorf("the agent reads %q", got)
		}
	}
}
