package rocketchat

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/rocketchat/wire"
)

// departmentsFor is how long the list of departments is believed.
const departmentsFor = 30 * time.Second

// departments are the enabled ones, as they were at a time.
type departments struct {
	list []bridge.Department
	at   time.Time
}

// Departments returns the enabled departments of the workspace, as they were at
// most half a minute ago.
func (c Directory) Departments(ctx context.Context) ([]bridge.Department, error) {
	now := c.cfg.Now()
	c.mu.Lock()
	known := c.departments
	c.mu.Unlock()
	if !known.at.IsZero() && now.Sub(known.at) < departmentsFor {
		return slices.Clone(known.list), nil
	}
	type wireDepartment struct {
		ID   bridge.DepartmentID `json:"_id"`
		Name string              `json:"name"`
	}
	found, err := list[wireDepartment](ctx, c.Client, "/livechat/department", url.Values{"enabled": {"true"}}, "departments")
	if err != nil {
		return nil, err
	}
	all := make([]bridge.Department, len(found))
	for i, d := range found {
		all[i] = bridge.Department(d)
	}
	c.mu.Lock()
	c.departments = departments{list: all, at: now}
	c.mu.Unlock()
	return slices.Clone(all), nil
}

// IsPerson implements bridge.People: an agent of Omnichannel whose message had no
// mark of a bot, and who is not named among the bots that are agents.
func (c Directory) IsPerson(ctx context.Context, who bridge.Author) (bool, error) {
	if who.ID == "" || c.IsBot(who) {
		return false, nil
	}
	return c.holds(ctx, "agent", who.ID)
}

// IsBot reports whether somebody is known to be no person: by a mark of a bot, as
// Rocket.Chat itself, or by being named among the bots that are agents.
func (c Directory) IsBot(who bridge.Author) bool {
	return who.Bot || who.ID == wire.System || who.NamedIn(c.cfg.BotUsers)
}

// Named returns an author with the name, which system messages may lack, and with a mark
// if it is a bot's account. What cannot be found out stays as it is.
func (c Directory) Named(ctx context.Context, who bridge.Author) (bridge.Author, error) {
	if who.Name != "" || who.ID == "" || c.IsBot(who) {
		return who, nil
	}
	var answer struct {
		User struct {
			Name string `json:"name"`
			Type string `json:"type"`
		} `json:"user"`
	}
	err := c.do(ctx, call{method: http.MethodGet, route: "/users.info", query: url.Values{"userId": {string(who.ID)}}, answer: &answer})
	if err == nil {
		who.Name, who.Bot = answer.User.Name, answer.User.Type == "bot" || answer.User.Type == "app"
	}
	return who, err
}

// Account returns who a user is by now; false if there is no such account any more, or
// nobody can use it.
func (c Directory) Account(ctx context.Context, id bridge.UserID) (who bridge.Author, there bool, err error) {
	var answer struct {
		User struct {
			ID       bridge.UserID `json:"_id"`
			Username string        `json:"username"`
			Name     string        `json:"name"`
			Active   *bool         `json:"active"` // may be left out
		} `json:"user"`
	}
	err = c.do(ctx, call{method: http.MethodGet, route: "/users.info", query: url.Values{"userId": {string(id)}}, answer: &answer})
	if statusOf(err) == http.StatusBadRequest { // there is no such user
		return who, false, nil
	}
	u := answer.User
	return bridge.Author{ID: u.ID, Username: u.Username, Name: u.Name}, u.ID == id && (u.Active == nil || *u.Active), err
}

// IsManager reports whether a user is an omnichannel manager. Roles themselves are
// hidden from bots (rocketchat.md 7.5).
func (c Directory) IsManager(ctx context.Context, user bridge.UserID) (bool, error) {
	return c.holds(ctx, "manager", user)
}

// holds reports whether somebody is an agent or a manager of Omnichannel.
func (c Directory) holds(ctx context.Context, office string, user bridge.UserID) (bool, error) {
	var answer struct {
		User json.RawMessage `json:"user"`
	}
	err := c.do(ctx, call{method: http.MethodGet, route: "/livechat/users/" + office + "/{id}",
		params: map[string]string{"id": string(user)}, answer: &answer})
	return err == nil && wire.Given(answer.User), err
}

// managers are all omnichannel managers but the bot itself.
func (c Directory) managers(ctx context.Context) ([]wire.User, error) {
	listed, err := list[wire.User](ctx, c.Client, "/livechat/users/manager", nil, "users")
	if err != nil {
		return nil, fmt.Errorf("list the omnichannel managers: %w", err)
	}
	bot, _ := c.Bot()
	return slices.DeleteFunc(listed, func(u wire.User) bool { return u.ID == string(bot) }), nil
}

// livechatConfig is what a department's, or the whole workspace's, customers are told.
func (c Directory) livechatConfig(ctx context.Context, d bridge.DepartmentID) (enabled, online bool, err error) {
	var answer struct {
		Config struct {
			Enabled bool `json:"enabled"`
			Online  bool `json:"online"`
		} `json:"config"`
	}
	query := url.Values{}
	if d != "" {
		query.Set("department", string(d))
	}
	err = c.do(ctx, call{method: http.MethodGet, route: configRoute, query: query, answer: &answer})
	return answer.Config.Enabled, answer.Config.Online, err
}

// count returns how many a list holds.
func (c Directory) count(ctx context.Context, route string) (int, error) {
	var answer struct {
		Total int `json:"total"`
	}
	err := c.do(ctx, call{method: http.MethodGet, route: route, query: url.Values{"count": {"1"}}, answer: &answer})
	return answer.Total, err
}

// setting reads a setting, if everybody may; do makes the call.
func setting(ctx context.Context, do func(context.Context, call) error, name string) (value any, known bool) {
	values, err := settings(ctx, do, name)
	value, known = values[name]
	return value, known && err == nil
}

// settings reads those settings that the workspace has and everybody may read; do makes the call.
func settings(ctx context.Context, do func(context.Context, call) error, names ...string) (map[string]any, error) {
	var answer struct {
		Settings []struct {
			ID    string `json:"_id"`
			Value any    `json:"value"`
		} `json:"settings"`
	}
	err := do(ctx, call{method: http.MethodGet, route: "/settings.public", query: url.Values{"_id": {strings.Join(names, ",")}}, answer: &answer})
	values := map[string]any{}
	for _, s := range answer.Settings {
		if slices.Contains(names, s.ID) {
			values[s.ID] = s.Value
		}
	}
	return values, err
}
