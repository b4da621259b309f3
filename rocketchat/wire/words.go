package wire

import (
	"encoding/json"
	"strings"
)

// words is a text wherever Rocket.Chat or an app may write one: a string, a number, a text
// object, or a list of these. Anything else is no text, and no reason to lose a message.
type words string

// UnmarshalJSON implements json.Unmarshaler.
func (w *words) UnmarshalJSON(data []byte) error {
	*w = ""
	var value any
	if json.Unmarshal(data, &value) != nil { // a number that is too large
		return nil
	}
	*w = words(strings.TrimSpace(textIn(value, data)))
	return nil
}

// textIn returns what a value says; raw is how it was written.
func textIn(value any, raw []byte) string {
	switch v := value.(type) {
	case string:
		return v
	case float64, bool:
		return strings.TrimSpace(string(raw))
	case map[string]any:
		return textOf(v)
	case []any:
		var lines []string
		for _, one := range v {
			if object, is := one.(map[string]any); is {
				one = textOf(object)
			}
			if line, is := one.(string); is && line != "" {
				lines = append(lines, line)
			}
		}
		return strings.Join(lines, "\n")
	}
	return ""
}

// textOf returns what a text object of UiKit says.
func textOf(object map[string]any) string {
	text, _ := object["text"].(string)
	return text
}

// first returns the first text that says something.
func first(some ...words) string {
	for _, w := range some {
		if w != "" {
			return string(w)
		}
	}
	return ""
}
