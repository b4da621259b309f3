package bridge_test

import (
	"net/netip"
	"testing"

	"messenger-bridge/bridge"
)

func TestPublicAddress(t *testing.T) {
	for address, want := range map[string]bool{
		"8.8.8.8": true, "2606:4700::1111": true, "::ffff:8.8.8.8": true, "64:ff9b::808:808": true,
		"127.0.0.1": false, "127.8.8.8": false, "::1": false, "0.0.0.0": false, "::": false, "10.1.2.3": false,
		"172.16.0.1": false, "172.32.0.1": true, "192.168.1.1": false, "169.254.169.254": false, "fe80::1": false,
		"fd00::1": false, "::ffff:127.0.0.1": false, "::ffff:169.254.169.254": false, "64:ff9b::7f00:1": false,
		"2002:7f00:1::": false, "100.64.0.1": false, "224.0.0.1": false, "ff02::1": false, "255.255.255.255": false,
		"198.18.0.1": false, "0.1.2.3": false,
		// addresses of examples, of protocols, and those that a cloud gives to itself
		"192.0.2.1": false, "198.51.100.7": false, "203.0.113.9": false, "192.0.0.192": false, "192.88.99.1": false,
		"168.63.129.16": false, "100.100.100.200": false, "fd00:ec2::254": false, "fd20:ce::254": false,
		// every way to hide an IPv4 address in one of IPv6
		"::ffff:0:127.0.0.1": false, "::127.0.0.1": false, "::8.8.8.8": false, "64:ff9b::a9fe:a9fe": false, "64:ff9b:1::808:808": false,
		"2002:a9fe:a9fe::1": false, "2002:808:808::1": true, "2001:0:808:808::f7f7:f7f7": false, "fe80::5efe:127.0.0.1": false,
		// special ranges of IPv6
		"fc00::1": false, "fec0::1": false, "feff::1": false, "febf::1%eth0": false, "ff0e::1": false, "100::1": false, "100:0:0:1::1": false,
		"2001:db8::1": false, "3fff::1": false, "2001:2::1": false, "2001:10::1": false, "2001:20::1": false, "5f00::1": false, "4000::1": false,
		"2001:4860:4860::8888": true, "2a00:1450::1": true, "2606:4700::1111%eth0": true,
	} {
		if got := bridge.PublicAddress(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
}
