package web

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
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
// out, so that a ticket in a link cannot stand in for one of the form's.
func (s *server) readForm(w http.ResponseWriter, r *http.Request, limit int64) (url.Values, *unreadable) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, &unreadable{http.StatusUnsupportedMediaType, "unreadable"}
	}
	select {
	case s.bodies <- struct{}{}:
		defer func() { <-s.bodies }()
	default:
		w.Header().Set("Retry-After", "5")
		return nil, &unreadable{http.StatusServiceUnavailable, "busy"}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return nil, &unreadable{http.StatusRequestEntityTooLarge, "too-large"}
	}
	if err != nil || strings.Count(string(body), "&") >= formFields {
		return nil, &unreadable{http.StatusBadRequest, "unreadable"}
	}
	values, err := url.ParseQuery(string(body))
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
