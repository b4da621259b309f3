package publicurl

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/messenger/webhook"
)

// TestExamine_ProxyForwardsWhatTheManualSays_IsRight: the manual has nobody forward /healthz.
func TestExamine_ProxyForwardsWhatTheManualSays_IsRight(t *testing.T) {
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
		others int // how the proxy answers all else
		secret bool
		level  bridge.Level
		words  string
	}{
		"as in the manual":                   {webhook.Path, 404, true, bridge.Notable, "leads to this bridge"}, // from this machine only
		"without the webhook":                {"", 404, true, bridge.Bad, "as no bridge does"},
		"without the webhook, with healthz":  {"/healthz", 404, true, bridge.Bad, "as no bridge does"},
		"as in the manual, secret not known": {webhook.Path, 404, false, bridge.Unknowable, "cannot be told"},
		"healthz, secret not known":          {"/healthz", 404, false, bridge.Notable, "leads to this bridge"},
		"all else is sent to a login":        {webhook.Path, 302, true, bridge.Notable, "leads to this bridge"},
		"the webhook is redirected, too":     {"", 301, true, bridge.Bad, "answers with a redirect (HTTP 301)"},
		"the proxy finds no bridge":          {"", 503, true, bridge.Bad, "as no bridge does"},
	} {
		proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == c.paths {
				forward.ServeHTTP(w, r)
				return
			}
			w.WriteHeader(c.others)
		}))
		q := Question{URL: proxy.URL, Running: true}
		if c.secret {
			q.Secret = secret
		}
		if f := Examine(t.Context(), q); f.Level != c.level || !strings.Contains(f.Found, c.words) {
			t.Errorf("%s: %+v", name, f)
		}
		proxy.Close()
	}
}

// A NAT may keep a machine from its own public address, but makes no certificate expire.
func TestExamine_CertificateHasExpired_IsBadAlthoughMetaCameOnce(t *testing.T) {
	for name, c := range map[string]struct {
		err   error
		level bridge.Level
	}{
		"expired":       {&tls.CertificateVerificationError{Err: x509.CertificateInvalidError{Reason: x509.Expired}}, bridge.Bad},
		"not trusted":   {&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, bridge.Notable},
		"not resolved":  {&net.DNSError{Err: "i/o timeout", IsTimeout: true}, bridge.Notable},
		"not answering": {errors.New("connection refused"), bridge.Notable},
	} {
		met := unreachable(&url.Error{Op: "Get", URL: "https://bridge.example/healthz", Err: c.err})
		if f := judge(visitor{base: "https://bridge.example"}, met, Question{Running: true, Verified: time.Now()}); f.Level != c.level || f.Do == "" {
			t.Errorf("%s: %+v", name, f)
		}
	}
	if met := unreachable(&net.DNSError{Err: "i/o timeout", IsTimeout: true}); strings.Contains(met.what, "no address in the DNS") {
		t.Errorf("a resolver that does not answer is taken for a name that does not exist: %s", met.what)
	}
}
