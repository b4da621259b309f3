package placeholders

import "testing"

func TestFill(t *testing.T) {
	known := Values{Customer: "Dana", Agent: "Li", Page: "Bakery", Privacy: "https://b.example/p"}
	for text, want := range map[string]string{
		"Hello {customer}!":                      "Hello Dana!",
		"Hello {CUSTOMER}, here is {Agent}.":     "Hello Dana, here is Li.",
		"{page} · {privacy}":                     "Bakery · https://b.example/p",
		"Ask {department} for help":              "Ask for help",
		"{department} answers soon":              "answers soon",
		"First line\n{department} second":        "First line\nsecond",
		"{department}":                           "",
		"Nothing {of this}, {}, { customer } x":  "Nothing {of this}, {}, { customer } x",
		"  spaces  around   stay {customer}   x": "spaces  around   stay Dana   x",
		"twice {customer} {customer}":            "twice Dana Dana",
		"{customer}{agent}":                      "DanaLi",
	} {
		if got := known.Fill(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

// TestFill_ValuesAreNotFilledAgain: a customer may call themselves {agent}.
func TestFill_ValuesAreNotFilledAgain(t *testing.T) {
	if got := (Values{Customer: "{agent}", Agent: "Li"}).Fill("Hi {customer}"); got != "Hi {agent}" {
		t.Errorf("%q", got)
	}
}

func TestUnknown(t *testing.T) {
	for text, want := range map[string]string{
		"Hello {customer} from {page}": "",
		"Hello {name}, {custumer}":     "{name}",
		"{Customer} {AGENT}":           "",
		"{} { customer } {1} {a":       "",
		"{müller straße}":              "{müller straße}",
		"function() { return 1 }":      "",
	} {
		if got := Unknown(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	for _, name := range Names() {
		if Unknown(name) != "" {
			t.Errorf("%s is offered and not known", name)
		}
	}
}
