package pages

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"messenger-bridge/bridge"
)

// May tells whether somebody may change pages at this moment.
type May func(context.Context, bridge.Author) (bool, error)

// rights are looked at whenever a link is used: who got it may have lost them since.
type rights struct {
	may May
	log *slog.Logger
}

// askFor is how long Rocket.Chat may take to say what somebody may: a person waits.
const askFor = 8 * time.Second

// check refuses whoever may not change pages (any more) with ErrMayNot, and everybody with
// ErrNobodyToAsk while that cannot be found out.
func (r rights) check(ctx context.Context, who bridge.Author) error {
	ctx, stop := context.WithTimeout(ctx, askFor)
	defer stop()
	allowed, err := r.may(ctx, who)
	switch {
	case err != nil:
		r.log.Warn("whether somebody may use a link cannot be found out", "user", who.ID, "err", err)
		return fmt.Errorf("%w: %w", bridge.ErrNobodyToAsk, err)
	case !allowed:
		r.log.Warn("a link was used by somebody who may not any more", "user", who.ID)
		return bridge.ErrMayNot
	}
	return nil
}
