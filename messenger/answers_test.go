package messenger

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"
	"time"
)

var updateAnswers = flag.Bool("update", false, "write down how the answers of testdata/answers.jsonl are judged; read the difference")

// answerCase is an answer of the Graph API to a message, in a shape that public fixtures show, with
// invented values, and how it is judged.
type answerCase struct {
	Name    string          `json:"name"`
	Status  int             `json:"status"`
	Body    json.RawMessage `json:"body"` // a string: what came in the place of JSON
	Code    string          `json:"code,omitempty"`
	Verdict string          `json:"verdict,omitempty"`
	Reason  string          `json:"reason,omitempty"`
}

func TestAnswers_OfEveryShape_AreJudgedByTheirCode(t *testing.T) {
	const file = "testdata/answers.jsonl"
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var updated bytes.Buffer
	enc := json.NewEncoder(&updated)
	enc.SetEscapeHTML(false)
	n := 0
	for lines := bufio.NewScanner(bytes.NewReader(content)); lines.Scan(); n++ {
		var want answerCase
		if err := json.Unmarshal(lines.Bytes(), &want); err != nil {
			t.Fatal(err)
		}
		got := judged(want)
		if err := enc.Encode(got); err != nil {
			t.Fatal(err)
		}
		if got.Code != want.Code || got.Verdict != want.Verdict || got.Reason != want.Reason {
			t.Errorf("%s: %q %s, %s; want %q %s, %s", want.Name, got.Code, got.Verdict, got.Reason, want.Code, want.Verdict, want.Reason)
		}
	}
	if n < 30 {
		t.Errorf("there are %d answers only", n)
	}
	if *updateAnswers {
		if err := os.WriteFile(file, updated.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// judged returns a case as it is judged; a success has no verdict.
func judged(c answerCase) answerCase {
	is := answerCase{Name: c.Name, Status: c.Status, Body: c.Body}
	body := []byte(c.Body)
	var raw string
	if json.Unmarshal(body, &raw) == nil {
		body = []byte(raw)
	}
	a := &answer{page: thePage, status: c.Status, body: body, written: true}
	if a.status < 300 && a.refused() == nil {
		return is
	}
	r := classify(a, time.Now())
	is.Code, is.Verdict, is.Reason = r.Code, r.Verdict.String(), string(r.Reason)
	return is
}
