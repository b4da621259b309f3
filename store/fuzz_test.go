package store

import (
	"testing"
	"time"

	"messenger-bridge/bridge"
)

// FuzzRecords reads records as a damaged file, or one of an older version, may hold them:
// each is read or refused with an error, and what is sealed never opens by chance.
func FuzzRecords(f *testing.F) {
	seal, err := newSealer(make([]byte, 32))
	if err != nil {
		f.Fatal(err)
	}
	s := &Store{seal: seal, now: time.Now}
	s.inbox, s.outbox, s.notices = &Queue{s: s, direction: "in"}, &Queue{s: s, direction: "out"}, &Queue{s: s, direction: "notice"}
	key := seqKey(1)
	sealed := seal.seal(nil, bucketConversations, key, []byte("visitor"))
	f.Add([]byte{linkWithoutBegin, 1, 'r', 0})
	f.Add(append([]byte{linkVersion, 1, 'r', 0, 1, 'e'}, sealed...))
	f.Add([]byte{failedVersion, 2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 'x', 1, 0, 0})
	f.Add([]byte{ticketVersion, 255, 255, 255, 255, 255, 255, 255, 255, 0})
	f.Fuzz(func(t *testing.T, v []byte) {
		var l bridge.Link
		if err := s.parseLink(key, v, &l); err == nil && l.Visitor != "" && l.Visitor != "visitor" {
			t.Errorf("a visitor %q nobody has sealed", l.Visitor.Reveal())
		}
		if failure, _, err := s.parseFailure(key, v); err == nil && failure.Direction == "" {
			t.Error("a failure in no direction")
		}
		_, _, _, _ = parseRecord(v)
		_, _ = s.delivery(v, bucketConversations, key)
		if ticket, err := s.readTicket(key, v); err == nil {
			t.Errorf("a ticket nobody has sealed: %+v", ticket)
		}
	})
}
