package cli

import (
	"bytes"
	"strings"
	"testing"
)

func TestServeHelp_NamesEveryVariable(t *testing.T) {
	code, out, _ := runLine(t, nil, "serve", "--help")
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
	for _, name := range []string{"ROCKETCHAT_URL", "FACEBOOK_APP_SECRET", "PUBLIC_URL", "DATABASE", "SECRET_KEY", "SHUTDOWN_GRACE", "_FILE"} {
		if !strings.Contains(out, name) {
			t.Errorf("--help does not mention %s", name)
		}
	}
}

func TestCommandLine_Misuse_ExitsWithTwo(t *testing.T) {
	if code, _, errText := runLine(t, nil, "pages", "add"); code != 2 || !strings.Contains(errText, "--page-id") {
		t.Errorf("code %d, %q", code, errText)
	}
	if code, _, errText := runLine(t, nil, "serve"); code != 1 || !strings.Contains(errText, "ROCKETCHAT_URL must be set") {
		t.Errorf("code %d, %q", code, errText)
	}
}

// runLine runs one command line as a shell would.
func runLine(t *testing.T, environ []string, args ...string) (code int, out, err string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = Run(t.Context(), args, Stdio{environ, strings.NewReader(""), &stdout, &stderr})
	return code, stdout.String(), stderr.String()
}
