package companion

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/settings"
)

// protocol is the version of what the app and the bridge say to each other. It is
// answered for good: Rocket.Chat may refuse to update an app (apps-engine.md 5).
const protocol = 1

// request is what the app sends. What it has not got may be missing or null.
type request struct {
	Protocol int    `json:"protocol"`
	Kind     string `json:"kind"` // command or submit
	User     struct {
		ID       bridge.UserID `json:"id"`
		Username string        `json:"username"`
	} `json:"user"`
	AppVersion string `json:"appVersion"`

	// of a command
	ID          string   `json:"id"` // the same if it is sent again; may be empty
	Command     string   `json:"command"`
	Args        []string `json:"args"` // what was typed, cut at each single space
	CanOpenView bool     `json:"canOpenView"`
	Room        struct {
		ID   bridge.RoomID `json:"id"`
		Type string        `json:"type"` // d: a direct one
	} `json:"room"`

	// of a dialog that was sent
	ViewID string                                `json:"viewId"`
	State  map[string]map[string]json.RawMessage `json:"state"` // by block and field
}

// response is what the app shows.
type response struct {
	Protocol int               `json:"protocol"`
	Text     string            `json:"text,omitempty"`
	Buttons  []wireButton      `json:"buttons,omitempty"`
	View     *view             `json:"view,omitempty"`
	Errors   map[string]string `json:"errors,omitempty"` // by field; the dialog stays open
}

type wireButton struct {
	Text  string `json:"text"`
	Types string `json:"types"`
}

func (r request) author() bridge.Author {
	return bridge.Author{ID: r.User.ID, Username: r.User.Username}
}

// words puts together what Rocket.Chat has cut.
func (r request) words() string { return strings.Join(r.Args, " ") }

// A dialog's id says which page's settings it shows, and as they were when. It comes
// back from the caller's client, so it proves nothing.
const settingsView = "settings"

func viewID(page bridge.PageID, seen string) string {
	enc := base64.RawURLEncoding
	return strings.Join([]string{settingsView, enc.EncodeToString([]byte(page)), enc.EncodeToString([]byte(seen))}, ".")
}

var errNoView = errors.New("no dialog of ours")

// filled reads a dialog that was sent.
func (r request) filled() (page bridge.PageID, f settings.Filled, err error) {
	parts := strings.Split(r.ViewID, ".")
	if len(parts) != 3 || parts[0] != settingsView {
		return "", f, errNoView
	}
	id, err1 := base64.RawURLEncoding.DecodeString(parts[1])
	seen, err2 := base64.RawURLEncoding.DecodeString(parts[2])
	if err1 != nil || err2 != nil || len(id) == 0 {
		return "", f, errNoView
	}
	f = settings.Filled{Seen: string(seen), Typed: map[string]string{}}
	for _, block := range r.State {
		for word, raw := range block {
			var value *string
			if json.Unmarshal(raw, &value) == nil && value != nil { // what was not touched may be null
				f.Typed[word] = *value
			}
		}
	}
	return bridge.PageID(id), f, nil
}
