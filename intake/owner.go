package intake

import (
	"net/http"
	"net/netip"
)

// Owner is on whose account something is taken up. Where not all can have what they ask
// for, who holds most gives way first.
type Owner struct {
	address netip.Addr
	name    string
}

// From is the address that a request comes from; of IPv6 the network, as a line has a whole
// one. What a request says of itself (X-Forwarded-For) is not asked. Behind a proxy all come
// from one address, and then nobody gives way for another address's sake.
func From(r *http.Request) Owner { return at(r.RemoteAddr) }

func at(address string) Owner {
	where, err := netip.ParseAddrPort(address)
	if err != nil {
		return Owner{}
	}
	a := where.Addr().Unmap().WithZone("")
	if a.Is6() {
		if network, err := a.Prefix(64); err == nil {
			a = network.Addr()
		}
	}
	return Owner{address: a}
}

// Named is who has shown something that only one can have, a ticket for example.
func Named(name string) Owner { return Owner{name: name} }
