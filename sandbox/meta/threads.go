package meta

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The Conversations API and the profile (messenger.md 5). Messages are named by position in
// their thread, so that a cursor stays right while others arrive.

const (
	graphTime     = "2006-01-02T15:04:05-0700"
	detailedLimit = 20 // only so many of the newest messages can be read
	defaultLimit  = 25
	requestsShown = 30 * 24 * time.Hour // how long a thread in the requests folder is listed after its last message
)

// ProfileMode is how Meta answers for a profile.
type ProfileMode int

// The outcomes of messenger.md 5.1.
const (
	ProfileFull      ProfileMode = iota
	ProfileIDOnly                // no access to the feature
	ProfileEmpty                 // {}
	ProfileNameOnly              // no picture
	ProfileNone                  // 100/2018218: an account made with a phone number
	ProfileForbidden             // 100/2018247: permission missing
	ProfileUnknown               // 100/33
)

func threadID(n int64) string { return fmt.Sprintf("t_1015%013d", n) }

// conversations is GET /{page-id}/conversations. Called with mu held.
func (m *Messenger) conversations(c *graphCall) (*graphAnswer, *graphError) {
	fields, e := c.fields("id", "updated_time")
	if e != nil {
		return nil, e
	}
	if platform := c.param("platform"); platform != "" && !strings.EqualFold(platform, "messenger") {
		return m.jsonAnswer(newObject("data", []any{})), nil
	}
	customer := c.param("user_id")
	var found []*thread
	for _, t := range m.threads {
		if t.key.page == c.token.page && !t.userRef && !m.filed(t) && len(t.messages) > 0 && (customer == "" || customer == t.key.customer) {
			found = append(found, t)
		}
	}
	slices.SortFunc(found, func(a, b *thread) int {
		if order := b.updated.Compare(a.updated); order != 0 {
			return order
		}
		return strings.Compare(a.id, b.id)
	})
	start := 0
	if after := readCursor(c.param("after")); after != "" {
		start = 1 + slices.IndexFunc(found, func(t *thread) bool { return t.id == after })
	}
	found = found[start:]
	shown := found[:min(c.limit(), len(found))]
	if tooMuch := m.quirks.DataPerRead; tooMuch > 0 && dataOf(shown, fields) > tooMuch {
		return nil, graphErr(1, 0, textReduce)
	}
	data := make([]any, 0, len(shown))
	for _, t := range shown {
		o, e := m.showThread(c, t, fields)
		if e != nil {
			return nil, e
		}
		data = append(data, o)
	}
	o := newObject("data", data)
	if len(shown) > 0 {
		o = o.with("paging", m.paging(c, c.path, c.param("fields"), shown[0].id, shown[len(shown)-1].id, len(found) > len(shown)))
	}
	return m.jsonAnswer(o), nil
}

// filed reports whether a thread lies in the requests folder and has been still for so long
// that it is not listed. Called with mu held.
func (m *Messenger) filed(t *thread) bool {
	return t.request && m.now().Sub(t.updated) > requestsShown
}

// dataOf is how much was asked for: one for each thread and each message.
func dataOf(shown []*thread, fields []askedField) (n int) {
	for _, t := range shown {
		n++
		for _, f := range fields {
			if f.name == "messages" {
				limit := f.limit
				setDefault(&limit, defaultLimit)
				n += min(limit, len(t.messages))
			}
		}
	}
	return n
}

func (c *graphCall) limit() int {
	n, err := strconv.Atoi(c.param("limit"))
	if err != nil || n <= 0 {
		return defaultLimit
	}
	return min(n, 500)
}

// Cursors are opaque to clients.
func cursor(name string) string { return "QVFI" + base64.RawURLEncoding.EncodeToString([]byte(name)) }

func readCursor(text string) string {
	name, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(text, "QVFI"))
	if err != nil {
		return ""
	}
	return string(name)
}

// paging writes cursors and the link to the next page, which carries the token and not the
// proof (messenger.md 6.9).
func (m *Messenger) paging(c *graphCall, path []string, fields, first, last string, more bool) metaObject {
	o := newObject("cursors", newObject("before", cursor(first), "after", cursor(last)))
	if !more {
		return o
	}
	query := url.Values{"access_token": {c.token.value}, "after": {cursor(last)}, "limit": {strconv.Itoa(c.limit())}}
	if fields != "" {
		query.Set("fields", fields)
	}
	for _, name := range []string{"user_id", "platform"} {
		if value := c.param(name); value != "" && path[0] == c.token.page {
			query.Set(name, value)
		}
	}
	return o.with("next", fmt.Sprintf("%s/v%d.0/%s?%s", m.URL(), c.served, strings.Join(path, "/"), query.Encode()))
}

// showThread writes a conversation with the fields asked for. Called with mu held.
func (m *Messenger) showThread(c *graphCall, t *thread, fields []askedField) (metaObject, *graphError) {
	var o metaObject
	for _, f := range fields {
		switch f.name {
		case "id":
		case "updated_time":
			o = o.with(f.name, t.updated.UTC().Format(graphTime))
		case "snippet":
			o = o.with(f.name, t.messages[len(t.messages)-1].text)
		case "participants", "senders":
			o = o.with(f.name, newObject("data", []any{m.customerParty(t.key), m.pageParty(t.key)}))
		case "message_count":
			o = o.with(f.name, len(t.messages))
		case "unread_count":
			o = o.with(f.name, 0)
		case "can_reply":
			o = o.with(f.name, m.now().Sub(t.opened) < standardWindow && !t.blocked)
		case "is_subscribed":
			o = o.with(f.name, true)
		case "link":
			o = o.with(f.name, "/"+t.key.page+"/inbox/"+t.id+"/")
		case "messages":
			list, e := m.showMessages(c, t, f)
			if e != nil {
				return nil, e
			}
			o = o.with(f.name, list)
		case "folder", "former_participants", "is_owner", "linked_group", "name", "scoped_thread_key", "wallpaper":
		default:
			return nil, noField(f.name, "UnifiedThread")
		}
	}
	return o.with("id", t.id), nil
}

// withCards adds what a message shows of the stickers or links in it.
func (o metaObject) withCards(field string, all []Attachment) metaObject {
	links := []any{}
	for _, a := range all {
		switch {
		case a.Type == "sticker" && field == "sticker":
			return o.with(field, a.URL) // and as a picture among the attachments
		case a.Type == "share" && field == "shares":
			links = append(links, newObject("link", a.URL, "name", "A page", "description", "of the web"))
		}
	}
	if len(links) > 0 {
		o = o.with(field, newObject("data", links))
	}
	return o
}

func noField(name, node string) *graphError {
	return graphErr(100, 0, fmt.Sprintf("(#100) Tried accessing nonexisting field (%s) on node type (%s)", name, node))
}

func (m *Messenger) customerParty(key threadKey) metaObject {
	p := m.person(key.customer)
	return newObject("name", strings.TrimSpace(p.first+" "+p.last), "email", key.customer+"@facebook.com", "id", key.customer)
}

func (m *Messenger) pageParty(key threadKey) metaObject {
	name := ""
	if pg := m.pages[key.page]; pg != nil {
		name = pg.name
	}
	return newObject("name", name, "email", key.page+"@facebook.com", "id", key.page)
}

// conversationNode is GET /{t_id} and GET /{t_id}/messages. Called with mu held.
func (m *Messenger) conversationNode(c *graphCall, id, edge string) (*graphAnswer, *graphError) {
	for _, t := range m.threads {
		if t.id != id || t.key.page != c.token.page || len(t.messages) == 0 {
			continue
		}
		if edge == "messages" {
			fields, e := c.fields("id", "created_time")
			if e != nil {
				return nil, e
			}
			list, e := m.showMessages(c, t, askedField{sub: fields, inner: c.param("fields"), limit: c.limit(), after: c.param("after")})
			if e != nil {
				return nil, e
			}
			return m.jsonAnswer(list), nil
		}
		fields, e := c.fields("id", "updated_time")
		if e != nil {
			return nil, e
		}
		o, e := m.showThread(c, t, fields)
		if e != nil {
			return nil, e
		}
		return m.jsonAnswer(o), nil
	}
	return nil, noObject(c.r.Method, id)
}

// showMessages writes a page of messages, newest first. Called with mu held.
func (m *Messenger) showMessages(c *graphCall, t *thread, asked askedField) (metaObject, *graphError) {
	fields, limit := asked.sub, asked.limit
	if len(fields) == 0 {
		fields = askFor("id", "created_time")
	}
	setDefault(&limit, defaultLimit)
	list := t.newestFirst()
	start := 0
	if mid := readCursor(asked.after); mid != "" {
		start = 1 + slices.IndexFunc(list, func(msg *message) bool { return msg.mid == mid })
	}
	data := []any{}
	end := min(start+limit, len(list))
	for i := start; i < end; i++ {
		shown := fields
		if i >= detailedLimit || list[i].deleted {
			shown = askFor("id", "created_time")
		}
		o, e := m.showMessage(list[i], shown)
		if e != nil {
			return nil, e
		}
		data = append(data, o)
	}
	o := newObject("data", data)
	if start < end {
		o = o.with("paging", m.paging(c, []string{t.id, "messages"}, asked.inner, list[start].mid, list[end-1].mid, end < len(list)))
	}
	return o, nil
}

// newestFirst orders by the time of the message; what came later stands before, when equal.
func (t *thread) newestFirst() []*message {
	list := slices.Clone(t.messages)
	slices.Reverse(list)
	slices.SortStableFunc(list, func(a, b *message) int { return b.at.Compare(a.at) })
	return list
}

// showMessage writes one message. Metadata is never in it: Meta returns it in echoes only.
// Called with mu held.
func (m *Messenger) showMessage(msg *message, fields []askedField) (metaObject, *graphError) {
	from, to := m.customerParty(msg.key), m.pageParty(msg.key)
	if msg.fromPage {
		from, to = to, from
	}
	var o metaObject
	for _, f := range fields {
		switch f.name {
		case "id":
		case "created_time":
			o = o.with(f.name, msg.at.UTC().Truncate(time.Second).Format(graphTime))
		case "from":
			o = o.with(f.name, from)
		case "to":
			o = o.with(f.name, newObject("data", []any{to}))
		case "message":
			text := msg.text
			if msg.buttons != nil && m.quirks.TemplatesHidden {
				text = ""
			}
			o = o.with(f.name, text)
		case "reply_to": // the shape is a guess: the sheet has the name only
			if msg.replyTo != "" {
				o = o.with(f.name, newObject("mid", msg.replyTo))
			}
		case "sticker", "shares":
			if m.quirks.PlainMessages {
				return nil, noField(f.name, "Message")
			}
			o = o.withCards(f.name, msg.attachments)
		case "tags", "reactions", "story":
		case "attachments":
			words := slices.ContainsFunc(f.sub, func(s askedField) bool { return s.name == "generic_template" })
			switch {
			case words && m.quirks.PlainMessages:
				return nil, noField("generic_template", "MessageAttachment")
			case msg.file != nil:
				o = o.with(f.name, msg.showAttachments())
			case len(msg.attachments) > 0:
				o = o.with(f.name, m.listMedia(msg, words))
			}
		default:
			return nil, noField(f.name, "Message")
		}
	}
	return o.with("id", msg.mid), nil
}

// messageNode is GET /{mid}. Called with mu held.
func (m *Messenger) messageNode(c *graphCall, mid string) (*graphAnswer, *graphError) {
	msg := m.byMid[mid]
	if msg.key.page != c.token.page {
		return nil, noObject(c.r.Method, mid)
	}
	position := slices.Index(m.threads[msg.key].newestFirst(), msg)
	if msg.deleted || position >= detailedLimit {
		if m.quirks.LoneCodes {
			return nil, graphErr(9000001, 0, textDeleted)
		}
		return nil, graphErr(100, 9000001, textDeleted)
	}
	fields, e := c.fields("id", "created_time")
	if e != nil {
		return nil, e
	}
	o, e := m.showMessage(msg, fields)
	if e != nil {
		return nil, e
	}
	return m.jsonAnswer(o), nil
}

// profile is GET /{psid}. Called with mu held.
func (m *Messenger) profile(c *graphCall, customer string) (*graphAnswer, *graphError) {
	fields, e := c.fields("first_name", "last_name", "profile_pic")
	if e != nil {
		return nil, e
	}
	p := m.person(customer)
	switch p.profile {
	case ProfileEmpty:
		return m.jsonAnswer(metaObject{}), nil
	case ProfileIDOnly:
		fields = nil
	case ProfileNone:
		if m.quirks.LoneCodes {
			return nil, graphErr(2018218, 0, "No profile available for this user.")
		}
		return nil, graphErr(100, 2018218, "(#100) No profile available for this user.")
	case ProfileForbidden:
		return nil, graphErr(100, 2018247, "(#100) Insufficient permission to access user profile")
	case ProfileUnknown:
		return nil, noObject(c.r.Method, customer)
	}
	var o metaObject
	for _, f := range fields {
		switch f.name {
		case "name":
			o = o.with(f.name, strings.TrimSpace(p.first+" "+p.last))
		case "first_name":
			o = o.with(f.name, p.first)
		case "last_name":
			o = o.with(f.name, p.last)
		case "profile_pic":
			if p.profile != ProfileNameOnly {
				o = o.with(f.name, fmt.Sprintf("https://platform-lookaside.fbsbx.com/platform/profilepic/?eai=A1&psid=%s&width=1024&ext=%d&hash=Ab1",
					customer, m.now().Add(30*24*time.Hour).Unix()))
			}
		case "id", "locale", "timezone", "gender":
		default:
			return nil, noField(f.name, "User")
		}
	}
	return m.jsonAnswer(o.with("id", customer)), nil
}
