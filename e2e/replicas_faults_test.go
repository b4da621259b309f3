package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/sandbox/balance"
	"messenger-bridge/sandbox/chat"
	"messenger-bridge/sandbox/cluster"
	"messenger-bridge/sandbox/meta"
	"messenger-bridge/store"
)

// awaitRefusal waits until no replica takes anything.
func (s *replicaSet) awaitRefusal() {
	s.Helper()
	s.eventually("webhooks are refused", func() bool {
		for _, m := range s.members {
			if code, _ := look(m.listen + "/readyz"); code != http.StatusServiceUnavailable {
				return false
			}
		}
		return true
	})
}

// awaitSomebody waits until one of both leads, and returns it.
func (s *replicaSet) awaitSomebody() (leader *member) {
	s.Helper()
	s.eventually("somebody leads", func() bool {
		for _, m := range s.members {
			if code, _ := look(m.listen + "/readyz?role=leader"); code == http.StatusOK {
				leader = m
				return true
			}
		}
		return false
	})
	return leader
}

// The journal's nodes, processes of their own, are killed and come back: the one that leads the stream, then two of three, then all.
// While there is no quorum nothing is taken; then all goes on without anybody, and nothing is lost.
func TestReplicas_NodesOfTheJournalEndAndComeBack(t *testing.T) {
	t.Parallel()
	nodes, err := cluster.StartProcesses(nodeHere, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nodes.Close)
	s := newReplicaSetAt(t, nodes.Addresses(), balance.Start)
	s.wire(nodes.Addresses())
	again := func() {
		for n := range 3 {
			if err := nodes.Run(n); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.begin()
	s.converse(func() {
		first, err := nodes.AwaitLeader("messenger-bridge")
		if err != nil {
			t.Fatal(err)
		}
		nodes.Kill(first)
		s.awaitSomebody()
		nodes.Kill((first + 1) % 3)
		s.awaitRefusal()
		again()
		s.awaitSomebody()
		for n := range 3 {
			nodes.Kill(n)
		}
		s.awaitRefusal()
		again()
		s.awaitStandby(s.other(s.awaitSomebody()))
	})
	s.equal()
}

// The leader is cut off from the nodes and from the other replica, both ways, until the other leads; then the
// new leader's network gets slow. Nothing is lost, and the old leader follows.
func TestReplicas_NetworkIsCutAndSlow(t *testing.T) {
	t.Parallel()
	s := newReplicaSet(t)
	leader, standby := s.begin()
	s.converse(func() {
		leader.cut(true)
		s.awaitLeader(standby)
		leader.cut(false)
		s.awaitStandby(leader)
		for _, c := range standby.lines {
			c.Slow(20 * time.Millisecond)
		}
		shown := len(s.texts())
		s.eventually("the conversations go on", func() bool { return len(s.texts()) > shown+3 })
		for _, c := range append(standby.lines, leader.lines...) {
			c.Slow(0)
			c.Break()
		}
		s.awaitStandby(s.other(s.awaitSomebody()))
	})
	s.equal()
}

// Files go while people write: of a standby that starts again, and of the leader while it leads. Each begins
// with a snapshot and what followed it.
func TestReplicas_FilesAreGone(t *testing.T) {
	t.Parallel()
	s := newReplicaSet(t)
	leader, standby := s.begin()
	gone := func(m *member) {
		if err := os.Remove(m.database); err != nil {
			t.Fatal(err)
		}
	}
	s.converse(func() {
		standby.process.kill()
		gone(standby)
		s.launchMember(standby)
		s.awaitStandby(standby)
		gone(leader)
		leader.process.kill()
		s.awaitLeader(standby)
		s.launchMember(leader)
		s.awaitStandby(leader)
	})
	s.equal()
}

// stopAt has the leader stopped while it waits for what Rocket.Chat answers to a call, and go on when the other
// leads and has done what was to be done.
func (s *replicaSet) stopAt(route string, leader, standby *member, begin func(), done func() bool) {
	s.Helper()
	asked := make(chan struct{}, 10)
	clear := s.rc.Inject(chat.Fault{Route: route, Times: 1, Delay: 300 * time.Millisecond, Match: func(*http.Request, []byte) bool {
		asked <- struct{}{}
		return true
	}})
	defer clear()
	begin()
	<-asked
	if err := leader.process.Process.Signal(syscall.SIGSTOP); err != nil {
		s.Fatal(err)
	}
	s.awaitLeader(standby)
	s.eventually("the new leader has done it", done)
	if err := leader.process.Process.Signal(syscall.SIGCONT); err != nil {
		s.Fatal(err)
	}
	s.awaitStandby(leader)
}

// A leader is stopped when all that is missing for a send is an answer, and goes on when another leads: it sends
// nothing any more, neither to Meta nor to Rocket.Chat, and everybody has everything once.
func TestReplicas_StoppedBeforeASend(t *testing.T) {
	t.Parallel()
	s := newReplicaSet(t)
	times := &s.cfg.Times
	times.RestTimeout, times.GraphTimeout, times.FileFor, times.FileStall = time.Minute, time.Minute, time.Minute, time.Minute
	leader, standby := s.begin()
	s.meta.CustomerWrites(page, anna, "May I have the invoice?")
	s.eventually("the question is shown", func() bool { return len(s.texts()) == 1 })
	invoices := func() (n int) {
		for _, b := range s.meta.CustomerSees(page, anna) {
			if b.File.Name == document.Name {
				n++
			}
		}
		return n
	}
	room := s.rc.Rooms()[0].ID
	s.stopAt("GET file-upload/:id/:name", leader, standby, func() { s.agent.Uploads(room, "", document) }, func() bool { return invoices() == 1 })
	s.agent.Says(room, "Here it is.")
	s.eventually("the answer comes", func() bool {
		all := s.meta.CustomerSees(page, anna)
		return len(all) > 0 && all[len(all)-1].Text == "Here it is."
	})
	if n := invoices(); n != 1 {
		t.Errorf("the customer has the file %d times", n)
	}

	leader, standby = standby, leader
	const other = "7001002003009999"
	photos := func() (n int) {
		for _, r := range s.rc.Rooms() {
			n += len(s.rc.FilesIn(r.ID))
		}
		return n
	}
	before := photos()
	photo := s.meta.Host(meta.Media{Name: "photo.png", Type: "image/png", Content: picture.Content})
	s.stopAt("GET livechat/room", leader, standby, func() {
		s.meta.CustomerSends(page, other, "", meta.Attachment{Type: "image", URL: photo})
	}, func() bool { return photos() == before+1 })
	s.meta.CustomerWrites(page, other, "Do you see it?")
	s.eventually("what follows is shown", func() bool { return len(s.texts()) == 2 })
	if n := photos(); n != before+1 {
		t.Errorf("the agents have the photo %d times", n-before)
	}
	s.equal()
}

// What cannot be right is refused with what to do, and stays as it is.
func TestReplicas_Refusals(t *testing.T) {
	t.Parallel()
	s := newReplicaSet(t)
	_, standby := s.begin()
	standby.process.kill()
	whole, err := os.ReadFile(standby.database)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, says string
		content    []byte
		environ    string
	}{
		{"a file that is damaged", "restore a backup", append(append([]byte{}, whole[:len(whole)/2]...), make([]byte, len(whole)/4)...), ""},
		{"a file of another bridge", "move it away", another(t, s), ""},
		{"another key", "SECRET_KEY", whole, "SECRET_KEY=" + strings.Repeat("A", 43) + "="},
		{"another journal", "must be", whole, "JOURNAL_REPLICAS=9"},
	} {
		if err := os.WriteFile(standby.database, c.content, 0o600); err != nil {
			t.Fatal(err)
		}
		base := s.base
		if c.environ != "" {
			s.base = append(base[:len(base):len(base)], c.environ)
		}
		before := s.log.String()
		s.launchMember(standby)
		s.base = base
		if err := <-standby.process.ended; err == nil {
			t.Errorf("%s: the replica ended in order", c.name)
		}
		if said := strings.TrimPrefix(s.log.String(), before); !strings.Contains(said, c.says) {
			t.Errorf("%s: the replica says\n%s", c.name, said)
		}
		if now, err := os.ReadFile(standby.database); err != nil || !bytes.Equal(now, c.content) {
			t.Errorf("%s: the file was changed (%v)", c.name, err)
		}
	}
	if err := os.WriteFile(standby.database, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	s.launchMember(standby)
	s.awaitStandby(standby)
}

// another returns a file that has never followed the journal, of the same key.
func another(t *testing.T, s *replicaSet) []byte {
	t.Helper()
	var key bridge.Secret
	for _, v := range s.base {
		if text, is := strings.CutPrefix(v, "SECRET_KEY="); is {
			key = bridge.Secret(text)
		}
	}
	path := t.TempDir() + "/bolt.db"
	f, err := store.Open(store.Options{Path: path, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if err := f.SaveNote(t.Context(), fmt.Sprint("note ", i), "text"); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
