package demo

import (
	"errors"
	"slices"
	"strings"
	"unicode/utf8"
)

// action is what somebody does on the page.
type action struct {
	Do   string // write, press, tap, deed
	As   string // customer's key, agent, manager or private
	Room string
	Text string
	ID   string // of a switch or deed
}

// actors let people on both sides write and do other things.
type actors struct {
	*stage
	troubles *troubles
	feed     *feed
}

// write lets somebody say something.
func (c *actors) write(a action) error {
	text := strings.TrimSpace(a.Text)
	if text == "" || utf8.RuneCountInString(text) > 2000 {
		return errors.New("a message has between 1 and 2,000 characters")
	}
	for _, one := range customers {
		if a.As == one.Key {
			c.meta.CustomerWrites(pageID, one.ID, text)
			return nil
		}
	}
	if err := c.mayAnswer(a.Room); a.As == "agent" {
		if err == nil {
			c.tom.Says(a.Room, text)
		}
		return err
	}
	if c.troubles.now().down {
		return errWorkspaceDown
	}
	switch {
	case a.As == "manager" && c.rc.RoomID(setupChannel) != "":
		c.rc.UserSays(manager, c.rc.RoomID(setupChannel), text)
	case a.As == "private":
		c.rc.UserSays(manager, c.rc.DirectRoom(manager, c.rc.Bot()), text)
	default:
		return errors.New("there is no such room yet")
	}
	return nil
}

var errWorkspaceDown = errors.New("Rocket.Chat is down: nobody can write there now")

// mayAnswer reports why Tom cannot do anything in a chat.
func (c *actors) mayAnswer(rid string) error {
	if c.troubles.now().down {
		return errWorkspaceDown
	}
	if room, _ := c.rc.Room(rid); !room.Open {
		return errors.New("this chat is closed")
	}
	return nil
}

// done lets somebody do something.
func (c *actors) done(a action) error {
	who, as, name := who{room: a.Room}, "agent", "Tom"
	if i := slices.IndexFunc(customers, func(c customer) bool { return c.Key == a.As }); i >= 0 {
		who.customer, as, name = customers[i], "customer", customers[i].First
	} else if err := c.mayAnswer(a.Room); err != nil {
		return err
	}
	for _, d := range deeds {
		if d.ID == a.ID && d.As == as {
			err := d.do(c.stage, who)
			if err == nil {
				c.feed.note("switch", name+" "+d.does)
			}
			return err
		}
	}
	return errors.New("nobody can do that")
}

// tapped lets a customer tap a quick reply of the page's latest message.
func (c *actors) tapped(a action) error {
	for _, one := range customers {
		if one.Key != a.As {
			continue
		}
		if all := c.meta.Thread(pageID, one.ID); len(all) > 0 && slices.Contains(all[len(all)-1].Quick, a.Text) {
			c.meta.CustomerTaps(pageID, one.ID, a.Text)
			return nil
		}
	}
	return errors.New("that choice is not shown any more")
}
