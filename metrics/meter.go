package metrics

import (
	"time"

	"messenger-bridge/bridge"
)

var _ bridge.Meter = (*Metrics)(nil)

// Count implements bridge.Meter.
func (m *Metrics) Count(what bridge.Tally, d bridge.Direction, label string, n int) {
	if n == 0 {
		return
	}
	add, direction := float64(n), string(d)
	switch what {
	case bridge.Accepted:
		m.Accepted.WithLabelValues(direction).Add(add)
	case bridge.Repeated:
		m.Repeated.WithLabelValues(direction).Add(add)
	case bridge.Ignored:
		m.Ignored.WithLabelValues(label).Add(add)
	case bridge.Unheard:
		m.Unheard.WithLabelValues(label).Add(add)
	case bridge.Delivered:
		m.Delivered.WithLabelValues(direction).Add(add)
	case bridge.Postponed:
		m.Postponed.WithLabelValues(direction, label).Add(add)
	case bridge.Retried:
		m.Retried.WithLabelValues(direction).Add(add)
	case bridge.Failed:
		m.Failed.WithLabelValues(direction, label).Add(add)
	case bridge.Panicked:
		m.Panics.Add(add)
	}
}

// Time implements bridge.Meter.
func (m *Metrics) Time(what bridge.Timing, d bridge.Direction, took time.Duration) {
	switch what {
	case bridge.AttemptTook:
		m.Attempts.WithLabelValues(string(d)).Observe(took.Seconds())
	case bridge.WaitedFor:
		m.Age.WithLabelValues(string(d)).Observe(took.Seconds())
	}
}
