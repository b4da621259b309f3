package app

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

// settled is the configuration as it is now: the secrets and the log level may be read again
// while the program runs, all else is as it was at the start.
type settled struct {
	cfg   atomic.Pointer[Config]
	log   *slog.Logger
	retry chan struct{} // a login that was refused is worth trying again
}

func newSettled(cfg Config, log *slog.Logger) *settled {
	s := &settled{log: log, retry: make(chan struct{}, 1)}
	s.cfg.Store(&cfg)
	return s
}

// Run reads files of secrets and of the log level again whenever SIGHUP comes.
func (s *settled) Run(ctx context.Context) error {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-hangup:
			s.reload()
		}
	}
}

// reloaded are the secrets that may change while the program runs.
var reloaded = []struct {
	name string
	of   func(*Config) *bridge.Secret
}{
	{"ROCKETCHAT_PASSWORD", func(c *Config) *bridge.Secret { return &c.RocketChat.Password }},
	{"ROCKETCHAT_TOKEN", func(c *Config) *bridge.Secret { return &c.RocketChat.Token }},
	{"FACEBOOK_APP_SECRET", func(c *Config) *bridge.Secret { return &c.Facebook.AppSecret }},
	{"FACEBOOK_VERIFY_TOKEN", func(c *Config) *bridge.Secret { return &c.Facebook.VerifyToken }},
	{"COMMANDS_SECRET", func(c *Config) *bridge.Secret { return &c.Workspace.CommandsSecret }},
}

// reload reads everything again, and takes all of it or nothing.
func (s *settled) reload() {
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

// credentials are the bot's.
func (s *settled) credentials() stream.Credentials {
	chat := s.cfg.Load().RocketChat
	return stream.Credentials{User: chat.User, Password: chat.Password, UserID: bridge.UserID(chat.UserID), Token: chat.Token}
}

// appSecrets are the Meta app's; the first signs our calls.
func (s *settled) appSecrets() []bridge.Secret { return Secrets(s.cfg.Load().Facebook.AppSecret) }

// meta are the secrets of our calls to Meta.
func (s *settled) meta() (app, verify bridge.Secret) {
	return s.appSecrets()[0], s.cfg.Load().Facebook.VerifyToken
}

// handshake is what Meta's handshake must know.
func (s *settled) handshake() bridge.Secret { return s.cfg.Load().Facebook.VerifyToken }

// commands are the companion app's.
func (s *settled) commands() []bridge.Secret { return Secrets(s.cfg.Load().Workspace.CommandsSecret) }
