package settings

import (
	"testing"
	"unicode/utf8"

	"messenger-bridge/bridge"
)

// FuzzChange types values into every setting: what is refused changes nothing, and what is
// shown of what was taken can be typed again.
func FuzzChange(f *testing.F) {
	for i, value := range []string{"none", "Hello {customer}, {", "25 MB", "90 min", "1e9 GB", "on", "image/*, .pdf", "\xff\x00", "{customer|there}", "-1", "٣ min"} {
		f.Add(uint8(i), value)
	}
	known := []bridge.Department{{ID: "d1", Name: "Sales"}, {ID: "d2", Name: "sales"}}
	f.Fuzz(func(t *testing.T, which uint8, value string) {
		d := &Table[int(which)%len(Table)]
		var s bridge.Settings
		if mistake := d.Change(&s, value, known); mistake != "" {
			if s != (bridge.Settings{}) {
				t.Errorf("%s: %q is refused, and changes %+v", d.Word, value, s)
			}
			return
		}
		shown := d.Value(s)
		if !utf8.ValidString(shown) {
			t.Errorf("%s: %q is shown as %q", d.Word, value, shown)
		}
		again := s
		if mistake := d.Change(&again, shown, known); mistake != "" || again != s {
			t.Errorf("%s: %q is shown as %q, which is taken as %+v (%s)", d.Word, value, shown, again, mistake)
		}
	})
}
