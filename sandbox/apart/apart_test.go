package apart

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"testing"
	"time"
)

// The test binary repeats what it hears at a port, with this variable set.
const echoVariable = "APART_ECHO"

func TestMain(m *testing.M) {
	if address := os.Getenv(echoVariable); address != "" {
		fmt.Fprintln(os.Stderr, echo(address))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func echo(address string) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	fmt.Println("listens")
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			for lines := bufio.NewReader(conn); ; {
				line, err := lines.ReadString('\n')
				if err != nil {
					return
				}
				_, _ = conn.Write([]byte(line))
			}
		}()
	}
}

// What is sent over a line that is cut comes when it is whole again; the other line stays whole.
func TestPlace_OneLineIsCut(t *testing.T) {
	p, err := New(2)
	if err != nil {
		t.Skip("this machine lets us make no network: ", err)
	}
	defer p.Close()
	there := p.Command(os.Args[0])
	there.Env = append(os.Environ(), echoVariable+"=0.0.0.0:7000")
	out, err := there.StdoutPipe()
	if err = errors.Join(err, there.Start()); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = there.Process.Kill(); _ = there.Wait() }()
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal("the program in the place does not listen")
	}
	var conns [2]net.Conn
	var answers [2]*bufio.Reader
	for i := range conns {
		if conns[i], err = net.DialTimeout("tcp", p.Address(i)+":7000", time.Minute); err != nil {
			t.Fatal(err)
		}
		defer conns[i].Close()
		answers[i] = bufio.NewReader(conns[i])
	}
	ask := func(i int, patience time.Duration) error {
		_, _ = conns[i].Write([]byte("x\n"))
		_ = conns[i].SetReadDeadline(time.Now().Add(patience))
		_, err := answers[i].ReadString('\n')
		return err
	}
	if err := errors.Join(ask(0, time.Minute), ask(1, time.Minute)); err != nil {
		t.Fatal(err)
	}
	if err := p.Cut(0, true); err != nil {
		t.Fatal(err)
	}
	if ask(0, 300*time.Millisecond) == nil {
		t.Error("something came over a line that is cut")
	}
	if err := ask(1, time.Minute); err != nil {
		t.Errorf("the other line is cut as well: %v", err)
	}
	if err := p.Cut(0, false); err != nil {
		t.Fatal(err)
	}
	_ = conns[0].SetReadDeadline(time.Now().Add(time.Minute))
	if _, err := answers[0].ReadString('\n'); err != nil {
		t.Errorf("nothing comes over a line that is whole again: %v", err)
	}
}
