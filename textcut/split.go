// Package textcut counts and cuts texts in UTF-16 code units, as Messenger and
// Rocket.Chat count them.
package textcut

import (
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// Split cuts text into parts to be read one by one: each has at most limit
// UTF-16 code units, is not empty, and neither begins nor ends with white space
// (as in unicode.IsSpace). White space alone gives no part. A limit below 2 counts
// as 2, the most that a code point needs.
//
// First, each run of invalid UTF-8 becomes one U+FFFD. Of the result, the parts
// are substrings, in order and without overlap, and what lies before, between and
// after them is white space, or nothing. A text that fits, once trimmed, is one part.
//
// A part ends, if possible, at the last paragraph in its second half, else line,
// else sentence, else word. A word that would fit into one part (think of a link)
// is not cut, even if the part before it becomes short. Where there is nothing of
// that kind, the cut is between two graphemes; only a grapheme that is longer than
// the limit is cut itself, between two code points. It takes linear time.
func Split(text string, limit int) []string {
	limit = max(limit, 2)
	text = strings.TrimSpace(strings.ToValidUTF8(text, string(utf8.RuneError)))
	if Units(text) <= limit {
		if text == "" {
			return nil
		}
		return []string{text}
	}

	var parts []string
	atoms := atomize(text, limit)
	for start := 0; len(atoms) > 0; {
		n := firstPart(atoms, limit, true)
		end := atoms[n-1].end
		if part := strings.TrimSpace(text[start:end]); part != "" {
			parts = append(parts, part)
		}
		start, atoms = end, atoms[n:]
	}
	return parts
}

// Pieces cuts text as Split does, but leaves nothing out: joined, the pieces are the
// text, each run of invalid UTF-8 in it replaced. An empty text is one piece, and so is
// a code point that alone is longer than the limit.
func Pieces(text string, limit int) []string {
	limit = max(limit, 1)
	text = strings.ToValidUTF8(text, string(utf8.RuneError))
	if Units(text) <= limit {
		return []string{text}
	}
	var pieces []string
	atoms := atomize(text, limit)
	for start := 0; len(atoms) > 0; {
		n := firstPart(atoms, limit, false)
		end := atoms[n-1].end
		pieces = append(pieces, text[start:end])
		start, atoms = end, atoms[n:]
	}
	return pieces
}

// Prefix returns the longest beginning of text that has at most limit UTF-16 code
// units. It looks at code points alone, and at nothing behind the cut.
func Prefix(text string, limit int) string {
	n := 0
	for i, r := range text {
		if n += utf16.RuneLen(r); n > limit {
			return text[:i]
		}
	}
	return text
}

// An atom is what a cut does not divide: a grapheme, or a code point of one that
// is longer than the limit.
type atom struct {
	end   int // offset in the text
	units int // UTF-16 code units
	space bool
	rank  cutRank // of a cut behind it
}

type cutRank byte

const (
	anywhere cutRank = iota
	atWord
	atSentence
	atLine
	atParagraph
)

func atomize(text string, limit int) []atom {
	atoms := make([]atom, 0, len(text))
	r := ranker{rest: text, state: -1}
	for rest, state, end := text, -1, 0; rest != ""; {
		var cluster string
		cluster, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if n := Units(cluster); n <= limit {
			end += len(cluster)
			atoms = append(atoms, atom{end, n, isBlank(cluster), r.rank(cluster, end)})
			continue
		}
		for _, c := range cluster {
			end += utf8.RuneLen(c)
			atoms = append(atoms, atom{end, utf16.RuneLen(c), unicode.IsSpace(c), r.rank(string(c), end)})
		}
	}
	return atoms
}

// firstPart says how many of the atoms, one at least, make up the next part; if it is
// to be trimmed, with the white space around it, which need not fit.
func firstPart(atoms []atom, limit int, trimmed bool) int {
	first := 0
	for trimmed && first < len(atoms) && atoms[first].space {
		first++
	}
	size, n := 0, first
	for n < len(atoms) && size+atoms[n].units <= limit {
		size += atoms[n].units
		n++
	}
	if n == first && n < len(atoms) { // longer than the limit: a part all the same
		size += atoms[n].units
		n++
	}
	for trimmed && n < len(atoms) && atoms[n].space {
		size += atoms[n].units
		n++
	}
	if n == len(atoms) {
		return n
	}

	i, best, rank := n, n, anywhere
	for ; i > first && size > limit/2; i-- {
		if atoms[i-1].rank > rank {
			best, rank = i, atoms[i-1].rank
		}
		size -= atoms[i-1].units
	}
	for ; i > first && rank == anywhere; i-- {
		if rank = atoms[i-1].rank; rank > anywhere && wordFits(atoms[i:], limit) {
			best = i
		}
	}
	return best
}

// wordFits says whether the first word is within the limit.
func wordFits(atoms []atom, limit int) bool {
	size := 0
	for _, a := range atoms {
		if !a.space {
			size += a.units
		}
		if size > limit {
			return false
		}
		if a.rank > anywhere {
			break
		}
	}
	return true
}

// A ranker sees the graphemes of a text one after the other.
type ranker struct {
	rest  string // not yet divided into what has to stay in one line
	state int    // of this division
	end   int    // of the last piece

	stop  bool // the last visible grapheme ends a sentence
	lines int  // line ends since
}

// rank judges a cut behind this grapheme, which ends at this offset.
func (r *ranker) rank(cluster string, end int) cutRank {
	for r.end < end {
		var piece string
		piece, r.rest, _, r.state = uniseg.FirstLineSegmentInString(r.rest, r.state)
		r.end += len(piece)
	}
	last, _ := utf8.DecodeLastRuneInString(cluster)
	may := r.end == end && last >= utf8.RuneSelf // in ASCII it would divide links, at each slash
	switch {
	case isBlank(cluster):
		r.lines += lineEnds(last)
		may = !strings.ContainsRune("\u00a0\u2007\u202f", last) // Unicode's no-break spaces
	case unicode.Is(unicode.STerm, last) || last == '…':
		r.stop, r.lines = true, 0
	default: // a quotation mark or bracket may close the sentence
		r.stop = r.stop && r.lines == 0 && (unicode.In(last, unicode.Pe, unicode.Pf) || last == '"' || last == '\'')
		r.lines = 0
	}
	switch {
	case !may:
		return anywhere
	case r.lines > 1:
		return atParagraph
	case r.lines == 1:
		return atLine
	case r.stop:
		return atSentence
	}
	return atWord
}

func lineEnds(r rune) int {
	switch r {
	case '\n', '\r', '\v', '\f', '\u0085', '\u2028':
		return 1
	case '\u2029': // paragraph separator
		return 2
	}
	return 0
}

func isBlank(s string) bool {
	return strings.TrimSpace(s) == ""
}

// Units counts UTF-16 code units, as JavaScript's length does. A byte that is no
// UTF-8 counts as one.
func Units(s string) (n int) {
	for _, r := range s {
		n += utf16.RuneLen(r)
	}
	return n
}
