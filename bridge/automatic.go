package bridge

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"messenger-bridge/metrics"
)

// Automatic is a text that a customer gets without anybody having written it, such as
// why a file was refused.
type Automatic struct {
	Conversation Conversation
	Key          string // of what it is said about; it is sent once
	Text         string
	Until        time.Time // afterwards it is not sent any more; zero: as long as Messenger takes it
	Quick        []Button  // quick replies, with payloads
	Survey       RoomID    // it asks how the conversation in this room was
}

// id is the one under which it waits. It is no message of a room.
func (a Automatic) id() MessageID {
	sum := sha256.Sum256([]byte(string(a.Conversation.Lane()) + "/" + a.Key))
	return MessageID(automaticPrefix + hex.EncodeToString(sum[:12]))
}

// automaticPrefix begins the ids of automatic texts, which are no messages of a room.
const automaticPrefix = "fba"

// SendAutomatic puts the text into the outbox, behind what already waits for the
// customer. It is sent and settled like an agent's message; but it is never sent as if
// a person had written it, and should it not arrive, nobody is told.
//
// In public, below a post, nothing is said that nobody wrote.
func (b *Bridge) SendAutomatic(ctx context.Context, a Automatic) error {
	if a.Conversation.Kind != Messages {
		return nil
	}
	id := a.id()
	out := b.outgoing(a.Conversation, AgentMessage{ID: id, At: b.Now(), Text: a.Text})
	out.Automatic, out.Until, out.Survey = true, a.Until, a.Survey
	for _, reply := range a.Quick {
		last := &out.Parts[len(out.Parts)-1]
		last.Quick, last.Answers = append(last.Quick, reply.Title), append(last.Answers, reply.Payload)
	}
	body, err := json.Marshal(out)
	if err != nil {
		return fmt.Errorf("encode an automatic text: %w", err)
	}
	_, err = b.append(ctx, metrics.Out, b.Outbox, b.outbound, []Entry{{Lane: a.Conversation.Lane(), Key: string(id), Body: body}})
	return err
}
