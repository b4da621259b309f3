package bridge

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"

	"messenger-bridge/language"
	"messenger-bridge/metrics"
)

// FromCustomer stores the events of one webhook call, all of them in one commit,
// and leaves out what it has seen. When it returns nil, everything is durable and
// Meta may forget it. Echoes of our own sends are proof of delivery: they are
// stored as receipts, not shown.
func (b *Bridge) FromCustomer(ctx context.Context, events []Incoming) error {
	var entries []Entry
	var receipts []Receipt
	for i := range events {
		in := &events[i]
		if in.Kind == EchoEvent && in.Mark != (Mark{}) && b.known(in.Conversation.Page) {
			r := Receipt{Page: in.Conversation.Page, Mid: in.Mid, Mark: in.Mark, With: in.Conversation}
			if b.wantsReceipts(in.Conversation) {
				r.Sent = Sent{To: in.Conversation, Message: in.Mark.Message, At: in.At}
			}
			receipts = append(receipts, r)
			continue
		}
		if why := b.unwanted(in); why != "" {
			b.Metrics.Ignored.WithLabelValues(why).Inc()
			continue
		}
		if in.Kind == PolicyEvent {
			if err := b.announcePolicy(ctx, in); err != nil {
				return err
			}
			continue
		}
		body, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("encode an event of page %s: %w", in.Conversation.Page, err)
		}
		b.gesturing.wrote(in.Conversation)
		entries = append(entries, Entry{Lane: in.lane(), Key: in.entryKey(in.Key), Body: body})
	}
	if len(receipts) > 0 {
		if err := b.Receipts.SaveReceipts(ctx, receipts); err != nil {
			return fmt.Errorf("store receipts: %w", err)
		}
		for i := range events {
			if events[i].Mark != (Mark{}) {
				b.outbound.proven(events[i].Conversation.Lane())
			}
		}
	}
	if err := b.heed(ctx, events); err != nil {
		return fmt.Errorf("show how far customers are: %w", err)
	}
	b.hear(events) // first, so that it is in the file with the same commit
	fresh, err := b.append(ctx, metrics.In, b.Inbox, b.inbound, entries)
	if fresh > 0 {
		for _, e := range entries {
			b.Active(e.Lane.Page(), metrics.In)
		}
	}
	return err
}

// unwanted says why an event is neither stored nor shown; "" if it is.
func (b *Bridge) unwanted(in *Incoming) string {
	switch {
	case !b.known(in.Conversation.Page):
		return "unknown-page"
	case in.Kind == ReceivedEvent || in.Kind == ReadEvent:
		return "receipt"
	case in.Kind == ReactionEvent && in.FromPage:
		return "page-reaction" // mostly an agent's own, which comes back to us
	case in.Kind == EchoEvent && b.isOurs(in):
		return "own-echo" // that has lost its mark
	}
	return b.unwantedComment(in)
}

// isOurs reports whether a message of the page is known to be sent by us.
func (b *Bridge) isOurs(in *Incoming) bool {
	_, ours := b.Receipts.MarkOf(in.Conversation.Page, in.Mid)
	return ours
}

// announcePolicy tells administrators that Facebook warned, blocked or unblocked a page.
func (b *Bridge) announcePolicy(ctx context.Context, in *Incoming) error {
	page, err := b.Pages.Page(in.Conversation.Page)
	if err != nil {
		return fmt.Errorf("find page %s: %w", in.Conversation.Page, err)
	}
	sentence := language.Sentence("Facebook told us something about the rules for the page %s (%s). Look into the page's quality at Facebook. %s")
	switch in.Detail {
	case "warning":
		sentence = language.Sentence("Facebook warns the page %s (%s): it broke the rules for messages, and may be blocked if it does so again. %s")
	case "block":
		sentence = language.Sentence("Facebook has blocked the page %s (%s): it can send no messages until Facebook lifts that. Look into the page's quality at Facebook and appeal there. %s")
	case "unblock":
		sentence = language.Sentence("Facebook has unblocked the page %s (%s): it can send messages again. %s")
	}
	text := strings.TrimSpace(b.Say.Say(sentence, page.DisplayName(), string(page.ID), in.Text))
	return b.Announce(ctx, in.entryKey(in.Key), text)
}

// known reports whether a page's messages are ours to take: not those of one that was
// disconnected, which Facebook could perhaps not be told yet.
func (b *Bridge) known(p PageID) bool {
	page, err := b.Pages.Page(p)
	return err == nil && page.Why.Kind != Disconnected
}

// command is what people type to us or to Rocket.Chat, never to a customer.
var command = regexp.MustCompile(`^\s*(/\S|(?i:!facebook)\b)`)

// FromAgent stores what agents wrote, in order, and leaves out what it has seen
// and what belongs to no conversation. It returns how many were new; with a nil
// error, everything is durable. Calls must not overlap.
func (b *Bridge) FromAgent(ctx context.Context, messages []AgentMessage) (fresh int, err error) {
	var entries []Entry
	changed := map[int]MessageID{} // by entries: which message it changes
	here := map[string]bool{}
	seen := func(key string) bool { return here[key] || b.Outbox.Seen(key) }
	repeats := 0
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
		key, changes := messageKey(m.ID), false
		late := Notice{Kind: NotDelivered, Room: m.Room, Message: m.ID, To: m.Author, Reason: RoomOver}
		if !seen(key) && (b.afterClosing(c, m) || b.Notices.Seen(late.Key())) { // seen again, it is what it was
			if err := b.tell(ctx, late); err != nil {
				return 0, err
			}
			continue
		}
		if m.Gone || m.Known || !m.Edited.IsZero() && seen(key) {
			if !seen(key) {
				continue // never a message of ours
			}
			key, changes = m.version(b.print(m)), true
		}
		if seen(key) {
			repeats++
			continue
		}
		here[key] = true
		out := b.outgoing(c, m)
		if changes && !m.Gone && m.Edited.IsZero() {
			continue // known, and as it was
		}
		if changes && !m.Gone {
			out.Edit, out.At = m.Edited.UnixMilli(), m.Edited
		}
		body, err := json.Marshal(out)
		if err != nil {
			return 0, fmt.Errorf("encode message %s: %w", m.ID, err)
		}
		if changes {
			changed[len(entries)] = m.ID
		} else {
			b.answered(c, m.Author)
		}
		entries = append(entries, Entry{Lane: c.Lane(), Key: key, Body: body, Progress: b.beginning(out.At)})
	}
	if repeats > 0 {
		b.Metrics.Repeated.WithLabelValues(metrics.Out).Add(float64(repeats))
	}
	at := 0
	return b.appendTo(ctx, metrics.Out, b.Outbox, entries, func(lane Lane, seq Seq) {
		if id, changes := changed[at]; changes { // known before anybody looks for it
			b.mu.Lock()
			b.changes.add(id, seq)
			b.mu.Unlock()
		}
		at++
		b.outbound.add(lane, seq)
	})
}

// beginning returns the progress of a message that has just been accepted. If it
// may have been sent by an earlier bridge, the thread is read first. Its echo is
// long over, so nothing waits for that.
func (b *Bridge) beginning(written time.Time) Progress {
	if !b.sentBefore(written) {
		return Progress{}
	}
	return Progress{State: Unsure, Tried: written.Add(-b.EchoWait)}
}

func (b *Bridge) sentBefore(at time.Time) bool {
	return b.SentBefore != nil && !at.IsZero() && b.SentBefore(at)
}

// tell stores a notice; an agent reads each of them once, whatever repeats.
func (b *Bridge) tell(ctx context.Context, n Notice) error {
	n.At = b.Now()
	body, err := json.Marshal(n)
	if err != nil {
		return fmt.Errorf("encode a notice: %w", err)
	}
	_, err = b.append(ctx, metrics.Notice, b.Notices, b.notices, []Entry{{Lane: Lane(n.Room), Key: n.Key(), Body: body}})
	return err
}

func (b *Bridge) append(ctx context.Context, direction string, q Queue, s *schedule, entries []Entry) (fresh int, err error) {
	return b.appendTo(ctx, direction, q, entries, s.add)
}

func (b *Bridge) appendTo(ctx context.Context, direction string, q Queue, entries []Entry, stored func(Lane, Seq)) (fresh int, err error) {
	if len(entries) == 0 {
		return 0, nil
	}
	repeats, err := q.Append(ctx, entries, stored)
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
