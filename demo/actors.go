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
	Room string // an id; belowPost; of a private message, who writes it
	Text string
	ID   string // of a switch or deed
}

// actors let people on both sides write and do other things.
type actors struct {
	*stage
	troubles *troubles
	feed     *feed
	ledger   *ledger
}

// write lets somebody say something.
func (c *actors) write(a action) error {
	text := strings.TrimSpace(a.Text)
	if text == "" || utf8.RuneCountInString(text) > 2000 {
		return errors.New("a message has between 1 and 2,000 characters")
	}
	for _, one := range customers {
		if a.As == one.Key {
			c.asks(one, a.Room, text)
			return nil
		}
	}
	if a.As == "agent" {
		return c.answers(a.Room, text)
	}
	if c.troubles.now().down {
		return errWorkspaceDown
	}
	switch {
	case a.As == "manager" && c.rc.RoomID(setupChannel) != "":
		c.rc.UserSays(manager, c.rc.RoomID(setupChannel), text)
	case a.As == "private" && (a.Room == manager || a.Room == agentName):
		c.rc.UserSays(a.Room, c.rc.DirectRoom(a.Room, c.rc.Bot()), text)
	default:
		return errors.New("there is no such room yet")
	}
	return nil
}

// belowPost is where comments are written, in place of a room.
const belowPost = "post"

// asks lets a customer write, in Messenger or below the page's post.
func (c *actors) asks(who customer, where, text string) {
	if where == belowPost {
		c.meta.PersonComments(c.post, who.commenter, text)
		return
	}
	c.troubles.heard(who.Key)
	c.ledger.note(fromCustomer(who), text)
	c.meta.CustomerWrites(pageID, who.ID, text)
}

// answers lets Tom write in a chat.
func (c *actors) answers(rid, text string) error {
	if err := c.mayAnswer(rid); err != nil {
		return err
	}
	room, _ := c.rc.Room(rid)
	who := c.customerOf(room)
	if !c.isComments(room) && !slices.Contains(c.troubles.now().shut, who.Key) {
		c.ledger.note(toCustomer(who), text)
	}
	c.tom.Says(rid, text)
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
	if slices.Contains(changing, a.ID) {
		c.leaveOut(as, who)
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

// changing are deeds after which what was written arrives as something else.
var changing = []string{"correct", "unsend", "delete"}

// leaveOut no longer counts what somebody wrote so far.
func (c *actors) leaveOut(as string, who who) {
	if as == "customer" {
		c.ledger.drop(fromCustomer(who.customer))
		return
	}
	room, _ := c.rc.Room(who.room)
	c.ledger.drop(toCustomer(c.customerOf(room)))
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
