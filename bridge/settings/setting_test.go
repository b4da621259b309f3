package settings

import (
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
)

var departments = []bridge.Department{{ID: "d1", Name: "Sales"}, {ID: "d2", Name: "Help & Service"}}

// TestChange types values, good ones and bad ones. A mistake changes nothing.
func TestChange(t *testing.T) {
	for _, c := range []struct {
		word, typed string
		want        string // as the setting is then typed
		mistake     string // or a part of what is wrong
	}{
		{word: "name", typed: "  Bakery\tdesk\r\n ", want: "Bakery desk"},
		{word: "name", typed: "a\x00b\x1b[31mc", want: "ab[31mc"},
		{word: "name", typed: "\xff", want: "\uFFFD"},
		{word: "name", typed: strings.Repeat("ü", 80), want: strings.Repeat("ü", 80)},
		{word: "name", typed: strings.Repeat("ü", 81), mistake: "81 characters; at most 80"},
		{word: "welcome", typed: "Hello {customer}!\r\nBye.", want: "Hello {customer}!\nBye."},
		{word: "welcome", typed: "Hello {name}!", mistake: "by the name of {name}"},
		{word: "welcome", typed: "Hello {customer|there}!", want: "Hello {customer|there}!"},
		{word: "offline", typed: "Hello {customer|}!", mistake: "no word behind the bar in {customer|}"},
		{word: "offline", typed: "Hello {customer|a|b}!", mistake: "more than one bar in {customer|a|b}"},
		{word: "finished", typed: "Bye {agent|{page}}!", mistake: "braces within braces: {agent|{page}}"},
		{word: "finished", typed: "Bye {agent|our team!", mistake: "not closed: {agent|our team!"},
		{word: "finished", typed: "Bye {agent}}!", mistake: "one brace too many: {agent}}"},
		{word: "WELCOME-every", typed: "Room", want: "room"},
		{word: "welcome-every", typed: "week", mistake: "one of: day, room"},
		{word: "agent-name", typed: "username", want: "username"},
		{word: "agent-name", typed: "none", want: "none"},
		{word: "department", typed: "sales", want: "d1"},
		{word: "department", typed: "d2", want: "d2"},
		{word: "department", typed: "Kitchen", mistake: "There are: Sales, Help & Service."},
		{word: "receipts", typed: "YES", want: "on"},
		{word: "receipts", typed: "maybe", mistake: "`on` or `off`"},
		{word: "send-edits", typed: "off", want: "off"},
		{word: "send-edits", typed: "default", want: "on"},
		{word: "threads", typed: "Internal", want: "internal"},
		{word: "threads", typed: "default", want: "send"},
		{word: "threads", typed: "perhaps", mistake: "one of: send, internal"},
		{word: "mentions", typed: "send", want: "send"},
		{word: "mentions", typed: "none", want: "internal"},
		{word: "files-in", typed: "off", want: "off"},
		{word: "text-limit", typed: "100", want: "100"},
		{word: "text-limit", typed: "99", mistake: "from 100 to 2000"},
		{word: "text-limit", typed: "none", want: "2000"},
		{word: "new-room-after", typed: "90 min", want: "90 min"},
		{word: "new-room-after", typed: "25h", mistake: "1 min to 24 h"},
		{word: "max-file-size", typed: "10 mb", want: "10 MB"},
		{word: "max-file-size", typed: "26", mistake: "at most 25 MB"},
		{word: "file-types", typed: "Image/* .PDF;image/*", want: "image/*, .pdf"},
		{word: "file-types", typed: "all", want: ""},
		{word: "file-types", typed: ".pdf, */*", want: ""},
		{word: "file-types", typed: ".tar.gz", want: ".tar.gz"},
		{word: "file-types", typed: "pdf", mistake: "“pdf” is no kind of file"},
		{word: "privacy-url", typed: "https://b.example/privacy", want: "https://b.example/privacy"},
		{word: "privacy-url", typed: "http://b.example", mistake: "https://"},
		{word: "privacy-url", typed: "https://user@b.example", mistake: "https://"},
		{word: "privacy-url", typed: "https://b.example/a b", mistake: "https://"},
	} {
		d := Find(c.word)
		before := bridge.Settings{Name: "before", Welcome: "before", PrivacyURL: "https://before.example"}
		s := before
		mistake := d.Change(&s, c.typed, departments).String()
		switch {
		case c.mistake != "" && (!strings.Contains(mistake, c.mistake) || s != before):
			t.Errorf("%s %q: %q, %+v", c.word, c.typed, mistake, s)
		case c.mistake == "" && (mistake != "" || d.Value(s) != c.want):
			t.Errorf("%s %q is then %q (%s), want %q", c.word, c.typed, d.Value(s), mistake, c.want)
		}
	}
}

func TestChange_DepartmentsThatCannotBeRead(t *testing.T) {
	d := Find("department")
	var s bridge.Settings
	if mistake := d.Change(&s, "d9", nil); mistake != "" || s.Department != "d9" {
		t.Error("an id is not believed:", mistake)
	}
	if mistake := d.Change(&s, "Help & Service", nil); mistake == "" || s.Department != "d9" {
		t.Error("a name is believed:", s.Department)
	}
	if mistake := d.Change(&s, "d9", departments); mistake != "" {
		t.Error("what is set cannot stay after it was deleted:", mistake)
	}
	if mistake := d.Change(&s, "x", []bridge.Department{}); !strings.Contains(mistake.String(), "no departments") {
		t.Error(mistake)
	}
	if shown := d.Shown(bridge.Settings{Department: "d1"}, departments); shown != "Sales" {
		t.Error("shown as", shown)
	}
}

// TestTable_EveryValueCanBeTypedAgain: what a form shows is what it may bring back.
func TestTable_EveryValueCanBeTypedAgain(t *testing.T) {
	full := bridge.Settings{
		Name: "n", Department: "d1", Welcome: "w", Finished: "f", Offline: "o", WelcomeAlways: true, AgentName: bridge.AgentsName,
		RefuseFilesIn: true, RefuseFilesOut: true, MaxFileSize: 3 << 20, FileTypes: "image/*, .pdf", HumanAgent: true,
		NewRoomAfter: bridge.Duration(90 * time.Minute), TextLimit: 300, KeepEdits: true, Survey: true, Comments: true, Receipts: true,
		History: true, PrivacyURL: "https://b.example/p",
	}
	for _, from := range []bridge.Settings{{}, full} {
		for i := range Table {
			d, to := &Table[i], from
			if mistake := d.Change(&to, d.Value(from), departments); mistake != "" || to != from {
				t.Errorf("%s: %q changes something: %s", d.Word, d.Value(from), mistake)
			}
		}
		typed := bridge.Settings{}
		for i := range Table {
			Table[i].Change(&typed, Table[i].Value(from), departments)
		}
		if typed != from {
			t.Errorf("typed one by one: %+v, want %+v", typed, from)
		}
	}
	cleared := full
	for i := range Table {
		Table[i].Change(&cleared, "default", departments)
	}
	if cleared != (bridge.Settings{}) {
		t.Errorf("after `default` everywhere: %+v", cleared)
	}
}

func TestTable_IsInOrder(t *testing.T) {
	seen, groups := map[string]bool{}, map[string]bool{}
	for _, group := range Groups() {
		if groups[group[0].Group] {
			t.Errorf("%s stands in two places", group[0].Group)
		}
		groups[group[0].Group] = true
		for _, d := range group {
			if seen[d.Word] || d.Label == "" || d.Help == "" || d.Longest == 0 || strings.ContainsAny(d.Word, " .") {
				t.Errorf("%+v is a duplicate, or incomplete", d)
			}
			seen[d.Word] = true
		}
	}
	if len(seen) != len(Table) || Find("nothing") != nil {
		t.Error("a setting is in no group, or one is found that is not there")
	}
}

func TestTakeOver_TakesWhatIsAskedWhenConnecting(t *testing.T) {
	s := bridge.Settings{TextLimit: 300, Name: "old", Receipts: true}
	TakeOver(&s, "", bridge.Settings{Name: "new", Department: "d1", Welcome: "hi", TextLimit: 900})
	if want := (bridge.Settings{TextLimit: 300, Name: "new", Department: "d1", Welcome: "hi", Receipts: true}); s != want {
		t.Errorf("%+v", s)
	}
}
