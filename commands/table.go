package commands

import (
	"context"
	"strings"

	"messenger-bridge/bridge"
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
		{Word: "help", Help: "shows the commands", Run: help},
		{Word: "authorize", Help: "connects Facebook pages: you get a link to log in at Facebook", Manager: true, Run: authorize},
		{Word: "pages", Help: "shows the connected pages and how they are", Manager: true, Run: pages},
		{Word: "edit", Usage: "<pageId> [<setting> <value…>]", Help: "shows or changes a page's settings", Example: "edit 100200300400500 department Sales", Manager: true, Run: edit},
		{Word: "subscribe", Usage: "<pageId>", Help: "switches a page on", Manager: true, Run: subscribe},
		{Word: "unsubscribe", Usage: "<pageId>", Help: "switches a page off; history and settings stay", Manager: true, Run: unsubscribe},
		{Word: "unauthorize", Usage: "[<pageId>]", Help: "disconnects a page, or all that you connected; settings stay", Manager: true, Run: unauthorize},
		{Word: "status", Help: "shows how the bridge is", Manager: true, Run: status},
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

func help(_ *Commands, _ context.Context, c call) (bridge.Reply, error) {
	var b strings.Builder
	b.WriteString("I connect Facebook pages with this workspace. You can type:\n")
	for _, e := range table {
		if e.Manager && !c.allowed {
			continue
		}
		b.WriteString("• `" + strings.TrimSpace("/facebook "+e.Word+" "+e.Usage) + "` – " + e.Help + "\n")
		if e.Example != "" {
			b.WriteString("   e.g. `/facebook " + e.Example + "`\n")
		}
	}
	b.WriteString("If your Rocket.Chat does not know `/facebook`, write `!facebook` instead, or write to me directly.")
	return bridge.Reply{Text: b.String()}, nil
}
