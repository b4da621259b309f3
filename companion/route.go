package companion

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/settings"
	"messenger-bridge/intake"
	"messenger-bridge/language"
)

// Clerk carries out what people order; *commands.Commands is one.
type Clerk interface {
	bridge.CommandHandler
	// Fill does what a dialog asks for, unless something is wrong with it: then it
	// says what, by the settings' words ("" for all of it), and changes nothing.
	// Sending the same dialog again is harmless.
	Fill(context.Context, bridge.Author, bridge.PageID, settings.Filled) (wrong map[string]string, err error)
}

// Config is what the app's side of the bridge needs.
type Config struct {
	Secrets func() []bridge.Secret // any of them opens; none: nothing is here
	Clerk   Clerk
	// Later stores commands that take longer than the app waits; they are carried
	// out and answered by direct message. Storing one twice is storing it once.
	Later func(context.Context, []bridge.Command) error
	// Trusted reports whether a room is the setup channel, or one that nobody but the person
	// and the bot is in.
	Trusted  func(ctx context.Context, who bridge.UserID, room bridge.RoomID, kind string) bool
	Patience time.Duration // for a command; 3.5 s, because the app waits 4 and a client opens a dialog within 5
	OnForged func()        // somebody has no secret of ours
	Now      func() time.Time
	Say      *language.Speaker
	Log      *slog.Logger
}

// maxBody is enough for a dialog with every text at its longest, as \u escapes.
const maxBody = 256 << 10

// New returns the handler of POST /commands.
func New(c Config) http.Handler {
	c.Patience = cmp.Or(c.Patience, 3500*time.Millisecond)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.OnForged == nil {
		c.OnForged = func() {}
	}
	return route{c, newWrong()}
}

type route struct {
	Config
	wrong wrong
}

func (s route) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	secrets := s.Secrets()
	switch {
	case len(secrets) == 0:
		http.NotFound(w, r)
		return
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "only POST", http.StatusMethodNotAllowed)
		return
	case !knows(r.Header.Get("Authorization"), secrets): // before the body is read
		s.OnForged()
		s.wrong.answer(r.Context(), w)
		return
	}
	intake.Prove(r.Context())
	var req request
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err == nil {
		err = json.Unmarshal(body, &req)
	}
	switch {
	case errors.As(err, new(*http.MaxBytesError)):
		http.Error(w, "too large", http.StatusRequestEntityTooLarge)
		return
	case err != nil, req.User.ID == "", req.User.Username == "":
		http.Error(w, "not understood", http.StatusBadRequest)
		return
	}
	res := s.answer(r.Context(), req)
	res.Protocol = protocol
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(res) // the app is gone; there is nobody to tell
}

func (s route) answer(ctx context.Context, req request) response {
	switch {
	case req.Protocol != protocol:
		return response{Text: s.Say.Say("This app is newer than the bridge. Please update the bridge.")}
	case req.Kind == "command":
		return s.command(ctx, req)
	case req.Kind == "submit":
		return s.submit(ctx, req)
	}
	return response{Text: s.Say.Say("The bridge does not know what this app asks for. Please update the bridge.")}
}

// command carries one out, at once if that can be done while the app waits; else it
// is stored first and carried out after.
func (s route) command(ctx context.Context, req request) response {
	stored := s.Now().Add(max(s.Patience+storing, answered))
	ctx, stop := context.WithTimeout(ctx, s.Patience) // who may be trusted is asked in that time, too
	defer stop()
	c := bridge.Command{ID: commandID(req.ID), From: req.author(), Room: req.Room.ID, As: "/" + cmp.Or(req.Command, Command), Words: req.words(), At: s.Now(), Dialog: req.CanOpenView,
		Trusted: s.Trusted(ctx, req.User.ID, req.Room.ID, req.Room.Type)}
	reply, err := inTime(ctx, s.Config, func(ctx context.Context) (bridge.Reply, error) { return s.Clerk.Handle(ctx, c) })
	switch {
	case err == nil && reply.Dialog != nil:
		return response{View: settingsDialog(*reply.Dialog, s.Say)}
	case err == nil:
		res := response{Text: cmp.Or(reply.Text, s.Say.Say("Done."))}
		for _, b := range reply.Shortcuts {
			if reply.Private && !c.Trusted { // what it types is not done there
				break
			}
			res.Buttons = append(res.Buttons, wireButton{b.Label, b.Types})
		}
		return res
	case bridge.RefusalOf(err).Verdict == bridge.Never:
		s.Log.Error("a command failed", "err", err)
		return response{Text: s.Say.Say("That did not work. The bridge's log says why.")}
	}
	s.Log.Info("a command takes longer than the app waits; it is answered by direct message", "err", err)
	ctx, stop = context.WithDeadline(context.WithoutCancel(ctx), stored)
	defer stop()
	if err := s.Later(ctx, []bridge.Command{c}); err != nil {
		s.Log.Error("a command could not be stored", "err", err)
		return response{Text: s.Say.Say("That takes too long at the moment. Please try again in a minute.")}
	}
	return response{Text: s.Say.Say("I am working on it. The answer comes by direct message.")}
}

// How long storing a command may take at least, and when the app must be answered at the latest: it waits for four
// seconds.
const (
	storing  = 300 * time.Millisecond
	answered = 3800 * time.Millisecond
)

// submit does what a dialog asks for. Unless that is known to be done, the dialog
// stays open.
func (s route) submit(ctx context.Context, req request) response {
	page, f, err := req.filled()
	if err != nil {
		return response{Text: s.Say.Say("The bridge does not know this dialog. Please close it and open it again.")}
	}
	wrong, err := inTime(ctx, s.Config, func(ctx context.Context) (map[string]string, error) { return s.Clerk.Fill(ctx, req.author(), page, f) })
	switch {
	case err != nil && bridge.RefusalOf(err).Verdict == bridge.Never:
		s.Log.Error("a dialog failed", "page", page, "err", err)
		return response{Text: s.Say.Say("That did not work. The bridge's log says why.")}
	case err != nil:
		s.Log.Warn("a dialog was not saved in time", "page", page, "err", err)
		return response{Text: s.Say.Say("That takes too long at the moment. Please save again: nothing is done twice.")}
	case wrong[""] != "":
		return response{Text: wrong[""]}
	}
	return response{Errors: wrong}
}

// inTime calls do and returns what it returns; or, after our patience, without waiting for
// it any longer, the context's error.
func inTime[T any](ctx context.Context, c Config, do func(context.Context) (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	ctx, stop := context.WithTimeout(ctx, c.Patience)
	done := make(chan outcome, 1)
	go func() {
		defer stop()
		value, err := guarded(ctx, c.Log, do)
		done <- outcome{value, err}
	}()
	select {
	case o := <-done:
		return o.value, o.err
	case <-ctx.Done():
	}
	select {
	case o := <-done: // it ended with the time
		return o.value, o.err
	default:
		var none T
		return none, ctx.Err()
	}
}

// guarded turns a panic into a refusal: net/http catches only what panics in its own goroutine, and
// what one person types must not end the program.
func guarded[T any](ctx context.Context, log *slog.Logger, do func(context.Context) (T, error)) (value T, err error) {
	defer func() {
		if p := recover(); p != nil {
			log.Error("carrying out a command panicked; this is a bug", "panic", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
			err = &bridge.Refusal{Verdict: bridge.Never, Reason: bridge.StoreFailed, Err: errors.New("panic, see the log")}
		}
	}()
	return do(ctx)
}

// commandID is the id of a command in our books. Rocket.Chat gives each command that
// is typed in a client one of its own; what has none is nobody's repeat.
func commandID(given string) bridge.MessageID {
	if given == "" {
		given = rand.Text()
	}
	sum := sha256.Sum256([]byte(given))
	return bridge.MessageID("app-" + hex.EncodeToString(sum[:16]))
}
