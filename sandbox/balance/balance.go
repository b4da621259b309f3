// Package balance is a load balancer that knows nothing: it offers each connection to some
// addresses in turn, and to the next if one does not take it.
package balance

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"time"
)

// patience is how long an address may take to take a connection, or to say whether it is ready.
const patience = time.Second

// Start forwards to addresses until it is closed.
func Start(addresses ...string) (base string, closing func(), err error) {
	return forward(func() []string { return addresses })
}

// StartReady is Start, but offers connections only to those whose /readyz says 200 when they are asked, each
// twentieth of a second, as load balancers do. While none is, everything is answered with 503.
func StartReady(addresses ...string) (base string, closing func(), err error) {
	asking, stop := context.WithCancel(context.Background())
	ready := make([]atomic.Bool, len(addresses))
	for i, address := range addresses {
		go func() {
			for asking.Err() == nil {
				ready[i].Store(isReady(asking, address))
				time.Sleep(50 * time.Millisecond)
			}
		}()
	}
	base, end, err := forward(func() (all []string) {
		for i, address := range addresses {
			if ready[i].Load() {
				all = append(all, address)
			}
		}
		return all
	})
	if err != nil {
		stop()
		return "", nil, err
	}
	return base, func() { stop(); end() }, nil
}

func isReady(ctx context.Context, address string) bool {
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/readyz", nil)
	if err != nil {
		return false
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	return res.StatusCode == http.StatusOK
}

var errNone = errors.New("nobody is ready")

func forward(to func() []string) (base string, closing func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	var turn atomic.Uint64
	dial := &net.Dialer{Timeout: patience}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: "replicas"})
			r.Out.Host = r.In.Host
		},
		Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, _ string) (conn net.Conn, err error) {
			addresses := to()
			first := int(turn.Add(1) % uint64(max(1, len(addresses)))) // #nosec G115 -- a few
			err = errNone
			for i := range addresses {
				if conn, err = dial.DialContext(ctx, network, addresses[(first+i)%len(addresses)]); err == nil {
					return conn, nil
				}
			}
			return nil, err
		}},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			if errors.Is(err, errNone) {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			w.WriteHeader(http.StatusBadGateway)
		},
		ErrorLog: log.New(io.Discard, "", 0),
	}
	server := &http.Server{Handler: proxy, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(l) }()
	return "http://" + l.Addr().String(), func() { server.Close() }, nil
}
