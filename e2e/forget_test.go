package e2e

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"messenger-bridge/bridge"
	"messenger-bridge/sandbox/chat"
	"messenger-bridge/sandbox/meta"
	"messenger-bridge/store"
)

// talksWith lets a customer write and be answered, and returns the room.
func (o *office) talksWith(page, customer, text string) (rid string) {
	o.Helper()
	o.meta.CustomerWrites(page, customer, text)
	o.eventually("the agent reads "+text, func() bool {
		for _, room := range o.rc.Rooms() {
			if slices.Contains(o.rc.CustomerTexts(room.ID), text) {
				rid = room.ID
			}
		}
		return rid != ""
	})
	o.agent.Says(rid, "Answer to "+text)
	o.eventually("the customer is answered", func() bool {
		seen := o.meta.CustomerSees(page, customer)
		return len(seen) > 0 && seen[len(seen)-1].Text == "Answer to "+text
	})
	return rid
}

// remembers tells whether anything of a customer is stored; it stops the bridge.
func (o *office) remembers(customer string, rooms ...string) (what []string) {
	o.Helper()
	o.stored(func(s *store.Store) {
		c := bridge.Conversation{Page: bakery, Customer: bridge.CustomerID(customer), Kind: bridge.Messages}
		if l, err := s.Link(c); err != nil || l.Room != "" || l.Visitor != "" {
			what = append(what, "a link")
		}
		if name, asked := s.Name(c); name != "" || !asked.IsZero() {
			what = append(what, "a name")
		}
		if all, err := s.RoomsOf(c); err != nil || len(all) != 0 {
			what = append(what, "rooms")
		}
		for _, rid := range rooms {
			for _, m := range o.rc.Messages(rid) {
				if s.MidOf(bridge.SendTag{Message: bridge.MessageID(m.ID)}) != "" {
					what = append(what, "a receipt")
				}
			}
		}
		err := s.Failed(func(f bridge.Failure) bool {
			if f.Lane == c.Lane() {
				what = append(what, "a failed message")
			}
			return true
		})
		if err != nil {
			o.Fatal(err)
		}
		for name, q := range map[string]*store.Queue{"in": s.Inbox(), "out": s.Outbox()} {
			_ = q.Waiting(func(d *bridge.Delivery, _ int) {
				if d.Lane == c.Lane() {
					what = append(what, "a message that waits "+name)
				}
			})
		}
	})
	return what
}

func TestForget_CustomerWithTwoRoomsAndMessagesThatWait_LeavesNothing(t *testing.T) {
	for _, way := range []string{"by id", "by room", "by operator"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			o := openAway(t)
			o.run()
			o.connect(bakery)
			first := o.talksWith(bakery, anna, "the first time")
			o.agent.Closes(first, "done")
			second := o.talksWith(bakery, anna, "the second time")
			other := o.talksWith(bakery, ben, "somebody else")
			o.meta.FailCalls(http.MethodPost, "messages", 1, &meta.SendOutcome{Status: 400, Code: 551}) // this one is set aside
			o.agent.Says(second, "is refused")
			o.eventually("it is set aside", func() bool { return strings.Contains(o.public("/facebook status"), "7 days: 1") })
			o.meta.FailCalls(http.MethodPost, "messages", 1<<20, &meta.SendOutcome{Status: 400, Code: 613})
			o.agent.Says(second, "never to be sent")
			o.eventually("an answer waits", func() bool { return strings.Contains(o.public("/facebook pages"), "1 to customers") })
			clear := o.rc.Inject(chat.Fault{Route: "POST livechat/message", Status: 502})
			o.meta.CustomerWrites(bakery, anna, "never to be shown")
			o.eventually("a message waits", func() bool {
				return strings.Contains(o.public("/facebook pages"), "waiting: 1 to agents, 1 to customers")
			})

			ask, did := "", ""
			switch way {
			case "by id":
				ask = o.private("maria", o.setup(), "/facebook forget "+bakery+" "+anna)
				did = o.confirmed("forget " + bakery + " " + anna)
			case "by room":
				ask = o.private("maria", o.setup(), "/facebook forget "+bakery+" "+o.rc.URL()+"/omnichannel/current/"+first+"/room-info")
				did = o.confirmed("forget " + bakery + " " + second)
			default:
				args := []string{"forget", "--database", o.cfg.Store.Database, bakery, anna}
				_, ask, _ = runCommand(t, o.environ, args...)
				_, did, _ = runCommand(t, o.environ, append(args, "--yes")...)
			}
			if !strings.Contains(ask, "erase") || !strings.Contains(ask, anna) {
				t.Errorf("asked: %q", ask)
			}
			for _, part := range []string{"The customer is forgotten here.", "dropped: 2.", "with all messages: 2."} {
				if !strings.Contains(did, part) {
					t.Errorf("the answer lacks %q: %s", part, did)
				}
			}
			clear()
			o.meta.FailCalls(http.MethodPost, "messages", 0, nil)
			for _, rid := range []string{first, second} {
				if _, found := o.rc.Room(rid); found {
					t.Error("a room is left")
				}
			}
			if visitors := o.rc.Visitors(); len(visitors) != 1 {
				t.Errorf("visitors are left: %v", visitors)
			}
			if what := o.remembers(anna, first, second); len(what) != 0 {
				t.Errorf("stored is %q", what)
			}
			o.run()
			o.agent.Says(other, "you are still here")
			o.eventually("the other customer is answered", func() bool {
				seen := o.meta.CustomerSees(bakery, ben)
				return seen[len(seen)-1].Text == "you are still here"
			})
			third := o.talksWith(bakery, anna, "hello again")
			if texts := o.rc.CustomerTexts(third); len(texts) != 1 {
				t.Errorf("the new room shows %q", texts)
			}
			for _, m := range o.meta.CustomerSees(bakery, anna) {
				if m.Text == "never to be sent" {
					t.Error("the customer was sent what waited")
				}
			}
		})
	}
}

func TestForget_RoomThatCannotBeClosed_ErasesNothing(t *testing.T) {
	t.Parallel()
	o := openAway(t)
	o.run()
	o.connect(bakery)
	rid := o.talksWith(bakery, anna, "hello")
	clear := o.rc.Inject(chat.Fault{Route: "POST livechat/room.closeByUser", Status: 400,
		Body: `{"success":false,"error":"Tags must be assigned before closing the chat [error-tags-must-be-assigned-before-closing-chat]","errorType":"error-tags-must-be-assigned-before-closing-chat"}`})
	if answer := o.confirmed("forget " + bakery + " " + anna); !strings.Contains(answer, "nothing was erased") {
		t.Errorf("the answer is %q", answer)
	}
	o.agent.Says(rid, "still with us")
	o.reads(bakery, "still with us")
	clear()
	o.agent.Closes(rid, "by hand")
	if answer := o.confirmed("forget " + bakery + " " + anna); !strings.Contains(answer, "The customer is forgotten here.") {
		t.Errorf("the answer is %q", answer)
	}
	if what := o.remembers(anna); len(what) != 0 {
		t.Errorf("stored is %q", what)
	}
}

func TestForget_RocketChatKeepsTheVisitor_SaysSo(t *testing.T) {
	t.Parallel()
	o := openAway(t)
	o.run()
	o.connect(bakery)
	rid := o.talksWith(bakery, anna, "hello")
	o.rc.Inject(chat.Fault{Route: "DELETE livechat/visitor/:token", Status: 403, Body: `{"success":false,"error":"unauthorized"}`})
	answer := o.confirmed("forget " + bakery + " " + anna)
	if !strings.Contains(answer, "did not let me remove the rooms (1); they are closed") {
		t.Errorf("the answer is %q", answer)
	}
	if room, found := o.rc.Room(rid); !found || room.Open {
		t.Error("the room is open, or gone")
	}
	if what := o.remembers(anna, rid); len(what) != 0 {
		t.Errorf("stored is %q", what)
	}
}

// TestForget_CutOff has Rocket.Chat's answer lost, before and after the visitor was
// removed: the command is carried out again by itself.
func TestForget_RocketChatCutOff_IsDoneAgain(t *testing.T) {
	t.Parallel()
	for name, effect := range map[string]bool{"before": false, "after": true} {
		t.Run(name, func(t *testing.T) {
			o := openAway(t)
			o.run()
			o.connect(bakery)
			rid := o.talksWith(bakery, anna, "hello")
			o.settled()
			ids := o.messageIDs(bakery, anna, rid)
			o.rc.Inject(chat.Fault{Route: "DELETE livechat/visitor/:token", Cut: true, Effect: effect, Times: 1})
			if answer := o.confirmed("forget " + bakery + " " + anna); !strings.Contains(answer, "The customer is forgotten here.") {
				t.Errorf("the answer is %q", answer)
			}
			if _, found := o.rc.Room(rid); found {
				t.Error("the room is left")
			}
			if what := o.traces(append(ids, anna, rid)); len(what) != 0 {
				t.Errorf("stored is %q", what)
			}
		})
	}
}

func TestForget_Operator_UnknownCustomerAndNoBridge_AreSaid(t *testing.T) {
	t.Parallel()
	o := openAway(t)
	o.run()
	o.connect(bakery)
	args := []string{"forget", "--database", o.cfg.Store.Database, bakery, "7009", "--yes"}
	if code, _, errText := runCommand(t, o.environ, args...); code != 1 || !strings.Contains(errText, "no such customer") {
		t.Errorf("code %d: %s", code, errText)
	}
	o.halt()
	if code, _, errText := runCommand(t, o.environ, args...); code != 1 || !strings.Contains(errText, "no bridge is running") {
		t.Errorf("code %d: %s", code, errText)
	}
}

// TestForget_WhileItLasts_OperatorsSeeWhatWaits has Rocket.Chat take its time to close the
// room, so that the customer's lanes are held, with nothing in them.
func TestForget_WhileItLasts_OperatorsSeeWhatWaits(t *testing.T) {
	t.Parallel()
	o := openAway(t)
	o.rc.AddUser(chat.User{Username: "mona", Roles: []string{"user", "livechat-manager"}})
	o.run()
	o.connect(bakery)
	o.talksWith(bakery, anna, "hello")
	o.settled()
	yes := offeredIn(t, o.private("maria", o.setup(), "!facebook forget "+bakery+" "+anna))
	asked := make(chan struct{})
	clear := o.rc.Inject(chat.Fault{Route: "POST livechat/room.closeByUser", Hang: true,
		Match: func(*http.Request, []byte) bool {
			select {
			case <-asked:
			default:
				close(asked)
			}
			return true
		}})
	o.rc.UserSays("maria", o.setup(), yes)
	<-asked
	if got := o.get("http://" + o.at.Metrics + "/metrics"); !strings.Contains(got, `messenger_bridge_page_waiting{direction="in",page="`+bakery+`"} 0`) {
		t.Errorf("the metrics are %.200q", got)
	}
	if got := o.pageNow(bakery); got.State != bridge.PageRunning {
		t.Errorf("the page's status is %+v", got)
	}
	if got := o.private("mona", o.rc.RoomID("general"), "!facebook pages"); !strings.Contains(got, "Bakery") {
		t.Errorf("the pages are %q", got)
	}
	clear()
	o.eventually("the customer is forgotten", func() bool {
		return len(containing(o.hears(o.setup()), "The customer is forgotten here.")) == 1
	})
}
