package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"messenger-bridge/app"
	"messenger-bridge/replicas"
	"messenger-bridge/replicas/compare"
	"messenger-bridge/sandbox/balance"
	"messenger-bridge/sandbox/cable"
	"messenger-bridge/sandbox/cluster"
)

// replicaSet is two replicas of the program behind one address, and the nodes of their journal.
type replicaSet struct {
	*world
	nodes   *cluster.Cluster
	base    []string // environment of all
	members [2]*member
}

// member is one replica, which may run or not.
type member struct {
	number                    int
	listen, metrics, database string
	process                   *process
	nodes                     []string       // addresses, as it reaches them
	lines                     []*cable.Cable // to each node
	way                       *cable.Cable   // to it, from the other replica
}

// cut cuts a member off from all nodes, and from the other member.
func (m *member) cut(off bool) {
	for _, c := range append(m.lines, m.way) {
		c.Cut(off)
	}
}

// takeoverAfter is long for a busy machine: no leader may be taken for dead because it waits for
// a processor.
const takeoverAfter = 5 * time.Second

// newReplicaSet makes a world with two replicas, of which none runs. The first one has the file of
// a single bridge, with its page; the other has none.
func newReplicaSet(t *testing.T) *replicaSet {
	t.Helper()
	nodes, err := cluster.Start(3)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nodes.Close)
	s := newReplicaSetAt(t, nodes.Addresses(), balance.Start)
	s.nodes = nodes
	s.wire(nodes.Addresses())
	return s
}

// wire leads cables from each replica to the nodes.
func (s *replicaSet) wire(nodes []string) {
	for _, m := range s.members {
		for _, node := range nodes {
			c := lead(s.T, node)
			m.lines, m.nodes = append(m.lines, c), append(m.nodes, c.Address())
		}
	}
}

// newReplicaSetAt is newReplicaSet for nodes that somebody else runs, and with another balancer: it remains to be said
// how each replica reaches the nodes.
func newReplicaSetAt(t *testing.T, nodes []string, balancer func(...string) (string, func(), error)) *replicaSet {
	t.Helper()
	w := newWorld(t, bypassed)
	key, err := os.ReadFile(w.cfg.Store.Database + ".key")
	if err != nil {
		t.Fatal(err)
	}
	s := &replicaSet{world: w}
	for i := range s.members {
		m := &member{number: i, listen: freeAddress(t), metrics: freeAddress(t), database: w.cfg.Store.Database}
		if i > 0 {
			dir, err := os.MkdirTemp("", "mb")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.RemoveAll(dir) })
			m.database = filepath.Join(dir, "bolt.db")
		}
		m.way = lead(t, m.listen)
		s.members[i] = m
	}
	public, closing, err := balancer(s.members[0].listen, s.members[1].listen)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(closing)
	s.base = append(slices.Clone(w.environ), "PUBLIC_URL="+public, "SECRET_KEY="+strings.TrimSpace(string(key)), "JOURNAL_URL="+journalOf(nodes),
		"TAKEOVER_AFTER="+takeoverAfter.String())
	w.meta.SetWebhook(public + "/webhook")
	return s
}

// lead leads a cable to an address.
func lead(t *testing.T, to string) *cable.Cable {
	t.Helper()
	c, err := cable.New(to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func journalOf(nodes []string) string { return "nats://" + strings.Join(nodes, ",") }

// launchMember starts a replica; it need neither lead nor follow yet.
func (s *replicaSet) launchMember(m *member) {
	s.Helper()
	child := exec.Command(os.Args[0], "-test.run=^$")
	child.Env = append(os.Environ(), childVariable+"=serve")
	whole := s.environ
	s.environ = s.environOf(m)
	m.process = s.launch(child)
	s.environ = whole
}

// environOf is the environment of a replica.
func (s *replicaSet) environOf(m *member) []string {
	return append(slices.Clone(s.base), fmt.Sprintf("REPLICA_NAME=r%d", m.number), "REPLICA_URL=http://"+m.way.Address(),
		"JOURNAL_URL="+journalOf(m.nodes), "LISTEN="+m.listen, "METRICS_LISTEN="+m.metrics, "DATABASE="+m.database)
}

// look asks a replica, and returns nothing if it does not answer.
func look(address string) (status int, body string) {
	client := http.Client{Timeout: 2 * time.Second}
	res, err := client.Get("http://" + address)
	if err != nil {
		return 0, ""
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(text)
}

func (s *replicaSet) awaitLeader(m *member) {
	s.Helper()
	s.eventually(fmt.Sprintf("replica %d leads", m.number), func() bool {
		code, _ := look(m.listen + "/readyz?role=leader")
		return code == http.StatusOK
	})
}

func (s *replicaSet) awaitStandby(m *member) {
	s.Helper()
	s.eventually(fmt.Sprintf("replica %d follows", m.number), func() bool {
		ready, _ := look(m.listen + "/readyz")
		leads, _ := look(m.listen + "/readyz?role=leader")
		return ready == http.StatusOK && leads == http.StatusServiceUnavailable
	})
}

func (s *replicaSet) other(m *member) *member { return s.members[1-m.number] }

// begin starts both: the one with the file leads.
func (s *replicaSet) begin() (leader, standby *member) {
	s.Helper()
	s.launchMember(s.members[0])
	s.awaitLeader(s.members[0])
	s.launchMember(s.members[1])
	s.awaitStandby(s.members[1])
	return s.members[0], s.members[1]
}

// equal ends both, lets both files follow to the journal's end, and compares them.
func (s *replicaSet) equal() {
	s.Helper()
	var files []string
	for _, m := range s.members {
		m.process.kill()
		files = append(files, m.database)
	}
	if difference, err := compare.Files(s.Context(), s.base, files...); difference != "" || err != nil {
		s.Errorf("the files differ: %s, error %v", difference, err)
	}
}

// converse has both sides write while faults are made, and checks afterwards what each has read.
func (s *replicaSet) converse(faults func()) {
	s.Helper()
	talks := s.talks([]string{page}, 3)
	meanwhile(talks, faults)
	s.haveAll(talks)
}

// meanwhile has both sides of some conversations write while something is done.
func meanwhile(talks []*briskTalk, do func()) {
	stop := make(chan struct{})
	var talking sync.WaitGroup
	for _, talk := range talks {
		talking.Go(func() { talk.goOn(stop) })
	}
	defer talking.Wait()
	defer close(stop)
	do()
}

// haveAll waits until everybody has read everything, and looks whether that was once and in order.
func (s *replicaSet) haveAll(talks []*briskTalk) {
	s.Helper()
	for _, talk := range talks {
		s.eventually("the customer has every answer", func() bool { return len(talk.received()) >= talk.said })
		s.eventually("the agents have every question", func() bool { return len(s.rc.CustomerTexts(talk.room)) >= talk.asked })
	}
	for _, talk := range talks {
		inOrder(s.T, "what customer "+talk.customer+" reads", talk.received(), talk.said)
		inOrder(s.T, "what agents read of customer "+talk.customer, s.rc.CustomerTexts(talk.room), talk.asked)
	}
}

// The leader's machine dies, the next one is told to stop, the third is stopped until another
// leads and goes on: customers and agents get everything once and in order, and all files are the
// same in the end. It begins with the file of a single bridge.
func TestReplicas_LeaderDiesStopsAndIsDeposed(t *testing.T) {
	t.Parallel()
	s := newReplicaSet(t)
	leader, standby := s.begin()
	s.converse(func() {
		leader.process.kill()
		s.awaitLeader(standby)
		s.launchMember(leader)
		s.awaitStandby(leader)
		leader, standby = standby, leader

		if code, _ := leader.process.terminate(t); code != 0 {
			t.Errorf("the leader ended with %d", code)
		}
		s.awaitLeader(standby)
		s.launchMember(leader)
		s.awaitStandby(leader)
		leader, standby = standby, leader

		if err := leader.process.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		s.awaitLeader(standby)
		if err := leader.process.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		s.awaitStandby(leader)
	})
	s.equal()
}

// What operators see: who leads, and a standby that carries out nothing but says who does.
func TestReplicas_StatusAndCommandsByRole(t *testing.T) {
	t.Parallel()
	s := newReplicaSet(t)
	leader, standby := s.begin()
	for _, m := range s.members {
		_, text := look(m.metrics + "/status")
		var status app.Status
		if err := json.Unmarshal([]byte(text), &status); err != nil || status.Replica == nil {
			t.Fatalf("status %q: %v", text, err)
		}
		want := map[*member]string{leader: "leader", standby: "standby"}[m]
		if r := status.Replica; r.Role != want || r.Name != fmt.Sprintf("r%d", m.number) || r.Leader != "r0" || status.Ready != "yes" {
			t.Errorf("replica %d: %+v, ready %q", m.number, r, status.Ready)
		}
		said := map[string]string{"leader": " leads.", "standby": "carries out nothing; ask r0"}[want]
		if _, page := look(m.metrics + "/"); !strings.Contains(page, said) || strings.Contains(page, "Waiting for rooms") != (m == leader) {
			t.Errorf("the status page of replica %d, %s: %s", m.number, want, page)
		}
		if _, text := look(m.metrics + "/metrics"); !strings.Contains(text, fmt.Sprintf("messenger_bridge_replica_leads %d", map[bool]int{true: 1}[m == leader])) {
			t.Errorf("the metrics of replica %d do not tell whether it leads", m.number)
		} else if strings.Contains(text, "messenger_bridge_rocketchat_connected ") != (m == leader) {
			t.Errorf("the metrics of replica %d, %s: whether Rocket.Chat is connected is known where one is", m.number, want)
		}
	}
	for place, want := range map[string]int{"/readyz?role=leader": http.StatusServiceUnavailable, "/readyz": http.StatusOK, "/healthz": http.StatusOK} {
		res, err := http.Head("http://" + standby.listen + place)
		if err != nil || res.StatusCode != want || res.Header.Get(replicas.Passed) != "" {
			t.Errorf("HEAD %s at the standby: %v, %v", place, res, err)
		}
	}
	if code, said := look(standby.listen + "/webhook?hub.mode=subscribe&hub.challenge=4711&hub.verify_token=" + s.meta.VerifyToken()); code != http.StatusOK || said != "4711" {
		t.Errorf("Meta's handshake at the standby: %d %q", code, said)
	}
	var found app.Diagnosis
	if err := app.Ask(t.Context(), leader.database, http.MethodGet, "/doctor", "", func(r *http.Response) error { return json.NewDecoder(r.Body).Decode(&found) }); err != nil {
		t.Error(err)
	}
	for _, f := range found.Findings {
		if strings.Contains(f.Found, "never verified") {
			t.Errorf("the leader does not know of Meta's handshake at the standby: %+v", f)
		}
	}
	ask := func(m *member, method, path string) error {
		return app.Ask(t.Context(), m.database, method, path, "", func(*http.Response) error { return nil })
	}
	if err := ask(standby, http.MethodGet, "/failed"); err == nil || !strings.Contains(err.Error(), "r0") {
		t.Errorf("a standby answered a command: %v", err)
	}
	if err := ask(standby, http.MethodPost, "/handover"); err == nil {
		t.Error("a standby handed over")
	}
	if err := ask(leader, http.MethodPost, "/handover"); err != nil {
		t.Error(err)
	}
	s.awaitLeader(standby)
	s.awaitStandby(leader)
}

// Another program has come to stand at the address where the leader is asked, and answers 200: what a standby passes on
// is not lost to it, and reaches the agents once, when the leader is found again.
func TestReplicas_AnotherProgramAtTheLeadersAddress(t *testing.T) {
	t.Parallel()
	s := newReplicaSet(t)
	leader, standby := s.begin()
	var asked atomic.Int64
	stranger := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer stranger.Close()
	s.meta.SetWebhook("http://" + standby.listen + "/webhook")
	leader.way.Lead(stranger.Listener.Addr().String())
	s.meta.CustomerWrites(page, anna, "Is anybody there?")
	s.eventually("the other program is asked", func() bool { return asked.Load() > 0 })
	s.meta.CustomerWrites(page, anna, "Hello?")
	s.eventually("the metrics tell of it", func() bool {
		_, text := look(standby.metrics + "/metrics")
		return strings.Contains(text, `messenger_bridge_passed_on_total{answer="unreached"}`)
	})
	leader.way.Lead(leader.listen)
	s.eventually("the agents have it", func() bool { return len(s.texts()) >= 2 })
	if got := s.texts(); !slices.Equal(got, []string{"Is anybody there?", "Hello?"}) {
		t.Errorf("the agents read %q", got)
	}
	s.equal()
}

// The doctor looks at a replica that does not run, and leaves its file as it is: it follows again. It repairs nothing
// where another one may lead.
func TestReplicas_DoctorAtOneThatDoesNotRun_ItFollowsAgain(t *testing.T) {
	t.Parallel()
	s := newReplicaSet(t)
	_, standby := s.begin()
	standby.process.terminate(t)
	environ := s.environOf(standby)
	_, out, _ := runCommand(t, environ, "doctor")
	if said := strings.Join(strings.Fields(out), " "); !strings.Contains(said, "is the file of a replica that does not run") || strings.Contains(said, "never verified") {
		t.Errorf("the doctor says %s", out)
	}
	if code, _, said := runCommand(t, environ, "doctor", "--fix"); code == 0 || !strings.Contains(said, "where the leader runs") {
		t.Errorf("doctor --fix: %d %s", code, said)
	}
	alone := slices.DeleteFunc(slices.Clone(environ), func(v string) bool { return strings.HasPrefix(v, "JOURNAL_URL=") })
	for _, command := range [][]string{{"pages", "list"}, {"backup", t.TempDir() + "/copy.db"}} {
		if code, _, said := runCommand(t, alone, append(command, "--database", standby.database)...); code == 0 || !strings.Contains(said, "follows a journal") {
			t.Errorf("%v: %d %s", command, code, said)
		}
	}
	s.launchMember(standby)
	s.awaitStandby(standby)
	s.equal()
}
