package messenger

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"sync"

	"messenger-bridge/bridge"
)

// prover makes proofs with one secret of the app. Its hashes are used again: to make one
// costs more than a proof.
type prover struct {
	secret bridge.Secret
	hashes sync.Pool
}

func newProver(secret bridge.Secret) *prover {
	return &prover{secret: secret, hashes: sync.Pool{New: func() any { return hmac.New(sha256.New, []byte(secret.Reveal())) }}}
}

// proof is appsecret_proof: whoever only has the token cannot use it.
func (p *prover) proof(token bridge.Secret) string {
	mac := p.hashes.Get().(hash.Hash)
	defer p.hashes.Put(mac)
	mac.Reset()
	mac.Write([]byte(token.Reveal()))
	return hex.EncodeToString(mac.Sum(nil))
}

// proof is made with the secret of the moment.
func (c *Client) proof(token bridge.Secret) string {
	secret, _ := c.cfg.Fresh()
	p := c.prover.Load()
	if p == nil || p.secret != secret {
		p = newProver(secret)
		c.prover.Store(p)
	}
	return p.proof(token)
}
