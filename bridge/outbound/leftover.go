package outbound

import (
	"strings"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/placeholders"
)

// heldForLeftOvers returns what is told of a message that is held back because of the
// placeholders in it. Each text is held back once in a room: sent again, or edited, it goes
// out. A program could not do either, so its messages are not held.
func (b *batch) heldForLeftOvers(m *bridge.AgentMessage) (held bool, told []bridge.Notice) {
	found := placeholders.LeftOver(m.Text)
	if len(found) == 0 || m.Author.Bot {
		return false, nil
	}
	about := aboutMessage(m)
	mark, said := about(bridge.HeldBack, bridge.LeftOver), about(bridge.LeftOverText, bridge.LeftOver)
	said.Topic = string(m.Room) + "/" + b.o.composer.fingerprint("left-over", string(m.Room)+"\x00"+m.Text)
	said.Text = strings.Join(found, ", ")
	switch before := b.o.Notices.Told(mark); {
	case b.o.Notices.Told(said):
		return before, nil // as it was held; or another one of the same text
	case before:
		return false, nil // it was edited since
	}
	return true, []bridge.Notice{said, mark}
}
