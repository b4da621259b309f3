package config

import (
	"bytes"
	"log/slog"
	"os"
	"strings"
	"testing"
)

func TestConfig_AllProblemsAreReportedTogether(t *testing.T) {
	_, err := Read([]string{
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
	cfg, err := Read([]string{
		"ROCKETCHAT_URL=https://chat.example.org", "ROCKETCHAT_USER=bot", "ROCKETCHAT_PASSWORD_FILE=" + file,
		"FACEBOOK_APP_ID=1", "FACEBOOK_APP_SECRET=a,b", "FACEBOOK_VERIFY_TOKEN=v", "PUBLIC_URL=https://shop.example",
	})
	if err != nil {
		t.Fatal(err)
	}
	if cfg.RocketChat.Password.Reveal() != "top-secret" {
		t.Errorf("the password is %q", cfg.RocketChat.Password.Reveal())
	}
	var b bytes.Buffer
	slog.New(slog.NewTextHandler(&b, nil)).Info("configuration", "cfg", cfg)
	if strings.Contains(b.String(), "top-secret") {
		t.Error("the password was printed")
	}
	if got := Secrets(cfg.Facebook.AppSecret); len(got) != 2 {
		t.Errorf("%d app secrets", len(got))
	}
}

// TestConfig_SecretFile_AsEditorsSaveIt: a mark that nobody sees must not become part of a
// secret, and what cannot be read is said in words, without the secret.
func TestConfig_SecretFile_AsEditorsSaveIt(t *testing.T) {
	utf16 := func(order ...byte) (b []byte) {
		b = order
		for _, c := range []byte("top-secret") {
			if pair := []byte{c, 0}; order[0] == 0xff {
				b = append(b, pair...)
			} else {
				b = append(b, 0, c)
			}
		}
		return b
	}
	for name, c := range map[string]struct {
		content []byte
		problem string
	}{
		"as it is":          {[]byte("top-secret"), ""},
		"a mark":            {[]byte("\ufefftop-secret\r\n"), ""},
		"UTF-16":            {utf16(0xff, 0xfe), "save it as UTF-8"},
		"UTF-16, otherwise": {utf16(0xfe, 0xff), "save it as UTF-8"},
		"two marks":         {[]byte("\ufeff\ufefftop-secret"), "save it as UTF-8"},
		"Latin 1":           {[]byte("top-secr\xe9t"), "save it as UTF-8"},
	} {
		file := t.TempDir() + "/secret"
		if err := os.WriteFile(file, c.content, 0o600); err != nil {
			t.Fatal(err)
		}
		vars := map[string]string{"COMMANDS_SECRET_FILE": file}
		problems := SecretsFromFiles(vars)
		switch {
		case c.problem == "" && (len(problems) != 0 || vars["COMMANDS_SECRET"] != "top-secret"):
			t.Errorf("%s: %q, %v", name, vars["COMMANDS_SECRET"], problems)
		case c.problem != "" && (len(problems) != 1 || !strings.Contains(problems[0].Error(), c.problem) || !strings.Contains(problems[0].Error(), "COMMANDS_SECRET_FILE") ||
			strings.Contains(problems[0].Error(), "top")):
			t.Errorf("%s: %v", name, problems)
		}
	}
}

func TestConfig_CommandsSecretTooShort_IsRefused(t *testing.T) {
	for secret, refused := range map[string]bool{"": false, strings.Repeat("s", 31): true, strings.Repeat("s", 32): false, strings.Repeat("s", 32) + ",short": true} {
		_, err := Read([]string{"COMMANDS_SECRET=" + secret})
		if got := err != nil && strings.Contains(err.Error(), "COMMANDS_SECRET must have at least 32 characters"); got != refused {
			t.Errorf("%q: %v", secret, err)
		}
	}
}

func TestConfig_LanguageNobodySpeaks_IsRefusedWithTheList(t *testing.T) {
	_, err := Read([]string{"LANGUAGE=fi"})
	if want := `LANGUAGE must be one of en, de, pt, es; it is "fi"`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v\nlacks %s", err, want)
	}
	if _, err := Read([]string{"LANGUAGE=pt_BR"}); err == nil || strings.Contains(err.Error(), "LANGUAGE") {
		t.Error(err)
	}
}
