package journal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"messenger-bridge/replica"
)

// TestStream_ServerDoesNotKnowUsForAWhile_IsReachedAgain: an account that was not there for a moment, or
// credentials that had run out, must not end the connection for good.
func TestStream_ServerDoesNotKnowUsForAWhile_IsReachedAgain(t *testing.T) {
	t.Parallel()
	users := func(names ...string) *server.Options {
		o := &server.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), NoLog: true, NoSigs: true}
		for _, name := range names {
			o.Users = append(o.Users, &server.User{Username: name, Password: name})
		}
		return o
	}
	known, unknown := users("bridge", "other"), users("other")
	s, err := server.NewServer(known)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	defer s.Shutdown()
	if !s.ReadyForConnections(time.Minute) {
		t.Fatal("the server does not start")
	}
	c := config(t)
	c.URL = fmt.Sprintf("nats://bridge:bridge@%s", s.Addr())
	refused := make(refusals, 100)
	c.Log = slog.New(refused)
	stream := open(t, c)
	ctx, stop := context.WithTimeout(t.Context(), time.Minute) // for ever, otherwise
	defer stop()
	term, err := stream.Claim(ctx, replica.Position{})
	if err != nil {
		t.Fatal(err)
	}
	store(t, term, "1")
	unknown.StoreDir = known.StoreDir
	if err := s.ReloadOptions(unknown); err != nil {
		t.Fatal(err)
	}
	for range 3 { // the second of a kind is what ended it
		<-refused
	}
	if err := s.ReloadOptions(known); err != nil {
		t.Fatal(err)
	}
	store(t, term, "2")
}

// refusals is told each time the server does not let us in; all that is logged goes nowhere.
type refusals chan struct{}

func (r refusals) Enabled(context.Context, slog.Level) bool { return true }
func (r refusals) WithAttrs([]slog.Attr) slog.Handler       { return r }
func (r refusals) WithGroup(string) slog.Handler            { return r }
func (r refusals) Handle(_ context.Context, record slog.Record) error {
	record.Attrs(func(a slog.Attr) bool {
		if err, is := a.Value.Any().(error); is && errors.Is(err, nats.ErrAuthorization) {
			select {
			case r <- struct{}{}:
			default:
			}
		}
		return true
	})
	return nil
}
