package messengerbridge_test

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "messenger-bridge/"

// allowed is the architecture: what each folder may import from this module.
var allowed = map[string][]string{
	"bridge":              {"language"},
	"bridge/bridgetest":   {"bridge"},
	"bridge/placeholders": {},
	"bridge/choices":      {"bridge", "textcut"},
	"bridge/samefile":     {"bridge"},
	"bridge/origin":       {"bridge"},
	"bridge/queue":        {"bridge", "pause"},
	"bridge/settings":     {"bridge", "bridge/placeholders", "language", "near"},
	"bridge/refusals":     {"bridge", "language"},
	"bridge/notices":      {"bridge", "bridge/queue", "language"},
	"bridge/outbound":     {"bridge", "bridge/choices", "bridge/notices", "bridge/placeholders", "bridge/queue", "bridge/samefile", "language", "recent", "textcut"},
	"bridge/automatic":    {"bridge", "bridge/notices", "bridge/outbound", "bridge/placeholders", "bridge/queue", "language"},
	"bridge/inbound":      {"bridge", "bridge/automatic", "bridge/notices", "bridge/outbound", "bridge/queue", "bridge/refusals", "language", "recent"},
	"bridge/backfill":     {"bridge", "bridge/queue", "language", "pause"},
	"bridge/pages":        {"bridge", "bridge/backfill", "bridge/settings", "language"},
	"bridge/relay":        {"bridge", "bridge/automatic", "bridge/inbound", "bridge/notices", "bridge/outbound", "bridge/queue", "bridge/refusals", "language"},

	"rooms":               {"bridge", "language", "pause", "recent", "textcut"},
	"messenger":           {"bridge", "messenger/mediatype", "messenger/pace", "messenger/proof", "messenger/versions", "messenger/webhook", "messenger/wire", "pause", "recent", "rest", "textcut"},
	"messenger/mediatype": {},
	"messenger/pace":      {"bridge", "messenger/wire", "recent"},
	"messenger/proof":     {"bridge"},
	"messenger/versions":  {"bridge"},
	"messenger/webhook":   {"bridge", "intake", "messenger/wire"},
	"messenger/wire":      {"bridge", "textcut"},
	"rocketchat":          {"bridge", "language", "pause", "rest", "rocketchat/evidence", "rocketchat/limits", "rocketchat/markup", "rocketchat/ours", "rocketchat/risks", "rocketchat/wire", "textcut"},
	"rocketchat/stream":   {"bridge", "metrics", "pause", "recent", "rocketchat", "rocketchat/ddp", "rocketchat/markup", "rocketchat/wire"},
	"rocketchat/evidence": {"bridge"},
	"rocketchat/limits":   {},
	"rocketchat/ddp":      {"bridge", "rocketchat/wire"},
	"rocketchat/wire":     {"bridge", "rocketchat/markup"},
	"rocketchat/markup":   {},
	"rocketchat/ours":     {"bridge"},
	"rocketchat/risks":    {"bridge"},
	"store":               {"bridge", "replica", "store/ahead", "store/audit", "store/changes", "store/compact", "store/copied", "store/fresh", "store/health", "store/later", "store/layout", "store/linked", "store/marks", "store/pageset", "store/proof", "store/receipt", "store/seal", "store/seen", "store/space", "store/tickets", "store/trail", "store/upgrade", "store/wipe"},
	"store/apart":         {"store", "store/copied", "store/seal"},
	"store/audit":         {"bridge", "store/layout", "store/proof"},
	"store/ahead":         {"store/changes", "store/compact"},
	"store/marks":         {"bridge", "store/receipt"},
	"store/changes":       {"replica", "store/proof", "store/wipe"},
	"store/compact":       {},
	"store/copied":        {"bridge", "store/compact", "store/layout", "store/proof", "store/space"},
	"store/trail":         {"bridge", "store/changes", "store/layout", "store/proof"},
	"store/layout":        {"bridge"},
	"store/fresh":         {"bridge", "store/layout"},
	"store/health":        {},
	"store/linked":        {"bridge"},
	"store/later":         {},
	"store/pageset":       {"bridge"},
	"store/receipt":       {"bridge", "store/changes", "store/layout", "store/proof"},
	"store/space":         {},
	"store/proof":         {"store/layout", "store/seal"},
	"store/seal":          {"bridge", "store/compact"},
	"store/seen":          {"store/proof"},
	"store/tickets":       {"bridge", "store/layout", "store/seal"},
	"store/upgrade":       {"bridge", "store/layout", "store/proof", "store/seal", "store/wipe"},
	"store/wipe":          {},
	"commands":            {"bridge", "bridge/pages", "bridge/settings", "language", "near"},
	"companion":           {"bridge", "bridge/settings", "intake", "language"},
	"web":                 {"bridge", "bridge/pages", "bridge/settings", "intake", "language", "recent"},
	"metrics":             {"bridge"},

	"replica":          {},
	"journal":          {"replica"},
	"replicas":         {"intake", "journal", "replica", "store", "store/changes", "store/compact", "store/copied"},
	"replicas/compare": {"app", "journal", "replica", "store", "store/changes"},

	"intake":     {},
	"language":   {},
	"memory":     {},
	"processors": {},
	"near":       {},
	"pause":      {},
	"recent":     {},
	"rest":       {},
	"textcut":    {},

	"app/values":      {},
	"app/certificate": {},
	"app/audit":       {"bridge", "bridge/settings"},
	"app/avatars":     {"bridge"},
	"app/parts":       {"intake"},
	"app/figures":     {"metrics", "replicas"},
	"app/history":     {"bridge"},
	"app/settled":     {"app/config", "bridge", "rocketchat/stream"},
	"app/publicurl":   {"app/config", "bridge", "messenger/webhook"},
	"app/statuspage":  {},
	"app/config":      {"app/values", "bridge", "language", "replica"},
	"app": {
		"app/audit", "app/avatars", "app/certificate", "app/config", "app/figures", "app/history", "app/parts", "app/publicurl", "app/settled", "app/statuspage", "app/values", "journal", "replica", "replicas",
		"bridge", "bridge/automatic", "bridge/backfill", "bridge/origin", "bridge/outbound", "bridge/pages", "bridge/refusals", "bridge/relay",
		"bridge/settings", "commands", "companion", "language", "messenger", "messenger/webhook", "metrics", "rocketchat", "rocketchat/stream", "rooms", "store", "store/apart", "web",
		"bridge", "bridge/automatic", "bridge/backfill", "bridge/outbound", "bridge/pages", "bridge/relay", "bridge/settings",
		"commands", "companion", "intake", "language", "messenger", "messenger/webhook", "metrics", "rocketchat", "rocketchat/stream", "rooms", "store", "web",
		"bridge", "bridge/automatic", "bridge/backfill", "bridge/notices", "bridge/outbound", "bridge/pages", "bridge/refusals", "bridge/relay", "bridge/settings",
		"commands", "companion", "language", "messenger", "messenger/webhook", "metrics", "rocketchat", "rocketchat/stream", "rooms", "store", "web",
	},
	"demo":                     {"app", "app/parts", "bridge", "demo/forms", "sandbox/chat", "sandbox/meta"},
	"demo/firstday":            {"browsertest", "demo/forms", "sandbox/chat", "sandbox/meta"},
	"demo/forms":               {},
	"demo/replicas":            {"app", "bridge", "sandbox/balance", "sandbox/chat", "sandbox/cluster", "sandbox/loopback", "sandbox/meta", "store"},
	"cmd/messenger-bridge":     {"cmd/messenger-bridge/cli"},
	"cmd/messenger-bridge/cli": {"app", "app/audit", "bridge", "bridge/pages", "commands", "companion", "conformance", "demo", "memory", "processors", "replicas", "rocketchat", "store"},

	"sandbox/meta":     {"sandbox/loopback"},
	"sandbox/chat":     {"sandbox/loopback"},
	"sandbox/loopback": {},
	"sandbox/apart":    {},
	"sandbox/cable":    {},
	"sandbox/balance":  {},
	"sandbox/disk":     {},
	"sandbox/cluster":  {"sandbox/loopback"},
	"sandbox/mob":      {},
	"browsertest":      {},
	"conformance":      {},
	"e2e":              {},
	"bench/house":      {},
	"bench/chart":      {},
	"bench/load":       {},
	"bench/peers":      {},
	"bench/growth":     {"bridge", "bridge/pages", "bridge/queue", "store"},
	"bench/replicas":   {"bridge", "journal", "replica", "sandbox/cluster", "store"},
	"bench/attack":     {"sandbox/chat", "sandbox/loopback", "sandbox/meta", "sandbox/mob"},
	"bench/faults":     {"replicas/compare", "sandbox/balance", "sandbox/cable", "sandbox/chat", "sandbox/cluster", "sandbox/disk", "sandbox/loopback", "sandbox/meta"},
	"bench": {
		"bench/attack", "bench/chart", "bench/faults", "bench/growth", "bench/load", "bench/peers", "bench/replicas", "bridge", "bridge/automatic", "bridge/outbound", "bridge/pages", "bridge/queue", "bridge/relay", "language",
		"memory", "messenger", "messenger/webhook", "metrics", "processors", "rocketchat", "rocketchat/stream", "rooms", "store",
	},
}

// homes are the folders in which a third-party library may be used.
var homes = map[string][]string{
	"github.com/gorilla/websocket":        {"conformance", "rocketchat/ddp", "sandbox/chat", "bench", "bench/load"},
	"github.com/go-resty/resty/v2":        {"rest"},
	"go.etcd.io/bbolt":                    {"store", "store/ahead", "store/audit", "store/changes", "store/compact", "store/copied", "store/proof", "store/trail", "store/upgrade", "store/wipe", "replicas/compare", "bench"},
	"github.com/prometheus/client_golang": {"metrics", "app", "app/figures"},
	"github.com/prometheus/client_model":  {"metrics"},
	"google.golang.org/protobuf":          {"metrics"},
	"github.com/caarlos0/env/v11":         {"app/config"},
	"github.com/alecthomas/kong":          {"cmd/messenger-bridge/cli"},
	"github.com/jellydator/ttlcache/v3":   {"recent"},
	"github.com/rivo/uniseg":              {"textcut"},
	"github.com/go-json-experiment/json":  {"messenger/wire", "rocketchat/ddp"},
	"golang.org/x/time/rate":              {"messenger/pace"},
	"golang.org/x/text":                   {"language"},
	"golang.org/x/crypto/acme":            {"app/certificate"},
	"github.com/chromedp":                 {"browsertest", "demo/firstday"},
	"github.com/nats-io/nats.go":          {"journal"},
	"github.com/nats-io/nats-server":      {"sandbox/cluster"},
}

func TestImports_PointToTheMiddle(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatal("go list:", err)
	}
	for dec := json.NewDecoder(strings.NewReader(string(out))); dec.More(); {
		var pkg struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&pkg); err != nil {
			t.Fatal(err)
		}
		folder, ours := strings.CutPrefix(pkg.ImportPath, module)
		if !ours {
			continue // the root holds nothing but tests
		}
		mayImport, known := allowed[folder]
		if !known {
			t.Errorf("folder %s has no place in the architecture; add it to the table, or move it", folder)
		}
		for _, path := range pkg.Imports {
			checkImport(t, folder, path, mayImport)
		}
	}
}

func checkImport(t *testing.T, folder, path string, mayImport []string) {
	t.Helper()
	if inner, ours := strings.CutPrefix(path, module); ours {
		if !slices.Contains(mayImport, inner) {
			t.Errorf("%s must not import %s", folder, inner)
		}
		return
	}
	if first, _, _ := strings.Cut(path, "/"); !strings.Contains(first, ".") {
		return // the standard library
	}
	for library, where := range homes {
		if path == library || strings.HasPrefix(path, library+"/") {
			if !slices.Contains(where, folder) {
				t.Errorf("%s uses %s, whose home is %v", folder, path, where)
			}
			return
		}
	}
	t.Errorf("%s uses %s, which has no home; add it to the table with a line in docs/decisions", folder, path)
}

// The server of the journal is for tests and shows: the program holds its client only.
func TestImports_ServerOfTheJournalIsNotLinked(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "./cmd/messenger-bridge").Output()
	if err != nil {
		t.Fatal("go list:", err)
	}
	for path := range strings.Lines(string(out)) {
		if strings.Contains(path, "nats-server") || strings.HasPrefix(path, module+"sandbox/cluster") {
			t.Errorf("the program is linked with %s", strings.TrimSpace(path))
		}
	}
}
