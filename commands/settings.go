package commands

import (
	"context"
	"strings"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/settings"
	"messenger-bridge/language"
	"messenger-bridge/near"
)

// settingCommands show and change pages' settings, by words, by link and in a dialog.
type settingCommands struct {
	editor      Editor
	login       Login
	pages       bridge.Pages
	departments func(context.Context) ([]bridge.Department, error)
	say         *language.Speaker
}

// edit shows or changes a page's settings. settings.Table says which there are.
func (c settingCommands) edit(ctx context.Context, in call) (bridge.Reply, error) {
	id, rest := cutWord(in.rest)
	page, err := c.pages.Page(bridge.PageID(id))
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
	before := page.Settings
	page, wrong, err := c.editor.ChangeSetting(ctx, page.ID, d, value(v))
	if err != nil {
		return bridge.Reply{}, err
	}
	if wrong != "" {
		return answer(c.say.Say("%s Nothing was changed.", wrong.In(c.say))), nil
	}
	text := c.say.Say("*%s*: `%s` is now %s", page.PlainName(), d.Word, c.shown(ctx, d, page.Settings)) + c.preview(ctx, d, page)
	switch {
	case d.Kind == settings.DepartmentKind:
		text += "\n" + c.say.Say("It counts from the next room on.")
	case d.Word == "comments" && page.Settings.Comments:
		reply, err := c.commentsOn(ctx, in, page, text)
		return c.changed(reply, in, page, d, before), err
	}
	return c.changed(answer(text), in, page, d, before), nil
}

// changed adds who has changed what; nothing, if it is as it was.
func (c settingCommands) changed(r bridge.Reply, in call, page bridge.Page, d *settings.Setting, before bridge.Settings) bridge.Reply {
	if d.Value(before) != d.Value(page.Settings) {
		r.Changed = c.say.Say("*%s*: @%s has changed %s.", page.PlainName(), bridge.PlainWords(in.From.Username), "`"+d.Word+"`")
	}
	return r
}

// commentsOn says what is missing for comments that were switched on, and gives a link to
// what only an authorisation gives.
func (c settingCommands) commentsOn(ctx context.Context, in call, page bridge.Page, text string) (bridge.Reply, error) {
	why := page.Feed.Why
	switch {
	case !page.ReceivesEvents():
		return answer(text + "\n" + c.say.Say("It counts as soon as the page runs: %s.", stateText(c.say, page))), nil
	case why.Kind == "":
		return answer(text + "\n" + c.say.Say("What people write on the page and below its posts arrives from now on.")), nil
	case why.Kind != bridge.CommentsNotAllowed:
		return answer(text + "\n" + c.say.Say("But comments do not arrive yet: %s.", why.In(c.say)) + " " + why.Help(c.say, page)), nil
	}
	link, err := c.login.LoginLink(ctx, in.From)
	if err != nil {
		return bridge.Reply{}, err
	}
	text += "\n" + c.say.Say("But Facebook has not allowed the bridge everything that comments need: %s. Messages are not affected.", why.In(c.say))
	text += "\n" + c.say.Say("This link asks Facebook for exactly that in addition: %s\nIt works once, for 10 minutes, and only for you.", link)
	text += "\n" + c.say.Say("At Facebook, keep the pages ticked that are connected already: what you untick there loses its connection.")
	text += " " + c.say.Say("If Facebook calls the permissions invalid, or does not ask for them, the Meta app needs them first (App Review, or its Login configuration).")
	return bridge.Reply{Text: text, Private: true}, nil
}

// askFor answers an edit without a value.
func (c settingCommands) askFor(ctx context.Context, page bridge.Page, d *settings.Setting) string {
	text := c.say.Say("`%s` of *%s* is %s", d.Word, page.PlainName(), c.shown(ctx, d, page.Settings)) + c.preview(ctx, d, page) + "\n" + c.say.Say(d.Help)
	if len(d.Choices) > 0 {
		for _, one := range d.Choices {
			text += "\n• `" + one.Word + "` – " + c.say.Say(one.Label)
		}
	}
	return text + "\n" + c.say.Say("To change it, type `%s`; `none` brings back the default.", "/facebook edit "+string(page.ID)+" "+d.Word+" "+c.say.Say("<value>"))
}

// unknownSetting answers a word that is no setting, with the nearest that is.
func (c settingCommands) unknownSetting(word string) string {
	var words, shown []string
	for i := range settings.Table {
		words = append(words, settings.Table[i].Word)
		shown = append(shown, "`"+words[i]+"`")
	}
	text := c.say.Say("There is no setting `%s`.", quoted(word))
	if near := near.Word(word, words); near != "" {
		text += " " + c.say.Say("Did you mean `%s`?", near)
	}
	return text + " " + c.say.Say("Nothing was changed. There are: %s.", strings.Join(shown, ", "))
}

// showSettings answers with all settings and a link to the form.
func (c settingCommands) showSettings(ctx context.Context, in call, page bridge.Page) (bridge.Reply, error) {
	link, err := c.editor.SettingsLink(ctx, in.From, page.ID)
	if err != nil {
		return bridge.Reply{}, err
	}
	var b strings.Builder
	b.WriteString(c.say.Say("Settings of *%s* `%s`:", page.PlainName(), page.ID) + "\n")
	for _, group := range settings.Groups() {
		b.WriteString("*" + c.say.Say(group[0].Group) + "*\n")
		for _, d := range group {
			b.WriteString("• `" + d.Word + "` " + brief(c.shown(ctx, d, page.Settings)) + "\n")
		}
	}
	b.WriteString(c.say.Say("Change them in a form: %s (for one save, within 15 minutes), or by typing, for example\n`%s`",
		link, "/facebook edit "+string(page.ID)+" welcome \""+c.say.Say("Hello {customer}, how can we help?")+"\"") + "\n")
	b.WriteString(c.say.Say("`%s` without a value explains a setting.", "/facebook edit "+string(page.ID)+" welcome"))
	return bridge.Reply{Text: b.String(), Private: true}, nil
}

// shown returns a setting as it is shown in a chat.
func (c settingCommands) shown(ctx context.Context, d *settings.Setting, all bridge.Settings) string {
	var known []bridge.Department
	if d.Kind == settings.DepartmentKind {
		known, _ = c.departments(ctx) // else its id is shown
	}
	if v := d.Shown(all, known); v != "" {
		return quotation(v)
	}
	return "_" + c.say.Say("none") + "_"
}

// preview returns how customers read a text with something to fill in, on lines of their
// own; "" for any other setting.
func (c settingCommands) preview(ctx context.Context, d *settings.Setting, page bridge.Page) (lines string) {
	if d.Kind != settings.TextKind {
		return ""
	}
	var known []bridge.Department
	if page.Settings.Department != "" {
		known, _ = c.departments(ctx) // else it is not named to customers either
	}
	for _, one := range d.Preview(page, settings.DepartmentName(page.Settings, known), c.say) {
		if one.Text == d.Value(page.Settings) {
			continue // nothing is filled in
		}
		read := "_" + c.say.Say("(nothing is sent)") + "_"
		if one.Text != "" {
			read = quotation(one.Text)
		}
		lines += "\n• " + c.say.Say(one.Label) + ": " + read
	}
	return lines
}

// quotation is a text as it is shown in a chat.
func quotation(v string) string {
	v = quiet(v)
	if strings.Contains(v, "\n") && !strings.Contains(v, "```") {
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
