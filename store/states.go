package store

import (
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"messenger-bridge/bridge"
	"messenger-bridge/store/later"
	"messenger-bridge/store/marks"
	"messenger-bridge/store/proof"
)

// StateTable remembers how conversations went.
type StateTable struct{ *file }

var _ bridge.States = StateTable{}

const (
	// stateSlack is by how much the file may be behind when the customer was last active: a
	// conversation that goes on costs one record in that time, not one for each message.
	stateSlack = 5 * time.Minute
	// keepStates is how long after that a conversation is remembered.
	keepStates = 30 * 24 * time.Hour
)

// stateMemory is what is remembered of conversations and not in the file yet. It rides
// with commits that are made anyway.
type stateMemory struct {
	mu    sync.Mutex           // guards all below
	newer map[string]*newState // by conversation
	due   []string             // written with the next commit
	later later.Line           // written when their time has come
}

type newState struct {
	bridge.ConversationState
	filed  time.Time // LastActive in the file
	due    bool      // it is among those written with the next commit
	queued bool      // it is among those written later
	gone   bool      // it is deleted, not written
}

// dueNow has a conversation written with the next commit. It expects the lock to be held.
func (m *stateMemory) dueNow(key string, n *newState) {
	if !n.due {
		n.due = true
		m.due = append(m.due, key)
	}
}

// dueLater has a conversation written at a time, and reports whether that is the first
// for which something waits. It expects the lock to be held.
func (m *stateMemory) dueLater(key string, n *newState, by time.Time) (first bool) {
	if n.due || n.queued {
		return false
	}
	n.queued = true
	return m.later.Add(key, by)
}

// State implements bridge.States.
func (s StateTable) State(c bridge.Conversation) bridge.ConversationState {
	key := c.String()
	s.states.mu.Lock()
	defer s.states.mu.Unlock()
	if n := s.states.newer[key]; n != nil {
		return n.ConversationState
	}
	return s.filed(key)
}

func (s StateTable) filed(key string) (state bridge.ConversationState) {
	_ = s.view(func(tx *bbolt.Tx) error { // what cannot be read is not remembered
		if v := s.tables.Of(tx, bucketTalks).Get([]byte(key)); v != nil {
			_ = json.Unmarshal(v, &state)
		}
		return nil
	})
	return state
}

// ChangeState implements bridge.States.
func (s StateTable) ChangeState(c bridge.Conversation, change func(*bridge.ConversationState)) bridge.ConversationState {
	key := c.String()
	s.states.mu.Lock()
	defer s.states.mu.Unlock()
	n := s.states.newer[key]
	if n == nil {
		filed := s.filed(key)
		n = &newState{ConversationState: filed, filed: filed.LastActive()}
	}
	before := n.ConversationState
	if change(&n.ConversationState); n.ConversationState == before {
		return before
	}
	n.gone = false
	s.states.newer[key] = n
	activeOnly := before
	activeOnly.Window.Heard, activeOnly.Reply.At = n.Window.Heard, n.Reply.At
	if n.ConversationState != activeOnly || n.LastActive().Sub(n.filed) >= stateSlack {
		s.states.dueNow(key, n)
		s.lazy.Wake(marks.ForDone)
	} else if s.states.dueLater(key, n, s.now().Add(stateSlack)) {
		s.lazy.Wake(stateSlack)
	}
	return n.ConversationState
}

// ForgetState implements bridge.States.
func (s StateTable) ForgetState(c bridge.Conversation) {
	s.states.mu.Lock()
	defer s.states.mu.Unlock()
	key, n := c.String(), &newState{gone: true}
	s.states.newer[key] = n
	s.states.dueNow(key, n)
	s.lazy.Wake(marks.ForDone)
}

// EachState implements bridge.States.
func (s StateTable) EachState(each func(bridge.Conversation, bridge.ConversationState)) error {
	all := map[string]bridge.ConversationState{}
	err := s.view(func(tx *bbolt.Tx) error {
		return s.tables.Of(tx, bucketTalks).ForEach(func(key, v []byte) error {
			var state bridge.ConversationState
			if json.Unmarshal(v, &state) == nil {
				all[string(key)] = state
			}
			return nil
		})
	})
	if err != nil {
		return fmt.Errorf("read how conversations went: %w", err)
	}
	s.states.mu.Lock()
	for key, n := range s.states.newer {
		if all[key] = n.ConversationState; n.gone {
			delete(all, key)
		}
	}
	s.states.mu.Unlock()
	for key, state := range all {
		if c, ok := bridge.ConversationOf(key); ok {
			each(c, state)
		}
	}
	return nil
}

// take hands over what the next commit writes: what is due, and of what waited until now a
// slice, the oldest first. wait is for the next of these, 0 if nothing waits.
func (m *stateMemory) take(now time.Time) (set map[string]newState, wait time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.later.Take(now, func(key string) {
		if n := m.newer[key]; n != nil && n.queued {
			n.queued = false
			m.dueNow(key, n)
		}
	})
	if len(m.due) > 0 {
		set = make(map[string]newState, len(m.due))
	}
	for _, key := range m.due {
		m.write(set, key)
	}
	m.due = m.due[:0]
	return set, m.later.Wait(now, marks.ForDone)
}

// write puts a conversation as it is now into what a commit writes.
func (m *stateMemory) write(set map[string]newState, key string) {
	if n := m.newer[key]; n != nil {
		n.due = false
		set[key] = *n
	}
}

// takeAll hands over everything, for the last commit.
func (m *stateMemory) takeAll() map[string]newState {
	m.mu.Lock()
	defer m.mu.Unlock()
	set := make(map[string]newState, len(m.newer))
	for key := range m.newer {
		m.write(set, key)
	}
	m.due, m.later = nil, later.Line{}
	return set
}

// settle ends what take began. What is not durable is tried again.
func (m *stateMemory) settle(set map[string]newState, durable bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for key, written := range set {
		now := m.newer[key]
		switch {
		case now == nil:
		case !durable:
			m.dueNow(key, now)
		case now.ConversationState == written.ConversationState && now.gone == written.gone:
			delete(m.newer, key)
		default: // it went on meanwhile
			now.filed = written.LastActive()
		}
	}
}

func saveStates(g *group, set map[string]newState) {
	if len(set) == 0 {
		return
	}
	b := g.Bucket(bucketTalks)
	for key, n := range set {
		if n.gone {
			g.Drop(b, []byte(key))
		} else if v, err := json.Marshal(n.ConversationState); err == nil { // times and words: it can be encoded
			g.Put(b, []byte(key), v)
		}
	}
}

// load lets go of conversations from which nothing can follow any more.
func (m *stateMemory) load(b proof.Bucket, now time.Time) error {
	m.newer = map[string]*newState{}
	over := now.Add(-keepStates)
	return b.ForEach(func(key, v []byte) error {
		var state bridge.ConversationState
		if json.Unmarshal(v, &state) != nil || state.LastActive().Before(over) {
			n := &newState{gone: true}
			m.newer[string(key)] = n
			m.dueLater(string(key), n, now)
		}
		return nil
	})
}
