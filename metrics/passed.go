package metrics

import "github.com/prometheus/client_golang/prometheus"

// PassedOn counts what a standby hands to the leader. It is of a replica, and outlives the metrics
// of the time during which that leads.
type PassedOn struct{ *prometheus.CounterVec }

// NewPassedOn returns a fresh counter.
func NewPassedOn() *PassedOn {
	return &PassedOn{prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: Prefix, Name: "passed_on_total", Help: "Requests that came to a standby, by answer: passed, here, no-leader, unreached, no-path, loop, busy, failed, or why they were not read: gave-way, slow, too-large, cut.",
	}, []string{"answer"})}
}

// Count counts one request.
func (p *PassedOn) Count(answer string) { p.WithLabelValues(answer).Inc() }
