package e2e

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"messenger-bridge/bridge"
	"messenger-bridge/sandbox/chat"
	"messenger-bridge/store"
)

func TestDoctor_BridgeNotRunning_LooksByItself(t *testing.T) {
	t.Parallel()
	w := newPatient(t, chat.Config{})
	d, code, text := w.doctor()
	if code != 3 || !d.has(found{"bridge", bridge.Bad, "it is not running on " + w.cfg.Store.Database, "messenger-bridge serve"}) || d.Bad != 1 {
		t.Errorf("exit code %d\n%s", code, text)
	}
	for _, want := range []found{
		{"configuration", bridge.Good, "", ""}, {"store", bridge.Good, "", ""}, {"login", bridge.Good, "@bridge.bot", ""},
		{"permissions", bridge.Good, "", ""}, {"agents", bridge.Good, "", ""}, {"app subscription", bridge.Good, "", ""}, {"Shop: fields", bridge.Good, "", ""},
		{"setup channel", bridge.Notable, "does not exist", "--fix"}, {"PUBLIC_URL", bridge.Unknowable, "no wonder", ""},
	} {
		if !d.has(want) {
			t.Errorf("not found: %+v\n%s", want, text)
		}
	}
	if w.rc.Connections() > 0 || len(w.rc.Rooms()) > 0 {
		t.Error("the bot is still there, or has changed something")
	}
}

func TestDoctor_BridgeNotRunning_FindsTheSameFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		before func(*world)
		want   []found
	}{
		{"workspace down", func(w *world) { w.rc.Down() }, []found{{"Rocket.Chat", bridge.Bad, "cannot be reached", ""}, {"Shop: token", bridge.Good, "", ""}}},
		{"wrong password", func(w *world) { w.rc.SetPassword("bridge.bot", "another") }, []found{{"login", bridge.Bad, "refuses the bot's login (log in: 403)", "ROCKETCHAT_PASSWORD"}, {"version", bridge.Good, "", ""}}},
		{
			"password that cannot be read", func(w *world) { w.set("ROCKETCHAT_PASSWORD", ""); w.set("ROCKETCHAT_PASSWORD_FILE", "/nowhere") },
			[]found{{"configuration", bridge.Bad, "ROCKETCHAT_PASSWORD_FILE names a file that cannot be read", ""}, {"login", bridge.Bad, "neither its password nor a token is known", "ROCKETCHAT_TOKEN"}, {"version", bridge.Good, "", ""}},
		},
		{"second factor", func(w *world) { w.rc.RequireTOTP("bridge.bot", "123456") }, []found{{"login", bridge.Bad, "totp-required", "personal access token"}}},
		{"a proxy that lets no websocket pass", func(w *world) { w.rc.Inject(chat.Fault{Route: "GET websocket", Status: http.StatusBadRequest}) }, []found{{"login", bridge.Bad, "the bot cannot log in: connect", "websockets must pass the proxy"}}},
		{"Graph down", func(w *world) { w.meta.Down() }, []found{{"Meta", bridge.Bad, "cannot be reached", ""}, {"pages", bridge.Unknowable, "1 not looked at", ""}}},
		{"no store", func(w *world) { w.set("DATABASE", w.cfg.Store.Database+".not") }, []found{{"store", bridge.Notable, "there is none at", "DATABASE"}, {"pages", bridge.Notable, "no page is connected", ""}, {"login", bridge.Good, "", ""}}},
		{"another key", func(w *world) { w.set("SECRET_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=") }, []found{{"store", bridge.Bad, "key", ""}, {"pages", bridge.Unknowable, "the store cannot be read", ""}, {"login", bridge.Good, "", ""}}},
		{
			"nothing configured", func(w *world) { w.environ = []string{"DATABASE=" + w.cfg.Store.Database} },
			[]found{{"configuration", bridge.Bad, "ROCKETCHAT_URL must be set", "serve --help"}, {"configuration", bridge.Bad, "FACEBOOK_APP_SECRET must be set", ""}, {"configuration", bridge.Bad, "PUBLIC_URL must be set", ""}},
		},
		{
			"half configured", func(w *world) { w.set("FACEBOOK_APP_SECRET", ""); w.set("PUBLIC_URL", "bridge.example") },
			[]found{{"configuration", bridge.Bad, "FACEBOOK_APP_SECRET must not be empty", ""}, {"configuration", bridge.Bad, "PUBLIC_URL must be a URL", ""}, {"login", bridge.Good, "", ""}},
		},
		{
			"another bridge at PUBLIC_URL", func(w *world) {
				other := newPatient(w.T, chat.Config{})
				other.start()
				w.set("PUBLIC_URL", other.cfg.Network.PublicURL)
			},
			[]found{{"PUBLIC_URL", bridge.Notable, "although none runs here", "another one"}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newPatient(t, chat.Config{})
			c.before(w)
			d, code, text := w.doctor()
			if code != 3 {
				t.Errorf("exit code %d\n%s", code, text)
			}
			for _, want := range append(c.want, found{"bridge", bridge.Bad, "not running", ""}) {
				if !d.has(want) {
					t.Errorf("not found: %+v\n%s", want, text)
				}
			}
		})
	}
}

func TestDoctor_BridgeNotRunning_RepairsWhatNeedsNoBridge(t *testing.T) {
	t.Parallel()
	w := newPatient(t, chat.Config{})
	user, token := w.rc.PersonalAccessToken("bridge.bot")
	w.environ = slices.DeleteFunc(w.environ, func(v string) bool {
		return strings.HasPrefix(v, "ROCKETCHAT_USER=") || strings.HasPrefix(v, "ROCKETCHAT_PASSWORD=")
	})
	w.set("ROCKETCHAT_USER_ID", user)
	w.set("ROCKETCHAT_TOKEN", token)
	w.meta.SubscribePage(page)
	w.meta.SubscribeApp("messages")
	d, code, text := w.doctor("--fix")
	for _, want := range []found{{"setup channel", bridge.Good, "", ""}, {"Shop: fields", bridge.Good, "", ""}, {"app subscription", bridge.Bad, "message_echoes", "--fix"}} {
		if !d.has(want) {
			t.Errorf("not found: %+v\n%s", want, text)
		}
	}
	if code != 3 || !strings.Contains(strings.Join(strings.Fields(text), " "), "the bridge must be running, and that address must lead to it") || strings.Contains(text, token) {
		t.Errorf("exit code %d\n%s", code, text)
	}
	if w.rc.RoomID(w.cfg.Workspace.SetupChannel) == "" {
		t.Error("there is no setup channel")
	}
	w.run() // the personal access token is still good
}

func TestDoctor_PageThatWasLeftHalfWay_IsBroughtToRun(t *testing.T) {
	t.Parallel()
	w := newPatient(t, chat.Config{})
	w.meta.Down()
	w.inStore(func(s *store.Store) error {
		p, err := s.Page(page)
		p.State, p.Why = bridge.PageConnecting, bridge.Trouble{Kind: bridge.BeingSubscribed}
		if err != nil {
			return err
		}
		return s.SavePage(w.Context(), p)
	})
	w.run()
	state := func(s string) bool {
		return strings.Contains(w.get("http://"+w.at.Metrics+"/status"), `"state": "`+s+`"`)
	}
	w.eventually("the page watch has looked", func() bool {
		return state("connecting") && strings.Contains(w.get("http://"+w.at.Metrics+"/status"), "Facebook cannot be reached")
	})
	if err := w.meta.Up(); err != nil {
		t.Fatal(err)
	}
	if d, code, text := w.doctor(); code != 3 || !d.has(found{"Shop: state", bridge.Bad, "connecting: Facebook cannot be reached", "--fix"}) {
		t.Errorf("exit code %d\n%s", code, text)
	}
	if _, code, text := w.doctor("--fix"); code != 0 || !state("running") {
		t.Errorf("exit code %d\n%s", code, text)
	}
}

func TestDoctor_Misused_SaysSo(t *testing.T) {
	t.Parallel()
	if code, _, errs := runCommand(t, nil, "doctor", "--replace"); code != 2 || !strings.Contains(errs, "--replace needs --fix") {
		t.Errorf("exit code %d, %s", code, errs)
	}
}

// The guide says "start it" while it looks: the bridge must be able to.
func TestDoctor_BridgeStartsWhileItLooks_BothGoOn(t *testing.T) {
	t.Parallel()
	w := newPatient(t, chat.Config{})
	inside, err := url.Parse(w.rc.URL())
	if err != nil {
		t.Fatal(err)
	}
	forward := httputil.NewSingleHostReverseProxy(inside)
	looks, enough := make(chan struct{}), make(chan struct{})
	begun, goOn := sync.OnceFunc(func() { close(looks) }), sync.OnceFunc(func() { close(enough) })
	slow := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/info" {
			begun()
			<-enough
		}
		forward.ServeHTTP(rw, r)
	}))
	t.Cleanup(slow.Close)
	t.Cleanup(goOn)
	environ, found := append(slices.Clone(w.environ), "ROCKETCHAT_URL="+slow.URL), make(chan string, 1)
	go func() {
		_, out, errs := runCommand(t, environ, "doctor")
		found <- out + errs
	}()
	<-looks
	w.run()
	w.meta.CustomerWrites(page, anna, "while somebody looks")
	w.eventually("the message arrives", func() bool { return slices.Contains(w.texts(), "while somebody looks") })
	goOn()
	if text := <-found; !strings.Contains(text, "bolt.db can be read") || !strings.Contains(text, "Shop") {
		t.Errorf("the doctor says\n%s", text)
	}
}
