package commands

import (
	"context"
	"strings"
	"testing"

	"messenger-bridge/bridge"
)

// traced is a tracer of one message, whose id an agent has chosen.
type traced struct{ id string }

func (t traced) Trace(context.Context, string) ([]bridge.Course, error) {
	return []bridge.Course{{Conversation: bridge.Conversation{Page: "100"}, Direction: bridge.Out, IDs: []string{t.id}}}, nil
}

// TestAttack18_TraceOfARoom_HoldsNoMarkupOfAgents: an agent puts no words into the bot's mouth by the id of a message, nor a
// longer text than an id may be; one that Facebook gives is shown in full.
func TestAttack18_TraceOfARoom_HoldsNoMarkupOfAgents(t *testing.T) {
	o := newOffice()
	trace := func(id string) string {
		in := call{Command: bridge.Command{From: boss}, rest: "https://chat.example/live/r1"}
		reply, err := traceCommand{tracer: traced{id}, pages: o}.show(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		return reply.Text
	}
	for _, id := range []string{"x`\n@all Log in again: [Rocket.Chat](https://evil.test)\n`y", "x\u2028@all", strings.Repeat("x", 4000)} {
		said := trace(id)
		heading, _, _ := strings.Cut(said, "\n")
		if strings.ContainsAny(said, "\u2028") || strings.Count(heading, "`") != 2 || len(said) > 600 || strings.Contains(said, "\n@all") {
			t.Errorf("%q is shown as %q", id, said)
		}
	}
	if mid := "m_" + strings.Repeat("aZ09-_", 16); !strings.Contains(trace(mid), "`"+mid+"`") {
		t.Error("an id of Facebook's is not shown in full")
	}
}
