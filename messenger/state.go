package messenger

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"
)

// State is whether Facebook answers, for people.
type State struct {
	Answers bool      `json:"answers"`           // true also while it was not asked yet
	Since   time.Time `json:"since,omitzero"`    // since when that is so
	Asked   time.Time `json:"asked,omitzero"`    // when it was asked last; zero: not yet
	Problem string    `json:"problem,omitempty"` // why it does not answer
	Lost    int       `json:"outages"`           // times that it stopped answering, since the start
}

// pulse is a State that every call updates.
type pulse struct {
	mu    sync.Mutex // guards state
	state State
}

// State returns whether Facebook answered the last call: with what does not matter,
// as long as it is in its format.
func (c *Client) State() State {
	c.pulse.mu.Lock()
	defer c.pulse.mu.Unlock()
	return c.pulse.state
}

// note takes a call's outcome into account.
func (p *pulse) note(a *answer, now time.Time) {
	problem := ""
	switch {
	case a.source != nil, errors.Is(a.err, context.Canceled): // we gave up
		return
	case a.err != nil:
		problem = describe(a.err)
	case a.status >= http.StatusInternalServerError && a.refused() == nil:
		problem = (&graphError{Status: a.status}).Error()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	answers := problem == ""
	if answers != p.state.Answers || p.state.Since.IsZero() {
		p.state.Since = now
		if !answers {
			p.state.Lost++
		}
	}
	p.state.Answers, p.state.Problem, p.state.Asked = answers, problem, now
}
