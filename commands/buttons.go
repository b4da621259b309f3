package commands

import (
	"strings"

	"messenger-bridge/bridge"
)

// mostButtons fit on a phone below one another.
const mostButtons = 5

// button offers a command; the words are those behind /facebook.
func button(label, words string) bridge.Shortcut { return bridge.Shortcut{Label: label, Types: words} }

// with offers commands below an answer.
func with(r bridge.Reply, buttons ...bridge.Shortcut) bridge.Reply {
	r.Shortcuts = append(r.Shortcuts, buttons[:min(len(buttons), mostButtons)]...)
	return r
}

// forEachPage offers a command with each page's id behind it.
func forEachPage(pages bridge.Pages, label func(name string) string, words string) (all []bridge.Shortcut) {
	for _, p := range pages.Pages() {
		all = append(all, button(label(short(p.PlainName())), words+" "+string(p.ID)))
	}
	return all
}

func short(name string) string {
	const most = 20
	if letters := []rune(name); len(letters) > most {
		return string(letters[:most-1]) + "…"
	}
	return name
}

// addressed lets an answer name commands as the person has typed this one, because
// that way works there: sentences name them as `/facebook …`.
func addressed(r bridge.Reply, as string) bridge.Reply {
	if as == "" {
		as = "/facebook"
	}
	r.Text = strings.ReplaceAll(r.Text, "`/facebook ", "`"+as+" ")
	for i := range r.Shortcuts {
		r.Shortcuts[i].Types = as + " " + r.Shortcuts[i].Types
	}
	return r
}
