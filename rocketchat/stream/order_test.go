package stream

import (
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"messenger-bridge/rocketchat/wire"
)

// written is a message of an agent at a second, in a room.
func written(room, id string, at int) wire.Message {
	return wire.Message{ID: id, Room: room, Kind: wire.CustomerRoom, Text: id, User: wire.User{ID: "ana"}, At: second(at)}
}

func second(n int) wire.Time { return wire.Time{Time: time.Unix(1_700_000_000+int64(n), 0)} }

func edited(m wire.Message, at int) wire.Message {
	m.Edited, m.Text = second(at), m.Text+" edited"
	return m
}

func deleted(room, id string, at int) wire.Message {
	return wire.Message{ID: id, Room: room, Kind: wire.CustomerRoom, System: wire.DeletedMessage, At: second(at)}
}

// ordered is an ordering whose messages wait for no time at all until they are released.
func ordered(t *testing.T) *ordering {
	o := newOrdering(&Config{Client: answering(t, nil, http.NotFound), Times: Times{InOrder: -1}, Log: slog.New(slog.DiscardHandler)})
	o.restart()
	return o
}

func released(o *ordering) (all []string) {
	for _, m := range o.release() {
		text := m.Room + " " + m.Text
		if m.Gone() {
			text = m.Room + " no " + m.ID
		}
		all = append(all, text)
	}
	return all
}

func TestOrdering_WhatCameTogether_IsHandedOnByWhenItWasWritten(t *testing.T) {
	one, two, three := written("r", "one", 1), written("r", "two", 2), written("r", "three", 3)
	old := edited(written("r", "one", 1), 9)
	old.Old = true
	closing := wire.Message{ID: "end", Room: "r", Kind: wire.CustomerRoom, System: wire.ClosedRoom, Text: "end", User: wire.User{ID: "ana"}, At: second(4)}
	byCustomer := closing
	byCustomer.Visitor = "token"
	for name, test := range map[string]struct {
		came []wire.Message
		want []string
	}{
		"in order":                            {[]wire.Message{one, two, three}, []string{"r one", "r two", "r three"}},
		"backwards":                           {[]wire.Message{three, two, one}, []string{"r one", "r two", "r three"}},
		"each twice":                          {[]wire.Message{two, one, two, one}, []string{"r one", "r two"}},
		"two rooms":                           {[]wire.Message{written("s", "a", 5), two, one, written("s", "b", 4)}, []string{"r one", "r two", "s b", "s a"}},
		"the end before the last word":        {[]wire.Message{closing, three}, []string{"r three", "r end"}},
		"the customer's end":                  {[]wire.Message{byCustomer, three}, []string{"r three", "r end"}},
		"an edit before what it edits":        {[]wire.Message{edited(one, 3), two, one}, []string{"r one", "r one edited", "r two"}},
		"an old edit after a newer one":       {[]wire.Message{one, edited(edited(one, 4), 5), edited(one, 4)}, []string{"r one", "r one edited edited"}},
		"deleted, and then told of":           {[]wire.Message{deleted("r", "one", 2), one, two}, []string{"r two", "r no one"}},
		"deleted later":                       {[]wire.Message{one, two, deleted("r", "one", 3)}, []string{"r one", "r no one", "r two"}},
		"deleted, by a clock that is behind":  {[]wire.Message{one, two, deleted("r", "two", 1)}, []string{"r one", "r two", "r no two"}},
		"read as edited before it is told of": {[]wire.Message{old, one}, []string{"r one", "r one edited"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := ordered(t)
			for _, m := range test.came {
				o.take(m)
			}
			if got := released(o); !slices.Equal(got, test.want) {
				t.Errorf("handed on %q, want %q", got, test.want)
			}
			if got := released(o); len(got) != 0 {
				t.Errorf("handed on again: %q", got)
			}
		})
	}
}

// TestOrdering_WrittenAgainAfterItWasDeleted_IsANewMessage: programs give messages their ids.
func TestOrdering_WrittenAgainAfterItWasDeleted_IsANewMessage(t *testing.T) {
	o := ordered(t)
	o.take(deleted("r", "one", 0))
	released(o)
	o.take(written("r", "one", 3))
	if got := released(o); !slices.Equal(got, []string{"r one"}) {
		t.Errorf("handed on %q", got)
	}
}

func TestOrdering_WhatIsNobodysAnswer_IsHandedOnAtOnce(t *testing.T) {
	o := ordered(t)
	byBot, byCustomer, direct := written("r", "note", 1), written("r", "question", 2), written("d", "command", 3)
	byBot.User.ID, byCustomer.Visitor, direct.Kind = "bot", "token", wire.DirectRoom
	for _, m := range []wire.Message{byBot, byCustomer, direct} {
		if o.take(m) {
			t.Errorf("%s waits", m.ID)
		}
	}
}

// TestOrdering_StaleReaction_IsDropped: reactions to a customer's message are of the newest
// version, whichever comes last.
func TestOrdering_StaleReaction_IsDropped(t *testing.T) {
	o := ordered(t)
	m := written("r", "question", 1)
	m.Visitor, m.Updated = "token", second(5)
	m.Reactions = map[string]struct {
		Usernames []string `json:"usernames"`
	}{":heart:": {[]string{"ana"}}}
	before := m
	before.Reactions, before.Updated = nil, second(4)
	if o.take(m) || !o.take(before) {
		t.Error("the newer one waits, or the older one is handed on")
	}
}

// TestOrdering_StragglersComeLate_OthersWaitLonger: what comes after a younger one was handed
// on shows how late the stream can be.
func TestOrdering_StragglersComeLate_OthersWaitLonger(t *testing.T) {
	o := ordered(t)
	o.cfg.InOrder, o.wait = time.Nanosecond, time.Nanosecond
	o.take(written("r", "two", 2))
	for len(released(o)) == 0 { // until the clock has moved
	}
	o.take(written("r", "one", 1))
	if o.wait <= o.cfg.InOrder || o.wait > longestWait {
		t.Errorf("others wait %v", o.wait)
	}
	o.longer = time.Now().Add(-time.Second)
	o.release()
	if o.wait != o.cfg.InOrder {
		t.Errorf("after some time, others still wait %v", o.wait)
	}
}

func BenchmarkOrdering(b *testing.B) {
	o := newOrdering(&Config{Client: answering(b, nil, http.NotFound), Times: Times{InOrder: -1}, Log: slog.New(slog.DiscardHandler)})
	o.restart()
	var some []wire.Message
	for n := range 64 { // each in a room of its own
		some = append(some, written(strconv.Itoa(n), "", n))
	}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		for i := range some {
			some[i].ID = strconv.Itoa(n*len(some) + i)
			o.take(some[i])
		}
		if len(o.release()) != len(some) {
			b.Fatal("not all are handed on")
		}
	}
}
