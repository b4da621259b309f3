package store

import (
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"messenger-bridge/bridge"
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
	allBy time.Time            // when all of them are written; zero: nothing waits so long
}

type newState struct {
	bridge.ConversationState
	filed time.Time // LastActive in the file
	due   bool      // it is written with the next commit
	gone  bool      // it is deleted with the next commit
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
		n.due = true
		s.lazy.wake(lazyDone)
	} else if s.states.allBy.IsZero() {
		s.states.allBy = s.now().Add(stateSlack)
		s.lazy.wake(stateSlack)
	}
	return n.ConversationState
}

// ForgetState implements bridge.States.
func (s StateTable) ForgetState(c bridge.Conversation) {
	s.states.mu.Lock()
	defer s.states.mu.Unlock()
	s.states.newer[c.String()] = &newState{due: true, gone: true}
	s.lazy.wake(lazyDone)
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

// take hands over what the next commit writes: what is due, and from time to time
// all there is.
func (m *stateMemory) take(now time.Time) map[string]newState {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := !m.allBy.IsZero() && !now.Before(m.allBy)
	var set map[string]newState
	for key, n := range m.newer {
		if !n.due && !all {
			continue
		}
		if set == nil {
			set = map[string]newState{}
		}
		set[key] = *n
		n.due = false
	}
	if all {
		m.allBy = time.Time{}
	}
	return set
}

// takeAll hands over everything, for the last commit.
func (m *stateMemory) takeAll() map[string]newState {
	m.mu.Lock()
	m.allBy = time.Unix(0, 0)
	m.mu.Unlock()
	return m.take(time.Now())
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
			now.due = true
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
	b := g.bucket(bucketTalks)
	for key, n := range set {
		if n.gone {
			g.drop(b, []byte(key))
		} else if v, err := json.Marshal(n.ConversationState); err == nil { // times and words: it can be encoded
			g.put(b, []byte(key), v)
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
			m.newer[string(key)] = &newState{due: true, gone: true}
		}
		return nil
	})
}
