package chat

import (
	"cmp"
	"net/http"
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
	if refused := c.wrongSync(); refused != nil {
		return refused
	}
	r := rc.rooms[c.text("roomId")]
	if r == nil || !rc.mayRead(c.user, r) {
		return rcMeteor("error-not-allowed", "Not allowed")
	}
	if refused := c.wrongCursor(); refused != nil {
		return refused
	}
	text := c.text("lastUpdate")
	if text == "" {
		return rc.syncPage(c, r)
	}
	since, _ := time.Parse(time.RFC3339, text) // looked at before
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
	if c.text("next") == "" {
		return rcOK(rcDoc{"result": rcDoc{"updated": []any{}, "deleted": []any{}}})
	}
	next, err := strconv.ParseInt(c.text("next"), 10, 64)
	if err != nil {
		return rcFail("Invalid Date")
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
	return rcOK(rcDoc{"result": mergeDocs(rcDoc{"updated": []any{}, "deleted": []any{}, "cursor": cursor}, rcDoc{key: list})})
}

// restChatMessage is GET chat.getMessage. A hidden message is found by its id, as everywhere.
func (rc *RocketChat) restChatMessage(c *rcCall) *rcReply {
	m := rc.messages[c.text("msgId")]
	switch {
	case m == nil:
		return &rcReply{status: http.StatusBadRequest}
	case !rc.mayRead(c.user, m.room):
		return rcMeteor("error-not-allowed", "Not allowed")
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
	in["msg"] = strings.ReplaceAll(rcText(in["msg"]), "\x00", "")
	empty := strings.TrimSpace(rcText(in["msg"])) == "" && in["attachments"] == nil && in["blocks"] == nil
	switch {
	case empty:
		return rcMeteor("error-invalid-message", "Message cannot be empty")
	case rcTruth(in["tshow"]) && in["tmid"] == nil:
		return rcMeteor("invalid-params", "tshow provided but missing tmid")
	case rc.tooLong(rcText(in["msg"])):
		return rcMeteor("error-message-size-exceeded", "Message size exceeds Message_MaxAllowedSize")
	}
	r := rc.rooms[rcText(in["rid"])]
	if refused := rc.mayWrite(c.user, r); refused != nil {
		rc.tellFailed(c.user, rcText(in["rid"]), refused)
		return refused
	}
	if refused := rc.mayImpersonate(c.user, in); refused != nil {
		return refused
	}
	if rcScripts(in["attachments"]) {
		return rcFail("Match error: Failed Match.Where validation in field attachments")
	}
	if _, ok := rc.stored(rcText(in["_id"])); ok {
		return rcFail("Cannot read properties of undefined (reading 'starred')")
	}
	doc := rcCopy(in)
	doc["msg"], doc["u"] = rcText(in["msg"]), c.user.author()
	m := rc.savePreviewing(r, doc, rcPreviews(c))
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
		return rcFail("error-message-size-exceeded")
	}
	if rcScripts(c.args["attachments"]) {
		return rcFail("Match error: Failed Match.Where validation in field attachments")
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
	case m == nil:
		return nil, rcFail("No message found with the id of \"" + c.text("msgId") + "\".")
	case m.room.id != c.text("roomId"):
		return nil, rcFail("The room id provided does not match where the message is from.")
	case !rc.on(setting), m.author() != c.user.ID && !rc.can(c.user, "edit-message"):
		reason := map[string]string{"Message_AllowEditing": "Message editing not allowed"}[setting]
		return nil, rcMeteor("error-action-not-allowed", cmp.Or(reason, "Not allowed"))
	}
	return m, nil
}

// restUpdate is POST chat.update.
func (rc *RocketChat) restUpdate(c *rcCall) *rcReply {
	m, refused := rc.ownMessage(c, "Message_AllowEditing")
	if refused != nil {
		return refused
	}
	m.previews = rcPreviews(c)
	if refused := rc.editOrNot(m, c.user.author(), c.text("text")); refused != nil {
		return refused
	}
	if rc.socks.reemit > 0 {
		rc.later(rc.socks.reemit, func() { rc.parsed(m) })
	}
	return rcOK(rcDoc{"message": m.doc})
}

// restDelete is POST chat.delete.
func (rc *RocketChat) restDelete(c *rcCall) *rcReply {
	m, refused := rc.ownMessage(c, "Message_AllowDeleting")
	if refused != nil {
		return refused
	}
	rc.remove(m, c.user.author())
	return rcOK(rcDoc{"_id": m.id(), "ts": strconv.FormatInt(rc.now().UnixMilli(), 10), "message": rcDoc{"_id": m.id(), "rid": m.room.id, "u": m.doc["u"]}})
}

// restReact is POST chat.react; without shouldReact it toggles.
func (rc *RocketChat) restReact(c *rcCall) *rcReply {
	m := rc.messages[c.text("messageId")]
	emoji := c.text("emoji")
	if emoji == "" {
		emoji = c.text("reaction")
	}
	switch {
	case m == nil:
		return rcMeteor("error-message-not-found", "The provided \"messageId\" does not match any existing message.")
	case emoji == "":
		return rcMeteor("error-emoji-param-not-provided", "The required \"emoji\" param is missing.")
	case !rc.knowsEmoji(emoji):
		return rcMeteor("error-not-allowed", "Invalid emoji provided.")
	}
	if !rc.mayRead(c.user, m.room) {
		return rcMeteor("not-authorized", "Not Authorized")
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
