package placeholders

import (
	"slices"
	"testing"
)

func TestLeftOvers(t *testing.T) {
	for text, want := range map[string][]string{
		"Dear [NAME], {{order.id}} and [ORDER_NUMBER]":  {"{{order.id}}", "[NAME]", "[ORDER_NUMBER]"},
		"[FIRST NAME] [FIRST NAME]":                     {"[FIRST NAME]"},
		"Hallo [KUNDENNAME], [BITTE DATUM]":             {"[KUNDENNAME]", "[BITTE DATUM]"},
		"Hi {Customer}, {agent|our team}":               {"{Customer}", "{agent|our team}"},
		"[EUR] [USD] [1] [SALE] [Name] {x} {} [ ] {{}}": nil,
	} {
		if got := LeftOver(text); !slices.Equal(got, want) {
			t.Errorf("%q: %q", text, got)
		}
	}
}
