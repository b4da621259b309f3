package placeholders

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// piece is a part of a text: what is said as it stands, or a placeholder.
type piece struct {
	text string // of a placeholder: its name, in lower case
	word string // said where the placeholder is not known; empty: nothing
	open bool   // it is a placeholder
}

// Fault says what is wrong with the braces of a text.
type Fault string

const (
	NoFault  Fault = ""
	Unknown  Fault = "unknown"   // nothing is known by that name
	NoWord   Fault = "no-word"   // a bar with nothing behind it
	ManyBars Fault = "many-bars" // more than one word for the same place
	Nested   Fault = "nested"    // braces within braces
	Unclosed Fault = "unclosed"  // a known name behind a brace that nothing closes
	Extra    Fault = "extra"     // a second closing brace
)

// Mistake is the first fault of a text and where it is.
type Mistake struct {
	Fault Fault
	Found string // as it was typed, cut where it is long
}

// longestFound is how much of what was typed is shown, in characters.
const longestFound = 40

// Check returns what is wrong with the placeholders of a text. Braces around anything but
// a name are only braces.
func Check(text string) Mistake {
	_, mistake := parse(text)
	return mistake
}

// wordlike is what a placeholder could be called.
var wordlike = regexp.MustCompile(`^\p{L}[\p{L}\p{N} _-]*$`)

// parser cuts a text into pieces.
type parser struct {
	pieces  []piece
	mistake Mistake
}

func parse(text string) ([]piece, Mistake) {
	var p parser
	for text != "" {
		at := strings.IndexByte(text, '{')
		if at < 0 {
			p.say(text)
			break
		}
		p.say(text[:at])
		text = text[at+p.brace(text[at:]):]
	}
	return p.pieces, p.mistake
}

// say takes a text as it stands.
func (p *parser) say(text string) {
	if text == "" {
		return
	}
	if last := len(p.pieces) - 1; last >= 0 && !p.pieces[last].open {
		p.pieces[last].text += text
		return
	}
	if text[0] == '}' && len(p.pieces) > 0 {
		p.fault(Extra, "{"+p.pieces[len(p.pieces)-1].text+"}}")
	}
	p.pieces = append(p.pieces, piece{text: text})
}

// fault notes a mistake, if it is the first.
func (p *parser) fault(f Fault, found string) {
	if p.mistake.Fault != NoFault {
		return
	}
	if runes := []rune(found); len(runes) > longestFound {
		found = string(runes[:longestFound]) + "…"
	}
	p.mistake = Mistake{f, found}
}

// brace takes what begins with an opening brace, and returns how much that was.
func (p *parser) brace(text string) (taken int) {
	end := strings.IndexAny(text[1:], "{}") + 1
	switch {
	case end == 0:
		if meant(text[1:]) {
			p.fault(Unclosed, firstLine(text))
		}
		p.say(text)
		return len(text)
	case text[end] == '{':
		if meant(text[1:end]) || named(text[1:end]) && meant(text[end+1:]) { // else it would look unclosed once the inner one is filled in
			p.fault(Nested, nest(text))
		}
		p.say(text[:end])
		return end
	}
	p.closed(text[:end+1])
	return end + 1
}

// closed takes what stands between two braces, with the braces.
func (p *parser) closed(text string) {
	name, word, bar := strings.Cut(text[1:len(text)-1], "|")
	name = strings.TrimSpace(name)
	if known := strings.ToLower(name); slices.Contains(names, known) {
		word = strings.Join(strings.Fields(word), " ")
		switch {
		case strings.Contains(word, "|"):
			p.fault(ManyBars, text)
		case bar && !visible(word):
			p.fault(NoWord, text)
			word = ""
		}
		p.pieces = append(p.pieces, piece{text: known, word: word, open: true})
		return
	}
	if wordlike.MatchString(name) || bar && name == "" {
		p.fault(Unknown, text)
	}
	p.say(text)
}

// meant reports whether a text behind a brace begins with the name of a placeholder.
func meant(text string) bool {
	text = strings.ToLower(strings.TrimSpace(text))
	return slices.ContainsFunc(names, func(name string) bool {
		rest, begins := strings.CutPrefix(text, name)
		first, _ := utf8.DecodeRuneInString(rest)
		return begins && (rest == "" || !wordlike.MatchString(string(first)))
	})
}

// named reports whether a text begins with what could be the name of a placeholder, or
// leaves it out.
func named(text string) bool {
	name, _, _ := strings.Cut(text, "|")
	name = strings.TrimSpace(name)
	return name == "" || wordlike.MatchString(name)
}

// nest returns the outermost of nested braces, as far as they are closed.
func nest(text string) string {
	depth := 0
	for i, c := range text {
		switch c {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return text[:i+1]
			}
		}
	}
	return firstLine(text)
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// visible reports whether a reader sees anything of a word.
func visible(word string) bool {
	return strings.ContainsFunc(word, func(c rune) bool { return unicode.IsGraphic(c) && !unicode.IsSpace(c) })
}
