package rooms

import (
	"context"
	"sync"
	"time"

	"messenger-bridge/bridge"
)

// duty knows in which departments nobody was there, or which are no more.
type duty struct {
	*Config

	mu      sync.Mutex                        // guards the two below
	away    map[bridge.DepartmentID]time.Time // when nobody was there, as last seen
	deleted map[bridge.DepartmentID]bool      // departments that are no more, as said
}

func newDuty(c *Config) *duty {
	return &duty{Config: c, away: map[bridge.DepartmentID]time.Time{}, deleted: map[bridge.DepartmentID]bool{}}
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
	since, away := r.away[d]
	r.mu.Unlock()
	if !away {
		return nil
	}
	if r.Now().Sub(since) < r.Retry*9/10 {
		return r.nobody(d)
	}
	online, err := r.Livechat.Online(ctx, d)
	if err != nil {
		return err
	}
	if !online {
		r.gone(d)
		return r.nobody(d)
	}
	r.back(d)
	return nil
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

func (r *duty) gone(d bridge.DepartmentID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, known := r.away[d]; !known {
		r.Log.Warn("no agent is online, customers wait", "department", d)
	}
	r.away[d] = r.Now()
}

func (r *duty) back(d bridge.DepartmentID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, away := r.away[d]; away {
		r.Log.Info("an agent is online again", "department", d)
	}
	delete(r.away, d)
}
