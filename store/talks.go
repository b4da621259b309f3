package store

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"messenger-bridge/bridge"
)

var _ bridge.Talks = (*Store)(nil)

const (
	// talkSlack is by how much the file may be behind what was last heard: a talk that
	// goes on costs one record in that time, not one for each message.
	talkSlack = 5 * time.Minute
	// keepTalks is how long after the customer was last heard a talk is remembered.
	keepTalks = 30 * 24 * time.Hour
)

// talks are what is remembered of conversations and not in the file yet. It rides with
// commits that are made anyway.
type talks struct {
	mu    sync.Mutex          // guards all below
	newer map[string]*newTalk // by lane
	allBy time.Time           // when all of them are written; zero: nothing waits so long
}

type newTalk struct {
	bridge.Talk
	filed time.Time // Heard in the file
	due   bool      // it is written with the next commit
	gone  bool      // it is deleted with the next commit
}

// Talk implements bridge.Talks.
func (s *Store) Talk(c bridge.Conversation) bridge.Talk {
	s.talks.mu.Lock()
	defer s.talks.mu.Unlock()
	if t := s.talks.newer[string(c.Lane())]; t != nil {
		return t.Talk
	}
	return s.filedTalk(c.Lane())
}

func (s *Store) filedTalk(lane bridge.Lane) (t bridge.Talk) {
	_ = s.view(func(tx *bbolt.Tx) error { // what cannot be read is not remembered
		if v := tx.Bucket(bucketTalks).Get([]byte(lane)); v != nil {
			_ = json.Unmarshal(v, &t)
		}
		return nil
	})
	return t
}

// ChangeTalk implements bridge.Talks.
func (s *Store) ChangeTalk(c bridge.Conversation, change func(*bridge.Talk)) bridge.Talk {
	lane := c.Lane()
	s.talks.mu.Lock()
	defer s.talks.mu.Unlock()
	t := s.talks.newer[string(lane)]
	if t == nil {
		filed := s.filedTalk(lane)
		t = &newTalk{Talk: filed, filed: filed.Heard}
	}
	before := t.Talk
	if change(&t.Talk); t.Talk == before {
		return before
	}
	t.gone = false
	s.talks.newer[string(lane)] = t
	heardOnly := before
	heardOnly.Heard = t.Heard
	if t.Talk != heardOnly || t.Heard.Sub(t.filed) >= talkSlack {
		t.due = true
		s.lazy.wake(lazyDone)
	} else if s.talks.allBy.IsZero() {
		s.talks.allBy = s.now().Add(talkSlack)
		s.lazy.wake(talkSlack)
	}
	return t.Talk
}

// ForgetTalk implements bridge.Talks.
func (s *Store) ForgetTalk(c bridge.Conversation) {
	s.talks.mu.Lock()
	defer s.talks.mu.Unlock()
	s.talks.newer[string(c.Lane())] = &newTalk{due: true, gone: true}
	s.lazy.wake(lazyDone)
}

// EachTalk implements bridge.Talks.
func (s *Store) EachTalk(each func(bridge.Conversation, bridge.Talk)) error {
	all := map[string]bridge.Talk{}
	err := s.view(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucketTalks).ForEach(func(lane, v []byte) error {
			var t bridge.Talk
			if json.Unmarshal(v, &t) == nil {
				all[string(lane)] = t
			}
			return nil
		})
	})
	if err != nil {
		return fmt.Errorf("read talks: %w", err)
	}
	s.talks.mu.Lock()
	for lane, t := range s.talks.newer {
		if all[lane] = t.Talk; t.gone {
			delete(all, lane)
		}
	}
	s.talks.mu.Unlock()
	for lane, t := range all {
		if part := strings.SplitN(lane, "/", 3); len(part) == 3 {
			each(bridge.Conversation{Page: bridge.PageID(part[0]), Kind: bridge.Kind(part[1]), Customer: bridge.CustomerID(part[2])}, t)
		}
	}
	return nil
}

// take hands over what the next commit writes: what is due, and from time to time
// all there is.
func (t *talks) take(now time.Time) map[string]newTalk {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := !t.allBy.IsZero() && !now.Before(t.allBy)
	var set map[string]newTalk
	for lane, talk := range t.newer {
		if !talk.due && !all {
			continue
		}
		if set == nil {
			set = map[string]newTalk{}
		}
		set[lane] = *talk
		talk.due = false
	}
	if all {
		t.allBy = time.Time{}
	}
	return set
}

// takeAll hands over everything, for the last commit.
func (t *talks) takeAll() map[string]newTalk {
	t.mu.Lock()
	t.allBy = time.Unix(0, 0)
	t.mu.Unlock()
	return t.take(time.Now())
}

// settle ends what take began. What is not durable is tried again.
func (t *talks) settle(set map[string]newTalk, durable bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for lane, written := range set {
		now := t.newer[lane]
		switch {
		case now == nil:
		case !durable:
			now.due = true
		case now.Talk == written.Talk && now.gone == written.gone:
			delete(t.newer, lane)
		default: // it went on meanwhile
			now.filed = written.Heard
		}
	}
}

func (g *group) saveTalks(set map[string]newTalk) {
	if len(set) == 0 {
		return
	}
	b := g.bucket(bucketTalks)
	for lane, talk := range set {
		if talk.gone {
			g.drop(b, []byte(lane))
		} else if v, err := json.Marshal(talk.Talk); err == nil { // times and words: it can be encoded
			g.put(b, []byte(lane), v)
		}
	}
}

// loadTalks lets go of talks from which nothing can follow any more.
func (s *Store) loadTalks(tx *bbolt.Tx) error {
	s.talks.newer = map[string]*newTalk{}
	over := s.now().Add(-keepTalks)
	return tx.Bucket(bucketTalks).ForEach(func(lane, v []byte) error {
		var t bridge.Talk
		if json.Unmarshal(v, &t) != nil || t.Heard.Before(over) {
			s.talks.newer[string(lane)] = &newTalk{due: true, gone: true}
		}
		return nil
	})
}
