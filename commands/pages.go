package commands

import (
	"strings"

	"messenger-bridge/bridge"
)

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

// plain takes the marks out of a name that would be markup.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("*_~`[]<>@#\n\r", r) {
			return ' '
		}
		return r
	}, name)
}
