package demo

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"time"

	"messenger-bridge/sandbox/chat"
	"messenger-bridge/sandbox/meta"
)

// view is all that the page shows.
type view struct {
	Bridge    viewBridge     `json:"bridge"`
	Switches  []viewSwitch   `json:"switches"`
	Story     viewStory      `json:"story"`
	Feed      []line         `json:"feed"`
	Customers []viewCustomer `json:"customers"`
	Rooms     []viewRoom     `json:"rooms"`
	Setup     viewRoom       `json:"setup"`
	Direct    []viewDirect   `json:"direct"`
	Post      viewPost       `json:"post"`
	Promises  []viewPromise  `json:"promises"`
	Scene     int            `json:"scene"` // of the story that plays itself; 0: it does not
	Scenes    int            `json:"scenes"`
	Down      bool           `json:"down"` // the workspace
	Deeds     []viewDeed     `json:"deeds"`
}

type viewBridge struct {
	Life      string     `json:"life"`
	PID       int        `json:"pid"`
	Starts    int        `json:"starts"`
	Back      *time.Time `json:"back,omitempty"`
	Why       string     `json:"why,omitempty"`
	Connected bool       `json:"connected"`
	Known     bool       `json:"known"` // the figures below are
	ToRooms   int        `json:"toRooms"`
	ToPeople  int        `json:"toCustomers"`
	ToAgents  int        `json:"toAgents"`
	AtMeta    int        `json:"atFacebook"` // webhooks that wait for the bridge
	Facebook  bool       `json:"facebook"`   // it answers
	Page      string     `json:"page"`
	PageState string     `json:"pageState"`
	PageWhy   string     `json:"pageWhy,omitempty"`
}

type viewSwitch struct {
	ID     string `json:"id"`
	Side   string `json:"side"`
	Label  string `json:"label"`
	Hint   string `json:"hint"`
	Toggle bool   `json:"toggle"`
	On     bool   `json:"on"`
	Busy   bool   `json:"busy"`
}

type viewStory struct {
	Title   string `json:"title"`
	Text    string `json:"text"`
	Promise string `json:"promise"`
}

type viewCustomer struct {
	Key      string       `json:"key"`
	Name     string       `json:"name"`
	Number   string       `json:"number"` // end of the id, by which the agent knows the customer
	Messages []viewBubble `json:"messages"`
}

type viewBubble struct {
	ID       string     `json:"id"`
	Text     string     `json:"text"`
	FromPage bool       `json:"fromPage"`
	At       time.Time  `json:"at"`
	Quote    string     `json:"quote,omitempty"`
	Files    []viewFile `json:"files,omitempty"`
	Choices  []string   `json:"choices,omitempty"` // quick replies that can be tapped
	Reaction string     `json:"reaction,omitempty"`
}

// viewDeed is something else that can be done.
type viewDeed struct {
	ID    string `json:"id"`
	As    string `json:"as"`
	Label string `json:"label"`
}

type viewRoom struct {
	ID       string        `json:"id"`
	Name     string        `json:"name"`
	Customer string        `json:"customer,omitempty"` // key
	Comments bool          `json:"comments,omitempty"` // of people below posts
	Open     bool          `json:"open"`
	ServedBy string        `json:"servedBy"`
	Messages []viewMessage `json:"messages"`
}

type viewMessage struct {
	ID        string         `json:"id"`
	Who       string         `json:"who"`
	Kind      string         `json:"kind"` // visitor, person, bot or system
	Text      string         `json:"text"`
	At        time.Time      `json:"at"`
	Edited    bool           `json:"edited,omitempty"`
	Quote     string         `json:"quote,omitempty"`
	Files     []viewFile     `json:"files,omitempty"`
	Reactions []viewReaction `json:"reactions,omitempty"`
	Buttons   []viewButton   `json:"buttons,omitempty"`
}

// viewButton types something for who clicks it.
type viewButton struct {
	Label string `json:"label"`
	Types string `json:"types"`
}

// viewDirect is what the bot and one person tell each other.
type viewDirect struct {
	Who      string        `json:"who"` // username
	Messages []viewMessage `json:"messages"`
}

// viewPost is the page's post and what stands below it.
type viewPost struct {
	Text     string        `json:"text"`
	Comments []viewComment `json:"comments"`
}

type viewComment struct {
	ID       string `json:"id"`
	Who      string `json:"who"`
	FromPage bool   `json:"fromPage"`
	Answer   bool   `json:"answer"` // to the one above
	Text     string `json:"text"`
}

type viewReaction struct {
	Emoji string `json:"emoji"`
	Times int    `json:"times"`
}

// shownMessages is how many messages of a room the page gets.
const shownMessages = 150

// screen reads what the page shows.
type screen struct {
	*play
	switches []toggle
}

// view is how everything is now.
func (s *screen) view() view {
	life := s.process.now()
	v := view{Bridge: s.viewBridge(life), Setup: s.viewChannel(s.rc.RoomID(setupChannel), "#"+setupChannel),
		Rooms: s.viewRooms(), Post: s.viewPost(), Promises: s.promises.view()}
	v.Scene, v.Scenes = s.director.playing()
	for _, username := range []string{manager, agentName} {
		v.Direct = append(v.Direct, viewDirect{username, s.viewMessages(s.directRoom(username))})
	}
	for _, c := range customers {
		one := viewCustomer{Key: c.Key, Name: c.name(), Number: c.ID[len(c.ID)-4:], Messages: []viewBubble{}}
		one.Messages = append(one.Messages, viewBubbles(s.meta.Thread(pageID, c.ID))...)
		v.Customers = append(v.Customers, one)
	}
	for _, d := range deeds {
		v.Deeds = append(v.Deeds, viewDeed{d.ID, d.As, d.Label})
	}
	trouble := s.troubles.now()
	v.Feed, v.Down = s.feed.all(), trouble.down
	if told := s.narrator.told(); len(told) > 0 {
		v.Story = viewStory{told[0].Title, told[0].Text, told[0].Promise}
	}
	for _, t := range s.switches {
		one := viewSwitch{ID: t.ID, Side: t.Side, Toggle: t.isOn != nil}
		one.Label, one.Hint = t.words(life)
		one.On = t.isOn != nil && t.isOn(trouble)
		one.Busy = t.ID == "token" && s.maria.isBusy()
		v.Switches = append(v.Switches, one)
	}
	return v
}

// viewBubbles are the messages on a customer's phone.
func viewBubbles(thread []meta.Bubble) (shown []viewBubble) {
	texts := map[string]string{}
	for _, b := range thread {
		if texts[b.Mid] = b.Text; b.Text == "" {
			for _, f := range filesOfBubble(b) {
				texts[b.Mid] = f.Name
			}
		}
	}
	for i, b := range last(thread) {
		one := viewBubble{ID: b.Mid, Text: b.Text, FromPage: b.FromPage, At: b.At, Quote: texts[b.ReplyTo],
			Files: filesOfBubble(b), Reaction: b.Reaction + b.PageReaction}
		if i == len(last(thread))-1 {
			one.Choices = b.Quick
		}
		if b.Persona != "" {
			one.Text = b.Persona + ": " + b.Text
		}
		shown = append(shown, one)
	}
	return shown
}

func last[T any](all []T) []T { return all[max(0, len(all)-shownMessages):] }

func (s *screen) viewBridge(life life) viewBridge {
	v := viewBridge{Life: life.Life, PID: life.PID, Starts: life.Starts, Back: life.Back, Why: life.Why,
		Connected: life.connected(), AtMeta: s.meta.Waiting(), Page: pageName}
	if life.Status != nil {
		v.Known, v.ToRooms, v.ToPeople, v.ToAgents = true, life.Status.In.Waiting, life.Status.Out.Waiting, life.Status.Notices.Waiting
		state, why := life.pageState()
		v.Facebook = life.Status.Facebook.Answers
		v.PageState, v.PageWhy = cmp.Or(string(state), "not connected"), why
	}
	return v
}

// viewRooms are the rooms of customers, newest first.
func (s *screen) viewRooms() []viewRoom {
	rooms := []viewRoom{}
	for _, r := range s.rc.Rooms() {
		rooms = append(rooms, viewRoom{ID: r.ID, Name: r.VisitorName, Customer: s.customerOf(r).Key, Comments: s.isComments(r), Open: r.Open, ServedBy: r.ServedBy, Messages: s.viewMessages(r.ID)})
	}
	slices.Reverse(rooms)
	return rooms
}

func (s *screen) viewChannel(rid, name string) viewRoom {
	return viewRoom{ID: rid, Name: name, Open: rid != "", Messages: s.viewMessages(rid)}
}

// viewPost is the page's post as everybody sees it.
func (s *screen) viewPost() viewPost {
	v := viewPost{Text: postText, Comments: []viewComment{}}
	for _, c := range s.meta.Comments(s.post) {
		one := viewComment{c.ID, pageName, c.From == pageID, c.Parent != "", c.Text}
		if i := slices.IndexFunc(customers, func(who customer) bool { return who.commenter == c.From }); i >= 0 {
			one.Who = customers[i].name()
		}
		v.Comments = append(v.Comments, one)
	}
	return v
}

// directRoom is the room of somebody and the bot, "" before it exists.
func (s *screen) directRoom(username string) string {
	if len(s.rc.DirectMessages(username)) == 0 {
		return ""
	}
	return s.rc.DirectRoom(username, s.rc.Bot())
}

func (s *screen) viewMessages(rid string) []viewMessage {
	shown := []viewMessage{}
	if rid == "" {
		return shown
	}
	all := s.rc.Messages(rid)
	texts := map[string]string{}
	for _, m := range all {
		texts[m.ID] = quoteLink.ReplaceAllString(m.Text, "")
	}
	for _, m := range last(all) {
		if m.Deleted || m.System != "" && systemLines[m.System] == "" {
			continue
		}
		one := viewMessage{ID: m.ID, Who: cmp.Or(m.Alias, m.Username), Kind: s.kindOf(m), Text: texts[m.ID], At: m.At, Edited: m.Edited, Quote: texts[m.Quoted], Files: filesOfRoom(m)}
		if m.System != "" {
			one.Text = fmt.Sprintf(systemLines[m.System], m.Text)
		}
		for emoji, who := range m.Reactions {
			one.Reactions = append(one.Reactions, viewReaction{emoji, len(who)})
		}
		for _, b := range m.Buttons() {
			one.Buttons = append(one.Buttons, viewButton{b.Label, b.Types})
		}
		slices.SortFunc(one.Reactions, func(a, b viewReaction) int { return cmp.Compare(a.Emoji, b.Emoji) })
		shown = append(shown, one)
	}
	return shown
}

func (s *screen) kindOf(m chat.Message) string {
	switch {
	case m.System != "":
		return "system"
	case m.FromVisitor:
		return "visitor"
	case m.Username == s.rc.Bot():
		return "bot"
	}
	return "person"
}

// quoteLink is what clients turn into a quote.
var quoteLink = regexp.MustCompile(`^\[ \]\([^)]*\)\s*`)

// systemLines are what people read for a message's type and text; others are left out.
var systemLines = map[string]string{
	"livechat-started": "The chat has begun%.0s", "livechat-close": "The chat was closed%.0s",
	"livechat_transfer_history": "The chat was handed over%.0s", "au": "%s was added to the channel",
}
