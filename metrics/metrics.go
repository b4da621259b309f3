// Package metrics holds the collectors that Prometheus reads. Metrics implements
// bridge.Meter, through which the core counts; only package stream and the program use
// its fields. Labels come from fixed lists, never from ids or texts.
package metrics

import (
	"net/http"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/proto"
)

// Metrics are all collectors of the program.
type Metrics struct {
	registry *prometheus.Registry

	Accepted  *prometheus.CounterVec // by direction: stored
	Repeated  *prometheus.CounterVec // by direction: known already
	Ignored   *prometheus.CounterVec // by kind: understood and left alone
	Unheard   *prometheus.CounterVec // by kind: no words for it
	Delivered *prometheus.CounterVec // by direction
	Postponed *prometheus.CounterVec // by direction and reason: an attempt that will be repeated
	Retried   *prometheus.CounterVec // by direction: failed before, and put back by a person
	Failed    *prometheus.CounterVec // by direction and reason: given up and set aside
	Webhooks  *prometheus.CounterVec // by answer: ok, passed (to the leader), unsigned, forged, malformed, too-large, gave-way, slow, busy, cut, not-stored
	Attempts  *prometheus.HistogramVec
	Age       *prometheus.HistogramVec // by direction: from accepted to delivered
	Reconnect prometheus.Counter       // sessions with Rocket.Chat that were lost
	Connected prometheus.Gauge         // 1 while logged in, subscribed and caught up
	Missed    prometheus.Counter       // agents' messages that only the sweep found
	Panics    prometheus.Counter
	Callbacks *prometheus.CounterVec // Meta's callbacks by answer, as of Webhooks
	GaveWay   *prometheus.CounterVec // by place: proved nothing, and was ended for want of time or memory
}

// New returns fresh collectors, with those of the Go runtime and the process.
func New(version string) *Metrics {
	r := prometheus.NewRegistry()
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: Prefix, Name: name, Help: help}, labels)
		r.MustRegister(c)
		return c
	}
	histogram := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: Prefix, Name: name, Help: help, Buckets: buckets}, labels)
		r.MustRegister(h)
		return h
	}
	m := &Metrics{
		registry:  r,
		Accepted:  counter("accepted_total", "Events stored.", "direction"),
		Repeated:  counter("repeated_total", "Events that were known already.", "direction"),
		Ignored:   counter("ignored_total", "Events understood and left alone.", "kind"),
		Unheard:   counter("unheard_total", "Events of kinds that the bridge has no words for.", "kind"),
		Delivered: counter("delivered_total", "Deliveries made.", "direction"),
		Postponed: counter("postponed_total", "Attempts that will be repeated.", "direction", "reason"),
		Retried:   counter("retried_total", "Failed deliveries that a person had tried again.", "direction"),
		Failed:    counter("failed_total", "Deliveries given up and set aside for 7 days. Of direction out the agent was told.", "direction", "reason"),
		Webhooks:  counter("webhooks_total", "Webhook calls by answer.", "answer"),
		Attempts:  histogram("attempt_seconds", "Time one attempt took.", prometheus.ExponentialBuckets(0.001, 4, 8), "direction"),
		Age:       histogram("age_seconds", "Time from accepted to delivered.", prometheus.ExponentialBuckets(0.001, 5, 10), "direction"),
		Reconnect: prometheus.NewCounter(prometheus.CounterOpts{Namespace: Prefix, Name: "reconnects_total", Help: "Sessions with Rocket.Chat that were lost."}),
		Connected: prometheus.NewGauge(prometheus.GaugeOpts{Namespace: Prefix, Name: "rocketchat_connected", Help: "1 while logged in, subscribed and caught up."}),
		Missed:    prometheus.NewCounter(prometheus.CounterOpts{Namespace: Prefix, Name: "missed_total", Help: "Agents' messages the stream did not bring and the sweep found."}),
		Callbacks: counter("callbacks_total", "Calls of Meta's deauthorize and data-deletion callbacks by answer.", "answer"),
		GaveWay:   counter("gave_way_total", "Calls and connections that proved nothing and were ended, because they were slow or others needed the place.", "place"),
		Panics:    prometheus.NewCounter(prometheus.CounterOpts{Namespace: Prefix, Name: "panics_total", Help: "Deliveries that ended in a panic; each is a bug."}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{Namespace: Prefix, Name: "build_info", Help: "Always 1.", ConstLabels: prometheus.Labels{"version": version}})
	build.Set(1)
	m.Webhooks.WithLabelValues("forged") // 0 until there is one, so that the first ones are seen as a rise
	r.MustRegister(m.Reconnect, m.Connected, m.Missed, m.Panics, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// OfStandby are the metrics of a replica that does not lead: it is not connected, and not to be missed.
func OfStandby(version string) *Metrics {
	m := New(version)
	m.registry.Unregister(m.Connected)
	return m
}

// Add adds what is measured when the metrics are read.
func (m *Metrics) Add(c ...prometheus.Collector) { m.registry.MustRegister(c...) }

// Handler serves all collectors in Prometheus' text format, ours under their former names as
// well.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) {
		all, err := m.registry.Gather()
		return withFormer(all), err
	}), promhttp.HandlerOpts{})
}

// Prefix begins the name of each metric of ours.
const Prefix = "messenger_bridge"

// former is the prefix of the release before; it goes with the next one.
const former = "bridge"

// withFormer adds each metric of ours under its former name.
func withFormer(all []*dto.MetricFamily) []*dto.MetricFamily {
	var old []*dto.MetricFamily
	for _, f := range all {
		if name, ours := strings.CutPrefix(f.GetName(), Prefix); ours {
			old = append(old, &dto.MetricFamily{Name: proto.String(former + name), Help: proto.String("Former name of " + f.GetName() + ", for one release."), Type: f.Type, Metric: f.Metric})
		}
	}
	return append(old, all...)
}
