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
