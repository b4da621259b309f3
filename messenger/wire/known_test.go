package wire

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

// Every event that is known by its name has a row in docs/kinds.md.
func TestKnown_IsDocumented(t *testing.T) {
	kinds, err := os.ReadFile("../../docs/kinds.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[event]()) {
		switch name := f.Tag.Get("json"); name {
		case "sender", "recipient", "timestamp":
		default:
			if !strings.Contains(string(kinds), "`"+name+"`") {
				t.Errorf("docs/kinds.md does not say what becomes of %s", name)
			}
		}
	}
}
