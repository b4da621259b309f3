package wire

import (
	"crypto/sha256"
	"encoding/hex"

	"messenger-bridge/bridge"
)

// HasIDs reports whether the ids of a message can be keys, as far as it has them.
func (m *Message) HasIDs() bool {
	return bridge.IsID(m.ID) && (m.Room == "" || bridge.IsID(m.Room)) && (m.User.ID == "" || bridge.IsID(m.User.ID))
}

// StandIn gives a message whose id is none another one, the same each time, and reports whether
// that is enough.
func (m *Message) StandIn() bool {
	sum := sha256.Sum256([]byte(m.ID))
	m.ID, m.Unkept = bridge.StandInPrefix+hex.EncodeToString(sum[:12]), true
	return m.HasIDs()
}
