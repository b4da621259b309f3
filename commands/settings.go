package commands

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"messenger-bridge/bridge"
)

// setting is one that can be changed by words.
type setting struct {
	Word string
	Help string
	Show func(bridge.Settings) string
	// Parse turns a value into a change; the text says what is wrong with it.
	Parse func(c *Commands, ctx context.Context, value string) (change func(*bridge.Settings), wrong string, err error)
}

var settings = []setting{
	{"name", "what agents see instead of the page's name", func(s bridge.Settings) string { return s.Name },
		text(80, func(s *bridge.Settings, v string) { s.Name = v })},
	{"department", "for new rooms; `none` for none", func(s bridge.Settings) string { return string(s.Department) }, department},
	{"welcome", "text when a conversation begins", func(s bridge.Settings) string { return s.Welcome },
		text(2000, func(s *bridge.Settings, v string) { s.Welcome = v })},
	{"finished", "text when an agent closes it", func(s bridge.Settings) string { return s.Finished },
		text(2000, func(s *bridge.Settings, v string) { s.Finished = v })},
	{"offline", "text while nobody is there", func(s bridge.Settings) string { return s.Offline },
		text(2000, func(s *bridge.Settings, v string) { s.Offline = v })},
}

// text parses a text of limited length; `none` empties it.
func text(limit int, set func(*bridge.Settings, string)) func(*Commands, context.Context, string) (func(*bridge.Settings), string, error) {
	return func(_ *Commands, _ context.Context, v string) (func(*bridge.Settings), string, error) {
		if n := utf8.RuneCountInString(v); n > limit {
			return nil, fmt.Sprintf("That has %d characters; at most %d are possible.", n, limit), nil
		}
		if strings.EqualFold(v, "none") {
			v = ""
		}
		return func(s *bridge.Settings) { set(s, v) }, "", nil
	}
}

// department takes the name or the id of one.
func department(c *Commands, ctx context.Context, v string) (func(*bridge.Settings), string, error) {
	if strings.EqualFold(v, "none") {
		return func(s *bridge.Settings) { s.Department = "" }, "", nil
	}
	all, err := c.Departments(ctx)
	if err != nil {
		return nil, "", err
	}
	var known []string
	for _, d := range all {
		if string(d.ID) == v || strings.EqualFold(d.Name, v) {
			return func(s *bridge.Settings) { s.Department = d.ID }, "", nil
		}
		known = append(known, "`"+quoted(d.Name)+"`")
	}
	if len(known) == 0 {
		return nil, "There are no departments in this workspace.", nil
	}
	return nil, "There is no department `" + quoted(v) + "`. There are: " + strings.Join(known, ", ") + ", or `none`.", nil
}

func edit(c *Commands, ctx context.Context, in call) (bridge.Reply, error) {
	id, rest := cutWord(in.rest)
	page, err := c.Pages.Page(bridge.PageID(id))
	if err != nil {
		return bridge.Reply{}, err
	}
	word, v := cutWord(rest)
	if word == "" {
		return c.showSettings(ctx, in, page)
	}
	for _, s := range settings {
		if !strings.EqualFold(s.Word, word) {
			continue
		}
		if v == "" {
			return answer("What should `%s` be? Type `/facebook edit %s %s <value>`, or `none` to empty it. It is: %s", s.Word, page.ID, s.Word, shown(s.Show(page.Settings))), nil
		}
		change, wrong, err := s.Parse(c, ctx, value(v))
		if err != nil {
			return bridge.Reply{}, err
		}
		if wrong != "" {
			return answer("%s Nothing was changed.", wrong), nil
		}
		page, err = c.Connector.ChangeSettings(ctx, page.ID, change)
		if err != nil {
			return bridge.Reply{}, err
		}
		return answer("*%s*: `%s` is now %s%s", plain(page.DisplayName()), s.Word, shown(c.show(ctx, s, page.Settings)), later(s)), nil
	}
	var words []string
	for _, s := range settings {
		words = append(words, "`"+s.Word+"`")
	}
	return answer("There is no setting `%s`. There are: %s. Nothing was changed.", quoted(word), strings.Join(words, ", ")), nil
}

// showSettings answers with all settings and a link to the form.
func (c *Commands) showSettings(ctx context.Context, in call, page bridge.Page) (bridge.Reply, error) {
	link, err := c.Connector.SettingsLink(ctx, in.From, page.ID)
	if err != nil {
		return bridge.Reply{}, err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Settings of *%s* `%s`:\n", plain(page.DisplayName()), page.ID)
	for _, s := range settings {
		fmt.Fprintf(&b, "• `%s` (%s): %s\n", s.Word, s.Help, shown(c.show(ctx, s, page.Settings)))
	}
	fmt.Fprintf(&b, "Change them in a form: %s (for one save, within 15 minutes), or by typing, e.g.\n`/facebook edit %s welcome \"Hello {customer}, how can we help?\"`", link, page.ID)
	return bridge.Reply{Text: b.String(), Private: true}, nil
}

// show returns a setting as people read it.
func (c *Commands) show(ctx context.Context, s setting, all bridge.Settings) string {
	if s.Word == "department" && all.Department != "" {
		return c.departmentNames(ctx)(all.Department)
	}
	return s.Show(all)
}

// later is honest about what is stored and has no effect yet.
func later(s setting) string {
	switch s.Word {
	case "welcome", "finished", "offline":
		return "\nIt is stored. This version does not send it to customers yet."
	case "department":
		return "\nIt counts from the next room on."
	}
	return ""
}

func shown(v string) string {
	if v == "" {
		return "_none_"
	}
	return "“" + v + "”"
}

// departmentNames returns a function that names departments; what cannot be looked
// up is shown by its id.
func (c *Commands) departmentNames(ctx context.Context) func(bridge.DepartmentID) string {
	names := map[bridge.DepartmentID]string{}
	if all, err := c.Departments(ctx); err == nil {
		for _, d := range all {
			names[d.ID] = d.Name
		}
	}
	return func(d bridge.DepartmentID) string {
		if name := names[d]; name != "" {
			return plain(name)
		}
		return string(d)
	}
}
