package rooms

import (
	"unicode"
	"unicode/utf16"
)

// longest is the first length tried when a workspace takes no message as long as one
// it was given; it does not tell its limit.
const longest = 1000

// length counts as Rocket.Chat does, in UTF-16 units.
func length(text string) (n int) {
	for _, r := range text {
		n += max(utf16.RuneLen(r), 1)
	}
	return n
}

// parts cuts a text into parts of at most limit UTF-16 units, after a space if there
// is one in the last quarter. Joined, they are the text. A character that alone is
// longer is a part.
func parts(text string, limit int) (all []string) {
	begin, n, space, atSpace := 0, 0, 0, 0
	for i, r := range text {
		size := max(utf16.RuneLen(r), 1)
		if n+size > limit && i > begin {
			end := i
			if space > begin && n-atSpace <= limit/4 {
				end = space
			}
			all = append(all, text[begin:end])
			begin, n = end, length(text[end:i])
		}
		n += size
		if unicode.IsSpace(r) {
			space, atSpace = i+len(string(r)), n
		}
	}
	return append(all, text[begin:])
}
