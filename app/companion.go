package app

import (
	"net/http"
	"time"

	"messenger-bridge/companion"
)

// commandsRoute is where the app brings what was typed.
func (p *program) commandsRoute() http.Handler {
	forged := newBurst(5, time.Minute)
	return companion.New(companion.Config{
		Secrets: Secrets(p.cfg.Workspace.CommandsSecret), Clerk: p.clerk(), Later: p.relay.Notices.FromPeople, Patience: p.cfg.Times.AppWaits, Say: p.say, Log: p.log,
		OnForged: func() {
			if n := forged.count(time.Now()); n > 0 {
				p.log.Warn("commands come with a wrong secret; if /facebook does not work, the secret in the app's settings is not COMMANDS_SECRET", "calls", n)
			}
		},
	})
}
