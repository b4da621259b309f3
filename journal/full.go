package journal

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// ErrFull says that the journal stores nothing because NATS has no room for it. The text says what to do.
var ErrFull = errors.New("the journal is full")

// What NATS refuses a record for when there is no room: limits of the account, of the server, of its disk, and of the
// stream (whose code stands for whatever keeps it from storing).
var noRoom = []jetstream.ErrorCode{10002, 10023, 10047, 10077}

// fullAfter is how long NATS must refuse a record: when its nodes change who leads, they may for a moment.
const fullAfter = time.Second

// refusal is since when, and why, NATS refuses what it is offered for want of room.
type refusal struct {
	since time.Time
	err   error
	said  bool
}

// offered notes how offering a record ended. The log hears once that the journal is full, and once that it is not any
// more. Its caller holds the term's lock.
func (s *Stream) offered(err error) {
	var api *jetstream.APIError
	before := s.refused.Load()
	switch {
	case err == nil && before == nil:
	case err == nil:
		s.refused.Store(nil)
		if before.said {
			s.cfg.Log.Info("the journal stores again", "journal", s.cfg.Name)
		}
	case !errors.As(err, &api) || !slices.Contains(noRoom, api.ErrorCode): // it says nothing about room
	case before == nil:
		s.refused.Store(&refusal{time.Now(), err, false})
	case !before.said && s.Full() != nil:
		s.cfg.Log.Error("nothing can be stored", "err", s.Full())
		s.refused.Store(&refusal{before.since, err, true})
	}
}

// Full returns nil, or why the journal stores nothing for want of room, with what to do.
func (s *Stream) Full() error {
	r := s.refused.Load()
	if r == nil || time.Since(r.since) < fullAfter {
		return nil
	}
	return fmt.Errorf("%w since %s: NATS stores no record of the stream %s (%w); take limits off the stream and its account (nats stream edit, nats account info), "+
		"or make room on the disks of its nodes; it goes on by itself then", ErrFull, r.since.UTC().Format("15:04:05 MST"), s.cfg.Name, r.err)
}
