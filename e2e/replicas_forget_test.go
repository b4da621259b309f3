package e2e

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"
)

// readable returns which of some words can be read in the file of a replica that runs.
func (s *replicaSet) readable(m *member, words []string) (found []string) {
	s.Helper()
	data, err := os.ReadFile(m.database)
	if err != nil {
		s.Fatal(err)
	}
	for _, word := range words {
		if bytes.Contains(data, []byte(word)) {
			found = append(found, word)
		}
	}
	return found
}

// A customer is forgotten by whoever leads; the file of the replica that follows has what it keeps of
// the others, and of this one nothing that can be read, although nobody writes anything afterwards.
func TestReplicas_Forget_NothingIsLeftInAnyFile(t *testing.T) {
	t.Parallel()
	s := newReplicaSet(t)
	leader, _ := s.begin()
	var ids [2][]string
	for i, customer := range []string{anna, ben} {
		s.meta.CustomerWrites(page, customer, "a question")
		s.eventually("the customer has a room", func() bool { return len(s.rc.Rooms()) == i+1 })
		k := &talk{world: s.world, page: page, customer: customer, rid: s.rc.Rooms()[i].ID}
		s.agent.Says(k.rid, "an answer")
		s.agent.Says(k.rid, "another")
		s.eventually("the answers arrive", func() bool { return len(k.customerSees()) == 2 })
		ids[i] = s.ownIDs(customer, k.rid)
	}
	forgotten, others := ids[0], ids[1]
	for _, m := range s.members {
		s.eventually("both files have both customers", func() bool {
			return len(s.readable(m, forgotten)) == len(forgotten) && len(s.readable(m, others)) == len(others)
		})
	}
	code, did, problem := runCommand(t, s.environOf(leader), "forget", "--database", leader.database, page, anna, "--yes")
	if code != 0 || !strings.Contains(did, "The customer is forgotten here.") {
		t.Fatalf("code %d: %s%s", code, did, problem)
	}
	for _, m := range s.members {
		s.eventually("nothing of the customer can be read in either file", func() bool { return len(s.readable(m, forgotten)) == 0 })
		s.eventually("the ids of somebody else are left", func() bool { return slices.Equal(s.readable(m, others), others) }) // the file may be written just now
	}
}
