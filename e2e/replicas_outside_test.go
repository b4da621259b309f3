package e2e

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"messenger-bridge/sandbox/apart"
	"messenger-bridge/sandbox/balance"
	"messenger-bridge/sandbox/cluster"
	"messenger-bridge/sandbox/meta"
)

var outsideRounds = flag.Int("outside", 0, "how often TestReplicas_FromOutside goes through all faults; 0: through the first two, once")

// outside is two replicas of the built program, of which nothing is known but what `status --json` and /readyz say. The
// nodes of their journal are processes, too, in a network of their own where the machine lets one make it.
type outside struct {
	*replicaSet
	program string
	journal *cluster.Processes
	place   *apart.Place // nil: cables are cut
	talks   []*briskTalk
	probe   *probe
}

func newOutside(t *testing.T) *outside {
	t.Helper()
	program, err := build()
	if err != nil {
		t.Fatal(err)
	}
	o := &outside{program: program}
	o.place, err = apart.New(2)
	if err != nil {
		t.Logf("no namespace of the network can be made here, so lines are cut by a proxy: %v", err)
		o.place = nil
	} else {
		t.Cleanup(o.place.Close)
	}
	o.journal, err = cluster.StartProcesses(func() *exec.Cmd {
		if o.place != nil {
			return o.place.Command(os.Args[0], "-test.run=^$")
		}
		return nodeHere()
	}, o.place != nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.journal.Close)
	o.replicaSet = newReplicaSetAt(t, o.nodesOver(0), balance.StartReady)
	if o.place == nil {
		o.wire(o.journal.Addresses())
	} else {
		for i, m := range o.members {
			m.nodes = o.nodesOver(i)
		}
	}
	if *alone {
		o.base = append(o.base, "TAKEOVER_AFTER="+o.takeover().String())
	}
	return o
}

// nodeHere is the test binary as a node of the journal.
func nodeHere() *exec.Cmd { return exec.Command(os.Args[0], "-test.run=^$") }

// takeover is as documented on a quiet machine, and longer on a busy one.
func (o *outside) takeover() time.Duration {
	if *alone {
		return 3 * time.Second
	}
	return takeoverAfter
}

// nodesOver are the nodes' addresses as they are reached over a line.
func (o *outside) nodesOver(line int) (all []string) {
	for _, address := range o.journal.Addresses() {
		if o.place != nil {
			address = strings.Replace(address, "0.0.0.0", o.place.Address(line), 1)
		}
		all = append(all, address)
	}
	return all
}

// start starts a replica as an operator would.
func (o *outside) start(m *member) {
	o.Helper()
	m.process = &process{Cmd: exec.Command(o.program, "serve"), ended: make(chan error, 1)}
	p := m.process
	p.Env, p.Stderr = o.environOf(m), o.log
	if err := p.Start(); err != nil {
		o.Fatal(err)
	}
	go func() { p.ended <- p.Wait() }()
	o.Cleanup(func() { p.Process.Kill() })
}

// printed is what `status --json` prints, as far as it is asked for.
type printed struct {
	Ready                          string
	ToRooms, ToCustomers, ToAgents struct{ Waiting int }
	Replica                        struct {
		Name, Role, Leader          string
		Epoch, Position, LagRecords uint64
	}
}

// status asks a replica; false if it does not answer.
func (o *outside) status(m *member) (s printed, ok bool) {
	waits, stop := context.WithTimeout(o.Context(), 30*time.Second)
	defer stop()
	ask := exec.CommandContext(waits, o.program, "status", "--json", "--database", m.database)
	ask.Env = o.environOf(m)
	text, err := ask.Output()
	return s, err == nil && json.Unmarshal(text, &s) == nil
}

// roles waits until one replica leads and the other follows it, and both say so.
func (o *outside) roles() (leader, standby *member) {
	o.Helper()
	o.eventually("one replica leads and the other follows", func() bool {
		leader = nil
		for _, m := range o.members {
			if code, _ := look(m.listen + "/readyz"); code != http.StatusOK {
				return false
			}
			if code, _ := look(m.listen + "/readyz?role=leader"); code == http.StatusOK {
				leader, standby = m, o.other(m)
			}
		}
		if leader == nil {
			return false
		}
		first, answers := o.status(leader)
		second, too := o.status(standby)
		return answers && too && first.Replica.Role == "leader" && second.Replica.Role == "standby" && second.Replica.Leader == first.Replica.Name &&
			first.Replica.Epoch == second.Replica.Epoch && first.Ready == "yes" && second.Ready == "yes"
	})
	return leader, standby
}

// goesOn waits until more is shown on both sides.
func (o *outside) goesOn() {
	o.Helper()
	shown := func() (asked, said int) {
		for _, talk := range o.talks {
			asked, said = asked+len(o.rc.CustomerTexts(talk.room)), said+len(talk.received())
		}
		return asked, said
	}
	asked, said := shown()
	o.eventually("the conversations go on", func() bool {
		more, also := shown()
		return more > asked+3 && also > said+3
	})
}

// fault is something that is done to the replicas or to the journal.
type outsideFault struct {
	name   string
	within time.Duration // in which somebody must say 200 again; 0: nothing is promised
	do     func()
}

// endures has a fault strike while everybody writes, and looks how long nobody said 200.
func (o *outside) endures(f outsideFault) {
	o.Helper()
	meanwhile(o.talks, func() {
		o.goesOn()
		from := time.Now()
		f.do()
		o.roles()
		to := time.Now()
		longest := o.probe.longest(from, to)
		o.Logf("%s: over after %v; the longest time without a 200 was %v", f.name, to.Sub(from).Round(10*time.Millisecond), longest.Round(time.Millisecond))
		if f.within > 0 && longest > atMost(f.within) {
			o.Errorf("%s: nobody said 200 for %v; promised are %v", f.name, longest, f.within)
		}
	})
}

// faults are all that are made, in their order.
func (o *outside) faults() []outsideFault {
	killed := o.takeover() + time.Second
	return []outsideFault{
		{"leader killed", killed, o.killLeader},
		{"leader cut off", 0, o.cutLeader},
		{"the stream's leader killed", 0, func() { o.killNodes(1) }},
		{"leader stopped until another leads", 0, o.stopLeader},
		{"leader told to stop", 500 * time.Millisecond, o.terminateLeader},
		{"leader told to hand over", 500 * time.Millisecond, o.handOver},
		{"two nodes killed", 0, func() { o.killNodes(2) }},
		{"all nodes killed", 0, func() { o.killNodes(3) }},
		{"leader and the stream's leader killed", 0, o.killMachine},
	}
}

func (o *outside) killLeader() {
	leader, standby := o.roles()
	leader.process.kill()
	o.awaitLeader(standby)
	o.start(leader)
}

// cutLeader cuts the leader off from the nodes and from the other replica. When it is not any more, it follows.
func (o *outside) cutLeader() {
	leader, standby := o.roles()
	o.cut(leader, true)
	o.awaitLeader(standby)
	o.leadsNoMore(leader)
	o.cut(leader, false)
	o.awaitStandby(leader)
}

// leadsNoMore looks whether a replica says that it does not lead, although it cannot know who does.
func (o *outside) leadsNoMore(m *member) {
	o.Helper()
	for _, question := range []string{"/readyz", "/readyz?role=leader"} {
		var code int
		var said string
		o.eventually("it answers", func() bool {
			code, said = look(m.listen + question)
			return code != 0
		})
		if code != http.StatusServiceUnavailable {
			o.Errorf("another replica leads, and replica %d says %d to %s: %s", m.number, code, question, said)
		}
	}
	var s printed
	o.eventually("it prints its status", func() (answers bool) {
		s, answers = o.status(m)
		return answers
	})
	if s.Replica.Role == "leader" || s.Ready == "yes" {
		o.Errorf("another replica leads, and replica %d says of itself %+v", m.number, s)
	}
}

func (o *outside) cut(m *member, off bool) {
	m.cut(off)
	if o.place == nil {
		return
	}
	if err := o.place.Cut(m.number, off); err != nil {
		o.Fatal(err)
	}
}

// stopLeader has the leader stand still until another leads. Then it says that it is deposed, and follows.
func (o *outside) stopLeader() {
	leader, standby := o.roles()
	said := strings.Count(o.log.String(), "this replica is deposed")
	if err := leader.process.Process.Signal(syscall.SIGSTOP); err != nil {
		o.Fatal(err)
	}
	o.awaitLeader(standby)
	if err := leader.process.Process.Signal(syscall.SIGCONT); err != nil {
		o.Fatal(err)
	}
	if code, said := look(leader.listen + "/readyz?role=leader"); code == http.StatusOK {
		o.Errorf("another replica leads, and who was stopped says %q", said)
	}
	o.awaitStandby(leader)
	if strings.Count(o.log.String(), "this replica is deposed") == said {
		o.Error("who was stopped does not say that it is deposed")
	}
}

func (o *outside) terminateLeader() {
	leader, standby := o.roles()
	if code, took := leader.process.terminate(o.T); code != 0 {
		o.Errorf("the leader ended with %d after %v", code, took)
	}
	o.awaitLeader(standby)
	o.start(leader)
}

func (o *outside) handOver() {
	leader, standby := o.roles()
	ask := exec.Command(o.program, "handover", "--database", leader.database)
	ask.Env = o.environOf(leader)
	if said, err := ask.CombinedOutput(); err != nil {
		o.Errorf("handover: %v: %s", err, said)
	}
	o.awaitLeader(standby)
}

// killNodes kills the node that leads the stream, and others. Without a quorum, nobody is ready and nothing is
// acknowledged.
func (o *outside) killNodes(n int) {
	first, err := o.journal.AwaitLeader("messenger-bridge")
	if err != nil {
		o.Fatal(err)
	}
	for i := range n {
		o.journal.Kill((first + i) % 3)
	}
	if n == 1 {
		o.goesOn()
	} else {
		o.awaitRefusal()
		o.refused()
		for _, m := range o.members {
			o.eventually("nobody says that it leads", func() bool {
				s, answers := o.status(m)
				return answers && s.Replica.Role != "leader" && s.Ready != "yes"
			})
		}
	}
	for i := range 3 {
		if err := o.journal.Run(i); err != nil {
			o.Fatal(err)
		}
	}
}

// refused looks whether nobody takes a webhook.
func (o *outside) refused() {
	o.Helper()
	body := o.meta.Body(o.meta.TextEvent(page, "7100", fmt.Sprint("m_refused_", time.Now().UnixNano()), fmt.Sprint("probe ", time.Now()), time.Now()))
	for _, m := range o.members {
		waits, stop := context.WithTimeout(o.Context(), metaWaits)
		if status, err := o.meta.Post(waits, body, meta.PostOptions{URL: "http://" + m.listen + "/webhook"}); err == nil && status < 500 {
			o.Errorf("replica %d answers %d without a quorum", m.number, status)
		}
		stop()
	}
}

// killMachine kills what stands on one machine: a replica that leads, and the node that leads the stream.
func (o *outside) killMachine() {
	leader, standby := o.roles()
	node, err := o.journal.AwaitLeader("messenger-bridge")
	if err != nil {
		o.Fatal(err)
	}
	o.journal.Kill(node)
	leader.process.kill()
	o.awaitLeader(standby)
	if err := o.journal.Run(node); err != nil {
		o.Fatal(err)
	}
	o.start(leader)
}

// What an operator promises himself of replicas, seen from outside only: the built program, configured as the README says,
// behind a balancer that asks who is ready; nodes of NATS as processes. Replicas and nodes are killed, stopped and cut off while
// customers and agents write. Everybody gets everything once and in order, in time, and both files are the same. The whole of it:
//
//	go test ./e2e -run TestReplicas_FromOutside -outside 1 -alone -timeout 30m -v
func TestReplicas_FromOutside(t *testing.T) {
	t.Parallel()
	o := newOutside(t)
	o.start(o.members[0])
	o.awaitLeader(o.members[0])
	o.start(o.members[1])
	o.onlyDocumented()
	o.roles()
	o.talks = o.world.talks([]string{page}, 3)
	for _, talk := range o.talks {
		talk.calm = *outsideRounds == 0 // else answers wait for 30 s after a kill, for whose arrival nothing speaks
	}
	o.probe = &probe{world: o.world, every: 100 * time.Millisecond}
	if *alone {
		o.probe.every = 20 * time.Millisecond
	}
	posting, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); o.probe.run(posting) }()
	defer stop()
	all := o.faults()
	if *outsideRounds == 0 {
		for _, f := range all[:2] {
			o.endures(f)
		}
	}
	for range *outsideRounds {
		for _, f := range all {
			o.endures(f)
			o.haveAll(o.talks)
		}
	}
	stop()
	<-ended
	o.haveAll(o.talks)
	o.probe.haveAll()
	o.atRest()
	o.equal()
}

// atRest waits until nothing waits in the leader, and the other has all that it has.
func (o *outside) atRest() {
	o.Helper()
	leader, standby := o.roles()
	o.eventually("nothing waits, and both have the same", func() bool {
		first, answers := o.status(leader)
		second, too := o.status(standby)
		return answers && too && first.ToRooms.Waiting+first.ToCustomers.Waiting+first.ToAgents.Waiting == 0 &&
			second.Replica.LagRecords == 0 && second.Replica.Position >= first.Replica.Position
	})
}

// onlyDocumented looks whether the replicas are told nothing but what the README lists.
func (o *outside) onlyDocumented() {
	o.Helper()
	manual := readFile(o.T, "../README.md")
	for _, variable := range o.environOf(o.members[0]) {
		name, _, _ := strings.Cut(variable, "=")
		if !regexp.MustCompile("(?m)^\\|.*`" + name + "`.*\\|").MatchString(manual) {
			o.Errorf("the README does not list %s", name)
		}
	}
}
