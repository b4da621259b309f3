package commands

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"messenger-bridge/bridge"
)

func authorize(c *Commands, ctx context.Context, in call) (bridge.Reply, error) {
	link, err := c.Connector.LoginLink(ctx, in.From)
	if err != nil {
		return bridge.Reply{}, err
	}
	text := c.Say.Say("Open this link to connect Facebook pages: %s\nIt works once, for 10 minutes, and only for you.", link)
	if len(c.Pages.Pages()) > 0 {
		text += "\n" + c.Say.Say("At Facebook, keep the pages ticked that are connected already: what you untick there loses its connection.")
	}
	return bridge.Reply{Text: text, Private: true}, nil
}

// noPage says how to connect the first one.
func (c *Commands) noPage() bridge.Reply {
	return with(answer(c.Say.Say("No page is connected yet. `/facebook authorize` connects one.")), button(c.Say.Say("Connect a page"), "authorize"))
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
func (c *Commands) stateText(p bridge.Page) string {
	text := p.State.In(c.Say)
	if p.Why.Kind != "" && p.State != bridge.PageOff {
		text += " (" + p.Why.In(c.Say) + ")"
	}
	return text
}

func subscribe(c *Commands, ctx context.Context, in call) (bridge.Reply, error) {
	p, err := c.Connector.SwitchOn(ctx, pageID(in))
	if err != nil {
		return bridge.Reply{}, err
	}
	return answer(c.Say.Say("*%s*: %s.", plain(p.DisplayName()), c.stateText(p))), nil
}

func unsubscribe(c *Commands, ctx context.Context, in call) (bridge.Reply, error) {
	p, err := c.Connector.SwitchOff(ctx, pageID(in))
	if err != nil {
		return bridge.Reply{}, err
	}
	return answer(c.Say.Say("*%s* is off: its messages no longer arrive here, and answers wait. `/facebook subscribe %s` switches it on again.", plain(p.DisplayName()), p.ID)), nil
}

// pageID returns the page a command names. Without one, the only page is meant.
func pageID(in call) bridge.PageID {
	word, _ := cutWord(in.rest)
	return bridge.PageID(word)
}

// mistake words what the person can put right about a command.
func mistake(c *Commands, word string, err error) (bridge.Reply, bool) {
	switch {
	case err == nil:
		return bridge.Reply{}, false
	case errors.Is(err, bridge.ErrNoPage):
		all := c.Pages.Pages()
		if len(all) == 0 {
			return c.noPage(), true
		}
		text := c.Say.Say("Which page? Name it by its id:")
		for _, p := range all {
			text += fmt.Sprintf("\n• `%s` %s", p.ID, plain(p.DisplayName()))
		}
		return with(answer(text), c.forEachPage(func(name string) string { return name }, word)...), true
	case fromFacebook(bridge.RefusalOf(err)):
		return answer(c.Say.Say("Facebook did not do it; nothing was changed. Please try again later; the bridge's log says why.")), true
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
	return r.Reason == bridge.RateLimited && (r.Gate == bridge.GateApp || strings.HasPrefix(string(r.Gate), string(bridge.GatePage(""))))
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
