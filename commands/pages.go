package commands

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"messenger-bridge/bridge"
)

func authorize(c *Commands, ctx context.Context, in call) (bridge.Reply, error) {
	link, err := c.Connector.LoginLink(ctx, in.From)
	if err != nil {
		return bridge.Reply{}, err
	}
	text := "Open this link to connect Facebook pages: " + link + "\nIt works once, for 10 minutes, and only for you."
	if len(c.Pages.Pages()) > 0 {
		text += "\nAt Facebook, keep the pages ticked that are connected already: what you untick there loses its connection."
	}
	return bridge.Reply{Text: text, Private: true}, nil
}

func pages(c *Commands, ctx context.Context, _ call) (bridge.Reply, error) {
	all := c.Pages.Pages()
	if len(all) == 0 {
		return answer("No page is connected yet. `/facebook authorize` connects one."), nil
	}
	departments := c.departmentNames(ctx)
	var b strings.Builder
	for _, p := range all {
		fmt.Fprintf(&b, "*%s* `%s`\n%s %s", plain(p.DisplayName()), p.ID, sign(p.State), stateText(p))
		if d := p.Settings.Department; d != "" {
			fmt.Fprintf(&b, " · department %s", departments(d))
		}
		if in, out := c.Waiting(p.ID); in+out > 0 {
			fmt.Fprintf(&b, " · waiting: %d to agents, %d to customers", in, out)
		}
		b.WriteString("\n")
	}
	return bridge.Reply{Text: strings.TrimRight(b.String(), "\n")}, nil
}

// sign lets the eye find what is wrong.
func sign(s bridge.PageState) string {
	switch s {
	case bridge.PageRunning:
		return ":white_check_mark:"
	case bridge.PageOff:
		return ":white_circle:"
	}
	return ":warning:"
}

// stateText is a page's state as people read it.
func stateText(p bridge.Page) string {
	text := string(p.State)
	if text != "" {
		text = strings.ToUpper(text[:1]) + text[1:]
	}
	if p.Why != "" && p.State != bridge.PageOff {
		text += " (" + p.Why + ")"
	}
	return text
}

func subscribe(c *Commands, ctx context.Context, in call) (bridge.Reply, error) {
	p, err := c.Connector.SwitchOn(ctx, pageID(in))
	if err != nil {
		return bridge.Reply{}, err
	}
	return answer("*%s*: %s.", plain(p.DisplayName()), stateText(p)), nil
}

func unsubscribe(c *Commands, ctx context.Context, in call) (bridge.Reply, error) {
	p, err := c.Connector.SwitchOff(ctx, pageID(in))
	if err != nil {
		return bridge.Reply{}, err
	}
	return answer("*%s* is off: its messages no longer arrive here, and answers wait. `/facebook subscribe %s` switches it on again.", plain(p.DisplayName()), p.ID), nil
}

// unauthorize asks before it does something: the word `confirm` behind it does it.
func unauthorize(c *Commands, ctx context.Context, in call) (bridge.Reply, error) {
	words := strings.Fields(in.rest)
	confirmed := len(words) > 0 && strings.EqualFold(words[len(words)-1], "confirm")
	if confirmed {
		words = words[:len(words)-1]
	}
	var chosen []bridge.Page
	if len(words) > 0 {
		p, err := c.Pages.Page(bridge.PageID(words[0]))
		if err != nil {
			return bridge.Reply{}, err
		}
		chosen = []bridge.Page{p}
	} else {
		for _, p := range c.Pages.Pages() {
			if p.By == in.From.ID && p.Token != "" {
				chosen = append(chosen, p)
			}
		}
	}
	if len(chosen) == 0 {
		return answer("You have connected no page. `/facebook unauthorize <pageId>` disconnects one that somebody else connected; `/facebook pages` shows them."), nil
	}
	if !confirmed {
		return answer("This disconnects %s: messages no longer arrive, the tokens are deleted, settings and rooms stay. To do it, type\n`%s`",
			names(chosen), strings.Join(append([]string{"/facebook unauthorize"}, append(words, "confirm")...), " ")), nil
	}
	var b strings.Builder
	for _, p := range chosen {
		p, told, err := c.Connector.Disconnect(ctx, p.ID, in.From)
		if err != nil {
			return bridge.Reply{}, err
		}
		fmt.Fprintf(&b, "*%s* is disconnected.", plain(p.DisplayName()))
		if !told {
			b.WriteString(" Facebook could not be told; remove the app in the page's settings there, under Business integrations.")
		}
		b.WriteString("\n")
	}
	return bridge.Reply{Text: strings.TrimRight(b.String(), "\n")}, nil
}

func names(pages []bridge.Page) string {
	var all []string
	for _, p := range pages {
		all = append(all, "*"+plain(p.DisplayName())+"*")
	}
	return strings.Join(all, ", ")
}

func status(c *Commands, _ context.Context, _ call) (bridge.Reply, error) {
	h := c.Health()
	webhooks := "are stored"
	if h.Ready != "yes" {
		webhooks = "are refused: " + h.Ready
	}
	text := fmt.Sprintf("Rocket.Chat: %s\nMessages from Facebook %s\nWaiting for agents: %s\nWaiting for customers: %s\nNot delivered in the last 7 days: %d",
		h.Workspace, webhooks, backlogText(h.In), backlogText(h.Out), h.Failed)
	for _, p := range c.Pages.Pages() {
		text += fmt.Sprintf("\n%s *%s*: %s", sign(p.State), plain(p.DisplayName()), stateText(p))
	}
	return bridge.Reply{Text: text}, nil
}

func backlogText(b bridge.Backlog) string {
	if b.Waiting == 0 {
		return "nothing"
	}
	if b.Oldest.IsZero() {
		return fmt.Sprint(b.Waiting)
	}
	return fmt.Sprintf("%d, the oldest for %s", b.Waiting, time.Since(b.Oldest).Round(time.Second))
}

// pageID returns the page a command names. Without one, the only page is meant.
func pageID(in call) bridge.PageID {
	word, _ := cutWord(in.rest)
	return bridge.PageID(word)
}

// mistake words what the person can put right.
func mistake(c *Commands, err error) (bridge.Reply, bool) {
	switch {
	case err == nil:
		return bridge.Reply{}, false
	case errors.Is(err, bridge.ErrNoPage):
		all := c.Pages.Pages()
		if len(all) == 0 {
			return answer("No page is connected yet. `/facebook authorize` connects one."), true
		}
		text := "Which page? Name it by its id:"
		for _, p := range all {
			text += fmt.Sprintf("\n• `%s` %s", p.ID, plain(p.DisplayName()))
		}
		return bridge.Reply{Text: text}, true
	case fromFacebook(bridge.RefusalOf(err)):
		return answer("Facebook did not do it; nothing was changed. Please try again later; the bridge's log says why."), true
	}
	return bridge.Reply{}, false
}

// fromFacebook tells refusals of Facebook's, which the person reads at once, from
// those of our own side, after which the command is carried out again.
func fromFacebook(r *bridge.Refusal) bool {
	switch r.Reason {
	case bridge.MetaDown, bridge.MetaError, bridge.PageLost, bridge.NotApproved, bridge.PageRestricted, bridge.Rejected:
		return true
	}
	return r.Reason == bridge.RateLimited && strings.HasPrefix(string(r.Gate), string(bridge.GatePage("")))
}

// plain takes the marks out of a name that would be markup.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("*_~`[]<>@#\n\r", r) {
			return ' '
		}
		return r
	}, name)
}
