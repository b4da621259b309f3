package stream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/rocketchat"
	"messenger-bridge/rocketchat/wire"
)

const (
	cursor = "rocketchat" // name of the cursor: all rooms were read up to then

	// overlap is read again with every sweep: clocks differ, and a message becomes
	// visible a little after its time.
	overlap = 2 * time.Minute

	// oldest is how far back a message is still relayed. It is less than what the
	// store remembers of messages seen, because an old message appears again when
	// somebody reacts to it.
	oldest = 6 * 24 * time.Hour

	// settled is how old a message must be before the stream can be blamed for not
	// having brought it.
	settled = 5 * time.Second

	pageSize = 50 // rooms asked for at once
	pageJoin = 10 // of which so many are of the page before: rooms close meanwhile
)

// backgroundRead is REST work. It runs beside the stream, so that what comes in there does
// not wait for it, and touches nothing that belongs to the session; what it returns
// is then done by the session.
type backgroundRead func(context.Context) (then func(context.Context) error)

// catchUp reads over REST what the stream did not bring, and what was written before a
// room was known. It belongs to the session's goroutine; what runs in the background
// touches nothing of it.
type catchUp struct {
	cfg      *Config
	in       *sorter
	order    *ordering
	pending  *pendingRooms
	progress *progress
	opened   *openedRooms

	missed int // messages that the stream should have brought
	tooOld tooOld
}

// nextRoom is the background read of a pending room; nil if there is none
// now, with how long until there is.
func (s *catchUp) nextRoom() (backgroundRead, time.Duration) {
	d, asked, wait := s.pending.due()
	if d == nil {
		return nil, wait
	}
	return s.readRoom(d, asked), wait
}

// readRoom reads what was written in a pending room; asked is the room as it was when
// the read began.
func (s *catchUp) readRoom(d *pendingRoom, asked pendingRoom) backgroundRead {
	return func(ctx context.Context) func(context.Context) error {
		if asked.found {
			whose, ours, err := s.cfg.Store.Conversation(asked.room)
			if err != nil || !ours {
				return func(ctx context.Context) error { return s.notOursYet(ctx, d, asked, err) }
			}
			s.pending.belongs(asked.room, whose)
		}
		messages, err := s.written(ctx, asked)
		return func(ctx context.Context) error {
			if err != nil {
				return s.couldNotRead(ctx, d, asked, err)
			}
			return s.takeIn(ctx, d, asked, messages)
		}
	}
}

// written returns what was written in a room, and changed, since, oldest first.
func (s *catchUp) written(ctx context.Context, d pendingRoom) ([]wire.Message, error) {
	since := d.since
	if limit := s.cfg.Client.ServerTime().Add(-oldest); d.tries > 0 && since.Before(limit) {
		since = limit // perhaps it was too much
	}
	messages, err := s.cfg.Client.Since(ctx, d.room, since)
	if err != nil {
		return nil, err
	}
	for i := range messages {
		messages[i].Kind = d.kind
	}
	messages = slices.DeleteFunc(messages, func(m wire.Message) bool { return m.Touched().Before(since) && !m.At.IsZero() })
	for i := range messages {
		messages[i].Old = messages[i].At.Before(since) && !messages[i].At.IsZero()
	}
	slices.SortStableFunc(messages, func(a, b wire.Message) int { return a.At.Compare(b.At.Time) })
	return messages, nil
}

// takeIn accepts what was found in a room, and after it what has waited for it. If an older room
// of the same customer has become known meanwhile, that is read first, and this one once more.
func (s *catchUp) takeIn(ctx context.Context, d *pendingRoom, asked pendingRoom, messages []wire.Message) error {
	if s.pending.behind(d) {
		return nil
	}
	now := s.cfg.Client.ServerTime()
	if asked.judged { // what is younger may still be on its way; the next sweep sees it again
		upTo := s.order.before(now.Add(-min(settled, s.cfg.SweepEvery)))
		messages = slices.DeleteFunc(messages, func(m wire.Message) bool { return !m.Touched().Before(upTo) || s.order.holds(m) })
	}
	s.countTooOld(asked, messages, now.Add(-oldest))
	s.order.read(messages)
	orphans := s.in.takeOrphans(asked.room) // REST has brought these as well, in their place
	fresh, err := s.in.accept(ctx, slices.DeleteFunc(slices.Clone(messages), wire.Message.Gone))
	if err == nil && len(orphans) > 0 {
		_, err = s.in.to.fromAgent(ctx, orphans)
	}
	if err != nil {
		return err
	}
	if asked.judged {
		s.missed += fresh
	}
	// Most deletions do not come on the stream (rocketchat.md 3), so it is not to blame.
	if _, err := s.in.accept(ctx, slices.DeleteFunc(messages, func(m wire.Message) bool { return !m.Gone() })); err != nil {
		return err
	}
	return s.handOnHeld(ctx, s.pending.finish(d))
}

// handOnHeld hands on what has waited for a room: by when it was written, because what waited
// longest may have waited for another room before.
func (s *catchUp) handOnHeld(ctx context.Context, held []wire.Message) error {
	slices.SortStableFunc(held, func(a, b wire.Message) int { return a.At.Compare(b.At.Time) })
	err := s.handOn(ctx, held)
	s.opened.tell() // what waits in new rooms may have waited for this one
	return err
}

// handOn accepts messages, but for those that would overtake what is still to be read.
func (s *catchUp) handOn(ctx context.Context, messages []wire.Message) error {
	batch := messages[:0]
	for _, m := range messages {
		waits, err := s.waits(m)
		if err != nil {
			return err
		} else if !waits {
			batch = append(batch, m)
		}
	}
	_, err := s.in.accept(ctx, batch)
	return err
}

// countTooOld counts what agents wrote too long ago to be relayed: nobody was
// connected for days.
func (s *catchUp) countTooOld(d pendingRoom, messages []wire.Message, limit time.Time) {
	bot, _ := s.cfg.Client.Bot()
	if d.kind != wire.CustomerRoom {
		return
	}
	count := 0
	for _, m := range messages {
		if m.At.Before(limit) && !m.At.IsZero() && m.ByPeople(bot) {
			count++
		}
	}
	if count > 0 {
		s.tooOld.count += count
		s.tooOld.rooms++
		s.tooOld.room = d.room
	}
}

// unmeantFor is for how long a room is asked for again of which Rocket.Chat, or who stands before it, refuses to tell without a code.
const unmeantFor = 10 * time.Minute

// couldNotRead keeps a room pending. One room must not keep the session from all others. A refusal that names no
// code may be Rocket.Chat's failing database.
func (s *catchUp) couldNotRead(ctx context.Context, d *pendingRoom, asked pendingRoom, err error) error {
	log := s.cfg.Log.With("room", asked.room, "err", err)
	switch {
	case endsSession(ctx, err):
		return fmt.Errorf("messages of room %s: %w", asked.room, err)
	case rocketchat.Meant(err), rocketchat.RefusedForGood(err) && time.Since(asked.added) > unmeantFor, asked.kind != wire.CustomerRoom && asked.tries >= holdTries:
		log.Warn("a room cannot be looked into")
		return s.takeIn(ctx, d, asked, nil)
	}
	if asked.tries == 0 {
		log.Warn("a room cannot be looked into yet; what is written there meanwhile waits for a moment")
	}
	if held, tooLong := s.pending.postpone(d, s.cfg.retryAfter(asked.tries)); tooLong {
		log.Warn("a room cannot be looked into for some time; what is written there is relayed all the same, and what may be missing comes later")
		return s.handOnHeld(ctx, held)
	}
	return nil
}

// notOursYet is for a room that is about to become a conversation's.
func (s *catchUp) notOursYet(ctx context.Context, d *pendingRoom, asked pendingRoom, err error) error {
	if err != nil {
		return err
	}
	if time.Since(asked.added) > orphanGrace { // it did not; if it does, it is announced again
		return s.handOnHeld(ctx, s.pending.finish(d))
	}
	s.pending.later(d, min(s.cfg.retryAfter(asked.tries), time.Second))
	return nil
}

// rest is for when nothing is left to be done at the moment: it saves how far all
// was read, and says what the sweeps have found.
func (s *catchUp) rest() error {
	if err := s.progress.save(); err != nil {
		return err
	}
	if s.tooOld.count > 0 {
		s.cfg.Log.Warn("agents' messages were found too late to be relayed; the bridge had not been connected for days",
			"count", s.tooOld.count, "rooms", s.tooOld.rooms, "room", s.tooOld.room, "older", oldest)
		s.tooOld = tooOld{}
	}
	if s.missed == 0 {
		return nil
	}
	s.cfg.Metrics.Missed.Add(float64(s.missed))
	s.cfg.Log.Warn("messages found that the stream had not brought", "count", s.missed)
	s.missed = 0
	return errors.New("the stream does not bring everything")
}

// tooOld is what was found and is not relayed any more.
type tooOld struct {
	count, rooms int
	room         bridge.RoomID // one of them
}

// waits keeps a message back that would overtake older ones of its customer.
func (s *catchUp) waits(m wire.Message) (bool, error) {
	if s.pending.none() {
		return false, nil
	}
	whose, _, err := s.cfg.Store.Conversation(bridge.RoomID(m.Room))
	if err != nil {
		return false, err
	}
	return s.pending.wait(m, whose)
}

// handOnOrphans hands on what was written in rooms before they were known. A room is
// forgotten only when that is done, and waits for older rooms of the same customer.
func (s *catchUp) handOnOrphans(ctx context.Context) error {
	for _, room := range s.opened.all() {
		if whose, _, err := s.cfg.Store.Conversation(room); err != nil {
			return err
		} else if s.pending.holds(whose) {
			continue
		}
		if messages := s.in.takeOrphans(room); len(messages) > 0 {
			if _, err := s.in.to.fromAgent(ctx, messages); err != nil {
				s.in.orphans.messages = append(messages, s.in.orphans.messages...)
				return err
			}
		}
		s.opened.remove(room)
	}
	return nil
}
