package app

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"messenger-bridge/bridge"
	"messenger-bridge/messenger/webhook"
)

// TestDoctor_ProxyForwardsWhatTheManualSays_IsRight: the manual has nobody forward /healthz.
func TestDoctor_ProxyForwardsWhatTheManualSays_IsRight(t *testing.T) {
	const secret = "of-the-app"
	_, signed := webhook.SignedNothing(secret)
	served := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/healthz":
			_, _ = w.Write([]byte("ok\n"))
		case r.URL.Path != webhook.Path:
			http.NotFound(w, r)
		case r.Header.Get("X-Hub-Signature-256") != signed:
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	defer served.Close()
	inside, err := url.Parse(served.URL)
	if err != nil {
		t.Fatal(err)
	}
	forward := httputil.NewSingleHostReverseProxy(inside)
	for name, c := range map[string]struct {
		paths  string
		secret bool
		level  bridge.Level
		words  string
	}{
		"as in the manual":                   {webhook.Path, true, bridge.Notable, "leads to this bridge"}, // from this machine only
		"without the webhook":                {"", true, bridge.Bad, "as no bridge does"},
		"without the webhook, with healthz":  {"/healthz", true, bridge.Bad, "as no bridge does"},
		"as in the manual, secret not known": {webhook.Path, false, bridge.Unknowable, "cannot be told"},
		"healthz, secret not known":          {"/healthz", false, bridge.Notable, "leads to this bridge"},
	} {
		proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == c.paths {
				forward.ServeHTTP(w, r)
				return
			}
			http.NotFound(w, r)
		}))
		p := &patient{running: true, meta: c.secret, secret: func() bridge.Secret { return secret }}
		p.cfg.Network.PublicURL = proxy.URL
		if f := p.publicAddress(context.Background(), false)[0]; f.Level != c.level || !strings.Contains(f.Found, c.words) {
			t.Errorf("%s: %+v", name, f)
		}
		proxy.Close()
	}
}
