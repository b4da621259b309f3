package markup

import (
	_ "embed"
	"strings"
	"sync"
)

// emojiTable has a line for each emoji short name that Rocket.Chat knows: the
// name, a tab, the emoji.
//
//go:generate go run testdata/emoji.go
//go:embed emoji.tsv
var emojiTable string

var emojis = sync.OnceValue(func() map[string]string {
	m := make(map[string]string)
	for line := range strings.Lines(emojiTable) {
		name, emoji, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		m[name] = emoji
	}
	return m
})

// Emoji returns the emoji of a short name, with or without colons; "" if there is none.
func Emoji(name string) string { return emojis()[strings.Trim(name, ":")] }

// emojiNames are the short names of emojis, with colons; of several, the shortest.
var emojiNames = sync.OnceValue(func() map[string]string {
	m := map[string]string{}
	for name, emoji := range emojis() {
		emoji, name = bareEmoji(emoji), ":"+name+":"
		if before := m[emoji]; before == "" || len(name) < len(before) || len(name) == len(before) && name < before {
			m[emoji] = name
		}
	}
	return m
})

// EmojiName returns an emoji's short name, "" if it has none.
func EmojiName(emoji string) string { return emojiNames()[bareEmoji(emoji)] }

// bareEmoji leaves out that it is to be shown as a picture: not all say so.
func bareEmoji(emoji string) string { return strings.ReplaceAll(emoji, "\ufe0f", "") }
