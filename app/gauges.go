package app

import (
	"os"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"messenger-bridge/bridge"
	"messenger-bridge/messenger"
	"messenger-bridge/metrics"
	"messenger-bridge/store"
)

// pagesShown bounds the label values of page: metrics of what is beyond are left
// out, the sums over all pages are not.
const pagesShown = 500

// gauges are measured when somebody reads the metrics.
type gauges struct {
	*late
	store *store.Store
	graph *messenger.Platform
	path  string // of the store
	start time.Time
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(metrics.Prefix+"_"+name, help, labels, nil)
}

var (
	waitingDesc     = describe("waiting", "Deliveries that wait.", "direction")
	oldestDesc      = describe("oldest_seconds", "Age of the oldest delivery that waits.", "direction")
	pageWaitingDesc = describe("page_waiting", "Deliveries that wait, of connected pages.", "page", "direction")
	pageOldestDesc  = describe("page_oldest_seconds", "Age of the oldest delivery that waits, of connected pages.", "page", "direction")
	pageRunningDesc = describe("page_running", "1 while the page runs; switched-off pages are left out.", "page")
	readyDesc       = describe("ready", "1 while webhooks can be stored.")
	facebookDesc    = describe("facebook_connected", "1 unless Facebook did not answer the last call.")
	outagesDesc     = describe("facebook_outages_total", "Times that Facebook stopped answering.")
	refusedDesc     = describe("refused_seconds", "For how long Rocket.Chat has refused a call; left out while it takes it.", "call", "everybody")
	givenUpDesc     = describe("given_up_total", "Events of customers that Rocket.Chat refused for good, by call and HTTP status (0: no answer). A line stands in their place.", "call", "status")
	keptDesc        = describe("failed_kept", "Failed deliveries that can be tried again.")
	commitsDesc     = describe("store_commits_total", "Commits since the start.")
	startDesc       = describe("start_time_seconds", "When the bridge started, as Unix time.")
	expiresDesc     = describe("page_token_expires_seconds", "When the token of a page ends, as Unix time; left out if it never does, or is not known.", "page")
	bytesDesc       = describe("store_bytes", "Size of the store's file.")
	changedDesc     = describe("store_changed_records", "Records that somebody other than the bridge has changed, as far as they were met since the start.")
	rememberedDesc  = describe("store_remembered_keys", "Messages of the last 7 days, by which a repeat is known; each takes some 70 bytes of memory.")
)

// Describe implements prometheus.Collector.
func (gauges) Describe(all chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{waitingDesc, oldestDesc, pageWaitingDesc, pageOldestDesc, pageRunningDesc, readyDesc,
		facebookDesc, outagesDesc, refusedDesc, givenUpDesc, keptDesc, startDesc, expiresDesc, commitsDesc, bytesDesc, changedDesc, rememberedDesc} {
		all <- d
	}
}

// Collect implements prometheus.Collector.
func (g gauges) Collect(all chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		all <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	in, out, notices := g.relay.Backlog()
	for direction, b := range map[bridge.Direction]bridge.Backlog{bridge.In: in, bridge.Out: out, bridge.ToAgents: notices} {
		gauge(waitingDesc, float64(b.Waiting), string(direction))
		gauge(oldestDesc, age(b), string(direction))
	}
	backlogs := g.relay.Backlogs()
	shown := 0
	g.store.EachPage(func(page *bridge.Page) bool {
		id := string(page.ID)
		for direction, b := range map[bridge.Direction]bridge.Backlog{bridge.In: backlogs[page.ID].In, bridge.Out: backlogs[page.ID].Out} {
			gauge(pageWaitingDesc, float64(b.Waiting), id, string(direction))
			gauge(pageOldestDesc, age(b), id, string(direction))
		}
		if !page.Expires.IsZero() && page.State != bridge.PageOff {
			gauge(expiresDesc, float64(page.Expires.Unix()), id)
		}
		if page.State != bridge.PageOff {
			gauge(pageRunningDesc, one(page.State == bridge.PageRunning), id)
		}
		shown++
		return shown < pagesShown
	})
	for call, r := range longest(g.relay.Refusals.Lasting()) {
		gauge(refusedDesc, max(time.Since(r.Since).Seconds(), 0), call, strconv.FormatBool(r.Everybody()))
	}
	for kind, n := range g.relay.Refusals.CountsGivenUp() {
		all <- prometheus.MustNewConstMetric(givenUpDesc, prometheus.CounterValue, float64(n), kind.Route, strconv.Itoa(kind.Status))
	}
	facebook, stats := g.graph.State(), g.store.Stats()
	gauge(readyDesc, one(g.store.Health() == nil))
	gauge(facebookDesc, one(facebook.Answers))
	gauge(keptDesc, float64(stats.Failed))
	gauge(startDesc, float64(g.start.Unix()))
	if info, err := os.Stat(g.path); err == nil {
		gauge(bytesDesc, float64(info.Size()))
	}
	gauge(changedDesc, float64(g.store.Changes().Count()))
	gauge(rememberedDesc, float64(stats.Remembered))
	for d, n := range map[*prometheus.Desc]float64{outagesDesc: float64(facebook.Lost), commitsDesc: float64(stats.Commits)} {
		all <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, n)
	}
}

// longest returns what is refused for longest, for each call.
func longest(all []bridge.Refused) map[string]bridge.Refused {
	calls := map[string]bridge.Refused{}
	for _, r := range all {
		if _, known := calls[r.Route]; !known { // the oldest comes first
			calls[r.Route] = r
		}
	}
	return calls
}

func age(b bridge.Backlog) float64 {
	if b.Oldest.IsZero() {
		return 0
	}
	return max(time.Since(b.Oldest).Seconds(), 0)
}

func one(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
