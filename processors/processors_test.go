package processors

import (
	"runtime"
	"testing"
)

func TestSpare_OneMoreUnlessSomebodySaysHowMany(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	defer runtime.SetDefaultGOMAXPROCS()
	for set, want := range map[string]int{"": before + 1, "2": before} {
		runtime.GOMAXPROCS(before)
		Spare(func(string) string { return set })
		if got := runtime.GOMAXPROCS(0); got != want {
			t.Errorf("GOMAXPROCS=%q: %d at once, want %d", set, got, want)
		}
	}
}
