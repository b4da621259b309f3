package conformance_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"messenger-bridge/companion"
	"messenger-bridge/sandbox/chat"
)

const (
	appSecret = "5ecret-between-app-and-bridge-of-the-tests"

	inProcess  = "engines/1.42.1" // as servers up to 6.10 run apps
	subprocess = "engines/1.62.0" // as newer ones do, in Deno; and the compiler
)

// needEngine skips the test where an engine cannot be installed or started.
func needEngine(t *testing.T, dir string) {
	t.Helper()
	needPackages(t, dir)
	if dir != subprocess {
		return
	}
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("skipped: Deno's package is for Linux on amd64")
	}
	ready := filepath.Join(dir, "work", "made-from")
	wanted, err := versions(dir)
	if err != nil {
		t.Fatal(err)
	}
	if have, err := os.ReadFile(ready); err == nil && string(have) == wanted {
		return
	}
	if out, err := exec.Command("node", "engines/prepare.mjs", dir).CombinedOutput(); err != nil {
		if noRegistry.Match(out) {
			t.Skip("skipped: the npm registry cannot be reached by Deno")
		}
		t.Fatalf("prepare %s: %v\n%s", dir, err, out)
	}
	if err := os.WriteFile(ready, []byte(wanted), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestCompanion_CommittedScript_IsMadeFromTheSource compiles the app anew.
func TestCompanion_CommittedScript_IsMadeFromTheSource(t *testing.T) {
	needEngine(t, subprocess)
	const app = "../companion/app"
	dir := filepath.Join(subprocess, "node_modules", ".app")
	if err := errors.Join(os.RemoveAll(dir), os.CopyFS(dir, os.DirFS(app))); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("node", filepath.Join(subprocess, "node_modules/typescript/bin/tsc"), "-p", dir).CombinedOutput(); err != nil {
		t.Fatalf("tsc: %v\n%s", err, out)
	}
	const script = "MessengerBridgeApp.js"
	committed, err := os.ReadFile(filepath.Join(app, script))
	if err != nil {
		t.Fatal(err)
	}
	compiled, err := os.ReadFile(filepath.Join(dir, script))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(committed, compiled) {
		t.Errorf("%s/%s is not what its source becomes; copy %s/%s there", app, script, dir, script)
	}
}

// TestCompanion_InRocketChatsEngines runs the package that Go makes in both kinds of
// engine, with the bridge as a program.
func TestCompanion_InRocketChatsEngines(t *testing.T) {
	for _, engine := range []struct{ dir, place, tmp string }{
		{inProcess, "node_modules/@rocket.chat/apps-engine", ""},
		{subprocess, "work/apps-engine", "work/tmp"},
	} {
		t.Run(filepath.Base(engine.dir), func(t *testing.T) {
			needEngine(t, engine.dir)
			w := newWorld(t, build(t), &record{dir: t.TempDir(), routes: map[string]int{}}, chat.V8)
			w.environ = append(w.environ, "COMMANDS_SECRET="+appSecret)
			w.rc.AddUser(chat.User{ID: "marias-id", Username: "maria", Roles: []string{"user", "livechat-manager"}})
			w.start()
			content, err := companion.Package()
			if err != nil {
				t.Fatal(err)
			}
			zip := filepath.Join(w.dir, "app.zip")
			if err := os.WriteFile(zip, content, 0o600); err != nil {
				t.Fatal(err)
			}
			here, err := filepath.Abs(engine.dir)
			if err != nil {
				t.Fatal(err)
			}
			script, err := filepath.Abs("engine.cjs")
			if err != nil {
				t.Fatal(err)
			}
			for _, taken := range []string{"0", "1"} {
				ctx, stop := context.WithTimeout(t.Context(), time.Minute)
				defer stop()
				node := exec.CommandContext(ctx, "node", "--test", "--test-force-exit", script)
				node.Dir = here // vm2 resolves from there
				node.Env = append(os.Environ(), "NODE_OPTIONS=", "ENGINE_DIR="+filepath.Join(here, engine.place), "APP_ZIP="+zip,
					"BRIDGE_URL=http://"+w.listen, "BRIDGE_SECRET="+appSecret, "PAGE="+page, "USER_ID=marias-id", "USERNAME=maria", "NAME_TAKEN="+taken,
					"DENO_DIR="+filepath.Join(here, "work/deno"), "DENO_TLS_CA_STORE=system",
					"PATH="+filepath.Join(here, "node_modules/@deno/linux-x64-glibc")+":"+os.Getenv("PATH"))
				if engine.tmp != "" {
					node.Env = append(node.Env, "ENGINE_TMP="+filepath.Join(here, engine.tmp))
				}
				node.WaitDelay = time.Second
				if out, err := node.CombinedOutput(); err != nil {
					t.Errorf("name taken %s: %v\n%s", taken, err, out)
				}
			}
		})
	}
}
