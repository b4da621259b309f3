package proof

// roomKept is how much of a Room stays from one transaction to the next, and roomSpent from when on it does not stay that is hardly used.
const (
	roomKept  = 2 << 20
	roomSpent = 128 << 10
)

// Room is where a transaction puts what belongs to bbolt until it ends. It is used again
// by the next, so that storing leaves no garbage. It belongs to one goroutine; the zero
// value, and nil, can be used.
type Room struct {
	all  []byte
	used int // more than there was: it was made elsewhere
}

// Make returns an empty slice with room for n bytes, until Empty.
func (r *Room) Make(n int) []byte {
	if r == nil {
		return make([]byte, 0, n)
	}
	from := r.used
	if r.used += n; r.used > len(r.all) {
		return make([]byte, 0, n)
	}
	return r.all[from:from:r.used]
}

// Empty is called when nothing of it is used any more.
func (r *Room) Empty() {
	switch {
	case r.used > len(r.all) && len(r.all) < roomKept:
		r.all = make([]byte, min(max(r.used, 2*len(r.all)), roomKept))
	case len(r.all) > roomSpent && r.used < len(r.all)/8:
		r.all = nil
	}
	r.used = 0
}
