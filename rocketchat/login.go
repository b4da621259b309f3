package rocketchat

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/rocketchat/ddp"
)

// logIn shakes hands and proves who we are: by the token of the session before,
// while it is good, else as configured. The token serves REST as well.
func (s *Stream) logIn(ctx context.Context, conn *ddp.Conn) error {
	if err := s.within(ctx, conn.Connect); err != nil {
		return err
	}
	var user bridge.UserID
	var token bridge.Secret
	try := func(with ddp.Login) error {
		return s.within(ctx, func(ctx context.Context) (err error) {
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
	s.cfg.Client.loggedIn(user, token)
	if s.cfg.UserID != "" && s.cfg.UserID != user && !s.another {
		s.another = true
		s.cfg.Log.Warn("ROCKETCHAT_TOKEN belongs to another user than ROCKETCHAT_USER_ID; the bot is the token's user. Correct ROCKETCHAT_USER_ID, or create the token as the user you mean",
			"configured", s.cfg.UserID, "user", user)
	}
	return s.introduce(ctx)
}

func (s *Stream) configured() ddp.Login {
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
func (s *Stream) introduce(ctx context.Context) error {
	var me struct {
		Username string `json:"username"`
	}
	if err := s.patiently(ctx, call{method: http.MethodGet, route: "/me", answer: &me}); err != nil {
		return fmt.Errorf("ask who we are: %w", err)
	}
	site, _ := s.setting(ctx, "Site_Url")
	s.cfg.Client.knowBot(me.Username, site)
	if tongue, ok := s.setting(ctx, "Language"); ok && s.cfg.Language != nil {
		s.cfg.Language(tongue)
	}
	// The limiter shows itself on public routes: bypassed or not is what matters.
	if err := s.patiently(ctx, call{method: http.MethodGet, route: "/livechat/config"}); err != nil {
		return fmt.Errorf("ask for the Omnichannel settings: %w", err)
	}
	if s.cfg.Client.limits.inForce("GET /livechat/config") {
		s.cfg.Log.Warn("Rocket.Chat limits how often the bot may call; messages will be slow. Use version 8.3 or later with the role bot, or raise the limit (docs/operating.md)")
	}
	return nil
}

// setting returns a public setting of the workspace, and false if it cannot be read.
func (s *Stream) setting(ctx context.Context, id string) (value string, ok bool) {
	var answer struct {
		Settings []struct {
			ID    string `json:"_id"`
			Value any    `json:"value"`
		} `json:"settings"`
	}
	ask := call{method: http.MethodGet, route: "/settings.public", query: url.Values{"_id": {id}}, answer: &answer}
	if err := s.patiently(ctx, ask); err != nil {
		return "", false
	}
	for _, v := range answer.Settings {
		if v.ID == id {
			value, ok = v.Value.(string)
		}
	}
	return value, ok
}

// patiently makes a call and waits as often as the limiter wants it to: the
// session has nothing else to do meanwhile.
func (s *Stream) patiently(ctx context.Context, k call) error {
	for {
		err := s.cfg.Client.do(ctx, k)
		r := bridge.RefusalOf(err)
		if err == nil || r.Reason != bridge.RateLimited {
			return err
		}
		if err := sleep(ctx, r.After); err != nil {
			return err
		}
	}
}

// within bounds how long an answer may take.
func (s *Stream) within(ctx context.Context, f func(context.Context) error) error {
	ctx, stop := context.WithTimeout(ctx, s.cfg.Answer)
	defer stop()
	return f(ctx)
}
