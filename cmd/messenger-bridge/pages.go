package main

import (
	"context"
	"strings"
	"sync"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/commands"
	"messenger-bridge/language"
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

// lookAfterPages runs what looks after the pages' connections until ctx ends.
func (p *program) lookAfterPages(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { _ = p.connector.KeepRevoking(ctx) }) // ends with ctx and nothing else
	return p.watch.Run(ctx)
}

// clerk carries out what administrators type.
func (p *program) clerk() *commands.Commands {
	return commands.New(commands.Config{
		People: p.client, Users: p.cfg.CommandUsers, Connector: p.connector, Pages: p.store,
		Departments: p.client.Departments,
		Waiting: func(id bridge.PageID) (in, out int) {
			w := p.bridge.Backlogs()[id]
			return w.In.Waiting, w.Out.Waiting
		},
		Customers:   customers{p},
		LastMessage: p.store.LastActivity,
		Health:      p.health, Failures: failures{p}, RoomLink: p.client.RoomLink, Say: p.say,
	})
}

// setupSteps are what must be in place, in the order in which it is done.
func (p *program) setupSteps() []commands.Step {
	return []commands.Step{
		{Name: "workspace", Done: language.Sentence("I am connected to Rocket.Chat."), Next: func(context.Context) string {
			return "" // else nobody could read it
		}},
		{Name: "page", Done: language.Sentence("A Facebook page is connected."), Next: func(context.Context) string {
			if len(p.store.Pages()) > 0 {
				return ""
			}
			return p.say.Say("Connect a Facebook page: type `/facebook authorize` (or `!facebook authorize`) here.")
		}},
		{Name: "webhook", Done: language.Sentence("Facebook can reach me."), Next: func(context.Context) string {
			if p.verified() {
				return ""
			}
			return p.say.Say("Facebook has not reached me yet at %s. `messenger-bridge doctor` says what to do.", p.cfg.PublicURL+"/webhook")
		}},
		{Name: "running", Done: language.Sentence("Every page is running."), Next: func(context.Context) string {
			for _, page := range p.store.Pages() {
				if page.State != bridge.PageRunning && page.State != bridge.PageOff {
					return strings.TrimSpace(p.say.Say("The page %s is not running: %s.", page.DisplayName(), page.Why.In(p.say)) + " " + page.Why.Help(p.say, page))
				}
			}
			return ""
		}},
		p.happened("first message", metrics.In, language.Sentence("The first customer has written."),
			language.Sentence("Write to the page from a Facebook account of your own: the message appears as a chat in Omnichannel.")),
		p.happened("first answer", metrics.Out, language.Sentence("The first answer has reached a customer."),
			language.Sentence("Answer that chat: the answer appears in Messenger.")),
	}
}

// firstTime is the name of the cursor that says when something was first delivered.
func firstTime(direction string) string { return "first delivered " + direction }

// happened is a step that is done once something was delivered in a direction.
func (p *program) happened(name, direction, done, next string) commands.Step {
	return commands.Step{Name: name, Done: done, Next: func(context.Context) string {
		if at, err := p.store.Cursor(firstTime(direction)); err != nil || at.IsZero() {
			return p.say.Say(next)
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

// customerName is what a customer is called, as far as that is known.
func (p *program) customerName(c bridge.Conversation) string {
	name, _ := p.store.Name(c)
	return name
}

// departmentName is what a department is called, as far as that is known.
func (p *program) departmentName(ctx context.Context, id bridge.DepartmentID) string {
	known, err := p.client.Departments(ctx)
	if err != nil {
		p.log.Debug("a department's name is not known", "department", id, "err", err)
	}
	for _, d := range known {
		if d.ID == id {
			return d.Name
		}
	}
	return ""
}
