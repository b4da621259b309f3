package app

import (
	"testing"
	"time"
)

func TestSpan_IsWhatPeopleRead_AndIsReadAgain(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 900 * time.Millisecond: "0s", 59 * time.Second: "59s", time.Minute: "1m", 250 * time.Second: "4m10s",
		time.Hour: "1h", 90 * time.Minute: "1h30m", 24 * time.Hour: "1d", 76*time.Hour + 59*time.Minute: "3d4h",
	} {
		if got := Span(d).String(); got != want {
			t.Errorf("%s is %q, not %q", d, got, want)
		}
		var back Span
		if err := back.UnmarshalText([]byte(want)); err != nil || back.String() != want {
			t.Errorf("%q is read as %s, %v", want, back, err)
		}
	}
	for _, wrong := range []string{"4x", "99999999999999999999s", "-1s"} {
		if err := new(Span).UnmarshalText([]byte(wrong)); err == nil {
			t.Errorf("%q is read", wrong)
		}
	}
}

func TestSpeaker_TellsTimesInTheZone(t *testing.T) {
	cfg := Config{}
	cfg.Speech.Language, cfg.Speech.Timezone = "de", "Europe/Berlin"
	if got := speaker(cfg).Time(time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC)); got != "02.01.2026, 04:04" {
		t.Errorf("times are like %s", got)
	}
}
