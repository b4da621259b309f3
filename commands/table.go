package commands

import (
	"context"
	"strings"

	"messenger-bridge/bridge"
	"messenger-bridge/language"
)

// entry is one command: usage, help, permission and handler in one place.
type entry struct {
	Word    string
	Usage   string // behind the word
	Help    string
	Example string
	Manager bool // only for those who may run commands
	Run     func(*Commands, context.Context, call) (bridge.Reply, error)
}

// table is all commands, in the order in which help shows them.
var table []entry

// The handlers use the table themselves (help), so it is filled here.
func init() {
	table = []entry{
		{Word: "help", Help: language.Sentence("shows the commands"), Run: help},
		{Word: "authorize", Help: language.Sentence("connects Facebook pages: you get a link to log in at Facebook"), Manager: true, Run: authorize},
		{Word: "pages", Usage: language.Sentence("[<pageId, or part of the name>]"), Help: language.Sentence("shows the connected pages and how they are"), Manager: true, Run: listPages},
		{Word: "edit", Usage: language.Sentence("<pageId> [<setting> <value…>]"), Help: language.Sentence("shows or changes a page's settings"), Example: "edit 100200300400500 department Sales", Manager: true, Run: edit},
		{Word: "subscribe", Usage: language.Sentence("<pageId>"), Help: language.Sentence("switches a page on"), Manager: true, Run: subscribe},
		{Word: "unsubscribe", Usage: language.Sentence("<pageId>"), Help: language.Sentence("switches a page off; history and settings stay"), Manager: true, Run: unsubscribe},
		{Word: "unauthorize", Usage: language.Sentence("[<pageId>]"), Help: language.Sentence("disconnects a page, or all that you connected; settings stay"), Manager: true, Run: unauthorize},
		{Word: "status", Help: language.Sentence("shows how the bridge is"), Manager: true, Run: status},
		{Word: "failed", Usage: language.Sentence("[<pageId>]"), Help: language.Sentence("shows what was not delivered in the last 7 days, and why"), Manager: true, Run: failed},
		{Word: "retry", Usage: language.Sentence("<id>"), Help: language.Sentence("tries one of those again; `retry all <pageId>` all of a page"), Example: "retry 17", Manager: true, Run: retry},
		{Word: "delete", Usage: language.Sentence("<pageId>"), Help: language.Sentence("deletes a page and its settings; rooms stay readable"), Manager: true, Run: deletePage},
		{Word: "block", Usage: language.Sentence("<pageId> <customer>"), Help: language.Sentence("keeps a customer from writing to the page at Facebook; `unblock` lifts it"), Manager: true, Run: block},
		{Word: "unblock", Usage: language.Sentence("<pageId> <customer>"), Help: language.Sentence("lets a customer write to the page again"), Manager: true, Run: unblock},
		{Word: "forget", Usage: language.Sentence("<pageId> <customer>"), Help: language.Sentence("erases a customer here and in Rocket.Chat"), Manager: true, Run: forget},
	}
}

// find returns the command of a word, nil if there is none.
func find(word string) *entry {
	word = strings.ToLower(word)
	switch word { // other spellings of the same
	case "authorise":
		word = "authorize"
	case "unauthorise":
		word = "unauthorize"
	}
	for i := range table {
		if table[i].Word == word {
			return &table[i]
		}
	}
	return nil
}

func help(c *Commands, _ context.Context, in call) (bridge.Reply, error) {
	var b strings.Builder
	b.WriteString(c.Say.Say("I connect Facebook pages with this workspace. You can type:") + "\n")
	for _, e := range table {
		if e.Manager && !in.allowed {
			continue
		}
		b.WriteString("• `" + strings.TrimSpace("/facebook "+e.Word+" "+c.Say.Say(e.Usage)) + "` – " + c.Say.Say(e.Help) + "\n")
		if e.Example != "" {
			b.WriteString("   " + c.Say.Say("e.g. `%s`", "/facebook "+e.Example) + "\n")
		}
	}
	b.WriteString(c.Say.Say("If your Rocket.Chat does not know `/facebook`, write `!facebook` instead, or write to me directly."))
	if !in.allowed {
		return answer(b.String()), nil
	}
	return with(answer(b.String()), button(c.Say.Say("Pages"), "pages"), button(c.Say.Say("Status"), "status"), button(c.Say.Say("Connect a page"), "authorize")), nil
}
