package stream_test

import (
	"strings"
	"testing"

	"messenger-bridge/bridge"
	"messenger-bridge/sandbox/chat"
)

// TestUnkept_OneOfMany_OthersAreHandedOn: what no store takes of one message ends no session, live and when it is read again;
// its author is told, and the log says so once.
func TestUnkept_OneOfMany_OthersAreHandedOn(t *testing.T) {
	o, ana, ago := past(t)
	ago(0)
	o.rc.AddUser(chat.User{Username: "eve"})
	o.run()
	room := o.visitor("a")
	o.belongs(room)
	direct := o.rc.DirectRoom("eve", o.rc.Bot())
	say := func() {
		ana.Says(room, "one")
		ana.Says(room, tooLarge)
		ana.SaysWith(room, "no id", map[string]any{"_id": "a b"})
		o.rc.UserSays("eve", direct, tooLarge)
		o.rc.UserSays("eve", direct, "help")
		ana.Says(room, "two")
	}
	say()
	o.gets("one", "", "", "two")
	o.eventually("the command is heard", func() bool { return len(o.heard()) == 1 })
	o.halt()
	say()
	o.run()
	o.gets("one", "", "", "two", "one", "", "two") // the id that is none is the same one
	o.eventually("the command is heard again", func() bool { return len(o.heard()) == 2 })
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, m := range o.messages {
		if m.Text == "" && (m.Nature != bridge.Unkeepable || m.Author.Username != "ana") {
			t.Errorf("nobody is told of %+v", m)
		}
	}
	if log := o.log.String(); strings.Contains(log, "stream lost") || strings.Count(log, "cannot be kept") != 2 {
		t.Error("the session was lost, or the log does not tell of it once in each run")
	}
}
