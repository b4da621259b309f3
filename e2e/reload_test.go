package e2e

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestReload_SecretsAndLogLevel_WithoutARestart: files of secrets are read again on SIGHUP, all
// of them or none; a login that was refused is tried at once; the log level follows its file and
// the command.
func TestReload_SecretsAndLogLevel_WithoutARestart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	files := map[string]string{}
	write := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(files[name], []byte(content+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, content := range map[string]string{
		"ROCKETCHAT_PASSWORD": "mistyped", "FACEBOOK_APP_SECRET": w.meta.AppSecret() + ",the-old-one", "FACEBOOK_VERIFY_TOKEN": "not-yet", "LOG_LEVEL": "info",
	} {
		files[name] = writeFile(t, content)
		w.environ = append(w.environ, name+"=", name+"_FILE="+files[name])
	}
	w.cfg.Times.Refused = time.Hour
	p := w.startProcess()
	hangUp := func(says string) {
		t.Helper()
		before := strings.Count(w.log.String(), says)
		if err := p.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		w.eventually("the log says "+says, func() bool { return strings.Count(w.log.String(), says) > before })
	}
	w.eventually("the login is refused", func() bool { return strings.Contains(w.log.String(), "refuses the bot's login") })
	w.answers("an old secret", http.StatusOK, "the-old-one")
	w.handshakes(http.StatusForbidden)
	if strings.Contains(w.log.String(), "level=DEBUG") {
		t.Error("more is logged than LOG_LEVEL_FILE says")
	}

	write("FACEBOOK_APP_SECRET", " ")
	write("FACEBOOK_VERIFY_TOKEN", w.meta.VerifyToken())
	hangUp("everything stays as it was")
	w.handshakes(http.StatusForbidden)
	w.answers("the old secret again", http.StatusOK, "the-old-one")

	write("FACEBOOK_APP_SECRET", w.meta.AppSecret())
	write("ROCKETCHAT_PASSWORD", "secret")
	write("LOG_LEVEL", "debug")
	hangUp("were read again")
	w.eventually("the bot is logged in", w.connected)
	w.answers("a secret that was taken away", http.StatusUnauthorized, "the-old-one")
	w.answers("the new secret", http.StatusOK, w.meta.AppSecret())
	w.handshakes(http.StatusOK)
	w.meta.CustomerWrites(page, anna, "are you there?")
	w.eventually("the customer is heard", func() bool { return len(w.rc.Rooms()) == 1 })
	w.eventually("more is logged", func() bool { return strings.Contains(w.log.String(), "level=DEBUG") })

	level := func(want string, args ...string) {
		t.Helper()
		if code, out, errText := runCommand(t, w.environ, append([]string{"log-level", "--database", w.cfg.Store.Database}, args...)...); code != 0 || strings.TrimSpace(out) != want {
			t.Errorf("%v: code %d, %q, %q", args, code, out, errText)
		}
	}
	level("debug")
	level("error, before it was debug", "error")
	level("error")
	hangUp("were read again")
	level("debug")
	if code, _ := p.terminate(t); code != 0 {
		t.Errorf("code %d", code)
	}
}

// answers calls the webhook, signed with a secret.
func (w *world) answers(what string, status int, secret string) {
	w.Helper()
	body := `{"object":"page","entry":[]}`
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	req, err := http.NewRequest(http.MethodPost, "http://"+w.at.Public+"/webhook", strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	req.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != status {
		w.Errorf("%s: HTTP %d, not %d", what, res.StatusCode, status)
	}
}

// handshakes makes Meta's handshake with the right token.
func (w *world) handshakes(status int) {
	w.Helper()
	res, err := http.Get("http://" + w.at.Public + "/webhook?hub.mode=subscribe&hub.challenge=42&hub.verify_token=" + w.meta.VerifyToken())
	if err != nil {
		w.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != status {
		w.Errorf("the handshake: HTTP %d, not %d", res.StatusCode, status)
	}
}

// TestShell_LanguageListDoesNotStopTheBridge: shells set LANGUAGE to a list of locales.
func TestShell_LanguageListDoesNotStopTheBridge(t *testing.T) {
	t.Parallel()
	for set, said := range map[string]string{
		"en_US:en": "I connect Facebook pages", "de_AT.UTF-8:de:en": "Ich verbinde Facebook-Seiten", "fr_FR:fr": "Ich verbinde Facebook-Seiten", "C.UTF-8": "Ich verbinde Facebook-Seiten",
	} {
		t.Run(set, func(t *testing.T) {
			t.Parallel()
			o := openOffice(t, bypassed, "LANGUAGE="+set)
			o.rc.SetSetting("Language", "de")
			o.run()
			if told := o.public("/facebook help"); !strings.Contains(told, said) {
				t.Errorf("the bot says %q", told)
			}
		})
	}
}
