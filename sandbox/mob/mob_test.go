package mob

import (
	"net"
	"testing"
)

func TestMob_AttacksNobodyElse(t *testing.T) {
	for _, address := range []string{"192.0.2.1:80", "example.org:80", "", ":80", "0.0.0.0:80"} {
		if m, err := Start(address, 1, Attack{}); err == nil {
			m.Stop()
			t.Errorf("%q was attacked", address)
		}
	}
}

func TestMob_ComesAgainAndStops(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m, err := Start(l.Addr().String(), 3, Post("/", 100, 10))
	if err != nil {
		t.Fatal(err)
	}
	for range 9 {
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
	}
	m.Stop()
	l.Close()
}
