package stream

import (
	"encoding/json"
	"strings"
	"testing"

	"messenger-bridge/rocketchat"
	"messenger-bridge/rocketchat/wire"
)

func TestAsCommand_Forms(t *testing.T) {
	const no = "\x00"
	for text, want := range map[string]struct{ elsewhere, setup, private string }{
		// commands everywhere
		"/facebook":                      {"", "", ""},
		"/facebook pages":                {"pages", "pages", "pages"},
		"  /facebook   pages \n":         {"pages", "pages", "pages"},
		"/FaceBook Pages":                {"Pages", "Pages", "Pages"},
		"/facebook-bridge edit 1":        {"edit 1", "edit 1", "edit 1"},
		"!facebook\tstatus":              {"status", "status", "status"},
		"!FACEBOOK":                      {"", "", ""},
		"!facebook\u00a0help":            {"help", "help", "help"},
		"@bridge.bot help":               {"help", "help", "help"},
		"@Bridge.Bot":                    {"", "", ""},
		"!facebook\nhelp":                {"help", "help", "help"},
		"/facebook edit 1 welcome \"a\n": {"edit 1 welcome \"a", "edit 1 welcome \"a", "edit 1 welcome \"a"},
		"!facebook edit 1 welcome \"Hi,\n\n  how are  you?\" 'x'": {
			"edit 1 welcome \"Hi,\n\n  how are  you?\" 'x'",
			"edit 1 welcome \"Hi,\n\n  how are  you?\" 'x'",
			"edit 1 welcome \"Hi,\n\n  how are  you?\" 'x'",
		},
		"[ ](http://h/live/r?msg=1) !facebook retry 5": {"retry 5", "retry 5", "retry 5"},
		"!facebook /facebook":                          {"/facebook", "/facebook", "/facebook"},

		// where people expect the bot
		"facebook pages": {no, "pages", "pages"},
		"Facebook":       {no, "", ""},

		// where nobody else can be meant
		"help":                      {no, no, "help"},
		"edit 1 welcome Hello\nyou": {no, no, "edit 1 welcome Hello\nyou"},
		"facebooks":                 {no, no, "facebooks"},
		"facebook's down":           {no, no, "facebook's down"},
		"!facebookx":                {no, no, "!facebookx"},
		"/facebookx help":           {no, no, "/facebookx help"},
		"/facebook-bridges":         {no, no, "/facebook-bridges"},
		"!facebook-bridge x":        {no, no, "!facebook-bridge x"},
		"/typo":                     {no, no, "/typo"},
		"//facebook help":           {no, no, "//facebook help"},
		"/ facebook help":           {no, no, "/ facebook help"},
		"please type /facebook":     {no, no, "please type /facebook"},
		"see @bridge.bot help":      {no, no, "see @bridge.bot help"},
		"@bridge.bots help":         {no, no, "@bridge.bots help"},
		"@bridge_bot help":          {no, no, "@bridge_bot help"},
		"@ana /facebook help":       {no, no, "@ana /facebook help"},
		"@ help":                    {no, no, "@ help"},
		"`/facebook help`":          {no, no, "`/facebook help`"},
		"```\n/facebook help\n```":  {no, no, "```\n/facebook help\n```"},
		"*!facebook* help":          {no, no, "*!facebook* help"},
		"> /facebook help":          {no, no, "> /facebook help"},
		"\u200b/facebook help":      {no, no, "\u200b/facebook help"},
		"\xff/facebook":             {no, no, "\xff/facebook"},

		// nothing was said
		"":                           {no, no, no},
		" \n\t ":                     {no, no, no},
		"[ ](http://h/live/r?msg=1)": {no, no, no},
	} {
		for where, want := range map[place]string{elsewhere: want.elsewhere, setupRoom: want.setup, private: want.private} {
			_, got, ok := asCommand(text, "bridge.bot", where)
			if ok != (want != no) || ok && got != want {
				t.Errorf("%q at place %d: %q, %v", text, where, got, ok)
			}
		}
	}
	if _, _, ok := asCommand("@ help", "", elsewhere); ok {
		t.Error("a mention of nobody is taken for one of a bot whose name is not known yet")
	}
}

func TestCommand_WhoIsListenedTo(t *testing.T) {
	for name, c := range map[string]struct {
		json     string
		is, mine bool // whether it is a command, and kept from customers at all
	}{
		"somebody":       {`{"_id":"1","rid":"r","u":{"_id":"a","username":"ana"},"msg":"!facebook help"}`, true, true},
		"a preview came": {`{"_id":"1","rid":"r","u":{"_id":"a"},"msg":"!facebook help","urls":[{"url":"x"}],"editedAt":null}`, true, true},
		"an edit":        {`{"_id":"1","rid":"r","u":{"_id":"a"},"msg":"!facebook help","editedAt":{"$date":1763632801000}}`, false, true},
		"an edit, REST":  {`{"_id":"1","rid":"r","u":{"_id":"a"},"msg":"!facebook help","editedAt":"2026-11-20T10:00:00.000Z"}`, false, true},
		"another bot":    {`{"_id":"1","rid":"r","u":{"_id":"b"},"msg":"!facebook help","bot":{"i":"js.SDK"}}`, false, false},
		"the customer":   {`{"_id":"1","rid":"r","u":{"_id":"v"},"msg":"!facebook help","token":"t"}`, false, false},
		"a system one":   {`{"_id":"1","rid":"r","u":{"_id":"a"},"msg":"!facebook help","t":"livechat-close"}`, false, false},
		"us":             {`{"_id":"1","rid":"r","u":{"_id":"me"},"msg":"!facebook help"}`, false, false},
		"Rocket.Chat":    {`{"_id":"1","rid":"r","u":{"_id":"rocket.cat"},"msg":"!facebook help"}`, false, false},
		"hidden history": {`{"_id":"1","rid":"r","u":{"_id":"a"},"msg":"!facebook help","_hidden":true}`, false, false},
	} {
		client := rocketchat.New(rocketchat.ClientConfig{})
		client.LoggedIn("me", "token")
		s := newSorter(&Config{Client: client, Commands: nobody{}})
		var m wire.Message
		if err := json.Unmarshal([]byte(c.json), &m); err != nil {
			t.Fatal(err)
		}
		got, mine, err := s.command(t.Context(), m)
		if is := mine && m.Edited.IsZero(); err != nil || is != c.is || mine != c.mine {
			t.Errorf("%s: command %v, ours %v, %v", name, is, mine, err)
		}
		if c.is && (got.Words != "help" || got.ID != "1" || got.Room != "r" || got.From.ID != "a" || got.At.IsZero()) {
			t.Errorf("%s: %+v", name, got)
		}
		s.cfg.Commands = nil
		if _, mine, err = s.command(t.Context(), m); mine || err != nil {
			t.Errorf("%s: a command although they are off", name)
		}
	}
}

type nobody struct{ CommandTaker }

func FuzzAsCommand(f *testing.F) {
	f.Add("/facebook edit 1 welcome \"Hi\"")
	f.Add("[ ](http://h/?msg=1) !facebook")
	f.Fuzz(func(t *testing.T, text string) {
		for _, where := range []place{elsewhere, setupRoom, private} {
			_, words, ok := asCommand(text, "bridge.bot", where)
			if !strings.Contains(text, words) || strings.TrimSpace(words) != words || !ok && words != "" {
				t.Errorf("%q", words)
			}
		}
	})
}
