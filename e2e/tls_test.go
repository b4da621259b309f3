package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"encoding/pem"

	"messenger-bridge/app"
)

// TestOwnTLS_MetaIsHeardWithoutAProxy: with a certificate of its own the bridge speaks https and
// nothing else on LISTEN; everything is as it is behind a proxy.
func TestOwnTLS_MetaIsHeardWithoutAProxy(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	lent := httptest.NewUnstartedServer(nil) // its certificate is for 127.0.0.1
	lent.StartTLS()
	pair := lent.TLS.Certificates[0]
	trusted := x509.NewCertPool()
	trusted.AddCert(lent.Certificate())
	lent.Close()
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: pair.Certificate[0]}, "key.pem": {Type: "PRIVATE KEY", Bytes: key}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg, err := app.ReadConfig(append(w.environ, "PUBLIC_URL=https://"+w.cfg.Network.Listen,
		"TLS_CERTIFICATE_FILE="+filepath.Join(dir, "cert.pem"), "TLS_KEY_FILE="+filepath.Join(dir, "key.pem")))
	if err != nil {
		t.Fatal(err)
	}
	cfg.Times, w.cfg = w.cfg.Times, cfg
	w.run()
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted, ServerName: "127.0.0.1"}}}
	res, err := client.Get("https://" + w.at.Public + "/webhook?hub.mode=subscribe&hub.challenge=4711&hub.verify_token=" + w.meta.VerifyToken())
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK || res.ProtoMajor != 1 {
		t.Errorf("%s over %s", res.Status, res.Proto)
	}
	body := strings.NewReader(`{"object":"page"}`)
	if res, err := client.Post("https://"+w.at.Public+"/webhook", "application/json", body); err != nil || res.StatusCode != http.StatusUnauthorized {
		t.Errorf("an unsigned call: %v, %v", res, err)
	}
	if plain := w.get("http://" + w.at.Public + "/healthz"); !strings.Contains(plain, "HTTP request to an HTTPS server") {
		t.Errorf("http is answered %q", plain)
	}
}
