package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"messenger-bridge/sandbox/chat"
)

// channel is the setup channel, as Maria reads it.
type channel struct {
	*stage
	*diary
	seen map[string]string // what she has read, by message
}

// id is the channel's, once she is in it.
func (c channel) id() string {
	rid := c.rc.RoomID(setupChannel)
	if rid == "" || !slices.Contains(c.rc.MembersOf(rid), maria) {
		return ""
	}
	return rid
}

// shows waits until steps of the checklist have a sign.
func (c channel) shows(ctx context.Context, sign string, numbers ...int) error {
	for _, n := range numbers {
		start := fmt.Sprintf("%s %d. ", sign, n)
		if err := c.until(ctx, "the list says "+start, func() bool { return c.holds(start) }); err != nil {
			return err
		}
	}
	return nil
}

// holds reports whether a message of the channel begins so.
func (c channel) holds(start string) bool {
	return c.id() != "" && slices.ContainsFunc(c.rc.Messages(c.id()), func(m chat.Message) bool { return strings.HasPrefix(m.Text, start) })
}

// isRead notes what is new, or has changed.
func (c channel) isRead() {
	var all []string
	for _, m := range c.rc.Messages(c.id()) {
		if m.Username != c.rc.Bot() || m.System != "" || c.seen[m.ID] == m.Text {
			continue
		}
		c.seen[m.ID] = m.Text
		all = append(all, m.Text)
	}
	c.reads("Maria", "in `#"+setupChannel+"`", strings.Join(all, "\n"))
}

// types has Maria type something there.
func (c channel) types(text string) (id string) {
	c.says("Maria", "in the channel", text, true)
	return c.rc.UserSays(maria, c.id(), text)
}

const (
	done  = ":white_check_mark:"
	point = ":point_right:"
)

// mariaReads is what Maria finds in Rocket.Chat, and does there.
func (d *day) mariaReads(ctx context.Context) error {
	d.heading("Maria connects the page")
	if err := d.channel.shows(ctx, done, 1, 2, 3, 6); err != nil {
		return err
	}
	if err := d.channel.shows(ctx, point, 7); err != nil {
		return err
	}
	d.tells("She finds herself in a new private channel.")
	d.channel.isRead()
	d.tells("In Rocket.Chat's administration she switches Omnichannel on, makes Tom an agent, and makes a department Support with him in it. Tom comes online. Olga's guide says:")
	d.rc.SetSetting("Livechat_enabled", true)
	d.agent = d.rc.AddAgent(tom)
	d.support = d.rc.AddDepartment("Support", tom)
	if err := d.guided.says(ctx, "→ app subscription: "); err != nil {
		return err
	}
	d.diary.shows("console", d.guided.news())
	if err := d.channel.shows(ctx, done, 4, 5); err != nil {
		return err
	}
	d.tells("Maria goes on in the channel, with the words of step 7. (This workspace lets no unknown slash commands through; the list asks for words that reach the bot.)")
	const words = "!facebook authorize"
	if err := d.until(ctx, "the list asks for "+words, func() bool {
		return d.channel.holds(point + " 7. Connect a Facebook page: type `" + words + "`")
	}); err != nil {
		return err
	}
	d.channel.types(words)
	return nil
}

var loginLink = regexp.MustCompile(`https?://[^\s)>"]+/oauth/start\?state=[\w.~%-]+`)

// mariaConnects goes the way of the link, in a browser.
func (d *day) mariaConnects(ctx context.Context) error {
	answer, link := "", ""
	if err := d.until(ctx, "the bot sends a link", func() bool {
		for _, m := range d.rc.DirectMessages(maria) {
			if found := loginLink.FindString(m.Text); found != "" {
				answer, link = m.Text, found
			}
		}
		return link != ""
	}); err != nil {
		return err
	}
	d.reads("Maria", "in a direct message of the bot", answer)
	d.tells("She opens the link, logs in at Facebook, ticks *%s* there, and continues; back at the bridge she ticks it once more and chooses the department.", pageName)
	b := &clicker{day: d}
	b.opens(link, "wants to work with your pages", pageName)
	b.ticks("page", pageID)
	b.presses("Continue", "Choose your Facebook pages", pageName)
	b.ticks("page", pageID)
	b.fills(pageID+".department", d.support)
	b.shoots("first-day-choose", "The tick boxes of the bridge: Corner Bakery is ticked, the department is Support")
	b.presses("Connect the ticked pages", "The page is connected", "Running", "m.me/"+pageID, "Open the settings")
	b.shoots("first-day-connected", "The page is connected and running; next are a test, the chats, and a button that opens the settings")
	d.tells("The button opens the settings, without another link. She writes a welcome and a goodbye, and saves.")
	b.presses("Open the settings", "Page settings", pageName)
	b.fills("welcome", "Hello {customer|there}! We answer from nine to five.")
	b.fills("finished", "Goodbye, and thank you for writing to {page}.")
	b.presses("Save", "The settings are saved", "We answer from nine to five.")
	b.shoots("first-day-saved", "The settings are saved; both texts are shown as customers read them")
	return b.err
}

// mariaSettles is what is left to do for her.
func (d *day) mariaSettles(ctx context.Context) error {
	if err := d.channel.shows(ctx, done, 7, 8, 9); err != nil {
		return err
	}
	if err := d.channel.shows(ctx, point, 10); err != nil {
		return err
	}
	d.channel.isRead()
	if err := d.guided.says(ctx, "Everything is in place."); err != nil {
		return err
	}
	d.tells("And Olga's guide ends:")
	d.diary.shows("console", d.guided.news())
	if <-d.guided.ended; d.guided.err != nil {
		return fmt.Errorf("the guide ends with %w", d.guided.err)
	}
	d.tells("For her agents, Maria has what they need to know posted where they read it.")
	support := d.rc.AddChannel("support", maria, tom)
	d.channel.types("!facebook announce #support")
	text := ""
	if err := d.until(ctx, "the announcement is there", func() bool {
		for _, m := range d.rc.Messages(support) {
			if m.Username == d.rc.Bot() && m.System == "" {
				text = m.Text
			}
		}
		return text != ""
	}); err != nil {
		return err
	}
	d.reads("Tom", "in `#support`", text)
	return holds("the announcement", text, "24 hours", "!note")
}

// tomAnswers is the first customer.
func (d *day) tomAnswers(ctx context.Context) error {
	d.heading("Anna asks, Tom answers")
	question := "Are you open on Sunday?"
	d.says("Anna", "in Messenger", question, false)
	d.meta.CustomerWrites(pageID, anna, question)
	if err := d.until(ctx, "Tom sees the question", func() bool {
		all := d.rc.Rooms()
		return len(all) == 1 && all[0].ServedBy == tom && slices.Equal(d.rc.CustomerTexts(all[0].ID), []string{question})
	}); err != nil {
		return err
	}
	if room := d.rc.Rooms()[0]; room.VisitorName != "Anna Lindqvist" || room.DepartmentID != d.support {
		return fmt.Errorf("the room is %+v", room)
	}
	d.tells("A chat with *Anna Lindqvist* opens for Tom, in the department Support.")
	answer := "Yes, from nine to five."
	d.says("Tom", "in the chat", answer, true)
	d.agent.Says(d.chat(), answer)
	if err := d.annaReads(ctx, "Hello Anna Lindqvist! We answer from nine to five.", answer); err != nil {
		return err
	}
	d.answered = d.now()
	d.answered.built = d.fromBuild
	d.tells("That is the first answered customer, %.0f seconds after the first command.", d.answered.after.Seconds())
	return nil
}

// chat is the id of Tom's chat with Anna.
func (d *day) chat() string { return d.rc.Rooms()[0].ID }

// tomSaid returns the id of a message of Tom's.
func (d *day) tomSaid(text string) string {
	for _, m := range d.rc.Messages(d.chat()) {
		if m.Username == tom && m.Text == text {
			return m.ID
		}
	}
	return ""
}

// annaReads waits until the customer has read all texts, and no others.
func (d *day) annaReads(ctx context.Context, texts ...string) error {
	var has []string
	err := d.until(ctx, fmt.Sprintf("Anna has %q", texts), func() bool {
		has = nil
		for _, b := range d.meta.CustomerSees(pageID, anna) {
			has = append(has, b.Text)
		}
		return slices.Equal(has, texts)
	})
	if err != nil {
		return fmt.Errorf("%w; she has %q", err, has)
	}
	d.reads("Anna", "in Messenger", texts[d.annaRead:]...)
	d.annaRead = len(texts)
	return nil
}

// tomEnds is a note among colleagues, and the goodbye.
func (d *day) tomEnds(ctx context.Context) error {
	note := "!note Who looks after the oven on Sunday?"
	d.says("Tom", "in the chat", note, true)
	id := d.agent.Says(d.chat(), note)
	if err := d.until(ctx, "the note is marked", func() bool {
		for _, m := range d.rc.Messages(d.chat()) {
			if m.ID == id && len(m.Reactions[":lock:"]) > 0 {
				return true
			}
		}
		return false
	}); err != nil {
		return err
	}
	d.tells("It bears a lock: Anna does not get it.")
	d.says("Anna", "in Messenger", "Thank you!", false)
	d.meta.CustomerWrites(pageID, anna, "Thank you!")
	if err := d.until(ctx, "Tom reads it", func() bool { return len(d.rc.CustomerTexts(d.chat())) == 2 }); err != nil {
		return err
	}
	b := &clicker{day: d}
	if err := d.bothSides(b); err != nil {
		return err
	}
	d.tells("Tom closes the chat.")
	d.agent.Closes(d.chat(), "answered")
	return d.annaReads(ctx, "Hello Anna Lindqvist! We answer from nine to five.", "Yes, from nine to five.", "Goodbye, and thank you for writing to "+pageName+".")
}

// clicker counts what is done in a browser. After an error it does nothing more.
type clicker struct {
	*day
	err error
}

// does counts and does something, and looks at what the page then says.
func (c *clicker) does(counted *int, what func() error, parts ...string) {
	if c.err != nil {
		return
	}
	*counted++
	if c.err = what(); c.err != nil || len(parts) == 0 {
		return
	}
	text, err := c.window.text()
	c.err = errors.Join(err, holds("the page", text, parts...))
}

func (c *clicker) opens(address string, parts ...string) {
	c.does(&c.clicks, func() error { return c.window.open(address) }, parts...)
}

func (c *clicker) ticks(name, value string) {
	c.does(&c.clicks, func() error { return c.window.tick(name, value) })
}

func (c *clicker) fills(name, value string) {
	c.does(&c.fields, func() error { return c.window.fill(name, value) })
}

func (c *clicker) presses(label string, parts ...string) {
	c.does(&c.clicks, func() error { return c.window.press(label) }, parts...)
}

// shoots takes a picture, which is no work of anybody's.
func (c *clicker) shoots(name, what string) {
	if p, ok := c.window.(painter); ok {
		c.does(new(int), func() error { return p.picture(name) })
	}
	c.diary.picture(name, what)
}

// looks opens what is shown for the document only.
func (c *clicker) looks(address string, parts ...string) {
	c.does(new(int), func() error { return c.window.open(address) }, parts...)
}
