package app

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/store"
)

// restarted is what the journal calls a start of the bridge.
const restarted = "bridge started"

// tracing follows one message, for operators and managers.
type tracing struct {
	*late
	store *store.Store
}

// Trace returns what became of a message, or of the messages of a room, which may be named by
// its link; starts of the bridge that fell into its time are among the steps.
func (t tracing) Trace(ctx context.Context, what string) ([]bridge.Course, error) {
	all, err := t.relay.Tracer.Trace(ctx, idOf(what))
	if err != nil || len(all) == 0 {
		return all, err
	}
	oldest := slices.MinFunc(all, func(a, b bridge.Course) int { return a.Accepted.Compare(b.Accepted) })
	changes, err := t.store.Journal().Changes(oldest.Accepted, auditAtOnce)
	if err != nil {
		return all, err
	}
	for _, c := range changes {
		if c.What != restarted {
			continue
		}
		for i := range all {
			addRestart(&all[i], c.At)
		}
	}
	return all, nil
}

// addRestart adds a start of the bridge to a course during which it happened.
func addRestart(c *bridge.Course, at time.Time) {
	last := len(c.Steps) - 1
	if at.Before(c.Accepted) || !c.Waiting && (last < 0 || at.After(c.Steps[last].At)) {
		return
	}
	c.Steps = append(c.Steps, bridge.Step{At: at, Kind: bridge.StepRestart, Direction: c.Direction, Delivery: c.Delivery})
	slices.SortStableFunc(c.Steps, func(a, b bridge.Step) int { return a.At.Compare(b.At) })
}

// idOf returns the id in what a person gives: an id, or the link of a room or message.
func idOf(what string) string {
	what = strings.Trim(strings.TrimSpace(what), "`<>")
	u, err := url.Parse(what)
	if err != nil || u.Scheme == "" {
		return what
	}
	if message := u.Query().Get("msg"); message != "" {
		return message
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	for i, p := range parts {
		if p == "live" && i+1 < len(parts) {
			return parts[i+1]
		}
	}
	return parts[len(parts)-1]
}

func (o *operators) serveTrace(w http.ResponseWriter, r *http.Request) {
	all, err := tracing{o.late, o.store}.Trace(r.Context(), r.URL.Query().Get("of"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	answerJSON(w, append([]bridge.Course{}, all...))
}
