package wire

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// scan reads a notification of one message that holds nothing seldom, as nearly all are; it costs a third of what the decoder
// does. sure is false for everything else, which the decoder has to read: an unknown or strangely written member, white space,
// a value of another type, a second event. FuzzScan holds that both read the same.
func scan(body []byte) (all envelope, sure bool) {
	s := scanner{rest: body}
	room := new(oneMessage)
	for more := s.must('{'); more; more = s.take(',') {
		switch string(s.name()) {
		case "object":
			_ = all.Object.UnmarshalJSON(s.scalar())
		case "entry":
			s.once(all.Entry == nil)
			all.Entry = room.entry[:]
			s.must('[')
			s.entry(&room.entry[0], room)
			s.must(']')
		default:
			s.giveUp()
		}
	}
	s.must('}')
	return all, all.Entry != nil && !s.gaveUp && len(s.rest) == 0
}

// oneMessage is the room for what scan reads, in one piece.
type oneMessage struct {
	entry   [1]entry
	event   [1]event
	message Message
}

// scanner reads from the front of what is left. Members that come twice are read into the same place, as by the decoder.
type scanner struct {
	rest   []byte
	gaveUp bool
}

func (s *scanner) entry(e *entry, room *oneMessage) {
	for more := s.must('{'); more; more = s.take(',') {
		switch string(s.name()) {
		case "id":
			_ = e.ID.UnmarshalJSON(s.scalar())
		case "time":
			_ = e.Time.UnmarshalJSON(s.scalar())
		case "messaging":
			s.once(e.Messaging == nil)
			e.Messaging = room.event[:]
			s.must('[')
			s.event(&room.event[0], room)
			s.must(']')
		default:
			s.giveUp()
		}
	}
	s.must('}')
}

func (s *scanner) event(e *event, room *oneMessage) {
	for more := s.must('{'); more; more = s.take(',') {
		switch string(s.name()) {
		case "sender":
			s.party(&e.Sender)
		case "recipient":
			s.party(&e.Recipient)
		case "timestamp":
			_ = e.Timestamp.UnmarshalJSON(s.scalar())
		case "message":
			e.Message = &room.message
			s.message(e.Message)
		default:
			s.giveUp()
		}
	}
	s.must('}')
}

func (s *scanner) party(p *Party) {
	for more := s.must('{'); more; more = s.take(',') {
		switch string(s.name()) {
		case "id":
			_ = p.ID.UnmarshalJSON(s.scalar())
		default:
			s.giveUp()
		}
	}
	s.must('}')
}

func (s *scanner) message(m *Message) {
	for more := s.must('{'); more; more = s.take(',') {
		switch string(s.name()) {
		case "mid":
			_ = m.Mid.UnmarshalJSON(s.scalar())
		case "text":
			_ = m.Text.UnmarshalJSON(s.scalar())
		case "is_echo":
			_ = m.IsEcho.UnmarshalJSON(s.scalar())
		case "app_id":
			_ = m.App.UnmarshalJSON(s.scalar())
		case "metadata":
			_ = m.Metadata.UnmarshalJSON(s.scalar())
		default:
			s.giveUp()
		}
	}
	s.must('}')
}

// giveUp leaves the notification to the decoder.
func (s *scanner) giveUp() { s.rest, s.gaveUp = nil, true }

// once gives up where a list comes for the second time.
func (s *scanner) once(first bool) {
	if !first {
		s.giveUp()
	}
}

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
func (s *scanner) scalar() (value []byte) {
	n := 0
	switch {
	case len(s.rest) == 0:
	case s.rest[0] == '"':
		n = lenQuoted(s.rest)
	case s.rest[0] == 't' && bytes.HasPrefix(s.rest, []byte("true")):
		n = len("true")
	case s.rest[0] == 'f' && bytes.HasPrefix(s.rest, []byte("false")):
		n = len("false")
	case s.rest[0] != '0':
		n = len(s.rest) - len(bytes.TrimLeft(s.rest, "0123456789"))
	}
	if n == 0 {
		s.giveUp()
		return []byte("null")
	}
	value, s.rest = s.rest[:n], s.rest[n:]
	return value
}

// lenQuoted returns how long the string is that b begins with; 0: it is none that is written rightly.
func lenQuoted(b []byte) int {
	plain := true
	for i := 1; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"' && (plain || jsontext.Value(b[:i+1]).IsValid()):
			return i + 1
		case c == '"':
			return 0
		case c == '\\':
			plain = false
			i++ // what is escaped ends nothing
		case c < ' ' || c > '~':
			plain = false
		}
	}
	return 0
}
