package wire

import (
	"encoding/json"
	"testing"

	"messenger-bridge/bridge"
	"messenger-bridge/rocketchat/markup"
)

func TestMessage_WhoIsMeant(t *testing.T) {
	for name, c := range map[string]struct {
		json string
		want bool
	}{
		"an agent":       {`{"_id":"1","u":{"_id":"a"},"msg":"x"}`, true},
		"another bot":    {`{"_id":"1","u":{"_id":"b"},"msg":"x","bot":{"i":"x"}}`, true},
		"the customer":   {`{"_id":"1","u":{"_id":"v"},"msg":"x","token":"t"}`, false},
		"a system one":   {`{"_id":"1","u":{"_id":"a"},"t":"uj"}`, false},
		"us":             {`{"_id":"1","u":{"_id":"me"},"msg":"x"}`, false},
		"Rocket.Chat":    {`{"_id":"1","u":{"_id":"rocket.cat"},"t":"wm","msg":"x"}`, false},
		"hidden history": {`{"_id":"1","u":{"_id":"a"},"msg":"x","_hidden":true}`, false},
	} {
		var m Message
		if err := json.Unmarshal([]byte(c.json), &m); err != nil {
			t.Fatal(err)
		}
		if _, got := m.FromAgent(bridge.Author{ID: "me", Username: "bridge.bot"}, markup.Reader{}); got != c.want {
			t.Errorf("%s: relayed = %v", name, got)
		}
	}
}
