package e2e

import (
	"slices"
	"strings"
	"testing"

	"messenger-bridge/bridge"
)

// texts are what the customer reads.
func (k *talk) texts() (all []string) {
	for _, b := range k.meta.CustomerSees(k.page, k.customer) {
		all = append(all, b.Text)
	}
	return all
}

// told is how often something is said about a message in its room.
func (k *talk) told(id, part string) (n int) {
	for _, text := range k.notices(k.rid, id) {
		if strings.Contains(text, part) {
			n++
		}
	}
	return n
}

// TestNotes_OverARestart edits what was kept while the bridge is away: a note stays one, and
// what was held back because of a placeholder goes out, with its mark taken off.
func TestNotes_OverARestart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	k := w.ask()
	note, held, mistyped := k.agent.Says(k.rid, "!note he is angry"), k.agent.Says(k.rid, "Dear [NAME],"), k.agent.SaysRaw(k.rid, "/hlep me")
	all := []string{note, held, mistyped}
	locked := func(id string) bool { return slices.Contains(k.reactions(k.rid, id), ":lock:") }
	w.eventually("all are marked", func() bool {
		return !slices.ContainsFunc(all, func(id string) bool { return !locked(id) })
	})
	w.settled()
	w.halt()
	k.agent.Edits(note, "he is angry")
	k.agent.Edits(held, "Dear Anna,")
	k.agent.Edits(mistyped, "help me")
	w.run()
	k.agent.Says(k.rid, "The end")
	w.eventually("all has come that comes", func() bool { return slices.Contains(k.texts(), "The end") })
	w.settled()
	if got := k.texts(); !slices.Equal(got, []string{"Dear Anna,", "help me", "The end"}) {
		t.Errorf("the customer reads %q", got)
	}
	if !locked(note) || locked(held) || locked(mistyped) {
		t.Errorf("marked: the note %v, the text %v, the command %v", locked(note), locked(held), locked(mistyped))
	}
	if n := k.told(held, "[NAME]"); n != 1 {
		t.Errorf("the placeholder is said %d times", n)
	}
}

// TestNotes_BecomesOneWhileItWaits has an agent turn a message that waits for the page into a note, and another one into
// something that looks like a command; a third is turned back. The customer gets what is meant for them.
func TestNotes_BecomesOneWhileItWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	k := w.ask()
	open := w.closeGate()
	k.agent.Says(k.rid, "head") // this one is tried, and refused
	w.eventually("the gate is shut", func() bool { return w.metricsOf("messenger_bridge_postponed_total") > 0 })
	note, command, back := k.agent.Says(k.rid, "his card has expired, haha"), k.agent.Says(k.rid, "close the room"), k.agent.Says(k.rid, "thanks")
	k.sync(4)
	k.agent.Edits(note, "!note his card has expired, haha")
	k.sync(5)
	k.agent.Edits(command, "/close the room")
	k.sync(6)
	k.agent.Edits(back, "/thanks")
	k.sync(7)
	locked := func(id string) bool { return slices.Contains(k.reactions(k.rid, id), ":lock:") }
	w.eventually("all are marked", func() bool { return locked(note) && locked(command) && locked(back) })
	k.agent.Edits(back, "Thank you!")
	k.sync(8)
	w.halt() // what became of them is known after a restart as well
	w.run()
	open()
	k.gets("head", "Thank you!")
	w.eventually("that is not marked any more", func() bool { return !locked(back) })
	if !locked(note) || !locked(command) || k.told(note, "still sees")+k.told(command, "still sees") > 0 {
		t.Errorf("marked: the note %v, the command %v; agents read %q", locked(note), locked(command), append(k.notices(k.rid, note), k.notices(k.rid, command)...))
	}
}

// TestNotes_RuleIsSaidOncePerRoom answers twice in a thread and writes twice to a colleague,
// before and after a restart; the rule is said at the first of each.
func TestNotes_RuleIsSaidOncePerRoom(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	k := w.ask()
	first := append(inThread(k), toBen(k)...)
	w.eventually("the rules are said", func() bool { return len(k.notices(k.rid, first[0]))+len(k.notices(k.rid, first[1])) == 2 })
	w.settled()
	w.halt()
	w.run()
	second := append(inThread(k), toBen(k)...)
	w.eventually("the second is marked", func() bool { return slices.Contains(k.reactions(k.rid, second[1]), ":lock:") })
	w.eventually("what is before it arrives", func() bool { return len(k.texts()) >= 2 })
	w.settled()
	for _, id := range second {
		if got := k.notices(k.rid, id); len(got) != 0 {
			t.Errorf("said again: %q", got)
		}
	}
	if got := k.texts(); !slices.Equal(got, []string{"On its way", "On its way"}) {
		t.Errorf("the customer reads %q", got)
	}
}

// TestNotes_PageSettings_DecideOtherwise turns both settings round: threads stay, and
// messages to colleagues are sent.
func TestNotes_PageSettings_DecideOtherwise(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.setPage(func(s *bridge.Settings) { s.ThreadsInternal, s.MentionsSend = true, true })
	w.run()
	k := w.ask()
	thread := inThread(k)[0]
	w.eventually("it is marked", func() bool { return slices.Contains(k.reactions(k.rid, thread), ":lock:") })
	toBen(k)
	w.eventually("it is sent", func() bool { return len(k.texts()) == 1 })
	w.settled()
	if got := k.texts(); !slices.Equal(got, []string{"@ben can you look at this one?"}) {
		t.Errorf("the customer reads %q", got)
	}
}
