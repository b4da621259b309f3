package bridge

import (
	"testing"
	"time"

	"messenger-bridge/language"
)

// TestSurvey_TitleFitsInEveryLanguage: Messenger refuses a longer one, and the thanks with it.
func TestSurvey_TitleFitsInEveryLanguage(t *testing.T) {
	for _, code := range language.Names() {
		say := language.New(code, time.UTC)
		if title := say.Say(writeAComment); units(title) > longestTitle {
			t.Errorf("%s: %q has %d characters", code, title, units(title))
		}
	}
}
