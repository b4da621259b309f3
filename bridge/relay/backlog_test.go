package relay_test

import (
	"context"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/relay"
)

// refusing is a Facebook that takes nothing.
type refusing struct {
	bridge.Sender
	gate bridge.Gate
}

func (refusing) Cut(text string, _ int) []bridge.Part { return []bridge.Part{{Text: text}} }

func (r refusing) Send(context.Context, bridge.Page, bridge.CustomerID, bridge.OutboundPart) (bridge.Mid, error) {
	return "", &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.RateLimited, Gate: r.gate, After: time.Minute}
}

// agents write into the rooms of 7 and 9.
func (m *memory) agents(after time.Duration) {
	m.t.Helper()
	time.Sleep(after)
	var some []bridge.AgentMessage
	for _, room := range []bridge.RoomID{"r7", "r9"} {
		some = append(some, bridge.AgentMessage{ID: bridge.MessageID(string(room) + time.Now().String()), Room: room, Author: bridge.Author{ID: "u", Username: "bo"}, At: time.Now(), Text: "hello"})
	}
	if _, err := m.Outbound.FromAgent(m.t.Context(), some); err != nil {
		m.t.Fatal(err)
	}
}

// TestBacklogs_SayWhatWaitsOfEachPage, and why nothing is sent, whether Facebook refuses
// everything of the page, or everything of the app.
func TestBacklogs_SayWhatWaitsOfEachPage(t *testing.T) {
	for name, gate := range map[string]bridge.Gate{"the page's limit": bridge.GatePage("1"), "the app's limit": bridge.GateApp, "one customer's": ""} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			m := newRelay(t, func(c *relay.Config) { c.Messenger.Sender = refusing{gate: gate} })
			if got := m.Backlogs(); len(got) > 0 {
				t.Errorf("%s: at the beginning %+v", name, got)
			}
			in := event(bridge.Conversation{Page: "2", Customer: "5", Kind: bridge.Messages}, bridge.TextEvent, "m", "")
			in.Key = "m/m"
			if err := m.Inbound.FromCustomer(t.Context(), []bridge.Incoming{in}); err != nil { // not shown yet: nothing runs
				t.Fatal(err)
			}
			m.agents(time.Second)
			m.agents(time.Second)
			want := map[bridge.PageID]bridge.PageBacklog{
				"1": {Out: bridge.Backlog{Waiting: 4, Oldest: began.Add(time.Second)}},
				"2": {In: bridge.Backlog{Waiting: 1, Oldest: began}},
			}
			if got := m.Backlogs(); !maps.Equal(got, want) {
				t.Errorf("%s: %+v, want %+v", name, got, want)
			}
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan error)
			go func() { ended <- m.Run(ctx) }()
			synctest.Wait()
			got := m.Backlogs()
			p := got["1"]
			if held := p.Held == bridge.RateLimited && p.Until.Equal(began.Add(2*time.Second+time.Minute)); held != (gate != "") || p.Out.Waiting != 4 || len(got) != 1 {
				t.Errorf("%s: %+v", name, got)
			}
			stop()
			<-ended
		})
	}
}
