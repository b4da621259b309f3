// Package proof makes appsecret_proof (messenger.md 6.9): whoever only has a token cannot use it.
package proof

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"sync"
	"sync/atomic"

	"messenger-bridge/bridge"
)

// Prover makes proofs. The hashes of the secret that was used last are used again: to make one
// costs more than a proof. The zero value is ready; safe for concurrent use.
type Prover struct{ last atomic.Pointer[hashes] }

// hashes are of one secret of the app.
type hashes struct {
	secret bridge.Secret
	pool   sync.Pool
}

// Of returns the proof of a token.
func (p *Prover) Of(secret, token bridge.Secret) string {
	h := p.last.Load()
	if h == nil || h.secret != secret {
		h = &hashes{secret: secret, pool: sync.Pool{New: func() any { return hmac.New(sha256.New, []byte(secret.Reveal())) }}}
		p.last.Store(h)
	}
	mac := h.pool.Get().(hash.Hash)
	defer h.pool.Put(mac)
	mac.Reset()
	mac.Write([]byte(token.Reveal()))
	return hex.EncodeToString(mac.Sum(nil))
}
