package placeholders

import "testing"

func TestFill(t *testing.T) {
	known := Values{Customer: "Dana", Agent: "Li", Page: "Bakery", Privacy: "https://b.example/p"}
	for text, want := range map[string]string{
		"Hello {customer}!":                      "Hello Dana!",
		"Hello {CUSTOMER}, here is {Agent}.":     "Hello Dana, here is Li.",
		"{page} · {privacy}":                     "Bakery · https://b.example/p",
		"Nothing {of this}, {}, { 9 } x":         "Nothing {of this}, {}, { 9 } x",
		"Hello { customer }":                     "Hello Dana",
		"  spaces  around   stay {customer}   x": "spaces  around   stay Dana   x",
		"twice {customer} {customer}":            "twice Dana Dana",
		"{customer}{agent}":                      "DanaLi",
		"Ask {customer|there} for {agent|us}":    "Ask Dana for Li",
		"{department|Our team} answers soon":     "Our team answers soon",
		"Ask { Department |  our \n team } here": "Ask our team here",
	} {
		if got := known.Fill(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

// TestFill_WhatIsNotKnownLeavesNoGap has what people write around a name, in the
// languages that we speak.
func TestFill_WhatIsNotKnownLeavesNoGap(t *testing.T) {
	for text, want := range map[string]string{
		"Hello {customer}!":                             "Hello!",
		"Hello {customer}, how can we help?":            "Hello, how can we help?",
		"Hello, {customer}, how can we help?":           "Hello, how can we help?",
		"Thank you, {customer}!":                        "Thank you!",
		"Thank you, {customer} :-)":                     "Thank you :-)",
		"{customer} :-) hello":                          ":-) hello",
		"{customer}, welcome!":                          "Welcome!",
		"{customer}! Welcome.":                          "Welcome.",
		"Hi! {customer}, welcome.":                      "Hi! Welcome.",
		"Ask {department} for help":                     "Ask for help",
		"{department} answers soon":                     "Answers soon",
		"{department} https://example.org answers":      "https://example.org answers",
		"{department} iPhone desk":                      "iPhone desk",
		"First line\n{department} second":               "First line\nSecond",
		"First line\n{department}\nlast":                "First line\nlast",
		"First\n\n{department}\n\nlast":                 "First\n\nlast",
		"{customer}\n\nlast":                            "last",
		"First\n\n– {customer}":                         "First",
		"First\n- {department}\n- last":                 "First\n- last",
		"{department}":                                  "",
		"{customer}!":                                   "",
		"{agent} · {privacy} · {department}":            "",
		"Your team · {department} · {privacy}":          "Your team",
		"Your team ({department}) answers":              "Your team answers",
		"Your team ({department}), always":              "Your team, always",
		"The “{department}” answers":                    "The answers",
		"Das Team „{department}“ antwortet":             "Das Team antwortet",
		"L’équipe « {department} » répond":              "L’équipe répond",
		"Bonjour {customer} !":                          "Bonjour !",
		"¡Hola, {customer}!":                            "¡Hola!",
		"¡{customer}, bienvenido!":                      "¡Bienvenido!",
		"Hi {customer} {agent}!":                        "Hi!",
		"Hi {customer}{agent}!":                         "Hi!",
		"Hi {customer}, {department}, {agent}.":         "Hi.",
		"Hi {customer}, {department}, {agent|us}.":      "Hi, us.",
		"{customer}, {agent|our team} is here":          "Our team is here",
		"Ihr {department}-Team":                         "Ihr Team",
		"Ihr Team-{department} grüßt":                   "Ihr Team grüßt",
		"You asked {agent}'s team":                      "You asked team",
		"Dear {customer},\nwe answer soon":              "Dear,\nwe answer soon",
		"Privacy: {privacy}\nBye":                       "Privacy\nBye",
		"Goodbye from {agent|our team} of {department}": "Goodbye from our team of",
	} {
		if got := (Values{}).Fill(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

// TestFill_ValuesAreNotFilledAgain: a customer may call themselves {agent}, or have space
// around the name.
func TestFill_ValuesAreNotFilledAgain(t *testing.T) {
	if got := (Values{Customer: " {agent}\n {page} ", Agent: "Li"}).Fill("Hi {customer}!"); got != "Hi {agent} {page}!" {
		t.Errorf("%q", got)
	}
}

func TestIn(t *testing.T) {
	for text, want := range map[string]bool{
		"": false, "agent": false, "{agent}": true, "by { AGENT | us }!": true, "{customer}": false, "{agents}": false, "{agent": false,
	} {
		if got := In(text, "{agent}"); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestCheck(t *testing.T) {
	for text, want := range map[string]Mistake{
		"Hello {customer} from {page}":                         {},
		"Hello {customer|there}, {Agent|we}":                   {},
		"{Customer} {AGENT} { page }":                          {},
		"{} { } {1} {a {9-17} {9|17} :-} {":                    {},
		"function() { return 1; }":                             {},
		"Hello {name}, {custumer}":                             {Unknown, "{name}"},
		"{müller straße}":                                      {Unknown, "{müller straße}"},
		"{name|there}":                                         {Unknown, "{name|there}"},
		"{|there}":                                             {Unknown, "{|there}"},
		"Hello {customer name}":                                {Unknown, "{customer name}"},
		"Hello {customer|}":                                    {NoWord, "{customer|}"},
		"Hello {customer| \u200b }":                            {NoWord, "{customer| \u200b }"},
		"Hello {customer|you|there}":                           {ManyBars, "{customer|you|there}"},
		"Hello {{customer}}":                                   {Nested, "{{customer}}"},
		"Hello { {customer|x} }!":                              {Nested, "{ {customer|x} }"},
		"Bye {agent|{page} team}, see you":                     {Nested, "{agent|{page} team}"},
		"Bye {agent|{page}\nsee you":                           {Nested, "{agent|{page}"},
		"Bye {agent|our team, see you\nAna":                    {Unclosed, "{agent|our team, see you"},
		"Bye {all {page} }":                                    {Nested, "{all {page} }"},
		"Bye {9 {page} }":                                      {},
		"Bye {agent":                                           {Unclosed, "{agent"},
		"Bye {agents, all":                                     {},
		"Bye {agent}}":                                         {Extra, "{agent}}"},
		"Bye {agent} :-}":                                      {},
		"{agent|an endless word that goes on and on and on|x}": {ManyBars, "{agent|an endless word that goes on and …"},
	} {
		if got := Check(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	for _, name := range Names() {
		if (Check(name) != Mistake{}) {
			t.Errorf("%s is offered and not known", name)
		}
	}
}
