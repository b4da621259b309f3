package cli

import (
	"bytes"
	"strings"
	"testing"

	"messenger-bridge/bridge"
)

// TestTrace_IDsThatAreNone_AreQuoted: what an agent has chosen as an id moves no cursor, and ends no line.
func TestTrace_IDsThatAreNone_AreQuoted(t *testing.T) {
	var out bytes.Buffer
	if err := printTrace(&out, []bridge.Course{{Direction: bridge.Out, IDs: []string{"m_1=", "x\x1b[2J\ndelivered to all"}}}); err != nil {
		t.Fatal(err)
	}
	if said := out.String(); strings.ContainsRune(said, '\x1b') || strings.Contains(said, "\ndelivered") || !strings.Contains(said, ` m_1= "x\x1b[2J\ndelivered to all"`) {
		t.Errorf("%q", said)
	}
}
