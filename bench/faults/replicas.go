package faults

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"messenger-bridge/replicas/compare"
	"messenger-bridge/sandbox/balance"
	"messenger-bridge/sandbox/cable"
	"messenger-bridge/sandbox/cluster"
	"messenger-bridge/sandbox/disk"
)

const (
	// takeoverAfter is short, so that a round ends in seconds.
	takeoverAfter = 1500 * time.Millisecond
	// otherLeads is how long a fault may last until it has the effect it is for.
	otherLeads = 15 * time.Second
	// replicasKey is every replica's, as base64.
	replicasKey = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
)

// replicated is the program as two replicas behind one address, and what lies between them.
type replicated struct {
	nodes   *cluster.Cluster
	members [2]*process
	lines   [2][]*cable.Cable // from each member to each node
	between [2]*cable.Cable   // to each member, from the other
	folder  string            // of the second member's store
	public  string
	close   []func()

	mu   sync.Mutex // guards down
	down int        // faults that keep nodes from running
}

// replicate makes two replicas of the program that was prepared with pages: the first brings its file.
func replicate(w *world, first *process) (err error) {
	r := &replicated{}
	w.replicas = r
	if r.nodes, err = cluster.Start(3); err != nil {
		return err
	}
	r.close = append(r.close, r.nodes.Close)
	if r.folder, err = disk.New(disk.Size); err != nil {
		return err
	}
	r.close = append(r.close, func() { disk.Remove(r.folder) })
	second, err := first.copied(filepath.Join(r.folder, "bolt.db"))
	if err != nil {
		return err
	}
	r.members = [2]*process{first, second}
	var closing func()
	if r.public, closing, err = balance.Start(host(first.public), host(second.public)); err != nil {
		return err
	}
	r.close = append(r.close, closing)
	for i, m := range r.members {
		if err := r.wire(i, m, cmp.Or(w.plan.takeover, takeoverAfter)); err != nil {
			return err
		}
	}
	return nil
}

func host(base string) string { return strings.TrimPrefix(base, "http://") }

// wire leads cables to a member and from it, and tells it of them.
func (r *replicated) wire(i int, m *process, takeover time.Duration) (err error) {
	lead := func(to string) *cable.Cable {
		c, failed := cable.New(to)
		if err = failed; err == nil {
			r.close = append(r.close, c.Close)
		}
		return c
	}
	var nodes []string
	for _, address := range r.nodes.Addresses() {
		c := lead(address)
		if err != nil {
			return err
		}
		r.lines[i] = append(r.lines[i], c)
		nodes = append(nodes, c.Address())
	}
	if r.between[i] = lead(host(m.public)); err != nil {
		return err
	}
	m.environ = append(m.environ, "PUBLIC_URL="+r.public, "JOURNAL_URL=nats://"+strings.Join(nodes, ","), fmt.Sprintf("REPLICA_NAME=r%d", i),
		"REPLICA_URL=http://"+r.between[i].Address(), "TAKEOVER_AFTER="+takeover.String())
	return nil
}

// end ends all but the members.
func (r *replicated) end() {
	for i := len(r.close) - 1; i >= 0; i-- {
		r.close[i]()
	}
}

// leads reports whether a member says that it leads.
func (p *process) leads() bool {
	ctx, stop := context.WithTimeout(context.Background(), time.Second)
	defer stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.public+"/readyz?role=leader", nil)
	if err != nil {
		return false
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	return res.StatusCode == http.StatusOK
}

// leader returns the number of the member that leads, -1 if none does.
func (r *replicated) leader() int {
	for i, m := range r.members {
		if m.leads() {
			return i
		}
	}
	return -1
}

// asked returns the process that answers operators: the only one, or the one that leads.
func (r *replicated) asked(only *process) *process {
	if r == nil {
		return only
	}
	if i := r.leader(); i >= 0 {
		return r.members[i]
	}
	return only
}

// ready reports whether one member leads and the other follows.
func (r *replicated) ready() bool {
	return r == nil || r.members[0].ready() == "" && r.members[1].ready() == ""
}

// processes are all there are, standbys first.
func (r *replicated) processes(only *process) []*process {
	if r == nil {
		return []*process{only}
	}
	m := r.members
	if r.leader() == 0 {
		return []*process{m[1], m[0]}
	}
	return []*process{m[0], m[1]}
}

// equal says in what the files of replicas that have ended differ.
func equal(w *world) (violations []string) {
	if w.replicas == nil {
		return nil
	}
	m := w.replicas.members
	difference, err := compare.Files(w.ctx, m[0].environ, m[0].database, m[1].database)
	switch {
	case err != nil:
		violations = append(violations, "the files of the replicas cannot be compared: "+err.Error())
	case difference != "":
		violations = append(violations, "the files of the replicas differ: "+difference)
	}
	return violations
}

// copied prepares another replica of the same program, without a file.
func (p *process) copied(database string) (*process, error) {
	other := &process{binary: p.binary, database: database, output: &book{}}
	if err := other.listen(); err != nil {
		return nil, err
	}
	for _, variable := range p.environ {
		switch name, _, _ := strings.Cut(variable, "="); name {
		case "LISTEN":
			variable = "LISTEN=" + host(other.public)
		case "METRICS_LISTEN":
			variable = "METRICS_LISTEN=" + host(other.private)
		case "DATABASE":
			variable = "DATABASE=" + database
		}
		other.environ = append(other.environ, variable)
	}
	return other, nil
}

// signal sends one to the process, if it runs.
func (p *process) signal(s os.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd != nil {
		_ = p.cmd.Process.Signal(s) // an error says that it has ended
	}
}

// awaitOther waits until another member leads than one; with none, until any does.
func (r *replicated) awaitOther(ctx context.Context, than int) {
	for end := time.Now().Add(otherLeads); time.Now().Before(end) && ctx.Err() == nil; sleep(ctx, 50*time.Millisecond) {
		for i, m := range r.members {
			if i != than && m.leads() {
				return
			}
		}
	}
}

// some draws a member that leads, or any if none does.
func (r *replicated) some(random *rand.Rand) int {
	if i := r.leader(); i >= 0 {
		return i
	}
	return random.IntN(2)
}

// stopNodes ends nodes; what it returns starts all, unless another fault still keeps some down.
func (r *replicated) stopNodes(nodes ...int) (again func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.down++
	for _, n := range nodes {
		r.nodes.Stop(n)
	}
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.down--; r.down > 0 {
			return
		}
		for n := range r.nodes.Nodes() {
			_ = r.nodes.Run(n) // the round ends with violations if it does not
		}
	}
}

// onLeader strikes the member that leads.
func onLeader(do func(w *world, r *replicated, leader int) (lift func())) func(*world, *rand.Rand) func() {
	return func(w *world, random *rand.Rand) func() { return do(w, w.replicas, w.replicas.some(random)) }
}

// ofReplicas are the faults of replicas and of their journal, drawn only where there are some.
var ofReplicas = []fault{
	{"replicas: leader killed", onLeader(func(_ *world, r *replicated, i int) func() { r.members[i].kill(); return r.members[i].again })},
	{"replicas: leader killed until another leads", onLeader(func(w *world, r *replicated, i int) func() {
		r.members[i].kill()
		return func() { r.awaitOther(w.ctx, i); r.members[i].again() }
	})},
	{"replicas: leader terminated", onLeader(func(_ *world, r *replicated, i int) func() { r.members[i].terminate(); return r.members[i].again })},
	{"replicas: leader stopped until another leads", onLeader(func(w *world, r *replicated, i int) func() {
		r.members[i].signal(syscall.SIGSTOP)
		r.awaitOther(w.ctx, i)
		return func() { r.members[i].signal(syscall.SIGCONT) }
	})},
	{"replicas: leader stopped for a moment", onLeader(func(_ *world, r *replicated, i int) func() {
		r.members[i].signal(syscall.SIGSTOP)
		return func() { r.members[i].signal(syscall.SIGCONT) }
	})},
	{"replicas: handover", onLeader(func(_ *world, r *replicated, i int) func() {
		cmd := exec.Command(r.members[i].binary, "handover", "--database", r.members[i].database) // #nosec G204 -- the program under test
		cmd.Env = r.members[i].environ
		_ = cmd.Run() // it may not lead any more
		return nil
	})},
	{"replicas: standby killed", onLeader(func(_ *world, r *replicated, i int) func() { r.members[1-i].kill(); return r.members[1-i].again })},
	{"replicas: both killed", func(w *world, _ *rand.Rand) func() {
		for _, m := range w.replicas.members {
			m.kill()
		}
		return func() {
			for _, m := range w.replicas.members {
				m.again()
			}
		}
	}},
	{"replicas: leader's disk full", onLeader(func(_ *world, r *replicated, i int) func() {
		if folder := filepath.Dir(r.members[i].database); disk.Own(folder) {
			return disk.Fill(folder)
		}
		return nil
	})},
	{"journal: a node ends", func(w *world, random *rand.Rand) func() { return w.replicas.stopNodes(random.IntN(3)) }},
	{"journal: the stream's leader ends", func(w *world, random *rand.Rand) func() {
		return w.replicas.stopNodes(max(0, w.replicas.nodes.Leader("messenger-bridge")))
	}},
	{"journal: no quorum", func(w *world, random *rand.Rand) func() {
		n := random.IntN(3)
		return w.replicas.stopNodes(n, (n+1)%3)
	}},
	{"journal: all nodes end", func(w *world, _ *rand.Rand) func() { return w.replicas.stopNodes(0, 1, 2) }},
	{"machine: leader and the stream's leader end", onLeader(func(w *world, r *replicated, i int) func() {
		r.members[i].kill()
		again := r.stopNodes(max(0, r.nodes.Leader("messenger-bridge")))
		return func() { r.awaitOther(w.ctx, i); again(); r.members[i].again() }
	})},
	{"network: leader cut off from the journal", onLeader(func(w *world, r *replicated, i int) func() {
		each(r.lines[i], func(c *cable.Cable) { c.Cut(true) })
		return func() { r.awaitOther(w.ctx, i); each(r.lines[i], func(c *cable.Cable) { c.Cut(false) }) }
	})},
	{"network: leader cut off from all replicas and nodes", onLeader(func(w *world, r *replicated, i int) func() {
		cut := func(off bool) {
			each(r.lines[i], func(c *cable.Cable) { c.Cut(off) })
			each(r.between[:], func(c *cable.Cable) { c.Cut(off) })
		}
		cut(true)
		return func() { r.awaitOther(w.ctx, i); cut(false) }
	})},
	{"network: standby cut off", onLeader(func(_ *world, r *replicated, i int) func() {
		each(r.lines[1-i], func(c *cable.Cable) { c.Cut(true) })
		return func() { each(r.lines[1-i], func(c *cable.Cable) { c.Cut(false) }) }
	})},
	{"network: one line cut", func(w *world, random *rand.Rand) func() {
		c := w.replicas.lines[random.IntN(2)][random.IntN(3)]
		c.Cut(true)
		return func() { c.Cut(false) }
	}},
	{"network: slow", onLeader(func(_ *world, r *replicated, i int) func() {
		each(r.lines[i], func(c *cable.Cable) { c.Slow(40 * time.Millisecond) })
		return func() { each(r.lines[i], func(c *cable.Cable) { c.Slow(0) }) }
	})},
	{"network: connections break", func(w *world, _ *rand.Rand) func() {
		for i := range w.replicas.lines {
			each(w.replicas.lines[i], (*cable.Cable).Break)
		}
		each(w.replicas.between[:], (*cable.Cable).Break)
		return nil
	}},
}

func each(cables []*cable.Cable, do func(*cable.Cable)) {
	for _, c := range cables {
		do(c)
	}
}
