package commands

import (
	"context"
	"strings"

	"messenger-bridge/bridge"
	"messenger-bridge/language"
)

// entry is one command: usage, help, permission and handler in one place.
type entry struct {
	Group   string // the heading it stands under; empty: none
	Word    string
	Usage   string // behind the word
	Help    string
	Example string
	Manager bool      // only for those who may run commands
	Page    pageFirst // how it names a page
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
	trace       traceCommand
}

// The headings of help.
var (
	groupPages     = language.Sentence("Pages")
	groupMessages  = language.Sentence("Messages")
	groupCustomers = language.Sentence("Customers")
	groupAgents    = language.Sentence("Agents")
)

// newTable returns all commands, in the order in which help shows them.
func newTable(g groups) []entry {
	return []entry{
		{Word: "help", Usage: language.Sentence("[<command>]"), Help: language.Sentence("shows the commands"), Run: g.help},
		{Group: groupPages, Word: "authorize", Help: language.Sentence("connects Facebook pages: you get a link to log in at Facebook"), Manager: true, Run: g.connections.authorize},
		{Group: groupPages, Word: "pages", Usage: language.Sentence("[<pageId, or part of the name>]"), Help: language.Sentence("shows the connected pages and how they are"), Manager: true, Run: g.list.show},
		{Group: groupPages, Word: "edit", Usage: language.Sentence("<pageId> [<setting> <value…>]"), Help: language.Sentence("shows or changes a page's settings"), Example: "edit 100200300400500 department Sales", Manager: true, Page: beforeSetting, Run: g.settings.edit},
		{Group: groupPages, Word: "subscribe", Usage: language.Sentence("<pageId>"), Help: language.Sentence("switches a page on"), Manager: true, Page: beforeNothing, Run: g.connections.subscribe},
		{Group: groupPages, Word: "unsubscribe", Usage: language.Sentence("<pageId>"), Help: language.Sentence("switches a page off; history and settings stay"), Manager: true, Page: beforeNothing, Run: g.connections.unsubscribe},
		{Group: groupPages, Word: "unauthorize", Usage: language.Sentence("[<pageId>]"), Help: language.Sentence("disconnects a page, or all that you connected; settings stay"), Manager: true, Page: ifNamed, Run: g.connections.unauthorize},
		{Group: groupPages, Word: "delete", Usage: language.Sentence("<pageId>"), Help: language.Sentence("deletes a page and its settings; rooms stay readable"), Manager: true, Page: beforeNothing, Run: g.connections.remove},
		{Group: groupMessages, Word: "status", Help: language.Sentence("shows how the bridge is"), Manager: true, Run: g.status.show},
		{Group: groupMessages, Word: "failed", Usage: language.Sentence("[<pageId>]"), Help: language.Sentence("shows what was not delivered in the last 7 days, and why"), Manager: true, Page: ifNamed, Run: g.failures.list},
		{Group: groupMessages, Word: "retry", Usage: language.Sentence("<id>"), Help: language.Sentence("tries one of those again; `retry all <pageId>` all of a page"), Example: "retry 17", Manager: true, Run: g.failures.retry},
		{Group: groupMessages, Word: "trace", Usage: language.Sentence("<message or room>"), Help: language.Sentence("shows what became of a message: name it by its link, or by an id; or a chat by its link"), Manager: true, Run: g.trace.show},
		{Group: groupCustomers, Word: "block", Usage: language.Sentence("<pageId> <customer>"), Help: language.Sentence("keeps a customer from writing to the page at Facebook; `unblock` lifts it"), Manager: true, Page: beforeCustomer, Run: g.customers.block},
		{Group: groupCustomers, Word: "unblock", Usage: language.Sentence("<pageId> <customer>"), Help: language.Sentence("lets a customer write to the page again"), Manager: true, Page: beforeCustomer, Run: g.customers.unblock},
		{Group: groupCustomers, Word: "forget", Usage: language.Sentence("<pageId> <customer>"), Help: language.Sentence("erases a customer here and in Rocket.Chat"), Manager: true, Page: beforeCustomer, Run: g.customers.forget},
		{Group: groupAgents, Word: "announce", Usage: language.Sentence("<#channel>"), Help: language.Sentence("posts into a channel what agents need to know"), Example: "announce #support", Manager: true, Run: g.guide.announce},
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

// help lists the commands in groups, or explains the one that is named.
func (c *Commands) help(_ context.Context, in call) (bridge.Reply, error) {
	if word, _ := cutWord(in.rest); word != "" {
		return c.explain(word, in.allowed), nil
	}
	var b strings.Builder
	b.WriteString(c.say.Say("I connect Facebook pages with this workspace. You can type:") + "\n")
	group := ""
	for _, e := range c.table {
		if e.Manager && !in.allowed {
			continue
		}
		if e.Group != group {
			group = e.Group
			b.WriteString("*" + c.say.Say(group) + "*\n")
		}
		b.WriteString("• `/facebook " + e.Word + "` – " + c.say.Say(e.Help) + "\n")
	}
	b.WriteString(c.say.Say("`%s` explains one of them.", "/facebook help <"+c.say.Say("command")+">") + " ")
	b.WriteString(c.say.Say("If your Rocket.Chat does not know `/facebook`, write `!facebook` instead, or write to me directly."))
	if !in.allowed {
		return answer(b.String()), nil
	}
	return with(answer(b.String()), button(c.say.Say("Pages"), "pages"), button(c.say.Say("Status"), "status"), button(c.say.Say("Connect a page"), "authorize")), nil
}

// explain tells all about one command.
func (c *Commands) explain(word string, allowed bool) bridge.Reply {
	e := c.find(word)
	switch {
	case e == nil:
		return c.unknown(word)
	case e.Manager && !allowed:
		return answer(c.say.Say(mayNot))
	}
	text := "`" + strings.TrimSpace("/facebook "+e.Word+" "+c.say.Say(e.Usage)) + "` – " + c.say.Say(e.Help)
	if e.Example != "" {
		text += "\n" + c.say.Say("e.g. `%s`", "/facebook "+e.Example)
	}
	if e.Page != unnamed {
		text += "\n" + c.say.Say("A page is named by its name, a part of it, or its id.")
		if e.Page != ifNamed {
			text += " " + c.say.Say("With one page connected, it may be left out.")
		}
	}
	return answer(text)
}
