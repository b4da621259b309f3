package journal

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"messenger-bridge/replica"
	"messenger-bridge/sandbox/cluster"
)

// Three nodes: the one that leads the stream goes, then the quorum goes and comes back. The
// leader's appends wait meanwhile, and each is stored once.
func TestCluster_NodesComeAndGo(t *testing.T) {
	t.Parallel()
	nodes, err := cluster.Start(3)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nodes.Close)
	c := config(t)
	c.URL, c.Replicas, c.TakeoverAfter = nodes.URL(), 3, 30*time.Second
	s := open(t, c)
	term := claim(t, s, replica.Position{})
	var want []string
	more := func() {
		for range 20 {
			want = append(want, fmt.Sprint(len(want)))
			store(t, term, want[len(want)-1])
		}
	}
	more()
	down, err := nodes.AwaitLeader(c.Name)
	if err != nil {
		t.Fatal(err)
	}
	nodes.Stop(down)
	more()
	other := (down + 1) % 3
	nodes.Stop(other)
	appended := make(chan error, 1)
	go func() {
		_, err := term.Append([]byte("without quorum"))
		appended <- err
	}()
	for retries := s.Figures.Retries(); s.Figures.Retries() == retries; {
		select {
		case err := <-appended:
			t.Fatalf("appended without a quorum: %v", err)
		case <-time.After(time.Millisecond):
		}
	}
	// After a while the node that is left tells of a stream that nobody leads: that is no answer.
	for leads := true; leads; <-time.After(50 * time.Millisecond) {
		stream, err := s.js.Stream(t.Context(), c.Name)
		leads = err != nil || stream.CachedInfo().Cluster.Leader != ""
	}
	if _, last, err := s.Last(t.Context()); err == nil {
		t.Errorf("without a quorum, the journal is said to end with record %d", last)
	}
	for _, node := range []int{down, other} {
		if err := nodes.Run(node); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-appended; err != nil {
		t.Fatal(err)
	}
	want = append(want, "without quorum")
	more()
	if err := term.Bye(); err != nil {
		t.Fatal(err)
	}
	if changes, _ := stored(t, s, replica.Position{}); strings.Join(changes, " ") != strings.Join(want, " ") {
		t.Errorf("the journal holds %q, want %q", changes, want)
	}
}
