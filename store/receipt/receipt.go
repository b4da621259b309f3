// Package receipt says how receipts lie in bytes: under which key stands which messages of a
// room a Messenger message is, and the other way round. messages.go of the store lists the keys.
package receipt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"

	"messenger-bridge/bridge"
	"messenger-bridge/store/layout"
)

// CutMark reads which part of which version of a message a mid is, and in which
// conversation.
func CutMark(v []byte) (version, part, conversation []byte, ok bool) {
	version, rest, _ := bytes.Cut(v, []byte{0})
	if len(rest) < 2 {
		return nil, nil, nil, false
	}
	return version, rest[:2], rest[2:], true
}

// PrintKey is where the fingerprint of the text stands which the customer has of a message.
func PrintKey(id bridge.MessageID) []byte { return append([]byte{'t'}, id...) }

// SentTag reads which part was sent; older records tell the message alone.
func SentTag(message, value []byte) bridge.SendTag {
	version, part, _, ok := CutMark(value)
	if !ok {
		return bridge.SendTag{Message: bridge.MessageID(message), Part: bridge.SomePart}
	}
	return bridge.TagOfVersion(string(version), int(binary.BigEndian.Uint16(part)))
}

// SentTo is what the keys of all begin with that was sent to a customer.
func SentTo(c bridge.Conversation) []byte { return append(append([]byte{'w'}, c.String()...), 0) }

// SentKey is where stands that a part was sent, and when.
func SentKey(sent bridge.Sent) []byte {
	key := binary.BigEndian.AppendUint64(SentTo(sent.To), uint64(max(sent.At.UnixMilli(), 0)))
	return append(key, sent.Tag.Message...)
}

// Pair is what is stored of a receipt under one key. It is not to be changed.
type Pair struct{ Key, Value []byte }

// Pairs returns what is stored of receipts.
func Pairs(receipts []bridge.Receipt) (all []Pair) {
	for i := range receipts {
		all = appendPairs(all, &receipts[i])
	}
	return all
}

func appendPairs(all []Pair, r *bridge.Receipt) []Pair {
	if all == nil {
		all = make([]Pair, 0, 2+len(r.Shown))
	}
	if r.TextHash != "" && r.Tag.Message != "" {
		all = append(all, Pair{PrintKey(r.Tag.Message), []byte(r.TextHash)})
	}
	if r.Mid == "" { // proves nothing
		return all
	}
	if r.Sent.Tag.Message != "" {
		all = append(all, Pair{SentKey(r.Sent), MarkKey('w', r.Sent.Tag)[1:]})
	}
	mid := []byte(r.Mid)
	if r.Room == "" {
		key := MarkKey('o', r.Tag)
		of := key[1:]
		if r.With.Customer != "" {
			of = append(slices.Clone(of), r.With.String()...)
		}
		return append(all, Pair{key, mid}, Pair{MidKey('i', r.Page, r.Mid), of})
	}
	if one, is := onlyOne(r); is {
		return append(all, one)
	}
	shown := r.Shown[:min(len(r.Shown), mostShown)]
	size := len(r.Room)
	for _, id := range shown {
		size += 1 + len(id)
	}
	value := append(make([]byte, 0, size), r.Room...)
	for _, id := range shown {
		value = append(append(value, 0), id...)
		all = append(all, Pair{MarkKey('o', bridge.SendTag{Message: id}), mid})
	}
	return append(all, Pair{MidKey('s', r.Page, r.Mid), value})
}

// onlyOne returns what is stored of a message that is shown as one, whose id follows from its
// own: one record is found by both.
func onlyOne(r *bridge.Receipt) (Pair, bool) {
	if len(r.Shown) != 1 || strings.Contains(string(r.Page), "\x00") || strings.Contains(string(r.Mid), "\x00") || !messageOf(r.Page, r.Mid).IsShownAs(r.Shown[0]) {
		return Pair{}, false
	}
	value := make([]byte, 0, len(r.Page)+len(r.Mid)+len(r.Room)+2)
	value = append(append(append(value, r.Page...), 0), r.Mid...)
	return Pair{OneKey(bridge.SendTag{Message: r.Shown[0]}), append(append(value, 0), r.Room...)}, true
}

// messageOf is what is known of a customer's message by its mid.
func messageOf(page bridge.PageID, mid bridge.Mid) bridge.Incoming {
	return bridge.Incoming{Conversation: bridge.Conversation{Page: page}, Key: bridge.MessageKey(mid)}
}

// OneKey is where a message stands that may be the only one as which another is shown; nil for
// what no such message can be.
func OneKey(m bridge.SendTag) []byte {
	if m != (bridge.SendTag{Message: m.Message}) {
		return nil
	}
	return append([]byte{'b'}, m.Message...)
}

// OneKeyOf is where a mid stands that is shown as one message.
func OneKeyOf(page bridge.PageID, mid bridge.Mid) []byte {
	return OneKey(bridge.SendTag{Message: messageOf(page, mid).MessageID()})
}

// CutOne reads what stands there.
func CutOne(v []byte) (page bridge.PageID, mid bridge.Mid, room bridge.RoomID) {
	first, rest, _ := bytes.Cut(v, []byte{0})
	second, third, _ := bytes.Cut(rest, []byte{0})
	return bridge.PageID(first), bridge.Mid(second), bridge.RoomID(third)
}

// mostShown bounds what is remembered of a message that is shown as very many.
const mostShown = 200

// MarkKey is where the mid of a part of a message stands.
func MarkKey(direction byte, m bridge.SendTag) []byte {
	version := m.Version()
	key := make([]byte, 0, 4+len(version))
	key = append(append(append(key, direction), version...), 0)
	return binary.BigEndian.AppendUint16(key, uint16(m.Part)) // #nosec G115 -- a message has some parts
}

// MidKey is where stands what a mid is.
func MidKey(direction byte, page bridge.PageID, mid bridge.Mid) []byte {
	key := make([]byte, 0, 2+len(page)+len(mid))
	return append(append(append(append(key, direction), page...), 0), mid...)
}

// maxID is how long an id may be.
const maxID = 4096

// Check refuses receipts that cannot be stored.
func Check(receipts []bridge.Receipt) error {
	if slices.ContainsFunc(receipts, wrong) {
		return errors.New("receipt without a message, or with ids that are too long")
	}
	return nil
}

func wrong(r bridge.Receipt) bool {
	ids := r.Shown
	if r.Room == "" {
		ids = []bridge.MessageID{r.Tag.Message}
	}
	return len(r.Mid) > maxID || len(r.With.String()) > layout.MaxLane || len(r.Page) > maxID || len(r.Room) > maxID || len(ids) == 0 ||
		r.Tag.Part < 0 || r.Tag.Part > 0xffff ||
		slices.ContainsFunc(ids, func(id bridge.MessageID) bool {
			return id == "" || len(id) > maxID || strings.Contains(string(id), "\x00")
		})
}

// Storable returns receipts without those that cannot be stored: an earlier version has accepted
// messages with ids that are none, and what is done of them must not be done for ever.
func Storable(receipts []bridge.Receipt) []bridge.Receipt {
	if Check(receipts) == nil {
		return receipts
	}
	return slices.DeleteFunc(slices.Clone(receipts), wrong)
}

// DayKey is the name of the bucket of a day, DayNumber the day of a name.
func DayKey(day uint32) []byte       { return binary.BigEndian.AppendUint32(nil, day) }
func DayNumber(dayKey []byte) uint32 { return binary.BigEndian.Uint32(dayKey) }
