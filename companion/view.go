package companion

import (
	"messenger-bridge/bridge"
	"messenger-bridge/bridge/settings"
	"messenger-bridge/language"
)

// The elements of a dialog, as far as we use them (apps-engine.md 4). Each must name
// app, block and action, and a list a placeholder, or it is refused.
type (
	view struct {
		ID     string   `json:"id"`
		AppID  string   `json:"appId"`
		Type   string   `json:"type"`
		Title  words    `json:"title"`
		Submit *element `json:"submit"`
		Close  *element `json:"close"`
		Blocks []block  `json:"blocks"`
	}
	block struct {
		Type     string   `json:"type"`
		AppID    string   `json:"appId"`
		BlockID  string   `json:"blockId"`
		Text     *words   `json:"text,omitempty"`
		Label    *words   `json:"label,omitempty"`
		Hint     *words   `json:"hint,omitempty"`
		Optional bool     `json:"optional,omitempty"`
		Element  *element `json:"element,omitempty"`
	}
	element struct {
		Type         string   `json:"type"`
		AppID        string   `json:"appId"`
		BlockID      string   `json:"blockId"`
		ActionID     string   `json:"actionId"`
		Text         *words   `json:"text,omitempty"`
		Placeholder  *words   `json:"placeholder,omitempty"`
		Multiline    bool     `json:"multiline,omitempty"`
		InitialValue string   `json:"initialValue,omitempty"`
		Options      []option `json:"options,omitempty"`
	}
	option struct {
		Text  words  `json:"text"`
		Value string `json:"value"`
	}
	words struct {
		Type string `json:"type"`
		Text string `json:"text"`
	}
)

func plain(text string) words { return words{"plain_text", text} }

func said(text string) *words {
	w := plain(text)
	return &w
}

// noValue brings back a setting's default; a list has no empty values.
const noValue = "none"

// settingsDialog shows all settings of a page, as settings.Table has them.
func settingsDialog(form bridge.SettingsForm, say *language.Speaker) *view {
	button := func(action, text string) *element {
		return &element{Type: "button", AppID: About().ID, BlockID: "actions", ActionID: action, Text: said(text)}
	}
	now := form.Page.Settings
	v := &view{
		ID: viewID(form.Page.ID, settings.Seen(now)), AppID: About().ID, Type: "modal", Title: plain(say.Say("Settings of a page")),
		Submit: button("save", say.Say("Save")), Close: button("cancel", say.Say("Cancel")),
		Blocks: []block{{Type: "section", AppID: About().ID, BlockID: "page", Text: said(form.Page.DisplayName() + " (" + string(form.Page.ID) + ")")}},
	}
	for i := range settings.Table {
		s := &settings.Table[i]
		if s.Kind == settings.DepartmentKind && len(form.Departments) == 0 && now.Department == "" {
			continue // there is nothing to choose from, or it is not known
		}
		v.Blocks = append(v.Blocks, field(s, form, say))
	}
	return v
}

// field is one setting. Values are what people would type.
func field(s *settings.Setting, form bridge.SettingsForm, say *language.Speaker) block {
	id := "b_" + s.Word
	hint := say.Say(s.Help)
	e := &element{AppID: About().ID, BlockID: id, ActionID: s.Word, InitialValue: s.Value(form.Page.Settings)}
	choose := func(value, text string) { e.Options = append(e.Options, option{plain(text), value}) }
	switch s.Kind {
	case settings.SwitchKind:
		choose("on", say.Say("on"))
		choose("off", say.Say("off"))
	case settings.ChoiceKind:
		for _, c := range s.Choices {
			choose(c.Word, say.Say(c.Label))
		}
	case settings.DepartmentKind:
		choose(noValue, say.Say("(none)"))
		known := e.InitialValue == ""
		for _, d := range form.Departments {
			choose(string(d.ID), d.Name)
			known = known || string(d.ID) == e.InitialValue
		}
		if !known {
			choose(e.InitialValue, e.InitialValue)
		}
		if e.InitialValue == "" {
			e.InitialValue = noValue
		}
	}
	if e.Type = "plain_text_input"; len(e.Options) > 0 {
		e.Type, e.Placeholder = "static_select", said(say.Say(s.Label))
	}
	e.Multiline = s.Kind == settings.TextKind
	return block{Type: "input", AppID: About().ID, BlockID: id, Label: said(say.Say(s.Label)), Hint: said(hint), Optional: true, Element: e}
}
