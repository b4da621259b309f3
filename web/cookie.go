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

// cookie is ours at an address.
type cookie struct {
	secure bool   // the address begins with https
	path   string // below which browsers see us
}

// ownHost reports whether it may have the prefix: it is then sent with every path.
func (c cookie) ownHost() bool { return c.secure && c.path == "" }

func (c cookie) name() string {
	if c.ownHost() {
		return hostPrefix + cookieName
	}
	return cookieName
}

// set gives a browser its nonce.
func (c cookie) set(w http.ResponseWriter, nonce string) {
	path := c.path + cookiePath
	if c.ownHost() {
		path = "/"
	}
	http.SetCookie(w, &http.Cookie{ // #nosec G124 -- Secure follows the address: on loopback there is no https
		Name: c.name(), Value: nonce, Path: path, MaxAge: int(cookieFor.Seconds()),
		HttpOnly: true, Secure: c.secure, SameSite: http.SameSiteLaxMode, // Lax: Facebook leads back here
	})
}

// nonce returns the browser's, or "".
func (c cookie) nonce(r *http.Request) string {
	found, err := r.Cookie(c.name())
	if err != nil || len(found.Value) > 128 {
		return ""
	}
	return found.Value
}
