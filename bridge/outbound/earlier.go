package outbound

import (
	"time"

	"messenger-bridge/bridge"
)

// Earlier tells which messages another bridge may have sent, one whose store is lost, or was
// copied before.
type Earlier interface {
	// SentBefore reports whether a message of a room, with its time by the workspace's clock,
	// may have been sent by another bridge, and if so, when that may have been at the latest,
	// by our clock; zero: long ago.
	SentBefore(room bridge.RoomID, at time.Time) (maybe bool, latest time.Time)
	// Inherited reports whether what was accepted at a time, by our clock, may have been in
	// the store when it was copied.
	Inherited(accepted time.Time) bool
}

// noEarlier is for a bridge that has always been the only one.
type noEarlier struct{}

func (noEarlier) SentBefore(bridge.RoomID, time.Time) (bool, time.Time) { return false, time.Time{} }
func (noEarlier) Inherited(time.Time) bool                              { return false }

// earlier reports whether another bridge may have sent a message.
func (c *Config) earlier(a *attempt) bool {
	maybe, _ := c.Memory.Earlier.SentBefore(a.out.Room, a.out.At)
	return maybe && a.out.Room != "" || c.Memory.Earlier.Inherited(a.d.Accepted)
}

// nextPart is the progress with which the next part begins. It may be sent at once, unless
// another bridge sent the current one: then it may have sent more.
func (c *Config) nextPart(a *attempt) bridge.Progress {
	p := a.d.Progress
	next := bridge.Progress{State: bridge.InFlight, Part: p.Part + 1, Tried: c.Now(), Tagged: p.Tagged}
	switch {
	case p.State == bridge.Doubtful:
		next.State, next.Tried = p.State, p.Tried
	case p.State == bridge.OutcomeUnknown && a.found && c.earlier(a): // it is tried again (Retry)
		next.State, next.Tried, next.Attempts = p.State, p.Tried, 1
	}
	return next
}

// noneLater reports whether the thread shows that another bridge has sent neither this
// message nor a later one: all it shows of the page's messages is known. Without this, each
// of those would cost a look into the thread.
func (r resolver) noneLater(a *attempt, seen bridge.Sighting) bool {
	if a.out.Conversation.Kind != bridge.Messages || a.d.Progress.State != bridge.Doubtful {
		return false
	}
	for _, mid := range seen.Shown {
		if _, known := r.Memory.Receipts.TagOf(a.page.ID, mid); !known {
			return false
		}
	}
	return true
}

// probablyNew reports whether nothing but clocks that differ a little speaks for another
// bridge: what was written right after the border is looked for, and sent if it is not found.
func (r resolver) probablyNew(a *attempt) bool {
	maybe, latest := r.Memory.Earlier.SentBefore(a.out.Room, a.out.At)
	return a.d.Progress.State == bridge.Doubtful && maybe && latest.IsZero() && !r.Memory.Earlier.Inherited(a.d.Accepted)
}

// triedSince returns since when it is tried to find out whether a message has arrived. What
// another bridge may have sent waits for its turn first, perhaps long.
func (r resolver) triedSince(a *attempt) time.Time {
	if a.d.Progress.State == bridge.Doubtful {
		return r.progress.noteUnreadable(a.d.Seq, r.Now())
	}
	return a.d.Progress.Tried
}

// since returns a time, by our clock, before which a message was certainly not sent. It was
// written by the workspace's clock, and accepted by ours as it was then.
func (c *Config) since(out Outgoing, accepted time.Time) time.Time {
	all := []time.Time{out.At, out.Since}
	if out.Room != "" && !out.At.IsZero() { // what is said in no room has its time by our clock
		all = append(all, c.Workspace.OurTime(out.At))
	}
	for _, at := range all {
		if !at.IsZero() && at.Before(accepted) {
			accepted = at
		}
	}
	return accepted
}
