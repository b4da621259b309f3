package bridge

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"messenger-bridge/metrics"
)

// Command is what somebody typed to the bot.
type Command struct {
	ID    MessageID `json:"id"` // of the message it was typed in
	From  Author    `json:"from"`
	Room  RoomID    `json:"room"`
	Setup bool      `json:"setup,omitempty"` // typed in the setup channel, where everybody may read the answer
	As    string    `json:"as,omitempty"`    // what made it a command: /facebook, !facebook, @bot, facebook
	Words string    `json:"words"`           // as typed behind that
	At    time.Time `json:"at"`              // by our clock

	Dialog bool `json:"-"` // a dialog can be shown in answer to it
}

// Reply is what the bot answers.
type Reply struct {
	Text      string        // Rocket.Chat markup; empty: no answer
	Private   bool          // holds a one-time link: always by direct message
	Shortcuts []Shortcut    // below the text
	Dialog    *SettingsForm // to be shown instead of a text; only if the command allows it
}

// Shortcut is a button that types something for whoever clicks it.
type Shortcut struct {
	Label string `json:"label"`
	Types string `json:"types"` // as the person would
}

// Clerk carries out commands.
type Clerk interface {
	// Do carries a command out. Doing it again, after a crash, must be harmless.
	// What the person did wrong is a Reply; an error is a Refusal, and Again means
	// that it is worth repeating.
	Do(context.Context, Command) (Reply, error)
}

// tooLate is how old a command may be before it is no longer carried out: whoever
// typed it has given up or typed it again.
const tooLate = 5 * time.Minute

// FromPeople stores commands, once per message, and leaves out what it has seen.
// When it returns nil, everything is durable.
func (b *Bridge) FromPeople(ctx context.Context, commands []Command) error {
	var entries []Entry
	for _, c := range commands {
		n := Notice{Kind: Ordered, Room: c.Room, To: c.From, Message: c.ID, Command: &c, At: b.Now()}
		body, err := json.Marshal(n)
		if err != nil {
			return fmt.Errorf("encode a command: %w", err)
		}
		entries = append(entries, Entry{Lane: commandLane(c.From), Key: n.Key(), Body: body})
	}
	_, err := b.append(ctx, metrics.Notice, b.Notices, b.notices, entries)
	return err
}

// order carries a command out and stores the answer, which is told like any other
// notice. Stopped between the two, the command is carried out again: commands are
// made for that.
func (b *Bridge) order(ctx context.Context, n Notice) error {
	reply := Reply{Text: b.Say.Say("That came too late: I was away when you typed it. Please type it again.")}
	if b.Now().Sub(n.Command.At) < tooLate {
		var err error
		if reply, err = b.Clerk.Do(ctx, *n.Command); err != nil {
			return err
		}
	}
	if reply.Text == "" {
		return nil
	}
	answer := Notice{Kind: Answer, Message: n.Message, To: n.To, Text: reply.Text, Shortcuts: reply.Shortcuts, At: b.Now()}
	if n.Command.Setup && !reply.Private {
		answer.Room = n.Room
	}
	body, err := json.Marshal(answer)
	if err != nil {
		return fmt.Errorf("encode an answer: %w", err)
	}
	_, err = b.append(ctx, metrics.Notice, b.Notices, b.notices, []Entry{{Lane: commandLane(n.To), Key: answer.Key(), Body: body}})
	if err != nil {
		return &Refusal{Verdict: Again, Reason: StoreFailed, Err: err}
	}
	return nil
}

// commandLane keeps what one person types in order, and the answers with it.
func commandLane(who Author) Lane { return Lane("command/" + string(who.ID)) }

// Announce tells everybody in the setup channel something, once per key.
func (b *Bridge) Announce(ctx context.Context, key, text string) error {
	n := Notice{Kind: Announcement, Message: MessageID(key), Text: text, At: b.Now()}
	body, err := json.Marshal(n)
	if err != nil {
		return fmt.Errorf("encode an announcement: %w", err)
	}
	_, err = b.append(ctx, metrics.Notice, b.Notices, b.notices, []Entry{{Lane: "announcements", Key: n.Key(), Body: body}})
	return err
}
