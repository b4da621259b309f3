package e2e

import (
	"slices"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/sandbox/chat"
	"messenger-bridge/sandbox/meta"
	"messenger-bridge/store"
)

// TestRoom_IsDescribed_PageAndOriginAtAGlance: topic, tags and custom fields.
func TestRoom_IsDescribed_PageAndOriginAtAGlance(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	w.meta.Send(w.meta.ReferralEvent(page, anna, "spring-sale", "ADS", time.Now()))
	rid := w.room()
	w.eventually("the room has a topic", func() bool { r, _ := w.rc.Room(rid); return r.Topic != "" })
	r, _ := w.rc.Room(rid)
	if want := "Messenger, page Shop. The customer came through an ad. Reference: spring-sale."; r.Topic != want {
		t.Errorf("topic %q, want %q", r.Topic, want)
	}
	if want := []string{"facebook", "Shop"}; !slices.Equal(r.Tags, want) {
		t.Errorf("tags %q, want %q", r.Tags, want)
	}
	for field, want := range map[string]string{"facebook_page": page, "facebook_psid": anna, "facebook_referral": "ADS spring-sale"} {
		if r.CustomFields[field] != want {
			t.Errorf("%s is %v, want %q", field, r.CustomFields[field], want)
		}
	}
	if inbox, _ := r.CustomFields["facebook_inbox"].(string); !strings.HasPrefix(inbox, "https://business.facebook.com/") {
		t.Errorf("facebook_inbox is %q", inbox)
	}
	w.eventually("the customer is called by name", func() bool { return w.rc.Rooms()[0].VisitorName == "Customer 4005" })

	w.meta.CustomerWrites(page, anna, "Hello")
	w.eventually("it is shown", func() bool { return slices.Contains(w.texts(), "Hello") })
	w.settled()
	if n := w.rcCalls("POST livechat/room.saveInfo"); n != 1 {
		t.Errorf("described %d times", n)
	}
}

// TestRoom_TopicOfAForgedReferral_IsShownAsItCame: whoever makes an m.me link says what stands in it, and clients read
// markup in topics.
func TestRoom_TopicOfAForgedReferral_IsShownAsItCame(t *testing.T) {
	t.Parallel()
	const ref = "[a](https://b.test) *x* @all"
	w := newWorld(t, bypassed)
	w.run()
	w.meta.Send(w.meta.ReferralEvent(page, anna, ref, "SHORTLINK", time.Now()))
	rid := w.room()
	w.eventually("the room has a topic", func() bool { r, _ := w.rc.Room(rid); return r.Topic != "" })
	r, _ := w.rc.Room(rid)
	if want := "Messenger, page Shop. The customer came through an m.me link. Reference: " + ref + "."; chat.Shown(r.Topic) != want {
		t.Errorf("people read %q, want %q", chat.Shown(r.Topic), want)
	}
	for _, markup := range []string{"](", " *x*", " @all"} {
		if strings.Contains(r.Topic, markup) {
			t.Errorf("clients read %q in %q", markup, r.Topic)
		}
	}
}

// TestRoom_CannotBeDescribed_MessagesAreShownAllTheSame: without the permission, and while
// the call fails.
func TestRoom_CannotBeDescribed_MessagesAreShownAllTheSame(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]chat.Fault{
		"no permission": {Status: 403, ContentType: "application/json", Body: `{"success":false,"error":"User does not have the permissions required for this action [error-unauthorized]"}`},
		"broken":        {Status: 500},
		"answer lost":   {Cut: true, Effect: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, bypassed)
			fault.Route = "POST livechat/room.saveInfo"
			w.rc.Inject(fault)
			w.run()
			for n, customer := range []string{anna, ben} {
				w.meta.CustomerWrites(page, customer, "Hello")
				w.eventually("it is shown", func() bool { return len(w.texts()) == n+1 })
				w.settled()
			}
			if n := strings.Count(w.log.String(), "rooms get no topic and no tags"); n != map[string]int{"no permission": 1}[name] {
				t.Errorf("the operator is told %d times", n)
			}
			if w.rcCalls("POST livechat/room.saveInfo") != 2 || len(w.texts()) != 2 {
				t.Errorf("%d calls; agents see %q", w.rcCalls("POST livechat/room.saveInfo"), w.texts())
			}
		})
	}
}

// rcCalls counts the calls that the workspace got on a route.
func (w *world) rcCalls(route string) (n int) {
	for _, c := range w.rc.Calls() {
		if c.Route == route {
			n++
		}
	}
	return n
}

// TestDepartment_ChangedWhileARoomIsOpen_CountsForTheNext: two pages may share one.
func TestDepartment_ChangedWhileARoomIsOpen_CountsForTheNext(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	bela := w.rc.AddAgent("bela")
	sales := bridge.DepartmentID(w.rc.AddDepartment("sales", "ana"))
	repairs := bridge.DepartmentID(w.rc.AddDepartment("repairs", "bela"))
	w.setPage(func(s *bridge.Settings) { s.Department = sales })
	w.run()
	w.meta.CustomerWrites(page, anna, "one")
	rid := w.room()
	w.eventually("it is shown", func() bool { return len(w.texts()) == 1 })
	w.settled()
	w.halt()
	w.setPage(func(s *bridge.Settings) { s.Department = repairs })
	w.run()
	w.meta.CustomerWrites(page, anna, "two")
	w.eventually("it is in the same room", func() bool { return slices.Equal(w.rc.CustomerTexts(rid), []string{"one", "two"}) })
	w.settled()
	w.agent.Closes(rid, "")
	w.meta.CustomerWrites(page, anna, "three")
	w.eventually("a new room is open", func() bool { return len(w.rc.Rooms()) == 2 && len(w.texts()) == 3 })
	rooms := w.rc.Rooms()
	if rooms[0].DepartmentID != string(sales) || rooms[0].ServedBy != "ana" || rooms[1].DepartmentID != string(repairs) || rooms[1].ServedBy != "bela" {
		t.Errorf("the rooms are %+v", rooms)
	}
	bela.Says(rooms[1].ID, "What is broken?")
	w.eventually("the new department's answer arrives", func() bool { return slices.Equal(w.received(anna), []string{"What is broken?"}) })
}

// TestTransfer_AndOnHold_AreFollowed: whoever serves the room, both directions go on.
func TestTransfer_AndOnHold_AreFollowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	bela := w.rc.AddAgent("bela")
	bela.GoesOffline()
	w.run()
	w.meta.CustomerWrites(page, anna, "one")
	rid := w.room()
	w.eventually("it is shown", func() bool { return len(w.texts()) == 1 })
	w.settled()
	bela.GoesOnline()
	asks := func(text string) {
		t.Helper()
		n := len(w.texts())
		w.meta.CustomerWrites(page, anna, text)
		w.eventually(text+" is shown in the same room", func() bool { return len(w.rc.CustomerTexts(rid)) == n+1 })
	}
	answers := func(who *chat.Agent, text string) {
		t.Helper()
		who.Says(rid, text)
		w.eventually(text+" arrives", func() bool { return slices.Contains(w.received(anna), text) })
	}
	answers(w.agent, "I hand you over.")
	w.agent.Transfers(rid, bela)
	answers(bela, "Bela here.")
	asks("two")
	bela.Holds(rid)
	asks("three") // which resumes it
	answers(bela, "Back again.")
	bela.ReturnsToQueue(rid)
	asks("four")
	w.agent.Takes(rid)
	answers(w.agent, "It is me again.")
	w.settled()
	if got := w.received(anna); !slices.Equal(got, []string{"I hand you over.", "Bela here.", "Back again.", "It is me again."}) || len(w.rc.Rooms()) != 1 {
		t.Errorf("the customer reads %q, in %d rooms", got, len(w.rc.Rooms()))
	}
}

// TestBlocked_ContactInRocketChat_IsAnnouncedOnceAndCanBeBlockedAtFacebook: what a blocked
// customer writes is not shown; those beside them are.
func TestBlocked_ContactInRocketChat_IsAnnouncedOnceAndCanBeBlockedAtFacebook(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.rc.AddUser(chat.User{Username: "maria", Roles: []string{"user", "livechat-manager"}})
	w.run()
	w.meta.CustomerWrites(page, anna, "one")
	rid := w.room()
	w.eventually("it is shown", func() bool { return len(w.texts()) == 1 })
	w.settled()
	r, _ := w.rc.Room(rid)
	w.rc.BlockVisitor(r.VisitorToken, true)
	for _, text := range []string{"two", "three"} {
		w.meta.CustomerWrites(page, anna, text)
	}
	w.meta.CustomerWrites(page, ben, "I am not blocked")
	w.eventually("the others are heard", func() bool { return slices.Contains(w.texts(), "I am not blocked") })
	blocked := func() int { return strings.Count(w.announced(), "is blocked in Rocket.Chat") }
	w.eventually("the setup channel hears it", func() bool { return blocked() == 1 })
	w.settled()
	if n := blocked(); n != 1 || !strings.Contains(w.announced(), "/facebook block "+page+" "+anna) {
		t.Errorf("announced %d times:\n%s", n, w.announced())
	}

	w.rc.UserSays("maria", w.rc.RoomID(setupName), "!facebook block "+page+" "+anna)
	w.eventually("the bot says that it is done", func() bool { return strings.Contains(w.announced(), "can no longer write") })
	if w.meta.CustomerWrites(page, anna, "four") != "" {
		t.Error("Facebook lets the customer write")
	}
	w.rc.BlockVisitor(r.VisitorToken, false)
	w.rc.UserSays("maria", w.rc.RoomID(setupName), "!facebook unblock "+page+" "+anna)
	w.eventually("the bot says that it is lifted", func() bool { return strings.Contains(w.announced(), "may write to") })
	w.meta.CustomerWrites(page, anna, "five")
	w.eventually("the customer is heard again", func() bool { return slices.Equal(w.rc.CustomerTexts(rid), []string{"one", "five"}) })

	w.meta.Tweak(func(q *meta.Quirks) { q.ModerationFails = true })
	w.rc.UserSays("maria", w.rc.RoomID(setupName), "!facebook block "+page+" "+anna)
	w.eventually("the bot says that Facebook did not do it", func() bool { return strings.Contains(w.announced(), "Facebook did not do it") })
	if n := strings.Count(w.announced(), "can no longer write"); n != 1 {
		t.Errorf("said %d times that the customer is blocked:\n%s", n, w.announced())
	}
}

// TestDepartment_OfTwoPages_TheSameCustomerHasARoomForEach: there may be more pages than
// departments.
func TestDepartment_OfTwoPages_TheSameCustomerHasARoomForEach(t *testing.T) {
	t.Parallel()
	const other = "100200300400501"
	w := newWorld(t, bypassed)
	sales := bridge.DepartmentID(w.rc.AddDepartment("sales", "ana"))
	w.addPage(other, w.meta.AddPage(other, "Outlet"))
	names := map[bridge.PageID]string{page: "Shop", other: "Outlet"}
	for id, name := range names {
		w.inStore(func(s *store.Store) error {
			p, err := s.Page(id)
			if err != nil {
				return err
			}
			p.Settings.Department, p.Settings.Name = sales, name
			return s.SavePage(t.Context(), p)
		})
	}
	w.run()
	w.meta.CustomerWrites(page, anna, "to the shop")
	w.meta.CustomerWrites(other, anna, "to the outlet")
	w.eventually("both are shown", func() bool { return len(w.texts()) == 2 })
	w.settled()
	rooms := w.rc.Rooms()
	if len(rooms) != 2 || rooms[0].DepartmentID != string(sales) || rooms[1].DepartmentID != string(sales) {
		t.Fatalf("%d rooms:\n%s", len(rooms), w.picture())
	}
	for _, r := range rooms {
		w.agent.Says(r.ID, "answer "+r.Topic)
	}
	for id, name := range names {
		w.eventually(name+"'s customer has the answer of its own room", func() bool {
			got := w.meta.CustomerSees(string(id), anna)
			return len(got) == 1 && strings.HasPrefix(got[0].Text, "answer Messenger, page "+name)
		})
	}
}
