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

// TestDoctorPrint_LongWords_StayInTheirColumns: names of permissions and settings are longer than
// what a narrow screen has room for.
func TestDoctorPrint_LongWords_StayInTheirColumns(t *testing.T) {
	d := Diagnosis{Findings: []Finding{
		{Finding: bridge.Finding{Check: "permission close-others-livechat-room-of-whoever-has-it", Level: bridge.Unknowable, Found: "not found out", Do: "Ask again later."}},
		{Finding: bridge.Finding{Check: "slash commands", Level: bridge.Notable, Found: "is off (Message_AllowUnrecognizedSlashCommandInEveryRoom)"}},
	}}
	var b strings.Builder
	if err := d.Print(&b); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(b.String()) {
		if n := utf8.RuneCountInString(strings.TrimRight(line, " \n")); n > screen {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	if together := strings.Join(strings.Fields(b.String()), ""); !strings.Contains(together, "Message_AllowUnrecognizedSlashCommandInEveryRoom") {
		t.Errorf("something is cut off:\n%s", b.String())
	}
}
