// Package commands is what administrators type: `/facebook authorize`, `pages`,
// `edit` and so on. A table says which commands there are, who may use them and
// how they are explained; handlers get words and return the answer. How the words
// arrive and how the answer is shown is not its business.
package commands

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"messenger-bridge/bridge"
)

// People tells who may run commands.
type People interface {
	// IsManager reports whether a user is an omnichannel manager.
	IsManager(context.Context, bridge.UserID) (bool, error)
}

// Connector changes pages; bridge.Connector is the one.
type Connector interface {
	LoginLink(ctx context.Context, caller bridge.Author) (string, error)
	SettingsLink(ctx context.Context, caller bridge.Author, id bridge.PageID) (string, error)
	SwitchOn(context.Context, bridge.PageID) (bridge.Page, error)
	SwitchOff(context.Context, bridge.PageID) (bridge.Page, error)
	Disconnect(ctx context.Context, id bridge.PageID, by bridge.Author) (page bridge.Page, told bool, err error)
	ChangeSettings(ctx context.Context, id bridge.PageID, change func(*bridge.Settings)) (bridge.Page, error)
}

// Health is how the bridge is, for `status`.
type Health struct {
	Ready     string // "yes", or why webhooks are refused
	Workspace string // "connected", or why not
	In, Out   bridge.Backlog
	Failed    int
}

// Config is what Commands are made of.
type Config struct {
	People      People
	Users       []string // usernames that may run commands besides omnichannel managers
	Connector   Connector
	Pages       bridge.Pages
	Departments func(context.Context) ([]bridge.Department, error)
	Waiting     func(bridge.PageID) (in, out int)
	Health      func() Health
}

// Commands implements bridge.Clerk.
type Commands struct{ Config }

// New returns Commands.
func New(c Config) *Commands { return &Commands{c} }

// Do carries out a command and returns the answer.
func (c *Commands) Do(ctx context.Context, typed bridge.Command) (bridge.Reply, error) {
	allowed, err := c.allowed(ctx, typed.From)
	if err != nil {
		return bridge.Reply{}, err
	}
	word, rest := cutWord(typed.Words)
	if word == "" {
		word = "help"
	}
	entry := find(word)
	switch {
	case !allowed && (entry == nil || entry.Manager):
		return answer("You may not use these commands. They are for omnichannel managers: ask an administrator for the role `livechat-manager`, or to be named in `COMMAND_USERS` of the bridge."), nil
	case entry == nil:
		return unknown(word), nil
	}
	reply, err := entry.Run(c, ctx, call{Command: typed, rest: rest, allowed: allowed})
	if problem, ok := mistake(c, err); ok {
		return problem, nil
	}
	return reply, err
}

func (c *Commands) allowed(ctx context.Context, who bridge.Author) (bool, error) {
	if slices.ContainsFunc(c.Users, func(name string) bool {
		return strings.EqualFold(strings.TrimPrefix(strings.TrimSpace(name), "@"), who.Username)
	}) {
		return true, nil
	}
	return c.People.IsManager(ctx, who.ID)
}

// call is one command as its handler gets it.
type call struct {
	bridge.Command
	rest    string // behind the command's word
	allowed bool
}

func answer(format string, args ...any) bridge.Reply {
	return bridge.Reply{Text: fmt.Sprintf(format, args...)}
}

// unknown answers a word that is no command, with the nearest that is.
func unknown(word string) bridge.Reply {
	near, distance := "", 3
	for _, e := range table {
		if d := editDistance(strings.ToLower(word), e.Word); d < distance {
			near, distance = e.Word, d
		}
	}
	if near != "" {
		return answer("There is no command `%s`. Did you mean `/facebook %s`? `/facebook help` shows all.", quoted(word), near)
	}
	return answer("There is no command `%s`. `/facebook help` shows all.", quoted(word))
}
