package stream_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/metrics"
	"messenger-bridge/rocketchat"
	"messenger-bridge/rocketchat/stream"
	"messenger-bridge/sandbox/chat"
)

// past is a workspace whose clock can be set back: what is written then is old. It
// begins a month ago, because times in a room never go back.
func past(t *testing.T) (o *office, ana *chat.Agent, ago func(time.Duration)) {
	var offset atomic.Int64
	ago = func(d time.Duration) { offset.Store(int64(d)) }
	ago(30 * 24 * time.Hour)
	o = newOffice(t, chat.Config{Now: func() time.Time { return time.Now().Add(-time.Duration(offset.Load())) }})
	o.rc.ReemitAfter(0) // so that what is missed stays missed
	return o, o.rc.AddAgent("ana"), ago
}

// reads are calls that look into a room.
func reads(room string) func(*http.Request, []byte) bool {
	return func(r *http.Request, _ []byte) bool { return r.URL.Query().Get("roomId") == room }
}

// pauses makes the next look into a room wait; it returns when that has begun.
func (o *office) pauses(room string) (begun <-chan struct{}, goOn func()) {
	looks, waits := make(chan struct{}), make(chan struct{})
	var once sync.Once
	clear := o.rc.Inject(chat.Fault{Route: "GET chat.syncMessages", Match: func(r *http.Request, body []byte) bool {
		if reads(room)(r, body) {
			once.Do(func() { close(looks) })
			<-waits
		}
		return false
	}})
	goOn = sync.OnceFunc(func() { clear(); close(waits) })
	o.Cleanup(goOn)
	return looks, goOn
}

// gets waits until the customers have got exactly these texts, in this order.
func (o *office) gets(want ...string) {
	o.Helper()
	o.eventually("customers get "+strings.Join(want, ", "), func() bool { return len(o.relayed()) >= len(want) })
	if got := o.relayed(); !slices.Equal(got, want) {
		o.Errorf("customers get %q, want %q", got, want)
	}
}

func (o *office) reached() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.cursor
}

func TestCatchUp_OneRoomCannotBeRead_OthersAreHeardAndItComesLaterInOrder(t *testing.T) {
	o, ana, ago := past(t)
	o.run()
	a, b := o.visitor("a"), o.visitor("b")
	o.belongs(a)
	o.belongs(b)
	ago(0)
	o.halt()
	before := o.reached()
	ana.Says(a, "a missed")
	ana.Says(b, "b missed")
	clear := o.rc.Inject(chat.Fault{Route: "GET chat.syncMessages", Status: 500, Match: reads(a)})
	o.run() // ready all the same
	o.gets("b missed")
	ana.Says(a, "a live")
	ana.Says(b, "b live")
	o.gets("b missed", "b live")
	if !o.reached().Equal(before) {
		t.Errorf("the cursor moved by %v over what was not read", o.reached().Sub(before))
	}
	clear()
	o.gets("b missed", "b live", "a missed", "a live")
	o.eventually("the cursor moves on", func() bool { return o.reached().After(before) })
	if o.ready() != 2 {
		t.Errorf("%d sessions", o.ready())
	}
}

func TestCatchUp_TwoRoomsOfOneCustomer_NoAnswerOvertakesThoseOfTheRoomBefore(t *testing.T) {
	o, ana, ago := past(t)
	o.run()
	anna, ben := bridge.Conversation{Page: "1", Customer: "2"}, bridge.Conversation{Page: "1", Customer: "3"}
	before, other := o.visitor("a"), o.visitor("b")
	o.belongsTo(before, anna)
	o.belongsTo(other, ben)
	ago(0)
	o.halt()
	ana.Says(before, "first")
	ana.Closes(before, "")
	after := o.visitor("a")
	o.belongsTo(after, anna)
	ana.Says(after, "second")
	ana.Says(other, "to Ben")
	clear := o.rc.Inject(chat.Fault{Route: "GET chat.syncMessages", Status: 500, Match: reads(before)})
	o.run()
	o.gets("to Ben")
	ana.Says(after, "third")
	ana.Says(other, "to Ben again")
	o.gets("to Ben", "to Ben again")
	clear()
	o.gets("to Ben", "to Ben again", "first", "second", "third")
}

// TestCatchUp_ClosedRoomsOfOneCustomer_AreReadAsTheyBegan: the bot has marked in the older of two what did not
// reach the customer, so the list shows that as the one in which something was written last.
func TestCatchUp_ClosedRoomsOfOneCustomer_AreReadAsTheyBegan(t *testing.T) {
	o, ana, ago := past(t)
	o.run()
	o.halt()
	anna := bridge.Conversation{Page: "1", Customer: "2"}
	var rooms []string
	for i, text := range []string{"first", "second"} {
		ago(time.Duration(20-i) * time.Minute)
		room := o.visitor("a")
		o.belongsTo(room, anna)
		ana.Says(room, text)
		ana.Closes(room, "")
		rooms = append(rooms, room)
	}
	ago(0)
	o.rc.UserSays(o.rc.Bot(), rooms[0], "not delivered")
	o.run()
	o.gets("first", "second")
}

// TestCatchUp_RoomFoundOpen_WaitsForWhatTheStreamLostOfTheRoomBefore: a customer's message
// landed in a new room, and the connection had been dead for a while without a word.
func TestCatchUp_RoomFoundOpen_WaitsForWhatTheStreamLostOfTheRoomBefore(t *testing.T) {
	o, ana, ago := past(t)
	ago(0)
	o.run()
	anna := bridge.Conversation{Page: "1", Customer: "2"}
	before := o.visitor("a")
	o.belongsTo(before, anna)
	ana.Says(before, "first")
	o.gets("first")
	o.rc.MuteSockets(true)
	ana.Says(before, "second")
	ana.Closes(before, "")
	after := o.visitor("a")
	ana.Says(after, "third")
	o.stream.RoomOpened(bridge.RoomID(after), bridge.RoomID(before), true)
	o.belongsTo(after, anna)
	o.stream.RoomOpened(bridge.RoomID(after), bridge.RoomID(before), true)
	o.gets("first", "second", "third")
}

// TestCatchUp_RoomFoundOpenWhileTheOneBeforeIsLookedInto_WaitsForIt: a customer's message landed in
// a new room while the bridge looked, as now and then, for what the stream had not brought of
// the room before. That look leaves to the stream what has not had its turn yet.
func TestCatchUp_RoomFoundOpenWhileTheOneBeforeIsLookedInto_WaitsForIt(t *testing.T) {
	o := newOffice(t, chat.Config{})
	o.look, o.inOrder = 30*time.Millisecond, time.Hour // what the stream brings waits
	ana := o.rc.AddAgent("ana")
	o.run()
	mine := o.rc.DirectRoom("ana", o.rc.Bot())
	anna := bridge.Conversation{Page: "1", Customer: "2"}
	before := o.visitor("a")
	o.belongsTo(before, anna)
	ana.Says(before, "first")
	ana.Says(mine, "help")
	o.hears("help") // so the stream has brought both
	begun, goOn := o.pauses(before)
	<-begun
	ana.Closes(before, "")
	after := o.visitor("a")
	ana.Says(after, "second")
	o.stream.RoomOpened(bridge.RoomID(after), bridge.RoomID(before), true)
	o.belongsTo(after, anna)
	o.stream.RoomOpened(bridge.RoomID(after), bridge.RoomID(before), true)
	goOn()
	o.gets("first", "second")
}

// TestCatchUp_ThreeRoomsOfOneCustomer_TheLastWaitsForBoth: the stream brings what is written in
// the last, and has brought nothing of the two before.
func TestCatchUp_ThreeRoomsOfOneCustomer_TheLastWaitsForBoth(t *testing.T) {
	o, ana, ago := past(t)
	ago(0)
	o.run()
	anna := bridge.Conversation{Page: "1", Customer: "2"}
	one, other := o.visitor("a"), o.visitor("b")
	o.belongsTo(one, anna)
	o.belongs(other)
	o.rc.LoseEvents(1)
	ana.Says(one, "first")
	ana.Closes(one, "")
	two := o.visitor("a")
	begun, goOn := o.pauses(one)
	o.stream.RoomOpened(bridge.RoomID(two), bridge.RoomID(one), true)
	o.belongsTo(two, anna)
	o.stream.RoomOpened(bridge.RoomID(two), bridge.RoomID(one), true)
	<-begun
	o.rc.LoseEvents(1)
	ana.Says(two, "second")
	ana.Closes(two, "")
	three := o.visitor("a")
	o.belongsTo(three, anna)
	o.stream.RoomOpened(bridge.RoomID(three), bridge.RoomID(two), false)
	ana.Says(three, "third")
	ana.Says(other, "to Ben")
	o.gets("to Ben") // so the third has come
	goOn()
	o.gets("to Ben", "first", "second", "third")
}

func TestCatchUp_RoomOpenedMeanwhile_WaitsForTheRoomBefore(t *testing.T) {
	o, ana, ago := past(t)
	o.run()
	anna := bridge.Conversation{Page: "1", Customer: "2"}
	before, other := o.visitor("a"), o.visitor("b")
	o.belongsTo(before, anna)
	o.belongs(other)
	ago(0)
	o.halt()
	ana.Says(before, "first")
	ana.Closes(before, "")
	clear := o.rc.Inject(chat.Fault{Route: "GET chat.syncMessages", Status: 500, Match: reads(before)})
	o.run()
	after := o.visitor("a")
	ana.Says(after, "second") // nobody knows yet whose room that is
	ana.Says(other, "to Ben")
	o.gets("to Ben")
	o.belongsTo(after, anna)
	o.stream.RoomOpened(bridge.RoomID(after), "", false)
	ana.Says(after, "third")
	ana.Says(other, "to Ben again")
	o.gets("to Ben", "to Ben again")
	clear()
	o.gets("to Ben", "to Ben again", "first", "second", "third")
}

// TestCatchUp_RoomNotOursYetWhenItBegins_LosesNoOrder: an agent answers in a room that was
// opened a moment ago, before the connection is subscribed and before it is written down
// whose room it is.
func TestCatchUp_RoomNotOursYetWhenItBegins_LosesNoOrder(t *testing.T) {
	o, ana, ago := past(t)
	o.run()
	ago(0)
	o.halt()
	room, stranger := o.visitor("a"), o.visitor("b")
	ana.Says(room, "first")
	ana.Says(stranger, "of another channel")
	o.run()
	ana.Says(room, "second")
	o.belongs(room)
	o.stream.RoomOpened(bridge.RoomID(room), "", false)
	ana.Says(room, "third")
	o.gets("first", "second", "third")
}

// TestCatchUp_RoomNotOursYetWhenItBegins_TheNextOneWaitsForIt: it is closed before it could be read.
func TestCatchUp_RoomNotOursYetWhenItBegins_TheNextOneWaitsForIt(t *testing.T) {
	o, ana, ago := past(t)
	o.run()
	ago(0)
	o.halt()
	anna := bridge.Conversation{Page: "1", Customer: "2"}
	before, other := o.visitor("a"), o.visitor("b")
	o.belongs(other)
	ana.Says(before, "first")
	begun, goOn := o.pauses(before)
	o.run()
	o.belongsTo(before, anna)
	o.stream.RoomOpened(bridge.RoomID(before), "", false)
	<-begun
	ana.Closes(before, "")
	after := o.visitor("a")
	o.belongsTo(after, anna)
	o.stream.RoomOpened(bridge.RoomID(after), bridge.RoomID(before), false)
	ana.Says(after, "second")
	ana.Says(other, "to Ben")
	o.gets("to Ben")
	goOn()
	o.gets("to Ben", "first", "second")
}

func TestCatchUp_StoppedBeforeARoomIsRead_NextStartReadsIt(t *testing.T) {
	o, ana, ago := past(t)
	o.run()
	room := o.customer()
	o.halt()
	o.note(func() { o.cursor = o.cursor.Add(-10 * time.Minute) })
	ago(8 * time.Minute)
	ana.Says(room, "missed")
	ago(0)
	clear := o.rc.Inject(chat.Fault{Route: "GET chat.syncMessages", Cut: true, Match: reads(room)})
	o.run()
	o.halt()
	clear()
	o.run()
	o.gets("missed")
}

func TestCatchUp_RoomThatStaysUnreadable_IsHeardLiveAllTheSame(t *testing.T) {
	o, ana, ago := past(t)
	o.run()
	room := o.customer()
	ago(0)
	o.halt()
	ana.Says(room, "missed")
	clear := o.rc.Inject(chat.Fault{Route: "GET chat.syncMessages", Status: 500, Match: reads(room)})
	o.run()
	ana.Says(room, "live")
	o.gets("live")
	clear()
	o.gets("live", "missed") // late is better than never
}

func TestCatchUp_MoreRoomsThanAPage_OpenAndClosed_AllAreRead(t *testing.T) {
	o := newOffice(t, chat.Config{})
	o.rc.ReemitAfter(0) // so that what is missed stays missed
	ana := o.rc.AddAgent("ana")
	o.run()
	var rooms, want []string
	for i := range 60 {
		room := o.visitor(bridge.Secret(fmt.Sprintf("visitor%d", i)))
		o.belongs(room)
		rooms = append(rooms, room)
	}
	foreign := o.visitor("foreign")
	o.halt()
	ana.Says(foreign, "not ours")
	for i, room := range rooms {
		text := fmt.Sprintf("missed %02d", i)
		ana.Says(room, text)
		want = append(want, text)
		if i%20 == 0 {
			ana.Closes(room, "done")
		}
	}
	o.run()
	got := o.relayed()
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("customers get %q", got)
	}
}

func TestCatchUp_VisibleALittleAfterItsTime_IsRead(t *testing.T) {
	o, ana, ago := past(t)
	o.run()
	room := o.customer()
	o.halt()
	ago(time.Minute) // before the cursor
	ana.Says(room, "missed")
	ago(0)
	o.run()
	o.gets("missed")
}

func TestCatchUp_CursorInTheFuture_IsNotBelieved(t *testing.T) {
	o := newOffice(t, chat.Config{})
	o.rc.ReemitAfter(0) // so that what is missed stays missed
	ana := o.rc.AddAgent("ana")
	o.run()
	room := o.customer()
	o.halt()
	o.note(func() { o.cursor = time.Now().Add(time.Hour) })
	ana.Says(room, "missed")
	o.run()
	o.gets("missed")
	if ahead := time.Until(o.reached()); ahead > 3*time.Second {
		t.Errorf("the cursor is %v ahead", ahead)
	}
}

func TestCatchUp_AwayForDays_SaysOnceWhatIsTooOld(t *testing.T) {
	o, ana, ago := past(t)
	o.run()
	a, b := o.visitor("a"), o.visitor("b")
	o.belongs(a)
	o.belongs(b)
	o.halt()
	o.note(func() { o.cursor = time.Now().Add(-10 * 24 * time.Hour) })
	ago(8 * 24 * time.Hour)
	ana.Says(a, "one")
	ana.Says(a, "two")
	ana.Says(b, "three")
	ago(time.Hour)
	ana.Says(a, "young enough")
	ago(0)
	o.run()
	o.gets("young enough")
	if log := o.log.String(); strings.Count(log, "too late to be relayed") != 1 || !strings.Contains(log, "count=3 rooms=2") {
		t.Error("the operator does not learn once of three messages in two rooms")
	}
}

func TestStream_ReactionToAnOldMessage_RelaysNothing(t *testing.T) {
	o, ana, ago := past(t)
	o.run()
	room := o.customer()
	o.halt()
	ago(7 * 24 * time.Hour)
	id := ana.Says(room, "a week ago")
	ago(0)
	o.run()
	ana.Reacts(id, ":thumbsup:")
	ana.Says(room, "now")
	o.gets("now")
}

func TestStream_SubscriptionEnds_SessionBeginsAnew(t *testing.T) {
	o := newOffice(t, chat.Config{})
	ana := o.rc.AddAgent("ana")
	o.run()
	room := o.customer()
	o.rc.EndSubscriptions()
	o.eventually("a new session", func() bool { return o.ready() == 2 })
	ana.Says(room, "hello")
	o.gets("hello")
}

func TestLook_FindsWhatTheStreamDidNotBring_SessionBeginsAnew(t *testing.T) {
	o := newOffice(t, chat.Config{})
	o.look = 100 * time.Millisecond
	ana := o.rc.AddAgent("ana")
	o.run()
	room := o.customer()
	ana.Says(room, "streamed")
	o.gets("streamed")
	looks := o.rc.CountCalls("GET chat.syncMessages")
	o.eventually("the bot looks", func() bool { return o.rc.CountCalls("GET chat.syncMessages") > looks+3 })
	if o.ready() != 1 {
		t.Fatal("a session ended although the stream had brought everything")
	}
	o.rc.LoseEvents(1)
	ana.Says(room, "lost")
	o.gets("streamed", "lost")
	o.eventually("a new session", func() bool { return o.ready() == 2 })
}

// TestLook_FindsWhatFollowsAnAnswerThatWaits_LeavesItsTurnToThat: after the workspace hung, the stream
// has brought the first of two answers, which has not had its turn yet, and a look finds the other.
func TestLook_FindsWhatFollowsAnAnswerThatWaits_LeavesItsTurnToThat(t *testing.T) {
	for _, where := range []string{"the same room", "the next room"} {
		t.Run(where, func(t *testing.T) {
			o := newOffice(t, chat.Config{})
			o.look, o.inOrder = 30*time.Millisecond, time.Second
			ana := o.rc.AddAgent("ana")
			o.run()
			anna := bridge.Conversation{Page: "1", Customer: "2"}
			room := o.visitor("a")
			o.belongsTo(room, anna)
			ana.Says(room, "first")
			if where == "the next room" {
				ana.Closes(room, "")
				room = o.visitor("a")
				o.belongsTo(room, anna)
			}
			o.rc.LoseEvents(1)
			ana.Says(room, "second")
			o.gets("first", "second")
		})
	}
}

func TestLook_Fails_StreamGoesOn(t *testing.T) {
	for name, fault := range map[string]chat.Fault{
		"the list":        {Route: "GET livechat/rooms", Status: 500},
		"a list too late": {Route: "GET livechat/rooms", Hang: true},
		"a room":          {Route: "GET chat.syncMessages", Status: 500},
		"a room too late": {Route: "GET chat.syncMessages", Hang: true},
		"an odd answer":   {Route: "GET chat.syncMessages", Status: 200, Body: "<html>"},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, chat.Config{})
			o.look = 50 * time.Millisecond
			ana := o.rc.AddAgent("ana")
			o.run()
			room := o.customer()
			ana.Says(room, "one")
			o.gets("one")
			clear := o.rc.Inject(fault)
			begun := o.rc.CountCalls(fault.Route)
			o.eventually("the look fails", func() bool { return o.rc.CountCalls(fault.Route) > begun })
			start := time.Now()
			ana.Says(room, "two")
			o.gets("one", "two")
			if took := time.Since(start); took > 3*time.Second { // a call may take 5 s
				t.Errorf("the stream waited %v for the look", took)
			}
			if o.ready() != 1 {
				t.Errorf("%d sessions", o.ready())
			}
			clear()
		})
	}
}

func TestLook_WorkspaceAway_EndsTheSession(t *testing.T) {
	o := newOffice(t, chat.Config{})
	o.look = 50 * time.Millisecond
	o.run()
	o.rc.Inject(chat.Fault{Route: "GET livechat/rooms", Status: 503, Times: 1})
	o.eventually("a new session", func() bool { return o.ready() == 2 })
}

func TestRoomOpened_ThatWasThereBefore_IsLookedInto(t *testing.T) {
	o, ana, ago := past(t)
	o.run()
	room := o.visitor("visitor")
	o.halt()
	ago(time.Hour)
	ana.Says(room, "one")
	ana.Says(room, "two")
	ago(0)
	o.run()
	o.rc.Inject(chat.Fault{Route: "GET chat.syncMessages", Status: 500, Times: 3})
	o.stream.RoomOpened(bridge.RoomID(room), "", true) // it is about to be ours
	o.belongs(room)
	o.stream.RoomOpened(bridge.RoomID(room), "", true)
	ana.Says(room, "three")
	o.gets("one", "two", "three")
	if o.ready() != 2 {
		t.Errorf("%d sessions", o.ready())
	}
}

func TestRoomOpened_StoppedBeforeItIsLookedInto_NextStartReadsIt(t *testing.T) {
	o, ana, ago := past(t)
	o.run()
	room := o.visitor("visitor")
	o.halt()
	ago(time.Hour)
	ana.Says(room, "greeting")
	ago(0)
	o.run()
	clear := o.rc.Inject(chat.Fault{Route: "GET chat.syncMessages", Status: 500})
	o.stream.RoomOpened(bridge.RoomID(room), "", true)
	o.halt() // right before, or right after, it is ours
	o.belongs(room)
	clear()
	o.run()
	o.gets("greeting")
}

func TestRoomOpened_WrittenBeforeItWasKnown_ComesBeforeWhatIsNewer(t *testing.T) {
	for name, disk := range map[string]error{"stored": nil, "not stored at first": errors.New("disk full")} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, chat.Config{})
			ana := o.rc.AddAgent("ana")
			o.run()
			mine := o.rc.DirectRoom("ana", o.rc.Bot())
			a, b := o.visitor("a"), o.visitor("b")
			ana.Says(a, "a early")
			ana.Says(b, "b early")
			ana.Says(mine, "help")
			o.hears("help") // so both have come
			o.belongs(a)
			o.note(func() { o.disk = disk })
			o.stream.RoomOpened(bridge.RoomID(a), "", false)
			if disk != nil {
				o.eventually("the session ends", func() bool { return o.rc.Subscribed() == 0 })
				o.note(func() { o.disk = nil })
			}
			o.gets("a early")
			o.belongs(b) // and nobody says so
			ana.Says(b, "b late")
			o.gets("a early", "b early", "b late")
		})
	}
}

func TestCommand_TimeIsByOurClock(t *testing.T) {
	o := newOffice(t, chat.Config{})
	o.rc.AddAgent("ana")
	o.now.Store(int64(-20 * time.Minute))
	o.run()
	o.rc.UserSays("ana", o.rc.DirectRoom("ana", o.rc.Bot()), "help")
	o.hears("help")
	o.mu.Lock()
	defer o.mu.Unlock()
	if age := time.Now().Add(-20 * time.Minute).Sub(o.commands[0].At); age.Abs() > time.Minute {
		t.Errorf("typed just now, %v ago by our clock", age)
	}
}

func TestSetup_ManagerWhoLeft_IsLeftAlone(t *testing.T) {
	o := newOffice(t, chat.Config{})
	o.look = 20 * time.Millisecond
	o.addManager("boss")
	o.addManager("chief")
	o.run()
	room := o.rc.RoomID(channel)
	o.eventually("both are invited", func() bool { return len(o.rc.MembersOf(room)) == 3 })
	o.rc.Leaves(room, "boss")
	looks := o.rc.CountCalls("GET groups.members")
	o.eventually("the bot looks again", func() bool { return o.rc.CountCalls("GET groups.members") > looks+3 })
	if got := o.rc.MembersOf(room); slices.Contains(got, "boss") {
		t.Errorf("members are %q", got)
	}
}

func TestLogin_TokenOfAnotherUser_IsSaid(t *testing.T) {
	o := newOffice(t, chat.Config{})
	o.rc.AddAgent("ana")
	o.run()
	o.halt()
	id, token := o.rc.PersonalAccessToken(o.rc.Bot())
	for configured, said := range map[string]bool{id: false, o.rc.Agent("ana").ID: true} {
		var log logBook
		client := rocketchat.New(rocketchat.ClientConfig{URL: o.rc.URL()})
		stream := stream.New(stream.Config{
			Client: client, Credentials: stream.Credentials{UserID: bridge.UserID(configured), Token: bridge.Secret(token)},
			Log: slog.New(slog.NewTextHandler(&log, nil)), Metrics: metrics.New("test"),
		})
		if err := stream.LogInOnce(t.Context(), func(context.Context) {}); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(log.String(), "ROCKETCHAT_USER_ID") != said {
			t.Errorf("user %s: the log reads %s", configured, log.String())
		}
		if bot, _ := client.Bot(); string(bot) != id {
			t.Errorf("the bot is %s", bot)
		}
	}
}
