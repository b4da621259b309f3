package stream

import "time"

// progress is how far all rooms were read, which the cursor keeps for a restart.
type progress struct {
	cfg     *Config
	pending *pendingRooms
}

// save moves the cursor as far as everything was read.
func (p *progress) save() error {
	p.pending.mu.Lock()
	defer p.pending.mu.Unlock()
	at := p.pending.reached()
	if at.IsZero() || at.Equal(p.pending.saved) {
		return nil
	}
	if err := p.cfg.Store.SaveCursor(cursor, at); err != nil {
		return err
	}
	p.pending.saved = at
	return nil
}

// begin takes up where the last process stopped. Before the first sweep ever, what
// counts is from now on: the bot opens rooms as soon as it is logged in.
func (p *progress) begin() error {
	p.pending.mu.Lock()
	defer p.pending.mu.Unlock()
	if !p.pending.goal.IsZero() {
		return nil
	}
	at, err := p.cfg.Store.Cursor(cursor)
	if err == nil && at.IsZero() {
		at = p.cfg.Client.ServerTime()
		err = p.cfg.Store.SaveCursor(cursor, at)
	}
	if err != nil {
		return err
	}
	p.pending.goal, p.pending.saved = at, at
	return nil
}

// keepBack moves the cursor back before what may be missing of rooms of one conversation, the
// oldest first. It is called before the last is ours, so a restart reads it even if we stop in between.
func (p *progress) keepBack(rooms ...pendingRoom) {
	p.pending.mu.Lock()
	defer p.pending.mu.Unlock()
	p.pending.add(rooms...)
	since := rooms[0].since
	for i, d := range rooms {
		if i > 0 {
			p.pending.precede(p.pending.rooms[rooms[i-1].room], p.pending.rooms[d.room])
		}
		if d.since.Before(since) {
			since = d.since
		}
	}
	at := since.Add(overlap)
	saved, err := p.cfg.Store.Cursor(cursor)
	if err == nil && (saved.IsZero() || saved.After(at)) && p.cfg.Store.SaveCursor(cursor, at) == nil {
		p.pending.saved = at
	} // a store that fails does not make the room ours either
}

// readUntil is up to when nothing is missing of any room.
func (p *progress) readUntil() time.Time {
	p.pending.mu.Lock()
	defer p.pending.mu.Unlock()
	if p.pending.saved.IsZero() {
		return p.cfg.Client.ServerTime().Add(-oldest)
	}
	return p.pending.saved
}
