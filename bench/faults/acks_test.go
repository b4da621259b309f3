package faults

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

// The table tells the longest time without an acknowledgement after each thing that was done, and the picture is one.
func TestAcks_TableAndPicture(t *testing.T) {
	a := acks{marks: []mark{{time.Second, "leader killed"}, {5 * time.Second, "a <node> ends"}}}
	for at := time.Duration(0); at < 7*time.Second; at += 20 * time.Millisecond {
		if at < time.Second || at > 4*time.Second {
			a.at = append(a.at, at)
		}
	}
	var table strings.Builder
	a.write(&table, 3*time.Second)
	for _, line := range []string{"| leader killed | 1.0 s | 3.02 s |", "| a <node> ends | 5.0 s | 0.02 s |"} {
		if !strings.Contains(table.String(), line) {
			t.Errorf("no %q in\n%s", line, table.String())
		}
	}
	for d := xml.NewDecoder(strings.NewReader(a.svg())); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
}
