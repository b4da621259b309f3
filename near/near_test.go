package near

import "testing"

func TestWord_IsTheOneThatWasMeant(t *testing.T) {
	words := []string{"customer", "agent", "page", "department", "privacy"}
	for word, want := range map[string]string{
		"customer": "customer", "Custmer": "customer", "cusotmer": "customer", "customers": "customer", "agnet": "agent", "departement": "department",
		"name": "", "first name": "", "": "", "pge": "page",
	} {
		if got := Word(word, words); got != want {
			t.Errorf("%q was probably meant to be %q, not %q", word, got, want)
		}
	}
}
