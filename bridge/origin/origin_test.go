package origin_test

import (
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/bridgetest"
	"messenger-bridge/bridge/origin"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// life is a bridge that works with a store.
type life struct {
	*origin.Origin
	ours, workspace time.Time // what the clocks show
	silent          bool      // the workspace has not answered yet
}

// begin has a bridge begin to work; ours and theirs are what the clocks show.
func begin(t *testing.T, cursors bridgetest.Cursors, ours, theirs time.Time) *life {
	t.Helper()
	l := &life{ours: ours, workspace: theirs}
	var err error
	l.Origin, err = origin.Begin(origin.Config{
		Cursors: cursors, Now: func() time.Time { return l.ours }, Workspace: func() (time.Time, bool) { return l.workspace, !l.silent },
	})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// border checks that what was written before a time, by the workspace's clock, counts as
// perhaps sent by another bridge, and nothing written later than clocks may differ.
func (l *life) border(t *testing.T, at time.Time) {
	t.Helper()
	for by, want := range map[time.Duration]bool{
		-365 * 24 * time.Hour: true, -time.Second: true, 0: true, time.Second: true,
		bridge.ClocksDiffer + 2*time.Second: false, time.Hour: false,
	} {
		if got, _ := l.SentBefore("room", at.Add(by)); got != want {
			t.Errorf("written %v after the border: %v", by, got)
		}
	}
	if got, _ := l.SentBefore("room", time.Time{}); got {
		t.Error("what has no time counts as sent by another bridge")
	}
}

func TestOrigin_NewStore_BorderIsWhenItWasFirstUsed(t *testing.T) {
	for _, ahead := range []time.Duration{0, time.Hour, -time.Hour} {
		cursors := bridgetest.Cursors{}
		theirs := noon.Add(ahead)
		l := begin(t, cursors, noon, theirs)
		l.border(t, theirs)
		if l.Inherited(noon.Add(-time.Second)) {
			t.Error("a new store was never copied")
		}
		next := begin(t, cursors, noon.Add(-24*time.Hour), theirs.Add(time.Hour)) // our clock was set
		next.border(t, theirs)
	}
}

func TestOrigin_StoppedBeforeTheWorkspaceAnswered_BorderIsLater(t *testing.T) {
	cursors := bridgetest.Cursors{}
	begin(t, cursors, noon, noon)
	begin(t, cursors, noon.Add(time.Hour), noon.Add(time.Hour)).border(t, noon.Add(time.Hour))
}

// What is doubtful before the workspace has answered is not judged by our clock.
func TestOrigin_WorkspaceHasNotAnswered_AllIsDoubtful(t *testing.T) {
	l := begin(t, bridgetest.Cursors{}, noon, noon.Add(-24*time.Hour))
	l.silent = true
	l.RoomOpened("room")
	if maybe, latest := l.SentBefore("room", noon.Add(time.Hour)); !maybe || !latest.Equal(noon) {
		t.Errorf("it was perhaps sent: %v, until %v", maybe, latest)
	}
	l.silent, l.workspace = false, noon.Add(time.Hour)
	l.border(t, noon.Add(time.Hour))
}

func TestOrigin_Copy_BorderIsWhenItWasPutToUse(t *testing.T) {
	for name, ours := range map[string]time.Duration{"clocks agree": time.Hour, "ours is behind that of the copied": -time.Hour, "far ahead": 48 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			cursors := bridgetest.Cursors{}
			begin(t, cursors, noon.Add(-48*time.Hour), noon.Add(-48*time.Hour)).border(t, noon.Add(-48*time.Hour))
			cursors[bridge.CursorCopied] = noon
			theirs := noon.Add(time.Hour)
			for range 2 { // a restart changes nothing
				l := begin(t, cursors, noon.Add(ours), theirs)
				l.border(t, noon.Add(time.Hour))
				if !l.Inherited(noon) || !l.Inherited(noon.Add(-time.Hour)) || l.Inherited(noon.Add(49*time.Hour)) {
					t.Error("what the copy had, and nothing else, may have been sent")
				}
				theirs = theirs.Add(time.Hour)
			}
			cursors[bridge.CursorCopied] = noon.Add(30 * time.Minute) // a copy of the copy, by a clock that was set right
			begin(t, cursors, noon.Add(2*time.Hour), noon.Add(9*time.Hour)).border(t, noon.Add(9*time.Hour))
		})
	}
}

func TestOrigin_LatestTry_IsOnlyKnownBeforeTheBorder(t *testing.T) {
	l := begin(t, bridgetest.Cursors{}, noon, noon.Add(time.Hour))
	if _, latest := l.SentBefore("room", noon); !latest.Equal(noon) {
		t.Errorf("another bridge may have sent it until %v", latest)
	}
	if maybe, latest := l.SentBefore("room", noon.Add(time.Hour+time.Second)); !maybe || !latest.IsZero() {
		t.Errorf("right after the border: %v, %v", maybe, latest)
	}
}

func TestOrigin_RoomOpenedHere_NobodyElseAnsweredThere(t *testing.T) {
	l := begin(t, bridgetest.Cursors{}, noon, noon)
	l.RoomOpened("ours")
	if maybe, _ := l.SentBefore("ours", noon.Add(time.Second)); maybe {
		t.Error("another bridge may have answered in a room that this one opened")
	}
	if maybe, _ := l.SentBefore("other", noon.Add(time.Second)); !maybe {
		t.Error("nobody else may have answered in a room that was there")
	}
}

func TestOrigin_OfAnEarlierVersion_IsNotACopyAgain(t *testing.T) {
	cursors := bridgetest.Cursors{"store made": noon, bridge.CursorCopied: noon.Add(time.Hour), bridge.CursorUsed: noon.Add(2 * time.Hour)}
	l := begin(t, cursors, noon.Add(9*time.Hour), noon.Add(9*time.Hour))
	if !l.Inherited(noon.Add(time.Hour)) || l.Inherited(noon.Add(3*time.Hour)) {
		t.Error("what the copy had, and nothing else, may have been sent")
	}
}
