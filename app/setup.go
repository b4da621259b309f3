package app

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/commands"
	"messenger-bridge/language"
	"messenger-bridge/rocketchat"
)

// setupSteps are what must be in place, in the order in which it is done.
func (p *program) setupSteps() []commands.Step {
	return []commands.Step{
		{Name: "workspace", Optional: true, Done: language.Sentence("I am connected to Rocket.Chat."), Next: func(context.Context) string {
			if p.stream.State().Connected {
				return ""
			}
			return p.say.Say("I can write here, and yet I am not connected: I do not hear agents, and customers wait. `messenger-bridge doctor` says why.")
		}},
		p.checked("permissions", language.Sentence("I have the permissions I need."), language.Sentence("A permission is missing. `messenger-bridge doctor` names it, and says where to give it to me."), "roles", "permissions"),
		p.checked("limits", language.Sentence("Rocket.Chat lets me work as fast as I need."), language.Sentence("Rocket.Chat limits how fast I may work: everything arrives, but late when many customers write. `messenger-bridge doctor` says how to lift the limit."), "rate limit"),
		p.checked("omnichannel", language.Sentence("Omnichannel is switched on."), language.Sentence("Switch Omnichannel on: Administration → Settings → Omnichannel → Enabled."), "Omnichannel"),
		p.lasting("agents", commands.Step{Optional: true, Done: language.Sentence("An agent is there."), Next: func(ctx context.Context) string {
			if there, err := p.client.Online(ctx, ""); err != nil || !there {
				return p.say.Say("No agent is online. Add agents under Omnichannel → Agents, and have one of them go online. Until then customers wait.")
			}
			return ""
		}}),
		p.lasting("app", commands.Step{Done: language.Sentence("Facebook knows my app."), Next: func(ctx context.Context) string {
			if _, err := p.graph.App(ctx); err != nil {
				return p.say.Say("Facebook does not answer, or does not accept FACEBOOK_APP_ID and FACEBOOK_APP_SECRET. `messenger-bridge doctor` says which.")
			}
			return ""
		}}),
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
			return p.say.Say("Facebook has not reached me yet at %s. `messenger-bridge doctor` says what to do.", p.cfg.Network.PublicURL+"/webhook")
		}},
		{Name: "running", Done: language.Sentence("Every page is running."), Next: func(context.Context) string {
			for _, page := range p.store.Pages() {
				if page.State != bridge.PageRunning && page.State != bridge.PageOff {
					return strings.TrimSpace(p.say.Say("The page %s is not running: %s.", page.DisplayName(), page.Why.In(p.say)) + " " + page.Why.Help(p.say, page))
				}
			}
			return ""
		}},
		p.happened("first message", bridge.In, language.Sentence("The first customer has written."),
			language.Sentence("Write to the page from a Facebook account of your own: the message appears as a chat in Omnichannel.")),
		p.happened("first answer", bridge.Out, language.Sentence("The first answer has reached a customer."),
			language.Sentence("Answer that chat: the answer appears in Messenger.")),
	}
}

// firstTime is the name of the cursor that says when something was first delivered.
func firstTime(d bridge.Direction) string { return "first delivered " + string(d) }

// happened is a step that is done once something was delivered in a direction.
func (p *program) happened(name string, direction bridge.Direction, done, next string) commands.Step {
	return commands.Step{Name: name, Done: done, Next: func(context.Context) string {
		if at, err := p.store.Cursor(firstTime(direction)); err != nil || at.IsZero() {
			return p.say.Say(next)
		}
		return ""
	}}
}

// delivered remembers, over restarts, that something was delivered at all.
func (p *program) delivered() func(direction bridge.Direction) {
	var known sync.Map
	return func(direction bridge.Direction) {
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

// calm reports whether it is time to look at the set-up: not while a connection is
// just being made, to Rocket.Chat or of a page, nor while something waits to be said,
// which would then stand below the step that is asked for. And yet, if that does not
// end for a while.
func (p *program) calm(every time.Duration) func() bool {
	if every == 0 {
		every = 20 * time.Second
	}
	since := time.Now()
	return func() bool {
		_, _, notices := p.relay.Backlog()
		if p.stream.State().Connected && !p.pages.Login.Connecting() && notices.Waiting == 0 {
			since = time.Now()
			return true
		}
		return time.Since(since) > 10*every
	}
}

// lasting is a step that stays done once it was: an agent who goes home undoes nothing.
func (p *program) lasting(name string, step commands.Step) commands.Step {
	next, cursor := step.Next, "set up "+name
	step.Name = name
	step.Next = func(ctx context.Context) string {
		if at, err := p.store.Cursor(cursor); err == nil && !at.IsZero() {
			return ""
		}
		missing := next(ctx)
		if missing == "" {
			if err := p.store.SaveCursor(cursor, time.Now()); err != nil {
				p.log.Warn("progress of the set-up not stored", "err", err)
			}
		}
		return missing
	}
	return step
}

// checked is a lasting step that is done when what doctor looks at in Rocket.Chat is found
// to be good enough. Nothing waits for it: what is wrong may be another person's to repair.
func (p *program) checked(name, done, missing string, checks ...string) commands.Step {
	return p.lasting(name, commands.Step{Done: done, Optional: true, Next: func(ctx context.Context) string {
		for _, f := range p.checkup.findings(ctx) {
			switch {
			case !slices.Contains(checks, f.Check):
			case f.Level == bridge.Bad:
				return p.say.Say(missing)
			case f.Level == bridge.Unknowable:
				return p.say.Say("Not everything could be looked at yet: `messenger-bridge doctor` says more.")
			}
		}
		return ""
	}})
}

// checkupFor is how long findings are believed: the steps of one look share them.
const checkupFor = 10 * time.Second

// checkups are what doctor finds in Rocket.Chat, for the set-up.
type checkups struct {
	look  func(context.Context) []bridge.Finding
	lasts time.Duration

	mu    sync.Mutex // guards the fields below
	at    time.Time
	found []bridge.Finding
}

func (c *checkups) findings(ctx context.Context) []bridge.Finding {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at.IsZero() || time.Since(c.at) > c.lasts {
		c.found, c.at = c.look(ctx), time.Now()
	}
	return c.found
}

// newCheckups looks as the bot that is logged in.
func (p *program) newCheckups() *checkups {
	lasts := checkupFor
	if every := p.cfg.Times.SetupEvery; every > 0 {
		lasts = every / 2
	}
	return &checkups{lasts: lasts, look: func(ctx context.Context) []bridge.Finding {
		return p.client.Checkup(ctx, rocketchat.Expected{SetupChannel: p.cfg.Workspace.SetupChannel, Pages: p.store.Pages()})
	}}
}
