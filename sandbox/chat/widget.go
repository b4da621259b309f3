package chat

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// The endpoints of this file are the widget's: what it asks first and last, and who waits at it.
// Handlers hold mu.

// rcSurvey are the questions that are answered by marks.
var rcSurvey = []any{"satisfaction", "agentKnowledge", "agentResposiveness", "agentFriendliness"}

// rcIsWidget tells a browser's widget by its cookies.
func rcIsWidget(c *rcCall) bool {
	kind, err := c.req.Cookie("rc_room_type")
	widget, missing := c.req.Cookie("rc_is_widget")
	return err == nil && missing == nil && kind.Value == "l" && widget.Value == "t"
}

// guest is what a widget is told of its visitor.
func (v *rcVisitor) guest() rcDoc {
	d := v.doc()
	maps.DeleteFunc(d, func(key string, _ any) bool {
		return !slices.Contains([]string{"_id", "name", "username", "token", "visitorEmails", "department"}, key)
	})
	return d
}

// restVisitor is GET livechat/visitor/:token.
func (rc *RocketChat) restVisitor(c *rcCall) *rcReply {
	v := rc.visitors[c.params["token"]]
	if v == nil {
		return rcMeteor("invalid-token", "")
	}
	return rcOK(rcDoc{"visitor": v.doc()})
}

// restVisitorStatus is POST livechat/visitor.status.
func (rc *RocketChat) restVisitorStatus(c *rcCall) *rcReply {
	v := rc.visitors[c.text("token")]
	if v == nil {
		return rcMeteor("invalid-token", "")
	}
	v.status = c.text("status")
	return rcOK(rcDoc{"token": v.token, "status": v.status})
}

// DefineField makes a custom field of visitors, which registrations then store; of others they
// take no notice. One that is required must be given.
func (rc *RocketChat) DefineField(name string, required bool) {
	rc.locked(func() {
		if rc.fields == nil {
			rc.fields = map[string]bool{}
		}
		rc.fields[name] = required
	})
}

// missingField refuses a registration without a custom field that is required.
func (rc *RocketChat) missingField(in rcDoc) *rcReply {
	given := map[string]bool{}
	fields, _ := in["customFields"].([]any)
	for _, f := range fields {
		f, _ := f.(rcDoc)
		given[rcText(f["key"])] = rcText(f["value"]) != ""
	}
	for name, required := range rc.fields {
		if required && !given[name] {
			return rcFail("Missing required field " + name) // text unverified
		}
	}
	return nil
}

// uploadsTold is what a history adds to a message with files.
func (rc *RocketChat) uploadsTold(doc, file rcDoc) rcDoc {
	told := func(file rcDoc) rcDoc {
		id := rcText(file["_id"])
		d := rcDoc{"publicFilePath": rc.URL() + rcFilePath(id, rcText(file["name"])), "type": file["type"]}
		if f := rc.files[id]; f != nil {
			d["size"] = f.Size
			if strings.HasPrefix(http.DetectContentType(f.Content), "image/") { // what it can read, turned and without metadata
				d["size"] = f.Size * 9 / 10
			}
		}
		return d
	}
	more := rcDoc{"fileUpload": told(file)}
	if rc.since(8, 9) {
		all := []any{}
		list, _ := doc["files"].([]any)
		for _, one := range list {
			if one, ok := one.(rcDoc); ok {
				all = append(all, told(one))
			}
		}
		more["filesUpload"] = all
	}
	return more
}

// restSurvey is POST livechat/room.survey, for open rooms and closed ones: marks from 1
// to 5, and a text.
func (rc *RocketChat) restSurvey(c *rcCall) *rcReply {
	_, r, refused := rc.visitorRoom(c, c.text("rid"))
	if refused != nil {
		return refused
	}
	answers := map[string]string{}
	items, _ := c.args["data"].([]any)
	for _, item := range items {
		item, _ := item.(rcDoc)
		name, value := rcText(item["name"]), rcText(item["value"])
		switch name {
		case "additionalFeedback":
			answers[name] = value
		default:
			if slices.Contains(rcSurvey, any(name)) && len(value) == 1 && value >= "1" && value <= "5" {
				answers[name] = value
			}
		}
	}
	if len(answers) == 0 {
		return rcFail("invalid-data")
	}
	if r.survey == nil {
		r.survey = map[string]string{}
	}
	maps.Copy(r.survey, answers)
	rc.changed()
	return rcOK(rcDoc{"rid": r.id, "data": answers})
}

// restConfig is GET livechat/config.
func (rc *RocketChat) restConfig(c *rcCall) *rcReply {
	if !rc.on("Livechat_enabled") {
		return rcOK(rcDoc{"config": rcDoc{"enabled": false}})
	}
	departments := []any{}
	for _, d := range rc.departments {
		if len(d.agents) > 0 {
			departments = append(departments, rcDoc{
				"_id": d.id, "name": d.name, "showOnRegistration": d.registration, "showOnOfflineForm": true,
			})
		}
	}
	config := rcDoc{
		"enabled":     true,
		"online":      rc.on("Livechat_accept_chats_with_no_agents") || rc.anyoneOnline(c.text("department"), ""),
		"settings":    rcDoc{"registrationForm": true, "fileUpload": rc.on("Livechat_fileupload_enabled"), "language": rc.settings["Language"]},
		"theme":       rcDoc{},
		"messages":    rcDoc{"offlineMessage": "We are not online right now."},
		"departments": departments,
		"triggers":    []any{},
		"survey":      rcDoc{"items": rcSurvey, "values": []any{"1", "2", "3", "4", "5"}},
	}
	if v := rc.visitors[c.text("token")]; v != nil {
		config["guest"] = v.guest()
		if open := rc.openRooms[v.token]; len(open) > 0 {
			config["room"] = rcDoc{"_id": open[0].id, "open": true, "t": "l"}
			if a := open[0].served; a != nil {
				config["agent"] = a.brief()
			}
		}
	}
	return &rcReply{status: http.StatusOK, body: rcDoc{"config": config}}
}
