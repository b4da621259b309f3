package store_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"log/slog"
	"os"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"messenger-bridge/bridge"
	"messenger-bridge/store"
)

// inQueues returns what waits in all queues, and what was given up.
func inQueues(t *testing.T, s *store.Store) (all []bridge.Delivery) {
	t.Helper()
	for _, q := range []*store.Queue{s.Inbox(), s.Outbox(), s.Notices()} {
		all = append(all, waiting(t, q)...)
	}
	failed, err := listFailed(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range failed {
		all = append(all, bridge.Delivery{Seq: f.Seq, Lane: f.Lane, Accepted: f.Accepted, Progress: f.Progress, History: f.History})
	}
	return all
}

func TestUpgrade_IsMadeOnce(t *testing.T) {
	o, m := copyFormat1(t)
	var log bytes.Buffer
	o.Log = slog.New(slog.NewTextHandler(&log, nil))
	var before []bridge.Delivery
	for round := range 3 {
		s := open(t, o)
		now := inQueues(t, s)
		if round == 0 {
			before = now
		}
		check(t, "what waits and failed", now, before)
		if len(now) != len(m.Waiting)+len(m.Failed) {
			t.Errorf("%d wait or failed, %d did", len(now), len(m.Waiting)+len(m.Failed))
		}
		closeStore(t, s)
	}
	if n := strings.Count(log.String(), "the store was upgraded"); n != 1 {
		t.Errorf("upgraded %d times:\n%s", n, &log)
	}
}

func TestUpgrade_ThatIsCutOff_ChangesNothing(t *testing.T) {
	o, m := copyFormat1(t)
	file := func() []byte {
		t.Helper()
		content, err := os.ReadFile(o.Path)
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	before := file()
	if s, err := store.Open(o.FailingUpgrade(errors.New("broken step"))); err == nil || !strings.Contains(err.Error(), "broken step") {
		t.Errorf("opened %v, %v", s, err)
	}
	if !bytes.Equal(file(), before) {
		t.Error("the file was changed by an upgrade that failed")
	}
	read := make(chan struct{})
	s := open(t, o.OnCommit(func(update func() error) error { <-read; return update() })) // and nothing is overwritten yet
	cut := file()                                                                         // as of the commit
	close(read)
	closeStore(t, s)
	copy(cut, before[:2*4096]) // the power was cut before the page that makes the rest valid
	if err := os.WriteFile(o.Path, cut, 0o600); err != nil {
		t.Fatal(err)
	}
	s = open(t, o)
	if n := len(inQueues(t, s)); n != len(m.Waiting)+len(m.Failed) {
		t.Errorf("%d wait or failed afterwards, %d did", n, len(m.Waiting)+len(m.Failed))
	}
	if _, err := s.Outbox().Delivery(waiting(t, s.Outbox())[0].Seq); err != nil {
		t.Error(err)
	}
}

// A record that cannot be read must stop neither the upgrade nor what comes behind it.
func TestUpgrade_OfDamagedRecords_SetsThemAside(t *testing.T) {
	o, m := copyFormat1(t)
	damaged := map[uint64]string{1000: "", 1001: "\x01\x02\x03", 1002: strings.Repeat("\x01", 40), 1003: "\x09" + strings.Repeat("x", 60)}
	edit(t, o.Path, func(tx *bbolt.Tx) error {
		errs := []error{tx.Bucket([]byte("talks")).Put([]byte("100000000000001/m/200000000000001"), []byte("damaged"))}
		for n, v := range damaged {
			key := binary.BigEndian.AppendUint64(nil, n)
			errs = append(errs, tx.Bucket([]byte("inbox")).Put(key, []byte(v)), tx.Bucket([]byte("failed")).Put(key, []byte(v)))
		}
		return errors.Join(errs...)
	})
	s := open(t, o)
	if n := len(waiting(t, s.Inbox())) + len(waiting(t, s.Outbox())) + len(waiting(t, s.Notices())); n != len(m.Waiting)+len(damaged) {
		t.Errorf("%d wait", n)
	}
	for n := range damaged {
		d, err := s.Inbox().Delivery(bridge.Seq(n))
		if err != nil || d.Body != nil || d.Lane != (bridge.Lane{}) {
			t.Errorf("delivery %d: %+v, %v", n, d, err)
		}
		if err := s.Inbox().Fail(bridge.Seq(n), bridge.StoreFailed, ""); err != nil {
			t.Errorf("fail %d: %v", n, err)
		}
		if _, err := s.Failure(bridge.Seq(n)); err == nil || errors.Is(err, bridge.ErrNoFailure) && len(damaged[n]) > 18 {
			t.Errorf("failure %d: %v", n, err)
		}
	}
	if state := s.State(bridge.Conversation{Page: "100000000000001", Kind: bridge.Messages, Customer: "200000000000001"}); state != (bridge.ConversationState{}) {
		t.Errorf("remembered of a damaged one: %+v", state)
	}
}
