package automatic

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/notices"
	"messenger-bridge/bridge/outbound"
	"messenger-bridge/bridge/placeholders"
	"messenger-bridge/language"
)

const (
	// welcomeEvery is how long a customer is not welcomed again, unless the page says
	// otherwise.
	welcomeEvery = 24 * time.Hour
	// namesWithin is how long a text waits for each name that the workspace is asked for: with one
	// about a closing, all that agents write waits.
	namesWithin = 2 * time.Second
	// offlineWithin is how long it is worth saying that nobody is there.
	offlineWithin = 15 * time.Minute
)

// Names are what the parts of a workspace and its customers are called. Each may be nil,
// and returns "" for what it does not know; Agent returns what it was given.
type Names struct {
	Customer   func(bridge.Conversation) string
	Agent      func(context.Context, bridge.Author) bridge.Author // with the name
	Department func(context.Context, bridge.DepartmentID) string
	RoomLink   func(bridge.RoomID) string // where a room is found
}

// departmentIn says for which part of the workspace something holds.
func (n Names) departmentIn(ctx context.Context, say *language.Speaker, d bridge.DepartmentID) string {
	if d == "" {
		return say.Say("all departments")
	}
	return say.Say("department %s", bridge.PlainWords(cmp.Or(n.department(ctx, d), string(d))))
}

// department is what a department is called, if that is known within a moment.
func (n Names) department(ctx context.Context, d bridge.DepartmentID) string {
	if n.Department == nil || d == "" {
		return ""
	}
	ctx, stop := context.WithTimeout(ctx, namesWithin)
	defer stop()
	return n.Department(ctx, d)
}

// room is where a room is found, or its id.
func (n Names) room(id bridge.RoomID) string {
	if n.RoomLink == nil {
		return string(id)
	}
	return n.RoomLink(id)
}

// agent is somebody with the name, if that is known within a moment.
func (n Names) agent(ctx context.Context, a bridge.Author) bridge.Author {
	if n.Agent == nil {
		return a
	}
	ctx, stop := context.WithTimeout(ctx, namesWithin)
	defer stop()
	return n.Agent(ctx, a)
}

// TextsConfig is what Texts are made of.
type TextsConfig struct {
	Outbound *outbound.Outbound
	Notices  *notices.Notices
	Survey   *Survey
	States   bridge.States
	Pages    bridge.Pages
	Rooms    bridge.Rooms
	Names    Names
	Now      func() time.Time
	Say      *language.Speaker
	Log      *slog.Logger
}

// Texts sends the texts that an administrator wrote for a page.
type Texts struct{ TextsConfig }

// NewTexts returns Texts.
func NewTexts(c TextsConfig) *Texts { return &Texts{c} }

// RoomOpened says that a conversation has got a new room; the customer is welcomed. Saying
// it again for the same room is harmless.
func (t *Texts) RoomOpened(ctx context.Context, c bridge.Conversation, room bridge.RoomID) error {
	page, err := t.Pages.Page(c.Page) // it may have been deleted meanwhile
	if err != nil || page.Settings.Welcome == "" || !t.maySpeak(page, c) {
		return nil
	}
	now, key := t.Now(), "welcome/"+string(room)
	if !page.Settings.WelcomeAlways {
		if last := t.States.State(c).Welcome.At; !last.IsZero() && now.Sub(last) < welcomeEvery {
			return nil
		}
		key = "welcome/" + now.UTC().Format(time.DateOnly) // what is remembered may be minutes old
	}
	if err := t.send(ctx, page, outbound.Automatic{Conversation: c, Key: key, Text: page.Settings.Welcome}, bridge.Author{}); err != nil {
		return err
	}
	t.States.ChangeState(c, func(s *bridge.ConversationState) { s.Welcome.At = now })
	return nil
}

// NobodyThere says that an event waits because nobody is there; the customer is told
// once. Saying it again for the same event is harmless.
func (t *Texts) NobodyThere(ctx context.Context, in bridge.Incoming) error {
	page, err := t.Pages.Page(in.Conversation.Page)
	if err != nil || page.Settings.Offline == "" || !t.maySpeak(page, in.Conversation) {
		return nil
	}
	return t.send(ctx, page, outbound.Automatic{
		Conversation: in.Conversation, Key: "offline/" + in.Key, Text: page.Settings.Offline, Until: t.Now().Add(offlineWithin),
	}, bridge.Author{})
}

// Unattended says that a room was opened although nobody is there: the customer is told as
// if it waited, and once a day, the setup channel. Rocket.Chat gives such a room to nobody
// later on (rocketchat.md 4.3).
func (t *Texts) Unattended(ctx context.Context, in bridge.Incoming, room bridge.RoomID) error {
	page, err := t.Pages.Page(in.Conversation.Page)
	if err != nil {
		return nil // it was deleted meanwhile
	}
	if err := t.NobodyThere(ctx, in); err != nil {
		return err
	}
	return t.Notices.Announce(ctx, "unattended/"+string(page.Settings.Department)+"/"+t.Now().UTC().Format(time.DateOnly),
		t.Say.Say(":zzz: Nobody is online (%s), and this workspace opens rooms all the same: %s belongs to nobody, and Rocket.Chat gives it to nobody later. Take such rooms, or forward them, in the contact center; or switch off `Livechat_accept_chats_with_no_agents`, then messages wait until somebody is there.",
			t.Names.departmentIn(ctx, t.Say, page.Settings.Department), t.Names.room(room)))
}

// Unverified says, once a day, that a room was opened that no agent sees: Rocket.Chat waits until the
// customer is verified, which nothing does that comes from Facebook.
func (t *Texts) Unverified(ctx context.Context, room bridge.RoomID) error {
	return t.Notices.Announce(ctx, "unverified/"+t.Now().UTC().Format(time.DateOnly),
		t.Say.Say(":warning: No agent sees the new room %s: this workspace keeps customers back until they are verified, and nothing verifies customers of Facebook pages. Set `Livechat_Require_Contact_Verification` to never (Settings → Omnichannel → Contact identification). Close the rooms that wait already: the customer's next message opens another.",
			t.Names.room(room)))
}

// FromClosing takes that a room was closed; what it has seen, and what belongs to no
// conversation, is harmless. With a nil error, everything that follows is durable.
func (t *Texts) FromClosing(ctx context.Context, closing bridge.Closing) error {
	c, ours, err := t.Rooms.Conversation(closing.Room)
	if err != nil || !ours {
		return err
	}
	t.States.ChangeState(c, func(s *bridge.ConversationState) { s.Closings.Add(closing.Room, closing.At) })
	page, err := t.Pages.Page(c.Page)
	if err != nil || closing.ByCustomer { // it may have been deleted meanwhile
		return nil
	}
	if t.maySpeak(page, c) {
		err := t.send(ctx, page, outbound.Automatic{Conversation: c, Key: "finished/" + string(closing.Room), Text: page.Settings.Finished, Closed: closing}, closing.By)
		if err != nil {
			return err
		}
	}
	return t.Survey.Ask(ctx, page, c, closing)
}

// maySpeak reports whether a page may say something to a customer that nobody wrote.
func (t *Texts) maySpeak(page bridge.Page, c bridge.Conversation) bool {
	return c.Kind == bridge.Messages && page.State != bridge.PageOff && t.States.State(c).Window.Open(t.Now(), bridge.PlainWindow)
}

// send fills in a text and sends it, unless it was sent; agent is whom it speaks of. The workspace is
// asked only for names that stand in it.
func (t *Texts) send(ctx context.Context, page bridge.Page, a outbound.Automatic, agent bridge.Author) error {
	if a.Text == "" || t.Outbound.Stored(a) {
		return nil
	}
	blanks := placeholders.Values{Page: page.DisplayName(), Privacy: page.Settings.PrivacyURL}
	if placeholders.In(a.Text, "{agent}") {
		blanks.Agent = t.Names.agent(ctx, agent).NamedAs(page.Settings.AgentName)
	}
	if t.Names.Customer != nil {
		blanks.Customer = t.Names.Customer(a.Conversation)
	}
	if placeholders.In(a.Text, "{department}") {
		blanks.Department = t.Names.department(ctx, page.Settings.Department)
	}
	if a.Text = blanks.Fill(a.Text); a.Text == "" {
		return nil
	}
	return t.Outbound.SendAutomatic(ctx, a)
}
