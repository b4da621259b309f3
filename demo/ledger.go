package demo

import (
	"regexp"
	"slices"
	"strings"
	"sync"
)

// ledger is what people have written on the page, to be compared with what arrived. What the
// bridge may change on purpose, such as markup, commands and corrections, is not in it.
type ledger struct {
	*stage

	mu   sync.Mutex          // guards the field below
	said map[string][]string // texts in their order, by a way that they go
}

// Ways that texts go: from a customer, and to one.
func fromCustomer(c customer) string { return "from " + c.Key }
func toCustomer(c customer) string   { return "to " + c.Key }

// plain are texts that arrive as they are written.
var plain = regexp.MustCompile(`^\p{L}[\p{L}\p{N} ,.?!'’-]{0,300}$`)

// note adds a text that somebody wrote.
func (l *ledger) note(way, text string) {
	if !plain.MatchString(text) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.said[way] = append(l.said[way], text)
}

// drop leaves out what was written on a way so far, because some of it is changed.
func (l *ledger) drop(way string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.said, way)
}

// pair is what was written on a way, and what of it has arrived.
type pair struct{ written, arrived []string }

// pairs are those of all ways.
func (l *ledger) pairs() (all []pair) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range customers {
		for way, arrived := range map[string][]string{fromCustomer(c): l.read(c), toCustomer(c): l.received(c)} {
			written := slices.Clone(l.said[way])
			all = append(all, pair{written, slices.DeleteFunc(arrived, func(text string) bool { return !slices.Contains(written, text) })})
		}
	}
	return all
}

// read is what Tom has read of a customer, over all chats.
func (l *ledger) read(c customer) (texts []string) {
	for _, r := range l.rc.Rooms() {
		if !l.isComments(r) && l.customerOf(r) == c {
			for _, text := range l.rc.CustomerTexts(r.ID) {
				texts = append(texts, withoutQuotations(text))
			}
		}
	}
	return texts
}

// withoutQuotations is a text without lines that the bridge puts above it.
func withoutQuotations(text string) string {
	lines := slices.DeleteFunc(strings.Split(text, "\n"), func(line string) bool { return strings.HasPrefix(line, ">") })
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

// complete reports whether everything has arrived.
func (p pair) complete() bool { return len(missing(p.arrived, p.written)) == 0 }

// once reports whether nothing has arrived more often than it was written.
func (p pair) once() bool { return len(missing(p.written, p.arrived)) == 0 }

// inOrder reports whether everything has arrived in the order in which it was written.
func (p pair) inOrder() bool { return slices.Equal(p.arrived, p.written) }

// missing is what there is more often in one list than in another.
func missing(from, of []string) (less []string) {
	from = slices.Clone(from)
	for _, text := range of {
		if i := slices.Index(from, text); i >= 0 {
			from = slices.Delete(from, i, i+1)
		} else {
			less = append(less, text)
		}
	}
	return less
}

// every reports whether something is true of all ways.
func (l *ledger) every(is func(pair) bool) bool {
	return !slices.ContainsFunc(l.pairs(), func(p pair) bool { return !is(p) })
}
