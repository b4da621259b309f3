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

// Eraser erases what is stored because a person logged in at Facebook, and proves it.
type Eraser struct {
	*registry
	tickets     *tickets
	revocations *revocations
	publicURL   string
}

// metaClock is by how much Meta's clock may be behind ours, when nothing was done to
// find out.
const metaClock = time.Minute

// EraseGrant erases everything that is stored because a person logged in at Facebook
// and allowed something, because that person wants it so: tokens, and who it was. The
// pages need authorisation then; it is announced once. What was allowed anew well after
// until (zero: nothing) stays, because the wish is older. Doing it again is harmless.
func (e *Eraser) EraseGrant(ctx context.Context, person string, until time.Time) error {
	after := func(at time.Time) bool { return !until.IsZero() && at.Sub(until) > metaClock }
	var lost []bridge.Page
	var failed error
	for _, p := range e.pages.Pages() {
		if p.Grant != person || person == "" || after(p.Granted) {
			continue
		}
		p, err := e.eraseFrom(ctx, p.ID, person)
		if errors.Is(err, bridge.ErrNoPage) { // deleted meanwhile, with all that
			continue
		}
		failed = errors.Join(failed, err)
		if err == nil {
			lost = append(lost, p)
		}
	}
	e.announceLost(ctx, lost)
	return errors.Join(failed, e.revocations.erase(ctx, person), e.eraseChoices(ctx, person, after))
}

// eraseFrom erases from a page what a person granted.
func (e *Eraser) eraseFrom(ctx context.Context, id bridge.PageID, person string) (bridge.Page, error) {
	defer e.lock(id)()
	return e.update(ctx, id, func(p *bridge.Page) {
		if p.Grant == person {
			loseGrant(p)
			if p.State != bridge.PageOff { // which somebody here wants so
				p.State, p.Why = bridge.PageNeedsAuth, bridge.Trouble{Kind: bridge.AppRemoved}
			}
		}
	})
}

// announceLost says once which pages have lost their connection.
func (e *Eraser) announceLost(ctx context.Context, lost []bridge.Page) {
	if len(lost) == 0 {
		return
	}
	var names []string
	for _, p := range lost {
		names = append(names, "*"+p.PlainName()+"*")
	}
	e.announceOnce(ctx, fmt.Sprintf("erased/%s/%d", lost[0].ID, lost[0].Rev), e.say.Say("The person who connected %s has removed the app at Facebook. The bridge has erased the access to it; settings are kept, and answers wait. To connect again, type `/facebook authorize`.", strings.Join(names, ", ")))
}

// eraseChoices makes tick boxes worthless that a person has before them: they hold
// tokens.
func (e *Eraser) eraseChoices(ctx context.Context, person string, after func(time.Time) bool) error {
	return e.tickets.EraseTickets(ctx, func(t bridge.Ticket) bool {
		held, err := readChoice(t)
		return err == nil && held.User == person && !after(t.Expires.Add(-choiceFor))
	})
}

const deletionPath = "/data-deletion/"

// DeletionReceipt returns a code that proves that data was deleted today, and the
// address of the page that says so. Nothing is stored for it.
func (e *Eraser) DeletionReceipt() (code, address string) {
	code = fmt.Sprintf("%08x", e.now().Unix()) + strings.ToLower(rand.Text()[:8])
	code += e.deletionProof(code)
	return code, e.publicURL + deletionPath + code
}

// Deletion tells when data was deleted, from a code; false for one that is not ours.
func (e *Eraser) Deletion(code string) (at time.Time, ours bool) {
	const proved = 16
	if len(code) <= proved || !equalSecret(code[proved:], e.deletionProof(code[:proved])) {
		return time.Time{}, false
	}
	var seconds int64
	if _, err := fmt.Sscanf(code[:8], "%08x", &seconds); err != nil {
		return time.Time{}, false
	}
	return time.Unix(seconds, 0), true
}

func (e *Eraser) deletionProof(text string) string { return e.tickets.Sign("deletion", text)[:24] }
