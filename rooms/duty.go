package rooms

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"messenger-bridge/bridge"
)

// duty knows in which departments nobody was there, or which are no more.
type duty struct {
	*Config

	mu      sync.Mutex                       // guards the two below
	away    map[bridge.DepartmentID]*absence // where nobody was there, as last seen
	deleted map[bridge.DepartmentID]bool     // departments that are no more, as said
}

// absence is a department in which nobody is there.
type absence struct {
	asked time.Time   // when it was asked after last
	early []time.Time // in the last minute, before its turn, because somebody had come
	soon  bool        // somebody has come: it is to be asked now
	there bool        // somebody is, says Rocket.Chat; no room was opened yet
}

// mostEarly is how often in a minute a department is asked after before its turn. With its
// turns, eight in a minute, these are as many calls as Rocket.Chat allows for one route where
// it limits the bot.
const mostEarly = 2

// note keeps that a department was asked after.
func (a *absence) note(now time.Time) {
	if a.soon {
		a.early = append(a.early, now)
	}
	a.asked, a.soon, a.there = now, false, false
}

func newDuty(c *Config) *duty {
	return &duty{Config: c, away: map[bridge.DepartmentID]*absence{}, deleted: map[bridge.DepartmentID]bool{}}
}

func (r *duty) departmentGone(d bridge.DepartmentID) {
	r.mu.Lock()
	said := r.deleted[d]
	r.deleted[d] = true
	r.mu.Unlock()
	if said {
		return
	}
	r.Log.Warn("the department of a page was deleted, its customers come without one; choose another for the page", "department", d)
	if r.DepartmentGone != nil {
		r.DepartmentGone(d)
	}
}

func (r *duty) department(p bridge.PageID) bridge.DepartmentID {
	page, err := r.Pages.Page(p)
	if err != nil {
		return ""
	}
	return page.Settings.Department
}

// elsewhere reports whether a page's customers go to another department since this one
// was registered. Which department a new room is in, the visitor says. Rocket.Chat does
// not let a visitor's department be taken away.
func (r *duty) elsewhere(link bridge.Link) bool {
	now := r.department(link.Conversation.Page)
	r.mu.Lock()
	defer r.mu.Unlock()
	return now != "" && now != link.Department && !r.deleted[now]
}

// someoneThere refuses while nobody can take a room, and asks Rocket.Chat again
// only now and then: a thousand waiting customers are one question.
func (r *duty) someoneThere(ctx context.Context, d bridge.DepartmentID) error {
	r.mu.Lock()
	a := r.away[d]
	there := a == nil || a.there
	ask := !there && (a.soon || r.Now().Sub(a.asked).Abs() >= r.Retry*9/10)
	r.mu.Unlock()
	switch {
	case there:
		return nil
	case !ask:
		return r.nobody(d)
	}
	online, err := r.Livechat.Online(ctx, d)
	if err != nil && bridge.RefusalOf(err).OfItem() { // asking is refused; opening a room tells as well, of one customer at a time
		r.Log.Info("cannot find out whether somebody is online", "department", d, "err", err)
		r.gone(d)
		return nil
	}
	if err != nil {
		return r.unanswered(d, err)
	}
	if !online {
		r.gone(d)
		return r.nobody(d)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if a := r.away[d]; a != nil {
		a.there = true
	}
	return nil
}

// SomeoneCame returns the departments that are to be asked after now, because somebody has
// come who may be an agent: not those that were asked after too often lately. They have their
// turn all the same.
func (r *duty) SomeoneCame() (departments []bridge.DepartmentID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.Now()
	for d, a := range r.away {
		a.early = slices.DeleteFunc(a.early, func(t time.Time) bool { return now.Sub(t).Abs() > time.Minute })
		if len(a.early) < mostEarly {
			a.soon = true
			departments = append(departments, d)
		}
	}
	return departments
}

// hold turns the refusal of a room into waiting together with all others of the
// department.
func (r *duty) hold(d bridge.DepartmentID, err error) error {
	switch reasonOf(err) {
	case bridge.NoAgent, bridge.OmnichannelOff:
		r.gone(d)
		refusal := *bridge.RefusalOf(err)
		refusal.Gate, refusal.After = bridge.GateDepartment(d), r.Retry
		return &refusal
	}
	return err
}

func (r *duty) nobody(d bridge.DepartmentID) error {
	return &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.NoAgent, Gate: bridge.GateDepartment(d), After: r.Retry}
}

// unanswered is nobody while Rocket.Chat does not say whether somebody is there: as far as is
// known, nobody is. At another gate those who wait would be taken for shown. Only if the whole
// workspace is away do they wait for that.
func (r *duty) unanswered(d bridge.DepartmentID, err error) error {
	held := bridge.RefusalOf(err)
	if held.Verdict != bridge.Again || held.Gate == bridge.GateWorkspace {
		return err
	}
	return &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.NoAgent, Gate: bridge.GateDepartment(d), After: cmp.Or(held.After, r.Retry), Err: err}
}

func (r *duty) gone(d bridge.DepartmentID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a := r.away[d]
	if a == nil {
		r.Log.Warn("no agent is online, customers wait", "department", d)
		a = &absence{}
		r.away[d] = a
	}
	a.note(r.Now())
}

// back is for a room that was opened: all others of the department need not wait until
// everything is shown in it.
func (r *duty) back(d bridge.DepartmentID) {
	r.mu.Lock()
	_, away := r.away[d]
	delete(r.away, d)
	r.mu.Unlock()
	if !away {
		return
	}
	r.Log.Info("an agent is online again", "department", d)
	if r.Back != nil {
		r.Back(d)
	}
}
