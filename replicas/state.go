package replicas

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"messenger-bridge/journal"
	"messenger-bridge/replica"
)

// State is how a replica is, for `status`.
type State struct {
	Name       string     `json:"name"`
	Role       string     `json:"role"` // starting, standby, leader or suspended
	Problem    string     `json:"problem,omitempty"`
	Full       bool       `json:"full,omitempty"` // the journal stores nothing for want of room; problem says what to do
	Leader     string     `json:"leader,omitempty"`
	LeaderURL  string     `json:"leaderUrl,omitempty"`
	Epoch      uint64     `json:"epoch"`
	Position   uint64     `json:"position"`
	LagRecords uint64     `json:"lagRecords"`
	LagSeconds float64    `json:"lagSeconds"`
	Reachable  bool       `json:"reachable"` // the journal was reached a moment ago
	Snapshot   *time.Time `json:"snapshot,omitempty"`

	Takeovers map[string]int   `json:"-"`
	Figures   *journal.Figures `json:"-"`
}

// mostBehind is by how much a standby may be behind and still be ready.
const mostBehind = 10.0

// Ready returns nil if this replica can take requests: it leads, or it follows and knows who leads.
func (s State) Ready() error {
	switch {
	case s.Full:
		return errors.New(s.Problem)
	case s.Role == Leader:
		return nil
	case s.Role == Suspended:
		return errors.New(s.Problem)
	case s.Role != Standby:
		return fmt.Errorf("this replica is starting: %s", s.Problem)
	case !s.Reachable:
		return fmt.Errorf("the journal is not reached")
	case s.Leader == "":
		return fmt.Errorf("nobody is known to lead")
	case s.LagSeconds > mostBehind:
		return fmt.Errorf("this replica is %.0f s behind", s.LagSeconds)
	}
	return nil
}

// State returns how the replica is.
func (m *Member) State() State {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := State{Name: m.cfg.Journal.Self.Name, Role: m.role, Problem: m.problem, Takeovers: maps.Clone(m.takeovers)}
	if made := m.snapshot.Made; !made.IsZero() {
		s.Snapshot = &made
	}
	if m.stream != nil {
		s.Figures = &m.stream.Figures
		s.Position = m.stream.Figures.Position()
		if err := m.stream.Full(); err != nil {
			s.Full, s.Problem = true, err.Error()
		}
	}
	switch {
	case m.term != nil:
		s.Leader, s.LeaderURL, s.Reachable = s.Name, m.cfg.Journal.Self.URL, m.term.Leads()
		if s.Epoch = m.term.Epoch(); !s.Reachable {
			s.suspend()
		}
	case m.follower != nil:
		l := m.follower.Leader()
		s.Leader, s.LeaderURL, s.Epoch = l.Name, l.URL, m.follower.At().Epoch
		var since time.Duration
		s.LagRecords, since, s.Reachable = m.follower.Lag()
		s.LagSeconds = since.Seconds()
	default:
		s.Leader, s.LeaderURL = m.known.Name, m.known.URL
	}
	return s
}

// Works reports whether the whole bridge runs in this replica, although it may be suspended.
func (s State) Works() bool { return s.Role == Leader || s.Role == Suspended }

// Says tells whether a replica leads, and else who does; empty without replicas.
func (s *State) Says() string {
	switch {
	case s == nil:
		return ""
	case s.Role == Leader:
		return fmt.Sprintf("this replica (%s) leads", s.Name)
	case s.Role == Suspended:
		return fmt.Sprintf("this replica (%s) is suspended: %s", s.Name, s.Problem)
	case s.Leader == "":
		return fmt.Sprintf("this replica (%s) is %s and carries out nothing; nobody is known to lead", s.Name, s.Role)
	}
	return fmt.Sprintf("this replica (%s) is %s and carries out nothing; ask %s", s.Name, s.Role, strings.TrimSpace(s.Leader+" "+s.LeaderURL))
}

// Trouble returns why this replica takes nothing, and what to do about it; nothing if it does.
func (s State) Trouble() (why, do string) {
	err := s.Ready()
	switch {
	case err == nil:
		return "", ""
	case s.Full:
		return err.Error(), "Make room for the journal in NATS."
	}
	return err.Error(), "Look at the nodes of NATS, of which two must run, and at the network between them and this replica."
}

// suspend says that a replica's time to lead is over unless the journal answers.
func (s *State) suspend() {
	s.Role, s.Leader, s.LeaderURL = Suspended, "", ""
	if s.Problem == "" {
		s.Problem = "this replica has led, and does nothing until the journal answers; another may lead meanwhile"
	}
}

// Leader returns who leads, as far as this replica knows; without a name nobody. It may know although it cannot
// follow because its disk is full.
func (m *Member) Leader() replica.Claim {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.follower == nil {
		return m.known
	}
	return m.follower.Leader()
}
