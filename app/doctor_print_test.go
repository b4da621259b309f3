package app

import (
	"strings"
	"testing"
	"unicode/utf8"

	"messenger-bridge/bridge"
)

func TestDoctorPrint_NamesOfStrangers_DoNotMoveTheCursor(t *testing.T) {
	d := Diagnosis{Findings: []Finding{{Finding: bridge.Finding{Check: strings.Repeat("Шop\x1b[2J", 20) + ": token", Level: bridge.Bad, Found: "a\u202eb\nc"}}}}
	var b strings.Builder
	if err := d.Print(&b); err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(b.String(), "\n")
	if strings.ContainsAny(b.String(), "\x1b\u202e") || !strings.Contains(line, "…: token  a b c") || utf8.RuneCountInString(line) > 40 {
		t.Errorf("%q", b.String())
	}
}
