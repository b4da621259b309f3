package bridge

import "net/netip"

// special are networks that netip does not tell from public ones.
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"), // carriers' own
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), // benchmarks
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b:1::/48"),
}

// wrapped are networks whose addresses hold an IPv4 address at an offset.
var wrapped = map[netip.Prefix]int{
	netip.MustParsePrefix("64:ff9b::/96"): 12,
	netip.MustParsePrefix("2002::/16"):    2,
}

// PublicAddress reports whether an address is one that anybody on the internet may be
// sent to: neither this machine, nor its neighbours, nor what a cloud tells its
// machines about themselves.
func PublicAddress(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() {
		return false
	}
	for _, p := range special {
		if p.Contains(a) {
			return false
		}
	}
	for p, at := range wrapped {
		if b := a.As16(); a.Is6() && p.Contains(a) {
			inner, _ := netip.AddrFromSlice(b[at : at+4])
			return PublicAddress(inner)
		}
	}
	return true
}
