package e2e

import (
	"strings"
	"sync"
	"testing"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/settings"
	"messenger-bridge/sandbox/chat"
)

// inWords is a value for every setting, as typed and as shown, away from its default.
var inWords = []struct{ word, typed, shown string }{
	{"department", "sales", "Sales"},
	{"name", `"Our bakery"`, "Our bakery"},
	{"new-room-after", "1,5 h", "90 min"},
	{"history", "on", "on"},
	{"comments", "yes", "on"},
	{"receipts", "ON", "on"},
	{"welcome", "“Hello {customer},\n\nwelcome to the \"{page}\"!”", "Hello {customer},\n\nwelcome to the \"{page}\"!"},
	{"welcome-every", "room", "room"},
	{"offline", "We are \"away\".", "We are \"away\"."},
	{"finished", "'Goodbye,\nsee {privacy}'", "Goodbye,\nsee {privacy}"},
	{"survey", "on", "on"},
	{"privacy-url", "https://example.org/privacy?a=1&b=2", "https://example.org/privacy?a=1&b=2"},
	{"agent-name", "username", "username"},
	{"human-agent", "on", "on"},
	{"text-limit", "640", "640"},
	{"send-edits", "off", "off"},
	{"threads", "Internal", "internal"},
	{"mentions", "send", "send"},
	{"files-in", "off", "off"},
	{"files-out", "no", "off"},
	{"max-file-size", "10mb", "10 MB"},
	{"file-types", "image/* .PDF", "image/*, .pdf"},
}

// TestSettings_EachInWordsInTheFormAndAfterARestart sets every setting by typing,
// finds it in the answer, in the form and in the list, restarts, brings every one
// back to its default in the form, and reads that back.
func TestSettings_EachInWordsInTheFormAndAfterARestart(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.run()
	o.connect(bakery)
	o.meta.AllowComments(bakery)
	edit := "/facebook edit " + bakery
	if len(inWords) != len(settings.Table) {
		t.Fatalf("the test has %d settings, the table %d", len(inWords), len(settings.Table))
	}
	untouched, _ := o.openWindow().get(o.linkIn(o.private("maria", o.setup(), edit))).form()
	for _, c := range inWords {
		answer := o.public(edit + " " + c.word + " " + c.typed)
		if !strings.Contains(answer, "`"+c.word+"` is now") || !strings.Contains(answer, c.shown) {
			t.Errorf("%s %q is answered %q", c.word, c.typed, answer)
		}
	}
	o.halt()
	o.run()
	list := o.private("maria", o.setup(), edit)
	b := o.openWindow().get(o.linkIn(list))
	form, action := b.form()
	for _, c := range inWords {
		brief := strings.Join(strings.Fields(c.shown), " ")
		if !strings.Contains(list, "`"+c.word+"`") || !strings.Contains(list, brief) {
			t.Errorf("%s is listed in %q", c.word, list)
		}
		want := c.shown
		if c.word == "department" {
			want = o.sales
		}
		if got := lastOf(form[c.word]); got != want {
			t.Errorf("the form shows %s as %q, not %q", c.word, got, want)
		}
		form[c.word] = untouched[c.word]
	}
	form.Set("preview", "on")
	b.send(form, action).shows("a preview", 200, "Nothing is saved yet")
	form.Del("preview")
	b.send(form, action).shows("saving", 200, "The settings are saved")
	for range 2 { // what is shown can be loaded again, and saves nothing
		if b.get(b.at.String()).shows("loaded again", 200, "The settings are saved"); strings.Contains(b.at.RawQuery, "ticket") {
			t.Error("the address holds the ticket")
		}
	}
	o.eventually("what becomes of the comments is told", func() bool {
		return len(containing(o.hears(o.rc.DirectRoom("maria", ourBot)), "`comments` is now “off”")) == 1
	})
	o.halt()
	o.run()
	form, _ = o.openWindow().get(o.linkIn(o.private("maria", o.setup(), edit))).form()
	for _, c := range inWords {
		if lastOf(form[c.word]) != lastOf(untouched[c.word]) {
			t.Errorf("%s is %q, not %q as at first", c.word, form[c.word], untouched[c.word])
		}
	}
	if p := o.storedPage(bakery); p.Settings != (bridge.Settings{}) {
		t.Errorf("defaults are stored as %+v", p.Settings)
	}
}

func lastOf(values []string) string {
	if len(values) == 0 {
		return "(not in the form)"
	}
	return values[len(values)-1]
}

// TestSettings_TenCommandsTwoFormsAndARestart_NothingIsLost opens two forms, has ten
// settings changed at once by typing, restarts, and saves both forms.
func TestSettings_TenCommandsTwoFormsAndARestart_NothingIsLost(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.rc.AddUser(chat.User{Username: "otto", Roles: []string{"user", "livechat-manager"}})
	o.run()
	o.connect(bakery)
	o.meta.AllowComments(bakery)
	edit := "/facebook edit " + bakery
	rid := o.setup()
	o.eventually("otto is there", func() bool { return len(o.rc.MembersOf(rid)) == 3 })
	one := o.openWindow().get(o.linkIn(o.private("maria", rid, edit)))
	two := o.openWindow().get(o.linkIn(o.private("otto", rid, edit)))
	first, firstAction := one.form()
	second, secondAction := two.form()

	typed := inWords[4:14]
	var typing sync.WaitGroup
	for i, c := range typed {
		who := []string{"maria", "otto"}[i%2]
		typing.Go(func() { o.rc.UserSays(who, rid, edit+" "+c.word+" "+c.typed) })
	}
	o.eventually("something is changed", func() bool { return len(containing(o.hears(rid), "is now")) > 0 })
	o.halt()
	typing.Wait()
	o.run()
	o.eventually("all are answered", func() bool { return len(containing(o.hears(rid), "is now")) == len(typed) })

	first.Set("name", "of maria")
	second.Set("name", "of otto")
	second.Set("text-limit", "900")
	second.Set("offline", "otto's")
	one.send(first, firstAction).shows("the first", 200, "The settings are saved", "Somebody else also changed this meanwhile", "Welcome", "Answer after 24 hours")
	two.send(second, secondAction).shows("the second", 409, "Somebody else saved these settings meanwhile", "of maria", "of otto", "We are \"away\".", "otto's", "it is kept: Comments")
	again, action := two.form()
	two.send(again, action).shows("the second again", 200, "The settings are saved")

	want := bridge.Settings{Name: "of otto", TextLimit: 900}
	for _, c := range typed {
		if mistake := settings.Find(c.word).Change(&want, c.shown, nil); mistake != "" {
			t.Fatal(c.word, mistake)
		}
	}
	want.Offline = "otto's" // who was shown the other
	if p := o.storedPage(bakery); p.Settings != want {
		t.Errorf("the settings are\n%+v, not\n%+v", p.Settings, want)
	}
}

func TestEdit_UnknownPagesAndSettings_NamesThoseThereAre(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.run()
	o.connect(bakery, bikes)
	for typed, parts := range map[string][]string{
		"edit 12345 welcome Hi":              {"Which page?", bakery, bikes},
		"edit":                               {"Which page?", bakery, bikes},
		"edit " + bakery + " welcom Hi":      {"no setting `welcom`", "Did you mean `welcome`?", "`privacy-url`", "Nothing was changed"},
		"edit " + bakery + " department Nix": {"no department “Nix”", "Sales", "Nothing was changed"},
		"edit " + bakery + " finished {who}": {"{who}", "{customer}, {agent}, {page}, {department}, {privacy}", "Nothing was changed"},
	} {
		answer := o.public("/facebook " + typed)
		for _, part := range parts {
			if !strings.Contains(answer, part) {
				t.Errorf("%s is answered %q, which lacks %q", typed, answer, part)
			}
		}
	}
}

// TestLanguage_OfTheBridge follows LANGUAGE, or the workspace.
func TestLanguage_OfTheBridge(t *testing.T) {
	for _, c := range []struct{ environ, workspace, help, title, tag string }{
		{"LANGUAGE=de", "en", "Ich verbinde Facebook-Seiten", "Einstellungen der Seite", `<html lang="de">`},
		{"LANGUAGE=", "de", "Ich verbinde Facebook-Seiten", "Einstellungen der Seite", `<html lang="de">`},
		{"LANGUAGE=", "de-AT", "Ich verbinde Facebook-Seiten", "Einstellungen der Seite", `<html lang="de">`},
		{"LANGUAGE=", "fi", "I connect Facebook pages", "Page settings", `<html lang="en">`},
		{"LANGUAGE=", "", "I connect Facebook pages", "Page settings", `<html lang="en">`},
		{"LANGUAGE=en-GB", "de", "I connect Facebook pages", "Page settings", `<html lang="en">`},
	} {
		t.Run(c.environ+" "+c.workspace, func(t *testing.T) {
			t.Parallel()
			o := openOffice(t, bypassed, c.environ)
			o.rc.SetSetting("Language", c.workspace)
			o.run()
			if answer := o.public("/facebook help"); !strings.Contains(answer, c.help) {
				t.Errorf("help is %q", answer)
			}
			o.openWindow().login(o.link(), bakery).choose([]string{bakery})
			b := o.openWindow().get(o.linkIn(o.private("maria", o.setup(), "/facebook edit "+bakery)))
			if !strings.Contains(b.html, c.tag) || !strings.Contains(b.html, c.title) {
				t.Errorf("the form begins %.300q", b.html[strings.Index(b.html, "<h1>"):])
			}
		})
	}
}

func TestLanguage_OfTheWorkspaceChanges_FromTheNextLoginOn(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.run()
	if answer := o.public("/facebook help"); !strings.Contains(answer, "I connect Facebook pages") {
		t.Errorf("help is %q", answer)
	}
	o.rc.SetSetting("Language", "de")
	o.rc.DropSockets()
	o.eventually("it speaks German", func() bool { return strings.Contains(o.public("/facebook help"), "Ich verbinde Facebook-Seiten") })
	o.eventually("the checklist is German", func() bool { return len(containing(o.hears(o.setup()), "Ich bin mit Rocket.Chat verbunden.")) == 1 })
}
