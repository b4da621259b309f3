package chat

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// rcLoginDays is how long a token from a password login lives (unverified).
const rcLoginDays = 90

// method is one DDP method call: a result frame and an updated frame, whose
// order is not guaranteed. The caller holds mu.
func (rc *RocketChat) method(c *rcConn, f rcFrame) {
	id := rcPlain(f.ID)
	var result any
	failed := rc.limitedDDP(c, f.Method)
	if failed == nil {
		result, failed = rc.invoke(c, f)
	}
	frame := rcDoc{"msg": "result", "id": id}
	if failed != nil {
		frame["error"] = failed
	} else if result != nil {
		frame["result"] = result
	}
	updated := rcDoc{"msg": "updated", "methods": []any{id}}
	c.methods++
	if c.methods%3 == 2 {
		c.reply(updated)
		c.reply(frame)
		return
	}
	c.reply(frame)
	c.reply(updated)
}

func (rc *RocketChat) invoke(c *rcConn, f rcFrame) (any, rcDoc) {
	switch {
	case f.Method == "login" && len(f.Params) == 1:
		return rc.ddpLogin(c, f.Params[0])
	case f.Method == "logout":
		delete(rc.tokens, c.token)
		rc.become(c, nil, "")
		return nil, nil
	case strings.HasPrefix(f.Method, "stream-") && len(f.Params) > 0:
		rc.writeStream(c, f)
		return nil, nil
	}
	return nil, rcMeteorError(404, "Method '"+f.Method+"' not found")
}

// rcCredentials are the forms in which both login calls take them.
type rcCredentials struct {
	Resume   string          `json:"resume"`
	User     json.RawMessage `json:"user"` // DDP: object; REST: name or address
	Username string          `json:"username"`
	Email    string          `json:"email"`
	Password json.RawMessage `json:"password"`
	Code     string          `json:"code"`
	TOTP     *struct {
		Login json.RawMessage `json:"login"`
		Code  string          `json:"code"`
	} `json:"totp"`
}

// rcRefusal is why a login failed; code is a number or a word.
type rcRefusal struct {
	code   any
	reason string
}

// authenticate checks credentials and gives the token to use from now on.
func (rc *RocketChat) authenticate(in rcCredentials) (*rcUser, string, *rcRefusal) {
	if in.TOTP != nil {
		code := in.TOTP.Code
		var inner rcCredentials
		if json.Unmarshal(in.TOTP.Login, &inner) != nil {
			return nil, "", &rcRefusal{400, "Match failed"}
		}
		in = inner
		in.Code = code
	}
	if in.Resume != "" {
		t := rc.tokens[in.Resume]
		if t == nil {
			return nil, "", &rcRefusal{403, "You've been logged out by the server. Please log in again."}
		}
		return t.user, in.Resume, nil
	}
	if in.User == nil && in.Username == "" && in.Email == "" {
		return nil, "", &rcRefusal{400, "Unrecognized options for login request"}
	}
	u := rc.userNamed(in)
	if u == nil {
		return nil, "", &rcRefusal{403, "User not found"}
	}
	digest := rcPlain(in.Password)
	if digest != "" {
		digest = rcDigest(digest)
	} else {
		var hashed struct {
			Digest    string `json:"digest"`
			Algorithm string `json:"algorithm"`
		}
		if json.Unmarshal(in.Password, &hashed) == nil && hashed.Algorithm == "sha-256" {
			digest = hashed.Digest
		}
	}
	switch {
	case u.inactive:
		return nil, "", &rcRefusal{"error-user-is-not-activated", "User has been deactivated"} // text unverified
	case u.Password == "" || digest != rcDigest(u.Password):
		return nil, "", &rcRefusal{403, "Incorrect password"}
	case u.totp != "" && in.Code == "":
		return nil, "", &rcRefusal{"totp-required", "TOTP Required"}
	case u.totp != "" && in.Code != u.totp:
		return nil, "", &rcRefusal{"totp-invalid", "TOTP Invalid"}
	}
	return u, rc.newToken(u, false), nil
}

func (rc *RocketChat) userNamed(in rcCredentials) *rcUser {
	name := rcPlain(in.User)
	if name == "" {
		var user struct{ Username, Email string }
		_ = json.Unmarshal(in.User, &user) // absent or another form: the plain fields count
		name = user.Username + user.Email
	}
	if name == "" {
		name = in.Username + in.Email
	}
	if u := rc.usernames[name]; u != nil {
		return u
	}
	for _, u := range rc.users {
		if u.Email != "" && u.Email == name {
			return u
		}
	}
	return nil
}

func (rc *RocketChat) ddpLogin(c *rcConn, param json.RawMessage) (any, rcDoc) {
	var in rcCredentials
	if err := json.Unmarshal(param, &in); err != nil {
		rc.note("DDP login: %v", err)
		return nil, rcMeteorError(400, "Match failed")
	}
	if rcIsString(in.Password) {
		rc.note("DDP login: password in clear instead of its digest")
	}
	u, token, refused := rc.authenticate(in)
	if refused != nil {
		failed := rcMeteorError(refused.code, refused.reason)
		if code, ok := refused.code.(string); ok && strings.HasPrefix(code, "totp") {
			failed["details"] = rcDoc{"method": "totp", "availableMethods": []any{"totp"}, "codeGenerated": false}
		}
		return nil, failed
	}
	rc.become(c, u, token)
	result := rcDoc{"id": u.ID, "token": token, "type": "password"}
	if in.Resume != "" {
		result["type"] = "resume"
	}
	if !rc.tokens[token].personal {
		result["tokenExpires"] = rc.now().Add(rcLoginDays * 24 * time.Hour)
	}
	return result, nil
}

// become changes a connection's user. Meteor then runs every subscription
// again: what is refused now gets nosub, the rest a second ready (unverified).
func (rc *RocketChat) become(c *rcConn, u *rcUser, token string) {
	c.user, c.token = u, token
	for id, s := range c.subs {
		if code := rc.refusal(c, s); code != "" {
			delete(c.subs, id)
			c.listening[s.topic]--
			c.reply(rcDoc{"msg": "nosub", "id": id, "error": rcSubError(code, s.topic.stream)})
			continue
		}
		c.reply(rcDoc{"msg": "ready", "subs": []any{id}})
	}
	if u != nil && u.made {
		u.Online = true
	}
	if u != nil {
		c.reply(rcDoc{"msg": "added", "collection": "users", "id": u.ID, "fields": u.brief()})
	}
	rc.changed()
}

// writeStream is a client's own event; who may not write is ignored in silence,
// and the writer's connection does not hear itself.
func (rc *RocketChat) writeStream(c *rcConn, f rcFrame) {
	event := rcPlain(f.Params[0])
	rid, what, _ := strings.Cut(event, "/")
	r := rc.rooms[rid]
	args := make([]any, 0, len(f.Params))
	for _, p := range f.Params[1:] {
		args = append(args, p)
	}
	if f.Method != "stream-notify-room" || r == nil || len(args) < 2 {
		return
	}
	name := rcPlain(f.Params[1])
	var extra struct{ Token string }
	if len(f.Params) > 3 {
		_ = json.Unmarshal(f.Params[3], &extra) // without a token the name decides
	}
	own := c.user != nil && rc.mayRead(c.user, r) && (name == c.user.Username || rc.on("UI_Use_Real_Name") && name == c.user.Name)
	if !own && (r.kind != "l" || extra.Token != r.visitor.token) {
		return
	}
	rc.emit("stream-notify-room", event, args[:2], c)
	if !rc.since(7, 0) && what == "user-activity" {
		typing := strings.Contains(string(f.Params[2]), "user-typing")
		rc.emit("stream-notify-room", rid+"/typing", []any{name, typing}, c)
	}
}

func rcMeteorError(code any, reason string) rcDoc {
	return rcDoc{
		"isClientSafe": true, "error": code, "reason": reason, "errorType": "Meteor.Error",
		"message": reason + " [" + rcCode(code) + "]",
	}
}

func rcCode(code any) string {
	if n, ok := code.(int); ok {
		return rcText(float64(n))
	}
	return rcText(code)
}

// restLogin is POST login.
func (rc *RocketChat) restLogin(c *rcCall) *rcReply {
	var in rcCredentials
	if err := json.Unmarshal(c.body, &in); err != nil {
		return rcFail("Match failed")
	}
	in.Code = cmp.Or(c.req.Header.Get("x-2fa-code"), in.Code)
	u, token, refused := rc.authenticate(in)
	if refused != nil {
		body := rcDoc{"status": "error", "error": "Unauthorized", "message": "Unauthorized"}
		if code, ok := refused.code.(string); ok {
			body["error"], body["message"] = code, refused.reason
			body["details"] = rcDoc{"method": "totp", "availableMethods": []any{"totp"}}
		}
		return &rcReply{status: http.StatusUnauthorized, body: body}
	}
	body := rcDoc{"status": "success", "data": rcDoc{"userId": u.ID, "authToken": token, "me": rc.self(u)}}
	if !rc.since(8, 8) {
		body["success"] = nil
	}
	return rcOK(body)
}

// restMe is GET me.
func (rc *RocketChat) restMe(c *rcCall) *rcReply { return rcOK(rc.self(c.user)) }

func (rc *RocketChat) self(u *rcUser) rcDoc {
	d := u.brief()
	roles := make([]any, len(u.Roles))
	for i, r := range u.Roles {
		roles[i] = r
	}
	language := u.Language
	if language == "" {
		language = "en"
	}
	d["roles"], d["language"] = roles, language
	d["settings"] = rcDoc{"preferences": rcDoc{"language": language}}
	if u.Email != "" {
		d["emails"] = []any{rcDoc{"address": u.Email, "verified": true}}
	}
	return d
}
