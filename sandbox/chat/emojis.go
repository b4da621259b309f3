package chat

import (
	_ "embed" // the names of emojis
	"strings"
	"sync"
)

// EmojiList is one by which a server knows the names of emojis.
type EmojiList int

// The lists, as the columns of emoji.tsv have them.
const (
	JoyPixels EmojiList = iota // since 7.0; from 8.7 on emojibase's other names are known besides
	EmojiOne                   // before 7.0
	EmojiBase                  // of a version between two; V87 with this list plays it
)

// emojiNames is made by rocketchat/markup/testdata/emoji.go: a name, and its emoji in each list.
//
//go:embed emoji.tsv
var emojiNames string

var emojiLists = sync.OnceValue(func() (lists [3]map[string]string) {
	for i := range lists {
		lists[i] = map[string]string{}
	}
	for line := range strings.Lines(emojiNames) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		for i, emoji := range fields[1:] {
			if emoji != "" {
				lists[i][fields[0]] = emoji
			}
		}
	}
	return lists
})

// NamesEmojisBy has the workspace know the names of emojis by another list than its version does.
func (rc *RocketChat) NamesEmojisBy(list EmojiList) {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	rc.emojis = &list
}

// EmojiShown is the emoji that people see for a name, with or without colons; "" if it is unknown here.
func (rc *RocketChat) EmojiShown(name string) string {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	return rc.emojiOf(name)
}

func (rc *RocketChat) emojiOf(name string) string {
	name = strings.Trim(name, ":")
	lists := emojiLists()
	switch {
	case rc.emojis != nil:
		return lists[*rc.emojis][name]
	case !rc.since(7, 0):
		return lists[EmojiOne][name]
	case lists[JoyPixels][name] == "" && rc.since(8, 7):
		return lists[EmojiBase][name]
	}
	return lists[JoyPixels][name]
}

// knowsEmoji tells whether an emoji may be reacted with: a name, or from 8.7 on a sign.
func (rc *RocketChat) knowsEmoji(emoji string) bool {
	return rc.emojiOf(emoji) != "" || rc.since(8, 7) && strings.IndexFunc(emoji, func(r rune) bool { return r < 0x2000 }) < 0
}
