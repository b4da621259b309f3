// Package commands is what administrators type: `/facebook authorize`, `pages`,
// `edit` and so on. A table says which commands there are, who may use them and
// how they are explained; handlers get words and return the answer. How the words
// arrive and how the answer is shown is not its business.
package commands

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/pages"
	"messenger-bridge/bridge/settings"
	"messenger-bridge/language"
	"messenger-bridge/near"
)

// People tells who may run commands.
type People interface {
	// IsManager reports whether a user is an omnichannel manager.
	IsManager(context.Context, bridge.UserID) (bool, error)
}

// Connector changes pages; package pages has a part for each of these tasks.
type Connector struct {
	Login
	Switch
	Editor
	Revoker
}

// Login begins the way through Facebook's dialog.
type Login interface {
	LoginLink(ctx context.Context, caller bridge.Author) (string, error)
}

// Switch switches pages on and off.
type Switch interface {
	SwitchOn(context.Context, bridge.PageID) (bridge.Page, error)
	SwitchOff(context.Context, bridge.PageID) (bridge.Page, error)
}

// Editor changes a page's settings.
type Editor interface {
	SettingsLink(ctx context.Context, caller bridge.Author, id bridge.PageID) (string, error)
	FillSettings(context.Context, bridge.Author, bridge.PageID, settings.Filled, []bridge.Department) (bridge.Page, settings.Outcome, error)
	ChangeSetting(ctx context.Context, id bridge.PageID, d *settings.Setting, value string) (page bridge.Page, mistake language.Phrase, err error)
}

// Revoker takes pages away.
type Revoker interface {
	Disconnect(ctx context.Context, id bridge.PageID, by bridge.Author) (bridge.Page, pages.Revoked, error)
	Delete(ctx context.Context, id bridge.PageID, by bridge.Author) (bridge.Page, pages.Revoked, error)
}

// Customers are named, blocked and forgotten here; relay.Eraser and relay.Relay do it.
type Customers interface {
	Customer(p bridge.PageID, word string) (bridge.CustomerID, error)
	Called(p bridge.PageID, fits func(name string) bool) ([]bridge.Called, error)
	Block(ctx context.Context, p bridge.PageID, c bridge.CustomerID, on bool) error
	Forget(context.Context, bridge.PageID, bridge.CustomerID) (bridge.Forgotten, error)
}

// Config is what Commands are made of.
type Config struct {
	People      People
	Users       []string // names or ids of people who may run commands besides omnichannel managers
	Connector   Connector
	Customers   Customers
	Pages       bridge.Pages
	Departments func(context.Context) ([]bridge.Department, error)
	Traffic     Traffic
	Codes       Codes
	Health      func() (Health, error)
	Failures    Failures
	Workspace   Workspace
	Say         *language.Speaker
}

// Workspace is what commands need of Rocket.Chat beside people.
type Workspace struct {
	Board    Board
	RoomLink func(bridge.RoomID) string // where a browser or phone opens a room
}

// Traffic is what is known of pages' messages.
type Traffic struct {
	Waiting     func(bridge.PageID) (in, out int)
	LastMessage func(bridge.PageID, bridge.Direction) time.Time // zero: never
	Tracer      Tracer
}

// Commands implements bridge.CommandHandler: it finds a command in the table, checks who
// may use it, and leaves it to the group that the command belongs to.
type Commands struct {
	people   People
	users    []string
	pages    bridge.Pages
	say      *language.Speaker
	table    []entry
	settings settingCommands
}

// New returns Commands.
func New(c Config) *Commands {
	commands := &Commands{people: c.People, users: c.Users, pages: c.Pages, say: c.Say,
		settings: settingCommands{editor: c.Connector, login: c.Connector, pages: c.Pages, departments: c.Departments, say: c.Say}}
	ask := questions{c.Codes, c.Say}
	commands.table = newTable(groups{
		help:        commands.help,
		connections: connectionCommands{login: c.Connector, power: c.Connector, revoker: c.Connector, pages: c.Pages, waiting: c.Traffic.Waiting, ask: ask, say: c.Say},
		list:        listCommand{pages: c.Pages, departments: c.Departments, lastMessage: c.Traffic.LastMessage, waiting: c.Traffic.Waiting, say: c.Say},
		settings:    commands.settings,
		status:      statusCommand{health: c.Health, pages: c.Pages, say: c.Say},
		failures:    failureCommands{failures: c.Failures, pages: c.Pages, roomLink: c.Workspace.RoomLink, ask: ask, say: c.Say},
		trace:       traceCommand{tracer: c.Traffic.Tracer, pages: c.Pages, say: c.Say},
		guide:       guideCommand{board: c.Workspace.Board, say: c.Say},
		customers:   customerCommands{customers: c.Customers, pages: c.Pages, roomLink: c.Workspace.RoomLink, ask: ask, say: c.Say},
	})
	return commands
}

// Handle carries out a command and returns the answer.
func (c *Commands) Handle(ctx context.Context, typed bridge.Command) (bridge.Reply, error) {
	reply, err := c.do(ctx, typed)
	return addressed(reply, typed.As), err
}

func (c *Commands) do(ctx context.Context, typed bridge.Command) (bridge.Reply, error) {
	allowed, err := c.May(ctx, typed.From)
	if err != nil {
		return bridge.Reply{}, err
	}
	word, rest := cutWord(typed.Words)
	if word == "" {
		word = "help"
	}
	entry := c.find(word)
	switch {
	case !allowed && (entry == nil || entry.Manager):
		return answer(c.say.Say(mayNot)), nil
	case entry == nil:
		return c.unknown(word), nil
	}
	rest, several := named(c.pages.Pages(), entry.Page, rest)
	if len(several) > 0 {
		return c.whichOf(rest, several), nil
	}
	reply, err := entry.Run(bridge.ActedBy(ctx, "@"+typed.From.Username), call{Command: typed, rest: rest, allowed: allowed})
	if problem, ok := c.mistake(entry.Word, err); ok {
		return problem, nil
	}
	return reply, err
}

var mayNot = language.Sentence("You may not use these commands. They are for omnichannel managers: ask an administrator for the role `livechat-manager`, or to be named in `COMMAND_USERS` of the bridge.")

// May reports whether somebody may run commands, and use what they give.
func (c *Commands) May(ctx context.Context, who bridge.Author) (bool, error) {
	if who.NamedIn(c.users) {
		return true, nil
	}
	return c.people.IsManager(ctx, who.ID)
}

// call is one command as its handler gets it.
type call struct {
	bridge.Command
	rest    string // behind the command's word
	allowed bool
}

func answer(text string) bridge.Reply { return bridge.Reply{Text: text} }

// unknown answers a word that is no command, with the nearest that is.
func (c *Commands) unknown(word string) bridge.Reply {
	var words []string
	for _, e := range c.table {
		words = append(words, e.Word)
	}
	if near := near.Word(word, words); near != "" {
		return with(answer(c.say.Say("There is no command `%s`. Did you mean `/facebook %s`? `/facebook help` shows all.", quoted(word), near)),
			button(near, near), button(c.say.Say("Help"), "help"))
	}
	return answer(c.say.Say("There is no command `%s`. `/facebook help` shows all.", quoted(word)))
}

// mistake words what the person can put right about a command.
func (c *Commands) mistake(word string, err error) (bridge.Reply, bool) {
	switch {
	case err == nil:
		return bridge.Reply{}, false
	case errors.Is(err, bridge.ErrNoPage):
		all := c.pages.Pages()
		if len(all) == 0 {
			return noPage(c.say), true
		}
		text := c.say.Say("Which page? Name it by its name, a part of it, or its id:")
		for _, p := range all {
			text += fmt.Sprintf("\n• `%s` %s", p.ID, p.PlainName())
		}
		return with(answer(text), forEachPage(c.pages, func(name string) string { return name }, word)...), true
	case fromFacebook(bridge.RefusalOf(err)):
		return answer(c.say.Say("Facebook did not do it; nothing was changed. Please try again later; the bridge's log says why.")), true
	}
	return bridge.Reply{}, false
}

// fromFacebook tells refusals of Facebook's, which the person reads at once, from
// those of our own side, after which the command is carried out again.
func fromFacebook(r *bridge.Refusal) bool {
	switch r.Reason {
	case bridge.MetaDown, bridge.MetaError, bridge.PageLost, bridge.NotApproved, bridge.PageRestricted, bridge.Rejected, bridge.Unexplained:
		return true
	}
	return r.Reason == bridge.RateLimited && (r.Gate == bridge.GateApp || strings.HasPrefix(string(r.Gate), string(bridge.GatePage(""))))
}

// Fill saves a dialog that somebody sent, if that person may do that by now and
// nothing is wrong with it; else it changes nothing, and returns what is wrong, by the
// settings' words, or "" for all of it. Sending the same again is harmless.
func (c *Commands) Fill(ctx context.Context, by bridge.Author, id bridge.PageID, f settings.Filled) (wrong map[string]string, err error) {
	allowed, err := c.May(ctx, by)
	switch {
	case err != nil:
		return nil, err
	case !allowed:
		return map[string]string{"": c.say.Say(mayNot)}, nil
	}
	return c.settings.fill(bridge.ActedBy(ctx, "@"+by.Username), by, id, f)
}
