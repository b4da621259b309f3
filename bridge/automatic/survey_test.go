package automatic

import (
	"testing"
	"time"
	"unicode/utf16"

	"messenger-bridge/language"
)

// TestSurvey_TitleFitsInEveryLanguage: Messenger refuses a title of more than 20
// characters, and the thanks with it.
func TestSurvey_TitleFitsInEveryLanguage(t *testing.T) {
	for _, code := range language.Names() {
		title := language.New(code, time.UTC).Say(writeAComment)
		if n := len(utf16.Encode([]rune(title))); n > 20 {
			t.Errorf("%s: %q has %d characters", code, title, n)
		}
	}
}
