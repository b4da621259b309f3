package attack

import (
	"testing"
	"time"
)

// TestMeasure_ShortForm_GivesFigures; how long things took is not looked at.
func TestMeasure_ShortForm_GivesFigures(t *testing.T) {
	all, err := Measure(t.Context(), Load{Sockets: []int{1, 31}, Rate: 20, Lasts: time.Second}, t.TempDir())
	if err != nil || len(all) != 2 {
		t.Fatal(all, err)
	}
	for _, f := range all {
		if f.Calls != 20 || f.Answered < 19 || f.Half <= 0 || f.Most < f.Half {
			t.Errorf("%+v", f)
		}
	}
}
