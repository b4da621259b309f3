package certificate

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// pair writes a certificate and its key into files.
func pair(t *testing.T, cfg Config, name string, ends, changed time.Time) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	of := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, NotAfter: ends}
	der, err := x509.CreateCertificate(rand.Reader, of, of, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for path, block := range map[string]*pem.Block{cfg.CertificateFile: {Type: "CERTIFICATE", Bytes: der}, cfg.KeyFile: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, changed, changed); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTLS_FromFiles_TakesANewPairAndKeepsAGoodOne(t *testing.T) {
	dir := t.TempDir()
	cfg := Config{CertificateFile: filepath.Join(dir, "c.pem"), KeyFile: filepath.Join(dir, "k.pem"), Log: slog.New(slog.DiscardHandler)}
	if _, _, err := TLS(cfg); err == nil || !strings.Contains(err.Error(), "TLS_CERTIFICATE_FILE") {
		t.Errorf("no files: %v", err)
	}
	now := time.Now()
	pair(t, cfg, "old.example", now.Add(-time.Hour), now)
	if _, _, err := TLS(cfg); err == nil || !strings.Contains(err.Error(), "expired") {
		t.Errorf("expired: %v", err)
	}
	pair(t, cfg, "first.example", now.Add(time.Hour), now.Add(time.Second))
	config, questions, err := TLS(cfg)
	if err != nil || questions != nil {
		t.Fatal(err)
	}
	shows := func(want string) {
		t.Helper()
		c, err := config.GetCertificate(&tls.ClientHelloInfo{})
		if err != nil || c.Leaf.Subject.CommonName != want {
			t.Errorf("%v, %v: not %s", c, err, want)
		}
	}
	shows("first.example")
	pair(t, cfg, "second.example", now.Add(time.Hour), now.Add(2*time.Second))
	shows("second.example")
	if err := os.WriteFile(cfg.KeyFile, []byte("half a key"), 0o600); err != nil {
		t.Fatal(err)
	}
	shows("second.example")
	if err := os.Remove(cfg.CertificateFile); err != nil {
		t.Fatal(err)
	}
	shows("second.example")
}

// TestTLS_ByACME_AsksTheAuthorityForOurHostOnly: what the library asks then is its own matter.
func TestTLS_ByACME_AsksTheAuthorityForOurHostOnly(t *testing.T) {
	var asked atomic.Int32
	authority := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		http.Error(w, "closed today", http.StatusForbidden)
	}))
	defer authority.Close()
	var log bytes.Buffer
	cfg := Config{Hosts: []string{"bridge.example.org"}, Directory: authority.URL, Cache: filepath.Join(t.TempDir(), "acme"), Log: slog.New(slog.NewTextHandler(&log, nil))}
	config, questions, err := TLS(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(cfg.Cache); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder: %v, %v", info, err)
	}
	greet := func(host string) error {
		client, server := net.Pipe()
		go func() { _ = tls.Server(server, config).Handshake(); server.Close() }()
		defer client.Close()
		return tls.Client(client, &tls.Config{ServerName: host}).Handshake()
	}
	if err := greet("other.example.org"); err == nil || asked.Load() != 0 {
		t.Errorf("another host: %v, %d", err, asked.Load())
	}
	log.Reset()
	if err := greet("bridge.example.org"); err == nil || asked.Load() == 0 {
		t.Errorf("our host: %v, %d", err, asked.Load())
	}
	answer := httptest.NewRecorder()
	questions(nil).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "http://bridge.example.org/webhook?x=1", nil))
	if got := answer.Header().Get("Location"); got != "https://bridge.example.org/webhook?x=1" {
		t.Errorf("led to %q", got)
	}
}

func TestTLS_ByACME_SaysWhyThereIsNone(t *testing.T) {
	authority := httptest.NewServer(http.NotFoundHandler())
	defer authority.Close()
	var log bytes.Buffer
	config, _, err := TLS(Config{Hosts: []string{"bridge.example.org"}, Directory: authority.URL, Cache: t.TempDir(), Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := config.GetCertificate(&tls.ClientHelloInfo{ServerName: "bridge.example.org", CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}}); err == nil {
			t.Error("there is one")
		}
	}
	if strings.Count(log.String(), "no certificate by ACME") != 1 || !strings.Contains(log.String(), "port 443") {
		t.Errorf("the log: %s", log.String())
	}
}
