package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"messenger-bridge/app"
	"messenger-bridge/bridge"
	"messenger-bridge/commands"
)

type traceCmd struct {
	storeFlags
	Of string `arg:"" name:"message" help:"A message by its id at Facebook or in Rocket.Chat, or by its link; or a room by its id or link."`
}

func (c traceCmd) Run(ctx context.Context, std Stdio) error {
	return app.Ask(ctx, c.Database, http.MethodGet, "/trace?"+url.Values{"of": {c.Of}}.Encode(), "", func(res *http.Response) error {
		var all []bridge.Course
		if err := json.NewDecoder(res.Body).Decode(&all); err != nil {
			return err
		}
		if len(all) == 0 && !std.json {
			return fmt.Errorf("nothing is known of %s: it never came here, or it is longer ago than 30 days", c.Of)
		}
		return std.answer(all, func(w io.Writer) error { return printTrace(w, all) })
	})
}

func printTrace(w io.Writer, all []bridge.Course) error {
	directions := map[bridge.Direction]string{bridge.In: "to agents", bridge.Out: "to customer", bridge.ToAgents: "word or mark of the bot's"}
	for i, c := range all {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%s, %s, page %s, customer %s, delivery %d: %s\n",
			directions[c.Direction], c.What, c.Conversation.Page, c.Conversation.Customer, c.Delivery, strings.Join(printable(c.IDs), " "))
		table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintf(table, "  %s\taccepted\n", c.Accepted.Format(time.RFC3339Nano))
		for _, s := range c.Steps {
			fmt.Fprintf(table, "  %s\t%s\n", s.At.Format(time.RFC3339Nano), commands.StepText(nil, s))
		}
		if c.Waiting {
			fmt.Fprintf(table, "  \twaits%s\n", waitsFor(c))
		}
		if err := table.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// printable quotes what would do something to a terminal, or look like more than an id: agents
// choose those of their messages.
func printable(ids []string) (all []string) {
	for _, id := range ids {
		if !bridge.IsID(id) {
			id = strconv.QuoteToASCII(id)
		}
		all = append(all, id)
	}
	return all
}

// waitsFor says since how many refusals, and until when, something waits.
func waitsFor(c bridge.Course) string {
	text := ""
	if c.Reason != "" {
		text = fmt.Sprintf(", refused %d times, last: %s", c.Tries, commands.Reason(nil, c.Reason))
	}
	if !c.Due.IsZero() {
		text += ", tried again at " + c.Due.Format(time.RFC3339)
	}
	return text
}

type auditCmd struct {
	storeFlags
	Since time.Duration `help:"How far back." default:"720h"`
	Limit int           `help:"How many at most, the newest; 1 to 1000." default:"100"`
}

func (c auditCmd) Run(ctx context.Context, std Stdio) error {
	if c.Limit < 1 || c.Limit > 1000 {
		return misuse("--limit is a number from 1 to 1000")
	}
	query := url.Values{"since": {time.Now().Add(-c.Since).UTC().Format(time.RFC3339)}, "limit": {strconv.Itoa(c.Limit)}}
	return app.Ask(ctx, c.Database, http.MethodGet, "/audit?"+query.Encode(), "", func(res *http.Response) error {
		var list app.AuditList
		if err := json.NewDecoder(res.Body).Decode(&list); err != nil {
			return err
		}
		return std.answer(list, func(w io.Writer) error { return printAudit(w, list) })
	})
}

func printAudit(w io.Writer, list app.AuditList) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "WHEN\tWHO\tWHAT\tPAGE\tDETAIL")
	for _, c := range list.Changes {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", c.At.Format(time.RFC3339), c.By, c.What, c.Page, c.Detail)
	}
	if err := table.Flush(); err != nil || !list.More {
		return err
	}
	_, err := fmt.Fprintln(w, "there are older ones: --limit, --since")
	return err
}
