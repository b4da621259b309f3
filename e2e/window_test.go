package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/sandbox/chat"
	"messenger-bridge/store"
)

// stopped is a clock that stands still until it is set.
type stopped struct{ at atomic.Int64 }

func newStopped() *stopped {
	s := &stopped{}
	s.set(time.Now().Truncate(time.Second))
	return s
}

func (s *stopped) set(at time.Time) { s.at.Store(at.UnixNano()) }
func (s *stopped) now() time.Time   { return time.Unix(0, s.at.Load()) }

// configure changes the stored settings of the page; the bridge must not be running.
func (w *world) configure(change func(*bridge.Settings)) {
	w.Helper()
	s, err := store.Open(store.Options{Path: w.cfg.Store.Database, Key: w.cfg.Store.SecretKey})
	if err != nil {
		w.Fatal(err)
	}
	defer s.Close()
	p, err := s.Page(page)
	if err == nil {
		change(&p.Settings)
		err = s.SavePage(w.Context(), p)
	}
	if err != nil {
		w.Fatal(err)
	}
}

// TestWindow_WhoMayAnswerWhen is the table of windows: an answer by an agent or a bot,
// a time after the customer wrote, with the switch human-agent on or off and the
// feature approved or not.
func TestWindow_WhoMayAnswerWhen(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for _, row := range []struct {
		after            time.Duration
		switched         bool
		approved         bool
		bot              bool
		tag              string // with which it arrives
		refused          string // what the agent reads instead
		announced, calls int    // in the setup channel; sends
	}{
		{after: day - time.Second, calls: 1},
		{after: day - time.Second, switched: true, approved: true, calls: 1},
		{after: day - time.Second, bot: true, calls: 1},
		{after: day, refused: "wrote too long ago", calls: 1},
		{after: day, switched: true, approved: true, tag: "HUMAN_AGENT", calls: 2},
		{after: day, switched: true, refused: "has not approved this app", announced: 1, calls: 2},
		{after: day, approved: true, refused: "wrote too long ago", calls: 1},
		{after: day, switched: true, approved: true, bot: true, refused: "wrote too long ago", calls: 1},
		{after: 7*day - time.Second, switched: true, approved: true, tag: "HUMAN_AGENT", calls: 2},
		{after: 7*day - time.Second, refused: "wrote too long ago", calls: 1},
		{after: 7*day + time.Second, switched: true, approved: true, refused: "more than 7 days ago", calls: 1},
		{after: 7*day + time.Second, refused: "more than 7 days ago", calls: 1},
	} {
		name := fmt.Sprintf("%v switch=%v approved=%v bot=%v", row.after, row.switched, row.approved, row.bot)
		t.Run(name, func(t *testing.T) {
			clock := newStopped()
			w := newWorldAt(t, bypassed, clock.now)
			w.configure(func(s *bridge.Settings) { s.HumanAgent = row.switched })
			w.cfg.Workspace.BotUsers = []string{"helper"}
			w.meta.ApproveHumanAgent(row.approved)
			who := w.agent
			if row.bot {
				who = w.rc.AddAgent("helper")
				w.agent.GoesOffline()
			}
			w.run()
			w.meta.CustomerWrites(page, anna, "hello")
			rid := w.room()
			w.eventually("the message is shown", func() bool { return len(w.texts()) == 1 })
			clock.set(clock.now().Add(row.after))
			id := who.Says(rid, "an answer")
			w.eventually("the answer has arrived, or its author knows why not", func() bool {
				return len(w.received(anna))+len(w.notices(rid, id)) > 0
			})
			w.settled()
			got, told := w.meta.CustomerSees(page, anna), strings.Join(w.notices(rid, id), "|")
			switch {
			case row.refused == "" && (len(got) != 1 || got[0].Tag != row.tag || told != ""):
				t.Errorf("the customer sees %+v, the agent %q", got, told)
			case row.refused != "" && (len(got) != 0 || !strings.Contains(told, row.refused) || !slices.Contains(w.reactions(rid, id), ":warning:")):
				t.Errorf("the customer sees %+v, the agent %q", got, told)
			}
			if n := strings.Count(w.announced(), "human-agent off"); n != row.announced {
				t.Errorf("%d announcements of the missing approval:\n%s", n, w.announced())
			}
			if n := w.sends(anna); n != row.calls {
				t.Errorf("%d calls, not %d", n, row.calls)
			}
		})
	}
}

// sends counts the calls that send a customer a message.
func (w *world) sends(customer string) (n int) {
	for _, c := range w.meta.Calls() {
		if c.Customer == customer && c.Method == "POST" && c.Action == "" {
			n++
		}
	}
	return n
}

func TestWindow_Ends_RoomIsToldAnHourBeforeAndThen(t *testing.T) {
	t.Parallel()
	clock := newStopped()
	w := newWorldAt(t, bypassed, clock.now)
	began := clock.now()
	w.run()
	w.meta.CustomerWrites(page, anna, "hello")
	rid := w.room()
	w.eventually("the message is shown", func() bool { return len(w.texts()) == 1 })
	notes := func() (texts []string) {
		for _, m := range w.rc.Messages(rid) {
			if m.Username == w.rc.Bot() {
				texts = append(texts, m.Text)
			}
		}
		return texts
	}
	// A restart makes the bridge look at once, instead of within a minute.
	look := func(after time.Duration, want int, what string) {
		t.Helper()
		w.halt()
		clock.set(began.Add(after))
		w.run()
		w.meta.CustomerWrites(page, ben, fmt.Sprint("meanwhile ", after)) // whoever comes later is shown later
		w.eventually("ben is heard", func() bool { return slices.Contains(w.texts(), fmt.Sprint("meanwhile ", after)) })
		w.eventually(what, func() bool { return len(notes()) >= want })
		w.settled()
		if got := notes(); len(got) != want {
			t.Errorf("after %v the room was told %q", after, got)
		}
	}
	look(22*time.Hour, 0, "nothing is said yet")
	look(23*time.Hour+time.Second, 1, "an hour before, the agent is told")
	look(23*time.Hour+30*time.Minute, 1, "once")
	look(24*time.Hour+time.Second, 2, "when it is over, the agent is told")
	look(25*time.Hour, 2, "once")
	if got := notes(); !strings.Contains(got[0], "until") || !strings.Contains(got[1], "no answers any more") {
		t.Errorf("the notes are %q", got)
	}
	w.meta.CustomerWrites(page, anna, "I am back")
	w.eventually("it is shown", func() bool { return slices.Contains(w.texts(), "I am back") })
	began = clock.now()
	look(23*time.Hour+time.Second, 3, "the new window is told of as well")
}

func TestWindow_SwitchIsTurnedWhileTheRoomIsOpen_WorksAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.meta.ApproveHumanAgent(true)
	w.rc.SetRoles("ana", "user", "livechat-agent", "livechat-manager")
	w.run()
	w.meta.CustomerWrites(page, anna, "hello")
	rid := w.room()
	w.eventually("the message is shown", func() bool { return len(w.texts()) == 1 })
	w.meta.CloseWindow(page, anna)
	first := w.agent.Says(rid, "too late")
	w.eventually("it is refused", func() bool { return len(w.notices(rid, first)) == 1 })
	w.rc.UserSays("ana", w.rc.DirectRoom("ana", w.rc.Bot()), "edit "+page+" human-agent on")
	w.eventually("the switch is on", func() bool {
		return slices.ContainsFunc(w.rc.DirectMessages("ana"), func(m chat.Message) bool { return strings.Contains(m.Text, "human-agent") })
	})
	w.agent.Says(rid, "in time")
	w.eventually("the next answer arrives", func() bool { return slices.Equal(w.received(anna), []string{"in time"}) })
}

// TestTexts_Window is the table of windows for what nobody wrote: each text goes out up to
// 24 hours after the customer wrote, and then not, whatever the page allows its agents,
// and never with a tag.
func TestTexts_Window(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for _, after := range []time.Duration{day - time.Second, day, 7*day - time.Second, 7*day + time.Second} {
		for _, allowed := range []struct{ switched, approved bool }{{false, false}, {true, true}, {true, false}} {
			for _, away := range []bool{false, true} {
				t.Run(fmt.Sprintf("%v switch=%v approved=%v away=%v", after, allowed.switched, allowed.approved, away), func(t *testing.T) {
					clock := newStopped()
					w := newWorldAt(t, bypassed, clock.now)
					w.configure(func(s *bridge.Settings) {
						s.Welcome, s.Offline, s.Finished, s.Survey, s.HumanAgent = "Welcome!", "Nobody is here.", "Bye.", true, allowed.switched
					})
					w.meta.ApproveHumanAgent(allowed.approved)
					w.run()
					w.meta.CustomerWrites(page, anna, "hello")
					rid := w.room()
					w.eventually("the customer is welcomed", func() bool { return len(w.received(anna)) == 1 })
					w.settled()
					w.rc.Down()
					w.meta.CustomerWrites(page, ben, "hello, too")
					w.eventually("Meta is rid of it", func() bool { return w.meta.Waiting() == 0 })
					clock.set(clock.now().Add(after))
					if away {
						w.agent.GoesOffline()
					}
					if err := w.rc.Up(); err != nil {
						t.Fatal(err)
					}
					w.eventually("the bridge is connected again", w.connected)
					w.agent.Closes(rid, "done")
					annas, bens := []string{"Welcome!", "Bye.", surveyQuestion}, []string{"Welcome!"}
					if away {
						bens = []string{"Nobody is here."}
					}
					if after >= day {
						annas, bens = annas[:1], nil
					}
					if away {
						w.meta.CustomerWrites(page, "7001002003004007", "I wait, too") // its text comes after all others
						w.eventually("that customer is told", func() bool { return len(w.received("7001002003004007")) == 1 })
					} else {
						w.eventually("the other message is shown", func() bool { return len(w.texts()) == 2 })
						w.settled()
					}
					w.eventually("both have their texts", func() bool {
						return slices.Equal(w.received(anna), annas) && slices.Equal(w.received(ben), bens)
					})
					w.eventually("the room says whether the customer was asked", func() bool {
						return strings.Contains(strings.Join(w.botSays(rid), "|"), "not asked") == (after >= day)
					})
					for _, customer := range []string{anna, ben} {
						if calls := w.sends(customer); calls != len(w.received(customer)) {
							t.Errorf("%d calls for %q", calls, w.received(customer))
						}
						for _, b := range w.meta.CustomerSees(page, customer) {
							if b.Tag != "" || b.MessagingType != "RESPONSE" {
								t.Errorf("%q is sent as %s with tag %q", b.Text, b.MessagingType, b.Tag)
							}
						}
					}
				})
			}
		}
	}
}

// TestWindow_BotMayNotAskWhoIsAnAgent_AgentIsTold: without the role, nobody finds out whether a person wrote a late answer. It
// and what follows must not wait for days.
func TestWindow_BotMayNotAskWhoIsAnAgent_AgentIsTold(t *testing.T) {
	t.Parallel()
	clock := &clock{}
	w := newWorldAt(t, bypassed, clock.now)
	w.setPage(func(s *bridge.Settings) { s.HumanAgent = true })
	w.meta.ApproveHumanAgent(true)
	w.run()
	w.meta.CustomerWrites(page, anna, "hello")
	rid := w.room()
	w.eventually("it is shown", func() bool { return len(w.texts()) == 1 })
	w.settled()
	clock.pass(30 * time.Hour)
	allow := w.rc.Inject(chat.Fault{Route: "GET livechat/users/agent/:_id", Status: http.StatusForbidden, Body: `{"success":false,"error":"unauthorized"}`})
	late := w.agent.Says(rid, "late")
	w.eventually("the agent is told", func() bool { return strings.Contains(strings.Join(w.notices(rid, late), "\n"), "too long ago") })
	w.eventually("the setup channel hears why", func() bool { return strings.Contains(w.announced(), "does not tell the bridge who is an agent") })
	allow()
	w.agent.Says(rid, "as a person")
	w.eventually("the next one arrives", func() bool { return slices.Equal(w.received(anna), []string{"as a person"}) })
}
