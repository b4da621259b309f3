package e2e

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"

	"messenger-bridge/cmd/messenger-bridge/cli"
)

// run runs one command line as a shell would.
func runCommand(t *testing.T, environ []string, args ...string) (code int, out, err string) {
	t.Helper()
	return runCommandWith(t, environ, "", args...)
}

// runCommandWith is runCommand by somebody who types.
func runCommandWith(t *testing.T, environ []string, typed string, args ...string) (code int, out, err string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = cli.Run(context.Background(), args, cli.Stdio{Environ: environ, In: strings.NewReader(typed), Out: &stdout, Err: &stderr})
	return code, stdout.String(), stderr.String()
}

func writeFile(t *testing.T, content string) (path string) {
	t.Helper()
	path = t.TempDir() + "/file"
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
