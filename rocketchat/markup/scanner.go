package markup

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// inline converts what stands within one line.
func (r Reader) inline(line string) string { return r.convert(line, true) }

// convert is inline for a part of a line, in which links are to be converted or not.
func (r Reader) convert(line string, links bool) string {
	s := scanner{reader: r, src: line, links: links, open: make(map[byte][]*mark)}
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
	reader Reader

	src   string
	links bool        // to be converted; not in the text of a link
	pairs map[int]int // opening to closing bracket

	words int // length without white space around; 0: not known yet

	out     []byte
	written int // length of out behind the last thing that is not a mark
	emoji   int // offset behind the last emoji

	noFormula, noBars bool // what ends a formula or a spoiler does not come any more

	marks []*mark          // in the order of src
	open  map[byte][]*mark // those that may still be closed
}

func (s *scanner) step(i int) int {
	switch c := s.src[i]; {
	case c == '\\':
		return s.escape(i)
	case c == '|':
		return s.spoiler(i)
	case c == '`':
		return s.code(i)
	case c == '!' && s.links, c == '[' && s.links:
		return s.link(i)
	case c == '<':
		return s.angle(i)
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
	rest := s.src[i+1:]
	switch {
	case rest == "":
	case strings.IndexByte("*_~`#.", rest[0]) >= 0:
		return s.copy(i+1, i+2)
	case rest[0] == '(' && !s.noFormula:
		end := strings.Index(rest, `\)`)
		s.noFormula = end < 0
		if end > 1 {
			s.write(rest[1:end])
			return i + 1 + end + len(`\)`)
		}
	}
	return s.copy(i, i+1)
}

// code takes over what stands between two backticks. Of several in a row, the last begins it.
func (s *scanner) code(i int) int {
	begin := i + run(s.src[i:])
	length := strings.IndexByte(s.src[begin:], '`')
	if length < 0 {
		return s.copy(i, begin)
	}
	s.copy(i, begin-1)
	return s.copy(begin, begin+length) + 1
}

// spoiler converts what stands between two pairs of bars. Like other marks they stand at the
// borders of words; those of a || b || c are signs.
func (s *scanner) spoiler(i int) int {
	begin := i + len(bars)
	if s.noBars || !strings.HasPrefix(s.src[i:], bars) {
		return s.copy(i, i+1)
	}
	length := strings.Index(s.src[begin:], bars)
	if length < 0 {
		s.noBars = true
		return s.copy(i, begin)
	}
	end := begin + length
	said := s.src[begin:end]
	spaced := unicode.IsSpace(after(s.src, begin)) || unicode.IsSpace(before(s.src, end))
	if strings.TrimSpace(said) == "" || spaced && !s.alone(i, end+len(bars)) || isWordRune(before(s.src, i)) || isWordRune(after(s.src, end+len(bars))) {
		return s.copy(i, begin)
	}
	s.write(s.reader.convert(said, s.links))
	return end + len(bars)
}

// alone reports whether there is nothing but white space around a part of the line.
func (s *scanner) alone(begin, end int) bool {
	if s.words == 0 {
		s.words = len(strings.TrimSpace(s.src))
	}
	return s.words == end-begin
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
	s.write(linkText(s.reader.convert(s.src[begin+1:middle], false), to))
	return end + 1
}

// angle converts <address|text> and timestamps.
func (s *scanner) angle(i int) int {
	if length, said := s.reader.moment(s.src[i:]); length > 0 {
		s.write(said)
		return i + length
	}
	if !s.links {
		return s.copy(i, i+1)
	}
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
	prev := before(s.src, i)
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
	emoji := emojis()[s.src[i+1:end]].emoji
	if emoji == "" || isWordRune(after(s.src, end+1)) {
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
	if isWordRune(before(s.src, i)) {
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
