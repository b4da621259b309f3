package e2e

import (
	"slices"
	"testing"
	"time"

	"messenger-bridge/sandbox/chat"
	"messenger-bridge/sandbox/meta"
)

func TestNames_AreFoundOutWhereverMetaTellsThem(t *testing.T) {
	for name, c := range map[string]struct {
		mode        meta.ProfileMode
		first, last string
		loneCodes   bool
		sees        string
	}{
		"profile":                     {meta.ProfileFull, "Anna", "Example", false, "Anna Example"},
		"profile without a last name": {meta.ProfileFull, "Anna", "", false, "Anna"},
		"profile without a picture":   {meta.ProfileNameOnly, "Anna", "Example", false, "Anna Example"},
		"no access":                   {meta.ProfileIDOnly, "Anna", "Example", false, "Anna Example"},
		"empty":                       {meta.ProfileEmpty, "Anna", "Example", false, "Anna Example"},
		"made with a phone number":    {meta.ProfileNone, "Anna", "Example", false, "Anna Example"},
		"the same, told by code":      {meta.ProfileNone, "Anna", "Example", true, "Anna Example"},
		"permission missing":          {meta.ProfileForbidden, "Anna", "Example", false, "Anna Example"},
		"unknown":                     {meta.ProfileUnknown, "Anna", "Example", false, "Anna Example"},
		"nowhere":                     {meta.ProfileEmpty, "", "", false, "Facebook customer 4005"},
		"nothing that can be seen":    {meta.ProfileFull, "\u200b", "\u3164\u202e", false, "Facebook customer 4005"},
		"only the last name is seen":  {meta.ProfileFull, "\u2800", "Example", false, "Example"},
		"line breaks and spaces":      {meta.ProfileFull, " An\nna ", "  Example", false, "An na Example"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, bypassed)
			w.meta.Tweak(func(q *meta.Quirks) { q.LoneCodes = c.loneCodes })
			w.meta.NameCustomer(anna, c.first, c.last)
			w.meta.SetProfile(anna, c.mode)
			w.run()
			w.meta.CustomerWrites(page, anna, "Hello")
			w.eventually("the message is shown", func() bool { return len(w.texts()) == 1 })
			w.eventually("the customer is called by name", func() bool { return w.rc.Rooms()[0].VisitorName == c.sees })
			w.meta.CustomerWrites(page, anna, "Hello again")
			w.eventually("the next one is shown", func() bool { return len(w.texts()) == 2 })
			w.halt()
			w.run() // what is known is not asked for again
			w.meta.CustomerWrites(page, anna, "Still there?")
			w.eventually("the third is shown", func() bool { return len(w.texts()) == 3 })
			asked := 0
			for _, call := range w.meta.Calls() {
				if call.Path == "/"+anna {
					asked++
				}
			}
			if asked != 1 {
				t.Errorf("the profile was asked for %d times", asked)
			}
			if room := w.rc.Rooms()[0]; room.VisitorName != c.sees {
				t.Errorf("the customer is called %q", room.VisitorName)
			}
		})
	}
}

func TestNames_MetaHangs_NoMessageWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.meta.NameCustomer(anna, "Anna", "Example")
	w.cfg.Times.GraphTimeout = patience
	w.run()
	w.meta.Hang(true)
	w.meta.CustomerWrites(page, anna, "Hello")
	w.meta.CustomerWrites(page, ben, "Hello")
	w.eventually("both are shown", func() bool { return len(w.texts()) == 2 })
	if name := w.rc.Rooms()[0].VisitorName; name != "Facebook customer 4005" && name != "Facebook customer 4006" {
		t.Errorf("the customer is called %q", name)
	}
	w.meta.Hang(false)
	w.eventually("the names come after all", func() bool {
		for _, room := range w.rc.Rooms() {
			if room.VisitorName != "Anna Example" && room.VisitorName != "Customer 4006" {
				return false
			}
		}
		return true
	})
}

func TestNames_CustomerIsRenamed_RoomFollowsTheNextDay(t *testing.T) {
	t.Parallel()
	clock := newStopped()
	w := newWorldAt(t, bypassed, clock.now)
	w.meta.NameCustomer(anna, "Anna", "Example")
	w.run()
	writes := func(text string) {
		t.Helper()
		w.meta.CustomerWrites(page, anna, text)
		w.eventually(text+" is shown", func() bool { return slices.Contains(w.texts(), text) })
	}
	writes("Hello")
	w.eventually("she is called by name", func() bool { return w.rc.Rooms()[0].VisitorName == "Anna Example" })
	w.meta.NameCustomer(anna, "Anna", "Married")
	writes("Hello again")
	if name := w.rc.Rooms()[0].VisitorName; name != "Anna Example" {
		t.Errorf("the customer is called %q on the same day", name)
	}
	clock.set(clock.now().Add(25 * time.Hour))
	writes("It is me")
	w.eventually("the room has the new name", func() bool { return w.rc.Rooms()[0].VisitorName == "Anna Married" })
	w.halt()
	w.run()
	w.meta.SetProfile(anna, meta.ProfileEmpty)
	w.meta.NameCustomer(anna, "", "")
	clock.set(clock.now().Add(25 * time.Hour))
	before := len(w.meta.Calls())
	writes("Still me")
	w.eventually("the name was asked for", func() bool {
		return slices.ContainsFunc(w.meta.Calls()[before:], func(c meta.Call) bool { return c.Path == "/"+page+"/conversations" })
	})
	writes("Really")
	if name := w.rc.Rooms()[0].VisitorName; name != "Anna Married" {
		t.Errorf("once Facebook no longer tells, the customer is called %q", name)
	}
}

func TestNames_WorkspaceLimitsCalls_MessagesComeFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.meta.NameCustomer(anna, "Anna", "Example")
	w.meta.Hang(true)
	w.cfg.Times.GraphTimeout = patience
	w.run()
	w.meta.CustomerWrites(page, anna, "Hello")
	w.eventually("the message is shown", func() bool { return len(w.texts()) == 1 })
	clear := w.rc.Inject(chat.Fault{Route: "POST livechat/visitor", Status: 429})
	w.meta.Hang(false)
	w.meta.CustomerWrites(page, anna, "Hello again")
	w.eventually("the next is shown, name or not", func() bool { return len(w.texts()) == 2 })
	clear()
	w.settled()
}
