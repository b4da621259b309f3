package markup

import (
	"cmp"
	_ "embed"
	"math/bits"
	"strings"
	"sync"
)

// emojiTable has a line for each emoji short name that a Rocket.Chat knows: the
// name, the emoji, and which of the three lists by which Rocket.Chats know names say so, 0 if
// another one says something else; with tabs between them.
//
//go:generate go run testdata/emoji.go
//go:embed emoji.tsv
var emojiTable string

// named is what a short name means.
type named struct {
	emoji string
	lists uint // that say so: 1 is JoyPixels' newest, 2 its older one, 4 emojibase's, added
}

var emojis = sync.OnceValue(func() map[string]named {
	m := make(map[string]named)
	for line := range strings.Lines(emojiTable) {
		if f := strings.Split(strings.TrimSuffix(line, "\n"), "\t"); len(f) == 3 {
			m[f[0]] = named{f[1], uint(f[2][0] - '0')}
		}
	}
	return m
})

// Emoji returns the emoji of a short name, with or without colons, or of the emoji itself, by
// which newer workspaces may call it; "" if there is none.
func Emoji(name string) string {
	name = strings.Trim(name, ":")
	if len(name) > 1 && emojiSigns()[bareEmoji(name)] { // digits are emojis only with more behind them
		return name
	}
	return emojis()[name].emoji
}

// emojiSigns are all emojis that have a name, if only one that means others elsewhere.
var emojiSigns = sync.OnceValue(func() map[string]bool {
	m := map[string]bool{}
	for _, n := range emojis() {
		m[bareEmoji(n.emoji)] = true
	}
	return m
})

// emojiNames are short names of emojis, with colons, that no list takes for another emoji. Of
// several it is one of the list that most workspaces have, then the one in most lists, then the shortest.
var emojiNames = sync.OnceValue(func() map[string]string {
	all := emojis()
	better := func(name, than string) bool {
		n, t := all[name].lists, all[than].lists
		return than == "" || cmp.Or(cmp.Compare(t&1, n&1), cmp.Compare(bits.OnesCount(t), bits.OnesCount(n)),
			cmp.Compare(len(name), len(than)), cmp.Compare(name, than)) < 0
	}
	best := map[string]string{}
	for name, n := range all {
		if emoji := bareEmoji(n.emoji); n.lists != 0 && better(name, best[emoji]) {
			best[emoji] = name
		}
	}
	for emoji, name := range best {
		best[emoji] = ":" + name + ":"
	}
	return best
})

// EmojiName returns an emoji's short name, which means that emoji wherever it is known; "" if
// there is no such name.
func EmojiName(emoji string) string { return emojiNames()[bareEmoji(emoji)] }

// bareEmoji leaves out that it is to be shown as a picture: not all say so.
func bareEmoji(emoji string) string { return strings.ReplaceAll(emoji, "\ufe0f", "") }
