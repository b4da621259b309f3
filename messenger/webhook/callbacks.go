package webhook

import (
	"context"
	"encoding/json"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/intake"
)

// Paths of Meta's callbacks, as they are entered in the app's dashboard.
const (
	DeauthorizePath = "/deauthorize"
	DeletionPath    = "/data-deletion"
)

// CallbacksConfig is what Callbacks need. Count and Log may be nil.
type CallbacksConfig struct {
	AppSecrets func() []bridge.Secret // any of them may sign

	// EraseGrant erases what was granted by somebody who logged in at Facebook, up
	// to a time (zero: all of it). Doing it again is harmless.
	EraseGrant func(ctx context.Context, user string, until time.Time) error
	// Receipt returns a code that proves a deletion, and the address of a page that
	// shows what became of it.
	Receipt func() (code, address string)

	Count func(answer string) // one of the answers of a Handler
	Now   func() time.Time
	Log   *slog.Logger
}

// Callbacks answer what Meta says about people who logged in to the app: that they
// removed it, and that they want their data deleted. These are administrators;
// customers never log in.
type Callbacks struct {
	cfg    CallbacksConfig
	bodies *intake.Bodies
}

// NewCallbacks returns the handler of both paths. Without secrets it refuses everything.
func NewCallbacks(cfg CallbacksConfig) http.Handler {
	if cfg.Count == nil {
		cfg.Count = func(string) {}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	h := &Callbacks{cfg: cfg, bodies: intake.NewBodies(intake.Config{Budget: callbacksBudget, Max: maxCallback})}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+DeauthorizePath, func(w http.ResponseWriter, r *http.Request) {
		if h.erase(w, r) {
			w.WriteHeader(http.StatusOK)
		}
	})
	mux.HandleFunc("POST "+DeletionPath, func(w http.ResponseWriter, r *http.Request) {
		if h.erase(w, r) {
			h.receipt(w)
		}
	})
	return mux
}

const (
	maxCallback     = 16 << 10 // the longest body; Meta's has some hundred bytes
	callbacksBudget = 1 << 20  // of all bodies together
)

// erase does what a callback asks for, or answers why not.
func (h *Callbacks) erase(w http.ResponseWriter, r *http.Request) bool {
	value, status, answer := h.signedField(w, r)
	if answer != "" {
		h.refuse(w, status, answer)
		return false
	}
	user, issued, err := openSigned(value, withoutEmpty(h.cfg.AppSecrets()), h.cfg.Now())
	if err != nil {
		h.refuse(w, http.StatusBadRequest, AnswerForged)
		return false
	}
	intake.Prove(r.Context())
	if err := h.cfg.EraseGrant(r.Context(), user, issued); err != nil {
		h.cfg.Log.Error("a grant could not be erased as Meta asked for", "err", err)
		w.Header().Set("Retry-After", "10")
		h.refuse(w, http.StatusServiceUnavailable, AnswerNotStored)
		return false
	}
	h.cfg.Count(AnswerOK)
	return true
}

// signedField reads the form's one field; else it tells how to answer.
func (h *Callbacks) signedField(w http.ResponseWriter, r *http.Request) (value string, status int, answer string) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return "", http.StatusUnsupportedMediaType, AnswerMalformed
	}
	body, err := h.bodies.Read(w, r, intake.From(r), maxCallback)
	if err != nil {
		status, answer := intake.Refusal(err)
		return "", status, answer
	}
	defer body.Release()
	form, err := url.ParseQuery(string(body.Bytes()))
	if err != nil || len(form["signed_request"]) != 1 {
		return "", http.StatusBadRequest, AnswerUnsigned
	}
	return form.Get("signed_request"), 0, ""
}

func (h *Callbacks) refuse(w http.ResponseWriter, status int, answer string) {
	h.cfg.Count(answer)
	w.Header().Set("Connection", "close") // the rest of the body is not worth reading
	w.WriteHeader(status)
}

// receipt answers a deletion as Meta wants it.
func (h *Callbacks) receipt(w http.ResponseWriter) {
	code, address := h.cfg.Receipt()
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(map[string]string{"url": address, "confirmation_code": code}) // Meta is gone; it asks again
}
