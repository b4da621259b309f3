package messenger

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"messenger-bridge/bridge"
)

// somewhere resolves a name to one set of addresses after another, the last for ever.
type somewhere struct {
	turns [][]string
	asked int
}

func (s *somewhere) resolve(context.Context, string) (all []net.IPAddr, err error) {
	for _, ip := range s.turns[min(s.asked, len(s.turns)-1)] {
		all = append(all, net.IPAddr{IP: net.ParseIP(ip)})
	}
	s.asked++
	return all, nil
}

// TestFiles_OnlyPublicAddressesAreDialled gives hosts that are allowed all kinds of
// addresses, also such that change between one look and the next.
func TestFiles_OnlyPublicAddressesAreDialled(t *testing.T) {
	const public, other = "157.240.1.35", "2a03:2880:f12f:83:face:b00c:0:25de"
	for name, c := range map[string]struct {
		turns [][]string
		dials []string // what may be dialled, by two fetches
		first error
	}{
		"public":                   {turns: [][]string{{public}}, dials: []string{public + ":443"}},
		"IPv6":                     {turns: [][]string{{other}}, dials: []string{"[" + other + "]:443"}},
		"this machine":             {turns: [][]string{{"127.0.0.1"}}, first: hostile("")},
		"this machine, IPv6":       {turns: [][]string{{"::1"}}, first: hostile("")},
		"IPv4 in IPv6":             {turns: [][]string{{"::ffff:10.0.0.1"}}, first: hostile("")},
		"a neighbour":              {turns: [][]string{{"192.168.1.1", "10.1.2.3", "172.16.0.1", "fd00::1", "fe80::1"}}, first: hostile("")},
		"what a cloud tells":       {turns: [][]string{{"169.254.169.254"}}, first: hostile("")},
		"translated":               {turns: [][]string{{"64:ff9b::a9fe:a9fe", "2002:7f00:1::1"}}, first: hostile("")},
		"nowhere":                  {turns: [][]string{{"0.0.0.0", "::", "255.255.255.255", "224.0.0.1"}}, first: hostile("")},
		"one of several is public": {turns: [][]string{{"127.0.0.1", public}}, dials: []string{public + ":443"}},
		"changes its mind":         {turns: [][]string{{public}, {"127.0.0.1"}}, dials: []string{public + ":443"}},
		"has changed its mind":     {turns: [][]string{{"127.0.0.1"}, {public}}, dials: []string{public + ":443"}, first: hostile("")},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Host != "cdn.example.com" {
					t.Errorf("asked as %s", r.Host)
				}
				w.Header().Set("Connection", "close") // each fetch looks the name up
				io.WriteString(w, "%PDF-1.7")
			}))
			defer server.Close()
			roots := x509.NewCertPool()
			roots.AddCert(server.Certificate())
			at, dialled := &somewhere{turns: c.turns}, []string(nil)
			files := NewFiles(FilesConfig{
				Hosts: []string{"example.com"}, Roots: roots, Resolve: at.resolve,
				Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
					dialled = append(dialled, address)
					return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
				},
			})
			for n := range 2 {
				f, err := files.Open(t.Context(), bridge.Page{}, "", 0, bridge.Attachment{Kind: "file", URL: "https://cdn.example.com/a.pdf"}, 1000)
				if err == nil {
					io.Copy(io.Discard, f)
					f.Close()
				}
				if n == 0 && (err == nil) != (c.first == nil) || err != nil && bridge.RefusalOf(err).Reason != bridge.FileForbidden {
					t.Errorf("fetch %d: %v", n+1, err)
				}
			}
			if !slices.Equal(slices.Compact(dialled), c.dials) {
				t.Errorf("dialled %q", dialled)
			}
			if at.asked != 2 {
				t.Errorf("the name was looked up %d times by two fetches", at.asked)
			}
		})
	}
}

// TestFiles_NameCannotBeResolved_IsTriedAgain: the DNS may be away for a while.
func TestFiles_NameCannotBeResolved_IsTriedAgain(t *testing.T) {
	files := NewFiles(FilesConfig{Hosts: []string{"example.com"}, Resolve: func(context.Context, string) ([]net.IPAddr, error) { return nil, errors.New("no answer") }})
	_, err := files.Open(t.Context(), bridge.Page{}, "", 0, bridge.Attachment{URL: "https://example.com/a.pdf"}, 1000)
	if r := bridge.RefusalOf(err); r.Verdict != bridge.Again || r.Reason != bridge.MetaDown {
		t.Error(err)
	}
}
