package messengerbridge_test

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"messenger-bridge/app"
)

func readFile(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// TestDeploy_ProxiesForwardWhatIsPublicAndNothingElse compares each example with the manual's
// table, which a test of package app compares with the routes. One that ends in / means all
// below it, any other means itself alone.
func TestDeploy_ProxiesForwardWhatIsPublicAndNothingElse(t *testing.T) {
	_, section, _ := strings.Cut(readFile(t, "docs/operating.md"), "\n## Reverse proxy and TLS\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var public []string
	for _, row := range regexp.MustCompile("(?m)^\\| (`/.*?) \\|").FindAllStringSubmatch(section, -1) {
		for _, path := range quoted.FindAllStringSubmatch(row[1], -1) {
			public = append(public, path[1])
		}
	}
	slices.Sort(public)
	if len(public) < 8 {
		t.Fatalf("only %q are public", public)
	}
	for file, how := range map[string]struct{ exact, below *regexp.Regexp }{
		"deploy/proxy/nginx.conf":        {regexp.MustCompile(`location = (\S+) +\{ proxy_pass`), regexp.MustCompile(`location (/\S*) +\{ proxy_pass`)},
		"deploy/proxy/Caddyfile":         {regexp.MustCompile(` (/[a-z-]+)\b(?: |\n)`), regexp.MustCompile(` (/[a-z-]+/)\*`)},
		"deploy/replicas/Caddyfile":      {regexp.MustCompile(` (/[a-z-]+)\b(?: |\n)`), regexp.MustCompile(` (/[a-z-]+/)\*`)},
		"deploy/proxy/traefik.yaml":      {regexp.MustCompile("\\bPath\\(`(.+?)`"), regexp.MustCompile("PathPrefix\\(`(.+?)`")},
		"deploy/compose/rocketchat.yaml": {regexp.MustCompile("\\bPath\\(`(.+?)`"), regexp.MustCompile("PathPrefix\\(`(.+?)`")},
		"deploy/kubernetes/ingress.yaml": {regexp.MustCompile(`path: (\S+), pathType: Exact`), regexp.MustCompile(`path: (\S+), pathType: Prefix`)},
	} {
		var forwarded []string
		text := readFile(t, file)
		if strings.HasSuffix(file, "/Caddyfile") { // words of its paths stand close to one another
			_, text, _ = strings.Cut(text, "@public path")
			text, _, _ = strings.Cut(text, "\n")
			text = strings.ReplaceAll(text, " ", "  ") + "\n"
		}
		for _, found := range how.exact.FindAllStringSubmatch(text, -1) {
			if forwarded = append(forwarded, found[1]); strings.HasSuffix(found[1], "/") {
				t.Errorf("%s: %s is forwarded alone", file, found[1])
			}
		}
		for _, found := range how.below.FindAllStringSubmatch(text, -1) {
			if forwarded = append(forwarded, found[1]); !strings.HasSuffix(found[1], "/") {
				t.Errorf("%s: %s is forwarded with all that begins like it", file, found[1])
			}
		}
		if slices.Sort(forwarded); !slices.Equal(forwarded, public) {
			t.Errorf("%s forwards %q; public are %q", file, forwarded, public)
		}
		if !strings.Contains(text, "8388608") && !strings.Contains(readFile(t, file), "8m") && !strings.Contains(readFile(t, file), "8MiB") {
			t.Errorf("%s does not say that bodies have up to 8 MiB", file)
		}
	}
}

// documents reads a file of YAML documents.
func documents(t *testing.T, name string, text []byte) (all []map[string]any) {
	t.Helper()
	dec := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var doc map[string]any
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all = append(all, doc)
	}
}

// at goes down into a document.
func at(v any, path ...any) any {
	for _, step := range path {
		switch in := v.(type) {
		case map[string]any:
			v = in[step.(string)]
		case []any:
			i, ok := step.(int)
			if !ok || i >= len(in) {
				return nil
			}
			v = in[i]
		default:
			return nil
		}
	}
	return v
}

// TestDeploy_FilesNameVariablesThatExist: a variable that the bridge does not know would be
// without effect.
func TestDeploy_FilesNameVariablesThatExist(t *testing.T) {
	known := app.Environment()
	variable := regexp.MustCompile(`(?m)^\s*(?:- \{name: |Environment=)?([A-Z][A-Z_]+)(?:=|: |, value)`)
	count := 0
	for _, file := range []string{"deploy/bridge.env.example", "deploy/kubernetes/bridge.env", "deploy/compose/compose.yaml", "deploy/compose/rocketchat.yaml", "deploy/replicas/compose.yaml",
		"deploy/replicas/kubernetes/statefulset.yaml",
		"deploy/kubernetes/statefulset.yaml", "deploy/systemd/messenger-bridge.service"} {
		for _, found := range variable.FindAllStringSubmatch(readFile(t, file), -1) {
			name := strings.TrimSuffix(found[1], "_FILE")
			if slices.Contains([]string{"BRIDGE_HOST", "BRIDGE_ADDRESS", "BRIDGE_ADDRESSES", "BRIDGE_NKEY", "COMPOSE_PROFILES"}, name) || strings.HasPrefix(name, "ROUTE_") { // the proxy's, and those of NATS
				continue
			}
			if count++; !strings.Contains(known, "\n  "+name+" ") && !strings.Contains(known, "\n  "+found[1]+" ") {
				t.Errorf("%s: there is no variable %s", file, found[1])
			}
		}
	}
	if count < 20 {
		t.Errorf("only %d variables were found", count)
	}
	if readFile(t, "deploy/bridge.env.example") != readFile(t, "deploy/kubernetes/bridge.env") {
		t.Error("the two bridge.env differ")
	}
}

func TestDeploy_ComposeFilesHoldTogether(t *testing.T) {
	for file, service := range map[string]string{"deploy/compose/compose.yaml": "bridge", "deploy/compose/rocketchat.yaml": "messenger-bridge"} {
		doc := documents(t, file, []byte(readFile(t, file)))[0]
		bridge := at(doc, "services", service)
		for _, secret := range at(bridge, "secrets").([]any) {
			if at(doc, "secrets", secret.(string), "file") == nil {
				t.Errorf("%s: there is no secret %s", file, secret)
			}
			if !strings.Contains(readFile(t, file), "_FILE: /run/secrets/"+secret.(string)+"\n") {
				t.Errorf("%s: nobody reads the secret %s", file, secret)
			}
		}
		for _, volume := range at(bridge, "volumes").([]any) {
			name, _, _ := strings.Cut(volume.(string), ":")
			if volumes, _ := at(doc, "volumes").(map[string]any); volumes[name] == nil {
				t.Errorf("%s: there is no volume %s", file, name)
			}
		}
		if at(bridge, "read_only") != true || at(bridge, "cap_drop", 0) != "ALL" || at(bridge, "ports") != nil {
			t.Errorf("%s: the bridge is more open than it must be", file)
		}
	}
	labels := at(documents(t, "overlay", []byte(readFile(t, "deploy/compose/rocketchat.yaml")))[0], "services", "messenger-bridge", "labels")
	for label, want := range map[string]string{"prometheus.io/scrape": "true", "prometheus.io/port": "9090", "traefik.enable": "true",
		"traefik.http.services.messenger-bridge.loadbalancer.server.port": "8080"} {
		if at(labels, label) != want {
			t.Errorf("the label %s is %v", label, at(labels, label))
		}
	}
}

// TestDeploy_KubernetesHoldsTogether builds what is applied.
func TestDeploy_KubernetesHoldsTogether(t *testing.T) {
	kubectl, err := exec.LookPath("kubectl")
	if err != nil {
		t.Skip("there is no kubectl")
	}
	out, err := exec.Command(kubectl, "kustomize", "deploy/kubernetes").Output()
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]map[string]any{}
	for _, doc := range documents(t, "kustomize", out) {
		kinds[doc["kind"].(string)] = doc
	}
	pod := at(kinds["StatefulSet"], "spec", "template", "spec")
	container := at(pod, "containers", 0)
	if at(container, "envFrom", 0, "configMapRef", "name") != at(kinds["ConfigMap"], "metadata", "name") {
		t.Error("the pod reads another ConfigMap")
	}
	ports := map[any]bool{}
	for _, p := range at(container, "ports").([]any) {
		ports[at(p, "name")] = true
	}
	for _, p := range []any{at(container, "livenessProbe", "httpGet", "port"), at(container, "readinessProbe", "httpGet", "port"),
		at(kinds["Service"], "spec", "ports", 0, "targetPort"), at(kinds["Service"], "spec", "ports", 1, "targetPort")} {
		if !ports[p] {
			t.Errorf("the container has no port %v", p)
		}
	}
	volumes := map[any]bool{at(kinds["StatefulSet"], "spec", "volumeClaimTemplates", 0, "metadata", "name"): true}
	for _, v := range at(pod, "volumes").([]any) {
		volumes[at(v, "name")] = true
	}
	for _, m := range at(container, "volumeMounts").([]any) {
		if !volumes[at(m, "name")] {
			t.Errorf("there is no volume %v", at(m, "name"))
		}
	}
	for _, p := range at(kinds["Ingress"], "spec", "rules", 0, "http", "paths").([]any) {
		if at(p, "backend", "service", "name") != at(kinds["Service"], "metadata", "name") {
			t.Errorf("%v leads to another service", at(p, "path"))
		}
	}
	labels := at(kinds["StatefulSet"], "spec", "template", "metadata", "labels")
	for name, value := range at(kinds["Service"], "spec", "selector").(map[string]any) {
		if at(labels, name) != value {
			t.Errorf("the service selects %s=%v", name, value)
		}
	}
}

// TestDeploy_SystemdTakesTheUnit has systemd read it, with a program that is there.
func TestDeploy_SystemdTakesTheUnit(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("there is no systemd-analyze")
	}
	unit := filepath.Join(t.TempDir(), "messenger-bridge.service")
	if err := os.WriteFile(unit, []byte(strings.Replace(readFile(t, "deploy/systemd/messenger-bridge.service"), "/usr/bin/messenger-bridge", "/bin/true", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(analyze, "verify", unit).CombinedOutput(); err != nil || len(bytes.TrimSpace(out)) > 0 {
		t.Errorf("%v %s", err, out)
	}
	if out, err := exec.Command(analyze, "security", "--offline=true", "--threshold=20", unit).CombinedOutput(); err != nil && bytes.Contains(out, []byte("exposure level")) {
		t.Errorf("it is more open than it must be: %s", out[max(0, len(out)-200):])
	}
}

// TestDeploy_SystemdShowsWhatTheMemoryLimitIsMadeOf, and names together what a port below 1024 needs: a capability of a
// private user namespace opens none.
func TestDeploy_SystemdShowsWhatTheMemoryLimitIsMadeOf(t *testing.T) {
	unit := readFile(t, "deploy/systemd/messenger-bridge.service")
	if strings.Contains(unit, "\nProcSubset=pid") {
		t.Error("/proc/meminfo is hidden, so that there is no memory limit")
	}
	if !strings.Contains(unit, "\n#PrivateUsers=no\n#CapabilityBoundingSet=CAP_NET_BIND_SERVICE\n#AmbientCapabilities=CAP_NET_BIND_SERVICE\n") {
		t.Error("what LISTEN=:443 needs is not named")
	}
}

// TestDeploy_SystemdStartsTheBridgeAgainWhateverItsStatus: Go ends with status 2 on a panic.
func TestDeploy_SystemdStartsTheBridgeAgainWhateverItsStatus(t *testing.T) {
	unit := readFile(t, "deploy/systemd/messenger-bridge.service")
	if !strings.Contains(unit, "\nRestart=always\n") || regexp.MustCompile(`(?m)^RestartPreventExitStatus=`).MatchString(unit) {
		t.Error("there are ends after which systemd leaves the bridge down")
	}
}

// TestDeploy_PackagesHoldWhatTheUnitNames: a package brings what the unit starts and reads.
func TestDeploy_PackagesHoldWhatTheUnitNames(t *testing.T) {
	unit, packed := readFile(t, "deploy/systemd/messenger-bridge.service"), map[string]bool{}
	for _, c := range at(documents(t, "nfpm", []byte(readFile(t, ".ci/nfpm.yaml")))[0], "contents").([]any) {
		packed[at(c, "dst").(string)] = true
		if src := at(c, "src").(string); !strings.HasPrefix(src, "${") {
			readFile(t, src)
		}
	}
	for _, line := range []string{`ExecStart=(\S+) serve`, `EnvironmentFile=(\S+)`} {
		if named := regexp.MustCompile(line).FindStringSubmatch(unit); named == nil || !packed[named[1]] {
			t.Errorf("the packages do not hold %q", named)
		}
	}
}

// TestDeploy_ProxiesTakeTheirExamples has nginx and Caddy read them.
func TestDeploy_ProxiesTakeTheirExamples(t *testing.T) {
	for _, file := range []string{"deploy/proxy/Caddyfile", "deploy/replicas/Caddyfile"} {
		caddy, err := exec.LookPath("caddy")
		if err != nil {
			break
		}
		cmd := exec.Command(caddy, "validate", "--adapter", "caddyfile", "--config", file)
		cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("caddy: %v %s", err, out)
		}
	}
	nginx, err := exec.LookPath("nginx")
	if err != nil {
		t.Skip("there is no nginx")
	}
	dir := t.TempDir()
	server := httptest.NewTLSServer(nil)
	server.Close()
	pair := server.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: pair.Certificate[0]}, "key.pem": {Type: "PRIVATE KEY", Bytes: key}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	example := strings.NewReplacer("/etc/letsencrypt/live/bridge.example.org/fullchain.pem", dir+"/cert.pem", "/etc/letsencrypt/live/bridge.example.org/privkey.pem", dir+"/key.pem").
		Replace(readFile(t, "deploy/proxy/nginx.conf"))
	whole := "pid " + dir + "/pid; error_log stderr; events {} http { access_log off;"
	for _, folder := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		whole += folder + "_temp_path " + dir + "/" + folder + ";"
	}
	if err := os.WriteFile(filepath.Join(dir, "nginx.conf"), []byte(whole+example+"}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(nginx, "-t", "-p", dir, "-c", filepath.Join(dir, "nginx.conf")).CombinedOutput(); err != nil || !bytes.Contains(out, []byte("test is successful")) {
		t.Errorf("nginx: %v %s", err, out)
	}
}

// TestDeploy_ImageGetsAllItNeeds: what .dockerignore leaves out is no part of the program, and
// no base is named without its version.
func TestDeploy_ImageGetsAllItNeeds(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if .Module}}{{if .Module.Main}}{{.ImportPath}}{{end}}{{end}}", "./cmd/messenger-bridge").Output()
	if err != nil {
		t.Fatal(err)
	}
	for pattern := range strings.Lines(readFile(t, ".dockerignore")) {
		pattern = strings.TrimSpace(pattern)
		for pkg := range strings.FieldsSeq(string(out)) {
			folder := strings.TrimPrefix(pkg, "messenger-bridge/")
			if pattern != "" && (folder == pattern || strings.HasPrefix(folder, pattern+"/")) {
				t.Errorf("%s is left out, and needed", folder)
			}
		}
	}
	dockerfile := readFile(t, "Dockerfile")
	for _, base := range regexp.MustCompile(`(?m)^(?:FROM|ARG GO_IMAGE=)\s*(\S+)`).FindAllStringSubmatch(dockerfile, -1) {
		if base[1] != "scratch" && base[1] != "$GO_IMAGE" && !regexp.MustCompile(`:\d+\.\d+\.\d+`).MatchString(base[1]) {
			t.Errorf("the base %s is not pinned", base[1])
		}
	}
	for _, label := range []string{"title", "licenses", "version", "revision", "created"} {
		if !strings.Contains(dockerfile, "org.opencontainers.image."+label+"=") {
			t.Errorf("the image has no label %s", label)
		}
	}
	var mod struct{ Go string }
	text, err := exec.Command("go", "mod", "edit", "-json").Output()
	if err == nil {
		err = json.Unmarshal(text, &mod)
	}
	if minor := strings.Join(strings.Split(mod.Go, ".")[:2], "."); err != nil || !strings.Contains(dockerfile, "GO_IMAGE=golang:"+minor+".") {
		t.Errorf("the image is built by another Go than %s (%v)", mod.Go, err)
	}
}
