package chat

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// The endpoints of this file are public: whoever knows a visitor's token is
// that visitor. Handlers hold mu.

// restInfo is GET /api/info.
func (rc *RocketChat) restInfo(*rcCall) *rcReply {
	version := rc.cfg.Version
	if rc.openOnly { // only 6.0 does so
		version = "6.0"
	}
	return rcOK(rcDoc{"version": version})
}

// restRegister is POST livechat/visitor: the token is the key, but a known
// phone or e-mail leads to somebody who exists.
func (rc *RocketChat) restRegister(c *rcCall) *rcReply {
	in := c.doc("visitor")
	known := map[string]bool{
		"token": true, "name": true, "email": true, "department": true, "phone": true,
		"username": true, "customFields": true, "id": true, "status": true, "connectionData": true,
	}
	for key := range in {
		if !known[key] {
			rc.note("POST livechat/visitor: unknown key %q", key) // tolerated, and of no use
		}
	}
	for _, key := range []string{"token", "name", "email", "department", "phone", "username"} {
		if _, ok := in[key].(string); !ok && in[key] != nil {
			return rcFail("Match error: Expected string, got another type in field visitor." + key)
		}
	}
	if refused := rc.missingField(in); refused != nil {
		return refused
	}
	if given, ok := in["email"]; ok {
		in["email"] = strings.ToLower(strings.TrimSpace(rcText(given)))
	}
	token, phone, email := rcText(in["token"]), rcText(in["phone"]), rcText(in["email"])
	if strings.TrimSpace(token) == "" {
		return rcMeteor("error-invalid-token", "Token cannot be empty")
	}
	v := rc.visitors[token]
	if v == nil {
		v = rc.knownVisitor(token, phone, email)
	}
	if d := rcText(in["department"]); d != "" && (v == nil || d != v.department) {
		dep := rc.department(d)
		if dep == nil {
			return rcFail("error-invalid-department")
		}
		in["department"] = dep.id
	}
	if v == nil {
		v = rc.newVisitor(token, rcText(in["username"]))
	}
	set := func(field *string, key string) {
		if value := rcText(in[key]); value != "" {
			*field = value
		}
	}
	set(&v.name, "name")
	set(&v.phone, "phone")
	set(&v.email, "email")
	set(&v.department, "department")
	v.userAgent, v.updated = c.req.UserAgent(), rc.after(v.updated)
	fields, _ := in["customFields"].([]any)
	for _, f := range fields {
		f, _ := f.(rcDoc)
		if _, known := rc.fields[rcText(f["key"])]; !known {
			continue // skipped without a word
		}
		if v.custom == nil {
			v.custom = rcDoc{}
		}
		v.custom[rcText(f["key"])] = f["value"]
	}
	for _, r := range rc.openRooms[v.token] {
		rc.touch(r) // its display name may have changed
	}
	rc.changed()
	return rcOK(rcDoc{"visitor": v.doc()})
}

// knownVisitor is the trap of registering with phone or e-mail: by phone the
// visitor keeps the old token, by e-mail it gets the new one.
func (rc *RocketChat) knownVisitor(token, phone, email string) *rcVisitor {
	for _, v := range rc.visitorOrder {
		if phone != "" && v.phone == phone {
			return v
		}
	}
	for _, v := range rc.visitorOrder {
		if email != "" && v.email == email {
			if open, ok := rc.openRooms[v.token]; ok {
				rc.openRooms[token] = open
				delete(rc.openRooms, v.token)
			}
			delete(rc.visitors, v.token)
			v.token = token
			rc.visitors[token] = v
			return v
		}
	}
	return nil
}

func (rc *RocketChat) newVisitor(token, username string) *rcVisitor {
	v := &rcVisitor{id: rcID(17), token: token, username: username, status: "online", ts: rc.now()}
	if username == "" {
		v.username = fmt.Sprintf("guest-%d", len(rc.visitorOrder)+1)
	}
	v.updated = v.ts
	rc.visitors[token] = v
	rc.visitorOrder = append(rc.visitorOrder, v)
	return v
}

// restRoom is GET livechat/room: the visitor's open room, or a new one.
func (rc *RocketChat) restRoom(c *rcCall) *rcReply {
	v := rc.visitors[c.text("token")]
	if v == nil {
		return rcFail("invalid-token")
	}
	if rid := c.text("rid"); rid != "" {
		r := rc.rooms[rid]
		if r == nil || r.visitor != v || !r.open {
			return rcFail("invalid-room")
		}
		return rcOK(rcDoc{"room": r.doc(), "newRoom": false})
	}
	r, created, refused := rc.openRoom(v, c.text("agentId"))
	if refused != nil {
		return refused
	}
	r.widget = r.widget || created && rcIsWidget(c)
	return rcOK(rcDoc{"room": r.doc(), "newRoom": created})
}

// visitorRoom is the check that begins all calls about one room: by token, then
// by room and visitor, open or closed.
func (rc *RocketChat) visitorRoom(c *rcCall, rid string) (*rcVisitor, *rcRoom, *rcReply) {
	v := rc.visitors[c.text("token")]
	if v == nil {
		return nil, nil, rcFail("invalid-token")
	}
	r := rc.rooms[rid]
	if r == nil || r.visitor != v {
		return nil, nil, rcFail("invalid-room")
	}
	return v, r, nil
}

// restMessage is POST livechat/message.
func (rc *RocketChat) restMessage(c *rcCall) *rcReply {
	v, r, refused := rc.visitorRoom(c, c.text("rid"))
	if refused != nil {
		return refused
	}
	limit, _ := rcNumber(rc.settings["Livechat_message_character_limit"])
	switch {
	case !r.open:
		return rcFail("room-closed")
	case rc.on("Livechat_enable_message_character_limit") && utf8.RuneCountInString(c.text("msg")) > limit:
		return rcFail("message-length-exceeds-character-limit")
	case !rc.on("Livechat_enabled"):
		return rcMeteor("error-omnichannel-is-disabled", "")
	case v.blocked:
		return rcFail("error-contact-channel-blocked")
	}
	if rc.landing[r.id] {
		delete(rc.landing, r.id)
		rc.closeRoom(r, rc.closerOf(r), "user", "")
		r = rc.createRoom(v, nil)
	}
	if m, ok := rc.stored(c.text("_id")); ok {
		if !rc.since(8, 0) {
			return rcFail("Cannot convert undefined or null to object")
		}
		return rcOK(rcDoc{"message": m.doc})
	}
	if rcNamesAll.MatchString(c.text("msg")) {
		return rcMeteor("error-action-not-allowed", "Notify all in this room not allowed")
	}
	doc := rcDoc{"msg": c.text("msg"), "token": v.token, "u": v.author()}
	if id := c.text("_id"); id != "" {
		doc["_id"] = id
	}
	if v.name != "" {
		doc["alias"] = v.name
	}
	if r.onHold {
		r.onHold = false
		rc.say(r, "omnichannel_on_hold_chat_resumed", "", v.author(), rcDoc{"comment": ""})
	}
	m := rc.save(r, doc)
	return rcOK(rcDoc{"message": m.doc})
}

// rcNamesAll is a mention of everybody, for which visitors have no right (mention-all,
// mention-here); the server looks for it in the raw text.
var rcNamesAll = regexp.MustCompile(`(?:^|\s|> ?)@(?:all|here)(?:[^0-9a-zA-Z_.-]|$)`)

// stored finds a message by an id of the caller's making, in any room.
func (rc *RocketChat) stored(id string) (*rcMessage, bool) {
	if id == "" {
		return nil, false
	}
	m := rc.messages[id]
	return m, m != nil
}

// restGetMessage is GET livechat/message/:_id.
func (rc *RocketChat) restGetMessage(c *rcCall) *rcReply {
	m, _, refused := rc.visitorMessage(c)
	if refused != nil {
		return refused
	}
	return rcOK(rcDoc{"message": m.doc})
}

func (rc *RocketChat) visitorMessage(c *rcCall) (*rcMessage, *rcVisitor, *rcReply) {
	v, r, refused := rc.visitorRoom(c, c.text("rid"))
	if refused != nil {
		return nil, nil, refused
	}
	m := rc.messages[c.params["_id"]]
	if m == nil || m.room != r {
		return nil, nil, rcFail("invalid-message")
	}
	return m, v, nil
}

// restPutMessage is PUT livechat/message/:_id.
func (rc *RocketChat) restPutMessage(c *rcCall) *rcReply {
	m, v, refused := rc.visitorMessage(c)
	if refused != nil {
		return refused
	}
	if !rc.on("Message_AllowEditing") || m.author() != v.id {
		return rcFail("error-action-not-allowed")
	}
	if refused := rc.editOrNot(m, v.author(), c.text("msg")); refused != nil {
		return refused
	}
	return rcOK(rcDoc{"message": m.doc})
}

// restDeleteMessage is DELETE livechat/message/:_id, with a body.
func (rc *RocketChat) restDeleteMessage(c *rcCall) *rcReply {
	m, v, refused := rc.visitorMessage(c)
	if refused != nil {
		return refused
	}
	if !rc.on("Message_AllowDeleting") || m.author() != v.id {
		return rcFail("error-action-not-allowed")
	}
	rc.remove(m, v.author())
	return rcOK(rcDoc{"message": rcDoc{"_id": m.id(), "ts": rc.now()}})
}

// restHistory is GET livechat/messages.history/:rid: newest first. ls, count,
// sort and searchText are taken and have no effect.
func (rc *RocketChat) restHistory(c *rcCall) *rcReply {
	if c.text("token") == "" {
		return rcFail("error-token-param-not-provided")
	}
	_, r, refused := rc.visitorRoom(c, c.params["rid"])
	if refused != nil {
		return refused
	}
	limit, offset, end := c.number("limit", 20), c.number("offset", 0), time.Time{}
	if s := c.text("end"); s != "" {
		var err error
		if end, err = time.Parse(time.RFC3339, s); err != nil {
			return rcFail("The \"end\" query parameter must be a valid date.")
		}
	}
	list := []any{}
	for i := len(r.messages) - 1; i >= 0 && len(list) < limit; i-- {
		m := r.messages[i]
		if !m.visible() || rc.hides(m.system()) || !end.IsZero() && !m.ts().Before(end) {
			continue
		}
		if offset > 0 {
			offset--
			continue
		}
		doc := m.doc
		if file, ok := doc["file"].(rcDoc); ok {
			doc = mergeDocs(doc, rc.uploadsTold(doc, file))
		}
		list = append(list, doc)
	}
	return rcOK(rcDoc{"messages": list})
}

// number reads a whole number from a query.
func (c *rcCall) number(key string, missing int) int {
	var n int
	if _, err := fmt.Sscanf(c.text(key), "%d", &n); err != nil || n < 0 {
		return missing
	}
	return n
}

// restVisitorCloses is POST livechat/room.close.
func (rc *RocketChat) restVisitorCloses(c *rcCall) *rcReply {
	if !rc.on("Omnichannel_allow_visitors_to_close_conversation") {
		return rcFail("error-not-allowed-to-close-conversation")
	}
	v, r, refused := rc.visitorRoom(c, c.text("rid"))
	switch {
	case refused != nil:
		return refused
	case !r.open:
		return rcFail("room-closed")
	}
	rc.closeRoom(r, v.author(), "visitor", "Closed by visitor")
	return rcOK(rcDoc{"rid": r.id, "comment": "Closed by visitor"})
}
