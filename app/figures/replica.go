// Package figures is what Prometheus is told of a replica. In: its state; out: metrics.
package figures

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"messenger-bridge/metrics"
	"messenger-bridge/replicas"
)

// Replica is measured when somebody reads the metrics.
type Replica struct{ State func() replicas.State }

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(metrics.Prefix+"_"+name, help, labels, nil)
}

var (
	leadsDesc     = describe("replica_leads", "1 while this replica leads.")
	followsDesc   = describe("replica_ready", "1 while this replica leads, or follows and knows who leads.")
	fullDesc      = describe("journal_full", "1 while NATS stores nothing that this replica offers, for want of room.")
	positionDesc  = describe("journal_position", "Place of the newest record of the journal that this replica has.")
	lagDesc       = describe("journal_lag_records", "Records that a standby does not have yet.")
	lagTimeDesc   = describe("journal_lag_seconds", "For how long a standby has been behind.")
	appendDesc    = describe("journal_append_seconds_total", "Time spent on appending to the journal.")
	appendsDesc   = describe("journal_appends_total", "Changes appended to the journal.")
	retriesDesc   = describe("journal_retries_total", "Records that were offered to the journal again.")
	resolvedDesc  = describe("journal_resolved_total", "Records of which only reading told that they were stored.")
	journalDesc   = describe("journal_bytes_total", "Bytes appended to the journal, or followed.")
	takeoversDesc = describe("takeovers_total", "Times that this replica began to lead, by why: first, silence or goodbye.", "why")
	snapshotDesc  = describe("snapshot_age_seconds", "Age of the newest snapshot that this replica knows of; left out while it knows none.")
)

// Describe implements prometheus.Collector.
func (Replica) Describe(all chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{leadsDesc, followsDesc, fullDesc, positionDesc, lagDesc, lagTimeDesc, appendDesc, appendsDesc, retriesDesc, resolvedDesc,
		journalDesc, takeoversDesc, snapshotDesc} {
		all <- d
	}
}

// Collect implements prometheus.Collector.
func (r Replica) Collect(all chan<- prometheus.Metric) {
	s := r.State()
	put := func(d *prometheus.Desc, kind prometheus.ValueType, value float64, labels ...string) {
		all <- prometheus.MustNewConstMetric(d, kind, value, labels...)
	}
	put(leadsDesc, prometheus.GaugeValue, one(s.Role == replicas.Leader))
	put(followsDesc, prometheus.GaugeValue, one(s.Ready() == nil))
	put(fullDesc, prometheus.GaugeValue, one(s.Full))
	put(positionDesc, prometheus.GaugeValue, float64(s.Position))
	put(lagDesc, prometheus.GaugeValue, float64(s.LagRecords))
	put(lagTimeDesc, prometheus.GaugeValue, s.LagSeconds)
	for why, n := range s.Takeovers {
		put(takeoversDesc, prometheus.CounterValue, float64(n), why)
	}
	if s.Snapshot != nil {
		put(snapshotDesc, prometheus.GaugeValue, max(time.Since(*s.Snapshot).Seconds(), 0))
	}
	if f := s.Figures; f != nil {
		n, took := f.Appends()
		put(appendsDesc, prometheus.CounterValue, float64(n))
		put(appendDesc, prometheus.CounterValue, took.Seconds())
		put(retriesDesc, prometheus.CounterValue, float64(f.Retries()))
		put(resolvedDesc, prometheus.CounterValue, float64(f.Resolved()))
		put(journalDesc, prometheus.CounterValue, float64(f.Bytes()))
	}
}

func one(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
