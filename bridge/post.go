package bridge

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Post is a message to be shown in a room.
type Post struct {
	ID    MessageID
	Text  string    // plain, but for what Cite marks
	Quote MessageID // the message it answers; empty: none
	Below string    // of a note: more text, folded below Text; empty: none
}

// CiteMark begins a line of a post that holds another's words than those of whoever posts
// it. It is no character: nobody can write it, and Spoken takes it out of what came over
// the wire.
const CiteMark = "\ufdd0"

// Cite marks each line of a text as another's words: the bridge's own in what a customer is
// shown to say, other people's in what the bot says. Rocket.Chat shows such lines as
// quotations, which nobody can make in a text of their own.
func Cite(text string) string {
	return CiteMark + strings.ReplaceAll(Spoken(text), "\n", "\n"+CiteMark)
}

// Spoken returns a text as the words of whoever posts it. What is no UTF-8 is replaced first: what is
// left around a mark that is taken out must not become one.
func Spoken(text string) string {
	if !utf8.ValidString(text) { // which looks sooner than ToValidUTF8
		text = strings.ToValidUTF8(text, string(utf8.RuneError))
	}
	return strings.ReplaceAll(text, CiteMark, "")
}

// PlainWords returns a name as it is put into a sentence that is markup: in one line, with a
// space in place of each sign that could be a mark, a mention or a link, or turn the writing
// around. Within emphasis nothing else keeps such a sign from counting.
func PlainWords(name string) string {
	return OneLine(strings.Map(func(r rune) rune {
		if strings.ContainsRune("*_~`[]<>@#|\\$", r) || unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return ' '
		}
		return r
	}, name))
}

// OneLine returns words that become part of a sentence: in one line, so that nothing of
// them can be taken for a sentence of its own.
func OneLine(words string) string { return strings.Join(strings.Fields(Spoken(words)), " ") }
