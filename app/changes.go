package app

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/language"
	"messenger-bridge/store"
)

// changes tells that somebody else has changed the store: in the setup channel, once a day.
// The log has each record, /readyz, `status`, `doctor` and a metric have how many.
type changes struct {
	store    *store.Store
	announce func(ctx context.Context, key, text string) error
	now      func() time.Time
	say      *language.Speaker
	log      *slog.Logger
}

// Run tells until ctx ends.
func (c *changes) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-c.store.Changes().Met():
			text := c.say.Say("Somebody other than the bridge has changed what it has stored: %d records. They are not believed. What they said may be missing, or be done again; nothing else is lost. An operator should look into the bridge's log, and find out who can write its files.", c.store.Changes().Count())
			err := c.announce(ctx, "store-changed/"+c.now().UTC().Format(time.DateOnly), text)
			if err != nil && ctx.Err() == nil {
				c.log.Warn("not announced that the store was changed", "err", err)
			}
		}
	}
}

// changed is what operators are told of that many changed records; "" for none.
func changed(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d records of the store were changed by somebody other than the bridge, and are not believed; the log names them", n)
}

// changedFinding is the same for `doctor`.
func changedFinding(n int) bridge.Finding {
	return bridge.Finding{Check: "store", Level: bridge.Bad, Found: changed(n),
		Do: "Find out who can write the bridge's files. What was changed is kept aside in the store for 30 days; a page among it has to be set up and authorised again. A backup has the records as they were."}
}
