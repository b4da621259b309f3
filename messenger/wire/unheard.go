package wire

import (
	"slices"
	"strings"
	"unicode"

	json "github.com/go-json-experiment/json/v1"

	"messenger-bridge/bridge"
)

// unheard is an event of a kind that nobody has told us of: where it stands in the
// notification, and as which of its events it is passed on.
type unheard struct {
	entry int
	list  string // messaging, standby or changes
	item  int
	event int
}

// noteNameless notes that the event which was passed on last, if it is of this item, needs a name.
func (d *Decoded) noteNameless(u unheard) {
	if u.event = len(d.Events) - 1; u.event < 0 || d.Events[u.event].Detail != nameless {
		return
	}
	d.Events[u.event].Detail = ""
	d.unheard = append(d.unheard, u)
}

// nameless stands for the name of an event until nameUnheard finds one.
const nameless = "?"

// longestKind is how much of a name is kept.
const longestKind = 40

// nameUnheard finds out what the events are called that have no type here: by the first of their
// keys that says more than who and when. Only for them a notification is read twice.
func (d *Decoded) nameUnheard(body []byte) {
	if len(d.unheard) == 0 {
		return
	}
	var raw struct {
		Entry []map[string]json.RawMessage `json:"entry"`
	}
	_ = json.Unmarshal(body, &raw) // it was read before; what is odd has no name
	for _, u := range d.unheard {
		if u.entry < len(raw.Entry) {
			d.Events[u.event].Detail = kindOf(raw.Entry[u.entry][u.list], u.item)
		}
	}
	d.unheard = nil
}

// kindOf names the event at a place of a list.
func kindOf(list json.RawMessage, item int) string {
	var items []map[string]json.RawMessage
	_ = json.Unmarshal(list, &items) // likewise
	if item >= len(items) {
		return bridge.UnheardOf
	}
	keys := items[item]
	if value, changed := keys["value"]; changed {
		keys = nil
		_ = json.Unmarshal(value, &keys) // likewise
	}
	var names []string
	for name, value := range keys {
		switch {
		case name == "sender", name == "recipient", name == "timestamp", string(value) == "null":
		default:
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return bridge.UnheardOf
	}
	slices.Sort(names)
	return tidy(names[0])
}

// tidy makes a name fit to be shown: it comes over the wire.
func tidy(name string) string {
	name = strings.Map(func(r rune) rune {
		if r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' || r == '-') {
			return r
		}
		return -1
	}, name)
	if name = name[:min(len(name), longestKind)]; name == "" {
		return bridge.UnheardOf
	}
	return name
}
