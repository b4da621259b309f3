package wire

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write down what the payloads of testdata/world are decoded to; read the difference")

// worldCase is a notification as public fixtures show it, with invented values, and what
// becomes of it. README.md beside the files says where the shapes are from.
type worldCase struct {
	Name    string           `json:"name"`
	Body    json.RawMessage  `json:"body"`
	Events  []map[string]any `json:"events,omitempty"`  // without what is empty
	Ignored map[string]int   `json:"ignored,omitempty"` // by kind
	Refused bool             `json:"refused,omitempty"` // it is not stored, and Meta repeats it
}

func TestWorld_IsDecodedOrNamed(t *testing.T) {
	files, err := filepath.Glob("testdata/world/*.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, file := range files {
		for _, c := range readWorld(t, file) {
			n++
			t.Run(strings.TrimSuffix(filepath.Base(file), ".jsonl")+"/"+c.Name, func(t *testing.T) {
				got := becomes(t, c)
				if g, w := line(t, got), line(t, c); g != w {
					t.Errorf("\n got %s\nwant %s", g, w)
				}
			})
		}
	}
	if n < 150 {
		t.Errorf("there are %d payloads only", n)
	}
}

func readWorld(t *testing.T, file string) (all []worldCase) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var updated bytes.Buffer
	for text := range strings.Lines(string(content)) {
		var c worldCase
		if err := json.Unmarshal([]byte(text), &c); err != nil {
			t.Fatal(file, err)
		}
		all = append(all, c)
		updated.WriteString(line(t, becomes(t, c)) + "\n")
	}
	if *update {
		if err := os.WriteFile(file, updated.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// becomes returns a case with what it is decoded to.
func becomes(t *testing.T, c worldCase) worldCase {
	t.Helper()
	is := worldCase{Name: c.Name, Body: c.Body}
	d, err := Decode(c.Body, time.UnixMilli(1790000000999))
	if is.Refused = err != nil; is.Refused {
		return is
	}
	for _, in := range d.Events {
		b, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		var fields map[string]any
		if err := json.Unmarshal(b, &fields); err != nil {
			t.Fatal(err)
		}
		is.Events = append(is.Events, said(fields).(map[string]any))
	}
	if len(d.Ignored) > 0 {
		is.Ignored = d.Ignored
	}
	return is
}

// said leaves out what is empty.
func said(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			v[name] = said(inner)
		}
		maps.DeleteFunc(v, func(_ string, inner any) bool { return nothing(inner) })
	case []any:
		for i := range v {
			v[i] = said(v[i])
		}
	}
	return v
}

func nothing(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		return len(v) == 0
	case []any:
		return len(v) == 0
	}
	return slices.Contains([]any{nil, "", false, 0.0, "0001-01-01T00:00:00Z"}, v)
}

func line(t *testing.T, c worldCase) string {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(c); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}
