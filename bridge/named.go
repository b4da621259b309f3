package bridge

import "strings"

// idPrefix begins an entry of a list of people that is an id and no name.
const idPrefix = "id:"

// NamedIn reports whether somebody is in a list that an operator wrote: by name, with or
// without @, or by id, with or without "id:" before it. Names are compared as Rocket.Chat
// does, where capitals of ASCII are the same as small letters, and no other letters are
// the same: who may choose a name must not find one that looks like an entry. Nor does
// a name count that looks like an id. Entries in which nothing stands name nobody.
func (a Author) NamedIn(list []string) bool {
	for _, entry := range list {
		entry = strings.TrimSpace(entry)
		id, only := strings.CutPrefix(entry, idPrefix)
		if only || looksLikeID(entry) {
			if id = strings.TrimSpace(id); id != "" && id == string(a.ID) {
				return true
			}
			continue
		}
		if name := strings.TrimPrefix(entry, "@"); name != "" && lowerASCII(name) == lowerASCII(a.Username) {
			return true
		}
	}
	return false
}

// looksLikeID reports whether an entry is written as Rocket.Chat writes ids: 17 letters and
// digits that are not easily mistaken for others, and capitals among them. A name can be
// written without.
func looksLikeID(entry string) bool {
	const letters = "23456789ABCDEFGHJKLMNPQRSTWXYZabcdefghijkmnopqrstuvwxyz"
	return len(entry) == 17 && strings.Trim(entry, letters) == "" && lowerASCII(entry) != entry
}

func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
