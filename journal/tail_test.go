package journal

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"messenger-bridge/replica"
)

// restoredFromOldDisks has the stream hold nothing any more but what another leader, who knows of
// nothing else, stores there: so many records, and its claim.
func restoredFromOldDisks(t *testing.T, c Config, beats int) {
	t.Helper()
	c.wrap, c.Self.Name = nil, "b"
	old := open(t, c)
	if err := old.js.DeleteStream(t.Context(), c.Name); err != nil {
		t.Fatal(err)
	}
	next := claim(t, open(t, c), replica.Position{})
	for range beats {
		if err := next.Beat(); err != nil {
			t.Fatal(err)
		}
	}
}

// tailLost fails unless a term has ended for good because the journal lost what it had stored.
func tailLost(t *testing.T, term *Term, err error) {
	t.Helper()
	if !errors.Is(err, replica.ErrDeposed) || !errors.Is(err, ErrTailLost) || !strings.Contains(err.Error(), "journal rebase") {
		t.Errorf("appended where the tail is lost: %v", err)
	}
	if term.Ended() == nil || term.Leads() {
		t.Errorf("its term goes on: %v", term.Ended())
	}
}

// A leader whose newest records NATS has lost says so and ends, and appends nothing behind what another
// has stored in their place, be it at the first try or at a repeat.
func TestTerm_TheTailIsLost(t *testing.T) {
	t.Parallel()
	lost := errors.New("lost")
	for name, beats := range map[string]int{"shorter": 1, "as long": 3, "longer": 5} {
		t.Run(name+", while a record is offered", func(t *testing.T) {
			t.Parallel()
			c := config(t)
			f := &faulty{after: func(int64) error { return nil }}
			f.before = func(call int64) error {
				if call != 5 {
					return nil
				}
				restoredFromOldDisks(t, c, beats)
				return lost
			}
			c.wrap = func(e engine) engine { f.engine = e; return f }
			s := open(t, c)
			term := claim(t, s, replica.Position{})
			store(t, term, "1", "2", "3")
			_, err := term.Append([]byte("4"))
			if tailLost(t, term, err); s.Figures.Position() != 4 {
				t.Errorf("it has stored record %d", s.Figures.Position())
			}
		})
		t.Run(name+", while it is away", func(t *testing.T) {
			t.Parallel()
			c := config(t)
			s := open(t, c)
			term := claim(t, s, replica.Position{})
			store(t, term, "1", "2", "3")
			restoredFromOldDisks(t, c, beats)
			for term.Leads() { // nobody else leads before that
				<-time.After(5 * time.Millisecond)
			}
			_, err := term.Append([]byte("4"))
			tailLost(t, term, err)
		})
	}
}

// A leader goes on when its newest records were only not known for a while.
func TestTerm_TheTailIsNotKnownForAWhile(t *testing.T) {
	t.Parallel()
	c := config(t)
	b := &behind{}
	c.wrap = func(e engine) engine { b.engine = e; return b }
	s := open(t, c)
	term := claim(t, s, replica.Position{})
	store(t, term, "1", "2")
	b.left = 3
	store(t, term, "3")
	_ = term.Bye()
	if changes, _ := stored(t, s, replica.Position{}); strings.Join(changes, " ") != "1 2 3" {
		t.Errorf("the journal holds %q", changes)
	}
}

// behind is a node that begins to lead and does not know all yet.
type behind struct {
	engine
	left int // questions until it does
}

func (b *behind) append(ctx context.Context, frame []byte, after uint64) (uint64, error) {
	if b.left > 0 {
		return 0, errElsewhere
	}
	return b.engine.append(ctx, frame, after)
}

func (b *behind) read(ctx context.Context, seq uint64) ([]byte, error) {
	if b.left > 0 {
		return nil, errEmpty
	}
	return b.engine.read(ctx, seq)
}

func (b *behind) ends(ctx context.Context) (first, last uint64, err error) {
	first, last, err = b.engine.ends(ctx)
	if b.left > 0 {
		b.left--
		last--
	}
	return first, last, err
}
