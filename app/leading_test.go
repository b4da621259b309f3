package app

import (
	"context"
	"errors"
	"testing"

	"messenger-bridge/bridge"
	"messenger-bridge/replica"
)

// TestWhileLeading_NobodyKnowsWhoLeads_MetaKeepsIt: a leader that is cut off drops by pages that are old.
func TestWhileLeading_NobodyKnowsWhoLeads_MetaKeepsIt(t *testing.T) {
	leads := true
	drops := func(context.Context, []bridge.Incoming) error { return nil }
	for _, w := range []whileLeading{{drops, nil}, {drops, func() bool { return leads }}} {
		if err := w.FromCustomer(t.Context(), nil); err != nil {
			t.Error(err)
		}
	}
	leads = false
	if err := (whileLeading{drops, func() bool { return leads }}).FromCustomer(t.Context(), nil); !errors.Is(err, replica.ErrDeposed) {
		t.Errorf("said to be taken: %v", err)
	}
}
