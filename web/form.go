package web

import (
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"messenger-bridge/intake"
)

const (
	choiceBytes   = 256 << 10 // a few dozen pages with texts; a Cyrillic letter takes 6 bytes
	settingsBytes = 128 << 10 // three texts of 2,000 letters, each of at most 12 bytes in a form
	formFields    = 4096      // of one form
)

// unreadable is a form that cannot be taken: the status and the page that says so.
type unreadable struct {
	status int
	notice string
}

// readForm reads the fields of a request's body; those of its address are left
// out, so that a ticket in a link cannot stand in for one of the form's. proof is what the
// sender has shown, a ticket or a visit: each has its own share of the memory.
func (s *server) readForm(w http.ResponseWriter, r *http.Request, proof string, limit int64) (url.Values, *unreadable) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, &unreadable{http.StatusUnsupportedMediaType, "unreadable"}
	}
	intake.Prove(r.Context())
	body, err := s.bodies.Read(w, r, intake.Named(proof), limit)
	switch {
	case errors.As(err, new(*http.MaxBytesError)):
		return nil, &unreadable{http.StatusRequestEntityTooLarge, "too-large"}
	case errors.Is(err, intake.ErrBusy), errors.Is(err, intake.ErrGaveWay), errors.Is(err, intake.ErrSlow):
		s.Pressed()
		w.Header().Set("Retry-After", "5")
		return nil, &unreadable{http.StatusServiceUnavailable, "busy"}
	case err != nil:
		return nil, &unreadable{http.StatusBadRequest, "unreadable"}
	}
	defer body.Release()
	text := string(body.Bytes())
	if strings.Count(text, "&") >= formFields {
		return nil, &unreadable{http.StatusBadRequest, "unreadable"}
	}
	values, err := url.ParseQuery(text)
	if err != nil {
		return nil, &unreadable{http.StatusBadRequest, "unreadable"}
	}
	return values, nil
}

// fromElsewhere tells whether another site's page sent the form. Our own forms say
// "null", because of our Referrer-Policy; tickets and proofs are the real guard.
func fromElsewhere(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
	default:
		return true
	}
	for _, origin := range r.Header.Values("Origin") {
		u, err := url.Parse(origin)
		if origin != "null" && (err != nil || u.Host == "" || !strings.EqualFold(u.Host, r.Host)) {
			return true
		}
	}
	return false
}
