package placeholders

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	separators = ",;:–—-·|•/،、，؛"
	endings    = ".!?…。！？؟"
	openings   = "([“‘„‚«‹\"'¡¿"
	closings   = ")]”’“‘»›\"'!?" // each closes what stands at its place in openings
)

// gap is where a text lacks what a placeholder stood for.
type gap struct {
	left, right   string // of the gap, without the space next to it
	before, after string // that space
	more          bool   // a placeholder comes behind the right side
}

// behind returns the literal text that follows a piece, which it empties, and whether
// another placeholder follows that.
func behind(pieces []piece, i int) (next *string, more bool) {
	if i+1 == len(pieces) {
		return new(string), false
	}
	if pieces[i+1].open {
		return new(string), true
	}
	return &pieces[i+1].text, i+2 < len(pieces)
}

// join closes a sentence over a gap: it returns the left side and changes the right one.
// begins says that the right one begins a sentence now.
func join(left string, right *string, more bool) (closed string, begins bool) {
	g := gap{left: left, right: *right, more: more}
	g.trim()
	for g.mend() {
		g.trim()
	}
	switch {
	case g.begins() && g.ends():
		g.dropLine()
		*right = g.right
		return g.left, false
	case g.begins(), g.ends():
		*right = g.right
	default:
		*right = g.space() + g.right
	}
	return g.left, g.begins() || strings.ContainsRune(endings+"¡¿", last(g.left))
}

// trim takes the space off both sides.
func (g *gap) trim() {
	left := strings.TrimRightFunc(g.left, blank)
	right := strings.TrimLeftFunc(g.right, blank)
	if space := g.left[len(left):]; space != "" {
		g.before = space
	}
	if space := g.right[:len(g.right)-len(right)]; space != "" {
		g.after = space
	}
	g.left, g.right = left, right
}

// blank tells space within a line.
func blank(c rune) bool { return unicode.IsSpace(c) && c != '\n' }

// begins and ends report whether a line begins or ends at the gap.
func (g *gap) begins() bool { return g.left == "" || strings.HasSuffix(g.left, "\n") }
func (g *gap) ends() bool   { return g.right == "" && !g.more || strings.HasPrefix(g.right, "\n") }

// mend takes away one mark that has lost its sense with the word, if there is one.
func (g *gap) mend() bool {
	l, r := last(g.left), first(g.right)
	switch {
	case paired(l, r):
		g.dropLeft()
		g.dropRight()
	case g.possessive():
		g.right = g.right[len(string(r))+1:]
	case g.fresh() && g.loose(r):
		g.dropRight()
	case strings.ContainsRune(separators, l) && (g.ends() || strings.ContainsRune(separators+endings+closings, r)):
		g.dropLeft()
	case g.after == "" && r == '-':
		g.dropRight()
	case g.before == "" && l == '-':
		g.dropLeft()
		g.before = " "
	default:
		return false
	}
	return true
}

// fresh reports whether a sentence begins at the gap.
func (g *gap) fresh() bool {
	return g.begins() || strings.ContainsRune(endings+"(¡¿", last(g.left))
}

// loose reports whether a mark on the right side belonged to the word. ":-)" did not.
func (g *gap) loose(r rune) bool {
	next := first(strings.TrimPrefix(g.right, string(r)))
	apart := next == utf8.RuneError || unicode.IsSpace(next)
	switch {
	case strings.ContainsRune(":;", r):
		return apart
	case strings.ContainsRune(separators, r):
		return apart || g.after == ""
	}
	return strings.ContainsRune(endings, r)
}

// possessive reports whether the right side is the 's of the word.
func (g *gap) possessive() bool {
	for _, mark := range []string{"'s", "’s"} {
		if rest, is := strings.CutPrefix(g.right, mark); is && g.after == "" && !unicode.IsLetter(first(rest)) {
			return true
		}
	}
	return false
}

// dropLine takes away a line of which nothing is left, and no more than one of the blank
// lines around it.
func (g *gap) dropLine() {
	if g.left == "" {
		g.right = strings.TrimLeftFunc(g.right, unicode.IsSpace)
		return
	}
	g.right = strings.TrimPrefix(g.right, "\n")
	if strings.HasSuffix(g.left, "\n\n") {
		g.right = strings.TrimLeft(g.right, "\n")
	}
}

// space is what stands between the two sides.
func (g *gap) space() string {
	switch {
	case strings.ContainsRune("([“„«‹¡¿", last(g.left)):
		return ""
	case g.after != "":
		return g.after
	case strings.ContainsRune(separators+endings+")]”»›", first(g.right)):
		return ""
	}
	return g.before
}

func (g *gap) dropLeft()  { g.left = g.left[:len(g.left)-len(string(last(g.left)))] }
func (g *gap) dropRight() { g.right = g.right[len(string(first(g.right))):] }

// paired reports whether two marks open and close something.
func paired(l, r rune) bool {
	open, shut := []rune(openings), []rune(closings)
	for i := range open {
		if open[i] == l && (shut[i] == r || l == '„' && r == '”' || l == '»' && r == '«') {
			return true
		}
	}
	return l == '”' && r == '”' || l == '»' && r == '«'
}

// first and last return a rune of a text; utf8.RuneError if it is empty.
func first(text string) rune { r, _ := utf8.DecodeRuneInString(text); return r }
func last(text string) rune  { r, _ := utf8.DecodeLastRuneInString(text); return r }

// raised returns a text with a capital, unless its first word is an address or has its
// own way of being written.
func raised(text string) string {
	begun := strings.TrimLeftFunc(text, blank)
	word, _, _ := strings.Cut(begun, " ")
	c := first(begun)
	if !unicode.IsLower(c) || strings.ContainsAny(word, "@:/") || strings.ContainsFunc(word, unicode.IsUpper) {
		return text
	}
	return text[:len(text)-len(begun)] + string(unicode.ToTitle(c)) + begun[len(string(c)):]
}
