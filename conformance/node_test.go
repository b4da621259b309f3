package conformance_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"
)

// A test that cannot run here says why in the error, and is skipped.
var errNotHere = errors.New("cannot run here")

// stamp names the lock file that node_modules was made from.
const stamp = "node_modules/.made-from"

// install makes the Node packages of a folder ready: it runs npm ci unless that has been
// done for these very versions. output explains the error.
func install(dir string) (output string, err error) {
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			return program + " is not installed", errNotHere
		}
	}
	lock, err := os.Open(filepath.Join(dir, "package-lock.json"))
	if err != nil {
		return "", err
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil { // another test run may be at it
		return "", err
	}
	wanted, err := versions(dir)
	if err != nil {
		return "", err
	}
	if have, err := os.ReadFile(filepath.Join(dir, stamp)); err == nil && string(have) == wanted {
		return "", nil
	}
	ctx, stop := context.WithTimeout(context.Background(), 4*time.Minute)
	defer stop()
	npm := exec.CommandContext(ctx, "npm", "ci", "--fetch-retries=2", "--fetch-retry-mintimeout=1000", "--fetch-timeout=60000")
	npm.Dir = dir
	npm.WaitDelay = time.Second
	out, err := npm.CombinedOutput()
	switch {
	case err != nil && ctx.Err() != nil:
		return "the npm registry does not answer in time", errNotHere
	case err != nil && noRegistry.Match(out):
		return "the npm registry cannot be reached: " + string(noRegistry.Find(out)), errNotHere
	case err != nil:
		return "npm ci:\n" + string(out), err
	}
	return "", os.WriteFile(filepath.Join(dir, stamp), []byte(wanted), 0o600)
}

// noRegistry are npm's words for a registry that is away or lets nobody in.
var noRegistry = regexp.MustCompile(`E(NOTFOUND|AI_AGAIN|CONNREFUSED|CONNRESET|HOSTUNREACH|NETUNREACH|TIMEDOUT|NEEDAUTH|401|403|50\d)\b|ERR_SOCKET_TIMEOUT|CERT_`)

func versions(dir string) (string, error) {
	sum := sha256.New()
	for _, name := range []string{"package.json", "package-lock.json"} {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return "", err
		}
		sum.Write(content)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// needNode skips the test where there is no Node or no registry.
func needNode(t *testing.T) {
	t.Helper()
	needPackages(t, ".")
}

// needPackages is needNode with the packages of another folder.
func needPackages(t *testing.T, dir string) {
	t.Helper()
	switch output, err := install(dir); {
	case errors.Is(err, errNotHere):
		t.Skip("skipped: " + output)
	case err != nil:
		t.Fatal(err, output)
	}
}

// node runs one of the scripts and returns what it printed and whether it was content.
func node(t *testing.T, args ...string) (output string, ok bool) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	defer stop()
	cmd := exec.CommandContext(ctx, "node", append([]string{"--test-reporter=spec", "run.mjs"}, args...)...)
	cmd.WaitDelay = time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal("node:", err)
	}
	return out.String(), err == nil
}
