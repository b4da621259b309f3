package conformance

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// world is what the runner has made in a workspace: people and a department once, and what
// the facts made. It removes all of that, and touches nothing else.
type world struct {
	client   *client
	admin    account
	people   map[string]account // by role: bot, agent, agent2, user
	present  *socket            // keeps the agent online
	vars     map[string]string  // known to every fact
	version  string             // major.minor
	run      string             // part of every name
	visitors map[string]bool    // tokens of what is to be removed
	rooms    map[string]bool
	groups   map[string]bool
	channels map[string]bool
	offices  map[string]bool
	count    int
}

// newWorld logs in and makes the runner's people and department.
func newWorld(ctx context.Context, c *client, admin account) (*world, error) {
	w := &world{
		client: c, admin: admin, people: map[string]account{}, run: "conformance-" + strings.ToLower(rand.Text()[:6]),
		visitors: map[string]bool{}, rooms: map[string]bool{}, groups: map[string]bool{}, channels: map[string]bool{}, offices: map[string]bool{},
	}
	if err := w.begin(ctx); err != nil {
		return nil, errors.Join(err, w.remove(ctx))
	}
	return w, nil
}

func (w *world) begin(ctx context.Context) (err error) {
	info, err := w.must(ctx, request{method: "GET", path: "/api/info"})
	if err != nil {
		return err
	}
	version, _ := info["version"].(string)
	w.version = strings.Join(strings.SplitN(version+".", ".", 3)[:2], ".")
	if w.admin, err = w.login(ctx, w.admin); err != nil {
		return err
	}
	for role, roles := range map[string][]string{"bot": {"user", "bot", "livechat-manager"}, "agent": {"user"}, "agent2": {"user"}, "user": {"user"}} {
		if err := w.makeUser(ctx, role, roles); err != nil {
			return fmt.Errorf("make the user %s: %w", role, err)
		}
	}
	for _, role := range []string{"agent", "agent2"} {
		if _, err := w.must(ctx, w.post("livechat/users/agent", map[string]any{"username": w.people[role].username})); err != nil {
			return err
		}
	}
	if err := w.goOnline(ctx); err != nil {
		return fmt.Errorf("bring an agent online: %w", err)
	}
	return w.makeDepartment(ctx)
}

func (w *world) login(ctx context.Context, who account) (account, error) {
	if who.token != "" {
		return who, nil
	}
	r := request{method: "POST", path: "login", body: asJSON(map[string]any{"user": who.username, "password": who.password})}
	body, err := w.must(ctx, r)
	if err != nil {
		return who, fmt.Errorf("log in as %s: %w", who.username, err)
	}
	data, _ := body["data"].(map[string]any)
	who.id, who.token = asText(data["userId"]), asText(data["authToken"])
	return who, nil
}

func (w *world) makeUser(ctx context.Context, role string, roles []string) error {
	who := account{username: w.run + "-" + role, password: rand.Text()}
	body, err := w.must(ctx, w.post("users.create", map[string]any{
		"name": "Conformance " + role, "username": who.username, "email": who.username + "@example.org", "password": who.password,
		"roles": roles, "verified": true, "joinDefaultChannels": false, "sendWelcomeEmail": false, "requirePasswordChange": false,
	}))
	if err != nil {
		return err
	}
	user, _ := body["user"].(map[string]any)
	who.id = asText(user["_id"])
	w.people[role] = who
	who, err = w.login(ctx, who)
	w.people[role] = who
	return err
}

// goOnline opens the first agent's connection, for who has none counts as away; the second is off duty.
func (w *world) goOnline(ctx context.Context) (err error) {
	agent := w.people["agent"]
	if w.present, err = dial(ctx, w.client.url, true); err != nil {
		return err
	}
	if err := w.present.connect(ctx, agent); err != nil {
		return err
	}
	for role, state := range map[string]string{"agent": "available", "agent2": "not-available"} {
		status := w.post("livechat/agent.status", map[string]any{"agentId": w.people[role].id, "status": state})
		status.as = w.people[role]
		if _, err := w.must(ctx, status); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) makeDepartment(ctx context.Context) error {
	agent := w.people["agent"]
	body, err := w.must(ctx, w.post("livechat/department", map[string]any{
		"department": map[string]any{
			"enabled": true, "name": w.run, "email": w.run + "@example.org", "showOnRegistration": false, "showOnOfflineForm": false,
		},
		"agents": []any{map[string]any{"agentId": agent.id, "username": agent.username, "count": 0, "order": 0}},
	}))
	if err != nil {
		return err
	}
	department, _ := body["department"].(map[string]any)
	w.vars = map[string]string{"url": w.client.url, "version": w.version, "department": asText(department["_id"]), "departmentName": w.run, "long": strings.Repeat("long ", 1200)}
	for role, who := range maps.All(w.people) {
		w.vars[role+"Digest"] = fmt.Sprintf("%x", sha256.Sum256([]byte(who.password)))
		w.vars[role], w.vars[role+"Id"], w.vars[role+"Token"], w.vars[role+"Password"] = who.username, who.id, who.token, who.password
	}
	return nil
}

// post is a call of the administrator.
func (w *world) post(path string, body map[string]any) request {
	return request{method: http.MethodPost, path: path, body: asJSON(body), as: w.admin}
}

// must is a call that has to succeed.
func (w *world) must(ctx context.Context, r request) (map[string]any, error) {
	a, err := w.client.call(ctx, r)
	if err != nil {
		return nil, err
	}
	body, _ := a.body.(map[string]any)
	if a.status != http.StatusOK {
		return nil, fmt.Errorf("%s %s: %d %v", r.method, r.path, a.status, body["error"])
	}
	return body, nil
}

// fresh is a name that nobody else has.
func (w *world) fresh() string {
	w.count++
	return fmt.Sprintf("%s-%d", w.run, w.count)
}

// noted remembers what an answer says was made.
func (w *world) noted(r request, a answer) {
	body, _ := a.body.(map[string]any)
	member := func(key, field string, into map[string]bool) {
		if made, ok := body[key].(map[string]any); ok {
			into[asText(made[field])] = true
		}
	}
	path, _, _ := strings.Cut(r.path, "?")
	if a.status != http.StatusOK {
		return
	}
	switch path {
	case "livechat/visitor":
		member("visitor", "token", w.visitors)
	case "livechat/room":
		member("room", "_id", w.rooms)
	case "livechat/department":
		member("department", "_id", w.offices)
	case "groups.create":
		member("group", "_id", w.groups)
	case "channels.create":
		member("channel", "_id", w.channels)
	}
}

// tidy removes what the last fact made.
func (w *world) tidy(ctx context.Context) error {
	var wrong []error
	try := func(r request) {
		if _, err := w.client.call(ctx, r); err != nil {
			wrong = append(wrong, err)
		}
	}
	for rid := range w.rooms {
		try(w.post("livechat/room.closeByUser", map[string]any{"rid": rid, "comment": "done"}))
	}
	for token := range w.visitors {
		try(request{method: http.MethodDelete, path: "livechat/visitor/" + token, as: w.admin})
	}
	for rid := range w.groups {
		try(w.post("groups.delete", map[string]any{"roomId": rid}))
	}
	for rid := range w.channels {
		try(w.post("channels.delete", map[string]any{"roomId": rid}))
	}
	for id := range w.offices {
		try(request{method: http.MethodDelete, path: "livechat/department/" + id, as: w.admin})
	}
	clear(w.offices)
	clear(w.rooms)
	clear(w.visitors)
	clear(w.groups)
	clear(w.channels)
	return errors.Join(wrong...)
}

// remove takes everything away that the runner made.
func (w *world) remove(ctx context.Context) error {
	wrong := []error{w.tidy(ctx)}
	if id := w.vars["department"]; id != "" {
		_, err := w.must(ctx, request{method: http.MethodDelete, path: "livechat/department/" + id, as: w.admin})
		wrong = append(wrong, err)
	}
	if w.present != nil {
		w.present.close()
	}
	for _, role := range slices.Sorted(maps.Keys(w.people)) {
		_, err := w.must(ctx, w.post("users.delete", map[string]any{"userId": w.people[role].id, "confirmRelinquish": true}))
		wrong = append(wrong, err)
	}
	return errors.Join(wrong...)
}

// escaped puts a text into JSON that stands between quotation marks.
func escaped(text string) string {
	raw, err := json.Marshal(text)
	if err != nil {
		return ""
	}
	return string(raw[1 : len(raw)-1])
}
