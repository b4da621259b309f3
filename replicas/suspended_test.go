package replicas_test

import (
	"testing"

	"messenger-bridge/replicas"
	"messenger-bridge/sandbox/cluster"
)

// A leader that the journal does not answer says, when its time is over, that it does not lead: another may. It leads again
// when the journal is back and nobody has.
func TestMember_TheJournalDoesNotAnswer_ItSaysThatItDoesNotLead(t *testing.T) {
	t.Parallel()
	nodes, err := cluster.Start(1)
	if err != nil {
		t.Fatal(err)
	}
	defer nodes.Close()
	g := newGroup(t)
	g.url = nodes.URL()
	a := g.start("a", g.path())
	s := <-a.leads
	note(t, s, "before")
	nodes.Stop(0)
	await(t, "it is suspended", func() bool {
		st := a.State()
		return st.Role == replicas.Suspended && st.Ready() != nil && st.Leader == "" && !st.Reachable && st.Works()
	})
	if err := nodes.Run(0); err != nil {
		t.Fatal(err)
	}
	await(t, "it leads again", func() bool {
		st := a.State()
		return st.Role == replicas.Leader && st.Ready() == nil && st.Leader == "a" && st.Problem == ""
	})
	note(t, s, "after")
	noted(t, s, "before", "after")
	if err := a.end(); err != nil {
		t.Error(err)
	}
}

// TestMember_OpeningTakesLong_NobodyElseClaims: a large file is opened for longer than the others wait.
func TestMember_OpeningTakesLong_NobodyElseClaims(t *testing.T) {
	t.Parallel()
	g := newGroup(t)
	a := g.start("a", g.path())
	s := <-a.leads
	note(t, s, "before")
	opened := make(chan struct{})
	b := g.startWith("b", g.path(), func(c *replicas.Config) { *c = c.Opening(func() { <-opened }) })
	await(t, "b follows", func() bool { return b.State().Role == replicas.Standby && b.State().Ready() == nil })
	if err := a.HandOver(); err != nil {
		t.Fatal(err)
	}
	await(t, "b has claimed", func() bool { return a.State().Leader == "b" })
	claimed := a.State()
	const more = 8 // beats, of which six are what the others wait for
	await(t, "b shows that it lives", func() bool { return a.State().Position >= claimed.Position+more })
	if now := a.State(); now.Epoch != claimed.Epoch || now.Leader != "b" || len(a.leads) > 0 {
		t.Errorf("a says %+v", now)
	}
	close(opened)
	noted(t, <-b.leads, "before")
}
