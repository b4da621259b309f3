package rooms

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"messenger-bridge/bridge"
	"messenger-bridge/textcut"
)

// longest is the first length tried when a workspace takes no message as long as one
// it was given; it does not tell its limit.
const longest = 1000

// sayText has the customer say the text, and returns the ids of all that were tried. The first
// part quotes what the whole would. A part that is refused may be there, from an attempt whose
// answer was lost, or from before the room was closed: then the next one follows.
func (r *poster) sayText(ctx context.Context, link *stay, p *posting) (tried []bridge.MessageID, err error) {
	id, quote := link.event, p.quote
	return link.inFull(bridge.Post{ID: id, Text: p.text}, link.Room, func(one bridge.Post) error {
		one.Quote = quote
		err := r.postOne(ctx, link, one)
		if one.ID != id && err != nil && (p.closed(link, err) || r.tooMuch(p.in.Refusals.Of(0), err) != nil) {
			there, failed := r.Livechat.Has(ctx, link.Visitor, link.Room, one.ID)
			if there, failed = r.undone(link, there, failed); failed != nil {
				return failed
			}
			if there {
				err = nil
			}
		}
		if err == nil {
			quote = ""
		}
		return err
	})
}

// tooLong reports whether a text was refused for its length, by Rocket.Chat or by what
// stands before it.
func tooLong(err error) bool {
	if err == nil {
		return false
	}
	r := bridge.RefusalOf(err)
	return r.Reason == bridge.TooLong || r.OfItem() && r.Answer.Status == http.StatusRequestEntityTooLarge
}

// pieces cuts a text as textcut does; whose words a line holds, the rest of it tells as well.
func pieces(text string, limit int) []string {
	all := textcut.Pieces(text, limit)
	for i := 1; i < len(all); i++ {
		before := all[i-1]
		if strings.HasPrefix(before[strings.LastIndexByte(before, '\n')+1:], bridge.CiteMark) && !strings.HasPrefix(all[i], "\n") {
			all[i] = bridge.CiteMark + all[i]
		}
	}
	return all
}

// inFull has a text said as a whole, or in parts if it is too long, and returns the ids of all that were
// tried. The parts' ids name the room, unless they are of any. A text of which a part may be there stays one in parts: the whole would stand beside it.
func (s *stay) inFull(whole bridge.Post, room bridge.RoomID, say func(bridge.Post) error) (tried []bridge.MessageID, err error) {
	tried = []bridge.MessageID{whole.ID}
	if whole.ID != s.event || !s.inParts {
		if err = say(whole); !tooLong(err) || textcut.Units(whole.Text) < 2 {
			return tried, err
		}
	}
	if whole.ID == s.event && !s.inParts {
		if failed := s.before.Parts(); failed != nil {
			return tried, failed
		}
		s.inParts = true
	}
	below := whole.ID
	if room != "" {
		below += "-" + bridge.MessageID(room)
	}
	return inParts(below, whole.Text, longest, err, say)
}

// inParts has a text said in parts that was refused for its length, and a part that is still
// refused in parts of its own, and returns the ids of all that were tried. An id tells how the
// text was cut, at most limit long, and below what: cut in another way, under other settings or in another room, it
// is shown anew, so that nothing can be left out. What we say before it is a part of its own, the one of
// number 0, since it may be another at the next attempt: that a message is late, or what it answers.
func inParts(below bridge.MessageID, text string, limit int, refused error, say func(bridge.Post) error) (tried []bridge.MessageID, err error) {
	ours, words := preface(text)
	limit = min(limit, textcut.Units(words)/2)
	if ours != "" {
		limit = max(limit, 1)
	}
	if limit == 0 {
		return []bridge.MessageID{below}, refused
	}
	var before []bridge.MessageID
	for i, piece := range slices.Insert(pieces(words, limit), 0, ours) {
		if piece == "" {
			continue
		}
		part := bridge.Post{ID: bridge.MessageID(fmt.Sprintf("%s-%dw%d", below, limit, i)), Text: piece}
		some, shorter := []bridge.MessageID{part.ID}, limit/2
		if i == 0 {
			shorter = longest
		}
		if err = say(part); tooLong(err) {
			some, err = inParts(part.ID, piece, shorter, err, say)
		}
		if err != nil {
			return append(tried, some...), err
		}
		if i == 0 {
			before = some
			continue
		}
		tried = append(tried, some...)
	}
	return append(tried, before...), nil // whoever quotes the text quotes its first words
}

// preface parts the lines of ours with which a text begins from the words that follow. A text
// without words is returned as it is.
func preface(text string) (ours, words string) {
	words = text
	for strings.HasPrefix(words, bridge.CiteMark) {
		_, words, _ = strings.Cut(words, "\n")
	}
	if words == "" || words == text {
		return "", text
	}
	return strings.TrimSuffix(strings.TrimSuffix(text, words), "\n"), words
}
