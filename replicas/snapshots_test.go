package replicas_test

import (
	"context"
	"io"
	"sync"
	"testing"
	"time"

	"messenger-bridge/replicas"
)

// stuck is a disk on which a copy gets on only when nobody waits for it any more.
type stuck struct {
	io.Writer
	begun func()
	gone  <-chan struct{} // closed when the copy should have ended
	test  <-chan struct{} // closed when the test ends
	asked int
}

func (s *stuck) Write(b []byte) (int, error) {
	s.begun()
	if s.asked++; s.asked == 1 {
		<-s.gone
	} else {
		<-s.test
	}
	return s.Writer.Write(b)
}

// A standby that copies its file for a snapshot takes over at once when nobody leads.
func TestMember_LeadershipDoesNotWaitForASnapshot(t *testing.T) {
	t.Parallel()
	g := newGroup(t)
	ends := make(chan struct{})
	t.Cleanup(func() { close(ends) })
	slow := func(begun chan struct{}) func(*replicas.Config) {
		var once sync.Once
		return func(c *replicas.Config) {
			c.SnapshotAge = time.Second
			*c = c.Copying(func(ctx context.Context, w io.Writer) io.Writer {
				return &stuck{Writer: w, begun: func() { once.Do(func() { close(begun) }) }, gone: ctx.Done(), test: ends}
			})
		}
	}
	a := g.start("a", g.path())
	s := <-a.leads
	note(t, s, "first")
	await(t, "the first snapshot", func() bool { return a.State().Snapshot != nil })
	standby := make(chan struct{})
	b := g.startWith("b", g.path(), slow(standby))
	await(t, "b follows", func() bool { return b.State().Ready() == nil })
	note(t, s, "second")
	<-standby
	if err := a.end(); err != nil {
		t.Fatal(err)
	}
	select {
	case s = <-b.leads:
	case <-time.After(time.Minute):
		t.Fatal("b does not lead: it waits for its snapshot")
	}
	noted(t, s, "first", "second")
}
