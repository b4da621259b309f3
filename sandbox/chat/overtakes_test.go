package chat

import (
	"testing"
	"time"
)

// TestOvertakes_AreMeasuredOnceForEachMessage of a room; repeats and other rooms are none.
func TestOvertakes_AreMeasuredOnceForEachMessage(t *testing.T) {
	start := time.Now()
	one, two := &rcRoom{}, &rcRoom{}
	rc := &RocketChat{}
	for i, step := range []struct {
		room          *rcRoom
		written, left int // milliseconds
		want          int
	}{{one, 0, 10, 0}, {one, 20, 30, 0}, {two, 5, 100, 0}, {one, 10, 130, 100}, {one, 0, 900, 100}, {one, 5, 150, 120}} {
		at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
		rc.overtakes.note(nil, &rcEvent{room: step.room, written: at(step.written)}, at(step.left))
		if got := rc.Overtaken(); got != time.Duration(step.want)*time.Millisecond {
			t.Errorf("after step %d: %v, want %d ms", i, got, step.want)
		}
	}
	if rc.overtakes.note(nil, nil, start); rc.Overtaken() != 120*time.Millisecond {
		t.Error("what is no message counts")
	}
}
