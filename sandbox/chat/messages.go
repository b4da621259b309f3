package chat

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// rcMessage is a stored message: the document clients see, and what only the
// server knows.
type rcMessage struct {
	doc    rcDoc
	room   *rcRoom
	gone   bool // deleted; kept for the books only
	hidden bool // _hidden: kept history of a deleted message
	lost   bool // its last event was lost on purpose (LoseEvents)
	told   bool // an event of it was made, be it that it was lost

	previews []any // addresses that get a preview; nil: all
}

func (m *rcMessage) id() string       { return rcText(m.doc["_id"]) }
func (m *rcMessage) text() string     { return rcText(m.doc["msg"]) }
func (m *rcMessage) system() string   { return rcText(m.doc["t"]) }
func (m *rcMessage) ts() time.Time    { return m.doc["ts"].(time.Time) }
func (m *rcMessage) author() string   { return rcText(m.doc["u"].(rcDoc)["_id"]) }
func (m *rcMessage) visible() bool    { return !m.gone && !m.hidden }
func (m *rcMessage) since() time.Time { return m.doc["_updatedAt"].(time.Time) }

// save stores a message and streams it. The document has at least msg and u;
// an _id that exists already must have been looked for by the caller, who
// holds mu as for everything in this file.
func (rc *RocketChat) save(r *rcRoom, doc rcDoc) *rcMessage { return rc.savePreviewing(r, doc, nil) }

// savePreviewing is save where only some addresses get a preview; nil: all.
func (rc *RocketChat) savePreviewing(r *rcRoom, doc rcDoc, previews []any) *rcMessage {
	m := &rcMessage{doc: doc, room: r, previews: previews}
	if m.id() == "" {
		doc["_id"] = rcID(17)
	}
	r.lastTS = rc.after(r.lastTS)
	doc["rid"], doc["ts"], doc["_updatedAt"] = r.id, r.lastTS, r.lastTS
	r.messages = append(r.messages, m)
	rc.messages[m.id()] = m
	r.updated = rc.after(r.updated)
	if m.system() == "" {
		doc["mentions"], doc["channels"] = rc.mentions(m.text()), []any{}
		rc.parse(m)
		rc.quote(m)
	}
	if m.system() == "" && (rcText(doc["tmid"]) == "" || rcTruth(doc["tshow"])) {
		r.lm = r.lastTS // system messages, edits, and what is written only in a thread leave it alone (notifyUsersOnMessage)
	}
	rc.streamMessage(m, false)
	rc.thread(m)
	if m.system() == "" && rc.socks.reemit > 0 {
		rc.later(rc.socks.reemit, func() { rc.parsed(m) })
	}
	rc.changed()
	return m
}

// say stores a system message.
func (rc *RocketChat) say(r *rcRoom, t, text string, u rcDoc, more rcDoc) *rcMessage {
	doc := rcDoc{"t": t, "msg": text, "u": u, "groupable": false}
	for k, v := range more {
		doc[k] = v
	}
	return rc.save(r, doc)
}

// restamp gives a changed message a newer _updatedAt and streams it again.
func (rc *RocketChat) restamp(m *rcMessage, again bool) {
	last := m.since()
	if m.room.lastTS.After(last) {
		last = m.room.lastTS
	}
	m.doc["_updatedAt"] = rc.after(last)
	rc.streamMessage(m, again)
	rc.changed()
}

// parse puts a text's tree and its addresses into a message, before it is stored.
func (rc *RocketChat) parse(m *rcMessage) {
	m.doc["md"] = []any{rcDoc{"type": "PARAGRAPH", "value": []any{rcDoc{"type": "PLAIN_TEXT", "value": m.text()}}}}
	urls := []any{}
	for _, u := range rcURL.FindAllString(m.text(), -1) {
		found := rcDoc{"url": u, "meta": rcDoc{}}
		if m.previews != nil && !slices.Contains(m.previews, any(u)) && !strings.HasPrefix(u, rc.URL()+"/") {
			found["ignoreParse"] = true // links into the workspace are always followed
		}
		urls = append(urls, found)
	}
	m.doc["urls"] = urls
}

var rcURL = regexp.MustCompile(`https?://[^\s)]+`)

// parsed is the server's second thought about a message: parsed text and link
// previews, streamed again under the same _id.
func (rc *RocketChat) parsed(m *rcMessage) {
	if !m.visible() || m.system() != "" {
		return
	}
	rc.parse(m)
	rc.restamp(m, true)
}

// thread counts a reply at its parent, which is streamed again.
func (rc *RocketChat) thread(m *rcMessage) {
	parent := rc.messages[rcText(m.doc["tmid"])]
	if parent == nil || m.system() != "" {
		return
	}
	n, _ := parent.doc["tcount"].(int)
	replies, _ := parent.doc["replies"].([]any)
	if !slices.Contains(replies, any(m.author())) {
		replies = append(replies, m.author())
	}
	parent.doc["tcount"], parent.doc["tlm"], parent.doc["replies"] = n+1, m.ts(), replies
	rc.restamp(parent, false)
}

var rcMention = regexp.MustCompile(`@([0-9a-zA-Z\-_.]*[0-9a-zA-Z\-_])`)

func (rc *RocketChat) mentions(text string) []any {
	found := []any{}
	for _, hit := range rcMention.FindAllStringSubmatch(text, -1) {
		if u := rc.usernames[hit[1]]; u != nil {
			found = append(found, rcDoc{"_id": u.ID, "username": u.Username, "name": u.Name, "type": "user"})
		}
	}
	return found
}

var rcQuote = regexp.MustCompile(`\[ \]\((https?://[^\s)]+[?&]msg=[^\s)&]+)\)`)

// quote turns links to messages of this workspace into quote attachments, if
// the author may read the quoted room.
func (rc *RocketChat) quote(m *rcMessage) {
	site := rcText(rc.settings["Site_Url"])
	if site == "" {
		site = rc.URL()
	}
	var quotes []any
	for _, hit := range rcQuote.FindAllStringSubmatch(m.text(), -1) {
		link, err := url.Parse(hit[1])
		if err != nil || !strings.HasPrefix(hit[1], strings.TrimRight(site, "/")+"/") {
			continue
		}
		quoted := rc.messages[link.Query().Get("msg")]
		if quoted == nil || !quoted.visible() {
			continue
		}
		own := m.room == quoted.room
		if u := rc.users[m.author()]; !own && !rc.mayRead(u, quoted.room) {
			continue
		}
		u := quoted.doc["u"].(rcDoc)
		q := rcDoc{
			"text": quoted.text(), "author_name": u["username"], "author_icon": "/avatar/" + rcText(u["username"]),
			"message_link": hit[1], "ts": quoted.ts(),
		}
		if a, ok := quoted.doc["attachments"]; ok {
			q["attachments"] = a
		}
		quotes = append(quotes, q)
	}
	if quotes == nil {
		return
	}
	given, _ := m.doc["attachments"].([]any)
	m.doc["attachments"] = append(quotes, given...)
}

// quotedID reads back which message a message quotes.
func (m *rcMessage) quotedID() string {
	list, _ := m.doc["attachments"].([]any)
	for _, a := range list {
		a, _ := a.(rcDoc)
		if link, err := url.Parse(rcText(a["message_link"])); err == nil && link.Query().Get("msg") != "" {
			return link.Query().Get("msg")
		}
	}
	return ""
}

// link is the address under which clients quote a message.
func (rc *RocketChat) link(m *rcMessage) string {
	where := map[string]string{"l": "live", "c": "channel", "p": "group", "d": "direct"}[m.room.kind]
	name := m.room.name
	if name == "" {
		name = m.room.id
	}
	return rc.URL() + "/" + where + "/" + name + "?msg=" + m.id()
}

// editOrNot is what an update does: nothing if the text is the same, and no blank texts.
func (rc *RocketChat) editOrNot(m *rcMessage, by rcDoc, text string) *rcReply {
	text = strings.ReplaceAll(text, "\x00", "")
	switch {
	case strings.TrimSpace(text) == "" && m.doc["attachments"] == nil && m.doc["file"] == nil:
		return rcMeteor("error-invalid-message", "Message cannot be empty")
	case text == m.text():
		return nil
	}
	rc.edit(m, by, text)
	return nil
}

// edit replaces a message's text.
func (rc *RocketChat) edit(m *rcMessage, by rcDoc, text string) {
	m.doc["msg"], m.doc["editedBy"] = text, rcDoc{"_id": by["_id"], "username": by["username"]}
	m.doc["editedAt"] = rc.after(m.ts())
	m.doc["mentions"] = rc.mentions(text)
	rc.parse(m)
	rc.restamp(m, false)
}

// remove deletes a message in the way the workspace is set up for.
func (rc *RocketChat) remove(m *rcMessage, by rcDoc) {
	if n, _ := m.doc["tcount"].(int); rc.on("Message_ShowDeletedStatus") || n > 0 {
		m.doc["t"], m.doc["msg"], m.doc["attachments"], m.doc["urls"] = "rm", "", []any{}, []any{}
		m.doc["editedAt"], m.doc["editedBy"] = rc.after(m.ts()), rcDoc{"_id": by["_id"], "username": by["username"]}
		rc.restamp(m, false)
		return
	}
	at := rc.after(m.room.lastTS)
	if rc.on("Message_KeepHistory") {
		m.hidden = true // chat.syncMessages then tells nothing of it
		m.doc["_hidden"], m.doc["_updatedAt"] = true, at
	} else {
		m.gone = true
		delete(rc.messages, m.id())
		rc.trash[m.room.id] = append(rc.trash[m.room.id], rcDoc{"_id": m.id(), "_deletedAt": at})
	}
	rc.emit("stream-notify-room", m.room.id+"/deleteMessage", []any{rcDoc{"_id": m.id()}}, nil)
	rc.changed()
}

// react sets or takes back a reaction; nil toggles.
func (rc *RocketChat) react(m *rcMessage, username, emoji string, should *bool) {
	emoji = ":" + strings.Trim(emoji, ":") + ":"
	all, _ := m.doc["reactions"].(rcDoc)
	one, _ := all[emoji].(rcDoc)
	names, _ := one["usernames"].([]any)
	has := slices.Contains(names, any(username))
	want := !has
	if should != nil {
		want = *should
	}
	if want == has {
		return
	}
	next := rcDoc{}
	for k, v := range all {
		next[k] = v
	}
	if want {
		next[emoji] = rcDoc{"usernames": append(slices.Clone(names), username)}
	} else if names = slices.DeleteFunc(slices.Clone(names), func(n any) bool { return n == username }); len(names) > 0 {
		next[emoji] = rcDoc{"usernames": names}
	} else {
		delete(next, emoji)
	}
	if len(next) == 0 {
		delete(m.doc, "reactions")
	} else {
		m.doc["reactions"] = next
	}
	rc.restamp(m, false)
}

// tooLong is the check of Message_MaxAllowedSize; livechat/message has none.
func (rc *RocketChat) tooLong(text string) bool {
	limit, ok := rcNumber(rc.settings["Message_MaxAllowedSize"])
	return ok && limit > 0 && utf8.RuneCountInString(text) > limit
}

func rcNumber(v any) (int, bool) {
	switch v := v.(type) {
	case int:
		return v, true
	case float64:
		return int(v), true
	}
	return 0, false
}
