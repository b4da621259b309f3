package bridge

import (
	"strings"
	"testing"
)

// TestAuthor_InAnswersAndInTexts: agent-name is about answers; a text that names the agent
// always does, and never a bot.
func TestAuthor_InAnswersAndInTexts(t *testing.T) {
	ana, bare := Author{Username: "ana", Name: "Ana Silva"}, Author{Username: "ana"}
	bot := Author{Username: "helper", Name: "Helper", Bot: true}
	for _, c := range []struct {
		who           Author
		show          AgentName
		answers, text string
	}{
		{ana, NoAgentName, "", "Ana Silva"},
		{ana, AgentsName, "Ana Silva", "Ana Silva"},
		{ana, AgentUsername, "ana", "ana"},
		{bare, NoAgentName, "", "ana"},
		{bare, AgentsName, "ana", "ana"},
		{bot, NoAgentName, "", ""},
		{bot, AgentsName, "", ""},
		{Author{}, NoAgentName, "", ""},
	} {
		if got := c.who.ShownAs(c.show); got != c.answers {
			t.Errorf("%+v, %q: answers show %q, want %q", c.who, c.show, got, c.answers)
		}
		if got := c.who.NamedAs(c.show); got != c.text {
			t.Errorf("%+v, %q: texts say %q, want %q", c.who, c.show, got, c.text)
		}
	}
}

func TestIsID(t *testing.T) {
	for id, want := range map[string]bool{
		"": false, "a": true, "7ZRcEd2pqwvCJhnfk": true, "slack-C024BE91L-1401383885-000061": true, "app-0/1:2": true,
		strings.Repeat("x", 255): true, strings.Repeat("x", 256): false,
		"a b": false, "a\x00b": false, "a\nb": false, "a`b": false, "a~1b": false, "a\x7f": false, "é": false,
	} {
		if IsID(id) != want {
			t.Errorf("%q: %v", id, !want)
		}
	}
}
