package fresh

import "sync"

// Values are what was put under keys and is not in the file yet.
type Values struct {
	mu sync.RWMutex // guards of
	of map[string][]byte
}

// Put notes a value. It is not to be changed afterwards.
func (v *Values) Put(key, value []byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.of == nil {
		v.of = map[string][]byte{}
	}
	v.of[string(key)] = value
}

// Get returns what was put under a key; false if the file has it, or nobody has.
func (v *Values) Get(key []byte) (value []byte, is bool) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	value, is = v.of[string(key)]
	return value, is
}

// Clear is called when the file has everything. A map for very many is let go.
func (v *Values) Clear() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.of) > 8*few {
		v.of = nil
	}
	clear(v.of)
}
