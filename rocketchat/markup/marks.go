package markup

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A mark is a run of the same character, *, _ or ~.
type mark struct {
	at   int // offset in out
	n    int // characters without a partner
	gone int // characters with a partner, to be removed from out
}

func (s *scanner) mark(i int) int {
	n := run(s.src[i:])
	for _, emoticon := range []string{`*\0/*`, `*\o/*`, `*\O/*`} {
		if strings.HasPrefix(s.src[i:], emoticon) {
			return s.copy(i, i+len(emoticon))
		}
	}
	prev, next := before(s.src, i), after(s.src, i+n)
	m := &mark{at: len(s.out), n: n}
	s.out = append(s.out, s.src[i:i+n]...)
	if n > 3 || enclosed(prev, next) {
		return i + n
	}
	s.marks = append(s.marks, m)
	if !unicode.IsSpace(prev) && !isWordRune(next) {
		s.close(s.src[i], m)
	}
	if m.n > 0 && !unicode.IsSpace(next) && !isWordRune(prev) {
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

func before(src string, i int) rune {
	if i == 0 {
		return ' '
	}
	r, _ := utf8.DecodeLastRuneInString(src[:i])
	return r
}

func after(src string, i int) rune {
	if i >= len(src) {
		return ' '
	}
	r, _ := utf8.DecodeRuneInString(src[i:])
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
