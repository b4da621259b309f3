package rocketchat

import (
	"context"
	"errors"
	"fmt"

	"messenger-bridge/bridge"
	"messenger-bridge/language"
	"messenger-bridge/rocketchat/ours"
	"messenger-bridge/rocketchat/wire"
)

// What managers are told by direct message, because they cannot read it in the channel.
var (
	noName     = language.Sentence("its name, and every other that I tried, is taken by somebody else")
	notIn      = language.Sentence("I was removed from it: invite me again")
	isPublic   = language.Sentence("it has been made public, so that everybody could read it: make it private again")
	isArchived = language.Sentence("it is archived: take it out of the archive")
	badName    = language.Sentence("Rocket.Chat does not allow its name: `SETUP_CHANNEL` of the bridge has to name another")
	notMade    = language.Sentence("I may not make it: an administrator has to give me the role `bot`, or the permission `create-p`")
)

// herald tells managers by direct message what they cannot read in the setup channel.
type herald struct{ *Client }

// trouble tells the managers why nothing can be announced, once while it lasts; with "",
// that is over.
func (c herald) trouble(ctx context.Context, name, what string) error {
	if c.cfg.Memory == nil {
		return nil
	}
	as := "setup trouble " + name
	known, err := c.cfg.Memory.Note(as)
	switch {
	case err != nil:
		return err
	case what == "" && known == "":
		return nil
	case what == "":
		return c.cfg.Memory.SaveNote(ctx, as, "")
	case known == "":
		known = fmt.Sprint(c.cfg.Now().UnixNano())
		if err := c.cfg.Memory.SaveNote(ctx, as, known); err != nil {
			return err
		}
	}
	text := c.cfg.Say.Say("I cannot report about the Facebook pages in the channel `#%s`: %s. What I have to report waits until then.", name, c.cfg.Say.Say(what))
	return c.tellManagers(ctx, "trouble/"+known+"/"+what, text)
}

// taken tells the managers, once for each channel, that the name they know is another's.
func (c herald) taken(ctx context.Context, name string, s site) error {
	if !s.taken {
		return nil
	}
	text := c.cfg.Say.Say("The name `#%s` is taken by a room that is not mine. I say nothing there; I report about the Facebook pages in `#%s`.", name, s.Name)
	if s.by != "" {
		text = c.cfg.Say.Say("The name `#%s` is taken by a room that `@%s` made. I say nothing there; I report about the Facebook pages in `#%s`.", name, s.by, s.Name)
	}
	return c.tellManagers(ctx, "taken/"+string(s.ID), text)
}

func (c herald) tellManagers(ctx context.Context, key, text string) error {
	managers, err := Directory(c).managers(ctx)
	if forbidden(err) { // they are not known; doctor says so
		return nil
	}
	if err != nil {
		return err
	}
	return c.tellEach(ctx, managers, key, text)
}

// uninvited tells managers who are not in the channel, once, that they cannot be invited.
func (c herald) uninvited(ctx context.Context, s site, managers []wire.User) error {
	_, bot := c.Bot()
	text := c.cfg.Say.Say("I report about the Facebook pages in the private channel `#%s`, and I cannot invite you. Ask an owner of that channel to invite you, or to make me, `@%s`, an owner.", s.Name, bot)
	return c.tellEach(ctx, managers, "uninvited/"+string(s.ID), text)
}

// tellEach writes to each by direct message, once for a key whatever repeats.
func (c herald) tellEach(ctx context.Context, users []wire.User, key, text string) error {
	speaker := Speaker(c)
	var failed error
	for _, u := range users {
		id := ours.NoticeID(bridge.NoticeKey("setup/" + key + "/" + u.ID))
		if c.wasTold(id) {
			continue
		}
		room, err := speaker.directRoom(ctx, bridge.Author{ID: bridge.UserID(u.ID), Username: u.Username})
		if err == nil {
			err = speaker.send(ctx, room, id, text)
		}
		if err != nil && !RefusedForGood(err) {
			return errors.Join(failed, err) // the rest with the next look
		}
		failed = errors.Join(failed, err)
		c.tell(id)
	}
	return failed
}

func (c herald) wasTold(id bridge.MessageID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.told[id]
}

func (c herald) tell(id bridge.MessageID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.told == nil {
		c.told = map[bridge.MessageID]bool{}
	}
	c.told[id] = true
}
