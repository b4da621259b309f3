package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"messenger-bridge/sandbox/meta"
)

// What Meta sends when somebody presses Test in the app's dashboard: made-up content of a
// page that nobody has.
func TestDashboardTest_IsSaidOnceInTheSetupChannel(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	presses := func(field, value string) {
		t.Helper()
		event := meta.Event{Page: "0", Change: field, Element: value}
		if status, err := w.meta.Post(t.Context(), w.meta.Body(event), meta.PostOptions{}); status != 200 || err != nil {
			t.Fatalf("answered %d, %v", status, err)
		}
	}
	message := fmt.Sprintf(`{"sender":{"id":"12334"},"recipient":{"id":"23245"},"timestamp":"%d","message":{"mid":"test_message_id","text":"test_message"}}`, time.Now().Unix())
	said := func(field string) (n int) {
		for _, m := range w.rc.Messages(w.rc.RoomID(w.cfg.Workspace.SetupChannel)) {
			if strings.HasPrefix(m.Text, "Meta's test event arrived (field "+field+")") {
				n++
			}
		}
		return n
	}
	presses("messages", message)
	presses("messages", message)
	presses("feed", `{"item":"status","verb":"add","message":"Example post content.","from":{"name":"Test Page","id":"1067280970047460"}}`)
	w.eventually("both are said", func() bool { return said("messages") > 0 && said("feed") > 0 })
	w.halt()
	w.run()
	presses("messages", message)
	w.settled()
	if n := said("messages"); n != 1 || len(w.rc.Rooms()) != 0 {
		t.Errorf("it was said %d times, and there are %d rooms", n, len(w.rc.Rooms()))
	}
}
