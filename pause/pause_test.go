package pause

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"
	"time"
)

func TestFor_ContextEnds_SaysWhy(t *testing.T) {
	why := errors.New("why")
	ctx, end := context.WithCancelCause(t.Context())
	end(why)
	if err := For(ctx, time.Hour); !errors.Is(err, why) {
		t.Errorf("returned %v", err)
	}
	if err := For(t.Context(), 0); err != nil {
		t.Errorf("returned %v", err)
	}
}

func TestBackoff_DoublesUpToTheMost(t *testing.T) {
	b := Backoff{First: 500 * time.Millisecond, Most: 3 * time.Second}
	var got []time.Duration
	for n := range 5 {
		got = append(got, b.After(n))
	}
	want := []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 3 * time.Second, 3 * time.Second}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := b.After(math.MaxInt); got != b.Most {
		t.Errorf("after very many: %v", got)
	}
	if got := (Backoff{First: time.Hour, Most: time.Minute}).After(0); got != time.Minute {
		t.Errorf("a first that is too long: %v", got)
	}
}

func TestSpread_IsAFifthEitherWay(t *testing.T) {
	for by, want := range map[float64]time.Duration{0: 8 * time.Second, 0.5: 10 * time.Second, 1: 12 * time.Second} {
		if got := Spread(10*time.Second, by); got != want {
			t.Errorf("by %v: %v, want %v", by, got, want)
		}
	}
}
