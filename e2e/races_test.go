package e2e

import (
	"slices"
	"strings"
	"testing"

	"messenger-bridge/sandbox/chat"
)

// lostClosings are what Rocket.Chat answers to whoever closes a room at the same moment as
// somebody else, and loses.
var lostClosings = map[string]string{
	"try again":        `{"success":false,"error":"error-room-cannot-be-closed-try-again"}`,
	"removing inquiry": `{"success":false,"error":"Error removing inquiry"}`,
	"closing room":     `{"success":false,"error":"Error closing room"}`,
}

// TestRaces_WhoeverForgetsLosesTheClosing_TheCustomerIsForgotten has the bot lose against an
// agent who has closed the room, and against one who has not yet.
func TestRaces_WhoeverForgetsLosesTheClosing_TheCustomerIsForgotten(t *testing.T) {
	for name, body := range lostClosings {
		for which, closed := range map[string]bool{"closed": true, "not closed yet": false} {
			t.Run(name+", "+which, func(t *testing.T) {
				t.Parallel()
				o := openAway(t)
				o.run()
				o.connect(bakery)
				rid := o.talksWith(bakery, anna, "hello")
				o.rc.Inject(chat.Fault{Route: "POST livechat/room.closeByUser", Status: 400, Body: body, Times: 2, Effect: closed})
				if answer := o.confirmed("forget " + bakery + " " + anna); !strings.Contains(answer, "The customer is forgotten here.") {
					t.Errorf("the answer is %q", answer)
				}
				if what := o.remembers(anna, rid); len(what) != 0 {
					t.Errorf("stored is %q", what)
				}
			})
		}
	}
}

// TestRaces_RoomIsOpenedByTwoAtOnce_MessagesComeOnce has the bridge lose against somebody who
// opens the visitor's room at the same moment, or not open one in time.
func TestRaces_RoomIsOpenedByTwoAtOnce_MessagesComeOnce(t *testing.T) {
	for name, body := range map[string]string{
		"duplicate key": `{"success":false,"error":"E11000 duplicate key error collection: rocketchat.rocketchat_livechat_inquiry index: v.token_1 dup key: { v.token: \"x\" }"}`,
		"failed":        `{"success":false,"error":"error-failed-to-start-conversation"}`,
		"no such code":  `{"success":false,"error":"Failed to start a conversation [error-failed-to-start-conversation]","errorType":"error-failed-to-start-conversation"}`,
	} {
		for which, effect := range map[string]bool{"opened": true, "not opened": false} {
			t.Run(name+", "+which, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, bypassed)
				w.run()
				w.rc.Inject(chat.Fault{Route: "GET livechat/room", Status: 400, Body: body, Times: 3, Effect: effect})
				w.meta.CustomerWrites(page, anna, "one")
				w.meta.CustomerWrites(page, anna, "two")
				w.eventually("both are shown", func() bool {
					rooms := w.rc.Rooms()
					return len(rooms) > 0 && len(w.rc.CustomerTexts(rooms[len(rooms)-1].ID)) == 2
				})
				w.settled()
				if got := w.rc.CustomerTexts(w.room()); !slices.Equal(got, []string{"one", "two"}) {
					t.Errorf("agents read %q", got)
				}
			})
		}
	}
}
