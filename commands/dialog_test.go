package commands

import (
	"strings"
	"testing"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/settings"
)

func TestDialog_IsShownOnlyWhereItCanBe(t *testing.T) {
	o := newOffice()
	c := o.commands()
	typed := bridge.Command{ID: "m", From: boss, Words: "edit 100", Dialog: true}
	if r, err := c.Handle(t.Context(), typed); err != nil || r.Dialog == nil || r.Text != "" || len(r.Dialog.Departments) != 2 {
		t.Errorf("%+v, %v", r, err)
	}
	typed.Dialog = false
	if r, err := c.Handle(t.Context(), typed); err != nil || r.Dialog != nil || !strings.Contains(r.Text, "/settings?ticket=") {
		t.Errorf("%+v, %v", r, err)
	}
	typed.Dialog, typed.From = true, stranger
	if r, err := c.Handle(t.Context(), typed); err != nil || r.Dialog != nil {
		t.Errorf("a stranger is shown %+v, %v", r, err)
	}
}

func TestFill(t *testing.T) {
	seen := settings.Seen(bridge.Settings{})
	for name, c := range map[string]struct {
		by    bridge.Author
		page  bridge.PageID
		form  settings.Filled
		wrong map[string]string // parts
		calls string
	}{
		"saved":           {boss, "100", settings.Filled{Seen: seen, Typed: map[string]string{"welcome": "Hello", "department": "d1"}}, nil, "filled 100"},
		"impossible":      {boss, "100", settings.Filled{Seen: seen, Typed: map[string]string{"welcome": "Hello", "text-limit": "1"}}, map[string]string{"text-limit": "100 to 2000"}, ""},
		"no such page":    {boss, "999", settings.Filled{Seen: seen, Typed: map[string]string{"welcome": "Hello"}}, map[string]string{"": "no longer connected"}, ""},
		"a stranger":      {stranger, "100", settings.Filled{Seen: seen, Typed: map[string]string{"welcome": "Hello"}}, map[string]string{"": "livechat-manager"}, ""},
		"a forged dialog": {boss, "100", settings.Filled{Seen: "x", Typed: map[string]string{"welcome": "Hello"}}, map[string]string{"": "close it and open it again"}, ""},
		"a clash":         {boss, "100", settings.Filled{Seen: settings.Seen(bridge.Settings{Name: "old"}), Typed: map[string]string{"name": "new"}}, map[string]string{"name": "Somebody else has changed this meanwhile, to: none"}, ""},
	} {
		o := newOffice()
		wrong, err := o.commands().Fill(t.Context(), c.by, c.page, c.form)
		if err != nil || len(wrong) != len(c.wrong) || strings.Join(o.calls, ",") != c.calls {
			t.Errorf("%s: %q, %v, did %q", name, wrong, err, o.calls)
		}
		for word, part := range c.wrong {
			if !strings.Contains(wrong[word], part) {
				t.Errorf("%s: %q says %q", name, word, wrong[word])
			}
		}
	}
}
