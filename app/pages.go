package app

import (
	"context"
	"log/slog"
	"sync"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/pages"
	"messenger-bridge/rocketchat"
	"messenger-bridge/store"
)

// pageChanged lets what waits for a page try again.
func (l *late) pageChanged(id bridge.PageID) {
	l.relay.PageChanged(id)
	l.setup.Look()
}

// lookAfter returns what looks after the pages' connections until its context ends.
func lookAfter(all *pages.Parts) func(context.Context) error {
	return func(ctx context.Context) error {
		var wg sync.WaitGroup
		defer wg.Wait()
		wg.Go(func() { _ = all.Revoker.Run(ctx) }) // ends with ctx and nothing else
		return all.Watch.Run(ctx)
	}
}

// names are what customers, agents and departments are called, as far as that is known.
type names struct {
	store  *store.Store
	client *rocketchat.Workspace
	log    *slog.Logger
}

func (n names) customer(c bridge.Conversation) string {
	name, _ := n.store.Name(c)
	return name
}

func (n names) agent(ctx context.Context, who bridge.Author) bridge.Author {
	named, err := n.client.Named(ctx, who)
	if err != nil {
		n.log.Debug("an agent's name is not known", "user", who.ID, "err", err)
	}
	return named
}

func (n names) department(ctx context.Context, id bridge.DepartmentID) string {
	known, err := n.client.Departments(ctx)
	if err != nil {
		n.log.Debug("a department's name is not known", "department", id, "err", err)
	}
	for _, d := range known {
		if d.ID == id {
			return d.Name
		}
	}
	return ""
}
