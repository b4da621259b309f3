package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"messenger-bridge/app/certificate"
	"messenger-bridge/app/config"
	"messenger-bridge/app/values"
	"messenger-bridge/store"
)

// ConfigReport is what `config test` finds: problems keep the bridge from working as it is
// meant to, notes are worth knowing.
type ConfigReport struct {
	Good     bool      `json:"good"`
	Problems []Problem `json:"problems"`
	Notes    []string  `json:"notes"`
}

// ExamineConfig looks at every value of the environment, at the ports, the store and its key.
// It changes nothing, and asks neither platform.
func ExamineConfig(ctx context.Context, environ []string) ConfigReport {
	cfg, err := ReadConfig(environ)
	r := &ConfigReport{Problems: []Problem{}, Notes: []string{}}
	for _, p := range problemsIn(err) {
		r.add(p)
	}
	r.Problems = append(r.Problems, cfg.Doubts...)
	err = Ask(ctx, cfg.Store.Database, http.MethodGet, "/status", "", func(res *http.Response) error {
		_, err := io.Copy(io.Discard, res.Body)
		return err
	})
	switch {
	case err == nil:
		r.note("a bridge runs on %s: its ports and its store are in use, and not tried", cfg.Store.Database)
	case errors.Is(err, fs.ErrPermission):
		r.note("this user may not ask the bridge of %s, so that its ports and its store are not tried; give the command as the user of the bridge", cfg.Store.Database)
	default:
		r.tryPorts(cfg)
		r.lookAtCertificate(cfg)
		r.lookAtStore(cfg)
	}
	r.lookAtFiles(environ)
	r.lookUp(ctx, cfg)
	r.Good = len(r.Problems) == 0
	return *r
}

// ProblemsWith are those problems of ReadConfig that are of one variable, or of the file that holds it.
func ProblemsWith(problems error, variable string) (some []error) {
	for _, err := range problemsIn(problems) {
		if p, ok := errors.AsType[Problem](err); ok && (p.Variable == variable || p.Variable == variable+"_FILE") {
			some = append(some, err)
		}
	}
	return some
}

// problemsIn takes a joined error apart.
func problemsIn(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	if err != nil {
		return []error{err}
	}
	return nil
}

// add keeps what is said of each variable apart.
func (r *ConfigReport) add(err error) {
	var p Problem
	if !errors.As(err, &p) {
		p = Problem{Text: err.Error()}
	}
	r.Problems = append(r.Problems, p)
}

func (r *ConfigReport) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// said reports whether a variable has a problem already.
func (r *ConfigReport) said(variable string) bool {
	for _, p := range r.Problems {
		if p.Variable == variable {
			return true
		}
	}
	return false
}

// tryPorts opens every port for a moment.
func (r *ConfigReport) tryPorts(cfg Config) {
	for _, l := range cfg.Listens() {
		if r.said(l.Variable) {
			continue
		}
		opened, err := listenAt(l.Variable, l.Address)
		if err != nil {
			r.add(err)
			continue
		}
		opened.Close() // #nosec G104 -- it was only tried
	}
}

// lookAtCertificate reads the files of our own TLS.
func (r *ConfigReport) lookAtCertificate(cfg Config) {
	own := cfg.Network.TLS
	if own.CertificateFile == "" || own.KeyFile == "" {
		return
	}
	if _, _, err := certificate.TLS(certificate.Config{CertificateFile: own.CertificateFile, KeyFile: own.KeyFile}); err != nil {
		r.Problems = append(r.Problems, Problem{Variable: "TLS_CERTIFICATE_FILE", Text: err.Error()})
	}
}

// lookAtStore looks whether the store can be there, and whether its key opens it.
func (r *ConfigReport) lookAtStore(cfg Config) {
	if r.said("DATABASE") {
		return
	}
	path := cfg.Store.Database
	dir := filepath.Dir(path)
	probe, err := os.CreateTemp(dir, ".config-test-*")
	if err != nil {
		r.add(config.Wrong("DATABASE", "is %s, and nothing can be written beside it; make the folder %s, and let the user of the bridge write there (%v)", path, dir, err))
		return
	}
	probe.Close()           // #nosec G104 -- it was only tried
	os.Remove(probe.Name()) // #nosec G104 -- it was only tried
	info, err := os.Stat(path)
	switch {
	case os.IsNotExist(err):
		r.note("there is no store at %s yet; the bridge makes it when it first starts", path)
		return
	case err == nil && info.IsDir():
		r.add(config.Wrong("DATABASE", "is %s, which is a folder; name a file in it", path))
		return
	case r.said("SECRET_KEY") || r.said("SECRET_KEY_FILE"):
		return
	}
	_, err = store.Check(store.Options{Path: path, Key: cfg.Store.SecretKey})
	switch {
	case errors.Is(err, store.ErrNoKey), errors.Is(err, store.ErrWrongKey):
		r.add(config.Wrong("SECRET_KEY", "does not fit: %v", err))
	case err != nil:
		r.add(config.Wrong("DATABASE", "does not work: %v", err))
	}
}

// lookAtFiles looks who may read secrets.
func (r *ConfigReport) lookAtFiles(environ []string) {
	for _, v := range environ {
		name, path, _ := strings.Cut(v, "=")
		for _, known := range config.SecretNames() {
			if known+"_FILE" != name || path == "" {
				continue
			}
			if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o004 != 0 {
				r.note("%s: everybody on this machine can read %s; make it mode 0600 or 0640, and have it belong to whom the bridge runs as (here user %d)", name, path, os.Getuid())
			}
		}
	}
}

// lookUp asks for the addresses of the hosts that are named. A name that is not known here may
// be known where the bridge runs, so that it is only worth knowing.
func (r *ConfigReport) lookUp(ctx context.Context, cfg Config) {
	ctx, stop := context.WithTimeout(ctx, 3*time.Second)
	defer stop()
	named := []struct{ name, value string }{
		{"ROCKETCHAT_URL", cfg.RocketChat.URL}, {"FACEBOOK_GRAPH_URL", cfg.Facebook.GraphURL}, {"PUBLIC_URL", cfg.Network.PublicURL},
	}
	unknown := make([]string, len(named))
	var wg sync.WaitGroup
	for i, v := range named {
		u, err := url.Parse(v.value)
		if err != nil || values.URL(v.value) != "" {
			continue
		}
		wg.Go(func() {
			if _, err := net.DefaultResolver.LookupHost(ctx, u.Hostname()); err != nil {
				unknown[i] = fmt.Sprintf("%s: no address is known here for %s (%v)", v.name, u.Hostname(), err)
			}
		})
	}
	wg.Wait()
	for _, text := range unknown {
		if text != "" {
			r.Notes = append(r.Notes, text)
		}
	}
}
