package markup

import (
	"regexp"
	"strings"
)

// blocks converts a message line by line.
type blocks struct {
	reader Reader
	lines  []string // that are left
	out    []string

	noFormula bool // no line that is left ends one
	noSpoiler bool // no line that is left ends one, until the next that is empty
}

// next converts the next block, or else the next line.
func (b *blocks) next() {
	line := b.lines[0]
	switch {
	case strings.HasPrefix(line, fence) && b.code(), strings.HasPrefix(line, bars) && b.spoiler(),
		strings.HasPrefix(line, `\[`) && b.formula(), strings.HasPrefix(line, "|") && b.table():
		return
	}
	b.noSpoiler = b.noSpoiler && strings.TrimSpace(line) != ""
	b.out = append(b.out, b.reader.inline(withoutHeading(line)))
	b.lines = b.lines[1:]
}

// goOn continues with a line behind what ended within it.
func (b *blocks) goOn(end int, rest string) {
	b.lines[end] = rest
	b.lines = b.lines[end:]
	if strings.TrimSpace(rest) == "" {
		b.lines = b.lines[1:]
	}
}

const fence = "```"

var fenceBegin = regexp.MustCompile("^```[a-zA-Z0-9 _.-]*\r?$")

// code takes a code block over as it is.
func (b *blocks) code() bool {
	end := fenceEnd(b.lines)
	if end == 0 {
		return false
	}
	b.out = append(b.out, b.lines[1:end]...)
	b.goOn(end, b.lines[end][len(fence):])
	return true
}

// fenceEnd returns the index of the line that ends the code block which begins
// with the first line; 0 if none does.
func fenceEnd(lines []string) int {
	if !fenceBegin.MatchString(lines[0]) {
		return 0
	}
	empty := true // nothing in between is no block
	for i := 1; i < len(lines); i++ {
		switch {
		case !strings.HasPrefix(lines[i], fence):
			empty = empty && strings.TrimSpace(lines[i]) == ""
		case empty:
			return 0
		default:
			return i
		}
	}
	return 0
}

const bars = "||"

// spoiler converts what stands between two lines of bars.
func (b *blocks) spoiler() bool {
	if b.noSpoiler || strings.TrimRight(b.lines[0], "\r") != bars {
		return false
	}
	for i, line := range b.lines[1:] {
		switch {
		case strings.HasPrefix(line, bars) && i > 0:
			for _, said := range b.lines[1 : i+1] {
				b.out = append(b.out, b.reader.inline(said))
			}
			b.goOn(i+1, line[len(bars):])
			return true
		case strings.HasPrefix(line, bars):
			return false
		case strings.TrimSpace(line) == "":
			b.noSpoiler = true
			return false
		}
	}
	b.noSpoiler = true
	return false
}

// formula takes over a formula that has its lines for itself, without what encloses it.
func (b *blocks) formula() bool {
	if b.noFormula {
		return false
	}
	for i, line := range b.lines {
		begin := 0
		if i == 0 {
			begin = len(`\[`)
		}
		end := strings.Index(line[begin:], `\]`)
		if end < 0 {
			continue
		}
		rest := line[begin+end+len(`\]`):]
		b.lines[i] = line[:begin+end]
		b.lines[0] = b.lines[0][len(`\[`):]
		formula := strings.Trim(strings.Join(b.lines[:i+1], "\n"), "\r\n")
		if strings.TrimSpace(formula) != "" {
			b.out = append(b.out, formula)
		}
		b.goOn(i, rest)
		return true
	}
	b.noFormula = true
	return false
}

var (
	tableRow   = regexp.MustCompile(`^\|.*\|[ \t\r]*$`)
	tableRule  = regexp.MustCompile(`^\|(?:[ \t]*:?-+:?[ \t]*\|)+[ \t\r]*$`)
	tableCells = regexp.MustCompile(`(?:\\.|[^\\|])+|[\\|]`)
)

// table leaves out the line between the head of a table and its rows, and converts each
// cell for itself.
func (b *blocks) table() bool {
	if len(b.lines) < 2 || !tableRule.MatchString(b.lines[1]) || !tableRow.MatchString(b.lines[0]) {
		return false
	}
	b.row(b.lines[0])
	b.lines = b.lines[2:]
	for len(b.lines) > 0 && tableRow.MatchString(b.lines[0]) {
		b.row(b.lines[0])
		b.lines = b.lines[1:]
	}
	return true
}

func (b *blocks) row(line string) {
	cells := tableCells.FindAllString(line, -1)
	for i, cell := range cells {
		if cell != "|" {
			cells[i] = b.reader.inline(strings.ReplaceAll(cell, `\|`, "|"))
		}
	}
	b.out = append(b.out, strings.Join(cells, ""))
}

func withoutHeading(line string) string {
	text := strings.TrimLeft(line, "#")
	if level := len(line) - len(text); level < 1 || level > 4 {
		return line
	}
	if heading := strings.TrimLeft(text, " \t"); heading != text && strings.TrimSpace(heading) != "" {
		return heading
	}
	return line
}
