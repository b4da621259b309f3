package peers

import (
	"testing"
	"time"
)

// The name of a process may hold blanks and parentheses.
func TestReadStat_NameHoldsAnything_IsRead(t *testing.T) {
	const stat = "4321 (a ) (b 7) S 99 4321 4321 0 -1 4194304 1 2 3 4 11 22 33 44 20 0 1 0 5\n"
	pid, parent, used, ok := readStat([]byte(stat))
	if pid != 4321 || parent != 99 || used != 110*tick || tick != 10*time.Millisecond || !ok {
		t.Errorf("%d %d %v %v", pid, parent, used, ok)
	}
	if _, _, _, ok := readStat([]byte("4321 (gone)")); ok {
		t.Error("half a line was read")
	}
	if _, _, _, ok := readStat(nil); ok {
		t.Error("nothing was read")
	}
}
