// Package cluster runs nodes of NATS with JetStream in this process, for tests and shows. It is
// the only home of the server's library, which is never linked into the product.
package cluster

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"messenger-bridge/sandbox/loopback"
)

// Cluster is some nodes that know one another. Its methods are safe for concurrent use.
type Cluster struct {
	dir    string
	client []string // addresses by node
	routes []string

	mu    sync.Mutex // guards nodes
	nodes []*server.Server
}

// startFor is how long a cluster may take to choose who leads it.
const startFor = time.Minute

// Start runs nodes, three as a rule, and returns when they can keep streams.
func Start(nodes int) (*Cluster, error) {
	dir, err := os.MkdirTemp("", "nats")
	if err != nil {
		return nil, fmt.Errorf("start a cluster: %w", err)
	}
	c := &Cluster{dir: dir, nodes: make([]*server.Server, nodes)}
	for range nodes {
		client, here := loopback.FreeAddress()
		route, there := loopback.FreeAddress()
		err = errors.Join(err, here, there)
		c.client, c.routes = append(c.client, client), append(c.routes, route)
	}
	for i := range nodes {
		if err == nil {
			err = c.Run(i)
		}
	}
	if err == nil {
		err = c.settle()
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// FromFiles runs a node for each file of NATS's configuration, and returns when they can keep streams.
// What it stores lies where the files say.
func FromFiles(files ...string) (*Cluster, error) {
	c := &Cluster{nodes: make([]*server.Server, len(files)), client: make([]string, len(files))}
	var err error
	for i, file := range files {
		options, failed := server.ProcessConfigFile(file)
		if failed != nil {
			err = fmt.Errorf("read %s: %w", file, failed)
			break
		}
		options.NoSigs, options.NoLog = true, true
		c.client[i] = net.JoinHostPort(options.Host, strconv.Itoa(options.Port))
		if c.nodes[i], err = server.NewServer(options); err != nil {
			break
		}
		c.nodes[i].Start()
	}
	if err == nil {
		err = c.settle()
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// settle waits until there is somebody who places streams.
func (c *Cluster) settle() error {
	for end := time.Now().Add(startFor); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		for _, s := range c.running() {
			if !s.JetStreamIsClustered() || s.JetStreamIsLeader() && len(s.JetStreamClusterPeers()) == len(c.nodes) {
				return nil
			}
		}
	}
	return errors.New("start a cluster: it does not choose a leader")
}

func (c *Cluster) running() (all []*server.Server) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.nodes {
		if s != nil {
			all = append(all, s)
		}
	}
	return all
}

// Run starts a node with what it had stored, unless it runs.
func (c *Cluster) Run(node int) error {
	c.mu.Lock()
	runs := c.nodes[node] != nil
	c.mu.Unlock()
	if runs {
		return nil
	}
	s, err := server.NewServer(c.settings(node).options())
	if err != nil {
		return fmt.Errorf("start node %d: %w", node+1, err)
	}
	s.Start()
	if !s.ReadyForConnections(startFor) {
		return fmt.Errorf("start node %d: it takes no connections", node+1)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nodes[node] = s
	return nil
}

// settings are of a node: it stands alone if there are no routes to others.
func (c *Cluster) settings(number int) node {
	n := node{Name: fmt.Sprintf("n%d", number+1), Client: c.client[number], Store: filepath.Join(c.dir, fmt.Sprintf("n%d", number+1))}
	if len(c.routes) > 1 {
		n.Route, n.Routes = c.routes[number], c.routes
	}
	return n
}

// node says what a server is made of.
type node struct {
	Name   string
	Client string // address for clients
	Route  string // address for other nodes; empty: there are none
	Routes []string
	Store  string // folder
}

func (n node) options() *server.Options {
	host, port := split(n.Client)
	options := &server.Options{
		ServerName: n.Name, Host: host, Port: port, NoSigs: true, NoLog: true,
		JetStream: true, StoreDir: n.Store, JetStreamMaxStore: 4 << 30, JetStreamMaxMemory: 64 << 20,
	}
	if n.Route != "" {
		host, port := split(n.Route)
		options.Cluster = server.ClusterOpts{Name: "sandbox", Host: host, Port: port, NoAdvertise: true} // clients know no way but the one they were told
		for _, address := range n.Routes {
			options.Routes = append(options.Routes, &url.URL{Scheme: "nats", Host: address})
		}
	}
	return options
}

func split(address string) (host string, port int) {
	host, number, _ := net.SplitHostPort(address) // as loopback makes them
	port, _ = strconv.Atoi(number)
	return host, port
}

// Stop ends a node; what it has stored stays.
func (c *Cluster) Stop(node int) {
	c.mu.Lock()
	s := c.nodes[node]
	c.nodes[node] = nil
	c.mu.Unlock()
	if s != nil {
		s.Shutdown()
		s.WaitForShutdown()
	}
}

// Leader returns the node that leads a stream, -1 if none does.
func (c *Cluster) Leader(stream string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, s := range c.nodes {
		if s != nil && s.JetStreamIsStreamLeader(server.DEFAULT_GLOBAL_ACCOUNT, stream) {
			return i
		}
	}
	return -1
}

// AwaitLeader waits until a node leads a stream, and returns it.
func (c *Cluster) AwaitLeader(stream string) (int, error) {
	for end := time.Now().Add(startFor); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if node := c.Leader(stream); node >= 0 {
			return node, nil
		}
	}
	return -1, fmt.Errorf("no node leads the stream %s", stream)
}

// URL is what clients connect to: all nodes.
func (c *Cluster) URL() string {
	return "nats://" + strings.Join(c.client, ",")
}

// Addresses are those of the nodes.
func (c *Cluster) Addresses() []string { return slices.Clone(c.client) }

// Nodes is how many there are.
func (c *Cluster) Nodes() int { return len(c.client) }

// Close ends all nodes and removes what they stored.
func (c *Cluster) Close() {
	var wg sync.WaitGroup
	for i := range c.client {
		wg.Go(func() { c.Stop(i) })
	}
	wg.Wait()
	if c.dir != "" {
		os.RemoveAll(c.dir) // #nosec G104 -- temporary
	}
}
