package settings

import (
	"slices"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/language"
)

// TestPreview: what is certain stands in both, an agent only where one closes a
// conversation.
func TestPreview(t *testing.T) {
	page := bridge.Page{Name: "Bakery", Settings: bridge.Settings{Department: "d1"}}
	english, german := language.New("en", time.UTC), language.New("de", time.UTC)
	for _, c := range []struct {
		word, text string
		shows      bridge.AgentName
		say        *language.Speaker
		want       []string
	}{
		{"welcome", "", "", english, nil},
		{"welcome", "Hello!", "", english, []string{"Hello!"}},
		{"welcome", "Hello from {page}!", "", english, []string{"Hello from Bakery!"}},
		{"welcome", "Hello {customer|there}!", "", english, []string{"Hello Alex Morgan!", "Hello there!"}},
		{"welcome", "Hallo {customer|zusammen}!", "", german, []string{"Hallo Alex Weber!", "Hallo zusammen!"}},
		{"welcome", "{customer}", "", english, []string{"Alex Morgan", ""}},
		{"welcome", "{agent|our team} of {department}, {privacy}", "", english, []string{"our team of Sales", "our team of"}},
		{"offline", "{agent|our team} is away.", "", english, []string{"our team is away."}},
		{"finished", "Bye from {agent|our team}.", "", english, []string{"Bye from Kim Lee.", "Bye from our team."}},
		{"finished", "Bye from {agent|our team}.", bridge.AgentsName, english, []string{"Bye from Kim Lee.", "Bye from our team."}},
		{"finished", "Bye from {agent|our team}.", bridge.AgentUsername, english, []string{"Bye from kim.lee.", "Bye from our team."}},
		{"agent-name", "name", "", english, nil},
	} {
		d, p := Find(c.word), page
		p.Settings.AgentName = c.shows
		if mistake := d.Change(&p.Settings, c.text, nil); mistake != "" {
			t.Fatal(c.word, mistake)
		}
		var got []string
		for _, one := range d.Preview(p, DepartmentName(p.Settings, departments), c.say) {
			got = append(got, one.Text)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s %q is read %q, want %q", c.word, c.text, got, c.want)
		}
	}
}

// TestChange_TextOfAnEarlierVersion_MayStay: a form brings it back as it is.
func TestChange_TextOfAnEarlierVersion_MayStay(t *testing.T) {
	s := bridge.Settings{Welcome: "Hello {{customer}}"}
	if mistake := Find("welcome").Change(&s, s.Welcome, nil); mistake != "" {
		t.Error(mistake)
	}
	if mistake := Find("welcome").Change(&s, s.Welcome+"!", nil); mistake == "" {
		t.Error("braces within braces are taken")
	}
}

// TestMisplaced_NearMiss_IsAnsweredByWhatWasMeant: misspelt, in other words, or in the manner of
// other programs; what nobody can guess is not guessed.
func TestMisplaced_NearMiss_IsAnsweredByWhatWasMeant(t *testing.T) {
	for text, meant := range map[string]string{
		"Hi {custmer}!": "{customer}", "Hi {Customers}!": "{customer}", "Hi {name}!": "{customer}", "Hi {first name|there}!": "{customer|there}",
		"Hi {customer_name}!": "{customer}", "{departement}": "{department}", "{Agnet|we}": "{agent|we}", "{privacy-policy}": "{privacy}",
		"{order number}": "", "{date}": "", "{xyz|abc}": "",
	} {
		var s bridge.Settings
		said := Find("welcome").Change(&s, text, nil).In(language.New("en", time.UTC))
		if meant == "" && strings.Contains(said, "Did you mean") || meant != "" && !strings.Contains(said, "Did you mean "+meant+"?") || !strings.Contains(said, "Nothing is known by the name of") {
			t.Errorf("%s is answered %q", text, said)
		}
	}
}
