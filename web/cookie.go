package web

import (
	"crypto/subtle"
	"net/http"
	"strconv"
	"strings"
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

// set gives a browser a value.
func (c cookie) set(w http.ResponseWriter, value string) {
	path := c.path + cookiePath
	if c.ownHost() {
		path = "/"
	}
	http.SetCookie(w, &http.Cookie{ // #nosec G124 -- Secure follows the address: on loopback there is no https
		Name: c.name(), Value: value, Path: path, MaxAge: int(cookieFor.Seconds()),
		HttpOnly: true, Secure: c.secure, SameSite: http.SameSiteLaxMode, // Lax: Facebook leads back here
	})
}

// value returns the browser's, or "".
func (c cookie) value(r *http.Request) string {
	found, err := r.Cookie(c.name())
	if err != nil || len(found.Value) > 256 {
		return ""
	}
	return found.Value
}

// provesFor bounds for how long a cookie opens anything: until a ticket that has expired
// cannot be told from one that never was.
const provesFor = 24 * time.Hour

// visitOf is what the cookie holds: a browser's nonce, until when it counts, and the proof
// that it is ours, so that strangers are known before anything of theirs is read.
func (s *server) visitOf(nonce string) string {
	text := nonce + "." + strconv.FormatInt(s.Now().Add(provesFor).Unix(), 36)
	return text + "." + s.Sign(visitPurpose, text)
}

const visitPurpose = "visit"

// nonceOf returns the browser's nonce, or "" where the cookie is not ours, or too old.
func (s *server) nonceOf(r *http.Request) string {
	nonce, rest, _ := strings.Cut(s.cookie.value(r), ".")
	until, proof, _ := strings.Cut(rest, ".")
	end, err := strconv.ParseInt(until, 36, 64)
	ours := subtle.ConstantTimeCompare([]byte(proof), []byte(s.Sign(visitPurpose, nonce+"."+until))) == 1
	if err != nil || !ours || s.Now().After(time.Unix(end, 0)) {
		return ""
	}
	return nonce
}
