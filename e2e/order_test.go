package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/sandbox/chat"
)

// unordered is a world whose stream swaps what it brings, and repeats it, with a room in
// which the customer has asked. Answers wait long enough for any machine.
func unordered(t *testing.T, settings func(*bridge.Settings)) (w *world, rid string) {
	with := bypassed
	with.Disorder.Reorders, with.Disorder.Repeats = true, true
	w = newWorld(t, with)
	w.cfg.Times.InOrder = time.Second
	if settings != nil {
		w.setPage(settings)
	}
	w.run()
	w.meta.CustomerWrites(page, anna, "hello?")
	w.settled()
	w.rc.ReorderEvents(true)
	w.rc.RepeatEvents(true)
	return w, w.room()
}

// gets waits until the customer has exactly these messages, in this order.
func (w *world) gets(want ...string) {
	w.Helper()
	w.eventually(fmt.Sprintf("the customer gets %q", want), func() bool { return len(w.received(anna)) >= len(want) })
	w.settled()
	if got := w.received(anna); !slices.Equal(got, want) {
		w.Errorf("the customer gets %q, want %q", got, want)
	}
}

func TestOrder_StreamSwapsAndRepeats_CustomersGetAnswersAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	w, rid := unordered(t, nil)
	var want []string
	for i := range 10 {
		want = append(want, fmt.Sprint("answer ", i))
		w.agent.Says(rid, want[i])
	}
	w.gets(want...)
}

// TestOrder_OneAnswerIsLate_ItIsWaitedFor has the stream bring an answer after those that were
// written after it.
func TestOrder_OneAnswerIsLate_ItIsWaitedFor(t *testing.T) {
	t.Parallel()
	w, rid := unordered(t, nil)
	w.rc.ReorderEvents(false)
	w.rc.LagEvent(100 * time.Millisecond)
	for _, text := range []string{"one", "two", "three"} {
		w.agent.Says(rid, text)
	}
	w.gets("one", "two", "three")
}

func TestOrder_RoomIsClosedRightAfterTheLastWord_TheEndComesLast(t *testing.T) {
	t.Parallel()
	w, rid := unordered(t, func(s *bridge.Settings) { s.Finished = "Thank you for asking." })
	w.agent.Says(rid, "You are welcome")
	w.agent.Closes(rid, "done")
	w.gets("You are welcome", "Thank you for asking.")
}

func TestOrder_EditComesBeforeWhatItEdits_CustomersGetTheNewestOnly(t *testing.T) {
	t.Parallel()
	w, rid := unordered(t, nil)
	w.agent.Edits(w.agent.Says(rid, "We open at 8"), "We open at 9")
	w.gets("We open at 9")
	w.agent.Says(rid, "See you")
	w.gets("We open at 9", "See you")
}

func TestOrder_DeletionComesBeforeWhatIsDeleted_CustomersGetNothing(t *testing.T) {
	t.Parallel()
	w, rid := unordered(t, nil)
	w.rc.SetSetting("Message_ShowDeletedStatus", true)
	w.agent.Deletes(w.agent.Says(rid, "Ooops"))
	w.agent.Says(rid, "Good morning")
	w.gets("Good morning")
}

// TestOrder_StoppedWhileAnswersWait_TheyComeInOrderFromTheNextRun: what waits for its turn is
// nowhere but in memory, and read again.
func TestOrder_StoppedWhileAnswersWait_TheyComeInOrderFromTheNextRun(t *testing.T) {
	t.Parallel()
	w, rid := unordered(t, nil)
	w.halt()
	w.cfg.Times.InOrder = time.Hour // until it is stopped
	w.run()
	for _, text := range []string{"one", "two", "three"} {
		w.agent.Says(rid, text)
	}
	w.halt()
	w.cfg.Times.InOrder = time.Second
	w.run()
	w.gets("one", "two", "three")
}

// TestOrder_MessageLandsInANewRoomWhileTheBridgeLooks_AnswersOfBothComeInOrder: the bridge looks now and
// then for what the stream did not bring, and leaves out what waits for its turn.
func TestOrder_MessageLandsInANewRoomWhileTheBridgeLooks_AnswersOfBothComeInOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.cfg.Times.InOrder, w.cfg.Times.LookEvery = time.Hour, 100*time.Millisecond // so a look brings all
	w.run()
	w.meta.CustomerWrites(page, anna, "hello?")
	w.settled()
	before := w.room()
	w.agent.Says(before, "one")
	looks, goOn := w.pauses("GET chat.syncMessages", func(r *http.Request) bool { return r.URL.Query().Get("roomId") == before })
	<-looks
	w.rc.LandInNewRoom(before)
	w.meta.CustomerWrites(page, anna, "more")
	after := w.roomAfter(before)
	w.eventually("the bot has taken it for the customer's room", func() bool {
		return slices.ContainsFunc(w.rc.Messages(after), func(m chat.Message) bool { return m.Username == w.rc.Bot() && strings.Contains(m.Text, before) })
	})
	w.agent.Says(after, "two")
	goOn()
	w.gets("one", "two")
}

// TestOrder_RoomWasOpenedByACallThatWasCut_AnswersOfBothComeInOrder: in the new room an agent has answered
// before the bridge knows of it, and what was said last in the one before waits for its turn.
func TestOrder_RoomWasOpenedByACallThatWasCut_AnswersOfBothComeInOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.cfg.Times.InOrder = 2 * time.Second
	w.run()
	w.meta.CustomerWrites(page, anna, "hello?")
	w.settled()
	before := w.room()
	w.agent.Says(before, "one")
	w.agent.Closes(before, "done")
	w.rc.Inject(chat.Fault{Route: "GET livechat/room", Times: 1, Cut: true, Effect: true})
	asks, goOn := w.pauses("GET livechat/room", func(*http.Request) bool { return true })
	w.meta.CustomerWrites(page, anna, "more")
	<-asks
	w.agent.Says(w.roomAfter(before), "two")
	goOn()
	w.gets("one", "two")
}

// pauses makes calls wait; what it returns is closed when the first waits, and has all go on.
func (w *world) pauses(route string, which func(*http.Request) bool) (begun <-chan struct{}, goOn func()) {
	comes, waits := make(chan struct{}), make(chan struct{})
	var once sync.Once
	clear := w.rc.Inject(chat.Fault{Route: route, Match: func(r *http.Request, _ []byte) bool {
		if which(r) {
			once.Do(func() { close(comes) })
			<-waits
		}
		return false
	}})
	goOn = sync.OnceFunc(func() { clear(); close(waits) })
	w.Cleanup(goOn)
	return comes, goOn
}

// roomAfter is the open room that follows another one.
func (w *world) roomAfter(before string) (after string) {
	w.Helper()
	w.eventually("there is a new room", func() bool {
		for _, r := range w.rc.Rooms() {
			if r.Open && r.ID != before {
				after = r.ID
			}
		}
		return after != ""
	})
	return after
}
