package avatars

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"messenger-bridge/bridge"
)

// TestAvatars_ManyAskAtOnce_FewAreFetched: whoever knows an address may ask as often as they like.
func TestAvatars_ManyAskAtOnce_FewAreFetched(t *testing.T) {
	a := New("https://bridge.example", func(purpose, text string) string { return purpose + text + strings.Repeat("s", 40) }, nil)
	var fetches atomic.Int32
	hold := make(chan struct{})
	begun := make(chan struct{}, 100)
	a.fetch = func(context.Context, string) (*bridge.Content, error) {
		fetches.Add(1)
		begun <- struct{}{}
		<-hold
		return nil, errors.New("away")
	}
	mux := http.NewServeMux()
	mux.Handle("GET /avatars/{token}", a)
	_, path, _ := strings.Cut(a.Address(bridge.Author{Username: "ana"}), "https://bridge.example")
	ask := func() int {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w.Code
	}
	var held sync.WaitGroup
	for range atOnce {
		held.Go(func() { ask() })
		<-begun
	}
	for range 50 {
		if code := ask(); code != http.StatusNotFound {
			t.Errorf("answered %d", code)
		}
	}
	close(hold)
	held.Wait()
	if n := fetches.Load(); n != atOnce {
		t.Errorf("fetched %d times", n)
	}
	if ask(); fetches.Load() != atOnce+1 {
		t.Error("not fetched any more afterwards")
	}
}
