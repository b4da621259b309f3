// Package balance is a load balancer that knows nothing: it offers each connection to some
// addresses in turn, and to the next if one does not take it.
package balance

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"time"
)

// Start forwards to addresses until it is closed.
func Start(addresses ...string) (base string, closing func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	var turn atomic.Uint64
	dial := &net.Dialer{Timeout: time.Second}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: "replicas"})
			r.Out.Host = r.In.Host
		},
		Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, _ string) (conn net.Conn, err error) {
			first := int(turn.Add(1) % uint64(len(addresses))) // #nosec G115 -- a few
			for i := range addresses {
				if conn, err = dial.DialContext(ctx, network, addresses[(first+i)%len(addresses)]); err == nil {
					return conn, nil
				}
			}
			return nil, err
		}},
		ErrorLog: log.New(io.Discard, "", 0),
	}
	server := &http.Server{Handler: proxy, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(l) }()
	return "http://" + l.Addr().String(), func() { server.Close() }, nil
}
