package app

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"messenger-bridge/app/config"
	"messenger-bridge/bridge"
	"messenger-bridge/bridge/pages"
	"messenger-bridge/commands"
	"messenger-bridge/companion"
	"messenger-bridge/language"
	"messenger-bridge/messenger"
	"messenger-bridge/rocketchat"
	"messenger-bridge/store"
)

// steps of the set-up, and what each of them looks at.
type steps struct {
	*late
	store    *store.Store
	graph    *messenger.Platform
	client   *rocketchat.Workspace
	progress *progress
	checkup  *checkups
	webhook  string // where Facebook is to reach the bridge
	say      *language.Speaker
}

// all are what must be in place, in the order in which it is done.
func (s *steps) all() []commands.Step {
	return []commands.Step{
		{Name: "workspace", Optional: true, Done: language.Sentence("I am connected to Rocket.Chat."), Next: func(context.Context) string {
			if s.stream.State().Connected {
				return ""
			}
			return s.say.Say("I can write here, and yet I am not connected: I do not hear agents, and customers wait. `messenger-bridge doctor` says why.")
		}},
		s.checked("permissions", language.Sentence("I have the permissions I need."), language.Sentence("A permission is missing. `messenger-bridge doctor` names it, and says where to give it to me."), "roles", "permissions"),
		s.checked("limits", language.Sentence("Rocket.Chat lets me work as fast as I need."), language.Sentence("Rocket.Chat limits how fast I may work: everything arrives, but late when many customers write. `messenger-bridge doctor` says how to lift the limit."), "rate limit"),
		s.checked("omnichannel", language.Sentence("Omnichannel is switched on."), language.Sentence("Switch Omnichannel on: Administration → Settings → Omnichannel → Enabled."), "Omnichannel"),
		s.lasting("agents", commands.Step{Optional: true, Done: language.Sentence("An agent is there."), Next: func(ctx context.Context) string {
			if there, err := s.client.Online(ctx, ""); err != nil || !there {
				return s.say.Say("No agent is online. Add agents under Omnichannel → Agents, and have one of them go online. Until then customers wait.")
			}
			return ""
		}}),
		s.lasting("app", commands.Step{Done: language.Sentence("Facebook knows my app."), Next: func(ctx context.Context) string {
			if _, err := s.graph.App(ctx); err != nil {
				return s.say.Say("Facebook does not answer, or does not accept FACEBOOK_APP_ID and FACEBOOK_APP_SECRET. `messenger-bridge doctor` says which.")
			}
			return ""
		}}),
		{Name: "page", Done: language.Sentence("A Facebook page is connected."), Next: func(ctx context.Context) string {
			switch {
			case len(s.store.Pages()) > 0:
				return ""
			case rocketchat.SlashIsLost(s.checkup.findings(ctx)):
				return s.say.Say("Connect a Facebook page: type `!facebook authorize` here.")
			}
			return s.say.Say("Connect a Facebook page: type `/facebook authorize` (or `!facebook authorize`) here.")
		}},
		{Name: "webhook", Done: language.Sentence("Facebook can reach me."), Next: func(context.Context) string {
			if s.progress.verified() {
				return ""
			}
			return s.say.Say("Facebook has not reached me yet at %s. `messenger-bridge doctor` says what to do.", s.webhook)
		}},
		{Name: "running", Done: language.Sentence("Every page is running."), Next: func(context.Context) string {
			for _, page := range s.store.Pages() {
				if page.State != bridge.PageRunning && page.State != bridge.PageOff {
					return strings.TrimSpace(s.say.Say("The page %s is not running: %s.", page.PlainName(), page.Why.In(s.say)) + " " + page.Why.Help(s.say, page))
				}
			}
			return ""
		}},
		s.happened("first message", bridge.In, language.Sentence("The first customer has written."),
			language.Sentence("Write to the page from a Facebook account of your own: the message appears as a chat in Omnichannel.")),
		s.happened("first answer", bridge.Out, language.Sentence("The first answer has reached a customer."),
			language.Sentence("Answer that chat: the answer appears in Messenger.")),
	}
}

// happened is a step that is done once something was delivered in a direction.
func (s *steps) happened(name string, direction bridge.Direction, done, next string) commands.Step {
	return commands.Step{Name: name, Done: done, Next: func(context.Context) string {
		if s.progress.reached(firstTime(direction)) {
			return ""
		}
		return s.say.Say(next)
	}}
}

// calm reports whether it is time to look at the set-up: not while a connection is
// just being made, to Rocket.Chat or of a page, nor while something waits to be said,
// which would then stand below the step that is asked for. And yet, if that does not
// end for a while.
func (l *late) calm(login *pages.Login, every time.Duration) func() bool {
	if every == 0 {
		every = 20 * time.Second
	}
	since := time.Now()
	return func() bool {
		_, _, notices := l.relay.Backlog()
		if l.stream.State().Connected && !login.Connecting() && notices.Waiting == 0 {
			since = time.Now()
			return true
		}
		return time.Since(since) > 10*every
	}
}

// lasting is a step that stays done once it was: an agent who goes home undoes nothing.
func (s *steps) lasting(name string, step commands.Step) commands.Step {
	next, cursor := step.Next, "set up "+name
	step.Name = name
	step.Next = func(ctx context.Context) string {
		if s.progress.reached(cursor) {
			return ""
		}
		missing := next(ctx)
		if missing == "" {
			s.progress.reach(cursor)
		}
		return missing
	}
	return step
}

// checked is a lasting step that is done when what doctor looks at in Rocket.Chat is found
// to be good enough. Nothing waits for it: what is wrong may be another person's to repair.
func (s *steps) checked(name, done, missing string, checks ...string) commands.Step {
	return s.lasting(name, commands.Step{Done: done, Optional: true, Next: func(ctx context.Context) string {
		unknown := true // the look may have ended before
		for _, f := range s.checkup.findings(ctx) {
			switch {
			case !slices.Contains(checks, f.Check):
			case f.Level == bridge.Bad:
				return s.say.Say(missing)
			case f.Level == bridge.Unknowable:
				return s.say.Say("Not everything could be looked at yet: `messenger-bridge doctor` says more.")
			default:
				unknown = false
			}
		}
		if unknown {
			return s.say.Say("Not everything could be looked at yet: `messenger-bridge doctor` says more.")
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

// newCheckups looks as the bot that is logged in, for a set-up that looks every so often.
func newCheckups(client *rocketchat.Workspace, pages bridge.Pages, workspace config.WorkspaceConfig, every time.Duration) *checkups {
	lasts := checkupFor
	if every > 0 {
		lasts = every / 2
	}
	return &checkups{lasts: lasts, look: func(ctx context.Context) []bridge.Finding {
		return client.Checkup(ctx, rocketchat.Expected{
			SetupChannel: workspace.SetupChannel, Pages: pages.Pages(), App: companion.About().ID, AppServed: len(Secrets(workspace.CommandsSecret)) > 0,
		})
	}}
}
