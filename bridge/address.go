package bridge

import "net/netip"

// special are networks that netip does not tell from public ones (IANA's registries of
// special addresses), and addresses at which clouds tell machines about themselves.
var special = prefixes(
	"0.0.0.0/8",
	"100.64.0.0/10",                                     // carriers' own; a cloud has its metadata in it
	"168.63.129.16/32",                                  // a cloud's metadata, at an address that looks like any other
	"192.0.0.0/24",                                      // of protocols
	"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", // of examples
	"192.88.99.0/24", // relays of 6to4
	"198.18.0.0/15",  // benchmarks
	"240.0.0.0/4",    // nobody's
)

// routed is what is given out of IPv6; everything beside it is special in one way or
// another: addresses of this machine and of its neighbours, site-local ones, v4-mapped and
// v4-compatible ones, those that are thrown away, and those that nobody has.
var routed = netip.MustParsePrefix("2000::/3")

// specialRouted are special networks within that.
var specialRouted = prefixes(
	"2001::/23",                  // of protocols: Teredo (whose servers choose where a packet goes), benchmarks, ORCHID
	"2001:db8::/32", "3fff::/20", // of examples
)

// wrapped are networks whose addresses hold an IPv4 address at an offset: what is sent
// there arrives at that.
var wrapped = map[netip.Prefix]int{
	netip.MustParsePrefix("64:ff9b::/96"): 12,
	netip.MustParsePrefix("2002::/16"):    2,
}

func prefixes(all ...string) (parsed []netip.Prefix) {
	for _, one := range all {
		parsed = append(parsed, netip.MustParsePrefix(one))
	}
	return parsed
}

// PublicAddress reports whether an address is one that anybody on the internet may be
// sent to: neither this machine, nor its neighbours, nor what a cloud tells its
// machines about themselves.
func PublicAddress(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() {
		return false
	}
	if a.Is4() {
		return !within(a, special)
	}
	for p, at := range wrapped {
		if b := a.As16(); p.Contains(a) {
			inner, _ := netip.AddrFromSlice(b[at : at+4])
			return PublicAddress(inner)
		}
	}
	return routed.Contains(a) && !within(a, specialRouted)
}

func within(a netip.Addr, some []netip.Prefix) bool {
	for _, p := range some {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
