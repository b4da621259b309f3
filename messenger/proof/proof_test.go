package proof

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"sync"
	"testing"

	"messenger-bridge/bridge"
)

// TestOf_SecretsAndTokensTakeTurns_EachProofIsItsOwn: what is used again leaves nothing behind.
func TestOf_SecretsAndTokensTakeTurns_EachProofIsItsOwn(t *testing.T) {
	var p Prover
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for _, secret := range []bridge.Secret{"one", "two", "one", ""} {
				for _, token := range []bridge.Secret{"EAA1", "EAA22", ""} {
					mac := hmac.New(sha256.New, []byte(secret))
					mac.Write([]byte(token))
					if got, want := p.Of(secret, token), hex.EncodeToString(mac.Sum(nil)); got != want {
						t.Errorf("%q by %q: %s, not %s", token.Reveal(), secret.Reveal(), got, want)
					}
				}
			}
		})
	}
	wg.Wait()
}
