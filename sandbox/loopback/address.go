// Package loopback finds addresses on this machine for those who play with the sandbox.
package loopback

import (
	"fmt"
	"math/rand/v2"
	"net"
)

// Own returns port 0 of a loopback address of its own: on 127.0.0.1, somebody else may take the port of a
// server that is down for a while.
func Own() string {
	address, err := FreeAddress()
	if err != nil {
		return "127.0.0.1:0"
	}
	host, _, _ := net.SplitHostPort(address)
	return net.JoinHostPort(host, "0")
}

// FreeAddress returns a loopback address on which nothing listens, so that a program
// that is started there again is found where the platforms know it. It is one of its own
// in 127.0.0.0/8: on 127.0.0.1, any outgoing connection of the machine may take the port
// before the program does.
func FreeAddress() (string, error) {
	ip := fmt.Sprintf("127.%d.%d.%d", 1+rand.IntN(250), rand.IntN(250), 1+rand.IntN(250))
	l, err := net.Listen("tcp", ip+":0")
	if err != nil { // not every system has all of them
		l, err = net.Listen("tcp", "127.0.0.1:0")
	}
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}
