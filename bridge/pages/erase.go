package pages

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"messenger-bridge/bridge"
)

// metaClock is by how much Meta's clock may be behind ours, when nothing was done to
// find out.
const metaClock = time.Minute

// EraseGrant erases everything that is stored because a person logged in at Facebook
// and allowed something, because that person wants it so: tokens, and who it was. The
// pages need authorisation then; it is announced once. What was allowed anew well after
// until (zero: nothing) stays, because the wish is older. Doing it again is harmless.
func (c *Connector) EraseGrant(ctx context.Context, person string, until time.Time) error {
	after := func(at time.Time) bool { return !until.IsZero() && at.Sub(until) > metaClock }
	var lost []bridge.Page
	var failed error
	for _, p := range c.Pages.Pages() {
		if p.Grant != person || person == "" || after(p.Granted) {
			continue
		}
		p, err := c.eraseGrantOf(ctx, p.ID, person)
		failed = errors.Join(failed, err)
		if err == nil {
			lost = append(lost, p)
		}
	}
	c.announceLost(ctx, lost)
	return errors.Join(failed,
		c.changeRevocations(ctx, person, func(r bridge.Revocation) error { return c.Revocations.EraseRevocation(ctx, r.Page) }),
		c.eraseChoices(ctx, person, after))
}

func (c *Connector) eraseGrantOf(ctx context.Context, id bridge.PageID, person string) (bridge.Page, error) {
	defer c.alone(id)()
	return c.update(ctx, id, func(p *bridge.Page) {
		if p.Grant == person {
			loseGrant(p)
			p.State, p.Why = bridge.PageNeedsAuth, bridge.Trouble{Kind: bridge.AppRemoved}
		}
	})
}

// announceLost says once which pages have lost their connection.
func (c *Connector) announceLost(ctx context.Context, lost []bridge.Page) {
	if len(lost) == 0 {
		return
	}
	var names []string
	for _, p := range lost {
		names = append(names, "*"+p.DisplayName()+"*")
	}
	c.announceOnce(ctx, fmt.Sprintf("erased/%s/%d", lost[0].ID, lost[0].Rev), c.Say.Say("The person who connected %s has removed the app at Facebook. The bridge has erased the access to it; settings are kept, and answers wait. To connect again, type `/facebook authorize`.", strings.Join(names, ", ")))
}

// eraseChoices makes tick boxes worthless that a person has before them: they hold
// tokens.
func (c *Connector) eraseChoices(ctx context.Context, person string, after func(time.Time) bool) error {
	return c.Tickets.EraseTickets(ctx, func(t bridge.Ticket) bool {
		held, err := readChoice(t)
		return err == nil && held.User == person && !after(t.Expires.Add(-choiceFor))
	})
}

const deletionPath = "/data-deletion/"

// DeletionReceipt returns a code that proves that data was deleted today, and the
// address of the page that says so. Nothing is stored for it.
func (c *Connector) DeletionReceipt() (code, address string) {
	code = fmt.Sprintf("%08x", c.Now().Unix()) + strings.ToLower(rand.Text()[:8])
	code += c.deletionProof(code)
	return code, c.PublicURL + deletionPath + code
}

// Deletion tells when data was deleted, from a code; false for one that is not ours.
func (c *Connector) Deletion(code string) (at time.Time, ours bool) {
	const proved = 16
	if len(code) <= proved || !sameText(code[proved:], c.deletionProof(code[:proved])) {
		return time.Time{}, false
	}
	var seconds int64
	if _, err := fmt.Sscanf(code[:8], "%08x", &seconds); err != nil {
		return time.Time{}, false
	}
	return time.Unix(seconds, 0), true
}

func (c *Connector) deletionProof(text string) string { return c.Tickets.Sign("deletion", text)[:24] }
