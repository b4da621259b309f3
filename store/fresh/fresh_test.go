package fresh

import (
	"runtime"
	"testing"

	"messenger-bridge/bridge"
)

// TestAdd_OneOfMany_HoldsNoOther: of a call with many events one waits; the others are let go.
func TestAdd_OneOfMany_HoldsNoOther(t *testing.T) {
	var f Entries[int]
	others := make(chan struct{}, 2)
	func() {
		events, entries := make([]bridge.Incoming, 100), make([]bridge.Entry, 100)
		for i := range entries {
			entries[i] = bridge.Entry{Body: []byte("body"), Event: &events[i]}
		}
		for _, whole := range []any{&events[0], &entries[0]} {
			runtime.SetFinalizer(whole, func(any) { others <- struct{}{} })
		}
		f.Add(1, &entries[50], true, 1)
	}()
	for range 2 { // entries point to events, which are let go after them
		runtime.GC()
		<-others
	}
	if d, is := f.Take(1); !is || string(d.Body) != "body" || d.Event == nil {
		t.Errorf("%+v", d)
	}
}

// TestAdd_Full_KeepsNoMore: what an event says is counted as well as its body.
func TestAdd_Full_KeepsNoMore(t *testing.T) {
	var f Entries[int]
	e := &bridge.Entry{Body: make([]byte, 1000), Event: &bridge.Incoming{}}
	for i := range most / len(e.Body) {
		f.Add(i, e, false, 1)
	}
	if n := len(f.at); n*sizeOf(e) > most || (n+1)*sizeOf(e) <= most {
		t.Errorf("%d entries are kept, of %d bytes each", n, sizeOf(e))
	}
	for i := range most / len(e.Body) {
		f.Forget(i)
	}
	if f.bytes != 0 || len(f.at) != 0 {
		t.Errorf("%d bytes, %d entries are left", f.bytes, len(f.at))
	}
}
