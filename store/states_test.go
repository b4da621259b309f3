package store_test

import (
	"context"
	"testing"
	"time"

	"messenger-bridge/bridge"
)

var annas = bridge.Conversation{Page: "100", Customer: "anna", Kind: bridge.Messages}

func heard(at time.Time) func(*bridge.ConversationState) {
	return func(s *bridge.ConversationState) { s.Window.Heard = at }
}

func TestStates_AreRememberedOverARestart(t *testing.T) {
	path, at := newPath(t), time.Now().UTC().Truncate(time.Second)
	s := open(t, options(path))
	s.ChangeState(annas, func(s *bridge.ConversationState) {
		s.Window = bridge.Window{Heard: at, Told: bridge.WindowEnding}
	})
	s.ChangeState(annas, heard(at.Add(time.Minute)))
	closeStore(t, s)
	s = open(t, options(path))
	want := bridge.ConversationState{Window: bridge.Window{Heard: at.Add(time.Minute), Told: bridge.WindowEnding}}
	if got := s.State(annas); got != want {
		t.Errorf("remembered %+v, not %+v", got, want)
	}
	seen := 0
	if err := s.EachState(func(c bridge.Conversation, state bridge.ConversationState) {
		if seen++; c != annas || state != want {
			t.Errorf("%v: %+v", c, state)
		}
	}); err != nil || seen != 1 {
		t.Errorf("%d conversations, %v", seen, err)
	}
	s.ForgetState(annas)
	closeStore(t, s)
	if got := open(t, options(path)).State(annas); got != (bridge.ConversationState{}) {
		t.Errorf("remembered %+v although it was forgotten", got)
	}
}

// TestStates_AfterACrash_AreMinutesOldAtMost: a customer who comes back is in the file
// with the commit of what they wrote; each further message need not be.
func TestStates_AfterACrash_AreMinutesOldAtMost(t *testing.T) {
	path, at := newPath(t), time.Now().UTC().Truncate(time.Second)
	s := open(t, options(path))
	commit := func(key string) {
		t.Helper()
		if _, err := s.Inbox().Append(context.Background(), []bridge.Entry{entry(key)}, func(*bridge.Entry, bridge.Seq) {}); err != nil {
			t.Fatal(err)
		}
	}
	s.ChangeState(annas, heard(at))
	commit("first")
	if got := openCopy(t, path).State(annas).Window.Heard; !got.Equal(at) {
		t.Fatalf("after the first message the file has %v", got)
	}
	for i := range 10 {
		s.ChangeState(annas, heard(at.Add(time.Duration(i)*time.Second)))
		commit(string(rune('a' + i)))
	}
	if got := openCopy(t, path).State(annas).Window.Heard; at.Add(10*time.Second).Sub(got) > 5*time.Minute {
		t.Errorf("the file is behind by %v", at.Sub(got))
	}
	if got := s.State(annas).Window.Heard; !got.Equal(at.Add(9 * time.Second)) {
		t.Errorf("in memory there is %v", got)
	}
	s.ChangeState(annas, heard(at.Add(24*time.Hour)))
	commit("next day")
	if got := openCopy(t, path).State(annas).Window.Heard; !got.Equal(at.Add(24 * time.Hour)) {
		t.Errorf("when the customer came back the file had %v", got)
	}
}

func TestStates_OfLongAgo_AreForgottenAtTheStart(t *testing.T) {
	path := newPath(t)
	s := open(t, options(path))
	s.ChangeState(annas, heard(time.Now().Add(-31*24*time.Hour)))
	closeStore(t, s)
	closeStore(t, open(t, options(path)))
	if got := open(t, options(path)).State(annas); !got.Window.Heard.IsZero() {
		t.Errorf("%+v is still there", got)
	}
}

// TestStates_OfManyConversations_AreWrittenInSlices: what a commit does depends on what changed,
// not on how many customers were heard lately.
func TestStates_OfManyConversations_AreWrittenInSlices(t *testing.T) {
	const customers = 3000
	path, now := newPath(t), &clock{at: time.Now().UTC().Truncate(time.Second)}
	o := options(path)
	o.Now = now.Now
	s := open(t, o)
	at := now.Now()
	for n := range customers {
		s.ChangeState(conversation(n), heard(at))
	}
	add(t, s.Notices(), entry("all are new"))
	if n := s.UnsavedStates(); n != 0 {
		t.Fatalf("%d conversations that are new are not in the file", n)
	}
	for n := range customers {
		s.ChangeState(conversation(n), heard(at.Add(time.Minute)))
	}
	add(t, s.Notices(), entry("all go on"))
	if n := s.UnsavedStates(); n != customers {
		t.Errorf("%d of %d are written although they need not be", customers-n, customers)
	}
	now.pass(6 * time.Minute)
	add(t, s.Notices(), entry("it is time"))
	if n := s.UnsavedStates(); n < customers/2 || n == customers {
		t.Errorf("one commit takes %d of %d along", customers-n, customers)
	}
	s.WaitForStates(t.Context()) // with commits that are made for them
	if err := t.Context().Err(); err != nil {
		t.Fatal(err)
	}
	s = openCopy(t, path)
	for n := range customers {
		if got := s.State(conversation(n)).Window.Heard; !got.Equal(at.Add(time.Minute)) {
			t.Fatalf("the file has %v of conversation %d", got, n)
		}
	}
}
