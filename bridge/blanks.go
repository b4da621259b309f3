package bridge

import (
	"regexp"
	"slices"
	"strings"
)

// Blanks are what a page's texts leave open until they are sent. What is not known
// is empty.
type Blanks struct {
	Customer   string // name
	Agent      string // name, as the page's agent-name lets the customer see it
	Page       string // name
	Department string // name
	Privacy    string // address of the privacy notice
}

// blanks are their names in texts.
var blanks = []string{"{customer}", "{agent}", "{page}", "{department}", "{privacy}"}

var (
	anyBlank  = regexp.MustCompile(`\{\p{L}[\p{L}\p{N} _-]*\}`)
	fillBlank = regexp.MustCompile(`(?i) ?(` + strings.Join(quoteAll(blanks), "|") + `)`)
)

func quoteAll(all []string) (quoted []string) {
	for _, one := range all {
		quoted = append(quoted, regexp.QuoteMeta(one))
	}
	return quoted
}

// Fill returns a text with its blanks filled in. What is not known leaves no gap:
// "Hello {customer}!" becomes "Hello!".
func (b Blanks) Fill(text string) string {
	values, gaps := []string{b.Customer, b.Agent, b.Page, b.Department, b.Privacy}, false
	filled := fillBlank.ReplaceAllStringFunc(text, func(found string) string {
		name := strings.TrimPrefix(found, " ")
		value := values[slices.Index(blanks, strings.ToLower(name))]
		if value == "" {
			gaps = true
			return ""
		}
		return strings.TrimSuffix(found, name) + value
	})
	if gaps { // at the beginning of a line, the space stood behind
		lines := strings.Split(filled, "\n")
		for i := range lines {
			lines[i] = strings.TrimSpace(lines[i])
		}
		filled = strings.Join(lines, "\n")
	}
	return strings.TrimSpace(filled)
}

// unknownBlank returns the first blank in a text that nothing can fill; "" if there
// is none. Braces around anything but a name are only braces.
func unknownBlank(text string) string {
	for _, found := range anyBlank.FindAllString(text, -1) {
		if !slices.Contains(blanks, strings.ToLower(found)) {
			return found
		}
	}
	return ""
}
