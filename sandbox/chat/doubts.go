package chat

import (
	"slices"
	"strings"
	"time"
)

// What the server looks at before it believes a call about messages.

// wrongSync is what chat.syncMessages refuses before it looks for the room.
func (c *rcCall) wrongSync() *rcReply {
	last, kind := c.text("lastUpdate"), c.text("type")
	_, err := time.Parse(time.RFC3339, last)
	switch {
	case last == "" && kind == "" && c.text("next") == "" && c.text("previous") == "":
		return rcMeteor("error-param-required", `The "type" or "lastUpdate" parameters must be provided`)
	case last != "" && err != nil:
		return rcMeteor("error-lastUpdate-param-invalid", `The "lastUpdate" query parameter must be a valid date`)
	}
	return nil
}

// wrongCursor is what it refuses of pages.
func (c *rcCall) wrongCursor() *rcReply {
	kind := c.text("type")
	next, previous := c.text("next") != "", c.text("previous") != ""
	switch {
	case kind != "" && kind != "UPDATED" && kind != "DELETED":
		return rcMeteor("error-type-param-not-supported", `The "type" parameter must be either "UPDATED" or "DELETED"`)
	case (next || previous) && kind == "":
		return rcMeteor("error-type-param-required", `The "type" parameter is required when using the "next" or "previous" parameters`)
	case next && previous:
		return rcMeteor("error-cursor-conflict", `You cannot provide both "next" and "previous" parameters`)
	case (next || previous) && c.text("lastUpdate") != "":
		return rcMeteor("error-cursor-and-lastUpdate-conflict", `The attributes "next", "previous" and "lastUpdate" cannot be used together`)
	}
	return nil
}

// rcScripts tells whether an attachment links to a script.
func rcScripts(attachments any) bool {
	list, _ := attachments.([]any)
	return slices.ContainsFunc(list, func(a any) bool {
		d, _ := a.(rcDoc)
		for _, value := range d {
			if strings.HasPrefix(strings.ToLower(strings.TrimSpace(rcText(value))), "javascript:") {
				return true
			}
		}
		return false
	})
}

// tellFailed shows somebody, and nobody else, that a message was not sent.
func (rc *RocketChat) tellFailed(u *rcUser, rid string, why *rcReply) {
	rc.emit("stream-notify-user", u.ID+"/message", []any{rcDoc{
		"_id": rcID(17), "rid": rid, "msg": rcText(why.body["error"]), "ts": rc.now(), "private": true,
		"u": rcDoc{"_id": "rocket.cat", "username": "rocket.cat"},
	}}, nil)
}
