package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"messenger-bridge/store"
)

func TestServeHelp_NamesEveryVariable(t *testing.T) {
	code, out, _ := runLine(t, nil, "serve", "--help")
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
	for _, name := range []string{"ROCKETCHAT_URL", "FACEBOOK_APP_SECRET", "PUBLIC_URL", "DATABASE", "SECRET_KEY", "SHUTDOWN_GRACE", "_FILE", "SIGHUP"} {
		if !strings.Contains(out, name) {
			t.Errorf("--help does not mention %s", name)
		}
	}
}

func TestCommandLine_Misuse_ExitsWithTwo(t *testing.T) {
	if code, _, errText := runLine(t, nil, "pages", "add"); code != 2 || !strings.Contains(errText, "--page-id") {
		t.Errorf("code %d, %q", code, errText)
	}
	if code, _, errText := runLine(t, nil, "statsu"); code != 2 || !strings.Contains(errText, `"status"`) || !strings.Contains(errText, "messenger-bridge help") {
		t.Errorf("code %d, %q", code, errText)
	}
	if code, _, errText := runLine(t, nil, "retry"); code != 2 || !strings.Contains(errText, "failed") {
		t.Errorf("code %d, %q", code, errText)
	}
	if code, _, errText := runLine(t, nil, "demo", "--json"); code != 2 || !strings.Contains(errText, "JSON") {
		t.Errorf("code %d, %q", code, errText)
	}
	if code, _, errText := runLine(t, nil, "serve"); code != 1 || !strings.Contains(errText, "ROCKETCHAT_URL must be set") {
		t.Errorf("code %d, %q", code, errText)
	}
}

// TestCommandLine_WithoutArguments: a question is answered; a bridge that somebody meant to
// start is no success.
func TestCommandLine_WithoutArguments_SaysHowItIsUsed(t *testing.T) {
	code, out, errText := runLine(t, []string{"HOME=/"})
	if code != 0 || !strings.Contains(out, "Usage: messenger-bridge") || !strings.Contains(out, "New here? `messenger-bridge demo`") || errText != "" {
		t.Errorf("code %d, %q, %q", code, out, errText)
	}
	if !strings.Contains(out, "3 something does not work") {
		t.Error("exit codes are not listed")
	}
	code, out, errText = runLine(t, []string{"ROCKETCHAT_URL=https://chat.example.org"})
	if code != 2 || !strings.Contains(out, "New here?") || !strings.Contains(errText, "messenger-bridge serve") {
		t.Errorf("code %d, %q, %q", code, out, errText)
	}
}

func TestCommandLine_HelpAndVersion(t *testing.T) {
	for _, line := range [][]string{{"help"}, {"--help"}, {"-h"}} {
		if code, out, _ := runLine(t, nil, line...); code != 0 || !strings.Contains(out, "Usage: messenger-bridge") || !strings.Contains(out, "doctor") {
			t.Errorf("%v: code %d, %q", line, code, out)
		}
	}
	for _, line := range [][]string{{"help", "pages", "add"}, {"pages", "add", "--help"}} {
		if code, out, _ := runLine(t, nil, line...); code != 0 || !strings.Contains(out, "--token-file") {
			t.Errorf("%v: code %d, %q", line, code, out)
		}
	}
	if code, _, errText := runLine(t, nil, "help", "nothing"); code != 2 || !strings.Contains(errText, "nothing") {
		t.Errorf("code %d, %q", code, errText)
	}
	for _, line := range [][]string{{"--version"}, {"version"}} {
		if code, out, _ := runLine(t, nil, line...); code != 0 || !strings.HasPrefix(out, "messenger-bridge devel (") || !strings.Contains(out, "go1.") {
			t.Errorf("%v: code %d, %q", line, code, out)
		}
	}
	var about struct{ Version, Go, Platform string }
	if _, out, _ := runLine(t, nil, "version", "--json"); json.Unmarshal([]byte(out), &about) != nil || about.Version != "devel" || about.Platform == "" {
		t.Errorf("%q", out)
	}
}

// TestCompletion_AsAShellAsks asks as the scripts do.
func TestCompletion_AsAShellAsks(t *testing.T) {
	for _, c := range []struct {
		words []string
		has   []string
		not   []string
	}{
		{[]string{""}, []string{"serve", "config", "demo", "help", "restore"}, []string{"example", "--json"}},
		{[]string{"st"}, []string{"status"}, []string{"serve"}},
		{[]string{"pages", ""}, []string{"add", "list", "remove"}, []string{"serve"}},
		{[]string{"help", "pages", "a"}, []string{"add"}, []string{"list"}},
		{[]string{"pages", "add", "--"}, []string{"--page-id", "--token-file", "--json"}, []string{"--fix"}},
		{[]string{"pages", "add", "--token-file", ""}, []string{":files"}, nil},
		{[]string{"completion", ""}, []string{"bash", "zsh", "fish"}, nil},
		{[]string{"log-level", "--json", "d"}, []string{"debug"}, []string{"info"}},
		{[]string{"log-level", "debug", ""}, nil, []string{"debug"}},
		{[]string{"restore", ""}, []string{":files"}, nil},
		{[]string{"nothing", "--x", "y"}, nil, []string{"serve"}},
	} {
		code, out, _ := runLine(t, nil, append([]string{"__complete"}, c.words...)...)
		found := map[string]bool{}
		for line := range strings.Lines(out) {
			word, _, _ := strings.Cut(strings.TrimSpace(line), "\t")
			found[word] = true
		}
		for _, w := range c.has {
			if !found[w] || code != 0 {
				t.Errorf("%q: %s is not offered: %q", c.words, w, out)
			}
		}
		for _, w := range c.not {
			if found[w] {
				t.Errorf("%q: %s is offered", c.words, w)
			}
		}
	}
}

// TestCompletion_ScriptsAreRead lets each shell that is there read its script; bash also
// completes a word with it.
func TestCompletion_ScriptsAreRead(t *testing.T) {
	dir := t.TempDir()
	for shell, check := range map[string][]string{"bash": {"-n"}, "zsh": {"-n"}, "fish": {"--no-execute"}} {
		code, script, _ := runLine(t, nil, "completion", shell)
		if code != 0 || !strings.Contains(script, completing) {
			t.Fatalf("%s: code %d, %q", shell, code, script)
		}
		path := filepath.Join(dir, shell)
		if err := os.WriteFile(path, []byte(script), 0o600); err != nil {
			t.Fatal(err)
		}
		if program, err := exec.LookPath(shell); err == nil {
			if out, err := exec.Command(program, append(check, path)...).CombinedOutput(); err != nil {
				t.Errorf("%s: %v %s", shell, err, out)
			}
		}
	}
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("there is no bash")
	}
	out, err := exec.Command(bash, "-c", `messenger-bridge() { printf 'status\tShow\nserve\tRun\n:files\n'; }
source "$0"; cd "$1"; COMP_WORDS=(messenger-bridge ba) COMP_CWORD=1; _messenger_bridge; printf '%s ' "${COMPREPLY[@]}"`, filepath.Join(dir, "bash"), dir).CombinedOutput()
	if err != nil || string(out) != "status serve bash " {
		t.Errorf("%v %q", err, out)
	}
}

func TestConfigTest_SaysWhatIsWrong_AndExitsWithThree(t *testing.T) {
	environ := []string{"ROCKETCHAT_URL=http://127.0.0.1:1", "ROCKETCHAT_USER=bot", "ROCKETCHAT_PASSWORD=secret", "FACEBOOK_APP_SECRET=app-secret", "FACEBOOK_AP_ID=1",
		"FACEBOOK_VERIFY_TOKEN=v", "PUBLIC_URL=https://127.0.0.1", "FACEBOOK_GRAPH_URL=http://127.0.0.1:1", "DATABASE=" + t.TempDir() + "/bolt.db", "LISTEN=127.0.0.1:0", "METRICS_LISTEN="}
	code, out, _ := runLine(t, environ, "config", "test")
	if code != 3 || !strings.Contains(out, "✗ FACEBOOK_APP_ID must be set; FACEBOOK_AP_ID is set, which looks like it") || strings.Contains(out, "app-secret") {
		t.Errorf("code %d, %s", code, out)
	}
	var report struct {
		Good     bool
		Problems []struct{ Variable, Problem string }
	}
	code, out, _ = runLine(t, environ, "config", "test", "--json")
	if err := json.Unmarshal([]byte(out), &report); err != nil || code != 3 || report.Good || len(report.Problems) != 1 || report.Problems[0].Variable != "FACEBOOK_APP_ID" {
		t.Errorf("code %d, %v, %s", code, err, out)
	}
	if code, out, _ := runLine(t, append(environ, "FACEBOOK_APP_ID=1", "FACEBOOK_AP_ID="), "config", "test"); code != 0 || !strings.Contains(out, "The configuration is good") {
		t.Errorf("code %d, %s", code, out)
	}
}

// TestRestore_RefusesWithoutHarm_AndKeepsWhatIsThere goes from a wrong key to a restored store.
func TestRestore_RefusesWithoutHarm_AndKeepsWhatIsThere(t *testing.T) {
	dir := t.TempDir()
	path, copied := filepath.Join(dir, "bolt.db"), filepath.Join(dir, "copy")
	environ := []string{"DATABASE=" + path}
	open := func(path string) *store.Store {
		t.Helper()
		s, err := store.Open(store.Options{Path: path})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	open(path).Close()
	if code, _, errText := runLine(t, environ, "backup", "--database", path, copied); code != 0 {
		t.Fatal(errText)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(what, says string, environ []string, args ...string) {
		t.Helper()
		code, _, errText := runLine(t, environ, append([]string{"restore", "--database", path}, args...)...)
		after, err := os.ReadFile(path)
		if code != 1 || !strings.Contains(errText, says) || err != nil || !bytes.Equal(after, before) {
			t.Errorf("%s: code %d, %q, %v", what, code, errText, err)
		}
	}
	refused("no such file", "none", environ, filepath.Join(dir, "none"))
	notes := filepath.Join(dir, "notes")
	if err := os.WriteFile(notes, []byte(strings.Repeat("no store ", 3000)), 0o600); err != nil {
		t.Fatal(err)
	}
	refused("no store", "not restored", environ, notes)
	refused("another key", "wrong secret key", append(environ, "SECRET_KEY="+strings.Repeat("A", 43)+"="), copied)
	running := open(path)
	refused("a bridge runs", "Stop the bridge first", environ, copied)
	if err := running.Close(); err != nil {
		t.Fatal(err)
	}
	before, _ = os.ReadFile(path)
	var done struct{ Database, From, Before string }
	code, out, errText := runLine(t, environ, "restore", "--database", path, copied, "--json")
	if err := json.Unmarshal([]byte(out), &done); err != nil || code != 0 || done.Before == "" {
		t.Fatalf("code %d, %s %s", code, out, errText)
	}
	if kept, err := os.ReadFile(done.Before); err != nil || !bytes.Equal(kept, before) {
		t.Error("what was there is not kept", err)
	}
	open(path).Close()
	if left, _ := filepath.Glob(path + ".restore*"); len(left) > 0 {
		t.Errorf("left over: %q", left)
	}
}

// runLine runs one command line as a shell would.
func runLine(t *testing.T, environ []string, args ...string) (code int, out, err string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = Run(t.Context(), args, Stdio{Environ: environ, In: strings.NewReader(""), Out: &stdout, Err: &stderr})
	return code, stdout.String(), stderr.String()
}

// Ctrl-C ends a command that waits for an answer.
func TestRun_StoppedWhileItAsks_Ends(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	in, out := io.Pipe()
	defer out.Close()
	asked := make(chan struct{})
	var once sync.Once
	said := writes(func() { once.Do(func() { close(asked) }) })
	environ := []string{"ROCKETCHAT_URL=http://rocketchat.invalid", "PUBLIC_URL=https://bridge.example", "COMMANDS_SECRET=0123456789abcdef0123456789abcdef"}
	ended := make(chan int)
	go func() {
		ended <- Run(ctx, []string{"app", "install"}, Stdio{Environ: environ, In: in, Out: io.Discard, Err: said})
	}()
	<-asked
	stop()
	if code := <-ended; code != exitStopped {
		t.Errorf("exit code %d", code)
	}
}

// writes is called at each write.
type writes func()

func (w writes) Write(b []byte) (int, error) {
	w()
	return len(b), nil
}
