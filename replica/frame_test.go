package replica_test

import (
	"bytes"
	"errors"
	"testing"

	"messenger-bridge/replica"
)

func chain(t *testing.T, key, name string) replica.Chain {
	t.Helper()
	c, err := replica.NewChain(bytes.Repeat([]byte(key), 32), name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestFrame_ComesBackAsItWas(t *testing.T) {
	c := chain(t, "k", "j")
	before := replica.Position{Seq: 6, Epoch: 3, Chain: [16]byte{1, 2}}
	bytes, after := c.Seal(before, replica.Frame{Kind: replica.Changes, Epoch: 3, Before: 6, Body: []byte("body")}, 7)
	f, at, err := c.Open(before, bytes, 7)
	if err != nil || f.Kind != replica.Changes || f.Epoch != 3 || string(f.Body) != "body" || at != after || at.Seq != 7 {
		t.Errorf("came back as %+v at %+v, error %v", f, at, err)
	}
	if kept, err := replica.ParsePosition(after.Encode()); err != nil || kept != after {
		t.Errorf("position came back as %+v, error %v", kept, err)
	}
}

// Whatever is changed of a frame, of what is before it or of the key, it is refused.
func TestFrame_AnythingElseIsRefused(t *testing.T) {
	c := chain(t, "k", "j")
	before := replica.Position{Seq: 6, Epoch: 3, Chain: [16]byte{1, 2}}
	frame, _ := c.Seal(before, replica.Frame{Kind: replica.Beat, Epoch: 3, Before: 6, Body: []byte("body")}, 7)
	refused := func(what string, c replica.Chain, at replica.Position, frame []byte) {
		if _, still, err := c.Open(at, frame, 7); !errors.Is(err, replica.ErrBroken) || still != at {
			t.Errorf("%s: error %v, position %+v", what, err, still)
		}
	}
	for i := range frame {
		changed := bytes.Clone(frame)
		changed[i] ^= 1
		refused("a changed byte", c, before, changed)
		refused("a frame cut short", c, before, frame[:i])
	}
	refused("another key", chain(t, "l", "j"), before, frame)
	refused("another journal", chain(t, "k", "i"), before, frame)
	refused("another past", c, replica.Position{Seq: 6, Epoch: 3}, frame)
	refused("another place", c, replica.Position{Seq: 5, Epoch: 3, Chain: before.Chain}, frame)
}

func TestFrame_BaseFollowsAnything(t *testing.T) {
	c := chain(t, "k", "j")
	frame, _ := c.Seal(replica.Position{}, replica.Frame{Kind: replica.Base, Epoch: 9, Before: 6}, 7)
	if _, at, err := c.Open(replica.Position{Seq: 3, Chain: [16]byte{7}}, frame, 7); err != nil || at.Epoch != 9 {
		t.Errorf("at %+v, error %v", at, err)
	}
}

func TestClaim_ComesBackAsItWas(t *testing.T) {
	claim := replica.Claim{Name: "a", URL: "http://a:1", Program: "1", Format: 2, Nonce: "n"}
	if back, err := replica.ParseClaim(claim.Encode()); err != nil || back != claim {
		t.Errorf("came back as %+v, error %v", back, err)
	}
	if _, err := replica.ParseClaim([]byte("{")); err == nil {
		t.Error("half a claim was taken")
	}
}
