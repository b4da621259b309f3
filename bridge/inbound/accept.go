package inbound

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/automatic"
	"messenger-bridge/bridge/notices"
	"messenger-bridge/bridge/outbound"
	"messenger-bridge/bridge/queue"
	"messenger-bridge/bridge/refusals"
	"messenger-bridge/language"
	"messenger-bridge/recent"
)

// Automatic is what follows from a customer's message by itself.
type Automatic struct {
	Texts   *automatic.Texts
	Survey  *automatic.Survey
	Windows *automatic.Windows
}

// Telling is what agents and administrators are told with.
type Telling struct {
	Notices  *notices.Notices
	Refusals *refusals.Table
}

// Own is how what we sent is told from what others sent.
type Own struct {
	App           string        // ours at Meta; empty: whatever bears a mark is ours
	ResolveWithin time.Duration // how long an event waits at most for others that are under way
}

// Config is what an Inbound is made of.
type Config struct {
	Lanes    *queue.Lanes
	Outbound *outbound.Outbound
	Gestures *outbound.Gestures
	Telling
	Automatic Automatic
	Rooms     bridge.Rooms
	Receipts  bridge.Receipts
	Pages     bridge.Pages
	States    bridge.States
	Own
	Active func(bridge.PageID) // a page has a new message from a customer; must not block
	Say    *language.Speaker
}

// Inbound accepts what customers do and shows it.
type Inbound struct {
	Config
	order order
	begun begun
	kinds kinds
}

// New returns an Inbound that knows nothing yet of what an earlier run left; see Load.
func New(c Config) *Inbound {
	return &Inbound{
		Config: c, begun: begun{times: map[bridge.Seq]int{}, given: map[bridge.Seq]bridge.Shown{}},
		order: order{inbox: c.Lanes, outbox: c.Outbound.Lanes, receipts: c.Receipts, rooms: c.Rooms, resolveWithin: c.ResolveWithin, newest: recent.New[change, time.Time](maxNewest, 0)},
	}
}

// Load fills the lanes with what an earlier run left, before anything is shown.
func (i *Inbound) Load() error {
	return i.Lanes.Load(func(d *bridge.Delivery, _ bool) { i.begun.earlier = max(i.begun.earlier, d.Seq) })
}

// FromCustomer stores the events of one webhook call, all of them in one commit,
// and leaves out what it has seen. When it returns nil, everything is durable and
// Meta may forget it. Echoes of our own sends are proof of delivery: they are
// stored as receipts, not shown. The events are not to be changed afterwards.
func (i *Inbound) FromCustomer(ctx context.Context, events []bridge.Incoming) error {
	var entries []bridge.Entry
	var receipts []bridge.Receipt
	for n := range events {
		in := &events[n]
		if i.App != "" && in.App != "" && in.App != i.App { // another bridge of the page marks its own alike
			in.Tag = bridge.SendTag{}
		}
		if in.Kind == bridge.EchoEvent && in.Tag != (bridge.SendTag{}) && bridge.AcceptsEvents(i.Pages, in.Conversation.Page) {
			if i.Outbound.Knows(in.Conversation, in.Tag) { // of who was forgotten, Meta may tell late
				receipts = append(receipts, receiptOf(in, i.Notices))
			}
			continue
		}
		if in.Kind == bridge.TestEvent {
			if err := announceTest(ctx, i.Notices, i.Say, in); err != nil {
				return err
			}
			continue
		}
		if why := i.unwanted(in); why != "" {
			i.Lanes.Meter.Count(bridge.Ignored, bridge.In, why, 1)
			continue
		}
		if in.Kind == bridge.PolicyEvent {
			if err := announcePolicy(ctx, i, in); err != nil {
				return err
			}
			continue
		}
		in.At, in.Watermark = in.At.Round(0), in.Watermark.Round(0) // as they are stored
		body, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("encode an event of page %s: %w", in.Conversation.Page, err)
		}
		i.kinds.count(i.Lanes, in)
		i.Gestures.CustomerWrote(in.Conversation)
		entries = append(entries, bridge.Entry{Lane: in.Lane(), Key: in.EntryKey(in.Key), Body: body, Event: in})
	}
	if err := i.proven(ctx, events, receipts); err != nil {
		return err
	}
	i.Automatic.Windows.CustomerActive(events) // first, so that it is in the file with the same commit
	fresh, err := i.Lanes.Append(ctx, entries, nil)
	if fresh > 0 {
		for _, e := range entries {
			i.Active(e.Lane.Page)
		}
	}
	return err
}

// receiptOf returns what an echo of ours proves.
func receiptOf(echo *bridge.Incoming, told *notices.Notices) bridge.Receipt {
	r := bridge.Receipt{Page: echo.Conversation.Page, Mid: echo.Mid, Tag: echo.Tag, With: echo.Conversation}
	if told.WantsReceipts(echo.Conversation) {
		r.Sent = bridge.Sent{To: echo.Conversation, Tag: echo.Tag, At: echo.At}
	}
	return r
}

// proven stores what echoes prove, wakes those who wait for that, and shows how far
// customers are.
func (i *Inbound) proven(ctx context.Context, events []bridge.Incoming, receipts []bridge.Receipt) error {
	if len(receipts) > 0 {
		if err := i.Receipts.SaveReceipts(ctx, receipts); err != nil {
			return fmt.Errorf("store receipts: %w", err)
		}
		for n := range events {
			if events[n].Tag != (bridge.SendTag{}) {
				i.Outbound.Lanes.Proven(events[n].Conversation.Lane())
			}
		}
	}
	if err := i.Notices.ApplyReceipts(ctx, events); err != nil {
		return fmt.Errorf("show how far customers are: %w", err)
	}
	return nil
}

// unwanted says why an event is neither stored nor shown; "" if it is.
func (i *Inbound) unwanted(in *bridge.Incoming) string {
	switch {
	case !bridge.AcceptsEvents(i.Pages, in.Conversation.Page):
		return "unknown-page"
	case in.Kind == bridge.ReceivedEvent || in.Kind == bridge.ReadEvent:
		return "receipt"
	case in.Kind == bridge.ReactionEvent && in.FromPage:
		return "page-reaction" // mostly an agent's own, which comes back to us
	case in.Kind == bridge.EchoEvent && i.order.isOurs(in):
		return "own-echo" // that has lost its mark
	}
	return unwantedComment(in, i.Pages, &i.order)
}

// unwantedComment says why an event is not shown; "" if it is, or is about no comment.
func unwantedComment(in *bridge.Incoming, pages bridge.Pages, o *order) string {
	if in.Conversation.Kind != bridge.Comments {
		return ""
	}
	page, err := pages.Page(in.Conversation.Page)
	switch {
	case page.Doubted(): // whether they are wanted is not known now
		return ""
	case err != nil || !page.Settings.Comments:
		return "comments-off"
	case in.Kind == bridge.EchoEvent && in.Comment.Parent == "" && !o.belowVisitor(in):
		return "page-comment" // on its own post: it answers nobody
	case mayBeOurs(in) && o.isOurs(in):
		return "own-echo"
	}
	return ""
}

// announceTest tells administrators that Meta's test event arrived: the proof they pressed
// the button in the app's dashboard for.
func announceTest(ctx context.Context, tell *notices.Notices, say *language.Speaker, in *bridge.Incoming) error {
	return tell.Announce(ctx, in.Key, say.Say("Meta's test event arrived (field %s): the webhook can be reached, and its signature is right. What a test says is made up, so it is shown nowhere.", in.Detail))
}

// announcePolicy tells administrators that Facebook warned, blocked or unblocked a page.
func announcePolicy(ctx context.Context, i *Inbound, in *bridge.Incoming) error {
	page, err := i.Pages.Page(in.Conversation.Page)
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
	text := strings.TrimSpace(i.Say.Say(sentence, page.PlainName(), string(page.ID), bridge.PlainWords(in.Text)))
	return i.Notices.Announce(ctx, in.EntryKey(in.Key), text)
}
