package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"text/tabwriter"
	"time"

	"messenger-bridge/app"
)

type statusCmd struct {
	storeFlags
	Check bool `help:"Say nothing; fail if the bridge cannot store webhooks. For health checks."`
}

func (c statusCmd) Run(ctx context.Context, std Stdio) error {
	return app.Ask(ctx, c.Database, http.MethodGet, "/status", "", func(res *http.Response) error {
		var s app.Status
		if err := json.NewDecoder(res.Body).Decode(&s); err != nil {
			return err
		}
		if !c.Check {
			return std.answer(s, func(w io.Writer) error { return printStatus(w, s) })
		}
		if s.Ready != "yes" {
			return fmt.Errorf("not ready: %s", s.Ready)
		}
		return nil
	})
}

func printStatus(w io.Writer, s app.Status) error {
	connection := func(up bool, problem string, since time.Time) string {
		text := "connected"
		switch {
		case !up:
			text = "not connected: " + problem
		case since.IsZero():
			return "not asked anything yet"
		}
		return text + " (since " + since.Format(time.RFC3339) + ", for " + app.SpanSince(since, time.Now()).String() + ")"
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if !printReplica(table, s.Replica) {
		return table.Flush()
	}
	fmt.Fprintf(table, "version\t%s\nrunning since\t%s, for %s\nstores webhooks\t%s\nRocket.Chat\t%s\nFacebook\t%s\n",
		s.Version, s.Started.Format(time.RFC3339), s.Running, s.Ready, connection(s.RocketChat.Connected, s.RocketChat.Problem, s.RocketChat.Since),
		connection(s.Facebook.Answers, s.Facebook.Problem, s.Facebook.Since))
	if s.Changed > 0 {
		fmt.Fprintf(table, "store\t%d records were changed by somebody else\n", s.Changed)
	}
	for _, b := range []struct {
		name string
		app.Backlog
	}{{"waiting for rooms", s.In}, {"waiting for customers", s.Out}, {"waiting for agents", s.Notices}} {
		oldest := ""
		if b.Oldest != nil {
			oldest = ", oldest since " + b.Oldest.Format(time.RFC3339) + ", for " + b.For.String()
		}
		fmt.Fprintf(table, "%s\t%d%s\n", b.name, b.Waiting, oldest)
	}
	fmt.Fprintf(table, "failed, kept 7 days\t%d\n", s.Failed)
	for _, reason := range slices.Sorted(maps.Keys(s.Reasons)) {
		fmt.Fprintf(table, "  %s\t%d\n", reason, s.Reasons[reason])
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	return printPages(w, s.Pages)
}
