package store

import (
	"bytes"
	"log/slog"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/store/layout"
	"messenger-bridge/store/proof"
	"messenger-bridge/store/seal"
)

// FuzzRecords reads records as a damaged file, or one of an older version, may hold them:
// each is read or refused with an error, and what is sealed never opens by chance.
func FuzzRecords(f *testing.F) {
	sealer, err := seal.New(make([]byte, 32), nil)
	if err != nil {
		f.Fatal(err)
	}
	s := &file{seal: sealer, now: time.Now, tables: proof.Tables{Seal: sealer, Changes: proof.NewChanges(slog.New(slog.DiscardHandler))}}
	s.queues = newQueues(s)
	links, failures, tickets := LinkTable{s}, FailureTable{s}, s.tickets()
	key := seqKey(1)
	sealed := sealer.Seal(nil, bucketConversations, key, []byte("visitor"))
	f.Add([]byte{linkWithoutBegin, 1, 'r', 0})
	f.Add(append([]byte{linkVersion, 1, 'r', 0, 1, 'e'}, sealed...))
	f.Add([]byte{linkFirstVisitor, 1, 'r', 0, 0})
	f.Add([]byte{failedVersion, 2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 'x', 1, 0, 0})
	d := bridge.Delivery{Lane: bridge.CommandLane("ana"), History: bridge.History{Tries: 2, Reason: "busy"}}
	header := layout.AppendHeader(nil, d)
	f.Add(header)
	f.Add(sealer.Seal(proof.Head(sealer, header, bucketInbox, key), bucketInbox, key, []byte("body")))
	f.Add([]byte{1, 255, 255, 255, 255, 255, 255, 255, 255, 0})
	f.Fuzz(func(t *testing.T, v []byte) {
		var l bridge.Link
		if err := links.parseLink(key, v, &l); err == nil && l.Visitor != "" && l.Visitor != "visitor" && v[0] != linkFirstVisitor {
			t.Errorf("a visitor %q nobody has sealed", l.Visitor.Reveal())
		}
		if failure, _, err := failures.parse(key, v); err == nil {
			t.Errorf("a failure that nobody has tagged: %+v", failure)
		}
		var d bridge.Delivery
		if lane, body, err := layout.ParseRecord(v, &d); err == nil {
			rewritten, err := layout.WithHistory(v, d.History)
			lane2, body2, again := layout.ParseRecord(rewritten, new(bridge.Delivery))
			if err != nil || again != nil || !bytes.Equal(lane, lane2) || !bytes.Equal(body, body2) {
				t.Errorf("%x became %x: %v, %v", v, rewritten, err, again)
			}
		}
		if d, err := openDelivery(sealer, v, bucketOutbox, key); err == nil || d.Lane != (bridge.Lane{}) {
			t.Errorf("a delivery that nobody has tagged for this queue: %+v, %v", d, err)
		}
		if ticket, err := tickets.Read(key, v); err == nil {
			t.Errorf("a ticket nobody has sealed: %+v", ticket)
		}
	})
}
