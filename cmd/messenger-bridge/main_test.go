package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"
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
	code = command(context.Background(), args, stdio{environ, strings.NewReader(typed), &stdout, &stderr})
	return code, stdout.String(), stderr.String()
}

func TestConfig_AllProblemsAreReportedTogether(t *testing.T) {
	_, err := readConfig([]string{
		"ROCKETCHAT_URL=chat.example.org", "PUBLIC_URL=http://shop.example", "SECRET_KEY=short", "TIMEZONE=Mars/Olympus",
		"LOG_LEVEL=loud", "FACEBOOK_APP_ID=", "FACEBOOK_VERIFY_TOKEN_FILE=/does/not/exist", "SHUTDOWN_GRACE=soon",
	})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{
		"ROCKETCHAT_URL must be a URL", "ROCKETCHAT_USER and ROCKETCHAT_PASSWORD", "PUBLIC_URL must begin with https", "SECRET_KEY must be 32 bytes",
		"TIMEZONE", "LOG_LEVEL", "FACEBOOK_APP_ID must not be empty", "FACEBOOK_APP_SECRET must be set", "FACEBOOK_VERIFY_TOKEN_FILE", "SHUTDOWN_GRACE",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not mention %q:\n%v", want, err)
		}
	}
}

func TestConfig_SecretFromFile_IsNotPrinted(t *testing.T) {
	file := t.TempDir() + "/secret"
	if err := os.WriteFile(file, []byte("top-secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := readConfig([]string{
		"ROCKETCHAT_URL=https://chat.example.org", "ROCKETCHAT_USER=bot", "ROCKETCHAT_PASSWORD_FILE=" + file,
		"FACEBOOK_APP_ID=1", "FACEBOOK_APP_SECRET=a,b", "FACEBOOK_VERIFY_TOKEN=v", "PUBLIC_URL=https://shop.example",
	})
	if err != nil {
		t.Fatal(err)
	}
	if cfg.RocketChatPassword.Reveal() != "top-secret" {
		t.Errorf("the password is %q", cfg.RocketChatPassword.Reveal())
	}
	var b bytes.Buffer
	newLogger(&b, cfg).Info("configuration", "cfg", cfg)
	if strings.Contains(b.String(), "top-secret") {
		t.Error("the password was printed")
	}
	if got := secrets(cfg.FacebookAppSecret); len(got) != 2 {
		t.Errorf("%d app secrets", len(got))
	}
}

func TestServeHelp_NamesEveryVariable(t *testing.T) {
	code, out, _ := runCommand(t, nil, "serve", "--help")
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
	if code, _, errText := runCommand(t, nil, "pages", "add"); code != 2 || !strings.Contains(errText, "--page-id") {
		t.Errorf("code %d, %q", code, errText)
	}
	if code, _, errText := runCommand(t, nil, "serve"); code != 1 || !strings.Contains(errText, "ROCKETCHAT_URL must be set") {
		t.Errorf("code %d, %q", code, errText)
	}
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
