package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"

	"messenger-bridge/app"
	"messenger-bridge/bridge"
	"messenger-bridge/commands"
)

type failedCmd struct {
	storeFlags
	Page   string `arg:"" optional:"" help:"Id of a Facebook page; all pages, and what the bot could not tell, if left out."`
	Before uint64 `help:"Only what is older than the failure with this id."`
}

func (c failedCmd) Run(ctx context.Context, std Stdio) error {
	query := url.Values{"page": {c.Page}, "before": {strconv.FormatUint(c.Before, 10)}}
	return app.Ask(ctx, c.Database, http.MethodGet, "/failed?"+query.Encode(), "", func(res *http.Response) error {
		var list app.FailedList
		if err := json.NewDecoder(res.Body).Decode(&list); err != nil {
			return err
		}
		return std.answer(list, func(w io.Writer) error { return printFailed(w, list) })
	})
}

func printFailed(w io.Writer, list app.FailedList) error {
	if len(list.Failed) == 0 {
		_, err := fmt.Fprintln(w, "everything was delivered, as far back as 7 days")
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tFAILED\tAGO\tPAGE\tWHAT\tBY\tWHY\tROOM")
	for _, f := range list.Failed {
		what := map[bridge.Direction]string{bridge.In: "to agents", bridge.Out: "to customer", bridge.ToAgents: "a word of the bot's"}[f.Direction]
		why := commands.Reason(nil, f.Reason)
		if f.Answer != "" {
			why += " (" + f.Answer + ")"
		}
		fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", f.ID, f.Failed.Format(time.RFC3339), f.Ago, f.Page, what, f.By, why, f.Room)
	}
	if err := table.Flush(); err != nil || list.More == 0 {
		return err
	}
	_, err := fmt.Fprintf(w, "%d more: --before %d\n", list.More, list.Failed[len(list.Failed)-1].ID)
	return err
}

type retryCmd struct {
	storeFlags
	IDs    []uint64 `arg:"" optional:"" name:"id" help:"Ids that failed shows."`
	Anyway bool     `help:"Send also what may have been delivered, without finding out."`
	All    string   `help:"Everything of the page with this id instead." placeholder:"PAGE"`
}

func (c retryCmd) Run(ctx context.Context, std Stdio) error {
	if (len(c.IDs) == 0) == (c.All == "") || c.All != "" && c.Anyway {
		return misuse("name the ids that `failed` shows, or a page with --all")
	}
	slices.Sort(c.IDs) // messages of a conversation in the order in which they were written
	order := app.RetryOrder{Anyway: c.Anyway, Page: bridge.PageID(c.All)}
	for _, id := range c.IDs {
		order.IDs = append(order.IDs, bridge.Seq(id))
	}
	body, err := json.Marshal(order)
	if err != nil {
		return err
	}
	return app.Ask(ctx, c.Database, http.MethodPost, "/retry", string(body), func(res *http.Response) error {
		var done app.Retried
		if err := json.NewDecoder(res.Body).Decode(&done); err != nil {
			return err
		}
		if c.All != "" {
			return std.say(done, "tried again: %d\n%s", done.All, overtaken(done.Overtaken))
		}
		missing := 0
		became := map[string]string{}
		for i, result := range done.Became {
			became[strconv.FormatUint(c.IDs[i], 10)] = retriedWords[result]
			if !std.json {
				fmt.Fprintf(std.Out, "%d: %s\n", c.IDs[i], retriedWords[result])
			}
			if result == bridge.NotKept || result == bridge.Unreadable {
				missing++
			}
		}
		if std.json {
			if err := printJSON(std.Out, became); err != nil {
				return err
			}
		}
		if missing > 0 {
			return fmt.Errorf("%d of %d cannot be tried again", missing, len(c.IDs))
		}
		return nil
	})
}

func overtaken(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("deleted or replaced since, and not sent: %d\n", n)
}

var retriedWords = map[bridge.RetryResult]string{
	bridge.TriedAgain: "is tried again",
	bridge.TriedTwice: "was tried again before",
	bridge.NotKept:    "is not among what failed in the last 7 days",
	bridge.Unreadable: "cannot be read",
	bridge.Overtaken:  "is not sent: its author has deleted or replaced it since",
}
