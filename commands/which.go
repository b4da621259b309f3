package commands

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/settings"
)

// pageFirst says how a command names a page, before everything else, and what may stand in the
// place of one if the only page is meant.
type pageFirst uint8

const (
	unnamed        pageFirst = iota // it names none
	ifNamed                         // one, or none
	beforeNothing                   // one, and at most a confirmation behind it
	beforeSetting                   // one, and behind it a setting
	beforeCustomer                  // one, and behind it a customer
)

// named puts the id of the page that a command means in front of its words: of the one that is
// named, in part, in full or by its id; or of the only one there is. Where a name fits
// several pages, it returns those; where it fits none, the words stay as they are.
func named(pages []bridge.Page, how pageFirst, rest string) (words string, several []bridge.Page) {
	if how == unnamed {
		return rest, nil
	}
	word, behind := cutWord(rest)
	if slices.ContainsFunc(pages, func(p bridge.Page) bool { return string(p.ID) == word }) {
		return rest, nil
	}
	if len(pages) == 1 && how.leftOut(word, behind) {
		return string(pages[0].ID) + " " + rest, nil
	}
	found, behind := byName(pages, rest)
	switch len(found) {
	case 0:
		if how == beforeCustomer && len(pages) == 1 && !isNumber(word) { // a customer's name
			return string(pages[0].ID) + " " + rest, nil
		}
		return rest, nil
	case 1:
		return strings.TrimSpace(string(found[0].ID) + " " + behind), nil
	}
	return rest, found
}

// leftOut reports whether what a command's words begin with stands behind a page's name, so
// that none was given.
func (how pageFirst) leftOut(word, behind string) bool {
	confirms := strings.EqualFold(word, "confirm")
	switch how {
	case beforeNothing:
		return word == "" || confirms
	case beforeSetting:
		return word == "" || settings.Find(word) != nil
	case beforeCustomer:
		next, _ := cutWord(behind)
		return word == "" || strings.Contains(word, "://") || isNumber(word) && (next == "" || strings.EqualFold(next, "confirm"))
	}
	return false
}

func isNumber(word string) bool {
	return word != "" && !strings.ContainsFunc(word, func(r rune) bool { return !unicode.IsDigit(r) })
}

// byName returns the pages whose names fit what a text begins with, and what is behind that. A
// word in quotes is the whole name, or a part; otherwise as many words count as fit.
func byName(pages []bridge.Page, text string) (found []bridge.Page, behind string) {
	if _, end := quotes(text); end > 0 {
		word, behind := cutWord(text)
		return fitting(pages, word), behind
	}
	const most = 8
	rest := text
	var ends []int // of the first words
	for len(ends) < most && rest != "" {
		_, rest = cutWord(rest)
		ends = append(ends, len(text)-len(rest))
	}
	for _, end := range slices.Backward(ends) {
		if found := fitting(pages, text[:end]); len(found) > 0 {
			return found, strings.TrimSpace(text[end:])
		}
	}
	return nil, text
}

// fitting returns the pages that are called so; if none is, those of whose names it is a part.
func fitting(pages []bridge.Page, name string) (found []bridge.Page) {
	name = folded(name)
	if name == "" || isNumber(name) { // an id that is not there is no name
		return nil
	}
	for _, p := range pages {
		if folded(p.DisplayName()) == name {
			found = append(found, p)
		}
	}
	if len(found) > 0 {
		return found
	}
	if utf8.RuneCountInString(name) < leastPart {
		return nil
	}
	for _, p := range pages {
		if strings.Contains(folded(p.DisplayName()), name) {
			found = append(found, p)
		}
	}
	return found
}

// leastPart is how many characters of a name are enough.
const leastPart = 3

// folded is a name without what nobody types on purpose.
func folded(name string) string { return strings.ToLower(strings.Join(strings.Fields(name), " ")) }

// whichOf asks which of several pages is meant.
func (c *Commands) whichOf(rest string, several []bridge.Page) bridge.Reply {
	name, _ := cutWord(rest)
	text := c.say.Say("`%s` fits several pages:", quoted(name))
	for _, p := range several {
		text += fmt.Sprintf("\n• `%s` %s", p.ID, p.PlainName())
	}
	return answer(text)
}
