package wire

import (
	"encoding/json"
	"regexp"
	"strings"
)

// envelope is what the answers of rocketchat.md 4.0 have in common.
type envelope struct {
	Success   *bool           `json:"success"`
	Status    json.RawMessage `json:"status"`
	Error     json.RawMessage `json:"error"` // a string, rarely something else
	ErrorType string          `json:"errorType"`
	Message   json.RawMessage `json:"message"`
	Reason    json.RawMessage `json:"reason"`
}

// Told reads what an answer says of itself: the code it refuses with, "" if it names none,
// whether it does not say that it failed, and whether it is Rocket.Chat's JSON at all.
func Told(answer []byte) (code string, success, isJSON bool) {
	var e envelope
	if json.Unmarshal(answer, &e) != nil {
		return "", false, false
	}
	return e.code(), e.Success == nil || *e.Success, true
}

// trailing is the code at the end of an error text: "Sorry, no online agents [no-agent-online]".
var trailing = regexp.MustCompile(`\[([A-Za-z][A-Za-z0-9_-]+)\]$`)

// bare is a text that is nothing but a code.
var bare = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]*([-_][A-Za-z0-9]+)+$`)

func (e envelope) code() string {
	if e.ErrorType != "" {
		return e.ErrorType
	}
	for _, raw := range []json.RawMessage{e.Error, e.Reason, e.Message} {
		var text string
		if json.Unmarshal(raw, &text) != nil {
			continue
		}
		text = strings.TrimSpace(text)
		if m := trailing.FindStringSubmatch(text); m != nil {
			return m[1]
		}
		if bare.MatchString(text) || text == "unauthorized" {
			return text
		}
	}
	return ""
}
