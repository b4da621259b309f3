package chat

import (
	"strings"
	"testing"
)

// TestRaces_LoserMayTryAgain has three close one room at once: one wins, and the others are
// told so in the words of a real server.
func TestRaces_LoserMayTryAgain(t *testing.T) {
	t.Parallel()
	rc, err := Start(Config{LimiterOff: true, Disorder: Disorder{Races: true}})
	if err != nil {
		t.Fatal(err)
	}
	defer rc.Close()
	rc.mu.Lock()
	rc.settings["Livechat_accept_chats_with_no_agents"] = true
	v := rc.newVisitor("token", "")
	r, _, _ := rc.openRoom(v, "")
	bot := rc.usernames[rc.Bot()]
	rc.mu.Unlock()
	answers := make(chan *rcReply, 3)
	for range 3 {
		go func() {
			rc.mu.Lock()
			defer rc.mu.Unlock()
			answers <- rc.restCloseByUser(&rcCall{user: bot, args: rcDoc{"rid": r.id, "comment": "done"}})
		}()
	}
	won := 0
	for range 3 {
		if answer := <-answers; answer.status == 200 {
			won++
		} else if text := rcText(answer.body["error"]); !strings.HasPrefix(text, "error-room-cannot-be-closed") && !strings.Contains(text, "already") {
			t.Errorf("a loser is told %q", text)
		}
	}
	if won != 1 {
		t.Errorf("%d closings won, want 1", won)
	}
}
