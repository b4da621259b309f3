package cable

import (
	"bufio"
	"net"
	"testing"
	"time"
)

// What is sent through a cut cable comes when it is whole again; a broken one ends.
func TestCable_CutAndBroken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		for lines := bufio.NewReader(conn); ; {
			line, err := lines.ReadString('\n')
			if err != nil {
				return
			}
			_, _ = conn.Write([]byte(line))
		}
	}()
	c, err := New(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	conn, err := net.Dial("tcp", c.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	answers := bufio.NewReader(conn)
	ask := func() (string, error) {
		_, _ = conn.Write([]byte("x\n"))
		return answers.ReadString('\n')
	}
	if line, err := ask(); line != "x\n" || err != nil {
		t.Fatalf("%q, %v", line, err)
	}
	c.Cut(true)
	_ = conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if line, err := ask(); err == nil {
		t.Fatalf("%q came through a cut cable", line)
	}
	_ = conn.SetReadDeadline(time.Time{})
	c.Slow(time.Millisecond)
	c.Cut(false)
	if line, err := answers.ReadString('\n'); line != "x\n" || err != nil {
		t.Fatalf("%q, %v", line, err)
	}
	c.Narrow(20) // bytes a second: two that go and come back take 200 ms
	began := time.Now()
	if line, err := ask(); line != "x\n" || err != nil || time.Since(began) < 200*time.Millisecond {
		t.Fatalf("%q, %v after %s through a narrow cable", line, err, time.Since(began))
	}
	c.Break()
	if line, err := ask(); err == nil {
		t.Fatalf("%q came through a broken cable", line)
	}
}
