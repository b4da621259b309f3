package messenger

import (
	"net/http"
	"testing"
	"time"
)

// A time that was written down may be by a clock that was set since.
func TestSkew_Earliest_IsNotLaterThanAnyClockOfTheDayAllows(t *testing.T) {
	right := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC) // by Meta's clock
	written := right.Add(-time.Minute)
	for name, c := range map[string]struct {
		ahead []time.Duration // of our clock, at each answer
		want  time.Duration   // against what was written
	}{
		"nothing heard yet":      {nil, 0},
		"right":                  {[]time.Duration{0, 0}, 0},
		"always behind":          {[]time.Duration{-time.Hour}, 0}, // who knows since when
		"always ahead":           {[]time.Duration{time.Hour}, -time.Hour},
		"ahead, then set right":  {[]time.Duration{time.Hour, 0}, -time.Hour},
		"right, then set back":   {[]time.Duration{0, -time.Hour}, 0},
		"ahead, then set behind": {[]time.Duration{time.Hour, -2 * time.Hour}, -time.Hour},
	} {
		var s skew
		for _, ahead := range c.ahead {
			s.learn(http.Header{"Date": {right.Format(http.TimeFormat)}}, right.Add(ahead))
		}
		if got := s.earliest(written).Sub(written); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
		if n := len(c.ahead); n > 0 && s.now() != -c.ahead[n-1] {
			t.Errorf("%s: the difference now is %v", name, s.now())
		}
	}
}
