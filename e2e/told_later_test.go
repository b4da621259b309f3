package e2e

import (
	"net/http"
	"testing"

	"messenger-bridge/sandbox/chat"
	"messenger-bridge/sandbox/meta"
)

// TestNotDelivered_DatabaseFailsMeanwhile_AgentIsToldAfterwards: Rocket.Chat refuses whatever the bot writes while its
// database fails, with a text and no code. The agent reads, once, that the message was not delivered: on it, or by direct
// message if the room is the last that Rocket.Chat refuses.
func TestNotDelivered_DatabaseFailsMeanwhile_AgentIsToldAfterwards(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	k := w.ask()
	w.agent.Says(k.rid, "zero")
	k.gets("zero")
	const failing = `{"success":false,"error":"not primary and secondaryOk=false"}`
	tries := 0
	var over []func()
	for _, route := range []string{"POST chat.sendMessage", "POST im.create", "GET chat.getMessage"} {
		tries += w.rc.CountCalls(route)
		over = append(over, w.rc.Inject(chat.Fault{Route: route, Status: http.StatusBadRequest, Body: failing}))
	}
	w.meta.FailCalls(http.MethodPost, "messages", 1, meta.Refused(551, 0, ""))
	lost := w.agent.Says(k.rid, "one")
	w.eventually("the notice is refused", func() bool {
		return w.rc.CountCalls("POST chat.sendMessage")+w.rc.CountCalls("POST im.create")+w.rc.CountCalls("GET chat.getMessage") > tries+6
	})
	for _, end := range over {
		end()
	}
	w.eventually("the agent is told", func() bool { return len(w.notices(k.rid, lost))+len(w.rc.DirectMessages("ana")) == 1 })
}
