package load

import (
	"bytes"
	"encoding/json"
	"testing"
)

func TestRequests_AreSignedUniqueAndComeBack(t *testing.T) {
	r := makeRequests(7, 3, 1, 2, 1, true)
	seen := map[string]bool{}
	for i, request := range r.all {
		_, body, _ := bytes.Cut(request, []byte("\r\n\r\n"))
		if len(body) != BodyLen || !json.Valid(body) || seen[string(body)] {
			t.Errorf("body %d has %d bytes: %s", i, len(body), body)
		}
		seen[string(body)] = true
		if run, event, ok := readTag(TextOf(body, "text")); !ok || run != 7 || event != i {
			t.Errorf("request %d comes back as %d of run %d", i, event, run)
		}
	}
	many := makeRequests(8, 1, 1000, 100, 1, false).all[0]
	if _, body, _ := bytes.Cut(many, []byte("\r\n\r\n")); !json.Valid(body) || len(body) < 1000*eventLen {
		t.Errorf("a call with 1000 events has %d bytes", len(body))
	}
}
