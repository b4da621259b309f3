package messengerbridge_test

import (
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nkeys"

	"messenger-bridge/journal"
	"messenger-bridge/replica"
	"messenger-bridge/sandbox/cluster"
	"messenger-bridge/sandbox/loopback"
)

// replicaCertificates has the script make them, in a folder of its own.
func replicaCertificates(t *testing.T, dir string, nodes ...string) {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("there is no openssl")
	}
	script := filepath.Join(dir, "certificates.sh")
	if err := os.WriteFile(script, []byte(readFile(t, "deploy/replicas/certificates.sh")), 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(script, nodes...).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
}

// TestDeploy_ReplicasJournalRuns runs the three nodes as they are handed out, with certificates of the
// script and a seed, and a replica's journal on them. Strangers are not let in.
func TestDeploy_ReplicasJournalRuns(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	replicaCertificates(t, dir, "nats-1=127.0.0.1", "nats-2=127.0.0.1", "nats-3=127.0.0.1")
	user, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	seed, _ := user.Seed()
	public, _ := user.PublicKey()
	if err := os.WriteFile(filepath.Join(dir, "seed"), append(seed, '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
	address := func() string {
		a, err := loopback.FreeAddress()
		if err != nil {
			t.Fatal(err)
		}
		_, port, _ := strings.Cut(a, ":")
		return "127.0.0.1:" + port
	}
	var clients, routes, files []string
	for range 3 {
		clients, routes = append(clients, address()), append(routes, address())
	}
	for i := range 3 {
		node := fmt.Sprint("nats-", i+1)
		text := strings.NewReplacer(
			"$NODE", node, "$BRIDGE_NKEY", public, "$ROUTE_1", `"tls://`+routes[0]+`"`, "$ROUTE_2", `"tls://`+routes[1]+`"`, "$ROUTE_3", `"tls://`+routes[2]+`"`,
			"0.0.0.0:4222", clients[i], "0.0.0.0:6222", routes[i], `"/data"`, `"`+filepath.Join(dir, "data", node)+`"`,
			"/etc/nats/tls", filepath.Join(dir, "tls", node), "16GB", "1GB",
		).Replace(readFile(t, "deploy/replicas/nats.conf"))
		files = append(files, filepath.Join(dir, node+".conf"))
		if err := os.WriteFile(files[i], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	nodes, err := cluster.FromFiles(files...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nodes.Close)
	c := journal.Config{
		URL: "tls://" + strings.Join(clients, ","), Credentials: filepath.Join(dir, "seed"), CA: filepath.Join(dir, "tls", "ca.pem"), Name: "messenger-bridge", Replicas: 3,
		Secret: make([]byte, 32), Self: replica.Claim{Name: "bridge-1"}, TakeoverAfter: 10 * time.Second, Log: slog.New(slog.DiscardHandler),
	}
	stream, err := journal.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	term, err := stream.Claim(t.Context(), replica.Position{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := term.Append([]byte("something")); err != nil {
		t.Error(err)
	}
	for what, change := range map[string]func(*journal.Config){
		"without a seed":       func(c *journal.Config) { c.Credentials = "" },
		"with another seed":    func(c *journal.Config) { c.Credentials = otherSeed(t) },
		"without an authority": func(c *journal.Config) { c.CA = "" },
	} {
		stranger := c
		change(&stranger)
		if s, err := journal.Open(t.Context(), stranger); err == nil {
			s.Close()
			t.Errorf("somebody came in %s", what)
		}
	}
}

func otherSeed(t *testing.T) string {
	t.Helper()
	user, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	seed, _ := user.Seed()
	path := filepath.Join(t.TempDir(), "seed")
	if err := os.WriteFile(path, seed, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDeploy_ReplicasComposeHoldsTogether(t *testing.T) {
	const file = "deploy/replicas/compose.yaml"
	text := readFile(t, file)
	doc := documents(t, file, []byte(text))[0]
	services := at(doc, "services").(map[string]any)
	volumes := at(doc, "volumes").(map[string]any)
	ports := map[string]string{}
	for name, service := range services {
		if at(service, "profiles") == nil {
			t.Errorf("%s belongs to no machine", name)
		}
		for _, v := range at(service, "volumes").([]any) {
			from, _, _ := strings.Cut(v.(string), ":")
			switch path, ours := strings.CutPrefix(from, "./"); {
			case strings.HasPrefix(path, "tls/"):
			case ours:
				if _, err := os.Stat("deploy/replicas/" + path); err != nil {
					t.Errorf("%s: there is no %s", name, from)
				}
			default:
				if _, there := volumes[from]; !there {
					t.Errorf("%s: there is no volume %s", name, from)
				}
			}
		}
		for _, p := range at(service, "ports").([]any) {
			if other := ports[p.(string)]; other != "" && other != name {
				t.Errorf("%s and %s both listen on %s", name, other, p)
			}
			ports[p.(string)] = name
		}
		if strings.HasPrefix(name, "bridge-") || strings.HasPrefix(name, "nats-") {
			if at(service, "read_only") != true || at(service, "cap_drop", 0) != "ALL" {
				t.Errorf("%s is more open than it must be", name)
			}
			for _, p := range at(service, "ports").([]any) {
				if !strings.HasPrefix(p.(string), "${PRIVATE_") {
					t.Errorf("%s listens where everybody reaches it: %s", name, p)
				}
			}
		}
	}
	for _, name := range []string{"bridge-1", "bridge-2"} {
		for _, secret := range at(services[name], "secrets").([]any) {
			if at(doc, "secrets", secret.(string), "file") == nil || !strings.Contains(text, ": /run/secrets/"+secret.(string)+"\n") {
				t.Errorf("%s: the secret %s is not there, or nobody reads it", name, secret)
			}
		}
		environment := at(services[name], "environment").(map[string]any)
		if environment["REPLICA_NAME"] != name || !strings.Contains(fmt.Sprint(environment["REPLICA_URL"]), name) || environment["JOURNAL_URL"] == nil {
			t.Errorf("%s is told %v", name, environment)
		}
	}
	if strings.Count(text, "nats.conf:ro") != 3 || strings.Count(text, "COMPOSE_PROFILES=machine-1,machine-2,machine-3") != 1 {
		t.Error("there are not three nodes")
	}
	if docker, err := exec.LookPath("docker"); err == nil && exec.Command(docker, "compose", "version").Run() == nil {
		dir := t.TempDir()
		for name, content := range map[string]string{"compose.yaml": text, "bridge.env": readFile(t, "deploy/bridge.env.example"), ".env": "BRIDGE_HOST=b\nBRIDGE_NKEY=U\n"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		cmd := exec.Command(docker, "compose", "--profile", "machine-1", "--profile", "machine-2", "--profile", "machine-3", "config", "--quiet")
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("compose does not take it: %s", out)
		}
	}
}

// TestDeploy_ReplicasKubernetes_NoPodWaitsForAnother: a pod that is lost while the other is not ready must be
// made again, because perhaps only it can lead.
func TestDeploy_ReplicasKubernetes_NoPodWaitsForAnother(t *testing.T) {
	set := documents(t, "statefulset", []byte(readFile(t, "deploy/replicas/kubernetes/statefulset.yaml")))[0]
	if made := at(set, "spec", "podManagementPolicy"); made != "Parallel" {
		t.Errorf("pods are made %v", made)
	}
}

// TestDeploy_ReplicasKubernetesHoldsTogether builds what is applied for two replicas.
func TestDeploy_ReplicasKubernetesHoldsTogether(t *testing.T) {
	kubectl, err := exec.LookPath("kubectl")
	if err != nil {
		t.Skip("there is no kubectl")
	}
	out, err := exec.Command(kubectl, "kustomize", "deploy/replicas/kubernetes").Output()
	if err != nil {
		t.Fatal(err)
	}
	kinds, services := map[string]map[string]any{}, map[any]map[string]any{}
	for _, doc := range documents(t, "kustomize", out) {
		kinds[doc["kind"].(string)] = doc
		if doc["kind"] == "Service" {
			services[at(doc, "metadata", "name")] = doc
		}
	}
	set := kinds["StatefulSet"]
	pod := at(set, "spec", "template", "spec")
	labels := at(set, "spec", "template", "metadata", "labels").(map[string]any)
	among := services[at(set, "spec", "serviceName")]
	if at(set, "spec", "replicas") != 2 || among == nil || at(among, "spec", "clusterIP") != "None" || at(among, "spec", "publishNotReadyAddresses") != true {
		t.Errorf("%v replicas, which reach one another by %v", at(set, "spec", "replicas"), among)
	}
	selected := map[string]any{"the service of the replicas": at(among, "spec", "selector"), "the disruption budget": at(kinds["PodDisruptionBudget"], "spec", "selector", "matchLabels"),
		"the anti-affinity": at(pod, "affinity", "podAntiAffinity", "requiredDuringSchedulingIgnoredDuringExecution", 0, "labelSelector", "matchLabels")}
	for what, of := range selected {
		some, _ := of.(map[string]any)
		for name, value := range some {
			if labels[name] != value {
				t.Errorf("%s selects %s=%v", what, name, value)
			}
		}
		if len(some) == 0 {
			t.Errorf("%s selects nothing", what)
		}
	}
	text := string(out)
	for _, want := range []string{"http://$(REPLICA_NAME)." + fmt.Sprint(at(set, "spec", "serviceName")) + ":8080", "path: /readyz", "fieldPath: metadata.name", "volumeClaimTemplates"} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %s", want)
		}
	}
	mounted := map[any]bool{at(set, "spec", "volumeClaimTemplates", 0, "metadata", "name"): true}
	for _, v := range at(pod, "volumes").([]any) {
		mounted[at(v, "name")] = true
	}
	for _, m := range at(pod, "containers", 0, "volumeMounts").([]any) {
		if !mounted[at(m, "name")] {
			t.Errorf("there is no volume %v", at(m, "name"))
		}
	}
	values := documents(t, "values", []byte(readFile(t, "deploy/replicas/kubernetes/nats-values.yaml")))[0]
	if at(values, "config", "cluster", "replicas") != 3 || at(values, "config", "jetstream", "fileStore", "enabled") != true ||
		at(values, "config", "cluster", "tls", "enabled") != true || at(values, "config", "nats", "tls", "enabled") != true {
		t.Error("the nodes of the journal are not three with files and TLS")
	}
}
