package replica

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// Kind says what a frame holds.
type Kind byte

// The kinds of frames. Their numbers stand in journals.
const (
	Changes Kind = 1 + iota // changes of the store, or the last part of them
	Part                    // a part of changes that are too large for one frame
	Beat                    // nothing: its leader lives
	Bye                     // nothing: its leader has ended in order
	Lead                    // a Claim: from here on another leads
	Base                    // a Claim: what is before it is of no account, the snapshot named as the journal is
)

const (
	version   = 1
	headerLen = 2 + 8 + 8 + macLen
	macLen    = 16
)

// Overhead is by how much a frame is longer than its body.
const Overhead = headerLen

// Frame is one record of the journal.
type Frame struct {
	Kind   Kind
	Epoch  uint64
	Before uint64 // place of the frame before it
	Body   []byte
}

// Claim is the body of a frame with which somebody begins to lead.
type Claim struct {
	Name    string `json:"name"`
	URL     string `json:"url"` // where the other replicas reach it
	Program string `json:"program"`
	Format  uint64 `json:"format"`           // of the store
	Nonce   string `json:"nonce"`            // no two claims are the same
	Proves  bool   `json:"proves,omitempty"` // it shows whoever asks at URL that it leads; programs of before 1 December 2026 do not
}

// Encode returns the claim as a body.
func (c Claim) Encode() []byte {
	body, _ := json.Marshal(c) // texts and a number
	return body
}

// ParseClaim reads the body of a claim.
func ParseClaim(body []byte) (c Claim, err error) {
	if err = json.Unmarshal(body, &c); err != nil {
		err = fmt.Errorf("read a claim: %w", err)
	}
	return c, err
}

// Chain seals frames and checks them.
type Chain struct{ key []byte }

// NewChain returns the chain of a journal, under a key derived from the secret key.
func NewChain(secret []byte, journal string) (Chain, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, "messenger-bridge: journal, 1: "+journal, 32)
	if err != nil {
		return Chain{}, fmt.Errorf("derive the journal's key: %w", err)
	}
	return Chain{key}, nil
}

// Seal returns a frame's bytes, and the position after it if it comes to stand at seq.
func (c Chain) Seal(at Position, f Frame, seq uint64) ([]byte, Position) {
	frame := make([]byte, 0, headerLen+len(f.Body))
	frame = append(frame, version, byte(f.Kind))
	frame = binary.BigEndian.AppendUint64(frame, f.Epoch)
	frame = binary.BigEndian.AppendUint64(frame, f.Before)
	mac := c.mac(at, f.Kind, frame, f.Body)
	return append(append(frame, mac[:]...), f.Body...), Position{Seq: seq, Epoch: f.Epoch, Chain: mac}
}

// Open checks a frame that stands at seq against what is before it. Its body is a part of
// the frame's bytes.
func (c Chain) Open(at Position, frame []byte, seq uint64) (Frame, Position, error) {
	if len(frame) < headerLen {
		return Frame{}, at, fmt.Errorf("%w: record %d has %d bytes", ErrBroken, seq, len(frame))
	}
	if frame[0] != version {
		return Frame{}, at, fmt.Errorf("%w: record %d is of version %d; run the newer program", ErrBroken, seq, frame[0])
	}
	header := frame[:headerLen-macLen]
	f := Frame{
		Kind: Kind(frame[1]), Epoch: binary.BigEndian.Uint64(header[2:]), Before: binary.BigEndian.Uint64(header[10:]), Body: frame[headerLen:],
	}
	mac := c.mac(at, f.Kind, header, f.Body)
	switch {
	case !hmac.Equal(mac[:], frame[headerLen-macLen:headerLen]):
		return Frame{}, at, fmt.Errorf("%w: record %d does not follow record %d (another SECRET_KEY or JOURNAL_NAME, or records were lost)", ErrBroken, seq, at.Seq)
	case f.Kind < Changes || f.Kind > Base:
		return Frame{}, at, fmt.Errorf("%w: record %d is of a kind this program does not know; run the newer one", ErrBroken, seq)
	case f.Kind != Base && f.Before != at.Seq:
		return Frame{}, at, fmt.Errorf("%w: record %d follows record %d, but this replica is at %d", ErrBroken, seq, f.Before, at.Seq)
	}
	return f, Position{Seq: seq, Epoch: f.Epoch, Chain: mac}, nil
}

// mac is the proof over the chain so far, a header and a body. A base is chained to nothing.
func (c Chain) mac(at Position, k Kind, header, body []byte) (mac [macLen]byte) {
	h := hmac.New(sha256.New, c.key)
	if k == Base {
		at = Position{}
	}
	h.Write(at.Chain[:])
	h.Write(header)
	h.Write(body)
	return [macLen]byte(h.Sum(nil)[:macLen])
}

// Encode returns the position as it stands in a file.
func (p Position) Encode() []byte {
	b := binary.BigEndian.AppendUint64(nil, p.Seq)
	b = binary.BigEndian.AppendUint64(b, p.Epoch)
	return append(b, p.Chain[:]...)
}

// ParsePosition reads what Encode returned; nothing is the zero position.
func ParsePosition(b []byte) (p Position, err error) {
	switch len(b) {
	case 0:
		return p, nil
	case 32:
		p.Seq, p.Epoch = binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])
		copy(p.Chain[:], b[16:])
		return p, nil
	}
	return p, fmt.Errorf("a position of %d bytes", len(b))
}

// Stands reports whether a frame's bytes are the one with which a position was reached.
func (c Chain) Stands(at Position, frame []byte) bool {
	return len(frame) >= headerLen && hmac.Equal(at.Chain[:], frame[headerLen-macLen:headerLen])
}

// LeaderProof returns what whoever leads shows another replica that asks it.
func (c Chain) LeaderProof() string { return hex.EncodeToString(c.Prove("leader")) }

// Prove returns a proof over some texts, for one purpose, that only the journal's key makes.
func (c Chain) Prove(purpose string, texts ...[]byte) []byte {
	h := hmac.New(sha256.New, c.key)
	h.Write([]byte(purpose))
	for _, text := range texts {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(text))))
		h.Write(text)
	}
	return h.Sum(nil)
}
