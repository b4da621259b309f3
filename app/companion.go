package app

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"messenger-bridge/app/audit"
	"messenger-bridge/bridge"
	"messenger-bridge/bridge/notices"
	"messenger-bridge/commands"
	"messenger-bridge/companion"
	"messenger-bridge/language"
	"messenger-bridge/rocketchat"
)

// clerk carries out what administrators type.
func (p *program) clerk() *commands.Commands {
	return commands.New(commands.Config{
		People: p.client, Users: p.cfg.Workspace.CommandUsers, Pages: p.store,
		Connector:   commands.Connector{Login: p.pages.Login, Switch: p.pages.Connections, Editor: p.pages.Editor, Revoker: p.pages.Revoker},
		Departments: p.client.Departments,
		Traffic: commands.Traffic{Tracer: tracing{p.late, p.store}, LastMessage: p.store.LastActivity, Waiting: func(id bridge.PageID) (in, out int) {
			w := p.relay.Backlogs()[id]
			return w.In.Waiting, w.Out.Waiting
		}},
		Codes:     commands.Codes{Store: p.store, Now: p.now},
		Customers: customers{p.late, p.store, audit.Auditor{Journal: p.store.Journal(), Log: p.log}},
		Health:    p.view().health, Failures: failures{p.late}, Say: p.say,
		Workspace: commands.Workspace{Board: p.client, RoomLink: p.client.RoomLink},
	})
}

// access says who may do what, when it is done.
type access struct {
	client *rocketchat.Workspace
	clerk  func() *commands.Commands
}

// may reports whether somebody who got a link may still change pages: by the name that the
// account has now, if it is still one.
func (a access) may(ctx context.Context, who bridge.Author) (bool, error) {
	now, there, err := a.client.Account(ctx, who.ID)
	if err != nil || !there {
		return false, err
	}
	return a.clerk().May(ctx, now)
}

// trustWithin bounds how long it may take to find out who is in a direct room.
const trustWithin = time.Second

// trusted reports whether what the app says was typed in a room was typed where nobody else
// could have typed it for the person.
func (a access) trusted(ctx context.Context, who bridge.UserID, room bridge.RoomID, kind string) bool {
	ctx, stop := context.WithTimeout(ctx, trustWithin)
	defer stop()
	return a.client.Trusted(ctx, who, room, kind)
}

// paced is the clerk at a pace that one person keeps.
type paced struct {
	companion.Clerk
	pace     *notices.Pace
	announce func(ctx context.Context, key, text string) error
	say      *language.Speaker
	log      *slog.Logger
}

// Handle implements companion.Clerk.
func (p paced) Handle(ctx context.Context, c bridge.Command) (bridge.Reply, error) {
	if ok, _ := p.pace.Take(c.From.ID, c.At); !ok {
		return bridge.Reply{Text: p.say.Say(notices.TooFast)}, nil
	}
	reply, err := p.Clerk.Handle(ctx, c)
	if err == nil && reply.Changed != "" { // only the person reads the answer
		if err := p.announce(ctx, notices.ChangedKey(c.ID), reply.Changed); err != nil {
			p.log.Warn("a change was not announced", "err", err)
		}
	}
	return reply, err
}

// commandsRoute is where the companion app brings what was typed.
func (s *publicServer) commandsRoute() http.Handler {
	forged := newBurst(5, time.Minute)
	return companion.New(companion.Config{
		Secrets: s.settled.Commands, Clerk: paced{s.clerk, s.pace, s.relay.Notices.Announce, s.say, s.log}, Later: s.relay.Notices.FromPeople, Trusted: s.trusted, Patience: s.cfg.Times.AppWaits, Say: s.say, Log: s.log,
		OnForged: func() {
			if n := forged.count(time.Now()); n > 0 {
				s.log.Warn("commands come with a wrong secret; if /facebook does not work, the secret in the app's settings is not COMMANDS_SECRET", "calls", n)
			}
		},
	})
}
