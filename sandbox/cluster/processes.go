package cluster

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"messenger-bridge/sandbox/loopback"
)

// nodeVariable makes a program a node; its value says which, as JSON.
const nodeVariable = "SANDBOX_NATS_NODE"

// What a node is asked, a line each; it answers yes or no.
const (
	askSettled = "settled"
	askLeads   = "leads "
	yes        = "yes"
)

// Node is the life of a program that StartProcesses started: it runs a node until its input ends, and reports
// whether it was one.
func Node() (was bool, err error) {
	text := os.Getenv(nodeVariable)
	if text == "" {
		return false, nil
	}
	var n node
	if err := json.Unmarshal([]byte(text), &n); err != nil {
		return true, err
	}
	s, err := server.NewServer(n.options())
	if err != nil {
		return true, err
	}
	s.Start()
	if !s.ReadyForConnections(startFor) {
		return true, errors.New("it takes no connections")
	}
	fmt.Println(yes)
	for questions := bufio.NewScanner(os.Stdin); questions.Scan(); {
		if is(s, questions.Text(), len(n.Routes)) {
			fmt.Println(yes)
		} else {
			fmt.Println("no")
		}
	}
	s.Shutdown()
	return true, nil
}

// is answers a question.
func is(s *server.Server, question string, nodes int) bool {
	if stream, asked := strings.CutPrefix(question, askLeads); asked {
		return s.JetStreamIsStreamLeader(server.DEFAULT_GLOBAL_ACCOUNT, stream)
	}
	return s.JetStreamIsLeader() && len(s.JetStreamClusterPeers()) == nodes
}

// Processes are three nodes that are processes of their own, so that they can be killed. Its methods are safe
// for concurrent use.
type Processes struct {
	dir     string
	command func() *exec.Cmd
	nodes   []*nodeProcess
}

// nodeProcess is a node that runs or not.
type nodeProcess struct {
	settings node

	mu      sync.Mutex // guards all below
	process *exec.Cmd  // nil: none runs
	in      io.Writer
	out     *bufio.Scanner
}

// StartProcesses runs nodes and returns when they can keep streams. command makes a program that calls Node.
// Where that runs in a network of its own, clients are heard at all its addresses, at ports that are free there.
func StartProcesses(command func() *exec.Cmd, apart bool) (*Processes, error) {
	dir, err := os.MkdirTemp("", "nats")
	if err != nil {
		return nil, fmt.Errorf("start a cluster: %w", err)
	}
	p := &Processes{dir: dir, command: command}
	var routes []string
	for i := range 3 {
		n := node{Name: fmt.Sprintf("n%d", i+1), Client: fmt.Sprintf("0.0.0.0:%d", 4222+i), Route: fmt.Sprintf("127.0.0.1:%d", 6222+i)}
		if n.Store = filepath.Join(dir, n.Name); !apart {
			var here, there error
			n.Client, here = loopback.FreeAddress()
			n.Route, there = loopback.FreeAddress()
			err = errors.Join(err, here, there)
		}
		routes = append(routes, n.Route)
		p.nodes = append(p.nodes, &nodeProcess{settings: n})
	}
	for i, n := range p.nodes {
		if n.settings.Routes = routes; err == nil {
			err = p.Run(i)
		}
	}
	if err == nil {
		_, err = p.await(askSettled, "the cluster does not choose a leader")
	}
	if err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// Run starts a node with what it had stored, unless it runs, and returns when it takes connections.
func (p *Processes) Run(number int) error {
	n := p.nodes[number]
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.process != nil {
		return nil
	}
	settings, err := json.Marshal(n.settings)
	if err != nil {
		return err
	}
	cmd := p.command()
	cmd.Env = append(cmd.Environ(), nodeVariable+"="+string(settings))
	cmd.Stderr = os.Stderr
	in, failed := cmd.StdinPipe()
	out, err := cmd.StdoutPipe()
	if err = errors.Join(failed, err); err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return fmt.Errorf("start node %d: %w", number+1, err)
	}
	n.process, n.in, n.out = cmd, in, bufio.NewScanner(out)
	if !n.out.Scan() || n.out.Text() != yes {
		n.end()
		return fmt.Errorf("start node %d: it ends", number+1)
	}
	return nil
}

// end kills the node, if it runs. Called with mu held.
func (n *nodeProcess) end() {
	if n.process != nil {
		_ = n.process.Process.Kill() // an error says that it has ended
		_ = n.process.Wait()
		n.process = nil
	}
}

// Kill ends a node as a power cut would; what the machine has of its files stays.
func (p *Processes) Kill(number int) {
	n := p.nodes[number]
	n.mu.Lock()
	defer n.mu.Unlock()
	n.end()
}

// ask asks a node that runs.
func (n *nodeProcess) ask(question string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.process == nil {
		return false
	}
	_, err := fmt.Fprintln(n.in, question)
	return err == nil && n.out.Scan() && n.out.Text() == yes
}

// await waits until a node says yes, and returns it.
func (p *Processes) await(question, otherwise string) (number int, err error) {
	for end := time.Now().Add(startFor); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		for i, n := range p.nodes {
			if n.ask(question) {
				return i, nil
			}
		}
	}
	return -1, errors.New(otherwise)
}

// AwaitLeader waits until a node leads a stream, and returns it.
func (p *Processes) AwaitLeader(stream string) (number int, err error) {
	return p.await(askLeads+stream, "no node leads the stream "+stream)
}

// Addresses are those at which the nodes hear clients.
func (p *Processes) Addresses() (all []string) {
	for _, n := range p.nodes {
		all = append(all, n.settings.Client)
	}
	return all
}

// Close kills all nodes and removes what they stored.
func (p *Processes) Close() {
	for i := range p.nodes {
		p.Kill(i)
	}
	os.RemoveAll(p.dir) // #nosec G104 -- temporary
}
