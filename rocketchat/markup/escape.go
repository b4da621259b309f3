package markup

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// joiner is put where a sign would count as markup and no backslash takes that away. It
// has no width and no picture, breaks no line, and people do not type it.
const joiner = "\u2060"

// Literal returns a text as markup that is shown as it was typed: nothing in it counts as
// emphasis, code, mention, image, list or the like, and no address is hidden behind other
// words. Addresses stay links. Signs that change the direction of writing, and other
// controls, are left out. A text without signs of markup comes back as it is.
//
// The parser takes a backslash away in front of the signs * _ ~ ` only; it is used for
// those that have a partner in their line, for nothing else keeps them from being marks.
// Everything else is kept apart by a joiner. docs/decisions/058-words-as-typed.md says
// where each of them can be seen.
func Literal(text string) string {
	text = Visible(text)
	if !strings.ContainsAny(text, signs) {
		return text
	}
	l := literal{out: make([]byte, 0, len(text)+8),
		formulas: strings.Count(text, "$") > 1 || strings.Contains(text, "\\)") || strings.Contains(text, "\\]")}
	for line := range strings.Lines(text) {
		l.src = strings.TrimSuffix(line, "\n")
		l.convert()
		l.out = append(l.out, line[len(l.src):]...)
	}
	if string(l.out) == text {
		return text
	}
	return string(l.out)
}

// signs are what markup begins with.
const signs = "*_~`#>-+@:<[\\$|.=;'%)]" + "(/"

// Message returns what somebody says as markup, as it was typed. Lines that hold another's
// words begin with the mark of bridge.Cite; they become quotations, which nobody can write
// into a text of their own.
func Message(text, mark string) string {
	if !strings.Contains(text, mark) {
		return Literal(text)
	}
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		words, cited := strings.CutPrefix(line, mark)
		words = Literal(strings.ReplaceAll(words, mark, ""))
		if cited {
			words = "> " + strings.ReplaceAll(words, "\n", "\n> ")
		}
		lines = append(lines, words)
	}
	return strings.Join(lines, "\n")
}

// literal converts line by line, and these word by word.
type literal struct {
	src string // the line
	out []byte // of all lines so far

	formulas bool // a dollar may begin one: it may end lines below
	torn     bool // nothing in this word may be taken for an address
	word     int  // where this word begins
	end      int  // and ends
	parted   int  // what a joiner is put in front of
	escaped  int  // what must get a backslash, for the customer typed one before it
	joined   int  // what the last joiner stands in front of
}

// blockBegin is what makes a line a quotation, heading, list, rule or formula.
var blockBegin = regexp.MustCompile(`^(?:>|#{1,4}[ \t]|[-*][ \t]|\d+\.[ \t]|[ \t]*-{3,}[ \t]*$|\$\$|\\\[)`)

// beginsBlock reports whether blockBegin may match a line that begins with a byte.
func beginsBlock(c byte) bool { return strings.IndexByte(">#-*$\\ \t", c) >= 0 || '0' <= c && c <= '9' }

func (l *literal) convert() {
	l.parted, l.escaped, l.joined = -1, -1, -1
	if l.src != "" && beginsBlock(l.src[0]) && blockBegin.MatchString(l.src) {
		l.join(0)
	}
	for i := 0; i < len(l.src); {
		if l.src[i] == ' ' || l.src[i] == '\t' {
			l.out = append(l.out, l.src[i])
			i++
			continue
		}
		word, plain := nextWord(l.src[i:])
		l.word, l.end = i, i+len(word)
		if plain {
			l.out = append(l.out, word...)
		} else {
			l.convertWord()
		}
		i = l.end
	}
}

// convertWord leaves a word as it is that is an address, or has no sign of markup. In any
// other the parser might find an address that swallows a backslash or a joiner of ours, so
// there it must find none.
func (l *literal) convertWord() {
	word := l.src[l.word:l.end]
	if l.isAddress(word) {
		l.out = append(l.out, word...)
		return
	}
	// The parser would leave this out.
	if box, ok := strings.CutPrefix(word, "mailto:"); ok && mails.MatchString(box) {
		l.out = append(l.out, "mailto"+joiner+":"+box...)
		return
	}
	before, parted, joined := len(l.out), l.parted, l.joined
	l.steps()
	if string(l.out[before:]) != word && mayBeAddress.MatchString(word) && !figure.MatchString(word) {
		l.out, l.parted, l.joined, l.torn = l.out[:before], parted, joined, true
		l.steps()
		l.torn = false
	}
}

func (l *literal) steps() {
	l.escaped = -1
	for i := l.word; i < l.end; {
		i = l.step(i)
	}
}

const (
	hostLabel = `[\pL\pN]+(?:-+[\pL\pN]+)*`
	hostName  = hostLabel + `(?:\.` + hostLabel + `)+`
	mailBox   = `(?:[._%+-]+[A-Za-z0-9]+)*[_-]?@` + hostName
	mailName  = `[A-Za-z0-9]+` + mailBox
)

var (
	// mayBeAddress is where the parser may find the beginning of one.
	mayBeAddress = regexp.MustCompile(`\S\.\S|://|localhost|\+[\d(]`)
	// figure is a price or a number: what the parser makes of it holds no backslash of ours.
	figure = regexp.MustCompile(`^[(+$#€£¥-]*\d+(?:[.,]\d+){0,2}[.,;:!?%)€£¥$-]*$`)
	// addressBegin is what the parser takes for the beginning of one; a long one is looked at
	// no further, so that a hostile text takes no long time.
	addressBegin = regexp.MustCompile(`^(?:[A-Za-z0-9+-]{1,32}://|[^\s.,!%~*"':;()=$@&+#?\x60\\/|><\[\]]+\.|localhost|[^\s@]+@)`)
	// address is a word that the parser takes for a link as a whole, but for what stands
	// behind it.
	address = regexp.MustCompile(`^(?:[(\[<]*[A-Za-z][A-Za-z0-9+-]{0,31}://(?:[A-Za-z0-9$&+_#?-]+(?::[A-Za-z0-9$&+_#?-]+)?@)?(?:` + hostName + `|localhost)\S*|[(\[]*` + hostName + `[^\s@]*)$`)
	mails   = regexp.MustCompile(`^[(\[]*(?:` + mailName + `|<[A-Za-z][A-Za-z0-9]*` + mailBox + `)(?:[,;]` + mailName + `)*[.,!%"':;)=>\]]*$`)
	behind  = regexp.MustCompile(`[.,!%~*"':;()=]*$`)
)

const longestBegin = 300

// isAddress reports whether a word may stay as it is because it is an address.
func (l *literal) isAddress(word string) bool {
	if strings.Contains(word, "@") && mails.MatchString(word) {
		return true
	}
	host, _, hiding := strings.Cut(word[strings.Index(word, "://")+1:], "||") // two bars hide what stands between two of them, but for the path of an address
	if hiding && !strings.ContainsAny(strings.TrimPrefix(host, "//"), "/?#") {
		return false
	}
	return strings.ContainsAny(word, ".:") && !strings.Contains(word, `\`) && address.MatchString(word) && !strings.Contains(word, "](") && !l.hides() &&
		!strings.ContainsAny(behind.FindString(word), "*~")
}

// join keeps what stands at an offset apart from what is before it.
func (l *literal) join(i int) {
	if l.joined != i {
		l.out = append(l.out, joiner...)
		l.joined = i
	}
}

// step converts what stands at an offset, and returns the offset behind it.
func (l *literal) step(i int) int {
	_, size := utf8.DecodeRuneInString(l.src[i:])
	if i == l.parted {
		l.join(i)
	}
	if n := len(emoticon(l.src[i:])); n > 0 && l.ends(i+n) {
		l.parted = i + size
	}
	c := l.src[i]
	switch {
	case i == l.escaped, c == '.' && l.torn:
		return l.mark(i, true)
	case c == '*', c == '~', c == '`':
		return l.mark(i, strings.IndexByte(l.src[i+1:], c) >= 0)
	case c == '_':
		return l.mark(i, strings.IndexByte(l.src[i+1:], '_') >= 0 && !l.withinWord(i))
	}
	if put := putters[c]; put != nil {
		put(l, i)
	}
	l.out = append(l.out, l.src[i:i+size]...)
	return i + size
}

// putters put joiners around signs.
var putters = [256]func(*literal, int){
	'\\': putBackslash, '@': putMention, '#': putMention, ':': putColon,
	'<': putAngle, ']': putBracket, '|': putBar, '$': putDollar, '+': putPlus, 'l': putLocalhost,
}

// mark copies a sign, behind a backslash if it would count as markup otherwise.
func (l *literal) mark(i int, counts bool) int {
	if counts {
		if i > 0 && strings.IndexByte(":=", l.src[i-1]) >= 0 {
			l.join(i) // or the backslash makes it an emoticon
		}
		l.out = append(l.out, '\\')
	}
	l.out = append(l.out, l.src[i])
	return i + 1
}

// putBackslash keeps one that the customer typed: the parser takes it away in front of some
// signs, and formulas begin with it.
func putBackslash(l *literal, i int) {
	switch next := l.src[i+1:]; {
	case next == "":
	case strings.IndexByte("*_~`#.", next[0]) >= 0:
		l.escaped = i + 1
	case next[0] == '(' || next[0] == '[':
		l.parted = i + 1
	}
}

// putBracket keeps [words](address) from being read, and pictures with it.
func putBracket(l *literal, i int) {
	if strings.HasPrefix(l.src[i:], "](") {
		l.parted = i + 1
	}
}

func putBar(l *literal, i int) {
	if strings.HasPrefix(l.src[i:], "||") {
		l.parted = i + 1
	}
}

// putDollar keeps one from beginning a formula.
func putDollar(l *literal, i int) {
	if l.formulas {
		l.join(i)
	}
}

func putPlus(l *literal, i int) {
	if l.torn && i+1 < l.end && strings.IndexByte("(0123456789", l.src[i+1]) >= 0 {
		l.parted = i + 1
	}
}

func putLocalhost(l *literal, i int) {
	if l.torn && strings.HasPrefix(l.src[i:], "localhost") {
		l.parted = i + 1
	}
}

// putMention keeps an @ or a # from naming somebody or a channel.
func putMention(l *literal, i int) {
	if i+1 == l.end || l.src[i] == '#' && l.src[i+1] == '#' {
		return
	}
	l.join(i)
	if strings.IndexByte("-_.", l.src[i+1]) >= 0 {
		l.parted = i + 1
	}
}

// emojiName is what may be the name of an emoji; whether it is one, each workspace decides.
var emojiName = regexp.MustCompile(`^:[0-9a-zA-Z_+.-]+:`)

func putColon(l *literal, i int) {
	switch before, rest := l.src[:i], l.src[i:]; {
	case strings.HasSuffix(before, "mailto"):
		l.join(i)
	case strings.HasPrefix(rest, ":#") && strings.HasSuffix(before, "color"),
		strings.HasPrefix(rest, "://") && l.torn, emojiName.MatchString(rest):
		l.parted = i + 1
	}
}

// putAngle keeps <address|words> and <t:time> from being read.
func putAngle(l *literal, i int) {
	if strings.HasPrefix(l.src[i:], "<t:") || l.masks(i) {
		l.parted = i + 1
	}
}

// masks reports whether <address|words> may begin at an offset.
func (l *literal) masks(i int) bool {
	bar := strings.IndexByte(l.src[i:l.end], '|')
	if bar < 2 {
		return false
	}
	words := l.src[i+bar+1:]
	end := strings.IndexAny(words, "<|>")
	return end > 0 && words[end] == '>'
}

// hides reports whether an address stands in front of other words somewhere in this word.
func (l *literal) hides() bool {
	for i := l.word; i < l.end; i++ {
		if l.src[i] == '<' && l.masks(i) {
			return true
		}
	}
	return false
}

// withinWord reports whether a low line stands behind letters with which it is read.
func (l *literal) withinWord(i int) bool {
	begin := i
	if begin > l.word && l.src[begin-1] == '_' {
		begin--
	}
	word := begin
	for word > l.word && isASCIIWord(l.src[word-1]) {
		word--
	}
	return word < begin && !l.torn && l.joined != word && l.joined != i && (word == l.word || strings.IndexByte(freshAfter, l.src[word-1]) >= 0)
}

// freshAfter are the signs behind which the parser begins to look anew.
const freshAfter = "*_~`:<[]!()\\|"

func isASCIIWord(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// ends reports whether an emoticon may end here: not in front of words, but of addresses.
func (l *literal) ends(i int) bool {
	rest := l.src[i:]
	return rest == "" || rest[0] >= utf8.RuneSelf || strings.IndexByte(" \t*_~`:<[!(|\\@#$+", rest[0]) >= 0 ||
		emoticon(rest) != "" || addressBegin.MatchString(rest[:min(len(rest), longestBegin)])
}
