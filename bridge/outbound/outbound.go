package outbound

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/notices"
	"messenger-bridge/bridge/queue"
	"messenger-bridge/language"
	"messenger-bridge/recent"
)

// Config is what an Outbound is made of.
type Config struct {
	Lanes     *queue.Lanes
	Notices   *notices.Notices
	Gestures  *Gestures // nil: none are made
	Sender    bridge.Sender
	Memory    Memory
	Workspace Workspace
	Personas  PersonaConfig
	Times     Times
	Hooks     Hooks
	Now       func() time.Time // ours, which may be set; nil: time.Now
	Say       *language.Speaker
	Log       *slog.Logger
}

// Memory is what is known of pages, customers and what was sent to them.
type Memory struct {
	Pages    bridge.Pages
	Receipts bridge.Receipts
	States   bridge.States // nil: nothing is remembered
	Links    bridge.Links

	// TextHash makes of a text a fingerprint that tells nothing; nil: each edit counts as
	// a change of the text.
	TextHash func(purpose, text string) string
	// Earlier tells what another bridge may have sent; nil: there was none.
	Earlier Earlier
}

// Workspace is what Rocket.Chat knows.
type Workspace struct {
	Rooms  Rooms
	People bridge.People // nil: nobody answers after the plain window
	Files  bridge.Files
	// TakenBack reports whether a message is certainly deleted of whose deletion nobody may have
	// told; nil: all are told.
	TakenBack func(context.Context, bridge.MessageID) bool
	// OurTime returns what our clock showed when the workspace's showed a time; nil: they
	// show the same.
	OurTime func(time.Time) time.Time
}

// Rooms tell whose a room is.
type Rooms interface {
	// Conversation returns the conversation a room was opened for, closed rooms
	// included, and false for rooms that are not ours.
	Conversation(bridge.RoomID) (bridge.Conversation, bool, error)
}

// PersonaConfig is what is needed for writing under an agent's name and picture.
type PersonaConfig struct {
	Maker   bridge.Personas // nil: agents' names stand in the text
	Store   bridge.PersonaStore
	Picture func(bridge.Author) string // address of an agent's picture; "" if there is none
}

// Times that are zero get the default that stands beside them.
type Times struct {
	EchoWait   time.Duration // how long an echo may take; 30 s
	ResolveFor time.Duration // how long to try to find out whether a part arrived; 10 min
	TellAfter  time.Duration // when an agent is told that a message still waits; 1 min
	FileFor    time.Duration // how long to try to get a file that is not handed out, while the workspace works; 2 min
}

// Hooks are called when something happens. Each may be nil; none may block.
type Hooks struct {
	// PageRefused is called when Meta refuses everything of a page, and what waits
	// for it stays; or when it does not let comments of the page be answered.
	PageRefused func(bridge.PageID, *bridge.Refusal)
	// PageSent is called when Meta has taken a message of a page that was restricted.
	PageSent func(bridge.PageID)
	// Active is called before a message of a page is concluded that a customer has got.
	Active func(bridge.PageID)
	// Delivered is called after a message that somebody wrote was concluded.
	Delivered func()
}

// Outbound is the way from agents to customers.
type Outbound struct {
	*Config // set by New, never changed
	started time.Time

	composer composer
	progress *progress
	failing  *failingFiles
	alone    *alone
	edits    *edits
	reports  reports
	endings  endings
	resolver resolver
	personas *personas
	tag      *humanTag
	noted    *recent.Map[noter, noted]
}

// New returns an Outbound that knows nothing of what an earlier run left until Load.
func New(c Config) *Outbound {
	c.fillIn()
	progress, edits, reports := newProgress(c.Lanes.Store), newEdits(&c), reports{Config: &c, undelivered: undelivered{}, one: &sync.Mutex{}}
	failing, alone := &failingFiles{since: map[bridge.Seq]failingFile{}}, newAlone()
	endings := endings{Config: &c, progress: progress, failing: failing, alone: alone, edits: edits, reports: reports}
	return &Outbound{
		Config: &c, started: c.Now(),
		composer: composer{&c}, progress: progress, failing: failing, alone: alone, edits: edits, reports: reports, endings: endings,
		resolver: resolver{Config: &c, progress: progress, edits: edits, endings: endings},
		personas: newPersonas(&c),
		tag:      newHumanTag(&c),
		noted:    recent.New[noter, noted](mostNoted, withNoteFor),
	}
}

func (c *Config) fillIn() {
	t := &c.Times
	t.EchoWait, t.ResolveFor = cmp.Or(t.EchoWait, 30*time.Second), cmp.Or(t.ResolveFor, 10*time.Minute)
	t.TellAfter, t.FileFor = cmp.Or(t.TellAfter, time.Minute), cmp.Or(t.FileFor, 2*time.Minute)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Gestures == nil {
		c.Gestures = NewGestures(GesturesConfig{Now: c.Now})
	}
	if c.Memory.States == nil {
		c.Memory.States = bridge.NoStates{}
	}
	if c.Memory.Earlier == nil {
		c.Memory.Earlier = noEarlier{}
	}
	if c.Workspace.OurTime == nil {
		c.Workspace.OurTime = func(t time.Time) time.Time { return t }
	}
	c.Hooks.fillIn()
}

func (h *Hooks) fillIn() {
	if h.PageRefused == nil {
		h.PageRefused = func(bridge.PageID, *bridge.Refusal) {}
	}
	if h.PageSent == nil {
		h.PageSent = func(bridge.PageID) {}
	}
	if h.Active == nil {
		h.Active = func(bridge.PageID) {}
	}
	if h.Delivered == nil {
		h.Delivered = func() {}
	}
}

// style returns how a page's messages are composed; a page nobody knows has the default
// settings.
func (c *Config) style(id bridge.PageID) style {
	page, err := c.Memory.Pages.Page(id)
	if err != nil {
		page = bridge.Page{}
	}
	return style{settings: page.Settings, say: c.Say, sender: c.Sender}
}

// window returns since when the page may answer a customer.
func (c *Config) window(of bridge.Conversation) bridge.Window {
	return c.Memory.States.State(of).Window
}

// Load fills the lanes with what an earlier run left. The oldest message of each lane may
// have been sent by that run, and all that a copied store had may have been sent by whoever
// went on with the original: that is resolved before anything is sent
// (docs/decisions/003-unknown-outcome.md, 014-restored-stores.md).
func (o *Outbound) Load() error {
	err := o.Lanes.Load(func(d *bridge.Delivery, oldest bool) {
		if o.Memory.Earlier.Inherited(d.Accepted) {
			o.progress.inherit(d.Seq, o.started)
		} else if oldest {
			o.progress.mayBeSent(d.Seq, o.started)
		}
	})
	if err == nil {
		o.edits.load()
	}
	return err
}

// MarkUntried says of the oldest message of each lane that it was not sent, if no worker
// had taken it up: after an orderly stop the next start need not find that out.
func (o *Outbound) MarkUntried() {
	for _, seq := range o.Lanes.Look().Heads() {
		d, err := o.Lanes.Store.Delivery(seq)
		if err != nil || o.progress.pending(seq) || d.Progress.State != bridge.InFlight {
			continue
		}
		d.Progress.State = bridge.Queued
		if err := o.Lanes.Store.Save(seq, d.Progress); err != nil {
			o.Log.Warn("progress not stored", "delivery", seq, "err", err)
		}
	}
}

// Panicked notes that an attempt ended in a panic, perhaps after the message was sent.
func (o *Outbound) Panicked(seq bridge.Seq) { o.progress.mayBeSent(seq, o.Now()) }

// Knows reports whether anything is here of who was sent a part: of the conversation, or of
// the part. What is sent to somebody in Messenger who has only commented waits where the
// comments are answered. When in doubt, it does.
func (o *Outbound) Knows(c bridge.Conversation, sent bridge.SendTag) bool {
	if o.Memory.Links == nil {
		return true
	}
	link, err := o.Memory.Links.Link(c)
	return err != nil || link.Visitor != "" || link.Room != "" || o.Memory.Receipts.MidOf(sent) != "" ||
		o.Lanes.Look().HoldsAny(c.Page, func(l bridge.Lane) bool { return l == c.Lane() || l.Kind == bridge.Comments })
}

// Dropped notes that a message was taken out for good.
func (o *Outbound) Dropped(seq bridge.Seq) {
	o.edits.remove(o.edits.changes(seq), seq)
	o.progress.clearPending(seq)
	o.failing.forget(seq)
	o.alone.forget(seq)
}

var errUnproven = errors.New("somebody else has changed what is stored of it")

// Deliver makes one attempt to send the message that is the oldest of its lane: nil means
// that it is concluded, a bridge.Refusal that it stays.
func (o *Outbound) Deliver(ctx context.Context, seq bridge.Seq) error {
	d, err := o.Lanes.Store.Delivery(seq)
	if err != nil {
		return bridge.AckedOrRetry(err)
	}
	a := &attempt{o: o, d: d}
	if d.Unproven != nil && json.Unmarshal(d.Unproven, &a.out) == nil {
		a.d.Subject = a.out.Subject()
		return o.endings.deadLetter(a, bridge.StoreFailed, bridge.StoreRefusal(errUnproven))
	}
	if out, fresh := d.Answer.(*Outgoing); fresh {
		a.out = *out
	} else if err := json.Unmarshal(d.Body, &a.out); err != nil { // how far it is cannot be known, either
		return o.Lanes.SetAside(d, err)
	}
	if err := o.progress.believe(&d); err != nil {
		return err
	}
	d.Subject = a.out.Subject()
	a.d = d
	return a.run(ctx)
}

// WatchWaiting tells agents about messages that have been waiting for a while, until ctx
// ends, so that nobody believes a customer has read what is still with us. When such a
// message goes out, the notice is corrected.
func (o *Outbound) WatchWaiting(ctx context.Context) {
	w := o.watch()
	tick := time.NewTicker(o.Times.TellAfter / 4)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			w.look(ctx)
		}
	}
}
