package relay_test

import (
	"slices"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/outbound"
	"messenger-bridge/bridge/relay"
)

func TestAutomatic_IsSentOncePerKeyAndSettled(t *testing.T) {
	o := newOutside(t)
	l := begin(t, o, database(t), nil)
	first := true
	o.send = func(string, bridge.SendTag) (bool, error) {
		if first { // the customer has it, and we do not learn so
			first = false
			return true, &bridge.Refusal{Verdict: bridge.Unknown, Reason: bridge.MetaDown}
		}
		return true, nil
	}
	for _, key := range []string{"file/m_1", "file/m_1", "file/m_2"} {
		if err := l.Outbound.SendAutomatic(t.Context(), outbound.Automatic{Conversation: anna, Key: key, Text: "about " + key}); err != nil {
			t.Fatal(err)
		}
	}
	l.says(t, "x", "hello")
	o.eventually("the customer has all", func() bool { return len(o.received) == 3 })
	if got := o.got(); !slices.Equal(got, []string{"about file/m_1", "about file/m_2", "hello"}) {
		t.Errorf("the customer got %q", got)
	}
}

// An automatic text has no author, so nobody can act on its failure; the agent's own
// message behind it must not suffer.
func TestAutomatic_WaitsOrIsRefused_NobodyIsTold(t *testing.T) {
	o := newOutside(t)
	refused := make(chan struct{})
	l := begin(t, o, database(t), func(c *relay.Config) { c.Times.TellAfter = 20 * time.Millisecond })
	o.send = func(text string, _ bridge.SendTag) (bool, error) {
		if text != "sorry" {
			return true, nil
		}
		select {
		case <-refused:
			return false, &bridge.Refusal{Verdict: bridge.Never, Reason: bridge.WindowClosed}
		default:
			return false, &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.MetaDown, After: 5 * time.Millisecond}
		}
	}
	if err := l.Outbound.SendAutomatic(t.Context(), outbound.Automatic{Conversation: anna, Key: "k", Text: "sorry"}); err != nil {
		t.Fatal(err)
	}
	l.says(t, "x", "hello")
	o.eventually("the agent's message is said to wait", func() bool { return len(o.told) == 1 })
	close(refused)
	o.eventually("the agent's message arrives, and that is said", func() bool { return len(o.received) == 1 && len(o.told) == 2 })
	for _, n := range o.told {
		if n.Message != "x" {
			t.Errorf("told about %+v", n)
		}
	}
}
