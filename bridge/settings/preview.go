package settings

import (
	"strings"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/placeholders"
	"messenger-bridge/language"
	"messenger-bridge/near"
)

// The names in a preview.
var (
	sampleCustomer = language.Sentence("Alex Morgan")
	sampleAgent    = language.Sentence("Kim Lee")
)

// Preview is how customers read a text of the page.
type Preview struct {
	Label string // which customers; a sentence of language
	Text  string // empty: nothing is sent
}

// Preview returns how customers read a text that customers read, once with names and once
// with none known; only one where both are the same, none where nothing is set. The
// department is the page's, by its name.
func (d *Setting) Preview(page bridge.Page, department string, say *language.Speaker) []Preview {
	text := d.get(page.Settings)
	if d.Kind != TextKind || text == "" {
		return nil
	}
	certain := placeholders.Values{Page: page.DisplayName(), Privacy: page.Settings.PrivacyURL}
	known := certain
	known.Customer, known.Department = say.Say(sampleCustomer), department
	if d.ofAgent {
		name := say.Say(sampleAgent)
		known.Agent = bridge.Author{Name: name, Username: strings.ReplaceAll(strings.ToLower(name), " ", ".")}.NamedAs(page.Settings.AgentName)
	}
	with, without := known.Fill(text), certain.Fill(text)
	if with == without {
		return []Preview{{language.Sentence("Customers read"), with}}
	}
	return []Preview{{language.Sentence("With names (examples)"), with}, {language.Sentence("Where no name is known"), without}}
}

// DepartmentName returns what the department of a page is called, if it is among those
// known.
func DepartmentName(s bridge.Settings, known []bridge.Department) string {
	for _, one := range known {
		if one.ID == s.Department {
			return one.Name
		}
	}
	return ""
}

// misplaced says what is wrong with the placeholders of a text; "" if nothing is.
func misplaced(text string) language.Phrase {
	wrong := placeholders.Check(text)
	switch wrong.Fault {
	case placeholders.NoFault:
		return ""
	case placeholders.NoWord:
		return language.Later("There is no word behind the bar in %s.", wrong.Found)
	case placeholders.ManyBars:
		return language.Later("There is more than one bar in %s; only one word can stand behind a name.", wrong.Found)
	case placeholders.Nested:
		return language.Later("There are braces within braces: %s. Only plain words can stand in them.", wrong.Found)
	case placeholders.Unclosed:
		return language.Later("A brace is not closed: %s.", wrong.Found)
	case placeholders.Extra:
		return language.Later("There is one brace too many: %s.", wrong.Found)
	}
	all := strings.Join(placeholders.Names(), ", ")
	if meant := probably(wrong.Found); meant != "" {
		return language.Later("Nothing is known by the name of %s. Did you mean %s? These are filled in: %s.", wrong.Found, meant, all)
	}
	return language.Later("Nothing is known by the name of %s. These are filled in: %s.", wrong.Found, all)
}

// alike are words by which other programs, and people, call what is filled in.
var alike = map[string]string{
	"name": "customer", "firstname": "customer", "lastname": "customer", "fullname": "customer", "customername": "customer", "visitor": "customer", "user": "customer",
	"username": "customer", "client": "customer", "contact": "customer", "agentname": "agent", "operator": "agent", "colleague": "agent", "pagename": "page",
	"company": "page", "business": "page", "team": "department", "group": "department", "privacypolicy": "privacy", "privacyurl": "privacy", "policy": "privacy",
}

// probably is the placeholder that was meant by something in braces; "" if that cannot be told.
func probably(found string) string {
	name, word, bar := strings.Cut(strings.Trim(found, "{}"), "|")
	joined := strings.ToLower(strings.NewReplacer(" ", "", "_", "", "-", "").Replace(name))
	var names []string
	for _, typed := range placeholders.Names() {
		names = append(names, strings.Trim(typed, "{}"))
	}
	meant := near.Word(joined, names)
	if same := alike[joined]; same != "" {
		meant = same
	}
	switch {
	case meant == "" || strings.HasSuffix(found, "…"):
		return ""
	case bar:
		return "{" + meant + "|" + word + "}"
	}
	return "{" + meant + "}"
}
