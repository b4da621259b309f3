package automatic

import (
	"testing"
	"time"

	"messenger-bridge/language"
	"messenger-bridge/textcut"
)

// TestSurvey_TitleFitsInEveryLanguage: Messenger refuses a title of more than 20
// characters, and the thanks with it.
func TestSurvey_TitleFitsInEveryLanguage(t *testing.T) {
	for _, code := range language.Names() {
		title := language.New(code, time.UTC).Say(writeAComment)
		if n := textcut.Units(title); n > 20 {
			t.Errorf("%s: %q has %d characters", code, title, n)
		}
	}
}
