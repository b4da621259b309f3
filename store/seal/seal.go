// Package seal keeps what people wrote, and tokens, unreadable without the secret key.
package seal

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

// Sealer seals with AES-256-GCM under a key derived from the secret key. The
// nonce is random: 2^32 records under one key keep a repeat below one in 2^32,
// and most records live for milliseconds.
type Sealer struct {
	aead     cipher.AEAD
	visitors []byte // key of the visitor tokens
	signing  []byte // key of Sign
	tags     *tagger
	nonce    func([]byte) // fills it
}

// New returns a sealer for a secret key. nonce fills nonces: nil but for what is not worth
// sealing.
func New(key []byte, nonce func([]byte)) (*Sealer, error) {
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
	tags, err := newTagger(key)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(sealing)
	if err != nil {
		return nil, fmt.Errorf("set up sealing: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("set up sealing: %w", err)
	}
	if nonce == nil {
		nonce = func(b []byte) { rand.Read(b) } // never fails
	}
	return &Sealer{aead: aead, visitors: visitors, signing: signing, tags: tags, nonce: nonce}, nil
}

const nonceLen = 12

// Overhead is by how much a sealed text is longer.
const Overhead = nonceLen + 16

// Seal appends the sealed text to dst. It can be opened again for the same bucket
// and key only, so that records cannot be exchanged for one another.
func (s *Sealer) Seal(dst, bucket, key, text []byte) []byte {
	var nonce [nonceLen]byte
	s.nonce(nonce[:])
	var room [64]byte
	return s.aead.Seal(append(dst, nonce[:]...), nonce[:], text, name(room[:0], bucket, key))
}

var errUnsealable = errors.New("record cannot be unsealed: damaged, or changed by somebody")

// Open returns the text that was sealed for this bucket and key.
func (s *Sealer) Open(bucket, key, sealed []byte) ([]byte, error) {
	if len(sealed) < Overhead {
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

// VisitorToken is the same for the same conversation, and nobody without the key can
// guess it.
func (s *Sealer) VisitorToken(conversation []byte) string {
	mac := hmac.New(sha256.New, s.visitors)
	mac.Write(conversation)
	return hex.EncodeToString(mac.Sum(nil)[:20])
}

// Sign returns a proof over a text, for one purpose, that nobody without the key can make.
func (s *Sealer) Sign(purpose, text string) string {
	mac := hmac.New(sha256.New, s.signing)
	mac.Write([]byte(purpose))
	mac.Write([]byte{0})
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}
