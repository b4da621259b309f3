package webhook

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/intake"
	"messenger-bridge/messenger/wire"
)

// Path is where the webhook lives below the public address.
const Path = "/webhook"

// Config is what a Handler needs. The functions may be nil.
type Config struct {
	VerifyToken bridge.Secret                                      // of the handshake
	AppSecrets  []bridge.Secret                                    // any of them may sign, so that a secret can be replaced
	Fresh       func() (verify bridge.Secret, app []bridge.Secret) // both, as they are at the moment; nil: as above for good

	// Accept stores events durably; only then does Meta hear that we have them.
	Accept interface {
		FromCustomer(context.Context, []bridge.Incoming) error
	}

	// Pass takes a signed call instead of Accept, whole: another replica answers it.
	Pass func(w http.ResponseWriter, r *http.Request, body []byte)

	MaxBody     int64 // of one call; 8 MiB
	MaxInFlight int64 // of all bodies together; 32 MiB

	Count      func(what string, n int) // see the Count… constants
	OnForged   func()                   // a well-formed signature that none of our secrets made
	OnVerified func()                   // Meta made the handshake
	Now        func() time.Time
	Log        *slog.Logger
}

// What a Handler counts. Each call is counted once under an answer; each item of
// a call that was answered 200 is counted once more, as passed on or under
// CountIgnored with its kind. The items of a call that Meta will repeat are
// counted when it has succeeded.
const (
	CountPassed  = "passed"
	CountIgnored = "ignored:" // kind follows
	CountAnswer  = "answer:"  // one of the answers follows
)

// Answers, as counted behind CountAnswer. Of those that are neither ok, malformed nor passed, only not-stored is known to
// have been a call of Meta's; those from too-large to cut are intake's, of bodies that were not read to their end.
const (
	AnswerOK        = "ok"
	AnswerPassed    = "passed" // signed, and handed to Config.Pass
	AnswerUnsigned  = "unsigned"
	AnswerForged    = "forged"
	AnswerMalformed = "malformed"
	AnswerTooLarge  = "too-large"
	AnswerGaveWay   = "gave-way"
	AnswerSlow      = "slow"
	AnswerBusy      = "busy"
	AnswerCut       = "cut"
	AnswerNotStored = "not-stored"
)

// Handler answers Meta's handshake and notifications. It reads only what is
// signed by Meta, and says 200 only to what is stored.
type Handler struct {
	cfg     Config // complete after New, never changed
	bodies  *intake.Bodies
	signers signers
	failing atomic.Bool // the last call could not be stored
}

// New returns a handler for GET and POST. Without secrets it refuses everything.
func New(cfg Config) *Handler {
	if cfg.Fresh == nil {
		cfg.Fresh = func() (bridge.Secret, []bridge.Secret) { return cfg.VerifyToken, cfg.AppSecrets }
	}
	if cfg.MaxBody <= 0 {
		cfg.MaxBody = 8 << 20
	}
	if cfg.MaxInFlight <= 0 {
		cfg.MaxInFlight = 32 << 20
	}
	if cfg.Count == nil {
		cfg.Count = func(string, int) {}
	}
	if cfg.OnForged == nil {
		cfg.OnForged = func() {}
	}
	if cfg.OnVerified == nil {
		cfg.OnVerified = func() {}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Handler{cfg: cfg, bodies: intake.NewBodies(intake.Config{Budget: cfg.MaxInFlight, Small: smallBody, Max: cfg.MaxBody})}
}

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet:
		h.verify(w, r)
	case http.MethodPost:
		h.notified(w, r)
	default:
		w.Header().Set("Allow", "GET, POST")
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}

// maxChallenge is generous: Meta's challenge is an integer.
const maxChallenge = 256

// verify answers the handshake: the challenge, byte for byte, to whoever knows the token.
func (h *Handler) verify(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	challenge := q.Get("hub.challenge")
	token, _ := h.cfg.Fresh()
	known := equalSecret(q.Get("hub.verify_token"), token)
	if !known || q.Get("hub.mode") != "subscribe" || len(challenge) > maxChallenge {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	h.cfg.OnVerified()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = io.WriteString(w, challenge) // #nosec G705 -- plain text, and not sniffed; only Meta knows the verify token
}

// notified takes one notification. Each step is cheaper than the next, and
// nothing is decoded that is not signed.
func (h *Handler) notified(w http.ResponseWriter, r *http.Request) {
	signature := r.Header.Get("X-Hub-Signature-256")
	switch {
	case !wellFormed(signature):
		h.refuse(w, http.StatusUnauthorized, AnswerUnsigned)
		return
	case r.ContentLength > h.cfg.MaxBody:
		h.refuse(w, http.StatusRequestEntityTooLarge, AnswerTooLarge)
		return
	}
	body, err := h.bodies.Read(w, r, intake.From(r), h.cfg.MaxBody)
	if err != nil {
		status, answer := intake.Refusal(err)
		if status == http.StatusServiceUnavailable {
			w.Header().Set("Retry-After", "1")
		}
		h.refuse(w, status, answer)
		return
	}
	defer body.Release() // not earlier: what was decoded is as large
	if _, secrets := h.cfg.Fresh(); !h.signers.signed(body.Bytes(), signature, secrets) {
		h.cfg.OnForged()
		h.refuse(w, http.StatusUnauthorized, AnswerForged)
		return
	}
	intake.Prove(r.Context())
	if h.cfg.Pass != nil {
		h.cfg.Count(CountAnswer+AnswerPassed, 1)
		h.cfg.Pass(w, r, body.Bytes())
		return
	}
	h.store(w, r, body.Bytes())
}

// refuse ends the connection, too: the rest of the body is not worth reading.
func (h *Handler) refuse(w http.ResponseWriter, status int, answer string) {
	h.cfg.Count(CountAnswer+answer, 1)
	w.Header().Set("Connection", "close")
	w.WriteHeader(status)
}

// store decodes what Meta signed and hands it over.
//
// A signed body that is no notification is answered 200: Meta would send the same
// bytes again for hours, they would never become readable, and an hour of refusals
// costs the page its subscription. It is counted, and logged without its content.
func (h *Handler) store(w http.ResponseWriter, r *http.Request, body []byte) {
	got, err := wire.Decode(body, h.cfg.Now())
	if err != nil {
		h.cfg.Count(CountAnswer+AnswerMalformed, 1)
		h.cfg.Log.Error("signed webhook call cannot be read, dropped", "bytes", len(body), "err", err)
		w.WriteHeader(http.StatusOK)
		return
	}
	if len(got.Events) > 0 {
		err := h.cfg.Accept.FromCustomer(r.Context(), got.Events)
		h.logChange(err)
		if err != nil {
			w.Header().Set("Retry-After", "1")
			h.cfg.Count(CountAnswer+AnswerNotStored, 1)
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		h.cfg.Count(CountPassed, len(got.Events))
	}
	for kind, n := range got.Ignored {
		h.cfg.Count(CountIgnored+kind, n)
	}
	h.cfg.Count(CountAnswer+AnswerOK, 1)
	w.WriteHeader(http.StatusOK)
}

// logChange logs when storing begins to fail and when it works again.
func (h *Handler) logChange(err error) {
	switch {
	case err != nil && !h.failing.Swap(true):
		h.cfg.Log.Error("webhook calls cannot be stored; Meta will send them again", "err", err)
	case err == nil && h.failing.Load() && h.failing.Swap(false):
		h.cfg.Log.Info("webhook calls are stored again")
	}
}
