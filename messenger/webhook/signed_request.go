package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/messenger/wire"
)

// errForged is all that a caller learns about a signed_request that is refused.
var errForged = errors.New("the signed_request is not Meta's")

const (
	signedAlgorithm = "HMAC-SHA256"
	signedFor       = time.Hour        // after that, somebody replays it
	signedAhead     = 10 * time.Minute // by how much Meta's clock may be ahead of ours
)

// wireSigned is the payload of a signed_request (messenger.md 6.10).
type wireSigned struct {
	User      wire.ID     `json:"user_id"`
	Algorithm wire.Text   `json:"algorithm"`
	Issued    wire.Number `json:"issued_at"`
	Expires   wire.Number `json:"expires"`
}

// openSigned returns who a signed_request is about, by the app-scoped id, and when
// Meta made it. One that does not say when is refused: it could be replayed for ever. Any
// of the secrets may have signed it.
// Nothing of the payload is read before the signature was found right.
func openSigned(value string, secrets []bridge.Secret, now time.Time) (user string, issued time.Time, err error) {
	signature, payload, _ := strings.Cut(value, ".")
	sum, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(signature, "="))
	if err != nil || !signedBy(payload, sum, secrets) {
		return "", issued, errForged
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(payload, "="))
	var p wireSigned
	if err != nil || json.Unmarshal(raw, &p) != nil || p.Algorithm != signedAlgorithm || p.User == "" {
		return "", issued, errForged
	}
	issued = time.Unix(int64(p.Issued), 0)
	if age := now.Sub(issued); age > signedFor || age < -signedAhead {
		return "", issued, errForged
	}
	if p.Expires != 0 && now.After(time.Unix(int64(p.Expires), 0).Add(signedAhead)) {
		return "", issued, errForged
	}
	return string(p.User), issued, nil
}

// signedBy reports whether one of the secrets made this sum of the payload, as it
// was sent. All are tried, and the time taken tells nothing about any.
func signedBy(payload string, sum []byte, secrets []bridge.Secret) bool {
	ok := false
	for _, secret := range secrets {
		mac := hmac.New(sha256.New, []byte(secret.Reveal()))
		mac.Write([]byte(payload))
		ok = hmac.Equal(mac.Sum(nil), sum) || ok
	}
	return ok
}
