package app

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

func TestConfig_AllProblemsAreReportedTogether(t *testing.T) {
	_, err := ReadConfig([]string{
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
	cfg, err := ReadConfig([]string{
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
	NewLogger(&b, cfg).Info("configuration", "cfg", cfg)
	if strings.Contains(b.String(), "top-secret") {
		t.Error("the password was printed")
	}
	if got := Secrets(cfg.Facebook.AppSecret); len(got) != 2 {
		t.Errorf("%d app secrets", len(got))
	}
}

func TestConfig_LanguageNobodySpeaks_IsRefusedWithTheList(t *testing.T) {
	_, err := ReadConfig([]string{"LANGUAGE=fi"})
	if want := `LANGUAGE must be one of en, de, pt, es; it is "fi"`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v\nlacks %s", err, want)
	}
	if _, err := ReadConfig([]string{"LANGUAGE=pt_BR"}); err == nil || strings.Contains(err.Error(), "LANGUAGE") {
		t.Error(err)
	}
	if s := speaker(Config{Speech: SpeechConfig{Language: "de", Timezone: "Europe/Berlin"}}); s.Time(time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC)) != "02.01.2026, 04:04" {
		t.Error(fmt.Sprint("times are like ", s.Time(time.Unix(0, 0))))
	}
}
