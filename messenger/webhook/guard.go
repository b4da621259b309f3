package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"hash"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"messenger-bridge/bridge"
)

const signaturePrefix = "sha256="

// wellFormed reports whether a header can be a signature: Meta writes lower case
// hex digits, always.
func wellFormed(signature string) bool {
	digits, found := strings.CutPrefix(signature, signaturePrefix)
	return found && len(digits) == hex.EncodedLen(sha256.Size) && strings.Trim(digits, "0123456789abcdef") == ""
}

// signers make the signatures of the secrets that counted last.
type signers struct{ last atomic.Pointer[[]*signer] }

// signed reports whether one of the secrets made this signature of the body's very bytes.
// Empty ones do not count: anybody can sign with those. All are tried, and the time taken
// tells nothing about any.
func (s *signers) signed(body []byte, signature string, secrets []bridge.Secret) bool {
	ok := 0
	for _, one := range s.of(secrets) {
		ok |= one.made(body, signature)
	}
	return ok == 1
}

// of returns the signers of secrets, which seldom change.
func (s *signers) of(secrets []bridge.Secret) []*signer {
	last := s.last.Load()
	if last != nil && slices.EqualFunc(*last, secrets, func(one *signer, secret bridge.Secret) bool { return one.secret == secret }) {
		return *last
	}
	made := make([]*signer, 0, len(secrets))
	for _, secret := range secrets {
		if secret != "" {
			made = append(made, newSigner(secret))
		}
	}
	s.last.Store(&made)
	return made
}

// signer makes the signatures of one secret. Its states are used again: to make one costs
// as much as a signature.
type signer struct {
	secret bridge.Secret
	states sync.Pool
}

// signing is a hash with room for two signatures.
type signing struct {
	mac         hash.Hash
	sum         [sha256.Size]byte
	made, given []byte
}

func newSigner(secret bridge.Secret) *signer {
	return &signer{secret: secret, states: sync.Pool{New: func() any { return &signing{mac: hmac.New(sha256.New, []byte(secret.Reveal()))} }}}
}

// made is 1 if this signature of a body is ours, else 0.
func (s *signer) made(body []byte, signature string) int {
	t := s.states.Get().(*signing)
	defer s.states.Put(t)
	t.given = append(t.given[:0], signature...)
	return subtle.ConstantTimeCompare(t.sign(body), t.given)
}

// sign returns a body's signature, as it stands in the header; it belongs to the state.
func (t *signing) sign(body []byte) []byte {
	t.mac.Reset()
	t.mac.Write(body)
	t.made = hex.AppendEncode(append(t.made[:0], signaturePrefix...), t.mac.Sum(t.sum[:0]))
	return t.made
}

// signatureOf is a body's signature by a secret, as it stands in the header.
func signatureOf(body []byte, secret bridge.Secret) string {
	return string(newSigner(secret).states.Get().(*signing).sign(body))
}

// SignedNothing returns a notification without events, and its signature. Who
// answers it 200, and refuses it unsigned, knows the secret.
func SignedNothing(secret bridge.Secret) (body []byte, signature string) {
	body = []byte(`{"object":"page","entry":[]}`)
	return body, signatureOf(body, secret)
}

// equalSecret compares in a time that tells neither content nor length.
func equalSecret(got string, want bridge.Secret) bool {
	g, w := sha256.Sum256([]byte(got)), sha256.Sum256([]byte(want.Reveal()))
	return want != "" && subtle.ConstantTimeCompare(g[:], w[:]) == 1
}

// withoutEmpty drops empty secrets: anybody can sign with those.
func withoutEmpty(secrets []bridge.Secret) []bridge.Secret {
	return slices.DeleteFunc(slices.Clone(secrets), func(s bridge.Secret) bool { return s == "" })
}

// smallBody is up to which length a notification has a part of the memory for itself: all
// but large batches of Meta's.
const smallBody = 128 << 10
