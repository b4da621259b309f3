package notices

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/queue"
	"messenger-bridge/language"
)

// Config is what Notices are made of.
type Config struct {
	Lanes    *queue.Lanes
	Notifier bridge.Notifier
	Commands bridge.CommandHandler
	Receipts bridge.Receipts
	Sent     bridge.SentLog
	States   bridge.States
	Pages    bridge.Pages
	Patience time.Duration            // how long a notice is tried that the workspace refuses, but takes of others
	Refused  func(a *bridge.Response) // called for each refusal of a notice; must not block
	Now      func() time.Time
	Say      *language.Speaker
	Log      *slog.Logger
}

// Notices stores what is to be told, and tells it.
type Notices struct {
	Config
	Pace *Pace // of what one person types; nil: as fast as they like
}

// New returns Notices.
func New(c Config) *Notices { return &Notices{Config: c} }

// Tell stores notices about messages of a conversation, all or none; an agent reads each of
// them once, whatever repeats.
func (o *Notices) Tell(ctx context.Context, c bridge.Conversation, some ...bridge.Notice) error {
	return o.store(ctx, c.Lane(), some...)
}

// Announce tells everybody in the setup channel something, once per key.
func (o *Notices) Announce(ctx context.Context, key, text string) error {
	return o.store(ctx, bridge.AnnouncementLane(), bridge.Notice{Kind: bridge.Announcement, Topic: key, Text: text})
}

// Told reports whether a notice of this key was ever stored.
func (o *Notices) Told(n bridge.Notice) bool { return o.Lanes.Store.Seen(string(n.Key())) }

func (o *Notices) store(ctx context.Context, lane bridge.Lane, some ...bridge.Notice) error {
	if len(some) == 0 {
		return nil
	}
	var entries []bridge.Entry
	for _, n := range some {
		e, err := entry(lane, n, o.Now())
		if err != nil {
			return err
		}
		entries = append(entries, e)
	}
	_, err := o.Lanes.Append(ctx, entries, nil)
	return err
}

// entry makes of a notice what is stored.
func entry(lane bridge.Lane, n bridge.Notice, now time.Time) (bridge.Entry, error) {
	n.At = now
	body, err := json.Marshal(n)
	if err != nil {
		return bridge.Entry{}, fmt.Errorf("%w: encode a notice: %w", bridge.ErrUnstorable, err)
	}
	return bridge.Entry{Lane: lane, Key: string(n.Key()), Body: body}, nil
}

// Deliver tells the notice that is the oldest of its lane. Every notice has a message id
// of its own, so a repeat is harmless.
func (o *Notices) Deliver(ctx context.Context, seq bridge.Seq) error {
	d, err := o.Lanes.Store.Delivery(seq)
	if err != nil {
		return bridge.AckedOrRetry(err)
	}
	var n bridge.Notice
	if err := json.Unmarshal(d.Body, &n); err != nil {
		return o.Lanes.SetAside(d, err)
	}
	d.Subject = bridge.Subject{What: string(n.Kind), ID: string(n.Message)}
	if err := o.tell(ctx, n); err != nil {
		return o.untold(ctx, d, n, bridge.RefusalOf(err))
	}
	return o.Lanes.Conclude(d)
}

// untold decides what becomes of a notice that was not told. What the workspace keeps
// refusing in its place is told to whom it concerns by direct message; if that is refused for
// as long again, too, or nobody is concerned, it is given up.
func (o *Notices) untold(ctx context.Context, d bridge.Delivery, n bridge.Notice, r *bridge.Refusal) error {
	if r.OfItem() {
		o.Refused(r.Answer)
	}
	if r.Verdict != bridge.Never && tooMuch(o.Config, d, r, o.Patience) {
		instead := aside(ctx, o, n)
		switch {
		case instead == nil:
			return o.Lanes.Conclude(d)
		case instead.Verdict != bridge.Never && !instead.OfItem(): // it says nothing of this notice
			r = instead
		case r.Answer.Everybody():
		case instead.Verdict == bridge.Never || tooMuch(o.Config, d, r, 2*o.Patience):
			r.Verdict = bridge.Never
		}
	}
	if r.Verdict == bridge.Never {
		o.Log.Error("an agent could not be told", "delivery", d.Seq, "notice", n.Kind, "reason", n.Reason, "err", r.Err)
		return o.Lanes.DeadLetter(d, r.Reason, r.Detail())
	}
	r.Verdict = bridge.Again
	return r
}

// aside tells a notice by direct message, if there is somebody whom it concerns; nil means that it is told.
func aside(ctx context.Context, o *Notices, n bridge.Notice) *bridge.Refusal {
	if n.To.Username == "" || n.Kind == bridge.CommandReceived {
		return &bridge.Refusal{Verdict: bridge.Never}
	}
	n.Aside = true
	if err := o.tell(ctx, n); err != nil {
		return bridge.RefusalOf(err)
	}
	return nil
}

// tooMuch reports whether a notice was refused for so long.
func tooMuch(o Config, d bridge.Delivery, r *bridge.Refusal, patience time.Duration) bool {
	if !r.OfItem() {
		return false
	}
	before := o.Lanes.Look().Refusals(d.Lane)
	before.Count++
	return before.Persist(r.Answer, patience)
}

func (o *Notices) tell(ctx context.Context, n bridge.Notice) error {
	switch n.Kind {
	case bridge.CommandReceived:
		return o.runCommand(ctx, n)
	case bridge.HasArrived:
		read := n
		if read.Kind = bridge.WasRead; o.Told(read) { // that mark says more
			return nil
		}
	}
	n.Sentence = sentence(n, o.Say)
	return o.Notifier.Notify(ctx, n)
}

// SurveySkipped says in a room that was closed that the customer was not asked how it was.
func (o *Notices) SurveySkipped(ctx context.Context, c bridge.Conversation, room bridge.RoomID, why bridge.Reason) error {
	return o.Tell(ctx, c, bridge.Notice{Kind: bridge.SurveySkipped, Room: room, Topic: "survey/" + string(room), Reason: why})
}
