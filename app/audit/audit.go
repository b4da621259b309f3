// Package audit records what is changed, and by whom.
package audit

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"unicode/utf8"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/settings"
)

// Auditor records what is changed: in the journal, and as a line of the log.
type Auditor struct {
	Journal bridge.Journal
	Log     *slog.Logger
}

// Note records that whoever acts in the context has changed something. What was changed stays
// so, whether it can be recorded or not.
func (a Auditor) Note(ctx context.Context, what string, page bridge.PageID, detail string) {
	c := bridge.Change{By: bridge.Actor(ctx), What: what, Page: page, Detail: detail}
	a.Log.Info("changed", "audit", true, "by", c.By, "what", c.What, "page", c.Page, "detail", c.Detail)
	if err := a.Journal.Record(context.WithoutCancel(ctx), c); err != nil {
		a.Log.Warn("a change is not in the journal", "what", c.What, "page", c.Page, "err", err)
	}
}

// Pages are pages whose changes are recorded.
type Pages struct {
	bridge.PageStore
	Auditor
}

// SavePage implements bridge.PageStore.
func (a Pages) SavePage(ctx context.Context, p bridge.Page) error {
	return a.SavePages(ctx, []bridge.Page{p}, "")
}

// SavePages implements bridge.PageStore.
func (a Pages) SavePages(ctx context.Context, pages []bridge.Page, ticket string) error {
	before := make([]bridge.Page, len(pages))
	for i, p := range pages {
		before[i], _ = a.Page(p.ID) // none: a new one
	}
	if err := a.PageStore.SavePages(ctx, pages, ticket); err != nil {
		return err
	}
	for i, p := range pages {
		for _, c := range changesOf(before[i], p) {
			a.Note(ctx, c.What, p.ID, c.Detail)
		}
	}
	return nil
}

// DeletePage implements bridge.PageStore.
func (a Pages) DeletePage(ctx context.Context, id bridge.PageID) error {
	page, err := a.Page(id)
	if err == nil {
		err = a.PageStore.DeletePage(ctx, id)
	}
	if err == nil {
		a.Note(ctx, "page deleted", id, page.DisplayName())
	}
	return err
}

// changesOf names what is different about a page.
func changesOf(before, after bridge.Page) (all []bridge.Change) {
	add := func(what, detail string) { all = append(all, bridge.Change{What: what, Detail: detail}) }
	switch {
	case before.ID == "":
		add("page added", after.DisplayName())
	case after.Token == before.Token:
	case after.Token == "":
		add("grant deleted", "")
	}
	if after.Token != "" && after.Token != before.Token {
		add("grant kept", string(after.TokenKind))
	}
	if before.State != after.State {
		detail := fmt.Sprintf("%s → %s", before.State, after.State)
		if after.Why.Kind != "" {
			detail += " (" + string(after.Why.Kind) + ")"
		}
		add("page state", detail)
	}
	for i := range settings.Table {
		d := &settings.Table[i]
		if was, is := d.Value(before.Settings), d.Value(after.Settings); was != is {
			add("setting "+d.Word, cutShort(was)+" → "+cutShort(is))
		}
	}
	return all
}

// cutShort is a value as the journal has it: the beginning of a text.
func cutShort(value string) string {
	const most = 40
	if value == "" {
		return "(default)"
	}
	if utf8.RuneCountInString(value) > most {
		value = string([]rune(value)[:most]) + "…"
	}
	return strconv.Quote(value)
}
