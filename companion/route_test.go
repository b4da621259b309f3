package companion

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/settings"
	"messenger-bridge/language"
)

// broken is a clerk with a mistake in it.
type broken struct{}

func (broken) Handle(_ context.Context, c bridge.Command) (bridge.Reply, error) { panic(c.Words) }

func (broken) Fill(_ context.Context, _ bridge.Author, _ bridge.PageID, f settings.Filled) (map[string]string, error) {
	panic(f.Typed["welcome"])
}

// A command or a dialog that finds a mistake of ours is answered, and the program goes on: these are
// carried out beside the request, where nobody else catches what panics.
func TestRoute_APanic_IsAnsweredAndLogged(t *testing.T) {
	for kind, body := range map[string]string{
		"command": `{"protocol":1,"kind":"command","user":{"id":"u","username":"ana"},"args":["retry","secret","words"],"room":{"id":"r"}}`,
		"dialog": `{"protocol":1,"kind":"submit","user":{"id":"u","username":"ana"},"viewId":"` + viewID("100", "seen") +
			`","state":{"b":{"welcome":"secret words"}}}`,
	} {
		t.Run(kind, func(t *testing.T) {
			var log bytes.Buffer
			h := New(Config{
				Secrets: func() []bridge.Secret { return []bridge.Secret{"s"} }, Clerk: broken{}, Say: language.New("en", nil),
				Later:   func(context.Context, []bridge.Command) error { t.Error("it is stored, to panic again"); return nil },
				Trusted: func(context.Context, bridge.UserID, bridge.RoomID, string) bool { return false },
				Log:     slog.New(slog.NewTextHandler(&log, nil)),
			})
			r := httptest.NewRequest(http.MethodPost, "/commands", strings.NewReader(body))
			r.Header.Set("Authorization", "Bearer s")
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "That did not work. The bridge's log says why.") {
				t.Errorf("answered %d %s", w.Code, w.Body)
			}
			if !strings.Contains(log.String(), "broken") || strings.Contains(log.String(), "secret words") {
				t.Errorf("logged: %s", &log)
			}
		})
	}
}

// slow is a clerk that does not come to an end.
type slow struct{ broken }

func (slow) Handle(ctx context.Context, _ bridge.Command) (bridge.Reply, error) {
	<-ctx.Done()
	return bridge.Reply{}, ctx.Err()
}

// The app waits for four seconds, whatever takes long: who may be trusted is asked in that time, too.
func TestRoute_RoomAndCommandTakeLong_TheAppIsAnsweredInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stored := 0
		h := New(Config{
			Secrets: func() []bridge.Secret { return []bridge.Secret{"s"} }, Clerk: slow{}, Say: language.New("en", nil), Log: slog.New(slog.DiscardHandler),
			Later: func(_ context.Context, all []bridge.Command) error { stored += len(all); return nil },
			Trusted: func(context.Context, bridge.UserID, bridge.RoomID, string) bool {
				<-time.After(time.Second)
				return true
			},
		})
		r := httptest.NewRequest(http.MethodPost, "/commands", strings.NewReader(`{"protocol":1,"kind":"command","user":{"id":"u","username":"ana"},"args":["pages"],"room":{"id":"r"}}`))
		r.Header.Set("Authorization", "Bearer s")
		w, asked := httptest.NewRecorder(), time.Now()
		h.ServeHTTP(w, r)
		if took := time.Since(asked); took >= 4*time.Second || stored != 1 || !strings.Contains(w.Body.String(), "I am working on it.") {
			t.Errorf("answered after %v, %d stored: %s", took, stored, w.Body)
		}
	})
}
