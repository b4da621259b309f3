package messenger

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/netip"

	"messenger-bridge/bridge"
)

// dialPublic connects to a public address of the host. The very address that was
// checked is dialled: a name that changes its mind in between gains nothing.
func (f *Files) dialPublic(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, hostile("its address cannot be read")
	}
	found, err := f.cfg.Resolve(ctx, host)
	if err != nil {
		return nil, unreachable(errors.New("the host's name cannot be resolved"))
	}
	err = hostile("the host has no public address")
	for _, ip := range found {
		addr, ok := netip.AddrFromSlice(ip.IP)
		if !ok || !bridge.PublicAddress(addr) {
			continue
		}
		conn, failed := f.cfg.Dial(ctx, network, net.JoinHostPort(addr.Unmap().String(), port))
		if failed == nil {
			return conn, nil
		}
		err = unreachable(failed)
	}
	return nil, err
}

func tlsConfig(roots *x509.CertPool) *tls.Config { return &tls.Config{RootCAs: roots} }
