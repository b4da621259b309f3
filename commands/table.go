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
	Run     handler
}

// handler carries out a command.
type handler func(context.Context, call) (bridge.Reply, error)

// groups are what the commands of the table belong to.
type groups struct {
	help        handler
	connections connectionCommands
	list        listCommand
	settings    settingCommands
	status      statusCommand
	failures    failureCommands
	customers   customerCommands
	guide       guideCommand
}

// newTable returns all commands, in the order in which help shows them.
func newTable(g groups) []entry {
	return []entry{
		{Word: "help", Help: language.Sentence("shows the commands"), Run: g.help},
		{Word: "authorize", Help: language.Sentence("connects Facebook pages: you get a link to log in at Facebook"), Manager: true, Run: g.connections.authorize},
		{Word: "pages", Usage: language.Sentence("[<pageId, or part of the name>]"), Help: language.Sentence("shows the connected pages and how they are"), Manager: true, Run: g.list.show},
		{Word: "edit", Usage: language.Sentence("<pageId> [<setting> <value…>]"), Help: language.Sentence("shows or changes a page's settings"), Example: "edit 100200300400500 department Sales", Manager: true, Run: g.settings.edit},
		{Word: "subscribe", Usage: language.Sentence("<pageId>"), Help: language.Sentence("switches a page on"), Manager: true, Run: g.connections.subscribe},
		{Word: "unsubscribe", Usage: language.Sentence("<pageId>"), Help: language.Sentence("switches a page off; history and settings stay"), Manager: true, Run: g.connections.unsubscribe},
		{Word: "unauthorize", Usage: language.Sentence("[<pageId>]"), Help: language.Sentence("disconnects a page, or all that you connected; settings stay"), Manager: true, Run: g.connections.unauthorize},
		{Word: "status", Help: language.Sentence("shows how the bridge is"), Manager: true, Run: g.status.show},
		{Word: "failed", Usage: language.Sentence("[<pageId>]"), Help: language.Sentence("shows what was not delivered in the last 7 days, and why"), Manager: true, Run: g.failures.list},
		{Word: "retry", Usage: language.Sentence("<id>"), Help: language.Sentence("tries one of those again; `retry all <pageId>` all of a page"), Example: "retry 17", Manager: true, Run: g.failures.retry},
		{Word: "announce", Usage: language.Sentence("<#channel>"), Help: language.Sentence("posts into a channel what agents need to know"), Example: "announce #support", Manager: true, Run: g.guide.announce},
		{Word: "delete", Usage: language.Sentence("<pageId>"), Help: language.Sentence("deletes a page and its settings; rooms stay readable"), Manager: true, Run: g.connections.remove},
		{Word: "block", Usage: language.Sentence("<pageId> <customer>"), Help: language.Sentence("keeps a customer from writing to the page at Facebook; `unblock` lifts it"), Manager: true, Run: g.customers.block},
		{Word: "unblock", Usage: language.Sentence("<pageId> <customer>"), Help: language.Sentence("lets a customer write to the page again"), Manager: true, Run: g.customers.unblock},
		{Word: "forget", Usage: language.Sentence("<pageId> <customer>"), Help: language.Sentence("erases a customer here and in Rocket.Chat"), Manager: true, Run: g.customers.forget},
	}
}

// find returns the command of a word, nil if there is none.
func (c *Commands) find(word string) *entry {
	word = strings.ToLower(word)
	switch word { // other spellings of the same
	case "authorise":
		word = "authorize"
	case "unauthorise":
		word = "unauthorize"
	}
	for i := range c.table {
		if c.table[i].Word == word {
			return &c.table[i]
		}
	}
	return nil
}

func (c *Commands) help(_ context.Context, in call) (bridge.Reply, error) {
	var b strings.Builder
	b.WriteString(c.say.Say("I connect Facebook pages with this workspace. You can type:") + "\n")
	for _, e := range c.table {
		if e.Manager && !in.allowed {
			continue
		}
		b.WriteString("• `" + strings.TrimSpace("/facebook "+e.Word+" "+c.say.Say(e.Usage)) + "` – " + c.say.Say(e.Help) + "\n")
		if e.Example != "" {
			b.WriteString("   " + c.say.Say("e.g. `%s`", "/facebook "+e.Example) + "\n")
		}
	}
	b.WriteString(c.say.Say("If your Rocket.Chat does not know `/facebook`, write `!facebook` instead, or write to me directly."))
	if !in.allowed {
		return answer(b.String()), nil
	}
	return with(answer(b.String()), button(c.say.Say("Pages"), "pages"), button(c.say.Say("Status"), "status"), button(c.say.Say("Connect a page"), "authorize")), nil
}
