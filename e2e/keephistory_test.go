package e2e

import (
	"net/http"
	"slices"
	"testing"

	"messenger-bridge/sandbox/chat"
)

// TestKeepHistory_TakenBackWhileAway_IsNotSent: the workspace keeps what is deleted, hidden, and tells nobody who was
// away that it was. What an agent takes back while the bridge does not run does not reach the customer; what was
// written beside it does.
func TestKeepHistory_TakenBackWhileAway_IsNotSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.rc.SetSetting("Message_KeepHistory", true)
	w.run()
	k := w.ask()
	w.agent.Says(k.rid, "zero")
	k.gets("zero")
	open := w.closeGate()
	wrong := w.agent.Says(k.rid, "That was for somebody else") // this one is tried, and refused
	w.eventually("the gate is shut", func() bool { return w.metricsOf("messenger_bridge_postponed_total") > 0 })
	k.sync(2)
	w.agent.Says(k.rid, "one")
	late := w.agent.Says(k.rid, "And this, too")
	k.sync(4)
	w.halt()
	w.agent.Deletes(wrong)
	w.agent.Deletes(late)
	w.run()
	w.eventually("what was tried before the login is refused", func() bool { return w.metricsOf("messenger_bridge_postponed_total") > 0 })
	open()
	k.gets("zero", "one")
	if told := slices.Concat(w.notices(k.rid, wrong), w.notices(k.rid, late)); len(told) > 0 {
		t.Errorf("the agent reads %q", told)
	}
}

// TestKeepHistory_DatabaseFailsWhenAsked_IsSent: Rocket.Chat tells of its failing database as of a message that is not
// there. What the agent did not delete arrives.
func TestKeepHistory_DatabaseFailsWhenAsked_IsSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.rc.SetSetting("Message_KeepHistory", true)
	w.run()
	k := w.ask()
	w.agent.Says(k.rid, "zero")
	k.gets("zero")
	open := w.closeGate()
	w.agent.Says(k.rid, "one")
	w.eventually("the gate is shut", func() bool { return w.metricsOf("messenger_bridge_postponed_total") > 0 })
	w.halt()
	w.rc.Inject(chat.Fault{Route: "GET chat.getMessage", Status: http.StatusBadRequest, Body: `{"success":false,"error":"not primary and secondaryOk=false"}`})
	w.run()
	w.eventually("what was tried before the login is refused", func() bool { return w.metricsOf("messenger_bridge_postponed_total") > 0 })
	open()
	k.gets("zero", "one")
}
