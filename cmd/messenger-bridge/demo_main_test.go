package main

import (
	"bytes"
	"sync"
	"time"
)

// The test binary is the bridge as well: with this variable set it serves instead of
// running the tests, as the child that a demo kills.
const demoChild = "MESSENGER_BRIDGE_CHILD"

// demoPatience is how long a test waits for something that must happen.
const demoPatience = 30 * time.Second

// demoBook keeps what was written.
type demoBook struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *demoBook) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *demoBook) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
