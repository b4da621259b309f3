// Package publicurl finds out whether PUBLIC_URL leads to this bridge, as far as that can be told from here.
package publicurl

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"messenger-bridge/app/config"
	"messenger-bridge/bridge"
	"messenger-bridge/messenger/webhook"
)

// Question is what is known before.
type Question struct {
	URL      string
	Secret   bridge.Secret // of the app; empty: not known, and no webhook is sent
	Running  bool          // the bridge
	Verified time.Time     // when Meta made its handshake last; zero: never
}

// Examine goes to the address as a stranger would. It does not make the webhook's handshake: the bridge would take it
// for Meta's.
func Examine(ctx context.Context, q Question) bridge.Finding {
	v := visitor{base: strings.TrimRight(q.URL, "/"), http: http.Client{
		Timeout:       10 * time.Second,
		Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // Meta follows none
	}}
	met := v.healthz(ctx)
	if q.Secret != "" && (met == nil || met.healthz != 0) {
		met = v.webhook(ctx, q.Secret)
	}
	return judge(v, met, q)
}

func judge(v visitor, met *trouble, q Question) bridge.Finding {
	f := bridge.Finding{Check: "PUBLIC_URL", Level: bridge.Good, Found: v.shown() + " leads to this bridge"}
	switch {
	case met != nil && !q.Running && !met.certain:
		f.Level, f.Found = bridge.Unknowable, v.shown()+" "+met.what+", which is no wonder while the bridge is not running"
	case met != nil && met.healthz == http.StatusNotFound:
		f.Level, f.Found = bridge.Unknowable, v.shown()+" does not forward /healthz, which is right; whether it leads to this bridge cannot be told"
		f.Do = "Set FACEBOOK_APP_ID and FACEBOOK_APP_SECRET, and ask again."
	case met != nil:
		f.Level, f.Found, f.Do = bridge.Bad, v.shown()+" "+met.what, met.do
		if !q.Verified.IsZero() && !met.everywhere {
			f.Level = bridge.Notable
			f.Found += ", from here. Meta reached it when it last verified the webhook, on " + q.Verified.UTC().Format("2 January 2006") +
				"; a NAT may keep this machine from its own public address. If messages do not arrive, this is why"
		}
	case !q.Running:
		f.Level, f.Found = bridge.Notable, v.shown()+" is answered by a bridge with the same app, although none runs here"
		f.Do = "Is there another one? Both would be told half."
	case config.IsLoopback(v.host()):
		f.Level, f.Found = bridge.Notable, f.Found+", on this machine only: Meta cannot reach it"
		f.Do = "For more than a trial, give the bridge an https address on the Internet."
	case !v.expires.IsZero() && time.Until(v.expires) < 14*24*time.Hour:
		f.Level, f.Found = bridge.Notable, f.Found+"; its certificate expires on "+v.expires.UTC().Format("2 January 2006")
		f.Do = "See to it that it is renewed: Meta calls nothing without."
	}
	return f
}

// visitor goes to the public address as a stranger would.
type visitor struct {
	base    string
	http    http.Client
	expires time.Time // the certificate
}

// trouble is what a visitor meets.
type trouble struct {
	what, do   string
	certain    bool // whether or not the bridge runs
	everywhere bool // and not only where a NAT or names of a network's own lead elsewhere
	healthz    int  // the status of one that is no bridge's; a proxy need not forward it (docs/operating.md)
}

func (v *visitor) shown() string {
	u, err := url.Parse(v.base)
	if err != nil {
		return "it"
	}
	return u.Redacted()
}

func (v *visitor) host() string {
	u, err := url.Parse(v.base)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

const toTheBridge = "Let the name, the proxy and the firewall lead from there to LISTEN, path and body unchanged (docs/operating.md)."

func (v *visitor) healthz(ctx context.Context) *trouble {
	status, body, met := v.call(ctx, http.MethodGet, "/healthz", nil, "")
	switch {
	case met != nil:
		return met
	case status >= 300 && status < 400: // webhooks may be forwarded all the same
		met := redirected(status)
		met.healthz = status
		return met
	case status != http.StatusOK || strings.TrimSpace(body) != "ok":
		return &trouble{what: fmt.Sprintf("answers /healthz with HTTP %d, and not as a bridge does", status), do: toTheBridge, healthz: status}
	}
	return nil
}

func redirected(status int) *trouble {
	return &trouble{what: fmt.Sprintf("answers with a redirect (HTTP %d), which Meta does not follow", status), do: "Set PUBLIC_URL to where it leads."}
}

// webhook sends a notification without events, signed and unsigned.
func (v *visitor) webhook(ctx context.Context, secret bridge.Secret) *trouble {
	body, signature := webhook.SignedNothing(secret)
	signed, _, met := v.call(ctx, http.MethodPost, webhook.Path, body, signature)
	if met != nil {
		return met
	}
	unsigned, _, met := v.call(ctx, http.MethodPost, webhook.Path, body, "")
	switch {
	case met != nil:
		return met
	case signed == http.StatusUnauthorized:
		return &trouble{what: "leads to a bridge that does not know our FACEBOOK_APP_SECRET, or a proxy changes what passes", do: toTheBridge}
	case signed >= 300 && signed < 400:
		return redirected(signed)
	case signed == http.StatusServiceUnavailable && unsigned == http.StatusUnauthorized: // a proxy that finds none refuses both
		return &trouble{what: "leads to a bridge that refuses webhooks (HTTP 503)", do: "See what /readyz says there."}
	case signed != http.StatusOK || unsigned != http.StatusUnauthorized:
		return &trouble{what: fmt.Sprintf("answers a webhook call with HTTP %d, and an unsigned one with HTTP %d, as no bridge does", signed, unsigned), do: toTheBridge}
	}
	return nil
}

func (v *visitor) call(ctx context.Context, method, path string, body []byte, signature string) (status int, answer string, _ *trouble) {
	req, err := http.NewRequestWithContext(ctx, method, v.base+path, bytes.NewReader(body))
	if err != nil {
		return 0, "", &trouble{what: "is no address that can be called", do: "Correct PUBLIC_URL.", certain: true}
	}
	req.Header.Set("Content-Type", "application/json")
	if signature != "" {
		req.Header.Set("X-Hub-Signature-256", signature)
	}
	res, err := v.http.Do(req)
	if err != nil {
		return 0, "", unreachable(err)
	}
	defer res.Body.Close()
	if res.TLS != nil && len(res.TLS.PeerCertificates) > 0 {
		v.expires = res.TLS.PeerCertificates[0].NotAfter
	}
	content, err := io.ReadAll(io.LimitReader(res.Body, 4096))
	if err != nil {
		return 0, "", unreachable(err)
	}
	return res.StatusCode, string(content), nil
}

// unreachable words an error of net/http, without the address.
func unreachable(err error) *trouble {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	var dns *net.DNSError
	var cert *tls.CertificateVerificationError
	var invalid x509.CertificateInvalidError
	var plain tls.RecordHeaderError
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return &trouble{what: fmt.Sprintf("has no address in the DNS (%s)", dns.Err), do: "Enter the name into the DNS, or correct PUBLIC_URL.", certain: true}
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return &trouble{what: fmt.Sprintf("has a certificate that has expired, or is not valid yet (%v)", invalid), do: "Renew it: Meta calls nothing without.", certain: true, everywhere: true}
	case errors.As(err, &cert):
		return &trouble{what: fmt.Sprintf("has a certificate that is not trusted (%v)", cert.Err), do: "Get one of a public authority, with the whole chain: Meta calls nothing else.", certain: true}
	case errors.As(err, &plain):
		return &trouble{what: "does not speak TLS", do: "Put a proxy in front that ends TLS (docs/operating.md).", certain: true}
	}
	return &trouble{what: fmt.Sprintf("cannot be reached (%v)", err), do: toTheBridge}
}
