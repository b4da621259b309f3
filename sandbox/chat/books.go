package chat

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Room is an omnichannel room as a manager sees it.
type Room struct {
	ID           string
	Open         bool
	VisitorToken string
	VisitorName  string // shown as the room's name
	DepartmentID string
	ServedBy     string // username; "" = nobody
	Queued       bool   // waits for an agent to take it
	OnHold       bool
	Topic        string
	Tags         []string
	CustomFields map[string]any    // livechatData
	SavedInfo    map[string]any    // body of the last livechat/room.saveInfo
	Survey       map[string]string // what the visitor answered, by name
	Closer       string            // user, visitor or "" while open
	ClosedBy     string            // username
	Comment      string            // of the close
	CreatedAt    time.Time
	ClosedAt     time.Time
	LastMessage  time.Time // lm
}

// Message is a message as people in the room see it.
type Message struct {
	ID          string
	RoomID      string
	Text        string
	Username    string
	Alias       string
	FromVisitor bool
	System      string // type of a system message (t)
	At          time.Time
	Updated     time.Time
	Edited      bool
	Deleted     bool                // no longer shown, or shown as removed
	Reactions   map[string][]string // usernames by :emoji:
	ThreadID    string              // message this one answers in a thread
	Quoted      string              // message this one quotes
	Attachments []map[string]any    // as clients get them
	Fields      map[string]any      // the whole document as REST gives it
}

// Visitor is a registered customer.
type Visitor struct {
	ID, Token, Username, Name string
	Email, Phone              string
	DepartmentID              string
	CustomFields              map[string]any
}

// Call is one HTTP request as the workspace saw it.
type Call struct {
	Method   string
	Route    string // method and pattern, e.g. "GET livechat/visitor/:token", "GET websocket"
	Path     string
	Query    string
	Body     string
	Header   http.Header
	LoggedIn bool // the auth headers were given and right
	Limited  bool // refused by the limiter
	Done     bool // answered or given up
	Status   int  // 0 = never answered
	At       time.Time
}

// Rooms lists all omnichannel rooms, oldest first.
func (rc *RocketChat) Rooms() []Room {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	var out []Room
	for _, r := range rc.roomOrder {
		if r.kind == "l" {
			out = append(out, r.seen())
		}
	}
	return out
}

// Room is one omnichannel room; false if there is none with this id.
func (rc *RocketChat) Room(rid string) (Room, bool) {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	r := rc.rooms[rid]
	if r == nil || r.kind != "l" {
		return Room{}, false
	}
	return r.seen(), true
}

func (r *rcRoom) seen() Room {
	out := Room{
		ID: r.id, Open: r.open, VisitorToken: r.visitor.token, VisitorName: r.visitor.displayName(),
		DepartmentID: r.department, Queued: r.open && r.inquiry == "queued", OnHold: r.onHold, Topic: r.topic,
		Closer: r.closer, Comment: r.comment, CreatedAt: r.ts, ClosedAt: r.closed, LastMessage: r.lm,
		Survey: maps.Clone(r.survey),
	}
	if r.served != nil {
		out.ServedBy = r.served.Username
	}
	for _, t := range r.tags {
		out.Tags = append(out.Tags, rcText(t))
	}
	if r.custom != nil {
		out.CustomFields = rcCopy(r.custom)
	}
	if r.saved != nil {
		out.SavedInfo = rcCopy(r.saved)
	}
	if r.closedBy != nil {
		out.ClosedBy = rcText(r.closedBy["username"])
	}
	return out
}

// Messages lists a room's messages in the order people see them, system
// messages and deleted ones included. It takes any kind of room.
func (rc *RocketChat) Messages(rid string) []Message {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	r := rc.roomNamed(rid)
	if r == nil {
		return nil
	}
	out := make([]Message, len(r.messages))
	for i, m := range r.messages {
		out[i] = m.seen()
	}
	return out
}

func (m *rcMessage) seen() Message {
	fields := rcDecoded(m.doc).(map[string]any)
	out := Message{
		ID: m.id(), RoomID: m.room.id, Text: m.text(), Username: rcText(m.doc["u"].(rcDoc)["username"]),
		Alias: rcText(m.doc["alias"]), FromVisitor: m.doc["token"] != nil, System: m.system(), At: m.ts(), Updated: m.since(),
		Edited: m.doc["editedAt"] != nil, Deleted: !m.visible() || m.system() == "rm", ThreadID: rcText(m.doc["tmid"]),
		Quoted: m.quotedID(), Fields: fields,
	}
	reactions, _ := fields["reactions"].(map[string]any)
	for emoji, who := range reactions {
		if out.Reactions == nil {
			out.Reactions = map[string][]string{}
		}
		names, _ := who.(map[string]any)["usernames"].([]any)
		for _, n := range names {
			out.Reactions[emoji] = append(out.Reactions[emoji], rcText(n))
		}
	}
	list, _ := fields["attachments"].([]any)
	for _, a := range list {
		if a, ok := a.(map[string]any); ok {
			out.Attachments = append(out.Attachments, a)
		}
	}
	return out
}

// Shown is a text as an agent sees it: the parser takes a backslash away in front of the
// signs of emphasis, and a word joiner has no width. What else markup would change is not
// played.
func Shown(text string) string {
	text = strings.ReplaceAll(text, "\u2060", "")
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) && strings.IndexByte("*_~`#.", text[i+1]) >= 0 {
			i++
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// CustomerTexts lists the texts of the visitor's messages in a room as agents see them, in
// order; deleted ones and system messages are left out.
func (rc *RocketChat) CustomerTexts(rid string) []string {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	r := rc.roomNamed(rid)
	if r == nil {
		return nil
	}
	var out []string
	for _, m := range r.messages {
		if m.doc["token"] != nil && m.system() == "" && m.visible() {
			out = append(out, Shown(m.text()))
		}
	}
	return out
}

// DirectMessages lists what the bot told a user in their direct room.
func (rc *RocketChat) DirectMessages(username string) []Message {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	bot, u := rc.usernames[rc.cfg.Bot.Username], rc.usernames[username]
	if u == nil {
		return nil
	}
	var out []Message
	for _, r := range rc.roomOrder {
		if r.kind != "d" || !r.members[u.ID] || !r.members[bot.ID] {
			continue
		}
		for _, m := range r.messages {
			if m.author() == bot.ID && m.visible() {
				out = append(out, m.seen())
			}
		}
	}
	return out
}

// Visitors lists all registered customers, oldest first.
func (rc *RocketChat) Visitors() []Visitor {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	var out []Visitor
	for _, v := range rc.visitorOrder {
		seen := Visitor{
			ID: v.id, Token: v.token, Username: v.username, Name: v.name, Email: v.email, Phone: v.phone, DepartmentID: v.department,
		}
		if v.custom != nil {
			seen.CustomFields = rcCopy(v.custom)
		}
		out = append(out, seen)
	}
	return out
}

// Connections counts the websockets that are logged in.
func (rc *RocketChat) Connections() int {
	return rc.countConns(func(c *rcConn) bool { return c.user != nil })
}

// Subscribed counts the websockets that are logged in and listen to all
// messages their user may read (__my_messages__).
func (rc *RocketChat) Subscribed() int {
	return rc.countConns(func(c *rcConn) bool {
		return c.user != nil && c.listening[rcTopic{"stream-room-messages", "__my_messages__"}] > 0
	})
}

// SubscribedTo reports whether somebody listens to an event of a room, for example
// rid + "/deleteMessage".
func (rc *RocketChat) SubscribedTo(event string) bool {
	return rc.countConns(func(c *rcConn) bool { return c.listening[rcTopic{"stream-notify-room", event}] > 0 }) > 0
}

func (rc *RocketChat) countConns(fits func(*rcConn) bool) (n int) {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	for c := range rc.socks.conns {
		if fits(c) {
			n++
		}
	}
	return n
}

// Calls lists the HTTP requests so far, oldest first; of very many only the
// newest.
func (rc *RocketChat) Calls() []Call {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	out := make([]Call, len(rc.rest.calls))
	for i, c := range rc.rest.calls {
		out[i] = *c
	}
	return out
}

// CountCalls counts the requests of a route, e.g. "POST livechat/message"; ""
// counts all.
func (rc *RocketChat) CountCalls(route string) int {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	if route != "" {
		return rc.rest.counts[route]
	}
	n := 0
	for _, count := range rc.rest.counts {
		n += count
	}
	return n
}

// MembersOf lists the usernames in a room, in alphabetical order.
func (rc *RocketChat) MembersOf(rid string) []string {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	var out []string
	if r := rc.roomNamed(rid); r != nil {
		for id := range r.members {
			out = append(out, rc.users[id].Username)
		}
	}
	slices.Sort(out)
	return out
}
