package app

import (
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"time"

	"messenger-bridge/app/history"
	"messenger-bridge/app/statuspage"
	"messenger-bridge/bridge"
	"messenger-bridge/commands"
)

// board is the status page, at / on METRICS_LISTEN.
type board struct {
	view    *view
	history *history.History
	log     *slog.Logger
}

// ServeHTTP shows it; ?span= chooses the plots.
func (b board) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	chosen := max(0, slices.IndexFunc(history.Spans, func(s history.Span) bool { return s.Name == r.URL.Query().Get("span") }))
	v := boardOf(b.view.status(), time.Now())
	for i, s := range history.Spans {
		v.Spans = append(v.Spans, statuspage.Span{Name: s.Name, Chosen: i == chosen})
	}
	v.Plots = plots(history.Spans[chosen], b.history.Points(chosen))
	writeBoard(w, v, b.log)
}

func writeBoard(w http.ResponseWriter, v statuspage.View, log *slog.Logger) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	if err := statuspage.Write(w, v); err != nil {
		log.Debug("the status page was not written", "err", err)
	}
}

// boardOf makes of a status what the page shows.
func boardOf(s Status, now time.Time) statuspage.View {
	v := statuspage.View{Version: s.Version, Running: s.Running.String(), Changed: s.Changed, Failed: s.Failed, Now: now}
	if s.Ready != "yes" {
		v.Trouble = s.Ready
	}
	v.Replica = s.Replica.Says()
	if s.Replica != nil && !s.Replica.Works() {
		v.Follows = true // and knows nothing of all below
		return v
	}
	v.Lamps = []statuspage.Lamp{
		lamp("Rocket.Chat", s.RocketChat.Connected, s.RocketChat.Problem, s.RocketChat.Since, now),
		lamp("Facebook", s.Facebook.Answers, s.Facebook.Problem, s.Facebook.Since, now),
	}
	for _, w := range []struct {
		name string
		of   Backlog
	}{{"Waiting for rooms", s.In}, {"Waiting for customers", s.Out}, {"Waiting for agents", s.Notices}} {
		v.Waiting = append(v.Waiting, statuspage.Waiting{Name: w.name, Count: w.of.Waiting, Since: longestOf(w.of.For)})
	}
	for _, r := range slices.Sorted(maps.Keys(s.Reasons)) {
		v.Reasons = append(v.Reasons, statuspage.Reason{Name: commands.Reason(nil, r), Count: s.Reasons[r]})
	}
	for _, r := range s.Refused {
		v.Refused = append(v.Refused, fmt.Sprintf("%s: %d %s, for %s", r.Call, r.Status, r.Code, r.For))
	}
	for _, p := range s.Pages {
		held := ""
		if p.Held != "" {
			held = commands.Reason(nil, p.Held)
		}
		v.Pages = append(v.Pages, statuspage.Page{ID: string(p.ID), Name: p.Name, State: string(p.State), Why: p.Why, Good: p.State == bridge.PageRunning,
			In: p.WaitingIn, Out: p.WaitingOut, Since: longestOf(p.ForIn, p.ForOut), Held: held, Failed: p.Failed})
	}
	return v
}

func lamp(name string, good bool, problem string, since, now time.Time) statuspage.Lamp {
	switch {
	case since.IsZero():
		return statuspage.Lamp{Name: name, Text: "not asked anything yet"}
	case good:
		return statuspage.Lamp{Name: name, Good: true, Text: "connected for " + SpanSince(since, now).String()}
	}
	return statuspage.Lamp{Name: name, Text: "not connected for " + SpanSince(since, now).String() + ": " + problem}
}

// longestOf is the longest of some times; empty if there are none.
func longestOf(of ...*Span) string {
	var most *Span
	for _, s := range of {
		if s != nil && (most == nil || *s > *most) {
			most = s
		}
	}
	if most == nil {
		return ""
	}
	return most.String()
}

// plots makes pictures of what happened.
func plots(s history.Span, points []history.Point) []statuspage.Plot {
	values := func(of func(history.Point) float64) (all []float64) {
		for _, p := range points {
			all = append(all, of(p))
		}
		return all
	}
	from := "an hour ago"
	switch s.Name {
	case "day":
		from = "a day ago"
	case "month":
		from = "30 days ago"
	}
	return []statuspage.Plot{
		{Title: "Messages", From: from, Lines: []statuspage.Line{
			{Name: "to rooms", Values: values(func(p history.Point) float64 { return float64(p.In) })},
			{Name: "to customers", Values: values(func(p history.Point) float64 { return float64(p.Out) })}}},
		{Title: "Longest from accepted to delivered", Unit: "s", From: from, Lines: []statuspage.Line{
			{Name: "age", Values: values(func(p history.Point) float64 { return p.Age.Seconds() })}}},
		{Title: "Refusals", From: from, Lines: []statuspage.Line{
			{Name: "refused", Values: values(func(p history.Point) float64 { return float64(p.Refused) })}}},
	}
}

// greet says in one line what this is.
func greet(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintln(w, "This is messenger-bridge: it joins Facebook pages to Rocket.Chat. There is nothing to see here.")
}
