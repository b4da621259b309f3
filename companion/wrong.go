package companion

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
	"time"

	"messenger-bridge/bridge"
)

// Whoever has no secret of ours waits for the answer, and few wait at once: so many
// secrets can be tried, and no more.
const (
	wrongAtOnce = 8
	wrongWaits  = time.Second // an app whose secret is wrong is still told so in time
)

// wrong answers calls without a secret of ours.
type wrong struct {
	places chan struct{}
}

func newWrong() wrong { return wrong{make(chan struct{}, wrongAtOnce)} }

func (s wrong) answer(ctx context.Context, w http.ResponseWriter) {
	select {
	case s.places <- struct{}{}:
		defer func() { <-s.places }()
	default:
		w.Header().Set("Retry-After", "1")
		http.Error(w, "too many wrong secrets", http.StatusTooManyRequests)
		return
	}
	select {
	case <-time.After(wrongWaits):
		http.Error(w, "wrong secret", http.StatusUnauthorized)
	case <-ctx.Done():
	}
}

// knows compares what stands in an Authorization header with all secrets, each in constant
// time.
func knows(header string, secrets []bridge.Secret) bool {
	given, bearer := strings.CutPrefix(header, "Bearer ")
	sum := sha256.Sum256([]byte(given))
	found := 0
	for _, secret := range secrets {
		ours := sha256.Sum256([]byte(secret.Reveal()))
		found |= subtle.ConstantTimeCompare(sum[:], ours[:])
	}
	return found == 1 && bearer && given != ""
}
