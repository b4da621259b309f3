package rooms

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"messenger-bridge/bridge"
	"messenger-bridge/textcut"
)

// before is how the version before cut a text.
func before(below bridge.MessageID, text string, limit int, say func(bridge.Post) error) {
	limit = min(limit, textcut.Units(text)/2)
	for i, piece := range pieces(text, limit) {
		if say(bridge.Post{ID: bridge.MessageID(fmt.Sprintf("%s-%d-%d", below, limit, i+1)), Text: piece}) != nil {
			return
		}
	}
}

// TestDeliver_TooLong_PartsBegunByTheVersionBefore_NothingIsLost: that one is stopped after the first part, and this one goes on. A room keeps the
// first text under an id.
func TestDeliver_TooLong_PartsBegunByTheVersionBefore_NothingIsLost(t *testing.T) {
	var words strings.Builder
	for i := range 600 {
		fmt.Fprintf(&words, "w%03d ", i)
	}
	text := bridge.CiteMark + "In reply to an earlier message\n" + words.String()
	room, order := map[bridge.MessageID]string{}, []bridge.MessageID{}
	say := func(p bridge.Post) error {
		if _, there := room[p.ID]; !there {
			room[p.ID] = p.Text
			order = append(order, p.ID)
		}
		return nil
	}
	n := 0
	before("e", text, longest, func(p bridge.Post) error {
		if n++; n > 1 {
			return errors.New("stopped")
		}
		return say(p)
	})
	if _, err := inParts("e", text, longest, nil, say); err != nil {
		t.Fatal(err)
	}
	var all string
	for _, id := range order {
		all += room[id] + " "
	}
	missing := []string{}
	for i := range 600 {
		if w := fmt.Sprintf("w%03d", i); !strings.Contains(all, w) {
			missing = append(missing, w)
		}
	}
	if len(missing) > 0 {
		t.Errorf("agents never read %q", missing)
	}
}
