package wire

import (
	"bytes"

	json "github.com/go-json-experiment/json/v1"
)

// lists are the members of an entry that hold events, or what holds them.
var lists = []string{"messaging", "standby", "messaging_handovers", "changes"}

// mend returns a notification in which everything has the shape that its place asks for: one
// thing in the place of a list is a list of it, an id in the place of who has it is theirs, a
// text in the place of a message is its text. Only what was decoded badly gets here.
func mend(body []byte) []byte {
	return mended(body, func(all map[string]any) {
		all["entry"] = inList(all["entry"])
		for _, entry := range objects(all["entry"]) {
			for _, list := range lists {
				if entry[list] != nil {
					entry[list] = inList(entry[list])
				}
				for _, event := range objects(entry[list]) {
					mendEvent(event)
				}
			}
		}
	})
}

func mendEvent(event map[string]any) {
	for _, who := range []string{"sender", "recipient"} {
		switch event[who].(type) {
		case string, json.Number:
			event[who] = map[string]any{"id": event[who]}
		}
	}
	if text, is := event["message"].(string); is {
		event["message"] = map[string]any{"text": text}
	}
	if message, is := event["message"].(map[string]any); is && message["attachments"] != nil {
		message["attachments"] = inList(message["attachments"])
	}
}

// changed reads the value of a change as an event.
func changed(value json.RawMessage) (e event) {
	if err := json.Unmarshal(value, &e); err != nil {
		e = event{}
		_ = json.Unmarshal(mended(value, mendEvent), &e) // what is still odd costs itself only
	}
	return e
}

// mended returns the JSON text of an object with something changed; as it is, if it is none.
func mended(text []byte, change func(map[string]any)) []byte {
	var object map[string]any
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber() // ids are longer than a float can hold
	if err := dec.Decode(&object); err != nil || object == nil {
		return text
	}
	change(object)
	changed, err := json.Marshal(object)
	if err != nil {
		return text
	}
	return changed
}

// inList puts an object into a list.
func inList(v any) any {
	if object, is := v.(map[string]any); is {
		return []any{object}
	}
	return v
}

// objects are those of a list.
func objects(v any) (all []map[string]any) {
	list, _ := v.([]any)
	for _, element := range list {
		if object, is := element.(map[string]any); is {
			all = append(all, object)
		}
	}
	return all
}

// elements are those of a list; anything else is one.
func elements(value json.RawMessage) []json.RawMessage {
	var all []json.RawMessage
	if bytes.HasPrefix(value, []byte("[")) && json.Unmarshal(value, &all) == nil && len(all) > 0 {
		return all
	}
	return []json.RawMessage{value}
}
