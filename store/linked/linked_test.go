package linked

import (
	"strconv"
	"strings"
	"testing"

	"messenger-bridge/bridge"
)

func numbered(n int) bridge.Link {
	return bridge.Link{Conversation: bridge.Conversation{Page: "1", Customer: bridge.CustomerID(strconv.Itoa(n)), Kind: bridge.Messages}}
}

// TestLinks_WhatIsReadWhileItChanges_IsNotHeld: between reading the file and holding what it
// said, it may say something else.
func TestLinks_WhatIsReadWhileItChanges_IsNotHeld(t *testing.T) {
	old, saved := numbered(1), numbered(1)
	old.Room, saved.Room = "old", "new"
	for name, meanwhile := range map[string]func(*Links){
		"saved":          func(l *Links) { l.Saved(saved) },
		"another, saved": func(l *Links) { l.Saved(numbered(2)) },
		"erased":         func(l *Links) { l.Erased(old.Conversation) },
		"nothing":        func(*Links) {},
	} {
		var l Links
		_, changes, _ := l.Get(old.Conversation)
		meanwhile(&l)
		l.Read(old, changes)
		got, _, held := l.Get(old.Conversation)
		want := map[string]bridge.RoomID{"saved": "new", "nothing": "old"}[name]
		if held != (want != "") || got.Room != want {
			t.Errorf("%s: holds %+v, %v; want %q", name, got, held, want)
		}
	}
}

// TestLinks_Many_ThoseAskedForStay within bounds.
func TestLinks_Many_ThoseAskedForStay(t *testing.T) {
	var l Links
	for n := range 20 * most {
		_, changes, _ := l.Get(numbered(n).Conversation)
		l.Read(numbered(n), changes)
		if _, _, held := l.Get(numbered(0).Conversation); !held {
			t.Fatalf("after %d others, one that is asked for is not held", n)
		}
	}
	if n := len(l.used) + len(l.less); n > 2*most {
		t.Errorf("%d are held", n)
	}
	l.Erased(numbered(0).Conversation)
	if _, _, held := l.Get(numbered(0).Conversation); held {
		t.Error("erased, and held")
	}
}

// TestLinks_ComeBackWhole as they were held, without a copy of anything.
func TestLinks_ComeBackWhole(t *testing.T) {
	for _, link := range []bridge.Link{
		{Conversation: bridge.Conversation{Page: "1", Kind: bridge.Messages, Customer: "2"}},
		{Conversation: bridge.Conversation{Page: "1", Kind: bridge.Messages, Customer: "2/3"}, Room: "room", Visitor: "visitor"},
		{Conversation: numbered(3).Conversation, Room: "r", Department: "d", Begin: "b", Visitor: bridge.Secret(strings.Repeat("v", 4096))},
		{Conversation: numbered(4).Conversation, Department: "département", Begin: "b"},
	} {
		var l Links
		l.Saved(link)
		got, _, held := l.Get(link.Conversation)
		if !held || got != link {
			t.Errorf("holds %+v, %v; want %+v", got, held, link)
		}
		if n := testing.AllocsPerRun(100, func() { l.Get(link.Conversation) }); n > 0 {
			t.Errorf("%v allocations to ask for what is held", n)
		}
	}
}
