package bridge

import (
	"context"
	"time"

	"messenger-bridge/bridge/placeholders"
)

// A page's texts are sent by nobody: a welcome when a conversation begins, a word when
// nobody is there, and one when an agent has closed the room. They never leave the 24
// hours after the customer's last message, and never are more than one of a kind.

const (
	// welcomeEvery is how long a customer is not welcomed again, unless the page says
	// otherwise.
	welcomeEvery = 24 * time.Hour
	// offlineWithin is how long it is worth saying that nobody is there.
	offlineWithin = 15 * time.Minute
)

// Began says that a conversation has got a new room; the customer is welcomed. Saying it
// again for the same room is harmless.
func (b *Bridge) Began(ctx context.Context, c Conversation, room RoomID) error {
	page, err := b.Pages.Page(c.Page) // it may have been deleted meanwhile
	if err != nil || page.Settings.Welcome == "" || !b.speaksBy(page, c) {
		return nil
	}
	now, key := b.Now(), "welcome/"+string(room)
	if !page.Settings.WelcomeAlways {
		if t := b.talk(c); !t.Welcomed.IsZero() && now.Sub(t.Welcomed) < welcomeEvery {
			return nil
		}
		key = "welcome/" + now.UTC().Format(time.DateOnly) // what talks remember may be minutes old
	}
	if err := b.sendText(ctx, page, Automatic{Conversation: c, Key: key, Text: page.Settings.Welcome}, Author{}); err != nil {
		return err
	}
	if b.Talks != nil {
		b.Talks.ChangeTalk(c, func(t *Talk) { t.Welcomed = now })
	}
	return nil
}

// NobodyThere says that an event waits because nobody is there; the customer is told
// once. Saying it again for the same event is harmless.
func (b *Bridge) NobodyThere(ctx context.Context, in Incoming) error {
	page, err := b.Pages.Page(in.Conversation.Page)
	if err != nil || page.Settings.Offline == "" || !b.speaksBy(page, in.Conversation) {
		return nil
	}
	return b.sendText(ctx, page, Automatic{
		Conversation: in.Conversation, Key: "offline/" + in.Key, Text: page.Settings.Offline, Until: b.Now().Add(offlineWithin),
	}, Author{})
}

// Unattended says that a room was opened although nobody is there: the customer is told as
// if it waited, and once a day, the setup channel. Rocket.Chat gives such a room to nobody
// later on (rocketchat.md 4.3).
func (b *Bridge) Unattended(ctx context.Context, in Incoming, room RoomID) error {
	page, err := b.Pages.Page(in.Conversation.Page)
	if err != nil {
		return nil // it was deleted meanwhile
	}
	if err := b.NobodyThere(ctx, in); err != nil {
		return err
	}
	link := string(room)
	if b.RoomLink != nil {
		link = b.RoomLink(room)
	}
	return b.Announce(ctx, "unattended/"+string(page.Settings.Department)+"/"+b.Now().UTC().Format(time.DateOnly),
		b.Say.Say(":zzz: Nobody is online (%s), and this workspace opens rooms all the same: %s belongs to nobody, and Rocket.Chat gives it to nobody later. Take such rooms, or forward them, in the contact center; or switch off `Livechat_accept_chats_with_no_agents`, then messages wait until somebody is there.",
			b.inDepartment(ctx, page.Settings.Department), link))
}

// Closing is that a room was closed by somebody other than us.
type Closing struct {
	Room       RoomID
	At         time.Time
	By         Author
	ByCustomer bool // through Rocket.Chat's own API: nobody else does that in a customer's name
}

// FromClosing takes that a room was closed; what it has seen, and what belongs to no
// conversation, is harmless. With a nil error, everything that follows is durable.
func (b *Bridge) FromClosing(ctx context.Context, closing Closing) error {
	c, ours, err := b.Rooms.Conversation(closing.Room)
	if err != nil || !ours {
		return err
	}
	if b.Talks != nil {
		b.Talks.ChangeTalk(c, func(t *Talk) { t.end(closing.Room, closing.At) })
	}
	page, err := b.Pages.Page(c.Page)
	if err != nil || closing.ByCustomer { // it may have been deleted meanwhile
		return nil
	}
	if b.speaksBy(page, c) {
		err := b.sendText(ctx, page, Automatic{Conversation: c, Key: "finished/" + string(closing.Room), Text: page.Settings.Finished}, closing.By)
		if err != nil {
			return err
		}
	}
	return b.askHowItWas(ctx, page, c, closing)
}

// speaksBy reports whether a page may say something to a customer that nobody wrote.
func (b *Bridge) speaksBy(page Page, c Conversation) bool {
	return c.Kind == Messages && page.State != PageOff && b.inWindow(b.talk(c), plainWindow)
}

// sendText fills in a text and sends it; agent is whom it speaks of.
func (b *Bridge) sendText(ctx context.Context, page Page, a Automatic, agent Author) error {
	if a.Text == "" {
		return nil
	}
	known := placeholders.Values{Agent: nameOf(agent, page.Settings.AgentName), Page: page.DisplayName(), Privacy: page.Settings.PrivacyURL}
	if b.CustomerName != nil {
		known.Customer = b.CustomerName(a.Conversation)
	}
	if b.DepartmentName != nil && page.Settings.Department != "" {
		known.Department = b.DepartmentName(ctx, page.Settings.Department)
	}
	if a.Text = known.Fill(a.Text); a.Text == "" {
		return nil
	}
	return b.SendAutomatic(ctx, a)
}

// outlived reports whether a text that nobody wrote comes too late to be sent.
func (b *Bridge) outlived(out Outgoing) bool {
	t := b.talk(out.Conversation)
	return out.Automatic && (!b.inWindow(t, plainWindow) || !out.Until.IsZero() && b.Now().After(out.Until) ||
		out.Survey != "" && t.Heard.After(out.At))
}

// startsAnew reports whether an event comes after so long a silence that the page wants a
// new room for it.
func (b *Bridge) startsAnew(in *Incoming) bool {
	if b.Talks == nil || !in.opens() || in.Survey != nil {
		return false
	}
	page, err := b.Pages.Page(in.Conversation.Page)
	after := time.Duration(page.Settings.NewRoomAfter)
	spoke := b.talk(in.Conversation).Spoke
	return err == nil && after > 0 && !spoke.IsZero() && in.At.Sub(spoke) > after
}

// spoke notes that customer or agent has said something, for startsAnew.
func (b *Bridge) spoke(c Conversation, at time.Time) {
	page, err := b.Pages.Page(c.Page)
	if b.Talks == nil || err != nil || page.Settings.NewRoomAfter == 0 || c.Kind != Messages {
		return
	}
	b.Talks.ChangeTalk(c, func(t *Talk) {
		if at.After(t.Spoke) {
			t.Spoke = at.UTC()
		}
	})
}

// afterClosing reports whether a message was written into a room after it was closed.
func (b *Bridge) afterClosing(c Conversation, m AgentMessage) bool {
	ended, closed := b.talk(c).endOf(m.Room)
	return c.Kind == Messages && !m.Gone && closed && m.At.After(ended)
}
