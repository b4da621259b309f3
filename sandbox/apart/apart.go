// Package apart puts programs into a network of their own, to which lines lead that can be cut: a namespace of the
// kernel's, where the machine lets one make it.
package apart

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// Place is a network of its own. Whoever is outside reaches it over one of its lines, each with another address.
type Place struct {
	name  string
	lines []line
}

// line is a pair of interfaces: one here, one in the place.
type line struct{ here, there, address string }

// New makes a place with some lines, all of them whole. An error says that this machine does not let us.
func New(lines int) (*Place, error) {
	p := &Place{name: "mb" + strconv.FormatInt(int64(os.Getpid()), 36) + strconv.FormatInt(rand.Int64N(36*36), 36)}
	err := ip("netns", "add", p.name)
	if err == nil {
		err = p.inside("link", "set", "lo", "up")
	}
	for i := 0; i < lines && err == nil; i++ {
		err = p.lead(i)
	}
	if err == nil {
		err = ip("netns", "exec", p.name, "true") // it may be allowed to make one, and not to go there
	}
	if err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// lead makes a line. Its addresses are of those that are set aside for tests of networks (RFC 2544).
func (p *Place) lead(i int) error {
	net := fmt.Sprintf("198.%d.%d.%d", 18+rand.IntN(2), rand.IntN(256), 4*rand.IntN(64))
	at := func(host int) string {
		dot := strings.LastIndex(net, ".")
		last, _ := strconv.Atoi(net[dot+1:]) // as made above
		return fmt.Sprint(net[:dot+1], last+host)
	}
	l := line{here: fmt.Sprint(p.name, "h", i), there: fmt.Sprint("line", i), address: at(2)}
	p.lines = append(p.lines, l)
	for _, do := range []func() error{
		func() error {
			return ip("link", "add", l.here, "type", "veth", "peer", "name", l.there, "netns", p.name)
		},
		func() error { return ip("addr", "add", at(1)+"/30", "dev", l.here) },
		func() error { return p.inside("addr", "add", at(2)+"/30", "dev", l.there) },
		func() error { return ip("link", "set", l.here, "up") },
		func() error { return p.inside("link", "set", l.there, "up") },
	} {
		if err := do(); err != nil {
			return err
		}
	}
	return nil
}

// Command is a program that is going to run in the place.
func (p *Place) Command(program string, args ...string) *exec.Cmd {
	return exec.Command("ip", append([]string{"netns", "exec", p.name, program}, args...)...)
}

// Address is how the place is reached over a line.
func (p *Place) Address(line int) string { return p.lines[line].address }

// Cut has nothing get over a line, either way, or lets everything through again.
func (p *Place) Cut(line int, cut bool) error {
	if cut {
		return p.inside("link", "set", p.lines[line].there, "down")
	}
	return p.inside("link", "set", p.lines[line].there, "up")
}

// Close removes the place. Programs that still run there keep it until they end.
func (p *Place) Close() {
	for _, l := range p.lines {
		_ = ip("link", "del", l.here) // it may not be there, here and below
	}
	_ = ip("netns", "del", p.name)
}

func (p *Place) inside(args ...string) error { return ip(append([]string{"-n", p.name}, args...)...) }

func ip(args ...string) error {
	if said, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(said)))
	}
	return nil
}
