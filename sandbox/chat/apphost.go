package chat

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// What this file plays is the companion app inside the server: what was typed goes to
// the address in its settings, and what is answered is shown to whoever typed it.

// Notice is what an app shows to one person, until that person looks elsewhere.
type Notice struct {
	RoomID  string
	Text    string
	Buttons []Button
}

// Button types something for whoever clicks it.
type Button struct{ Label, Types string }

// Dialog is a modal as it stands on a person's screen.
type Dialog struct {
	ID     string
	Title  string
	Fields []DialogField
	app    string
}

// DialogField is a field to be filled in.
type DialogField struct {
	Name, Label, Hint, Kind string
	Value                   string
	Options                 []string // values of a list
	OptionTexts             []string
	block                   string
}

// Field returns a field of a dialog by its name; nil if there is none.
func (d Dialog) Field(name string) *DialogField {
	for i := range d.Fields {
		if d.Fields[i].Name == name {
			return &d.Fields[i]
		}
	}
	return nil
}

// rcScreen is what apps have put on a person's screen.
type rcScreen struct {
	notices []Notice
	dialogs []Dialog
}

// Notices are what apps have told a person, oldest first.
func (rc *RocketChat) Notices(username string) []Notice {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	return slices.Clone(rc.screens[username].notices)
}

// Dialogs are the modals that were opened for a person, oldest first.
func (rc *RocketChat) Dialogs(username string) []Dialog {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	return slices.Clone(rc.screens[username].dialogs)
}

// appWith returns the app that owns a command. The caller holds mu.
func (rc *RocketChat) appWith(command string) *rcApp {
	for _, a := range rc.apps {
		if a.command == command && a.enabled() {
			return a
		}
	}
	return nil
}

const (
	rcAppPatience = 4 * time.Second // of the app's call
	rcTriggerLife = 5 * time.Second // then a client opens no dialog any more
)

// RunCommand is what a client does with a command that an app owns: commands.run. It
// returns when the app has answered.
func (rc *RocketChat) RunCommand(username, rid, command, params string) {
	rc.runCommand(username, rid, command, params, rcID(17))
}

// RunCommandByREST is a call of commands.run without a client: no dialog can be opened,
// and nobody has looked whether the person may.
func (rc *RocketChat) RunCommandByREST(username, rid, command, params string) {
	rc.runCommand(username, rid, command, params, "")
}

func (rc *RocketChat) runCommand(username, rid, command, params, trigger string) {
	if !rc.enter() {
		return
	}
	defer rc.wg.Done()
	typed := time.Now()
	rc.mu.Lock()
	a, u, r := rc.appWith(command), rc.usernames[username], rc.roomNamed(rid)
	if a == nil || u == nil || r == nil || !rc.mayRead(u, r) {
		rc.note("test: %q cannot run /%s in room %q", username, command, rid)
		rc.mu.Unlock()
		return
	}
	args := []string{}
	if params != "" {
		args = strings.Split(params, " ")
	}
	ask := rcDoc{
		"kind": "command", "id": trigger, "command": command, "args": args, "room": rcDoc{"id": r.id, "type": r.kind},
		"canOpenView": trigger != "", "appVersion": a.version, "user": rc.asApp(u),
	}
	rc.mu.Unlock()
	answer := rc.askBridge(a, ask)
	rc.mu.Lock()
	defer rc.mu.Unlock()
	screen := rc.screens[username]
	if answer.View != nil && trigger != "" {
		switch {
		case time.Since(typed) > rcTriggerLife:
			rc.note("a dialog for %s came too late: %v", username, time.Since(typed))
		default:
			screen.dialogs = append(screen.dialogs, rc.dialog(a, answer.View))
		}
	}
	if answer.Text != "" {
		n := Notice{RoomID: r.id, Text: answer.Text}
		for _, b := range answer.Buttons {
			n.Buttons = append(n.Buttons, Button{b.Text, b.Types})
		}
		screen.notices = append(screen.notices, n)
	}
	rc.screens[username] = screen
	rc.changed()
}

// asApp is how the engine shows a user to an app. Roles are ids.
func (rc *RocketChat) asApp(u *rcUser) rcDoc {
	return rcDoc{"id": u.ID, "username": u.Username, "roles": slices.Clone(u.Roles)}
}

// rcAnswer is what the bridge answers the app.
type rcAnswer struct {
	Protocol int
	Text     string
	Buttons  []struct{ Text, Types string }
	View     map[string]any
	Errors   map[string]string
	failed   bool
}

// askBridge is the app's call, with its own words for what goes wrong.
func (rc *RocketChat) askBridge(a *rcApp, ask rcDoc) rcAnswer {
	failure := func(text string) rcAnswer { return rcAnswer{Text: text, failed: true} }
	rc.mu.Lock()
	address, secret := rcText(a.settings["bridge-url"]["value"]), rcText(a.settings["bridge-secret"]["value"])
	rc.mu.Unlock()
	if address == "" || secret == "" {
		return failure("This app does not know the bridge yet.")
	}
	ask["protocol"] = 1
	body, err := json.Marshal(ask)
	if err != nil {
		return failure(err.Error())
	}
	ctx, stop := context.WithTimeout(context.Background(), rcAppPatience)
	defer stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(address, "/")+"/commands", bytes.NewReader(body))
	if err != nil {
		return failure("The bridge does not answer.")
	}
	req.Header.Set("Authorization", "Bearer "+secret)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return failure("The bridge does not answer.")
	}
	defer res.Body.Close()
	content, err := io.ReadAll(res.Body)
	var answer rcAnswer
	switch {
	case err != nil:
		return failure("The bridge does not answer.")
	case res.StatusCode == http.StatusUnauthorized:
		return failure("The bridge does not accept this app.")
	case res.StatusCode == http.StatusNotFound:
		return failure("There is no bridge at the address in this app's settings.")
	case res.StatusCode != http.StatusOK:
		return failure("The bridge answers with an error.")
	case json.Unmarshal(content, &answer) != nil || answer.Protocol != 1:
		return failure("There is no bridge at the address in this app's settings.")
	}
	return answer
}

// dialog reads a view, as strictly as ui-kit's own validator. The caller holds mu.
func (rc *RocketChat) dialog(a *rcApp, view map[string]any) Dialog {
	d := Dialog{ID: rcText(view["id"]), app: a.id}
	text := func(v any) string {
		t, _ := v.(map[string]any)
		if kind := rcText(t["type"]); kind != "plain_text" && kind != "mrkdwn" {
			rc.note("a text in a dialog is %v", v)
		}
		return rcText(t["text"])
	}
	element := func(v any) map[string]any {
		e, _ := v.(map[string]any)
		for _, key := range []string{"type", "appId", "blockId", "actionId"} {
			if rcText(e[key]) == "" {
				rc.note("an element of a dialog has no %s: %v", key, v)
			}
		}
		return e
	}
	d.Title = text(view["title"])
	element(view["submit"])
	element(view["close"])
	blocks, _ := view["blocks"].([]any)
	for _, one := range blocks {
		b, _ := one.(map[string]any)
		if rcText(b["type"]) != "input" {
			continue
		}
		e := element(b["element"])
		f := DialogField{Name: rcText(e["actionId"]), Label: text(b["label"]), Kind: rcText(e["type"]), Value: rcText(e["initialValue"]), block: rcText(b["blockId"])}
		if b["hint"] != nil {
			f.Hint = text(b["hint"])
		}
		options, _ := e["options"].([]any)
		for _, one := range options {
			o, _ := one.(map[string]any)
			f.Options = append(f.Options, rcText(o["value"]))
			f.OptionTexts = append(f.OptionTexts, text(o["text"]))
		}
		if f.Kind == "static_select" {
			text(e["placeholder"])
			if f.Value != "" && !slices.Contains(f.Options, f.Value) {
				rc.note("the list %s begins with %q, which it does not offer", f.Name, f.Value)
			}
		}
		if d.Field(f.Name) != nil {
			rc.note("two fields of a dialog are called %q", f.Name)
		}
		d.Fields = append(d.Fields, f)
	}
	return d
}

// Submit sends a dialog with some fields filled in anew. It returns what is shown at
// which field; the dialog is closed if that is nothing.
func (rc *RocketChat) Submit(username string, d Dialog, filled map[string]string) (errors map[string]string) {
	if !rc.enter() {
		return nil
	}
	defer rc.wg.Done()
	state := map[string]map[string]any{}
	for _, f := range d.Fields {
		value, given := filled[f.Name]
		if !given {
			value = f.Value
		}
		state[f.block] = map[string]any{f.Name: value}
	}
	rc.mu.Lock()
	a, u := rc.apps[d.app], rc.usernames[username]
	for name, value := range filled {
		f := d.Field(name)
		if f == nil || f.Kind == "static_select" && !slices.Contains(f.Options, value) {
			rc.note("test: the dialog has no field %q with %q", name, value)
		}
	}
	if a == nil || u == nil {
		rc.note("test: no app, or no user %q", username)
		rc.mu.Unlock()
		return nil
	}
	ask := rcDoc{"kind": "submit", "viewId": d.ID, "state": state, "user": rc.asApp(u), "appVersion": a.version}
	rc.mu.Unlock()
	answer := rc.askBridge(a, ask)
	if len(answer.Errors) == 0 && (answer.failed || answer.Text != "") {
		return map[string]string{d.Fields[0].Name: answer.Text}
	}
	return answer.Errors
}

// Clicks does what a button does: it types, as the person, in the room it stands in.
func (rc *RocketChat) Clicks(username, rid string, b Button) {
	rc.UserSays(username, rid, b.Types)
}

// Buttons are those below a message.
func (m Message) Buttons() (all []Button) {
	for _, a := range m.Attachments {
		actions, _ := a["actions"].([]any)
		for _, one := range actions {
			if b, ok := one.(map[string]any); ok && rcText(b["type"]) == "button" && rcTruth(b["msg_in_chat_window"]) {
				all = append(all, Button{rcText(b["text"]), rcText(b["msg"])})
			}
		}
	}
	return all
}
