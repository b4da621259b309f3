package chat

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
)

// User is a person or bot with an account.
type User struct {
	ID       string // made if empty
	Username string
	Name     string // username if empty
	Email    string
	Password string
	Roles    []string // nil = user
	Language string   // preference told by "me"; "" = en
	Online   bool     // presence
}

// rcUser is an account as the server keeps it.
type rcUser struct {
	User
	available bool   // statusLivechat
	made      bool   // over REST: present while connected
	totp      string // second factor; "" = none
	inactive  bool   // an administrator has switched the account off
	chats     int    // open rooms served, for routing
	turn      int    // when last assigned, for routing
}

type rcToken struct {
	user     *rcUser
	personal bool
}

type rcDepartment struct {
	id, name     string
	agents       []string // usernames
	registration bool
	fallback     string // id of fallbackForwardDepartment
}

// AddUser makes an account. A username that exists is replaced, its id kept.
func (rc *RocketChat) AddUser(u User) User {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	if u.ID == "" {
		u.ID = rcID(17)
	}
	user := rc.usernames[u.Username]
	if user == nil {
		user = &rcUser{}
	} else {
		u.ID = user.ID
	}
	if u.Name == "" {
		u.Name = u.Username
	}
	if u.Roles == nil {
		u.Roles = []string{"user"}
	}
	user.User, user.available = u, u.Online && slices.Contains(u.Roles, "livechat-agent")
	rc.users[u.ID], rc.usernames[u.Username] = user, user
	rc.changed()
	return u
}

// AddAgent makes an omnichannel agent who is online and available.
func (rc *RocketChat) AddAgent(username string) *Agent {
	u := rc.AddUser(User{Username: username, Roles: []string{"user", "livechat-agent"}, Online: true})
	return &Agent{ID: u.ID, Username: username, rc: rc}
}

// Agent gives the hands of an account that exists, whatever its roles.
func (rc *RocketChat) Agent(username string) *Agent {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	u := rc.usernames[username]
	if u == nil {
		rc.note("test: no user %q", username)
		return &Agent{Username: username, rc: rc}
	}
	return &Agent{ID: u.ID, Username: username, rc: rc}
}

// PersonalAccessToken makes a token that never expires and serves both as
// resume token over DDP and as X-Auth-Token over REST.
func (rc *RocketChat) PersonalAccessToken(username string) (userID, token string) {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	u := rc.usernames[username]
	if u == nil {
		rc.note("test: no user %q", username)
		return "", ""
	}
	return u.ID, rc.newToken(u, true)
}

func (rc *RocketChat) newToken(u *rcUser, personal bool) string {
	t := rcID(43)
	rc.tokens[t] = &rcToken{user: u, personal: personal}
	return t
}

// RevokeToken deletes all tokens of a user, as "log out everywhere" does: the
// sockets that logged in with them are closed, the next login gets 403.
func (rc *RocketChat) RevokeToken(username string) {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	for t, owner := range rc.tokens {
		if owner.user.Username != username {
			continue
		}
		delete(rc.tokens, t)
		for c := range rc.socks.conns {
			if c.token == t {
				rc.drop(c, 0)
			}
		}
	}
	rc.changed()
}

// SetRoles replaces a user's roles, effective at once.
func (rc *RocketChat) SetRoles(username string, roles ...string) {
	rc.withUser(username, func(u *rcUser) { u.Roles = roles })
}

// Deactivate switches an account off: its tokens end, its roles stay.
func (rc *RocketChat) Deactivate(username string) {
	rc.withUser(username, func(u *rcUser) { u.inactive = true })
	rc.RevokeToken(username)
}

// SetPassword changes a user's password; tokens stay.
func (rc *RocketChat) SetPassword(username, password string) {
	rc.withUser(username, func(u *rcUser) { u.Password = password })
}

// RequireTOTP makes password logins of a user ask for this second factor; ""
// switches it off.
func (rc *RocketChat) RequireTOTP(username, code string) {
	rc.withUser(username, func(u *rcUser) { u.totp = code })
}

// SetPermission replaces the roles that have a permission.
func (rc *RocketChat) SetPermission(permission string, roles ...string) {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	rc.permissions[permission] = roles
}

// SetSetting changes a workspace setting; see rcDefaultSettings for those that
// have an effect here.
func (rc *RocketChat) SetSetting(id string, value any) {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	rc.settings[id] = value
	rc.changed()
}

// Setting reads a workspace setting.
func (rc *RocketChat) Setting(id string) any {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	return rc.settings[id]
}

// on reads a boolean setting. The caller holds mu.
func (rc *RocketChat) on(id string) bool { return rc.settings[id] == true }

// AddDepartment makes an enabled department of these agents. It is shown at
// registration: Rocket.Chat gives customers without a department to the first
// such department that has an agent online (see HideDepartment).
func (rc *RocketChat) AddDepartment(name string, agents ...string) (id string) {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	d := &rcDepartment{id: rcID(17), name: name, agents: agents, registration: true}
	rc.departments = append(rc.departments, d)
	rc.changed()
	return d.id
}

// HideDepartment hides a department from registration: only customers
// registered for it get there.
func (rc *RocketChat) HideDepartment(id string) {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	if d := rc.department(id); d != nil {
		d.registration = false
	}
}

// DeleteDepartment removes a department; rooms and visitors keep its id.
func (rc *RocketChat) DeleteDepartment(id string) {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	rc.departments = slices.DeleteFunc(rc.departments, func(d *rcDepartment) bool { return d.id == id })
	rc.changed()
}

func (rc *RocketChat) department(idOrName string) *rcDepartment {
	for _, d := range rc.departments {
		if d.id == idOrName || d.name == idOrName {
			return d
		}
	}
	return nil
}

// AddSlashCommand registers a command, as an installed app would. Clients then
// run it instead of posting the text.
func (rc *RocketChat) AddSlashCommand(name string) {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	rc.commands = append(rc.commands, name)
}

func (rc *RocketChat) withUser(username string, do func(*rcUser)) {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	u := rc.usernames[username]
	if u == nil {
		rc.note("test: no user %q", username)
		return
	}
	do(u)
	rc.changed()
}

// can tells whether a user has one of the permissions. The caller holds mu.
func (rc *RocketChat) can(u *rcUser, permissions ...string) bool {
	if u == nil {
		return false
	}
	for _, p := range permissions {
		for _, role := range rc.permissions[p] {
			if slices.Contains(u.Roles, role) {
				return true
			}
		}
	}
	return false
}

func (u *rcUser) is(role string) bool { return slices.Contains(u.Roles, role) }

// digest is the form in which clients send a password over DDP.
func rcDigest(password string) string {
	sum := sha256.Sum256([]byte(password))
	return hex.EncodeToString(sum[:])
}

// author is how a user appears in messages.
func (u *rcUser) author() rcDoc { return rcDoc{"_id": u.ID, "username": u.Username, "name": u.Name} }

// brief is how a user appears to others.
func (u *rcUser) brief() rcDoc {
	d := rcDoc{
		"_id": u.ID, "username": u.Username, "name": u.Name, "active": !u.inactive, "type": "user",
		"status": map[bool]string{true: "online", false: "offline"}[u.Online],
	}
	if u.is("bot") {
		d["type"] = "bot"
	}
	if u.is("livechat-agent") {
		d["statusLivechat"] = map[bool]string{true: "available", false: "not-available"}[u.available]
	}
	return d
}

// rcDefaultPermissions are the default roles of the permissions that matter
// here. view-p-room, view-d-room, edit-room, add-user-to-joined-room and
// edit-message are unverified.
func rcDefaultPermissions() map[string][]string {
	manager := []string{"livechat-manager", "livechat-monitor", "admin"}
	return map[string][]string{
		"manage-apps":                    {"admin"},
		"create-user":                    {"admin"},
		"delete-user":                    {"admin"},
		"delete-c":                       {"admin", "owner"},
		"delete-p":                       {"admin", "owner"},
		"manage-livechat-agents":         {"livechat-manager", "admin"},
		"manage-livechat-departments":    {"livechat-manager", "admin"},
		"edit-privileged-setting":        {"admin"},
		"view-livechat-rooms":            manager,
		"view-l-room":                    {"livechat-manager", "livechat-monitor", "livechat-agent", "admin"},
		"view-livechat-manager":          manager,
		"view-livechat-departments":      manager,
		"close-livechat-room":            {"livechat-agent", "livechat-manager", "livechat-monitor", "admin"},
		"close-others-livechat-room":     manager,
		"transfer-livechat-guest":        manager,
		"edit-omnichannel-contact":       {"livechat-agent", "livechat-manager", "livechat-monitor", "admin"},
		"api-bypass-rate-limit":          {"admin", "bot", "app"},
		"message-impersonate":            {"bot", "app"},
		"create-c":                       {"admin", "user", "bot", "app"},
		"create-p":                       {"admin", "user", "bot", "app"},
		"create-d":                       {"admin", "user", "bot", "app"},
		"view-c-room":                    {"admin", "user", "bot", "app", "anonymous"},
		"view-p-room":                    {"admin", "user", "anonymous", "guest"},
		"view-d-room":                    {"admin", "user", "bot", "app", "guest"},
		"view-joined-room":               {"bot", "guest", "app"},
		"view-full-other-user-info":      {"admin"},
		"edit-room":                      {"admin", "owner", "moderator"},
		"add-user-to-joined-room":        {"admin", "owner", "moderator"},
		"edit-message":                   {"admin", "owner", "moderator"},
		"save-others-livechat-room-info": manager,
		"view-livechat-room-closed-by-another-agent": nil,
		"view-livechat-room-closed-same-department":  nil,
	}
}

// rcDefaultSettings are the settings that have an effect here, with their
// defaults.
func rcDefaultSettings() map[string]any {
	return map[string]any{
		"Livechat_enabled":                                   true,
		"Livechat_Routing_Method":                            "Auto_Selection",
		"Livechat_accept_chats_with_no_agents":               false,
		"Livechat_enabled_when_agent_idle":                   true,
		"Livechat_waiting_queue":                             false,
		"Livechat_request_comment_when_closing_conversation": true,
		"Livechat_enable_message_character_limit":            false,
		"Livechat_message_character_limit":                   float64(0),
		"Livechat_show_agent_info":                           true,
		"Livechat_Require_Contact_Verification":              "never", // these three from 7.0 on, with a licence
		"Livechat_Block_Unknown_Contacts":                    false,
		"Livechat_Block_Unverified_Contacts":                 false,
		"Livechat_abandoned_rooms_action":                    "none", // with a licence; nothing is closed here
		"Omnichannel_Metrics_Ignore_Automatic_Messages":      false,
		"Omnichannel_allow_visitors_to_close_conversation":   true,
		"FileUpload_Enabled":                                 true,
		"Livechat_fileupload_enabled":                        true,
		"FileUpload_MaxFileSize":                             float64(104857600),
		"FileUpload_ProtectFiles":                            true,
		"FileUpload_Restrict_to_room_members":                true,
		"FileUpload_MediaTypeBlackList":                      "image/svg+xml",
		"Message_AllowUnrecognizedSlashCommand":              false,
		"Message_MaxAllowedSize":                             float64(5000),
		"Message_AllowEditing":                               true,
		"Message_AllowDeleting":                              true,
		"Message_ShowDeletedStatus":                          false,
		"Message_KeepHistory":                                false,
		"Hide_System_Messages":                               []string{},
		"Presence_broadcast_disabled":                        false, // set above some 200 connections
		"UI_Use_Real_Name":                                   false,
		"Language":                                           "en",
		"Site_Url":                                           "", // empty: the sandbox's own URL
		"uniqueID":                                           rcID(17),
	}
}
