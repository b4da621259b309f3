package settled

import (
	"context"
	"log/slog"
	"os"
	"syscall"
	"testing"

	"messenger-bridge/app/config"
)

// Secrets were changed, and SIGHUP sent, while the store was being opened.
func TestHear_HangupBeforeRun_IsNotLost(t *testing.T) {
	cfg := config.Config{}
	cfg.Facebook.AppSecret = "old"
	cfg.Again = func() (config.Config, error) {
		next := config.Config{}
		next.Facebook.AppSecret = "new"
		return next, nil
	}
	s := New(cfg, slog.New(slog.DiscardHandler))
	s.Hear()
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if err := self.Signal(syscall.SIGHUP); err != nil { // would end the test if nobody heard it
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- s.Run(ctx) }()
	<-s.Retry()
	stop()
	<-ended
	if got := s.AppSecrets()[0].Reveal(); got != "new" {
		t.Errorf("the secret is %q", got)
	}
}
