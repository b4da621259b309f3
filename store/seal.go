package store

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
)

// sealer seals with AES-256-GCM under a key derived from the secret key. The
// nonce is random: 2^32 records under one key keep a repeat below one in 2^32,
// and most records live for milliseconds.
type sealer struct {
	aead     cipher.AEAD
	visitors []byte       // key of the visitor tokens
	signing  []byte       // key of Sign
	nonce    func([]byte) // fills it
}

func newSealer(key []byte) (*sealer, error) {
	sealing, err := hkdf.Key(sha256.New, key, nil, "messenger-bridge: seal records, 1", 32)
	if err != nil {
		return nil, fmt.Errorf("derive the sealing key: %w", err)
	}
	visitors, err := hkdf.Key(sha256.New, key, nil, "messenger-bridge: visitor tokens, 1", 32)
	if err != nil {
		return nil, fmt.Errorf("derive the visitor key: %w", err)
	}
	signing, err := hkdf.Key(sha256.New, key, nil, "messenger-bridge: signatures, 1", 32)
	if err != nil {
		return nil, fmt.Errorf("derive the signing key: %w", err)
	}
	block, err := aes.NewCipher(sealing)
	if err != nil {
		return nil, fmt.Errorf("set up sealing: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("set up sealing: %w", err)
	}
	return &sealer{aead: aead, visitors: visitors, signing: signing, nonce: func(b []byte) { rand.Read(b) }}, nil // never fails
}

const nonceLen = 12

// overhead is by how much a sealed text is longer.
const overhead = nonceLen + 16

// seal appends the sealed text to dst. It can be opened again for the same bucket
// and key only, so that records cannot be exchanged for one another.
func (s *sealer) seal(dst, bucket, key, text []byte) []byte {
	var nonce [nonceLen]byte
	s.nonce(nonce[:])
	var room [64]byte
	return s.aead.Seal(append(dst, nonce[:]...), nonce[:], text, name(room[:0], bucket, key))
}

var errUnsealable = errors.New("record cannot be unsealed: damaged, or changed by somebody")

// open returns the text that was sealed for this bucket and key.
func (s *sealer) open(bucket, key, sealed []byte) ([]byte, error) {
	if len(sealed) < overhead {
		return nil, errUnsealable
	}
	var room [64]byte
	text, err := s.aead.Open(nil, sealed[:nonceLen], sealed[nonceLen:], name(room[:0], bucket, key))
	if err != nil {
		return nil, errUnsealable
	}
	return text, nil
}

func name(dst, bucket, key []byte) []byte {
	return append(append(append(dst, bucket...), 0), key...)
}

// visitorToken is the same for the same lane, and nobody without the key can
// guess it.
func (s *sealer) visitorToken(lane []byte) string {
	mac := hmac.New(sha256.New, s.visitors)
	mac.Write(lane)
	return hex.EncodeToString(mac.Sum(nil)[:20])
}
