package web

import (
	"context"
	"html/template"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/pages"
	"messenger-bridge/bridge/settings"
	"messenger-bridge/intake"
	"messenger-bridge/language"
	"messenger-bridge/recent"
)

// Login is the way through Facebook's dialog; *pages.Login is one. Its errors are the
// ErrTicket… family, ErrOtherBrowser, ErrForged, ErrNoPage, ErrMayNot, ErrNobodyToAsk, a
// Refusal of Meta's, or a fault of ours; none of them contains a secret.
type Login interface {
	Begin(ctx context.Context, id string) (dialog, nonce string, err error)
	CheckReturn(ctx context.Context, state, nonce string) error
	Return(ctx context.Context, state, nonce, code string) (pages.Offer, error)
	MayStill(context.Context, pages.Offer) error
	Choose(ctx context.Context, id, nonce, proof string, pages []pages.Chosen) ([]pages.Connected, error)
}

// Editor makes links to, opens and saves the form of a page's settings; *pages.Editor is one. Its errors
// are like those of Login.
type Editor interface {
	SettingsLink(ctx context.Context, caller bridge.Author, id bridge.PageID) (string, error)
	OpenSettings(ctx context.Context, ticket string, id bridge.PageID) (bridge.SettingsForm, error)
	SaveSettings(ctx context.Context, ticket string, id bridge.PageID, f settings.Filled, known []bridge.Department) (bridge.Page, settings.Outcome, error)
}

// Config is what the pages need.
type Config struct {
	Login    Login
	Editor   Editor
	Deletion func(code string) (at time.Time, ours bool) // when data was deleted, from the code that proves it
	Secure   bool                                        // cookies only over https: PUBLIC_URL is https
	Chats    func() string                               // where a browser finds the chats of Rocket.Chat; may be nil
	Path     string                                      // of PUBLIC_URL, if a proxy takes one off before it comes to us
	Sign     func(purpose, text string) string           // a proof that only we can make, for one purpose
	Pressed  func()                                      // a form was not read for want of time or memory; may be nil
	Now      func() time.Time
	Say      *language.Speaker
	Log      *slog.Logger
}

type server struct {
	Config
	cookie cookie
	pages  *template.Template
	visits *visits
	saved  *recent.Map[string, savedPage] // what was saved a moment ago, by what its address holds
	bodies *intake.Bodies                 // forms being read, of those who have shown a ticket or a visit
}

// People are slower than Meta, and few: whoever sends a form has shown a link or a cookie of
// ours, so that nobody else takes up any of this.
const (
	formsBudget = 4 << 20
	formWithin  = 20 * time.Second
	formRate    = 2 << 10
)

// New returns the handler of everything below /oauth/, /pages/ and /data-deletion/.
func New(c Config) http.Handler {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Pressed == nil {
		c.Pressed = func() {}
	}
	if c.Chats == nil {
		c.Chats = func() string { return "" }
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	s := &server{Config: c, cookie: cookie{c.Secure, c.Path}, pages: template.Must(templates.Clone()).Funcs(words(c.Say)).Funcs(template.FuncMap{"chats": c.Chats}),
		visits: newVisits(), saved: recent.New[string, savedPage](maxVisits, settingsFor),
		bodies: intake.NewBodies(intake.Config{Budget: formsBudget, Max: choiceBytes, Within: formWithin, Rate: formRate})}
	mux := http.NewServeMux()
	mux.Handle("/oauth/start", s.methods(unspent(s.start), nil))
	mux.Handle("/oauth/callback", s.methods(unspent(s.callback), nil))
	mux.Handle("/oauth/pages", s.methods(s.showChoice, s.choose))
	mux.Handle("/oauth/settings", s.methods(backToChosen, func(w http.ResponseWriter, r *http.Request) { openSettings(s, w, r) }))
	mux.Handle("/pages/{pageId}/settings", s.methods(s.showSettings, s.saveSettings))
	mux.Handle("/data-deletion/{code}", s.methods(s.showDeletion, nil))
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		s.notice(w, http.StatusNotFound, "nothing-here", notice{})
	})
	return guarded(mux)
}

// guarded sets the headers that every answer has, errors of the router included.
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Frame-Options", "DENY") // for browsers that do not know frame-ancestors
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "no-referrer") // addresses contain tickets
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("X-Robots-Tag", "noindex")
		next.ServeHTTP(w, r)
	})
}

// methods is a route that is read with get and, unless nil, sent to with post.
func (s *server) methods(get, post http.HandlerFunc) http.Handler {
	allowed := []string{http.MethodGet, http.MethodHead}
	if post != nil {
		allowed = append(allowed, http.MethodPost)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !slices.Contains(allowed, r.Method):
			w.Header().Set("Allow", strings.Join(allowed, ", "))
			s.notice(w, http.StatusMethodNotAllowed, "nothing-here", notice{})
		case r.Method == http.MethodPost && fromElsewhere(r):
			s.refuse(w, bridge.ErrForged, notice{Page: shownPage(r)})
		case r.Method == http.MethodPost:
			post(w, r)
		default:
			get(w, r)
		}
	})
}

// unspent keeps whoever only looks (HEAD, prefetching) from a handler that
// starts something.
func unspent(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		looks := r.Method == http.MethodHead
		for _, header := range []string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"} {
			purpose := strings.ToLower(r.Header.Get(header))
			looks = looks || strings.Contains(purpose, "prefetch") || strings.Contains(purpose, "preview")
		}
		if looks {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next(w, r)
	}
}
