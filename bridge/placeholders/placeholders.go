// Package placeholders fills in what a page's texts leave open until they are sent:
// {customer}, {agent} and so on.
package placeholders

import (
	"regexp"
	"slices"
	"strings"
)

// Values are what stands in the places of a text. What is not known is empty.
type Values struct {
	Customer   string // name
	Agent      string // name, as the page's agent-name lets the customer see it
	Page       string // name
	Department string // name
	Privacy    string // address of the privacy notice
}

// names are the placeholders as they stand in texts.
var names = []string{"{customer}", "{agent}", "{page}", "{department}", "{privacy}"}

var (
	anyName = regexp.MustCompile(`\{\p{L}[\p{L}\p{N} _-]*\}`)
	known   = regexp.MustCompile(`(?i) ?(` + strings.Join(quoteAll(names), "|") + `)`)
)

func quoteAll(all []string) (quoted []string) {
	for _, one := range all {
		quoted = append(quoted, regexp.QuoteMeta(one))
	}
	return quoted
}

// Fill returns a text with its placeholders replaced. What is not known leaves no gap:
// "Hello {customer}!" becomes "Hello!".
func (v Values) Fill(text string) string {
	values, gaps := []string{v.Customer, v.Agent, v.Page, v.Department, v.Privacy}, false
	filled := known.ReplaceAllStringFunc(text, func(found string) string {
		name := strings.TrimPrefix(found, " ")
		value := values[slices.Index(names, strings.ToLower(name))]
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

// Names returns the placeholders as they are typed, {customer} first.
func Names() []string { return slices.Clone(names) }

// Unknown returns the first placeholder in a text that nothing can fill; "" if there is
// none. Braces around anything but a name are only braces.
func Unknown(text string) string {
	for _, found := range anyName.FindAllString(text, -1) {
		if !slices.Contains(names, strings.ToLower(found)) {
			return found
		}
	}
	return ""
}
