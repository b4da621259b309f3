package commands

import (
	"messenger-bridge/bridge"
	"messenger-bridge/language"
)

// noPage says how to connect the first one.
func noPage(say *language.Speaker) bridge.Reply {
	return with(answer(say.Say("No page is connected yet. `/facebook authorize` connects one.")), button(say.Say("Connect a page"), "authorize"))
}

// sign lets the eye find what is wrong.
func sign(p bridge.Page) string {
	switch {
	case p.State == bridge.PageRunning && p.Feed.Why.Kind == "":
		return ":white_check_mark:"
	case p.State == bridge.PageOff:
		return ":white_circle:"
	}
	return ":warning:"
}

// stateText is a page's state as people read it.
func stateText(say *language.Speaker, p bridge.Page) string {
	text := p.State.In(say)
	if p.Why.Kind != "" && p.State != bridge.PageOff {
		text += " (" + p.Why.In(say) + ")"
	}
	if p.Feed.Why.Kind != "" && p.ReceivesEvents() {
		text += "; " + say.Say("something is missing for comments (%s)", p.Feed.Why.In(say))
	}
	return text
}
