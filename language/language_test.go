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

func TestSpeaker_Moment_NamesItsZone(t *testing.T) {
	winter := time.Date(2026, 1, 1, 0, 0, 7, 0, time.UTC)
	for _, c := range []struct {
		tag, zone string
		seconds   bool
		want      string
	}{
		{"en", "UTC", false, "1 Jan 2026, 00:00 UTC"},
		{"en", "UTC", true, "1 Jan 2026, 00:00:07 UTC"},
		{"de", "Europe/Berlin", false, "01.01.2026, 01:00 CET"},
		{"pt", "America/Sao_Paulo", true, "31/12/2025, 21:00:07 UTC-03:00"},
	} {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		if got := language.New(c.tag, zone).Moment(winter, c.seconds); got != c.want {
			t.Errorf("%s in %s: %q, want %q", c.tag, c.zone, got, c.want)
		}
	}
	if got := (*language.Speaker)(nil).Moment(winter, false); got != "1 Jan 2026, 00:00 UTC" {
		t.Error(got)
	}
}
