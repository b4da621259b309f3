package placeholders

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

// author writes texts as people do: words, names and marks in an order that makes sense
// as long as every name is known.
type author struct{ *rand.Rand }

func (a author) one(of ...string) string { return of[a.IntN(len(of))] }

func (a author) placeholder() string {
	name := a.one(Names()...)
	if a.IntN(4) == 0 {
		return strings.TrimSuffix(name, "}") + "|" + a.one("our team", "there", "Sie") + "}"
	}
	return name
}

func (a author) part() string {
	switch a.IntN(10) {
	case 0, 1, 2, 3:
		return a.placeholder()
	case 4:
		return "(" + a.placeholder() + ")"
	case 5:
		return a.one("“", "\"", "«") + a.placeholder()
	}
	return a.one("hello", "Team", "vielen Dank", "für", "42", "you", "ñandú", "спасибо", "😀")
}

// closedQuotes closes what part has opened.
var closedQuotes = regexp.MustCompile(`([“"«])(\{[^}]*\})`)

func (a author) line() string {
	text := a.part()
	for range a.IntN(5) {
		text += a.one(" ", " ", " ", ", ", ". ", "! ", " – ", " · ", ": ") + a.part()
	}
	text = a.one("", "", "", "- ", "• ") + text + a.one("", ".", "!", "?", ",", " :-)")
	return closedQuotes.ReplaceAllStringFunc(text, func(found string) string {
		for open, shut := range map[string]string{"“": "”", "\"": "\"", "«": "»"} {
			if strings.HasPrefix(found, open) {
				return found + shut
			}
		}
		return found
	})
}

func (a author) text() string {
	text := a.line()
	for range a.IntN(4) {
		text += a.one("\n", "\n\n") + a.line()
	}
	return text
}

func (a author) values() (v Values) {
	for _, value := range []*string{&v.Customer, &v.Agent, &v.Page, &v.Department, &v.Privacy} {
		*value = a.one("", "", "Dana", "Müller & Söhne", "https://example.org/p")
	}
	return v
}

// flaws are what a reader sees where a word is missing.
var flaws = map[string]*regexp.Regexp{
	"two spaces":                  regexp.MustCompile(`  `),
	"space at the end of a line":  regexp.MustCompile(`(?m) $`),
	"space at its beginning":      regexp.MustCompile(`(?m)^ `),
	"space before a mark":         regexp.MustCompile(` [,.;!?)”»]`),
	"space behind a mark":         regexp.MustCompile(`[(“«] `),
	"a line begins with a mark":   regexp.MustCompile(`(?m)^[,.;!?)”»–·]`),
	"a line ends with one":        regexp.MustCompile(`(?m)[(–·:;“«]$`),
	"a mark follows another":      regexp.MustCompile(`[,;:][,.;:!?)]|[.!?][,;.!?]|[–·] ?[–·,.!?]|[,:] [–·]`),
	"nothing in between":          regexp.MustCompile(`\( ?\)|“ ?”|« ?»|"" `),
	"a line is missing":           regexp.MustCompile(`\n\n\n|^\n|\n$`),
	"a brace":                     regexp.MustCompile(`[{}]`),
	"the word for somebody known": regexp.MustCompile(`\|`),
}

func flawsOf(text string) (all []string) {
	for name, flaw := range flaws {
		if flaw.MatchString(text) {
			all = append(all, name)
		}
	}
	return all
}

// TestFill_NeverLeavesAGap writes texts at random, and fills them in with any of the names
// missing.
func TestFill_NeverLeavesAGap(t *testing.T) {
	everything := Values{"Dana", "Dana", "Dana", "Dana", "Dana"}
	a := author{rand.New(rand.NewPCG(16, 7))}
	clean := 0
	for range 5_000 {
		text := a.text()
		if mistake := Check(text); mistake.Fault != NoFault {
			t.Fatalf("%q: %v", text, mistake)
		}
		if len(flawsOf(everything.Fill(text))) > 0 {
			continue
		}
		clean++
		v := a.values()
		if got := v.Fill(text); len(flawsOf(got)) > 0 {
			t.Fatalf("%q\nwith %q becomes\n%q: %q", text, v, got, flawsOf(got))
		}
	}
	if clean < 2_500 {
		t.Errorf("only %d texts were any good", clean)
	}
}

// TestFill_EverythingKnown_OnlyNamesAreReplaced compares with plain replacing.
func TestFill_EverythingKnown_OnlyNamesAreReplaced(t *testing.T) {
	v := Values{"Dana", "Li", "Bakery", "Sales", "https://example.org"}
	plain := strings.NewReplacer("{customer}", v.Customer, "{agent}", v.Agent, "{page}", v.Page, "{department}", v.Department, "{privacy}", v.Privacy)
	word := regexp.MustCompile(`\|[^}]*`)
	a := author{rand.New(rand.NewPCG(7, 16))}
	for range 4_000 {
		text := a.text()
		if got, want := v.Fill(text), strings.TrimSpace(plain.Replace(word.ReplaceAllString(text, ""))); got != want {
			t.Fatalf("%q becomes %q, want %q", text, got, want)
		}
	}
}

// FuzzFill looks for texts that cannot be read. What is filled in is a mistake, or no
// placeholder is left.
func FuzzFill(f *testing.F) {
	for _, text := range []string{"", "{", "}", "{{customer}}", "({customer})", "{agent|", "\xff{customer}\xfe", "-{page}-", "{customer}'s"} {
		f.Add(text, "")
	}
	f.Fuzz(func(t *testing.T, text, value string) {
		v := Values{Customer: value, Page: value}
		got, mistake := v.Fill(text), Check(text)
		if mistake.Fault == NoFault && !strings.ContainsAny(value, "{}") && Check(got).Fault != NoFault {
			t.Errorf("%q becomes %q", text, got)
		}
		for _, name := range Names() {
			if mistake.Fault == NoFault && !strings.Contains(strings.ToLower(value), name) && strings.Contains(strings.ToLower(got), name) {
				t.Errorf("%q becomes %q", text, got)
			}
		}
	})
}
