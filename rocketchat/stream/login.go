package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/rocketchat/ddp"
)

// authenticator logs the bot in, and learns what the workspace then says. It belongs to
// Run's goroutine, but for setUp, which a sweep calls.
type authenticator struct {
	cfg     *Config
	resume  bridge.Secret // token of the last login
	problem string        // with the setup channel, as last logged
	another bool          // that ROCKETCHAT_USER_ID is another user's was said
}

// logIn shakes hands and proves who we are: by the token of the session before,
// while it is good, else as configured. The token serves REST as well.
func (s *authenticator) logIn(ctx context.Context, conn *ddp.Conn) error {
	if err := within(ctx, s.cfg.Answer, conn.Connect); err != nil {
		return err
	}
	var user bridge.UserID
	var token bridge.Secret
	try := func(with ddp.Login) error {
		return within(ctx, s.cfg.Answer, func(ctx context.Context) (err error) {
			user, token, err = conn.Login(ctx, with)
			return err
		})
	}
	err := errors.New("no token yet")
	if s.resume != "" {
		err = try(ddp.ByToken(s.resume))
	}
	var refused *ddp.Error
	if err != nil && (s.resume == "" || errors.As(err, &refused)) {
		s.resume = ""
		err = try(s.configured())
	}
	if err != nil {
		return loginRefusal(err)
	}
	s.resume = token
	s.cfg.Client.LoggedIn(user, token)
	if s.cfg.UserID != "" && s.cfg.UserID != user && !s.another {
		s.another = true
		s.cfg.Log.Warn("ROCKETCHAT_TOKEN belongs to another user than ROCKETCHAT_USER_ID; the bot is the token's user. Correct ROCKETCHAT_USER_ID, or create the token as the user you mean",
			"configured", s.cfg.UserID, "user", user)
	}
	return s.introduce(ctx)
}

func (s *authenticator) configured() ddp.Login {
	if fresh := s.cfg.Hooks.Credentials; fresh != nil {
		s.cfg.Credentials = fresh()
	}
	if s.cfg.Token != "" {
		return ddp.ByToken(s.cfg.Token)
	}
	return ddp.ByPassword(s.cfg.User, s.cfg.Password)
}

// loginRefusal tells a login that a person must repair from one worth repeating.
func loginRefusal(err error) error {
	var e *ddp.Error
	if !errors.As(err, &e) {
		return fmt.Errorf("log in: %w", err)
	}
	if code := e.Error(); code == "too-many-requests" || code == "500" {
		after := time.Duration(e.Details.Reset) * time.Millisecond
		return &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.RateLimited, After: after, Err: fmt.Errorf("log in: %w", err)}
	}
	return &bridge.Refusal{Verdict: bridge.Never, Reason: bridge.WorkspaceDown, Err: fmt.Errorf("log in: %w", err)}
}

// introduce learns what the workspace tells the bot about itself and the limits.
func (s *authenticator) introduce(ctx context.Context) error {
	w, err := s.cfg.Client.Introduce(ctx)
	if w.Speaks && s.cfg.Language != nil {
		s.cfg.Language(w.Language)
	}
	if w.Limited {
		s.cfg.Log.Warn("Rocket.Chat limits how often the bot may call; messages will be slow. Use version 8.3 or later with the role bot, or switch API_Enable_Rate_Limiter off (docs/operating.md)")
	}
	return err
}

// setUp sees to the setup channel. It waits for no limiter, and whatever fails is tried
// again with the next sweep: agents and customers come first.
func (s *authenticator) setUp(ctx context.Context) {
	if s.cfg.SetupChannel == "" {
		return
	}
	err := s.cfg.Client.Ensure(ctx, s.cfg.SetupChannel)
	problem := ""
	if err != nil {
		problem = err.Error()
	}
	if problem == s.problem || ctx.Err() != nil {
		return
	}
	s.problem = problem
	log := s.cfg.Log.With("channel", s.cfg.SetupChannel)
	switch {
	case err == nil:
		log.Info("the setup channel is ready")
	case s.cfg.Client.SetupRoom() == "":
		log.Warn("there is no setup channel, announcements wait; have an omnichannel manager create a private group of this name and add the bot, or choose another name with SETUP_CHANNEL", "err", err)
	default:
		log.Warn("the setup channel is not in order", "err", err)
	}
}

// logOut ends a login that was made by password.
func (s *authenticator) logOut(ctx context.Context, conn *ddp.Conn) {
	s.resume = ""
	if s.cfg.Token != "" {
		return
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), min(s.cfg.Answer, 5*time.Second))
	defer stop()
	if err := conn.Logout(ctx); err != nil {
		s.cfg.Log.Warn("the bot could not be logged out", "err", fmt.Errorf("logout: %w", err))
	}
}

// within bounds how long an answer may take.
func within(ctx context.Context, most time.Duration, f func(context.Context) error) error {
	ctx, stop := context.WithTimeout(ctx, most)
	defer stop()
	return f(ctx)
}
