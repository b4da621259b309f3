package web

import (
	"net/http"
	"time"
)

// The cookie says which browser left for Facebook. Where the address allows it, its name
// begins with what browsers take from this very host only, and over https only: then no
// other machine of the domain can give a browser a cookie of ours.
const (
	cookieName = "messenger-bridge-visit"
	hostPrefix = "__Host-"
	cookiePath = "/oauth"
	cookieFor  = 45 * time.Minute // a login, then a choice
)

// ownHost reports whether the cookie may have the prefix: it is then sent with every path.
func (s *server) ownHost() bool { return s.Secure && s.Path == "" }

func (s *server) cookieName() string {
	if s.ownHost() {
		return hostPrefix + cookieName
	}
	return cookieName
}

// setNonce gives a browser its nonce.
func (s *server) setNonce(w http.ResponseWriter, nonce string) {
	path := s.Path + cookiePath
	if s.ownHost() {
		path = "/"
	}
	http.SetCookie(w, &http.Cookie{
		Name: s.cookieName(), Value: nonce, Path: path, MaxAge: int(cookieFor.Seconds()),
		HttpOnly: true, Secure: s.Secure, SameSite: http.SameSiteLaxMode, // Lax: Facebook leads back here
	})
}

// nonceOf returns the browser's nonce, or "".
func (s *server) nonceOf(r *http.Request) string {
	c, err := r.Cookie(s.cookieName())
	if err != nil || len(c.Value) > 128 {
		return ""
	}
	return c.Value
}
