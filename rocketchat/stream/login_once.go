package stream

import (
	"context"
	"sync"

	"messenger-bridge/bridge"
	"messenger-bridge/rocketchat/ddp"
	"messenger-bridge/rocketchat/wire"
)

// LogInOnce logs the bot in the way Run does, but subscribes to nothing, and calls do.
// Afterwards it hangs up, and ends a login that was made by password; a personal
// access token stays good. It returns why there was no login; then do is not called.
func (s *Stream) LogInOnce(ctx context.Context, do func(context.Context)) error {
	dialing, stop := context.WithTimeout(ctx, s.cfg.Answer)
	defer stop()
	conn, err := ddp.Dial(dialing, s.cfg.Client.URL(), s.cfg.Silence, ddp.Events{Message: func(wire.Message) error { return nil }})
	if err != nil {
		return &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.WorkspaceDown, Err: err}
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	defer conn.HangUp()
	session, end := context.WithCancelCause(ctx)
	defer end(nil)
	wg.Go(func() { end(conn.Read()) })

	err = s.auth.logIn(session, conn)
	if id, _ := s.cfg.Client.Bot(); id == "" {
		return cause(session, err)
	}
	defer s.auth.logOut(ctx, conn)
	do(ctx) // also if logIn failed after the login: what does not answer will be found
	return nil
}
