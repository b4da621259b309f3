package automatic

import (
	"context"
	"log/slog"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/queue"
	"messenger-bridge/language"
)

// AbsenceConfig is what an Absence is made of.
type AbsenceConfig struct {
	Inbox   *queue.Lanes
	Cursors bridge.ListedCursors
	Show    bridge.Standing // nil: nothing is shown
	Names   Names
	Every   time.Duration // how often is looked
	After   time.Duration // how long customers wait before it is told
	Now     func() time.Time
	Say     *language.Speaker
	Log     *slog.Logger
}

// Absence keeps one message in the setup channel for each department in which customers
// wait because nobody is there.
type Absence struct {
	AbsenceConfig
	told map[bridge.DepartmentID]*absence // Run's alone
}

// absence is a department in which nobody is there.
type absence struct {
	since time.Time // when the first of those who wait was heard
	shown string
}

// NewAbsence returns an Absence that does nothing until Run.
func NewAbsence(c AbsenceConfig) *Absence {
	return &Absence{AbsenceConfig: c, told: map[bridge.DepartmentID]*absence{}}
}

// Run looks and tells until ctx ends.
func (w *Absence) Run(ctx context.Context) {
	if w.Show == nil {
		return
	}
	w.load()
	tick := time.NewTicker(w.Every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		waiting := w.tellAbsent(ctx)
		w.tellBack(ctx, waiting)
	}
}

// load remembers those an earlier run has told of. A page may have been given another department
// meanwhile, or be gone.
func (w *Absence) load() {
	for _, name := range w.Cursors.CursorsUnder(absenceCursors) {
		if since, err := w.Cursors.Cursor(name); err == nil && !since.IsZero() {
			w.told[bridge.DepartmentID(name[len(absenceCursors):])] = &absence{since: since}
		}
	}
}

const absenceCursors = "absence/"

func absenceCursor(d bridge.DepartmentID) string { return absenceCursors + string(d) }

// tellAbsent tells of departments in which customers wait, and returns which these are.
func (w *Absence) tellAbsent(ctx context.Context) map[bridge.DepartmentID]bool {
	waiting := map[bridge.DepartmentID]bool{}
	isDepartment := func(g bridge.Gate) bool { _, is := g.Department(); return is }
	for _, crowd := range w.Inbox.Look().Crowds(isDepartment) {
		oldest, err := w.Inbox.Store.Delivery(crowd.Oldest)
		if err != nil {
			continue // it was shown this very moment
		}
		d, _ := crowd.Gate.Department()
		waiting[d] = true
		if w.told[d] == nil {
			if w.Now().Sub(oldest.Accepted) < w.After {
				continue
			}
			w.begin(d, oldest.Accepted)
		}
		w.show(ctx, d, w.nobodyIn(ctx, d, crowd))
	}
	return waiting
}

func (w *Absence) begin(d bridge.DepartmentID, since time.Time) {
	w.told[d] = &absence{since: since}
	if err := w.Cursors.SaveCursor(absenceCursor(d), since); err != nil {
		w.Log.Debug("an absence is not remembered", "department", d, "err", err)
	}
}

// tellBack tells of departments in which nobody waits any more.
func (w *Absence) tellBack(ctx context.Context, waiting map[bridge.DepartmentID]bool) {
	if len(w.told) == 0 || len(w.Inbox.Look().Crowds(func(g bridge.Gate) bool { return g == bridge.GateWorkspace })) > 0 {
		return // who waits for Rocket.Chat may wait for an agent next
	}
	for d, a := range w.told {
		if waiting[d] || !w.show(ctx, d, w.Say.Say(":wave: Somebody is there again (%s). The customers who had waited since %s are in their rooms now.", w.Names.departmentIn(ctx, w.Say, d), w.Say.Time(a.since))) {
			continue
		}
		if err := w.Cursors.SaveCursor(absenceCursor(d), time.Time{}); err == nil {
			delete(w.told, d)
		}
	}
}

// nobodyIn says who waits, and why.
func (w *Absence) nobodyIn(ctx context.Context, d bridge.DepartmentID, crowd queue.Crowd) string {
	sentence := language.Sentence(":zzz: Nobody is online (%s). Customers who wait: %d, the first since %s. Their messages are kept, and shown as soon as an agent is there.")
	if crowd.Reason == bridge.OmnichannelOff {
		sentence = language.Sentence(":zzz: Omnichannel is switched off (%s). Customers who wait: %d, the first since %s. Their messages are kept, and shown when it is on again.")
	}
	return w.Say.Say(sentence, w.Names.departmentIn(ctx, w.Say, d), crowd.Lanes, w.Say.Time(w.told[d].since))
}

// show reports whether the text is shown.
func (w *Absence) show(ctx context.Context, d bridge.DepartmentID, text string) bool {
	a := w.told[d]
	if text == a.shown {
		return true
	}
	id := absenceCursor(d) + "/" + a.since.UTC().Format(time.RFC3339)
	if err := w.Show(ctx, id, text); err != nil {
		w.Log.Debug("an absence is not shown", "department", d, "err", err)
		return false
	}
	a.shown = text
	return true
}
