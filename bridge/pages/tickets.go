package pages

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"time"

	"messenger-bridge/bridge"
)

// How long a link works.
const (
	loginFor    = 10 * time.Minute
	choiceFor   = 30 * time.Minute
	settingsFor = 15 * time.Minute
)

// tickets are the stored tickets; they are issued and opened here.
type tickets struct {
	bridge.Tickets
	now func() time.Time
}

// issue stores a new ticket and returns its id, which nobody can guess.
func (t *tickets) issue(ctx context.Context, kind bridge.TicketKind, to bridge.Author, lasts time.Duration, data []byte) (id string, err error) {
	id = rand.Text()
	if err := t.SaveTicket(ctx, bridge.Ticket{ID: id, Kind: kind, For: to, Expires: t.now().Add(lasts), Data: data}); err != nil {
		return "", fmt.Errorf("store a %s ticket: %w", kind, err)
	}
	return id, nil
}

// open returns a ticket of a kind, and spends nothing.
func (t *tickets) open(id string, kind bridge.TicketKind) (bridge.Ticket, error) {
	ticket, err := t.Ticket(id)
	if err == nil && ticket.Kind != kind {
		err = bridge.ErrTicketUnknown
	}
	return ticket, err
}

// giveBack makes a login ticket good again where Facebook, and not the person, is to blame.
// Nobody else can have used it meanwhile, because it was spent before Facebook was asked.
func (t *tickets) giveBack(ctx context.Context, login bridge.Ticket, failed error) error {
	if bridge.RefusalOf(failed).Reason == bridge.CodeRefused {
		return nil
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer stop()
	return t.SaveTicket(ctx, login)
}

// proves reports whether a proof is ours, for a purpose and a text.
func (t *tickets) proves(proof, purpose, text string) bool {
	return equalSecret(proof, t.Sign(purpose, text))
}

// equalSecret compares what a stranger may have made with what we made.
func equalSecret(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
