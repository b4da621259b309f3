package bridge

import (
	"context"
	"strings"
	"time"

	"messenger-bridge/language"
)

// Standing shows a text to administrators under an id, in place of what was shown there
// before. Calls for one id do not overlap.
type Standing func(ctx context.Context, id, text string) error

// absence is a department in which nobody is there.
type absence struct {
	since time.Time // when the first of those who wait was heard
	shown string
}

// watchAbsence keeps one message for each department in which customers wait because
// nobody is there, until ctx ends.
func (b *Bridge) watchAbsence(ctx context.Context) {
	if b.ShowStanding == nil {
		return
	}
	absent := b.rememberAbsences()
	tick := time.NewTicker(b.AbsenceEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		b.lookForAbsence(ctx, absent)
	}
}

// rememberAbsences returns those an earlier run has told of.
func (b *Bridge) rememberAbsences() map[DepartmentID]*absence {
	absent := map[DepartmentID]*absence{}
	departments := []DepartmentID{""}
	for _, page := range b.Pages.Pages() {
		departments = append(departments, page.Settings.Department)
	}
	for _, d := range departments {
		if since, err := b.Cursors.Cursor(absenceCursor(d)); err == nil && !since.IsZero() {
			absent[d] = &absence{since: since}
		}
	}
	return absent
}

func absenceCursor(d DepartmentID) string { return "absence/" + string(d) }

func (b *Bridge) lookForAbsence(ctx context.Context, absent map[DepartmentID]*absence) {
	gate := string(GateDepartment(""))
	waiting := map[DepartmentID]bool{}
	for _, crowd := range b.inbound.crowds(gate) {
		d := DepartmentID(strings.TrimPrefix(string(crowd.gate), gate))
		oldest, err := b.Inbox.Delivery(crowd.oldest)
		if err != nil {
			continue // it was shown this very moment
		}
		waiting[d] = true
		a := absent[d]
		if a == nil {
			if b.Now().Sub(oldest.Accepted) < b.AbsentAfter {
				continue
			}
			a = &absence{since: oldest.Accepted}
			absent[d] = a
			if err := b.Cursors.SaveCursor(absenceCursor(d), a.since); err != nil {
				b.Log.Debug("an absence is not remembered", "department", d, "err", err)
			}
		}
		b.showAbsence(ctx, d, a, b.nobodyIn(ctx, d, crowd, a))
	}
	for d, a := range absent {
		if waiting[d] || !b.showAbsence(ctx, d, a, b.Say.Say(":wave: Somebody is there again (%s). The customers who had waited since %s are in their rooms now.", b.inDepartment(ctx, d), b.Say.Time(a.since))) {
			continue
		}
		if err := b.Cursors.SaveCursor(absenceCursor(d), time.Time{}); err == nil {
			delete(absent, d)
		}
	}
}

// nobodyIn says who waits, and why.
func (b *Bridge) nobodyIn(ctx context.Context, d DepartmentID, crowd crowd, a *absence) string {
	sentence := language.Sentence(":zzz: Nobody is online (%s). Customers who wait: %d, the first since %s. Their messages are kept, and shown as soon as an agent is there.")
	if crowd.reason == OmnichannelOff {
		sentence = language.Sentence(":zzz: Omnichannel is switched off (%s). Customers who wait: %d, the first since %s. Their messages are kept, and shown when it is on again.")
	}
	return b.Say.Say(sentence, b.inDepartment(ctx, d), crowd.lanes, b.Say.Time(a.since))
}

// inDepartment says for which part of the workspace something holds.
func (b *Bridge) inDepartment(ctx context.Context, d DepartmentID) string {
	if d == "" {
		return b.Say.Say("all departments")
	}
	name := string(d)
	if b.DepartmentName != nil {
		if known := b.DepartmentName(ctx, d); known != "" {
			name = known
		}
	}
	return b.Say.Say("department %s", name)
}

// showAbsence reports whether the text is shown.
func (b *Bridge) showAbsence(ctx context.Context, d DepartmentID, a *absence, text string) bool {
	if text == a.shown {
		return true
	}
	id := absenceCursor(d) + "/" + a.since.UTC().Format(time.RFC3339)
	if err := b.ShowStanding(ctx, id, text); err != nil {
		b.Log.Debug("an absence is not shown", "department", d, "err", err)
		return false
	}
	a.shown = text
	return true
}
