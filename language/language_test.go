package language_test

import (
	"testing"
	"time"

	"messenger-bridge/language"
)

func TestSpeaker_UnknownLanguages_AreEnglish(t *testing.T) {
	for tag, want := range map[string]string{"de": "de", "de-AT": "de", "pt_BR": "pt", "es-419": "es", "en-GB": "en", "": "en", "fi": "en", "not a tag": "en"} {
		if got := language.New(tag, nil).Tag(); got != want {
			t.Errorf("New(%q) speaks %s, not %s", tag, got, want)
		}
	}
}

func TestSpeaker_Switch_CountsForWhatIsSaidLater(t *testing.T) {
	s := language.New("en", time.FixedZone("", 3600))
	at := time.Date(2026, 11, 26, 21, 14, 0, 0, time.UTC)
	if got := s.Time(at); got != "26 Nov 2026, 22:14" {
		t.Errorf("in English %q", got)
	}
	if s.Switch("fi") || !s.Switch("de") {
		t.Error("Switch does not say which languages it knows")
	}
	if got := s.Time(at); got != "26.11.2026, 22:14" {
		t.Errorf("in German %q", got)
	}
}

func TestSpeaker_Nil_SpeaksEnglish(t *testing.T) {
	var s *language.Speaker
	if got := s.Say("%s waits", "Anna"); got != "Anna waits" {
		t.Error(got)
	}
}

func TestPhrase_IsSaidLater(t *testing.T) {
	if p := language.Later("%s waits for %s", "An\x00na", "50%"); p.String() != "Anna waits for 50%" {
		t.Errorf("%q says %q", string(p), p)
	}
	for _, plain := range []string{"", "it is off"} {
		if p := language.Phrase(plain); p.String() != plain {
			t.Errorf("%q says %q", plain, p)
		}
	}
}
