package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"messenger-bridge/app"
	"messenger-bridge/bridge"
)

type forgetCmd struct {
	storeFlags
	PageID   string `arg:"" help:"Id of the Facebook page."`
	Customer string `arg:"" help:"Id of the customer at this page; or id of a room of theirs, or its link."`
	Yes      bool   `help:"Do it. Without this, it is only said what would be done."`
}

func (c forgetCmd) Run(ctx context.Context, std Stdio) error {
	body, err := json.Marshal(app.ForgetOrder{Page: bridge.PageID(c.PageID), Customer: c.Customer, Yes: c.Yes})
	if err != nil {
		return err
	}
	var who app.Forgotten
	err = app.Ask(ctx, c.Database, http.MethodPost, "/forget", string(body), func(res *http.Response) error {
		return json.NewDecoder(res.Body).Decode(&who)
	})
	switch {
	case errors.Is(err, app.ErrNotRunning):
		return fmt.Errorf("%w. A customer is forgotten by a running one, because rooms in Rocket.Chat have to be closed first", err)
	case err != nil:
		return err
	case who.Gone == nil:
		return std.say(who, "This would erase the customer %s of page %s here and in Rocket.Chat, rooms and messages included, and the rooms of contacts that were merged with it there. Add --yes to do it.\n", who.Customer, c.PageID)
	default:
		return std.say(who, "%s\n", who.Gone.In(nil))
	}
}

// removeHere removes a page from the store of a bridge that does not run. Facebook is
// told at the next start, if that is soon enough.
func (c pagesRemoveCmd) removeHere(ctx context.Context, std Stdio) error {
	s, err := c.open(std)
	if err != nil {
		return err
	}
	defer s.Close()
	page, err := s.Page(bridge.PageID(c.PageID))
	if err == nil && page.Token != "" {
		err = s.SaveRevocation(ctx, page.Revocation("", time.Now()))
	}
	if err == nil {
		err = audited(s).DeletePage(bridge.ActedBy(ctx, bridge.AnOperator), page.ID)
	}
	if err != nil {
		return err
	}
	if !std.json {
		fmt.Fprintln(std.Out, "Facebook is told when the bridge starts, if that is within 24 hours.")
	}
	return nil
}
