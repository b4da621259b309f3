package commands

import (
	"context"
	"strings"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/settings"
)

// edit shows or changes a page's settings. settings.Table says which there are.
func edit(c *Commands, ctx context.Context, in call) (bridge.Reply, error) {
	id, rest := cutWord(in.rest)
	page, err := c.Pages.Page(bridge.PageID(id))
	if err != nil {
		return bridge.Reply{}, err
	}
	word, v := cutWord(rest)
	switch {
	case word == "" && in.Dialog:
		return c.dialog(ctx, page), nil
	case word == "":
		return c.showSettings(ctx, in, page)
	}
	d := settings.Find(word)
	if d == nil {
		return answer(c.unknownSetting(word)), nil
	}
	if v == "" {
		return answer(c.askFor(ctx, page, d)), nil
	}
	page, wrong, err := c.Connector.ChangeSetting(ctx, page.ID, d, value(v))
	if err != nil {
		return bridge.Reply{}, err
	}
	if wrong != "" {
		return answer(c.Say.Say("%s Nothing was changed.", wrong.In(c.Say))), nil
	}
	text := c.Say.Say("*%s*: `%s` is now %s", plain(page.DisplayName()), d.Word, c.shown(ctx, d, page.Settings))
	if d.Kind == settings.DepartmentKind {
		text += "\n" + c.Say.Say("It counts from the next room on.")
	}
	return answer(text), nil
}

// askFor answers an edit without a value.
func (c *Commands) askFor(ctx context.Context, page bridge.Page, d *settings.Setting) string {
	text := c.Say.Say("`%s` of *%s* is %s", d.Word, plain(page.DisplayName()), c.shown(ctx, d, page.Settings)) + "\n" + c.Say.Say(d.Help)
	if len(d.Choices) > 0 {
		for _, one := range d.Choices {
			text += "\n• `" + one.Word + "` – " + c.Say.Say(one.Label)
		}
	}
	return text + "\n" + c.Say.Say("To change it, type `%s`; `none` brings back the default.", "/facebook edit "+string(page.ID)+" "+d.Word+" "+c.Say.Say("<value>"))
}

// unknownSetting answers a word that is no setting, with the nearest that is.
func (c *Commands) unknownSetting(word string) string {
	var words, shown []string
	for i := range settings.Table {
		words = append(words, settings.Table[i].Word)
		shown = append(shown, "`"+words[i]+"`")
	}
	text := c.Say.Say("There is no setting `%s`.", quoted(word))
	if near := nearest(word, words); near != "" {
		text += " " + c.Say.Say("Did you mean `%s`?", near)
	}
	return text + " " + c.Say.Say("Nothing was changed. There are: %s.", strings.Join(shown, ", "))
}

// showSettings answers with all settings and a link to the form.
func (c *Commands) showSettings(ctx context.Context, in call, page bridge.Page) (bridge.Reply, error) {
	link, err := c.Connector.SettingsLink(ctx, in.From, page.ID)
	if err != nil {
		return bridge.Reply{}, err
	}
	var b strings.Builder
	b.WriteString(c.Say.Say("Settings of *%s* `%s`:", plain(page.DisplayName()), page.ID) + "\n")
	for _, group := range settings.Groups() {
		b.WriteString("*" + c.Say.Say(group[0].Group) + "*\n")
		for _, d := range group {
			b.WriteString("• `" + d.Word + "` " + brief(c.shown(ctx, d, page.Settings)) + "\n")
		}
	}
	b.WriteString(c.Say.Say("Change them in a form: %s (for one save, within 15 minutes), or by typing, for example\n`%s`",
		link, "/facebook edit "+string(page.ID)+" welcome \""+c.Say.Say("Hello {customer}, how can we help?")+"\"") + "\n")
	b.WriteString(c.Say.Say("`%s` without a value explains a setting.", "/facebook edit "+string(page.ID)+" welcome"))
	return bridge.Reply{Text: b.String(), Private: true}, nil
}

// shown returns a setting as it is shown in a chat.
func (c *Commands) shown(ctx context.Context, d *settings.Setting, all bridge.Settings) string {
	var known []bridge.Department
	if d.Kind == settings.DepartmentKind {
		known, _ = c.Departments(ctx) // else its id is shown
	}
	v := quiet(d.Shown(all, known))
	switch {
	case v == "":
		return "_" + c.Say.Say("none") + "_"
	case strings.Contains(v, "\n") && !strings.Contains(v, "```"):
		return "\n```\n" + v + "\n```"
	}
	return "“" + v + "”"
}

// brief cuts what shown returns to one line.
func brief(shown string) string {
	text := strings.Join(strings.Fields(strings.ReplaceAll(shown, "```", "")), " ")
	if runes := []rune(text); len(runes) > 90 {
		return string(runes[:90]) + "…"
	}
	return text
}

// quiet keeps what is shown of a text from calling everybody.
func quiet(text string) string {
	return strings.NewReplacer("@all", "@\u2060all", "@here", "@\u2060here").Replace(text)
}
