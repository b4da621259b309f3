package trail

import (
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"messenger-bridge/bridge"
	"messenger-bridge/store/changes"
)

// A day that is over goes with the next transaction if the first that lets it go fails.
func TestWrite_TransactionFails_WhatIsOverGoesWithTheNext(t *testing.T) {
	db, err := bbolt.Open(filepath.Join(t.TempDir(), "bolt.db"), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	trail := New(File{Wake: func() {}})
	at := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	write := func(end func(*bbolt.Tx) error, durable bool) (days int) {
		t.Helper()
		trail.Note(bridge.Conversation{Page: "1", Kind: bridge.Messages, Customer: "2"}, bridge.Step{At: at, Accepted: at, Direction: bridge.In, Kind: bridge.StepDone})
		tx, err := db.Begin(true)
		if err != nil {
			t.Fatal(err)
		}
		if err := trail.Write(&changes.Transaction{Tx: tx}, at); err != nil {
			t.Fatal(err)
		}
		if err := end(tx); err != nil {
			t.Fatal(err)
		}
		trail.Settle(durable)
		_ = db.View(func(tx *bbolt.Tx) error {
			return tx.Bucket(Bucket).ForEachBucket(func([]byte) error { days++; return nil })
		})
		return days
	}
	write((*bbolt.Tx).Commit, true)
	at = at.Add(32 * 24 * time.Hour)
	if days := write((*bbolt.Tx).Rollback, false); days != 1 {
		t.Fatalf("%d days after a transaction without effect", days)
	}
	if days := write((*bbolt.Tx).Commit, true); days != 1 {
		t.Errorf("%d days are in the file, and one of them is today", days)
	}
}
