package wire

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// scan reads a notification of one message that holds nothing seldom, as most are, in less than half of the time that the decoder takes.
// sure is false for everything else, which the decoder has to read: an unknown or strangely written member, white space, a value
// of another type, a second event. FuzzScan holds that both read the same.
func scan(body []byte) (all envelope, sure bool) {
	s := scanner{rest: body}
	s.envelope()
	if s.gaveUp || !s.isMessage || len(s.rest) > 0 {
		return envelope{}, false
	}
	room := new(struct { // in one piece
		entry   [1]entry
		event   [1]event
		message Message
	})
	e, m := &room.event[0], &room.message
	e.Message, room.entry[0].Messaging, all.Entry = m, room.event[:], room.entry[:]
	if all.Object = "page"; string(s.object) != `"page"` {
		_ = all.Object.UnmarshalJSON(s.object)
	}
	_ = room.entry[0].ID.UnmarshalJSON(s.id)
	_ = room.entry[0].Time.UnmarshalJSON(s.time)
	_ = e.Sender.ID.UnmarshalJSON(s.sender)
	if e.Recipient.ID = room.entry[0].ID; !bytes.Equal(s.recipient, s.id) { // it is the page, as a rule
		_ = e.Recipient.ID.UnmarshalJSON(s.recipient)
	}
	_ = e.Timestamp.UnmarshalJSON(s.timestamp)
	_ = m.Mid.UnmarshalJSON(s.mid)
	_ = m.Text.UnmarshalJSON(s.text)
	_ = m.IsEcho.UnmarshalJSON(s.isEcho)
	_ = m.App.UnmarshalJSON(s.app)
	_ = m.Metadata.UnmarshalJSON(s.metadata)
	return all, true
}

// scanner reads from the front of what is left, and notes values as they are written; of a member that comes twice, the last.
type scanner struct {
	rest   []byte
	gaveUp bool

	isMessage bool
	lists     int // that were begun
	found
}

// found are the values of a notification of one message; nil: not there.
type found struct {
	object, id, time, sender, recipient, timestamp []byte
	mid, text, isEcho, app, metadata               []byte
}

func (s *scanner) envelope() {
	for more := s.must('{'); more; more = s.take(',') {
		switch string(s.name()) {
		case "object":
			s.scalar(&s.object)
		case "entry":
			s.list(1)
			s.entry()
			s.must(']')
		default:
			s.giveUp()
		}
	}
	s.must('}')
}

func (s *scanner) entry() {
	for more := s.must('{'); more; more = s.take(',') {
		switch string(s.name()) {
		case "id":
			s.scalar(&s.id)
		case "time":
			s.scalar(&s.time)
		case "messaging":
			s.list(2)
			s.event()
			s.must(']')
		default:
			s.giveUp()
		}
	}
	s.must('}')
}

func (s *scanner) event() {
	for more := s.must('{'); more; more = s.take(',') {
		switch string(s.name()) {
		case "sender":
			s.party(&s.sender)
		case "recipient":
			s.party(&s.recipient)
		case "timestamp":
			s.scalar(&s.timestamp)
		case "message":
			s.isMessage = true
			s.message()
		default:
			s.giveUp()
		}
	}
	s.must('}')
}

func (s *scanner) party(id *[]byte) {
	for more := s.must('{'); more; more = s.take(',') {
		if string(s.name()) != "id" {
			s.giveUp()
		}
		s.scalar(id)
	}
	s.must('}')
}

func (s *scanner) message() {
	for more := s.must('{'); more; more = s.take(',') {
		switch string(s.name()) {
		case "mid":
			s.scalar(&s.mid)
		case "text":
			s.scalar(&s.text)
		case "is_echo":
			s.scalar(&s.isEcho)
		case "app_id":
			s.scalar(&s.app)
		case "metadata":
			s.scalar(&s.metadata)
		default:
			s.giveUp()
		}
	}
	s.must('}')
}

// giveUp leaves the notification to the decoder.
func (s *scanner) giveUp() { s.rest, s.gaveUp = nil, true }

// take steps over a byte, if it is the next.
func (s *scanner) take(c byte) bool {
	if len(s.rest) == 0 || s.rest[0] != c {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

// must steps over a byte, and gives up if it is not the next.
func (s *scanner) must(c byte) bool {
	took := s.take(c)
	if !took {
		s.giveUp()
	}
	return took
}

// list begins a list: the first, or the second, which stands in it.
func (s *scanner) list(number int) {
	if s.lists++; s.lists != number {
		s.giveUp()
	}
	s.must('[')
}

// name reads a member's name, as it is written, and the colon behind it.
func (s *scanner) name() (name []byte) {
	s.must('"')
	if end := bytes.IndexByte(s.rest, '"'); end >= 0 {
		name, s.rest = s.rest[:end], s.rest[end+1:]
	}
	s.must(':')
	return name
}

// scalar reads a string, a number of digits only, or a flag.
func (s *scanner) scalar(value *[]byte) {
	n := 0
	switch {
	case len(s.rest) == 0:
	case s.rest[0] == '"':
		n = lenQuoted(s.rest)
	case bytes.HasPrefix(s.rest, []byte("true")):
		n = len("true")
	case bytes.HasPrefix(s.rest, []byte("false")):
		n = len("false")
	case s.rest[0] != '0':
		n = len(s.rest) - len(bytes.TrimLeft(s.rest, "0123456789"))
	}
	if n == 0 {
		s.giveUp()
		return
	}
	*value, s.rest = s.rest[:n], s.rest[n:]
}

// lenQuoted returns how long the string is that b begins with; 0: it is none that is written rightly.
func lenQuoted(b []byte) int {
	plain, escaped := true, false
	for i, c := range b[1:] {
		switch {
		case escaped: // it ends nothing
			escaped = false
		case c == '"' && (plain || jsontext.Value(b[:i+2]).IsValid()):
			return i + 2
		case c == '"':
			return 0
		case c < ' ' || c > '~' || c == '\\':
			plain, escaped = false, c == '\\'
		}
	}
	return 0
}
