package outbound

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"messenger-bridge/bridge"
)

// Automatic is a text that a customer gets without anybody having written it, such as
// why a file was refused.
type Automatic struct {
	Conversation bridge.Conversation
	Key          string // of what it is said about; it is sent once
	Text         string
	Until        time.Time       // afterwards it is not sent any more; zero: as long as Messenger takes it
	Quick        []bridge.Button // quick replies, with payloads
	Survey       bridge.RoomID   // it asks how the conversation in this room was
	Closed       bridge.Closing  // which it follows; empty: none
}

// id is the key under which it waits. It is no message of a room.
func (a Automatic) id() bridge.MessageID {
	sum := sha256.Sum256([]byte(a.Conversation.String() + "/" + a.Key))
	return bridge.MessageID(bridge.AutomaticPrefix + hex.EncodeToString(sum[:12]))
}

// SendAutomatic puts the text into the outbox, behind what already waits for the
// customer. It is sent and resolved like an agent's message; but it is never sent as if
// a person had written it, and should it not arrive, nobody is told.
//
// In public, below a post, nothing is said that nobody wrote.
func (o *Outbound) SendAutomatic(ctx context.Context, a Automatic) error {
	if a.Conversation.Kind != bridge.Messages {
		return nil
	}
	out := o.composer.automatic(a)
	body, err := json.Marshal(out)
	if err != nil {
		return fmt.Errorf("%w: encode an automatic text: %w", bridge.ErrUnstorable, err)
	}
	_, err = o.Lanes.Append(ctx, []bridge.Entry{{Lane: a.Conversation.Lane(), Key: string(a.id()), Body: body, Progress: o.beginning(out)}}, nil)
	return err
}

// Stored reports whether a text was ever put into the outbox.
func (o *Outbound) Stored(a Automatic) bool { return o.Lanes.Store.Seen(string(a.id())) }

// sentAs is the id in the text's send tag, which nobody can compute without the store's key: what was
// sent under it counts as this text.
func (c composer) sentAs(a Automatic) bridge.MessageID {
	if hash := c.fingerprint("id of an automatic text", string(a.id())); hash != "" {
		return bridge.MessageID(bridge.AutomaticPrefix + hash)
	}
	return a.id()
}

// automatic composes a text, with its quick replies below the last part.
func (c composer) automatic(a Automatic) Outgoing {
	m := bridge.AgentMessage{ID: c.sentAs(a), At: c.Now(), Text: a.Text}
	if a.Closed.Room != "" && !a.Closed.At.IsZero() { // another bridge may have followed it, too
		m.Room, m.At = a.Closed.Room, a.Closed.At
	}
	out := c.outgoing(a.Conversation, &m, c.textHash(&m))
	out.Automatic, out.Until, out.Survey = true, a.Until, a.Survey
	for _, reply := range a.Quick {
		last := &out.Parts[len(out.Parts)-1]
		last.Quick, last.Answers = append(last.Quick, reply.Title), append(last.Answers, reply.Payload)
	}
	return out
}
