package store_test

import (
	"context"
	"testing"
	"time"

	"messenger-bridge/bridge"
)

var annas = bridge.Conversation{Page: "100", Customer: "anna", Kind: bridge.Messages}

func heard(at time.Time) func(*bridge.Talk) { return func(t *bridge.Talk) { t.Heard = at } }

func TestTalks_AreRememberedOverARestart(t *testing.T) {
	path, at := newPath(t), time.Now().UTC().Truncate(time.Second)
	s := open(t, options(path))
	s.ChangeTalk(annas, func(t *bridge.Talk) { t.Heard, t.Told = at, bridge.WindowEnding })
	s.ChangeTalk(annas, heard(at.Add(time.Minute)))
	closeStore(t, s)
	s = open(t, options(path))
	want := bridge.Talk{Heard: at.Add(time.Minute), Told: bridge.WindowEnding}
	if got := s.Talk(annas); got != want {
		t.Errorf("remembered %+v, not %+v", got, want)
	}
	seen := 0
	if err := s.EachTalk(func(c bridge.Conversation, talk bridge.Talk) {
		if seen++; c != annas || talk != want {
			t.Errorf("%v: %+v", c, talk)
		}
	}); err != nil || seen != 1 {
		t.Errorf("%d talks, %v", seen, err)
	}
	s.ForgetTalk(annas)
	closeStore(t, s)
	if got := open(t, options(path)).Talk(annas); got != (bridge.Talk{}) {
		t.Errorf("remembered %+v although it was forgotten", got)
	}
}

// TestTalks_AfterACrash_AreMinutesOldAtMost: a customer who comes back is in the file
// with the commit of what they wrote; each further message need not be.
func TestTalks_AfterACrash_AreMinutesOldAtMost(t *testing.T) {
	path, at := newPath(t), time.Now().UTC().Truncate(time.Second)
	s := open(t, options(path))
	commit := func(key string) {
		t.Helper()
		if _, err := s.Inbox().Append(context.Background(), []bridge.Entry{entry(key)}, func(bridge.Lane, bridge.Seq) {}); err != nil {
			t.Fatal(err)
		}
	}
	s.ChangeTalk(annas, heard(at))
	commit("first")
	if got := openCopy(t, path).Talk(annas).Heard; !got.Equal(at) {
		t.Fatalf("after the first message the file has %v", got)
	}
	for i := range 10 {
		s.ChangeTalk(annas, heard(at.Add(time.Duration(i)*time.Second)))
		commit(string(rune('a' + i)))
	}
	if got := openCopy(t, path).Talk(annas).Heard; at.Add(10*time.Second).Sub(got) > 5*time.Minute {
		t.Errorf("the file is behind by %v", at.Sub(got))
	}
	if got := s.Talk(annas).Heard; !got.Equal(at.Add(9 * time.Second)) {
		t.Errorf("in memory there is %v", got)
	}
	s.ChangeTalk(annas, heard(at.Add(24*time.Hour)))
	commit("next day")
	if got := openCopy(t, path).Talk(annas).Heard; !got.Equal(at.Add(24 * time.Hour)) {
		t.Errorf("when the customer came back the file had %v", got)
	}
}

func TestTalks_OfLongAgo_AreForgottenAtTheStart(t *testing.T) {
	path := newPath(t)
	s := open(t, options(path))
	s.ChangeTalk(annas, heard(time.Now().Add(-31*24*time.Hour)))
	closeStore(t, s)
	closeStore(t, open(t, options(path)))
	if got := open(t, options(path)).Talk(annas); !got.Heard.IsZero() {
		t.Errorf("%+v is still there", got)
	}
}
