package app

import (
	"context"
	"sync"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/commands"
)

// HandshakeSeen is the name of the cursor that says when Meta last verified the
// webhook.
const HandshakeSeen = "webhook verified"

func (p *program) handshake() {
	if err := p.store.SaveCursor(HandshakeSeen, time.Now()); err != nil {
		p.log.Warn("the webhook's verification could not be remembered", "err", err)
	}
	p.log.Info("Meta has verified the webhook")
	p.setup.Look()
}

func (p *program) verified() bool {
	at, err := p.store.Cursor(HandshakeSeen)
	return err == nil && !at.IsZero()
}

// pageChanged lets what waits for a page try again.
func (p *program) pageChanged(id bridge.PageID) {
	p.relay.PageChanged(id)
	p.setup.Look()
}

// lookAfterPages runs what looks after the pages' connections until ctx ends.
func (p *program) lookAfterPages(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { _ = p.pages.Revoker.Run(ctx) }) // ends with ctx and nothing else
	return p.pages.Watch.Run(ctx)
}

// sentByUs reports whether a Messenger message is an answer that the bridge sent.
func (p *program) sentByUs(page bridge.PageID, mid bridge.Mid) bool {
	_, ours := p.store.TagOf(page, mid)
	return ours
}

// clerk carries out what administrators type.
func (p *program) clerk() *commands.Commands {
	return commands.New(commands.Config{
		People: p.client, Users: p.cfg.Workspace.CommandUsers, Pages: p.store,
		Connector:   commands.Connector{Login: p.pages.Login, Switch: p.pages.Connections, Editor: p.pages.Editor, Revoker: p.pages.Revoker},
		Departments: p.client.Departments,
		Waiting: func(id bridge.PageID) (in, out int) {
			w := p.relay.Backlogs()[id]
			return w.In.Waiting, w.Out.Waiting
		},
		Customers:   customers{p},
		LastMessage: p.store.LastActivity,
		Health:      p.health, Failures: failures{p}, RoomLink: p.client.RoomLink, Say: p.say,
	})
}

// customerName is what a customer is called, as far as that is known.
func (p *program) customerName(c bridge.Conversation) string {
	name, _ := p.store.Name(c)
	return name
}

// departmentName is what a department is called, as far as that is known.
func (p *program) departmentName(ctx context.Context, id bridge.DepartmentID) string {
	known, err := p.client.Departments(ctx)
	if err != nil {
		p.log.Debug("a department's name is not known", "department", id, "err", err)
	}
	for _, d := range known {
		if d.ID == id {
			return d.Name
		}
	}
	return ""
}
