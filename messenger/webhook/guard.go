package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"net/http"
	"slices"
	"strings"

	"messenger-bridge/bridge"
	"messenger-bridge/intake"
)

const signaturePrefix = "sha256="

// wellFormed reports whether a header can be a signature: Meta writes lower case
// hex digits, always.
func wellFormed(signature string) bool {
	digits, found := strings.CutPrefix(signature, signaturePrefix)
	return found && len(digits) == hex.EncodedLen(sha256.Size) && strings.Trim(digits, "0123456789abcdef") == ""
}

// signed reports whether one of the secrets made this signature of the body's
// very bytes. All are tried, and the time taken tells nothing about any.
func signed(body []byte, signature string, secrets []bridge.Secret) bool {
	ok := 0
	for _, secret := range secrets {
		ok |= subtle.ConstantTimeCompare([]byte(signatureOf(body, secret)), []byte(signature))
	}
	return ok == 1
}

// signatureOf is a body's signature by a secret, as it stands in the header.
func signatureOf(body []byte, secret bridge.Secret) string {
	mac := hmac.New(sha256.New, []byte(secret.Reveal()))
	mac.Write(body)
	return signaturePrefix + hex.EncodeToString(mac.Sum(nil))
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

// whyUnread is the status and the answer for a body that could not be read.
func whyUnread(err error) (status int, answer string) {
	switch {
	case errors.Is(err, intake.ErrBusy):
		return http.StatusServiceUnavailable, AnswerBusy
	case errors.Is(err, intake.ErrGaveWay):
		return http.StatusServiceUnavailable, AnswerGaveWay
	case errors.Is(err, intake.ErrSlow):
		return http.StatusRequestTimeout, AnswerSlow
	case errors.As(err, new(*http.MaxBytesError)):
		return http.StatusRequestEntityTooLarge, AnswerTooLarge
	}
	return http.StatusBadRequest, AnswerCut
}

// smallBody is up to which length a notification has a part of the memory for itself: all
// but large batches of Meta's.
const smallBody = 128 << 10
