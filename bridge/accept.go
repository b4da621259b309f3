package bridge

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"time"

	"messenger-bridge/metrics"
)

// FromCustomer stores the events of one webhook call, all of them in one commit,
// and leaves out what it has seen. When it returns nil, everything is durable and
// Meta may forget it. Echoes of our own sends are proof of delivery: they are
// stored as receipts, not shown.
func (b *Bridge) FromCustomer(ctx context.Context, events []Incoming) error {
	var entries []Entry
	var receipts []Receipt
	for _, in := range events {
		switch {
		case !b.known(in.Conversation.Page):
			b.Metrics.Ignored.WithLabelValues("unknown-page").Inc()
		case in.Kind == EchoEvent && in.Mark != Mark{}:
			receipts = append(receipts, Receipt{Page: in.Conversation.Page, Mid: in.Mid, Mark: in.Mark})
		case in.Kind == EchoEvent:
			b.Metrics.Ignored.WithLabelValues("foreign-echo").Inc()
		default:
			body, err := json.Marshal(in)
			if err != nil {
				return fmt.Errorf("encode an event of page %s: %w", in.Conversation.Page, err)
			}
			entries = append(entries, Entry{Lane: in.Conversation.Lane(), Key: string(in.Conversation.Page) + "/" + in.Key, Body: body})
		}
	}
	if len(receipts) > 0 {
		if err := b.Receipts.SaveReceipts(ctx, receipts); err != nil {
			return fmt.Errorf("store receipts: %w", err)
		}
		for _, in := range events {
			if in.Mark != (Mark{}) {
				b.outbound.proven(in.Conversation.Lane())
			}
		}
	}
	_, err := b.append(ctx, metrics.In, b.Inbox, b.inbound, entries)
	return err
}

func (b *Bridge) known(p PageID) bool {
	_, err := b.Pages.Page(p)
	return err == nil
}

// command is what people type to us or to Rocket.Chat, never to a customer.
var command = regexp.MustCompile(`^\s*(/\S|(?i:!facebook)\b)`)

// FromAgent stores what agents wrote, in order, and leaves out what it has seen
// and what belongs to no conversation. It returns how many were new; with a nil
// error, everything is durable.
func (b *Bridge) FromAgent(ctx context.Context, messages []AgentMessage) (fresh int, err error) {
	var entries []Entry
	for _, m := range messages {
		c, ours, err := b.Rooms.Conversation(m.Room)
		if err != nil {
			return 0, fmt.Errorf("find the conversation of room %s: %w", m.Room, err)
		}
		if !ours {
			continue
		}
		if command.MatchString(m.Text) {
			if err := b.tell(ctx, Notice{Kind: Private, Room: m.Room, Message: m.ID, To: m.Author, Reason: CommandText}); err != nil {
				return 0, err
			}
			continue
		}
		body, err := json.Marshal(b.outgoing(c, m))
		if err != nil {
			return 0, fmt.Errorf("encode message %s: %w", m.ID, err)
		}
		entries = append(entries, Entry{Lane: c.Lane(), Key: string(m.ID), Body: body, Progress: b.beginning(m)})
	}
	return b.append(ctx, metrics.Out, b.Outbox, b.outbound, entries)
}

// beginning returns the progress of a message that has just been accepted. If it
// may have been sent by an earlier bridge, the thread is read first. Its echo is
// long over, so nothing waits for that.
func (b *Bridge) beginning(m AgentMessage) Progress {
	if !b.sentBefore(m.At) {
		return Progress{}
	}
	return Progress{State: Unsure, Tried: m.At.Add(-b.EchoWait)}
}

func (b *Bridge) sentBefore(at time.Time) bool {
	return b.SentBefore != nil && !at.IsZero() && b.SentBefore(at)
}

// outgoing cuts a message into what Messenger takes. A message of which nothing
// is left has no parts; its author is told when its turn comes.
func (b *Bridge) outgoing(c Conversation, m AgentMessage) Outgoing {
	var s Settings
	if page, err := b.Pages.Page(c.Page); err == nil {
		s = page.Settings
	}
	return Outgoing{
		Conversation: c, Message: m.ID, Room: m.Room, Author: m.Author, At: m.At,
		Parts: b.Sender.Cut(m.Text, s.Limit()),
		Files: len(m.Attachments),
	}
}

// tell stores a notice; an agent reads each of them once, whatever repeats.
func (b *Bridge) tell(ctx context.Context, n Notice) error {
	n.At = b.Now()
	body, err := json.Marshal(n)
	if err != nil {
		return fmt.Errorf("encode a notice: %w", err)
	}
	_, err = b.append(ctx, metrics.Notice, b.Notices, b.notices, []Entry{{Lane: Lane(n.Room), Key: noticeKey(n.Kind, n.Message), Body: body}})
	return err
}

// noticeKey makes a notice of one kind about one message unique.
func noticeKey(kind NoticeKind, id MessageID) string { return string(kind) + "/" + string(id) }

func (b *Bridge) append(ctx context.Context, direction string, q Queue, s *schedule, entries []Entry) (fresh int, err error) {
	if len(entries) == 0 {
		return 0, nil
	}
	repeats, err := q.Append(ctx, entries, s.add)
	if err != nil {
		return 0, fmt.Errorf("store %d entries: %w", len(entries), err)
	}
	fresh = len(entries) - repeats
	b.Metrics.Accepted.WithLabelValues(direction).Add(float64(fresh))
	if repeats > 0 {
		b.Metrics.Repeated.WithLabelValues(direction).Add(float64(repeats))
	}
	return fresh, nil
}
