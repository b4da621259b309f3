package stream

import (
	"slices"
	"strings"
	"unicode"

	"messenger-bridge/rocketchat/markup"
)

// place is where a message was written, as far as it decides what is a command.
type place uint8

const (
	elsewhere place = iota // /facebook, !facebook and a mention of the bot
	setupRoom              // "facebook" as well
	private                // everything: nobody else is there to be meant
)

// asCommand returns what a text orders the bot to do, as typed but for white
// space at its ends, what made it an order, and whether it is meant for the bot at
// all. A quote before it, which clients put there as a link, does not count.
func asCommand(text, bot string, where place) (as, words string, ok bool) {
	text = strings.TrimSpace(markup.WithoutQuotes(text))
	if text == "" {
		return "", "", false
	}
	first, rest := text, ""
	if i := strings.IndexFunc(text, unicode.IsSpace); i >= 0 {
		first, rest = text[:i], strings.TrimSpace(text[i:])
	}
	is := func(forms ...string) bool {
		return slices.ContainsFunc(forms, func(form string) bool { return strings.EqualFold(first, form) })
	}
	switch {
	case is("/facebook", "/facebook-bridge", "!facebook"), bot != "" && first[0] == '@' && strings.EqualFold(first[1:], bot), where != elsewhere && is("facebook"):
		return strings.ToLower(first), rest, true
	case where == private:
		return "facebook", text, true
	}
	return "", "", false
}
