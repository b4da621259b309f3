package main

import (
	"context"
	"sync"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/commands"
	"messenger-bridge/metrics"
)

// handshakeSeen is the name of the cursor that says when Meta last verified the
// webhook.
const handshakeSeen = "webhook verified"

func (p *program) handshake() {
	if err := p.store.SaveCursor(handshakeSeen, time.Now()); err != nil {
		p.log.Warn("the webhook's verification could not be remembered", "err", err)
	}
	p.log.Info("Meta has verified the webhook")
	p.setup.Look()
}

func (p *program) verified() bool {
	at, err := p.store.Cursor(handshakeSeen)
	return err == nil && !at.IsZero()
}

// pageChanged lets what waits for a page try again.
func (p *program) pageChanged(id bridge.PageID) {
	p.bridge.PageChanged(id)
	p.setup.Look()
}

// pageAdded stores a page that an operator adds by hand.
func (p *program) pageAdded(ctx context.Context, page bridge.Page) (bridge.Page, error) {
	if page.Name == "" {
		name, err := p.graph.PageName(ctx, page)
		if err != nil {
			p.log.Warn("the page's name could not be read", "page", page.ID, "err", err)
			name = string(page.ID)
		}
		page.Name = name
	}
	page, err := addPage(ctx, p.store, page)
	if err != nil {
		return page, err
	}
	p.pageChanged(page.ID)
	return p.connector.SwitchOn(ctx, page.ID)
}

// clerk carries out what administrators type.
func (p *program) clerk() *commands.Commands {
	return commands.New(commands.Config{
		People: p.client, Users: p.cfg.CommandUsers, Connector: p.connector, Pages: p.store,
		Departments: p.client.Departments,
		Waiting:     func(id bridge.PageID) (in, out int) { return p.bridge.WaitingFor(id) },
		Health:      p.health,
	})
}

func (p *program) health() commands.Health {
	s := p.status()
	h := commands.Health{Ready: s.Ready, Workspace: "connected", Failed: s.Failed}
	if !s.RocketChat.Connected {
		h.Workspace = "not connected (" + s.RocketChat.Problem + ")"
	}
	h.In, h.Out, _ = p.bridge.Backlog()
	return h
}

// setupSteps are what must be in place, in the order in which it is done.
func (p *program) setupSteps() []commands.Step {
	return []commands.Step{
		{Name: "workspace", Done: "I am connected to Rocket.Chat.", Next: func(context.Context) string {
			if p.stream.State().Connected {
				return ""
			}
			return "I am connecting to Rocket.Chat."
		}},
		{Name: "page", Done: "A Facebook page is connected.", Next: func(context.Context) string {
			if len(p.store.Pages()) > 0 {
				return ""
			}
			return "Connect a Facebook page: type `/facebook authorize` (or `!facebook authorize`) here."
		}},
		{Name: "webhook", Done: "Facebook can reach me.", Next: func(context.Context) string {
			if p.verified() {
				return ""
			}
			return "Facebook has not reached me yet at " + p.cfg.PublicURL + "/webhook. `messenger-bridge doctor` says what to do."
		}},
		{Name: "running", Done: "Every page is running.", Next: func(context.Context) string {
			for _, page := range p.store.Pages() {
				if page.State != bridge.PageRunning && page.State != bridge.PageOff {
					return "The page " + page.DisplayName() + " is not running: " + page.Why + "."
				}
			}
			return ""
		}},
		p.happened("first message", metrics.In, "The first customer has written.",
			"Write to the page from a Facebook account of your own: the message appears as a chat in Omnichannel."),
		p.happened("first answer", metrics.Out, "The first answer has reached a customer.",
			"Answer that chat: the answer appears in Messenger."),
	}
}

// firstTime is the name of the cursor that says when something was first delivered.
func firstTime(direction string) string { return "first delivered " + direction }

// happened is a step that is done once something was delivered in a direction.
func (p *program) happened(name, direction, done, next string) commands.Step {
	return commands.Step{Name: name, Done: done, Next: func(context.Context) string {
		if at, err := p.store.Cursor(firstTime(direction)); err != nil || at.IsZero() {
			return next
		}
		return ""
	}}
}

// delivered remembers, over restarts, that something was delivered at all.
func (p *program) delivered() func(direction string) {
	var known sync.Map
	return func(direction string) {
		if _, again := known.LoadOrStore(direction, true); again {
			return
		}
		if at, err := p.store.Cursor(firstTime(direction)); err == nil && at.IsZero() {
			if err := p.store.SaveCursor(firstTime(direction), time.Now()); err != nil {
				p.log.Warn("progress of the set-up not stored", "err", err)
			}
			p.setup.Look()
		}
	}
}
