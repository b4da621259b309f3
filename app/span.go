package app

import (
	"fmt"
	"time"
)

// Span is a duration as people read it: its two largest units, such as 3d4h or 4m10s.
type Span time.Duration

// SpanSince is how long ago something was; nothing for the zero time.
func SpanSince(t, now time.Time) Span {
	if t.IsZero() {
		return 0
	}
	return Span(max(now.Sub(t), 0))
}

func (s Span) String() string {
	d := time.Duration(s)
	for _, u := range []struct {
		of, under time.Duration
		big, less string
	}{{24 * time.Hour, time.Hour, "d", "h"}, {time.Hour, time.Minute, "h", "m"}, {time.Minute, time.Second, "m", "s"}} {
		if d < u.of {
			continue
		}
		text := fmt.Sprintf("%d%s", d/u.of, u.big)
		if rest := d % u.of / u.under; rest > 0 {
			text += fmt.Sprintf("%d%s", rest, u.less)
		}
		return text
	}
	return fmt.Sprintf("%ds", d/time.Second)
}

// MarshalText writes a span into JSON.
func (s Span) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText wrote, within a unit.
func (s *Span) UnmarshalText(text []byte) error {
	var total time.Duration
	var n int64
	for _, c := range string(text) {
		switch unit := map[rune]time.Duration{'d': 24 * time.Hour, 'h': time.Hour, 'm': time.Minute, 's': time.Second}[c]; {
		case c >= '0' && c <= '9' && n < 1<<40:
			n = n*10 + int64(c-'0')
		case unit > 0 && n <= int64(100*365*24*time.Hour/unit):
			total, n = total+time.Duration(n)*unit, 0
		default:
			return fmt.Errorf("%q is no duration such as 4m10s", text)
		}
	}
	*s = Span(total)
	return nil
}
