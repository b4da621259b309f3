package web

import (
	"crypto/subtle"
	"net/http"
	"slices"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/pages"
)

// connectedPages is the page that says what became of the choice.
type connectedPages struct {
	Pages []pages.Connected
	Proof string // that the form for their settings is ours; empty where the bridge knows no visit
}

const (
	onwardPurpose = "settings after choosing"
	onwardBytes   = 16 << 10 // a page's id and a proof
)

// backToChosen leads whoever opens the address of openSettings back to what it belongs to.
func backToChosen(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Location", "pages") // beside it
	w.WriteHeader(http.StatusSeeOther)
}

// openSettings leads a browser on to the settings form of a page that it has just connected. The
// click makes the one-time link, for whoever asked for the login: showing the page makes none.
func openSettings(s *server, w http.ResponseWriter, r *http.Request) {
	nonce := s.nonceOf(r)
	if nonce == "" {
		s.refuse(w, bridge.ErrOtherBrowser, notice{})
		return
	}
	form, bad := s.readForm(w, r, nonce, onwardBytes)
	if bad != nil {
		s.notice(w, bad.status, bad.notice, notice{})
		return
	}
	if subtle.ConstantTimeCompare([]byte(form.Get("proof")), []byte(s.Sign(onwardPurpose, nonce))) != 1 {
		s.refuse(w, bridge.ErrForged, notice{})
		return
	}
	id := bridge.PageID(form.Get("page"))
	v, known := s.visits.of(nonce) // unknown after a restart
	if !known || !slices.ContainsFunc(v.result, func(c pages.Connected) bool { return c.ID == id }) {
		s.notice(w, http.StatusGone, "expired", notice{Page: shownID(string(id))})
		return
	}
	err := s.Login.MayStill(r.Context(), v.offer)
	link := ""
	if err == nil {
		link, err = s.Editor.SettingsLink(r.Context(), v.offer.By, id)
	}
	if err != nil {
		s.refuse(w, err, notice{Page: shownID(string(id))})
		return
	}
	w.Header().Set("Location", link)
	w.WriteHeader(http.StatusSeeOther)
}
