package proof_test

import (
	"bytes"
	"testing"

	"messenger-bridge/store/proof"
)

func TestRoom_WhatIsMade_NeverOverlaps(t *testing.T) {
	var r proof.Room
	for transaction := range 20 {
		var made [][]byte
		for i := range 1 + transaction*7%19 {
			n := (i*997 + transaction*131) % 20_000
			b := r.Make(n)
			if len(b) != 0 || cap(b) < n {
				t.Fatalf("asked for %d bytes, there are %d used of %d", n, len(b), cap(b))
			}
			b = append(b, bytes.Repeat([]byte{byte(i)}, n)...)
			_ = append(b, 255) // one more goes elsewhere
			made = append(made, b)
		}
		for i, b := range made {
			if len(bytes.Trim(b, string(rune(i)))) > 0 {
				t.Fatalf("transaction %d: slice %d was written over", transaction, i)
			}
		}
		r.Empty()
	}
}

func TestRoom_IsUsedAgain(t *testing.T) {
	var r proof.Room
	if n := testing.AllocsPerRun(100, func() {
		for range 50 {
			r.Make(1100)
		}
		r.Empty()
	}); n > 0 {
		t.Errorf("%v allocations a transaction", n)
	}
	var none *proof.Room
	if cap(none.Make(3)) < 3 {
		t.Error("without a room nothing is made")
	}
}
