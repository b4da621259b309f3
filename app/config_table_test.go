package app

import (
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"messenger-bridge/store"
)

// TestConfigTest_FindsEachBadConfigurationByName changes one thing of a good environment at a
// time. Each row names the variable that must be blamed, and words that must be said; nothing
// else may be blamed.
func TestConfigTest_FindsEachBadConfigurationByName(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	good := goodEnvironment(dir)
	if r := ExamineConfig(t.Context(), list(good)); !r.Good {
		t.Fatalf("a good configuration is blamed: %+v", r)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	rows := badConfigurations(t, dir, taken.Addr().String())
	if len(rows) < 50 {
		t.Fatalf("only %d bad configurations", len(rows))
	}
	for _, row := range rows {
		vars := maps.Clone(good)
		for name, value := range row.change {
			if vars[name] = value; value == unset {
				delete(vars, name)
			}
		}
		r := ExamineConfig(t.Context(), list(vars))
		found := ""
		for _, p := range r.Problems {
			if strings.Contains(p.Variable, row.blamed) && strings.Contains(p.Text, row.says) && strings.Contains(p.Text, row.blamed) {
				found = p.Text
			} else {
				t.Errorf("%v: also blamed: %s", row.change, p.Text)
			}
		}
		if found == "" || r.Good {
			t.Errorf("%v: %s is not blamed with %q: %+v", row.change, row.blamed, row.says, r.Problems)
		}
	}
}

// unset takes a variable away.
const unset = "\x00"

func list(vars map[string]string) (environ []string) {
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		environ = append(environ, name+"="+vars[name])
	}
	return environ
}

// goodEnvironment has what shells and systemd set as well.
func goodEnvironment(dir string) map[string]string {
	return map[string]string{
		"ROCKETCHAT_URL": "http://127.0.0.1:3000", "ROCKETCHAT_USER": "facebook.bot", "ROCKETCHAT_PASSWORD": "a word",
		"FACEBOOK_APP_ID": "900800700600500", "FACEBOOK_APP_SECRET": "0123456789abcdef0123456789abcdef", "FACEBOOK_VERIFY_TOKEN": "verify",
		"PUBLIC_URL": "https://127.0.0.1:8443/bridge", "FACEBOOK_GRAPH_URL": "http://127.0.0.1:1", "DATABASE": filepath.Join(dir, "bolt.db"),
		"LISTEN": "127.0.0.1:0", "METRICS_LISTEN": "127.0.0.1:0", "LANGUAGE": "en_US:en", "LANG": "fr_FR.UTF-8", "LC_ALL": "C", "USER": "bridge", "HOME": "/",
		"LISTEN_FDS": "1", "LISTEN_PID": "7", "LISTENER": "", "TERM": "xterm", "HOSTNAME": "host", "PATH": "/bin", "DATABASE_URL": "postgres://elsewhere",
	}
}

type badConfiguration struct {
	change       map[string]string
	blamed, says string
}

func badConfigurations(t *testing.T, dir, taken string) []badConfiguration {
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	another := filepath.Join(dir, "another.db")
	s, err := store.Open(store.Options{Path: another})
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	withoutKey := file("nokey.db", read(t, another))
	one := func(name, value, says string) badConfiguration {
		return badConfiguration{map[string]string{name: value}, name, says}
	}
	return []badConfiguration{
		one("ROCKETCHAT_URL", unset, "must be set"),
		one("ROCKETCHAT_URL", "", "must not be empty"),
		one("ROCKETCHAT_URL", "chat.example.org", "https://host.example"),
		one("ROCKETCHAT_URL", "ftp://chat.example.org", "https://host.example"),
		one("ROCKETCHAT_URL", "https://chat.example.org?x=1", "without query"),
		one("ROCKETCHAT_URL", "https://bot:secret@127.0.0.1", "password"),
		one("ROCKETCHAT_URL", "https://127.0.0.1:99999", "65535"),
		one("ROCKETCHAT_URL", "https://300.0.0.1", "0 to 255"),
		one("ROCKETCHAT_URL", "https://chat_.-.example", "host"),
		one("ROCKETCHAT_URL", "http://127.0.0.1/api/v1", "without what stands behind"),
		one("ROCKETCHAT_URL", `"http://127.0.0.1"`, "https://host.example"),
		one("ROCKETCHAT_USER", unset, "ROCKETCHAT_USER is missing"),
		one("ROCKETCHAT_PASSWORD", unset, "ROCKETCHAT_PASSWORD is missing"),
		one("ROCKETCHAT_USER", "@facebook.bot", "without @"),
		one("ROCKETCHAT_USER", "facebook bot", "spaces"),
		one("ROCKETCHAT_USER", `"facebook.bot"`, "quotes"),
		{map[string]string{"ROCKETCHAT_USER": unset, "ROCKETCHAT_PASSWORD": unset, "ROCKETCHAT_TOKEN": "t"}, "ROCKETCHAT_USER_ID", "ROCKETCHAT_USER_ID is missing"},
		{map[string]string{"ROCKETCHAT_USER": unset, "ROCKETCHAT_PASSWORD": unset, "ROCKETCHAT_USER_ID": "u"}, "ROCKETCHAT_TOKEN", "ROCKETCHAT_TOKEN is missing"},
		{map[string]string{"ROCKETCHAT_USER_ID": "u", "ROCKETCHAT_TOKEN": "t"}, "ROCKETCHAT_TOKEN", "both are given"},
		{map[string]string{"FACEBOOK_APP_ID": unset, "FACEBOOK_AP_ID": "1"}, "FACEBOOK_AP", "FACEBOOK_APP_ID"},
		{map[string]string{"FACEBOOK_APP_ID": unset, "FACEBOOK_APPID": "1"}, "FACEBOOK_APP", "FACEBOOK_APPID"},
		{map[string]string{"FACEBOOK_APP_ID": unset, "FACEBOOK_APP_ID_FILE": "/x"}, "FACEBOOK_APP_ID", "FACEBOOK_APP_ID_FILE is set"},
		one("FACEBOOK_APP_ID", "my-app", "number"),
		one("FACEBOOK_APP_SECRET", unset, "must be set"),
		one("FACEBOOK_APP_SECRET", " , ", "app's secret"),
		one("FACEBOOK_APP_SECRET", "a,b,c", "more than two"),
		one("FACEBOOK_VERIFY_TOKEN", unset, "must be set"),
		one("FACEBOOK_VERIFY_TOKEN", "0123456789abcdef0123456789abcdef", "app's secret"),
		one("FACEBOOK_GRAPH_VERSION", "26", "v27.0"),
		one("FACEBOOK_GRAPH_URL", "graph.facebook.com", "https://host.example"),
		one("FACEBOOK_GRAPH_URL", "http://127.0.0.1:1/v26.0", "FACEBOOK_GRAPH_VERSION"),
		one("FACEBOOK_LOGIN_URL", "www.facebook.com", "https://host.example"),
		one("FACEBOOK_LOGIN_CONFIG_ID", "abc", "number"),
		one("PUBLIC_URL", unset, "must be set"),
		one("PUBLIC_URL", "http://shop.example", "begin with https"),
		one("PUBLIC_URL", "https://127.0.0.1/webhook", "leave it out"),
		one("PUBLIC_URL", "http://127.0.0.1:3000", "workspace's address"),
		one("LISTEN", "8080", "write :8080"),
		one("LISTEN", ":99999", "no port"),
		one("LISTEN", taken, "another program listens"),
		one("METRICS_LISTEN", "localhost", "127.0.0.1:8080"),
		{map[string]string{"LISTEN": ":18080", "METRICS_LISTEN": "127.0.0.1:18080"}, "METRICS_LISTEN", "where LISTEN listens"},
		one("METRICS_LISTEN", "203.0.113.7:9090", "no such address"),
		one("PROFILE_LISTEN", "6060", "write :6060"),
		one("DATABASE", "postgres://db/bridge", "file path"),
		one("DATABASE", filepath.Join(dir, "none", "bolt.db"), "make the folder"),
		one("DATABASE", dir, "folder"),
		one("DATABASE", dir+"/", "folder"),
		one("DATABASE", "/"+strings.Repeat("d", 103), "Unix socket"),
		{map[string]string{"DATABASE": file("notes.txt", strings.Repeat("no store ", 2000)), "SECRET_KEY": strings.Repeat("A", 43) + "="}, "DATABASE", "something else"},
		{map[string]string{"DATABASE": withoutKey}, "SECRET_KEY", "put the key file back"},
		{map[string]string{"DATABASE": another, "SECRET_KEY": strings.Repeat("A", 43) + "="}, "SECRET_KEY", "wrong secret key"},
		one("SECRET_KEY", "short", "32 bytes"),
		one("SETUP_CHANNEL", "#setup", "without #"),
		one("SETUP_CHANNEL", "our setup", "spaces"),
		one("COMMAND_USERS", "maria otto", "commas"),
		one("BOT_USERS", "a;b", "commas"),
		one("COMMANDS_SECRET", "short", "32 characters"),
		one("LANGUAGE", "klingon", "must be one of"),
		one("LANGUAGE", "fi", "must be one of"),
		one("TIMEZONE", "Mars/Olympus", "Europe/Berlin"),
		one("TIME_ZONE", "Europe/Berlin", "TIMEZONE"),
		one("ATTACHMENT_HOSTS", "*.fbcdn.net", "without the star"),
		one("ATTACHMENT_HOSTS", "fbcdn.net/x", "names hosts"),
		one("LOG_LEVEL", "loud", "debug, info, warn or error"),
		one("LOGLEVEL", "debug", "LOG_LEVEL"),
		one("LOG_FORMAT", "xml", "text or json"),
		one("SHUTDOWN_GRACE", "10", "10s"),
		one("SHUTDOWN_GRACE", "-1s", "negative"),
		one("SHUTDOWN_GRACE", "2h", "waits as long"),
		{map[string]string{"ROCKETCHAT_PASSWORD_FILE": file("word", "x")}, "ROCKETCHAT_PASSWORD", "both set"},
		{map[string]string{"FACEBOOK_APP_SECRET": unset, "FACEBOOK_APP_SECRET_FILE": "/does/not/exist"}, "FACEBOOK_APP_SECRET_FILE", "cannot be read"},
		{map[string]string{"FACEBOOK_APP_SECRET": unset, "FACEBOOK_APP_SECRET_FILE": dir}, "FACEBOOK_APP_SECRET_FILE", "cannot be read"},
		{map[string]string{"FACEBOOK_APP_SECRET": unset, "FACEBOOK_APP_SECRET_FILE": file("latin", "gr\xfc\xdfe")}, "FACEBOOK_APP_SECRET_FILE", "UTF-8"},
		one("COMMANDS_SECRET_FILE", file("empty", "\n"), "empty"),
		one("COMMAND_SECRET", strings.Repeat("s", 32), "COMMANDS_SECRET"),
		one("PUBLIC_URL_FILE", "/x", "no secret"),
		one("TLS_KEY_FILE", "/x", "TLS_CERTIFICATE_FILE and TLS_KEY_FILE"),
		{map[string]string{"TLS_CERTIFICATE_FILE": "/no/cert", "TLS_KEY_FILE": "/no/key"}, "TLS_CERTIFICATE_FILE", "no such file"},
		one("ACME", "yes", "on or off"),
		one("ACME", "on", "PUBLIC_URL"),
		{map[string]string{"JOURNAL_URL": "nats://127.0.0.1:4222", "SECRET_KEY": strings.Repeat("A", 43) + "=", "REPLICA_URL": "http://bridge-1:8080", "ACME": "on", "PUBLIC_URL": "https://bridge.example.org"}, "REPLICA_URL", "LISTEN speaks TLS"},
		{map[string]string{"JOURNAL_URL": "nats://127.0.0.1:4222", "SECRET_KEY": strings.Repeat("A", 43) + "=", "REPLICA_URL": "https://bridge-1:8080", "ACME": "on", "PUBLIC_URL": "https://bridge.example.org"}, "REPLICA_URL", "the host of PUBLIC_URL"},
		one("ACME_LISTEN", "127.0.0.1:0", "ACME is not on"),
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
