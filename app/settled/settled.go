// Package settled is the configuration as it is while the program runs. In: files that were changed, at SIGHUP; out: what
// holds now.
package settled

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"

	"messenger-bridge/app/config"
	"messenger-bridge/bridge"
	"messenger-bridge/rocketchat/stream"
)

// Settled is the configuration as it is now: the secrets and the log level may be read again
// while the program runs, all else is as it was at the start. There is one for the life of a process:
// what was taken away must not come back when a replica leads again.
type Settled struct {
	cfg   atomic.Pointer[config.Config]
	log   *slog.Logger
	retry chan struct{}

	hangup chan os.Signal
}

// New returns a configuration of which nothing was read again yet.
func New(cfg config.Config, log *slog.Logger) *Settled {
	s := &Settled{log: log, retry: make(chan struct{}, 1), hangup: make(chan os.Signal, 1)}
	s.cfg.Store(&cfg)
	return s
}

// Config is all of it.
func (s *Settled) Config() config.Config { return *s.cfg.Load() }

// Retry says that a login that was refused is worth trying again.
func (s *Settled) Retry() <-chan struct{} { return s.retry }

// Hear keeps SIGHUP for Run from now on; without that the signal would end the process.
func (s *Settled) Hear() { signal.Notify(s.hangup, syscall.SIGHUP) }

// Run reads files of secrets and of the log level again at each SIGHUP, also at one that came after
// Hear and before Run.
func (s *Settled) Run(ctx context.Context) error {
	s.Hear()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-s.hangup:
			s.reload()
		}
	}
}

// reloaded are the secrets that may change while the program runs.
var reloaded = []struct {
	name string
	of   func(*config.Config) *bridge.Secret
}{
	{"ROCKETCHAT_PASSWORD", func(c *config.Config) *bridge.Secret { return &c.RocketChat.Password }},
	{"ROCKETCHAT_TOKEN", func(c *config.Config) *bridge.Secret { return &c.RocketChat.Token }},
	{"FACEBOOK_APP_SECRET", func(c *config.Config) *bridge.Secret { return &c.Facebook.AppSecret }},
	{"FACEBOOK_VERIFY_TOKEN", func(c *config.Config) *bridge.Secret { return &c.Facebook.VerifyToken }},
	{"COMMANDS_SECRET", func(c *config.Config) *bridge.Secret { return &c.Workspace.CommandsSecret }},
}

// reload reads everything again, and takes all of it or nothing.
func (s *Settled) reload() {
	now := *s.cfg.Load()
	if now.Again == nil {
		return
	}
	next, err := now.Again()
	if err != nil {
		s.log.Error("SIGHUP: the configuration has problems; everything stays as it was. `messenger-bridge config test` lists them", "err", err)
		return
	}
	var changed []string
	for _, r := range reloaded {
		if *r.of(&now) != *r.of(&next) {
			changed = append(changed, r.name)
			*r.of(&now) = *r.of(&next)
		}
	}
	if now.Log.Now != nil && now.Log.Now.Level() != config.Levels[next.Log.Level] {
		now.Log.Now.Set(config.Levels[next.Log.Level])
		changed = append(changed, "LOG_LEVEL")
	}
	if next.Store.SecretKey != now.Store.SecretKey {
		s.log.Error("SIGHUP: SECRET_KEY cannot be changed; put the old one back before the next start")
	}
	s.cfg.Store(&now)
	select {
	case s.retry <- struct{}{}:
	default: // one is under way
	}
	s.log.Warn("SIGHUP: files of secrets and of the log level were read again", "changed", strings.Join(changed, ","))
}

// Credentials are the bot's.
func (s *Settled) Credentials() stream.Credentials {
	chat := s.cfg.Load().RocketChat
	return stream.Credentials{User: chat.User, Password: chat.Password, UserID: bridge.UserID(chat.UserID), Token: chat.Token}
}

// AppSecrets are the Meta app's; the first signs our calls.
func (s *Settled) AppSecrets() []bridge.Secret {
	return config.Secrets(s.cfg.Load().Facebook.AppSecret)
}

// Meta are the secrets of our calls to Meta.
func (s *Settled) Meta() (app, verify bridge.Secret) {
	return s.AppSecrets()[0], s.cfg.Load().Facebook.VerifyToken
}

// Webhook is what Meta's handshake must know, and what may sign Meta's calls.
func (s *Settled) Webhook() (verify bridge.Secret, app []bridge.Secret) {
	return s.cfg.Load().Facebook.VerifyToken, s.AppSecrets()
}

// Commands are the companion app's.
func (s *Settled) Commands() []bridge.Secret {
	return config.Secrets(s.cfg.Load().Workspace.CommandsSecret)
}
