package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/language"
	"messenger-bridge/sandbox/chat"
	"messenger-bridge/sandbox/meta"
)

// inTexts gives the page its three texts.
func inTexts(s *bridge.Settings) {
	s.Welcome, s.Finished, s.Offline = "Welcome, {customer}!", "Thank you for asking {agent} at {page}.", "Nobody is here until nine."
	s.AgentName = bridge.AgentsName
}

// TestTexts_WholeConversation: a welcome at the beginning, a word at the end, in the order
// in which they belong, and never one that is seen by agents.
func TestTexts_WholeConversation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.setPage(inTexts)
	w.run()
	w.meta.CustomerWrites(page, anna, "Hello")
	rid := w.room()
	w.eventually("it is shown, and the customer welcomed", func() bool { return len(w.texts()) == 1 && len(w.received(anna)) == 1 })
	w.agent.Says(rid, "Good morning")
	w.agent.Closes(rid, "")
	w.eventually("the customer is thanked", func() bool { return len(w.received(anna)) == 3 })
	w.settled()
	w.halt()
	w.run() // and looks at closed rooms again
	w.settled()
	if got := w.received(anna); !slices.Equal(got, []string{"Welcome, Customer 4005!", "Good morning", "Thank you for asking ana at Shop."}) {
		t.Errorf("the customer reads %q", got)
	}
	if got := w.texts(); !slices.Equal(got, []string{"Hello"}) {
		t.Errorf("agents see %q", got)
	}
	for _, b := range w.meta.CustomerSees(page, anna) {
		if b.MessagingType != "RESPONSE" || b.Tag != "" {
			t.Errorf("%q is sent as %s with tag %q", b.Text, b.MessagingType, b.Tag)
		}
	}

	w.meta.CustomerWrites(page, anna, "One more thing")
	w.eventually("a new room is open", func() bool { return len(w.rc.Rooms()) == 2 && len(w.texts()) == 2 })
	w.settled()
	if n := len(w.received(anna)); n != 3 {
		t.Errorf("welcomed again on the same day: %q", w.received(anna))
	}
	w.eventually("the new room names the one before", func() bool {
		return slices.ContainsFunc(w.rc.Messages(w.rc.Rooms()[1].ID), func(m chat.Message) bool {
			return m.Username == "bridge.bot" && strings.Contains(m.Text, "/live/"+rid)
		})
	})
}

// TestTexts_WelcomeInEveryRoom is the page's other choice.
func TestTexts_WelcomeInEveryRoom(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.setPage(func(s *bridge.Settings) { s.Welcome, s.WelcomeAlways = "Hi", true })
	w.run()
	for n := 1; n <= 3; n++ {
		w.meta.CustomerWrites(page, anna, fmt.Sprint("question ", n))
		w.eventually("a room is open and the customer welcomed", func() bool { return len(w.rc.Rooms()) == n && len(w.received(anna)) == n })
		w.settled()
		w.agent.Closes(w.rc.Rooms()[n-1].ID, "")
	}
}

// TestTexts_WhoClosed says after whose closing the customer hears something.
func TestTexts_WhoClosed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		close func(w *world, rid string)
		says  []string
	}{
		"agent":      {func(w *world, rid string) { w.agent.Closes(rid, "solved") }, []string{"Bye."}},
		"inactivity": {func(w *world, rid string) { w.rc.CloseByInactivity(rid) }, []string{"Bye."}},
		"customer":   {func(w *world, rid string) { w.rc.VisitorCloses(rid) }, nil},
	} {
		for _, away := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", while the bridge is away: ", away), func(t *testing.T) {
				w := newWorld(t, bypassed)
				w.setPage(func(s *bridge.Settings) { s.Finished = "Bye." })
				w.run()
				w.meta.CustomerWrites(page, anna, "Hello")
				rid := w.room()
				w.settled()
				if away {
					w.halt()
				}
				c.close(w, rid)
				if away {
					w.run()
				}
				w.meta.CustomerWrites(page, ben, "I am here, too") // by then, the closing was seen
				w.eventually("what comes later is shown", func() bool { return len(w.texts()) == 2 })
				w.eventually("the customer is told, or not", func() bool { return slices.Equal(w.received(anna), c.says) })
				w.settled()
				if got := w.received(anna); !slices.Equal(got, c.says) {
					t.Errorf("the customer reads %q", got)
				}
			})
		}
	}
}

// TestTexts_AnswerLost_CustomerHasEachOnce stops the bridge, and loses Meta's answers, at
// each of the texts.
func TestTexts_AnswerLost_CustomerHasEachOnce(t *testing.T) {
	t.Parallel()
	for name, delivered := range map[string]bool{"delivered": true, "not delivered": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, bypassed)
			w.cfg.ShutdownGrace = 500 * time.Millisecond
			w.setPage(func(s *bridge.Settings) { s.Welcome, s.Finished = "Hi.", "Bye." })
			w.run()
			for i, text := range []string{"Hi.", "Bye."} {
				w.meta.FailCalls("POST", "messages", 1, &meta.SendOutcome{Deliver: delivered, Hang: time.Hour, Cut: true})
				calls := len(w.meta.Calls())
				if i == 0 {
					w.meta.CustomerWrites(page, anna, "Hello")
				} else {
					w.agent.Closes(w.rc.Rooms()[0].ID, "")
				}
				w.eventually("the text is under way", func() bool {
					return slices.ContainsFunc(w.meta.Calls()[calls:], func(c meta.Call) bool { return c.Method == "POST" && strings.HasSuffix(c.Path, "/messages") })
				})
				w.halt()
				w.run()
				w.eventually(text+" arrives", func() bool { return len(w.received(anna)) == i+1 })
				w.settled()
			}
			if got := w.received(anna); !slices.Equal(got, []string{"Hi.", "Bye."}) {
				t.Errorf("the customer reads %q", got)
			}
		})
	}
}

// TestAbsence_ThreeMessagesAndARestart_OneRoomOneTextOneNote is a night in a shop.
func TestAbsence_ThreeMessagesAndARestart_OneRoomOneTextOneNote(t *testing.T) {
	t.Parallel()
	clock := &clock{}
	w := newWorldAt(t, bypassed, clock.now)
	w.setPage(inTexts)
	w.agent.GoesOffline()
	w.rc.AddUser(chat.User{Username: "maria", Roles: []string{"user", "livechat-manager"}})
	w.run()
	note := func() (texts []string) {
		for _, m := range w.rc.Messages(w.rc.RoomID(setupName)) {
			if m.Username == ourBot && strings.Contains(m.Text, "online (all departments)") || strings.Contains(m.Text, "there again (all departments)") {
				texts = append(texts, m.Text)
			}
		}
		return texts
	}
	var written []time.Time
	writes := func(text string) { // as agents read it: to the minute, by Facebook's clock
		for written = append(written, time.Time{}); ; clock.pass(time.Second) {
			if at := clock.now(); at.Second() < 50 {
				written[len(written)-1] = at
				break
			}
		}
		w.meta.CustomerWrites(page, anna, text)
	}
	writes("one")
	w.eventually("the customer is told that nobody is there", func() bool { return len(w.received(anna)) == 1 })
	w.eventually("the setup channel hears of it", func() bool { return len(note()) == 1 && strings.Contains(note()[0], "Customers who wait: 1") })
	clock.pass(10 * time.Minute)
	writes("two")
	w.eventually("Meta is rid of it", func() bool { return w.meta.Waiting() == 0 })
	w.halt()
	w.run()
	clock.pass(10 * time.Minute)
	writes("three")
	w.meta.CustomerWrites(page, ben, "me too")
	w.eventually("Ben is told, too", func() bool { return len(w.received(ben)) == 1 })
	w.eventually("the note is up to date", func() bool { return len(note()) == 1 && strings.Contains(note()[0], "Customers who wait: 2") })
	if len(w.rc.Rooms()) != 0 {
		t.Fatal("a room was opened")
	}
	clock.pass(10 * time.Minute)
	w.agent.GoesOnline()
	w.eventually("all is shown", func() bool { return len(w.texts()) == 4 })
	w.eventually("the note says that somebody is there", func() bool { return len(note()) == 1 && strings.Contains(note()[0], "there again") })
	w.settled()
	say := language.New(w.cfg.Speech.Language, time.UTC)
	var want []string
	for i, text := range []string{"one", "two", "three"} {
		want = append(want, fmt.Sprintf("> [Written on %s]\n%s", say.Time(written[i]), text))
	}
	rooms := w.rc.Rooms() // whose is first is open: who of those that wait asks for all of them is
	is := func(room chat.Room) bool { return slices.Equal(w.rc.CustomerTexts(room.ID), want) }
	if len(rooms) != 2 || !slices.ContainsFunc(rooms, is) {
		t.Errorf("agents see %q in %d rooms, want %q", w.texts(), len(rooms), want)
	}
	if got := w.received(anna); !slices.Equal(got, []string{"Nobody is here until nine.", "Welcome, Customer 4005!"}) {
		t.Errorf("Anna reads %q", got)
	}
	if got := w.received(ben); !slices.Equal(got, []string{"Nobody is here until nine.", "Welcome, Customer 4006!"}) {
		t.Errorf("Ben reads %q", got)
	}
}

// TestAbsence_AThousandWait_OldestComeFirstAndNobodyElseIsHeldUp also looks at what it costs
// to find out that an agent is back.
func TestAbsence_AThousandWait_OldestComeFirstAndNobodyElseIsHeldUp(t *testing.T) {
	t.Parallel()
	const crowd = 1000
	w := newWorld(t, bypassed)
	w.setPage(func(s *bridge.Settings) { s.Offline = "Nobody is here until nine." })
	w.rc.AddUser(chat.User{Username: "maria", Roles: []string{"user", "livechat-manager"}})
	w.run()
	w.meta.CustomerWrites(page, anna, "I have a room")
	annas := w.room()
	w.eventually("it is shown", func() bool { return len(w.texts()) == 1 })
	w.agent.GoesOffline()
	customer := func(n int) string { return fmt.Sprintf("70020030040%05d", n) }
	w.meta.BatchWebhooks(50)
	for n := range crowd {
		w.meta.CustomerWrites(page, customer(n), fmt.Sprint("question of ", n))
	}
	w.eventually("all of them are told that nobody is there", func() bool {
		return w.meta.Waiting() == 0 && len(w.received(customer(0))) == 1 && len(w.received(customer(crowd-1))) == 1
	})
	w.eventually("the setup channel says how many wait", func() bool {
		return slices.ContainsFunc(w.rc.Messages(w.rc.RoomID(setupName)), func(m chat.Message) bool {
			return strings.Contains(m.Text, "Customers who wait: 1,000")
		})
	})
	if n := len(w.rc.Rooms()); n != 1 {
		t.Fatalf("%d rooms are open", n)
	}
	w.agent.GoesOnline()
	w.eventually("the first of them has a room", func() bool { return len(w.rc.Rooms()) > 1 })
	w.meta.CustomerWrites(page, anna, "I still have it")
	w.eventually("Anna's message is shown", func() bool { return len(w.rc.CustomerTexts(annas)) == 2 })
	t.Logf("by then, %d of %d had a room", len(w.rc.Rooms())-1, crowd)
	w.eventually("everybody has a room", func() bool { return len(w.rc.Rooms()) == 1+crowd && len(w.texts()) == 2+crowd })
	w.settled()
	const together = 2 * 64 // as many are found waiting at a time, and as many rooms are opened
	late := 0               // a worker whose turn the machine delays takes its customer along
	for i, room := range w.rc.Rooms()[1:] {
		texts := w.rc.CustomerTexts(room.ID)
		n := -1
		if len(texts) == 1 {
			_, _ = fmt.Sscanf(texts[0][strings.LastIndex(texts[0], "question of "):], "question of %d", &n)
		}
		if n < 0 {
			t.Fatalf("room %d shows %q", i, texts)
		}
		if n < i-together || n > i+together {
			late++
			t.Logf("room %d is of customer %d: %q", i, n, texts)
		}
	}
	if late > crowd/10 {
		t.Errorf("%d of %d customers got their rooms far out of turn", late, crowd)
	}
	for n := range crowd {
		if got := w.received(customer(n)); len(got) != 1 {
			t.Fatalf("customer %d reads %q", n, got)
		}
	}
	refused := 0
	for _, c := range w.rc.Calls() {
		if c.Status == 429 {
			refused++
		}
	}
	if refused > 0 {
		t.Errorf("%d calls were too many", refused)
	}
}

// TestNewRoomAfter_LongSilence_StartsExactlyOneNewRoom also stops the bridge before and
// after the old room is closed.
func TestNewRoomAfter_LongSilence_StartsExactlyOneNewRoom(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]func(w *world){
		"nothing goes wrong": func(*world) {},
		"the answer to closing is lost": func(w *world) {
			w.rc.Inject(chat.Fault{Route: "POST livechat/room.close", Times: 1, Effect: true, Status: 502})
		},
		"closing fails at first": func(w *world) {
			w.rc.Inject(chat.Fault{Route: "POST livechat/room.close", Times: 2, Status: 500})
		},
		"the new room's answer is lost": func(w *world) {
			w.rc.Inject(chat.Fault{Route: "GET livechat/room", Times: 1, Effect: true, Status: 502})
		},
		"showing fails at first": func(w *world) {
			w.rc.Inject(chat.Fault{Route: "POST livechat/message", Times: 2, Effect: true, Status: 502})
		},
	} {
		t.Run(name, func(t *testing.T) {
			clock := &clock{}
			w := newWorldAt(t, bypassed, clock.now)
			w.setPage(func(s *bridge.Settings) { s.NewRoomAfter, s.Finished = bridge.Duration(time.Hour), "Bye." })
			w.run()
			w.meta.CustomerWrites(page, anna, "one")
			w.eventually("it is shown", func() bool { return len(w.texts()) == 1 })
			w.settled()
			clock.pass(59 * time.Minute)
			w.agent.Says(w.room(), "yes?")
			w.eventually("it arrives", func() bool { return len(w.received(anna)) == 1 })
			w.settled()
			clock.pass(59 * time.Minute)
			w.meta.CustomerWrites(page, anna, "two")
			w.eventually("it is in the same room", func() bool { return len(w.texts()) == 2 && len(w.rc.Rooms()) == 1 })
			w.settled()
			clock.pass(time.Hour + time.Second)
			fault(w)
			w.meta.CustomerWrites(page, anna, "three")
			w.meta.CustomerWrites(page, anna, "four")
			w.eventually("they are shown", func() bool { return len(w.texts()) == 4 })
			w.halt()
			w.run()
			w.settled()
			rooms := w.rc.Rooms()
			if len(rooms) != 2 || rooms[0].Open || !rooms[1].Open || !slices.Equal(w.rc.CustomerTexts(rooms[1].ID), []string{"three", "four"}) {
				t.Errorf("%d rooms:\n%s", len(rooms), w.picture())
			}
			if got := w.received(anna); !slices.Equal(got, []string{"yes?"}) {
				t.Errorf("the customer reads %q", got)
			}
		})
	}
}

// TestClosedRoom_WrittenIntoAfterwards_AgentIsToldAndTheCustomerReadsNothing: what was
// written before the end goes out all the same.
func TestClosedRoom_WrittenIntoAfterwards_AgentIsToldAndTheCustomerReadsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	w.meta.CustomerWrites(page, anna, "Hello")
	rid := w.room()
	w.settled()
	w.halt()
	w.agent.Says(rid, "before")
	w.agent.Closes(rid, "")
	w.run()
	w.eventually("what was written before arrives", func() bool { return slices.Equal(w.received(anna), []string{"before"}) })
	late := w.agent.Says(rid, "after")
	w.eventually("the agent is told", func() bool { return len(w.notices(rid, late)) == 1 })
	w.settled()
	if got := w.received(anna); !slices.Equal(got, []string{"before"}) || !strings.Contains(w.notices(rid, late)[0], "this room was closed before") {
		t.Errorf("the customer reads %q, the agent %q", got, w.notices(rid, late))
	}
}

// TestAbsence_RoomsOpenWithoutAgents_CustomerAndManagersAreTold: the workspace accepts chats
// although nobody is there, and leaves them with nobody. Where agents pick their rooms
// themselves and are there, nothing is said.
func TestAbsence_RoomsOpenWithoutAgents_CustomerAndManagersAreTold(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		department, there bool
		told              int
	}{
		"nobody in the workspace":           {false, false, 1},
		"nobody in the department":          {true, false, 1},
		"somebody who picks the rooms":      {false, true, 0},
		"somebody of the department is one": {true, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, bypassed)
			w.rc.AddUser(chat.User{Username: "maria", Roles: []string{"user", "livechat-manager"}})
			w.rc.SetSetting("Livechat_accept_chats_with_no_agents", true)
			w.rc.SetSetting("Livechat_Routing_Method", "Manual_Selection")
			var sales bridge.DepartmentID
			if c.department {
				w.rc.AddAgent("bela") // of no department, and there
				sales = bridge.DepartmentID(w.rc.AddDepartment("sales", "ana"))
			}
			w.setPage(func(s *bridge.Settings) { s.Offline, s.Department = "Nobody is here until nine.", sales })
			if !c.there {
				w.agent.GoesOffline()
			}
			w.run()
			for n, customer := range []string{anna, ben} {
				w.meta.CustomerWrites(page, customer, "Hello")
				w.eventually("it is shown", func() bool { return len(w.texts()) == n+1 })
				w.settled()
			}
			told := func() int { return strings.Count(w.announced(), "opens rooms all the same") }
			w.eventually("customers and managers are told, or not", func() bool {
				return len(w.received(anna)) == c.told && len(w.received(ben)) == c.told && told() == c.told
			})
			if c.told > 0 && !strings.Contains(w.announced(), "/live/"+w.rc.Rooms()[0].ID) {
				t.Errorf("announced: %s", w.announced())
			}
		})
	}
}

// TestVerification_NoAgentSeesTheRoom_ManagersAreTold: the workspace keeps the rooms of customers
// who are not verified from all agents. One message says so, whoever else writes.
func TestVerification_NoAgentSeesTheRoom_ManagersAreTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.rc.AddUser(chat.User{Username: "maria", Roles: []string{"user", "livechat-manager"}})
	w.rc.SetSetting("Livechat_Require_Contact_Verification", "always")
	w.run()
	for n, customer := range []string{anna, ben} {
		w.meta.CustomerWrites(page, customer, "Hello")
		w.eventually("it is shown", func() bool { return len(w.texts()) == n+1 })
		w.settled()
	}
	told := func() int { return strings.Count(w.announced(), "No agent sees the new room") }
	w.eventually("managers are told", func() bool { return told() == 1 })
	first := w.rc.Rooms()[0]
	if first.ServedBy != "" || first.Queued || !strings.Contains(w.announced(), "/live/"+first.ID) {
		t.Errorf("announced: %s\nof %+v", w.announced(), first)
	}
}
