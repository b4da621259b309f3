package chat

import (
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The endpoints of this file are what any user or bot does with messages.
// Handlers hold mu.

// restSync is GET chat.syncMessages: what changed in a room since lastUpdate,
// edits and deletions included; or one kind of it in pages (next, type, count).
func (rc *RocketChat) restSync(c *rcCall) *rcReply {
	r := rc.rooms[c.text("roomId")]
	if r == nil || !rc.mayRead(c.user, r) {
		return rcMeteor("error-not-allowed", "Not allowed")
	}
	if c.text("next") != "" || c.text("previous") != "" || c.text("type") != "" {
		return rc.syncPage(c, r)
	}
	text := c.text("lastUpdate")
	if text == "" {
		return rcMeteor("error-param-required", `The required "lastUpdate" query param is missing.`)
	}
	since, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return rcMeteor("error-lastUpdate-param-invalid", `The "lastUpdate" query parameter must be a valid date.`)
	}
	updated, deleted := rc.changes(r, since)
	slices.Reverse(updated) // newest first, as the server does
	return rcOK(rcDoc{"result": rcDoc{"updated": updated, "deleted": deleted}})
}

// changes are a room's messages and deletions after a moment, oldest first.
func (rc *RocketChat) changes(r *rcRoom, since time.Time) (updated, deleted []rcDoc) {
	updated, deleted = []rcDoc{}, []rcDoc{}
	for _, m := range r.messages {
		if m.visible() && m.since().After(since) {
			updated = append(updated, m.doc)
		}
	}
	slices.SortStableFunc(updated, func(a, b rcDoc) int { return a["_updatedAt"].(time.Time).Compare(b["_updatedAt"].(time.Time)) })
	for _, d := range rc.trash[r.id] {
		if d["_deletedAt"].(time.Time).After(since) {
			deleted = append(deleted, d)
		}
	}
	return updated, deleted
}

// syncPage is the paged form. Cursors are milliseconds (form unverified);
// previous is refused, since nobody here pages backwards.
func (rc *RocketChat) syncPage(c *rcCall, r *rcRoom) *rcReply {
	kind := c.text("type")
	next, err := strconv.ParseInt(c.text("next"), 10, 64)
	if err != nil || kind != "UPDATED" && kind != "DELETED" {
		return rcMeteor("error-param-required", `"next" and "type" must be given together.`)
	}
	updated, deleted := rc.changes(r, time.UnixMilli(next))
	list, key, stamp := updated, "updated", "_updatedAt"
	if kind == "DELETED" {
		list, key, stamp = deleted, "deleted", "_deletedAt"
	}
	cursor := rcDoc{"next": nil, "previous": nil}
	if count := c.number("count", 50); count > 0 && len(list) > count {
		list = list[:count]
		cursor["next"] = strconv.FormatInt(list[count-1][stamp].(time.Time).UnixMilli(), 10)
	}
	return rcOK(rcDoc{"result": rcDoc{key: list, "cursor": cursor}})
}

// restChatMessage is GET chat.getMessage.
func (rc *RocketChat) restChatMessage(c *rcCall) *rcReply {
	m := rc.messages[c.text("msgId")]
	if m == nil || !m.visible() || !rc.mayRead(c.user, m.room) {
		return &rcReply{status: http.StatusBadRequest}
	}
	return rcOK(rcDoc{"message": m.doc})
}

// mayWrite is the check before a user's message is stored.
func (rc *RocketChat) mayWrite(u *rcUser, r *rcRoom) *rcReply {
	switch {
	case r == nil:
		return rcMeteor("error-invalid-room", "Invalid room")
	case !rc.mayRead(u, r):
		return rcMeteor("error-not-allowed", "Not allowed")
	case r.archived:
		return rcMeteor("room_is_archived", "Room is archived") // text unverified
	case r.readOnly:
		return rcFail("You can't send messages because the room is readonly.")
	case r.kind == "l" && !r.open && rc.refuseClosed:
		return rcMeteor("room_is_closed", "Room is closed") // text unverified
	}
	return nil
}

// restSend is POST chat.sendMessage. An _id that exists is neither written nor
// streamed again; the server then stumbles over what it has not stored.
func (rc *RocketChat) restSend(c *rcCall) *rcReply {
	in := c.doc("message")
	known := []string{"_id", "rid", "msg", "alias", "emoji", "avatar", "attachments", "blocks", "tmid", "tshow", "customFields"}
	forged := []string{"file", "files"} // the schema of a message is open, and these are stored as they came
	for key := range in {
		if !slices.Contains(known, key) && !slices.Contains(forged, key) {
			rc.note("POST chat.sendMessage: unknown key %q", key)
			return c.invalid("must NOT have additional properties", "")
		}
	}
	if rcText(in["rid"]) == "" {
		return rcMeteor("error-invalid-params", "The 'rid' property on the message object is missing.")
	}
	r := rc.rooms[rcText(in["rid"])]
	if refused := rc.mayWrite(c.user, r); refused != nil {
		return refused
	}
	empty := strings.TrimSpace(rcText(in["msg"])) == "" && in["attachments"] == nil && in["blocks"] == nil
	switch {
	case empty:
		return rcMeteor("error-invalid-message", "Message cannot be empty")
	case rcTruth(in["tshow"]) && in["tmid"] == nil:
		return rcMeteor("invalid-params", "tshow provided but missing tmid")
	case rc.tooLong(rcText(in["msg"])):
		return rcMeteor("error-message-size-exceeded", "Message size exceeds Message_MaxAllowedSize")
	}
	if refused := rc.mayImpersonate(c.user, in); refused != nil {
		return refused
	}
	if _, ok := rc.stored(rcText(in["_id"])); ok {
		return rcFail("Cannot read properties of undefined (reading 'starred')")
	}
	doc := rcCopy(in)
	doc["msg"], doc["u"] = rcText(in["msg"]), c.user.author()
	m := rc.save(r, doc)
	m.previews = rcPreviews(c)
	return rcOK(rcDoc{"message": m.doc})
}

// rcPreviews are the addresses that a call wants previews of; nil: all.
func rcPreviews(c *rcCall) []any {
	list, _ := c.args["previewUrls"].([]any)
	return list
}

func (rc *RocketChat) mayImpersonate(u *rcUser, in rcDoc) *rcReply {
	if (rcText(in["alias"]) != "" || rcText(in["avatar"]) != "") && !rc.can(u, "message-impersonate") {
		return rcFail("Not enough permission")
	}
	return nil
}

// restPost is POST chat.postMessage: to a room by name, id or @user, without
// an id of the caller's making.
func (rc *RocketChat) restPost(c *rcCall) *rcReply {
	target := c.args["roomId"]
	if target == nil {
		target = c.args["channel"]
	}
	targets, ok := target.([]any)
	if !ok {
		targets = []any{target}
	}
	if refused := rc.mayImpersonate(c.user, c.args); refused != nil {
		return refused
	}
	if rc.tooLong(c.text("text")) {
		return rcMeteor("error-message-size-exceeded", "Message size exceeds Message_MaxAllowedSize")
	}
	var m *rcMessage
	var name string
	for _, t := range targets {
		name = rcText(t)
		r := rc.target(c.user, name)
		if r == nil {
			return rcMeteor("error-room-not-found", "The required \"roomId\" or \"channel\" param provided does not match any channel")
		}
		if r.kind == "c" {
			r.members[c.user.ID] = true // posting joins
		}
		if refused := rc.mayWrite(c.user, r); refused != nil {
			return refused
		}
		doc := rcDoc{"msg": c.text("text"), "u": c.user.author()}
		for _, key := range []string{"alias", "emoji", "avatar", "attachments", "tmid", "customFields"} {
			if v, given := c.args[key]; given {
				doc[key] = v
			}
		}
		m = rc.save(r, doc)
	}
	if m == nil {
		return rcFail("invalid-channel")
	}
	return rcOK(rcDoc{"ts": m.ts().UnixMilli(), "channel": name, "message": m.doc})
}

// target finds the room of a chat.postMessage, opening direct ones.
func (rc *RocketChat) target(u *rcUser, name string) *rcRoom {
	if other, ok := strings.CutPrefix(name, "@"); ok {
		if to := rc.usernames[other]; to != nil && to != u {
			return rc.direct(u, to)
		}
		return nil
	}
	return rc.roomNamed(strings.TrimPrefix(name, "#"))
}

// ownMessage finds a message that the caller may change.
func (rc *RocketChat) ownMessage(c *rcCall, setting string) (*rcMessage, *rcReply) {
	m := rc.messages[c.text("msgId")]
	switch {
	case m == nil || !m.visible():
		return nil, rcFail("No message found with the id of \"" + c.text("msgId") + "\".")
	case m.room.id != c.text("roomId"):
		return nil, rcFail("The room id provided does not match where the message is from.")
	case !rc.on(setting), m.author() != c.user.ID && !rc.can(c.user, "edit-message"):
		return nil, rcMeteor("error-action-not-allowed", "Not allowed")
	}
	return m, nil
}

// restUpdate is POST chat.update.
func (rc *RocketChat) restUpdate(c *rcCall) *rcReply {
	m, refused := rc.ownMessage(c, "Message_AllowEditing")
	if refused != nil {
		return refused
	}
	if refused := m.unchanged(c.text("text")); refused != nil {
		return refused
	}
	m.previews = rcPreviews(c)
	rc.edit(m, c.user.author(), c.text("text"))
	if rc.socks.reemit > 0 {
		rc.later(rc.socks.reemit, func() { rc.parsed(m) })
	}
	return rcOK(rcDoc{"message": m.doc})
}

// unchanged answers an edit that is none: one to nothing is refused, and one to the same text
// has no effect.
func (m *rcMessage) unchanged(text string) *rcReply {
	switch {
	case strings.TrimSpace(text) == "" && m.doc["attachments"] == nil:
		return rcMeteor("error-invalid-message", "Message cannot be empty")
	case text == m.text():
		return rcOK(rcDoc{"message": m.doc})
	}
	return nil
}

// restDelete is POST chat.delete.
func (rc *RocketChat) restDelete(c *rcCall) *rcReply {
	m, refused := rc.ownMessage(c, "Message_AllowDeleting")
	if refused != nil {
		return refused
	}
	rc.remove(m, c.user.author())
	return rcOK(rcDoc{"_id": m.id(), "ts": rc.now().UnixMilli(), "message": rcDoc{"_id": m.id(), "rid": m.room.id, "u": m.doc["u"]}})
}

var rcEmoji = regexp.MustCompile(`^:?[a-z0-9_+\-]+:?$`)

// restReact is POST chat.react; without shouldReact it toggles. Any well-formed
// name is a known emoji here.
func (rc *RocketChat) restReact(c *rcCall) *rcReply {
	m := rc.messages[c.text("messageId")]
	emoji := c.text("emoji")
	if emoji == "" {
		emoji = c.text("reaction")
	}
	switch {
	case m == nil || !m.visible():
		return rcMeteor("error-message-not-found", "The provided \"messageId\" does not match any existing message.")
	case emoji == "":
		return rcMeteor("error-emoji-param-not-provided", "The required \"emoji\" param is missing.")
	case !rcEmoji.MatchString(emoji):
		return rcMeteor("error-not-allowed", "Invalid emoji provided.")
	}
	if refused := rc.mayWrite(c.user, m.room); refused != nil {
		return refused
	}
	var should *bool
	if v, given := c.args["shouldReact"]; given {
		want := rcTruth(v)
		should = &want
	}
	rc.react(m, c.user.Username, emoji, should)
	return rcOK(nil)
}
