package commands

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/language"
)

// Health is how the bridge is, for `status`.
type Health struct {
	Version             string
	Started             time.Time
	Workspace, Facebook Connection
	Refuses             string           // why webhooks are refused; empty: they are not
	Changed             int              // records of the store that somebody else has changed
	Refused             []bridge.Refused // by Rocket.Chat at the moment
	In, Out             bridge.Backlog
	Waiting             map[bridge.PageID]bridge.PageBacklog
	Failed              map[bridge.PageID]map[bridge.Reason]int // "": notices
}

// Connection is how one of the two platforms is reached.
type Connection struct {
	Up      bool
	Since   time.Time // zero: not tried yet
	Problem string
}

// statusCommand shows how the bridge is.
type statusCommand struct {
	health func() (Health, error)
	pages  bridge.Pages
	say    *language.Speaker
}

func (c statusCommand) show(_ context.Context, _ call) (bridge.Reply, error) {
	h, err := c.health()
	if err != nil {
		return bridge.Reply{}, bridge.StoreRefusal(err)
	}
	all := map[bridge.Reason]int{}
	for _, reasons := range h.Failed {
		for reason, n := range reasons {
			all[reason] += n
		}
	}
	webhooks := ":white_check_mark: " + c.say.Say("Messages from Facebook are stored")
	if h.Refuses != "" {
		webhooks = ":warning: " + c.say.Say("Messages from Facebook are refused: %s", h.Refuses)
	}
	lines := []string{
		c.say.Say("messenger-bridge %s, running for %s", h.Version, span(h.Started)),
		c.connection(c.say.Say("Rocket.Chat"), h.Workspace), c.connection(c.say.Say("Facebook"), h.Facebook), webhooks,
		c.say.Say("Waiting for agents: %s", c.backlogText(h.In)), c.say.Say("Waiting for customers: %s", c.backlogText(h.Out)),
		c.say.Say("Not delivered in the last 7 days: %s", c.failedText(all)),
	}
	if h.Changed > 0 {
		lines = append(lines, ":warning: "+c.say.Say("%d records of the store were changed by somebody other than the bridge and are not believed", h.Changed))
	}
	for _, r := range h.Refused {
		sentence := language.Sentence("Rocket.Chat refuses `%s`, for %s")
		if r.Everybody() {
			sentence = language.Sentence("Rocket.Chat refuses `%s` for everybody, for %s")
		}
		lines = append(lines, ":no_entry: "+c.say.Say(sentence, r.Response.String(), span(r.Since)))
	}
	for _, p := range c.pages.Pages() {
		lines = append(lines, fmt.Sprintf("%s *%s* `%s`: %s", sign(p), p.PlainName(), p.ID, stateText(c.say, p)))
		w := h.Waiting[p.ID]
		if w.In.Waiting > 0 {
			lines = append(lines, "   "+c.say.Say("Waiting for agents: %s", c.backlogText(w.In)))
		}
		if w.Out.Waiting > 0 {
			lines = append(lines, "   "+c.say.Say("Waiting for customers: %s", c.backlogText(w.Out)))
		}
		if w.Held != "" {
			lines = append(lines, "   "+c.say.Say("Nothing is sent at the moment: %s", Reason(c.say, w.Held)))
		}
		if failed := h.Failed[p.ID]; len(failed) > 0 {
			lines = append(lines, "   "+c.say.Say("Not delivered: %s", c.failedText(failed)))
		}
	}
	return with(answer(strings.Join(lines, "\n")), button(c.say.Say("Pages"), "pages")), nil
}

func (c statusCommand) connection(name string, s Connection) string {
	switch {
	case !s.Up:
		return ":warning: " + c.say.Say("%s does not answer, for %s: %s", name, span(s.Since), s.Problem)
	case s.Since.IsZero():
		return ":white_circle: " + c.say.Say("%s was not asked anything yet", name)
	}
	return ":white_check_mark: " + c.say.Say("%s answers, for %s", name, span(s.Since))
}

func (c statusCommand) backlogText(b bridge.Backlog) string {
	switch {
	case b.Waiting == 0:
		return c.say.Say("nothing")
	case b.Oldest.IsZero():
		return fmt.Sprint(b.Waiting)
	}
	return c.say.Say("%d, the oldest for %s", b.Waiting, span(b.Oldest))
}

// failedText says how many failed, the most frequent reason first.
func (c statusCommand) failedText(reasons map[bridge.Reason]int) string {
	if len(reasons) == 0 {
		return c.say.Say("nothing")
	}
	names := slices.SortedFunc(maps.Keys(reasons), func(a, b bridge.Reason) int {
		if d := reasons[b] - reasons[a]; d != 0 {
			return d
		}
		return strings.Compare(string(a), string(b))
	})
	total, parts := 0, []string(nil)
	for _, reason := range names {
		total += reasons[reason]
		parts = append(parts, fmt.Sprintf("%d× %s", reasons[reason], Reason(c.say, reason)))
	}
	return fmt.Sprintf("%d (%s)", total, strings.Join(parts, "; "))
}

// span says in one number how long ago something was.
func span(since time.Time) string {
	d := max(time.Since(since), 0)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", d/time.Hour)
	}
	return fmt.Sprintf("%d d", d/(24*time.Hour))
}
