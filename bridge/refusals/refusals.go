// Package refusals knows what the workspace refuses at the moment, and tells administrators:
// what lasts stands in the setup channel until it is over, and what was given up is told once
// for each cause.
package refusals

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/language"
)

// Config is what a Table is made of.
type Config struct {
	Show     bridge.Standing                                   // nil: nothing stands in the setup channel
	Announce func(ctx context.Context, key, text string) error // tells the setup channel something once
	Cursors  bridge.ListedCursors                              // remember what stands there
	After    time.Duration                                     // how long something is refused before it is told
	Every    time.Duration                                     // how often is looked
	Now      func() time.Time
	Say      *language.Speaker
	Log      *slog.Logger
}

// Table is what is refused at the moment. Safe for concurrent use.
type Table struct {
	Config

	mu      sync.Mutex // guards the two below
	causes  map[cause]*refusal
	givenUp map[Kind]int
}

// Kind is what something was refused with, in few enough words to count by.
type Kind struct {
	Route  string // the call
	Status int    // of HTTP; 0: there was no answer
}

// cause is what is refused, and with which answer.
type cause struct {
	route  string
	status int
	code   string
}

// refusal is since when something is refused, and when last.
type refusal struct {
	bridge.Refused
	last    time.Time
	over    bool
	earlier bool   // an earlier run has told of it, and it was not refused in this one
	shown   string // what stands in the setup channel
	cursor  string // by which it is remembered that something stands there
}

// New returns an empty Table.
func New(c Config) *Table {
	return &Table{Config: c, causes: map[cause]*refusal{}, givenUp: map[Kind]int{}}
}

// Refused notes that the workspace has refused something.
func (t *Table) Refused(a *bridge.Response) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now, of := t.Now(), cause{a.Route, a.Status, a.Code}
	r := t.causes[of]
	if r != nil && r.shown != "" { // what stands there is not over yet, or not told to be
		r.over = false
	}
	if r == nil || r.over {
		if len(t.causes) >= mostCauses {
			return
		}
		r = &refusal{Refused: bridge.Refused{Since: now}}
		t.causes[of] = r
	}
	r.Response, r.last, r.earlier = *a, now, false
}

// mostCauses bounds what is remembered: codes come from elsewhere.
const mostCauses = 100

// Works notes that a call works again that was refused for everybody.
func (t *Table) Works(route string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for of, r := range t.causes {
		if of.route == route && r.Everybody() {
			r.over = true
		}
	}
}

// Lasting returns what has been refused for long enough to be told, oldest first.
func (t *Table) Lasting() (all []bridge.Refused) {
	for _, r := range t.look() {
		if !r.over && !r.earlier {
			all = append(all, r.Refused)
		}
	}
	return all
}

// look returns what is to be told, or was, and forgets what was not and is over.
func (t *Table) look() (all []*refusal) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.Now()
	for of, r := range t.causes {
		r.over = r.over || now.Sub(r.last) > 2*t.After
		switch {
		case r.over && r.shown == "":
			delete(t.causes, of)
		case r.shown != "" || now.Sub(r.Since) >= t.After:
			seen := *r
			all = append(all, &seen)
		}
	}
	slices.SortFunc(all, func(a, b *refusal) int { return a.Since.Compare(b.Since) })
	return all
}

// Run tells until ctx ends.
func (t *Table) Run(ctx context.Context) {
	if t.Show == nil {
		return
	}
	t.load()
	tick := time.NewTicker(t.Every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, r := range t.look() {
			t.tell(ctx, r)
		}
	}
}

// tell shows how one of them is.
func (t *Table) tell(ctx context.Context, r *refusal) {
	text := t.standing(r)
	if !r.over && (text == r.shown || r.earlier) {
		return
	}
	id := "refused/" + r.Route + "/" + r.String() + "/" + r.Since.UTC().Format(time.RFC3339)
	if err := t.Show(ctx, id, text); err != nil {
		t.Log.Debug("what is refused is not shown", "call", r.Route, "err", err)
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	of := cause{r.Route, r.Status, r.Code}
	if now := t.causes[of]; now != nil && now.Since.Equal(r.Since) {
		if now.shown = text; r.over {
			delete(t.causes, of)
		}
		t.remember(now, r.over)
	}
}

const cursors = "refused/"

// remember notes that something stands in the setup channel, so that the next run can say that it is over. The caller holds mu.
func (t *Table) remember(r *refusal, over bool) {
	since := r.Since
	if over {
		since = time.Time{}
	}
	if r.cursor == "" {
		a, _ := json.Marshal(r.Response) // of strings and numbers
		r.cursor = cursors + string(a)
	}
	if err := t.Cursors.SaveCursor(r.cursor, since); err != nil {
		t.Log.Debug("what is refused is not remembered", "call", r.Route, "err", err)
	}
}

// load remembers what an earlier run has told.
func (t *Table) load() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, name := range t.Cursors.CursorsUnder(cursors) {
		var a bridge.Response
		since, err := t.Cursors.Cursor(name)
		if err != nil || since.IsZero() || json.Unmarshal([]byte(name[len(cursors):]), &a) != nil {
			continue
		}
		of := cause{a.Route, a.Status, a.Code}
		if t.causes[of] == nil {
			t.causes[of] = &refusal{Refused: bridge.Refused{Response: a}, last: t.Now(), earlier: true}
		}
		r := t.causes[of]
		r.Since, r.shown, r.cursor = since, "told by an earlier run", name
	}
}

// standing says what is refused, or that it is over.
func (t *Table) standing(r *refusal) string {
	switch {
	case r.over:
		return t.Say.Say(":white_check_mark: Rocket.Chat no longer refuses `%s` (since %s it had).", r.Response.String(), t.Say.Time(r.Since))
	case r.Everybody():
		return t.Say.Say(":no_entry: Since %s Rocket.Chat refuses `%s`, for everybody. What waits is kept, and tried until it is taken.", t.Say.Time(r.Since), r.Response.String()) +
			" " + Remedy(t.Say, r.Response)
	}
	return t.Say.Say(":no_entry: Since %s Rocket.Chat refuses `%s`. What waits is kept, and tried again.", t.Say.Time(r.Since), r.Response.String()) +
		" " + Remedy(t.Say, r.Response)
}

// GivenUp tells, once for each cause, that something of a customer's was given up.
func (t *Table) GivenUp(ctx context.Context, a *bridge.Response) error {
	key := strings.Join([]string{"given-up", a.String()}, "/")
	return t.Announce(ctx, key, t.Say.Say("Rocket.Chat does not take something that a customer sent (`%s`), though it takes the same of others. In the room a line says so; `/facebook failed` lists it, and `/facebook retry` tries it again.", a.String())+
		" "+Remedy(t.Say, *a))
}

// CountGivenUp counts something that was given up, once it is stored that it was.
func (t *Table) CountGivenUp(a *bridge.Response) {
	t.mu.Lock()
	defer t.mu.Unlock()
	kind := Kind{a.Route, a.Status}
	if _, known := t.givenUp[kind]; known || len(t.givenUp) < mostCauses {
		t.givenUp[kind]++
	}
}

// CountsGivenUp returns how much was given up since the start, by kind.
func (t *Table) CountsGivenUp() map[Kind]int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.givenUp)
}
