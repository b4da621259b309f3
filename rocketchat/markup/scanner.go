package markup

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// plainInline converts what stands within one line.
func plainInline(line string, links bool) string {
	s := scanner{src: line, links: links, open: make(map[byte][]*mark)}
	if links && strings.Contains(line, "](") {
		s.pairs = bracketPairs(line)
	}
	for i := 0; i < len(line); {
		i = s.step(i)
	}
	return s.result()
}

// A scanner converts one line. Each of its steps takes the offset of something in
// src, writes what becomes of it, and returns the offset behind it.
type scanner struct {
	src   string
	links bool        // to be converted; not in the text of a link
	pairs map[int]int // opening to closing bracket

	out     []byte
	written int     // length of out behind the last thing that is not a mark
	emoji   int     // offset behind the last emoji
	noCode  [4]bool // so many backticks do not come again

	marks []*mark          // in the order of src
	open  map[byte][]*mark // those that may still be closed
}

// A mark is a run of the same character, *, _ or ~.
type mark struct {
	at   int // offset in out
	n    int // characters without a partner
	gone int // characters with a partner, to be removed from out
}

func (s *scanner) step(i int) int {
	switch c := s.src[i]; {
	case c == '\\':
		return s.escape(i)
	case c == '`':
		return s.code(i)
	case c == '!' && s.links, c == '[' && s.links:
		return s.link(i)
	case c == '<' && s.links:
		return s.angleLink(i)
	case c == ':':
		return s.shortName(i)
	case c == '@', c == '#':
		return s.mention(i)
	case c == '*', c == '_', c == '~':
		return s.mark(i)
	case c < utf8.RuneSelf && isWordRune(rune(c)):
		return s.address(i)
	}
	_, size := utf8.DecodeRuneInString(s.src[i:])
	return s.copy(i, i+size)
}

func (s *scanner) write(text string) {
	s.out = append(s.out, text...)
	s.written = len(s.out)
}

func (s *scanner) copy(i, end int) int {
	s.write(s.src[i:end])
	return end
}

func (s *scanner) escape(i int) int {
	if i+1 < len(s.src) && strings.IndexByte("*_~`#.", s.src[i+1]) >= 0 {
		return s.copy(i+1, i+2)
	}
	return s.copy(i, i+1)
}

func (s *scanner) code(i int) int {
	begin := i + run(s.src[i:])
	n := begin - i
	if n >= len(s.noCode) || s.noCode[n] {
		return s.copy(i, begin)
	}
	for end := begin; end < len(s.src); {
		next := strings.IndexByte(s.src[end:], '`')
		if next < 0 {
			break
		}
		end += next
		if m := run(s.src[end:]); m != n {
			end += m
			continue
		}
		s.copy(begin, end)
		return end + n
	}
	s.noCode[n] = true
	return s.copy(i, begin)
}

// link converts [text](address) and ![text](address).
func (s *scanner) link(i int) int {
	begin := i
	if s.src[i] == '!' {
		begin++
	}
	middle, ok := s.pairs[begin] // of "](", only these are kept
	if !ok {
		return s.copy(i, i+1)
	}
	end, ok := s.pairs[middle+1]
	if !ok {
		return s.copy(i, i+1)
	}
	to := s.src[middle+2 : end]
	if !linkTarget.MatchString(to) {
		return s.copy(i, i+1)
	}
	s.write(linkText(plainInline(s.src[begin+1:middle], false), to))
	return end + 1
}

// angleLink converts <address|text>.
func (s *scanner) angleLink(i int) int {
	to := s.src[i+1:]
	middle := strings.IndexAny(to, "<|> \t")
	if middle < 0 || to[middle] != '|' {
		return s.copy(i, i+1)
	}
	text := to[middle+1:]
	end := strings.IndexAny(text, "<|>")
	if end < 0 || text[end] != '>' || !linkTarget.MatchString(to[:middle]) {
		return s.copy(i, i+1)
	}
	s.write(linkText(text[:end], to[:middle]))
	return i + 1 + middle + 1 + end + 1
}

// linkTarget is what Rocket.Chat takes for the address of a link: a scheme, a
// telephone number or a host. A path is not.
var linkTarget = regexp.MustCompile(`^(?:[a-zA-Z0-9+-]{1,32}:.|\+[0-9(]|localhost|(?:[\pL\pN_-]+\.)+[\pL\pN-]+(?:[:/?#]|$))`)

func linkText(text, to string) string {
	text = strings.TrimSpace(text)
	shown := strings.TrimPrefix(strings.TrimPrefix(to, "mailto:"), "tel:")
	if text == "" || bareAddress(text) == bareAddress(shown) {
		return shown
	}
	return text + " (" + shown + ")"
}

func bareAddress(s string) string {
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(s, "https://"), "http://"), "/")
}

// bracketPairs finds the partners of those square brackets that are followed by a
// round one, and of round ones without white space in between.
func bracketPairs(line string) map[int]int {
	pairs := make(map[int]int)
	var square, round []int
	for i := range len(line) {
		switch line[i] {
		case '[':
			square = append(square, i)
		case ']':
			if n := len(square); n > 0 {
				if strings.HasPrefix(line[i+1:], "(") {
					pairs[square[n-1]] = i
				}
				square = square[:n-1]
			}
		case '(':
			round = append(round, i)
		case ')':
			if n := len(round); n > 0 {
				pairs[round[n-1]] = i
				round = round[:n-1]
			}
		case ' ', '\t', '\r':
			round = round[:0]
		}
	}
	return pairs
}

// shortNameMax is more than the longest name has.
const shortNameMax = 100

func (s *scanner) shortName(i int) int {
	prev := s.before(i)
	if isWordRune(prev) || prev == ':' && s.emoji != i {
		return s.copy(i, i+1)
	}
	end := i + 1
	for end < len(s.src) && end-i < shortNameMax && (isNameByte(s.src[end]) || s.src[end] >= utf8.RuneSelf) { // :piñata:
		end++
	}
	if end == i+1 || end == len(s.src) || s.src[end] != ':' {
		return s.copy(i, i+1)
	}
	emoji, ok := emojis()[s.src[i+1:end]]
	if !ok || isWordRune(s.after(end+1)) {
		return s.copy(i, end) // a name has no marks in it
	}
	s.write(emoji)
	s.emoji = end + 1
	return end + 1
}

func isNameByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-_+.", c) >= 0
}

// mention keeps @anna_b_ and #a_channel as they are. An underscore behind may be
// a mark as well as a part of the name; without a partner it stays anyway.
func (s *scanner) mention(i int) int {
	if isWordRune(s.before(i)) {
		return s.copy(i, i+1)
	}
	name := s.src[i+1:]
	if end := strings.IndexFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_.", r)
	}); end >= 0 {
		name = name[:end]
	}
	return s.copy(i, i+1+len(strings.TrimRight(name, "_")))
}

// address keeps URLs as they are, also without a scheme if a path follows. It
// begins at any ASCII letter or digit.
func (s *scanner) address(i int) int {
	end := i
	for end < len(s.src) && s.src[end] != '_' && isNameByte(s.src[end]) {
		end++
	}
	if rest := s.src[end:]; !strings.HasPrefix(rest, "://") &&
		(!strings.HasPrefix(rest, "/") && !strings.HasPrefix(rest, ":") || !host.MatchString(s.src[i:end])) {
		return s.copy(i, end)
	}
	url := s.src[i:]
	if space := strings.IndexFunc(url, func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune("<>|\"`", r)
	}); space >= 0 {
		url = url[:space]
	}
	return s.copy(i, max(end, i+len(strings.TrimRight(url, ".,!?%*~_'\\:;()[]{}="))))
}

var host = regexp.MustCompile(`^(?:[a-zA-Z0-9-]+\.)+[a-zA-Z]{2,}$`)

func (s *scanner) mark(i int) int {
	n := run(s.src[i:])
	for _, emoticon := range []string{`*\0/*`, `*\o/*`, `*\O/*`} {
		if strings.HasPrefix(s.src[i:], emoticon) {
			return s.copy(i, i+len(emoticon))
		}
	}
	before, after := s.before(i), s.after(i+n)
	m := &mark{at: len(s.out), n: n}
	s.out = append(s.out, s.src[i:i+n]...)
	if n > 3 || enclosed(before, after) {
		return i + n
	}
	s.marks = append(s.marks, m)
	if !unicode.IsSpace(before) && !isWordRune(after) {
		s.close(s.src[i], m)
	}
	if m.n > 0 && !unicode.IsSpace(after) && !isWordRune(before) {
		s.open[s.src[i]] = append(s.open[s.src[i]], m)
	}
	return i + n
}

// enclosed says whether a mark between these means itself: (*) "*" ^_^ -__- >_<
func enclosed(before, after rune) bool {
	opening := strings.IndexRune("([{<>„‚«“‘", before)
	if opening >= 0 && strings.IndexRune(")]}><“‘»”’", after) == opening {
		return true
	}
	return before == after && before < utf8.RuneSelf && before != ' ' && !isWordRune(before)
}

// close finds partners for m, the nearest first.
func (s *scanner) close(c byte, m *mark) {
	for m.n > 0 && len(s.open[c]) > 0 {
		last := len(s.open[c]) - 1
		o := s.open[c][last]
		if s.written <= o.at {
			return // there is nothing in between
		}
		n := min(m.n, o.n)
		for _, x := range []*mark{m, o} {
			x.n -= n
			x.gone += n
		}
		if o.n == 0 {
			s.open[c] = s.open[c][:last]
		}
		for other, open := range s.open { // what was opened in between stays as it is
			for len(open) > 0 && open[len(open)-1].at > o.at {
				open = open[:len(open)-1]
			}
			s.open[other] = open
		}
	}
}

// result is what was written, without the marks that have found a partner.
func (s *scanner) result() string {
	var b strings.Builder
	done := 0
	for _, m := range s.marks {
		b.Write(s.out[done:m.at])
		done = m.at + m.gone
	}
	b.Write(s.out[done:])
	return b.String()
}

// before and after return the code point next to an offset; a space at the ends.

func (s *scanner) before(i int) rune {
	if i == 0 {
		return ' '
	}
	r, _ := utf8.DecodeLastRuneInString(s.src[:i])
	return r
}

func (s *scanner) after(i int) rune {
	if i >= len(s.src) {
		return ' '
	}
	r, _ := utf8.DecodeRuneInString(s.src[i:])
	return r
}

// run counts how often the first byte is repeated.
func run(s string) int {
	return len(s) - len(strings.TrimLeft(s, s[:1]))
}

// isWordRune says whether r belongs to a word, so that a mark next to it is none.
// Scripts without spaces between words do not count: there, marks stand between
// letters. (In Korean they are followed by particles.)
func isWordRune(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	}
	if unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul,
		unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar) {
		return false
	}
	if unicode.IsMark(r) { // of a letter, or of an emoji
		return r != '\u20e3' && !unicode.Is(unicode.Variation_Selector, r)
	}
	return unicode.IsLetter(r) || unicode.IsNumber(r)
}
