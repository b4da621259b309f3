package bridge

import (
	"context"
	"errors"
	"time"
)

// ErrNoChannel says that there is no channel of a name into which the bot may write.
var ErrNoChannel = errors.New("no such channel")

// Command is what somebody typed to the bot.
type Command struct {
	ID    MessageID `json:"id"` // of the message it was typed in
	From  Author    `json:"from"`
	Room  RoomID    `json:"room"`
	Setup bool      `json:"setup,omitempty"` // typed in the setup channel, where everybody may read the answer
	As    string    `json:"as,omitempty"`    // what made it a command: /facebook, !facebook, @bot, facebook
	Words string    `json:"words"`           // as typed behind that
	At    time.Time `json:"at"`              // by our clock

	Trusted bool `json:"trusted,omitempty"` // typed in the setup channel, or where nobody but person and bot is

	Dialog bool `json:"-"` // a dialog can be shown in answer to it
}

// Reply is what the bot answers.
type Reply struct {
	Text      string        // Rocket.Chat markup; empty: no answer
	Private   bool          // holds a one-time link: always by direct message
	Changed   string        // what was changed, and by whom; said in the setup channel, unless everybody there reads the command and its answer
	Shortcuts []Shortcut    // below the text
	Dialog    *SettingsForm // to be shown instead of a text; only if the command allows it
}

// Shortcut is a button that types something for whoever clicks it.
type Shortcut struct {
	Label string `json:"label"`
	Types string `json:"types"` // as the person would
}

// CommandHandler carries out commands.
type CommandHandler interface {
	// Handle carries a command out. Doing it again, after a crash, must be harmless.
	// What the person did wrong is a Reply; an error is a Refusal, and Again means
	// that it is worth repeating.
	Handle(context.Context, Command) (Reply, error)
}
