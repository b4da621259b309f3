package store_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/store"
)

var walked = bridge.Conversation{Page: "100", Kind: bridge.Messages, Customer: "2001"}

func step(at time.Time, seq bridge.Seq, kind bridge.StepKind, ids ...string) bridge.Step {
	return bridge.Step{At: at, Accepted: at, Kind: kind, Direction: bridge.In, Delivery: seq, IDs: ids}
}

func TestTrail_IsThereAfterARestart_ForThirtyDays(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	o := store.Options{Path: t.TempDir() + "/bolt.db", Now: func() time.Time { return now }}
	s, err := store.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	other := walked
	other.Customer = "20019" // begins like the other one's
	first := step(now, 1, bridge.StepRefused)
	s.Trail().Note(walked, first)
	s.Trail().Note(other, step(now, 2, bridge.StepDone, "m_2"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = store.Open(o); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	now = now.Add(24 * time.Hour)
	second := step(now, 1, bridge.StepDone, "m_1", "shown")
	s.Trail().Note(walked, second)
	if got, err := s.Trail().StepsOf(t.Context(), walked); err != nil || !reflect.DeepEqual(got, []bridge.Step{first, second}) {
		t.Errorf("got %+v, %v", got, err)
	}
	for id, want := range map[string][]bridge.Conversation{"m_1": {walked}, "shown": {walked}, "m_2": {other}, "m_": nil} {
		if got, err := s.Trail().Named(t.Context(), id); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s is named in %v, %v", id, got, err)
		}
	}
	now = now.Add(30 * 24 * time.Hour)
	s.Trail().Note(other, step(now, 3, bridge.StepDone, "m_3"))
	if got, err := s.Trail().StepsOf(t.Context(), walked); err != nil || !reflect.DeepEqual(got, []bridge.Step{second}) {
		t.Errorf("after 31 days: %+v, %v", got, err)
	}
	if err := s.EraseConversation(t.Context(), walked, nil); err != nil {
		t.Fatal(err)
	}
	gone, err := s.Trail().StepsOf(t.Context(), walked)
	kept, err2 := s.Trail().StepsOf(t.Context(), other)
	if len(gone) != 0 || len(kept) != 1 || err != nil || err2 != nil {
		t.Errorf("after erasing one: %+v, and of the other %+v, %v, %v", gone, kept, err, err2)
	}
}

// TestTrail_OfABusyDay_GoesInSlices: no commit takes long because a day with many is over, and it goes although
// nothing else happens.
func TestTrail_OfABusyDay_GoesInSlices(t *testing.T) {
	const steps = 2000
	now := newClock()
	o := options(newPath(t))
	o.Now = now.Now
	s := open(t, o)
	for n := range bridge.Seq(steps) {
		s.Trail().Note(walked, step(now.Now(), n, bridge.StepDone))
	}
	add(t, s.Notices(), entry("1"))
	if n, err := s.StepsInFile(); n != steps || err != nil {
		t.Fatal(n, err)
	}
	now.pass(32 * 24 * time.Hour)
	s.Trail().Note(walked, step(now.Now(), steps, bridge.StepDone))
	add(t, s.Notices(), entry("2"))
	if n, err := s.StepsInFile(); n <= 1 || n > steps || err != nil {
		t.Errorf("after one commit there are %d, %v", n, err)
	}
	if got, err := s.Trail().StepsOf(t.Context(), walked); err != nil || len(got) != 1 {
		t.Errorf("what is over is still read: %d, %v", len(got), err)
	}
	for n := steps; n > 1; { // with commits that are made for them
		var err error
		if n, err = s.StepsInFile(); err != nil || t.Context().Err() != nil {
			t.Fatal(n, err)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestJournal_TellsTheNewestFirst_ForAYear(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	s, err := store.Open(store.Options{Path: t.TempDir() + "/bolt.db", Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	j := s.Journal()
	if err := j.Record(t.Context(), bridge.Change{By: "@ana"}); err == nil {
		t.Error("a change without a name is recorded")
	}
	for n := range 3 {
		if err := j.Record(t.Context(), bridge.Change{By: "@ana", What: fmt.Sprint(n), Page: "100"}); err != nil {
			t.Fatal(err)
		}
		now = now.Add(150 * 24 * time.Hour)
	}
	all, err := j.Changes(time.Time{}, 10)
	if err != nil || len(all) != 2 || all[0].What != "2" || all[1].What != "1" || all[0].By != "@ana" || all[0].Page != "100" {
		t.Errorf("after 450 days: %+v, %v", all, err)
	}
	if some, _ := j.Changes(now.Add(-200*24*time.Hour), 10); len(some) != 1 {
		t.Errorf("since then: %+v", some)
	}
	if some, _ := j.Changes(time.Time{}, 1); len(some) != 1 || some[0].What != "2" {
		t.Errorf("the newest: %+v", some)
	}
}

// TestTrailAndJournal_StayWhenTheClockIsNotSet: a board without a battery begins in 1970, until it has asked for the time.
func TestTrailAndJournal_StayWhenTheClockIsNotSet(t *testing.T) {
	now := newClock()
	o := options(newPath(t))
	o.Now = now.Now
	s := open(t, o)
	set := now.Now()
	s.Trail().Note(walked, step(set, 1, bridge.StepDone, "m_1"))
	for n, at := range []time.Time{set, time.Date(1970, 1, 1, 1, 0, 0, 0, time.UTC), set.Add(time.Hour)} {
		now.pass(at.Sub(now.Now()))
		other := walked
		other.Customer = "other"
		s.Trail().Note(other, step(at, bridge.Seq(10+n), bridge.StepDone))
		if got, err := s.Trail().StepsOf(t.Context(), walked); err != nil || len(got) != 1 || !got[0].At.Equal(set) {
			t.Errorf("at %v: %+v, %v", at, got, err)
		}
		if err := s.Journal().Record(t.Context(), bridge.Change{By: "@ana", What: fmt.Sprint(n)}); err != nil {
			t.Fatal(err)
		}
	}
	all, err := s.Journal().Changes(set.Add(-time.Hour), 10)
	if err != nil || len(all) != 2 || all[0].What != "2" || all[1].What != "0" {
		t.Errorf("what was changed: %+v, %v", all, err)
	}
}
