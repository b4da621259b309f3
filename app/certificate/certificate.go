// Package certificate gives the bridge its own TLS where no proxy does: from files, which may be
// replaced while it runs, or from an authority that speaks ACME.
package certificate

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// Config says where certificates come from: from files, or by ACME.
type Config struct {
	CertificateFile, KeyFile string

	Hosts     []string // whose certificates are asked for by ACME
	Directory string   // of the authority
	Cache     string   // folder of account and certificates
	Email     string   // the authority warns there; may be empty

	Client *http.Client // to the authority; nil: as everybody does
	Log    *slog.Logger
}

// TLS returns how the bridge speaks TLS, and what answers the authority's questions on port 80;
// nil where it asks none.
func TLS(cfg Config) (*tls.Config, func(http.Handler) http.Handler, error) {
	if cfg.CertificateFile != "" {
		f := &files{cfg: cfg}
		if _, err := f.read(); err != nil {
			return nil, nil, err
		}
		return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: f.certificate, NextProtos: []string{"http/1.1"}}, nil, nil
	}
	if err := os.MkdirAll(cfg.Cache, 0o700); err != nil {
		return nil, nil, fmt.Errorf("ACME_CACHE: %w; name a folder that can be written", err)
	}
	m := &autocert.Manager{
		Prompt: autocert.AcceptTOS, Cache: autocert.DirCache(cfg.Cache), HostPolicy: autocert.HostWhitelist(cfg.Hosts...), Email: cfg.Email,
		Client: &acme.Client{DirectoryURL: cfg.Directory, HTTPClient: cfg.Client, UserAgent: "messenger-bridge"},
	}
	config := m.TLSConfig()
	config.MinVersion, config.NextProtos = tls.VersionTLS12, []string{"http/1.1", acme.ALPNProto} // the door counts connections, so that each carries one request at a time
	config.GetCertificate = told(m.GetCertificate, cfg.Hosts, cfg.Log)
	return config, m.HTTPHandler, nil
}

// told logs why there is no certificate for a host of ours: browsers and Meta only break off.
func told(get func(*tls.ClientHelloInfo) (*tls.Certificate, error), ours []string, log *slog.Logger) func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	var mu sync.Mutex
	var last time.Time
	return func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		c, err := get(hello)
		mu.Lock()
		defer mu.Unlock()
		if err != nil && slices.Contains(ours, strings.ToLower(hello.ServerName)) && time.Since(last) > time.Minute {
			last = time.Now()
			log.Warn("no certificate by ACME; the authority must reach this host on port 443, or on 80 if ACME_LISTEN is set", "host", hello.ServerName, "err", err)
		}
		return c, err
	}
}

// files are a certificate and its key, read again when one of them was replaced.
type files struct {
	cfg Config

	mu   sync.Mutex // guards all below
	now  *tls.Certificate
	seen [2]time.Time // when both were changed
}

// certificate answers each handshake. While the files cannot be read, the last pair stays.
func (f *files) certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c, err := f.read()
	if c != nil {
		if err != nil {
			f.cfg.Log.Warn("the certificate stays as it was", "err", err)
		}
		return c, nil
	}
	return nil, err
}

func (f *files) read() (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var changed [2]time.Time
	for i, of := range []struct{ variable, path string }{{"TLS_CERTIFICATE_FILE", f.cfg.CertificateFile}, {"TLS_KEY_FILE", f.cfg.KeyFile}} {
		info, err := os.Stat(of.path)
		if err != nil {
			return f.now, fmt.Errorf("%s: %w", of.variable, err)
		}
		changed[i] = info.ModTime()
	}
	if f.now != nil && changed == f.seen {
		return f.now, nil
	}
	c, err := tls.LoadX509KeyPair(f.cfg.CertificateFile, f.cfg.KeyFile)
	if err != nil {
		return f.now, fmt.Errorf("TLS_CERTIFICATE_FILE and TLS_KEY_FILE: %w; both must be PEM, and belong together", err)
	}
	if time.Now().After(c.Leaf.NotAfter) {
		err = errors.New("TLS_CERTIFICATE_FILE: the certificate has expired; renew it")
	}
	f.now, f.seen = &c, changed
	return f.now, err
}
