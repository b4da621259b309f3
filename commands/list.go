package commands

import (
	"context"
	"fmt"
	"strings"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/settings"
	"messenger-bridge/language"
)

// listCommand shows the connected pages.
type listCommand struct {
	pages       bridge.Pages
	departments func(context.Context) ([]bridge.Department, error)
	lastMessage func(bridge.PageID, bridge.Direction) time.Time
	waiting     func(bridge.PageID) (in, out int)
	say         *language.Speaker
}

// manyPages is how many fit into one message when all is told about each.
const manyPages = 15

// show lists the connected pages; words choose those with that id, or with the words
// in their names. Rocket.Chat shows no tables, and phones are narrow: a few short
// lines a page, and with many pages one.
func (c listCommand) show(ctx context.Context, in call) (bridge.Reply, error) {
	wanted := strings.ToLower(value(in.rest))
	var chosen []bridge.Page
	for _, p := range c.pages.Pages() {
		if string(p.ID) == wanted || strings.Contains(strings.ToLower(p.DisplayName()), wanted) {
			chosen = append(chosen, p)
		}
	}
	switch {
	case len(chosen) == 0 && wanted == "":
		return noPage(c.say), nil
	case len(chosen) == 0:
		return bridge.Reply{}, bridge.ErrNoPage
	}
	show := c.pageInFull(c.departmentNames(ctx))
	if len(chosen) > manyPages {
		show = c.pageInShort
	}
	var b strings.Builder
	for _, p := range chosen {
		show(&b, p)
	}
	if len(chosen) > manyPages {
		b.WriteString(c.say.Say("More about some of them: `/facebook pages <pageId, or part of the name>`"))
	}
	edit := forEachPage(c.pages, func(name string) string { return c.say.Say("Edit %s", name) }, "edit")
	return with(answer(strings.TrimRight(b.String(), "\n")), append(edit[:min(len(edit), mostButtons-2)],
		button(c.say.Say("Status"), "status"), button(c.say.Say("Connect a page"), "authorize"))...), nil
}

func (c listCommand) pageInShort(b *strings.Builder, p bridge.Page) {
	fmt.Fprintf(b, "%s *%s* `%s` %s\n", sign(p), p.PlainName(), p.ID, p.State.In(c.say))
}

// pageInFull tells everything about a page.
func (c listCommand) pageInFull(departments func(bridge.DepartmentID) string) func(*strings.Builder, bridge.Page) {
	return func(b *strings.Builder, p bridge.Page) {
		fmt.Fprintf(b, "*%s* `%s`\n%s %s\n", p.PlainName(), p.ID, sign(p), stateText(c.say, p))
		line := func(text string) { fmt.Fprintf(b, "• %s\n", text) }
		if d := p.Settings.Department; d != "" {
			line(c.say.Say("department %s", departments(d)))
		}
		if p.Token != "" {
			line(c.accessText(p))
		}
		line(c.say.Say("last message from a customer: %s", c.timeText(c.lastMessage(p.ID, bridge.In))))
		line(c.say.Say("last message to a customer: %s", c.timeText(c.lastMessage(p.ID, bridge.Out))))
		if in, out := c.waiting(p.ID); in+out > 0 {
			line(c.say.Say("waiting: %d to agents, %d to customers", in, out))
		}
	}
}

// accessText says how long a page's token is good.
func (c listCommand) accessText(p bridge.Page) string {
	switch {
	case !p.Expires.IsZero():
		return c.say.Say("its access ends: %s", c.say.Time(p.Expires))
	case p.TokenKind == "":
		return c.say.Say("when its access ends is not known yet")
	}
	return c.say.Say("its access does not expire")
}

func (c listCommand) timeText(t time.Time) string {
	if t.IsZero() {
		return c.say.Say("none yet")
	}
	return c.say.Time(t)
}

// departmentNames returns a function that names departments; what cannot be looked
// up is shown by its id.
func (c listCommand) departmentNames(ctx context.Context) func(bridge.DepartmentID) string {
	known, _ := c.departments(ctx)
	d := settings.Find("department")
	return func(id bridge.DepartmentID) string {
		return bridge.PlainWords(d.Shown(bridge.Settings{Department: id}, known))
	}
}
