package app

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"messenger-bridge/app/settled"
	"messenger-bridge/bridge"
	"messenger-bridge/store"
)

// TestFailed_OfAPageThatIsNotThere_SaysSo: "everything was delivered" would hide a slip of the pen.
func TestFailed_OfAPageThatIsNotThere_SaysSo(t *testing.T) {
	cfg, log := alone(t), slog.New(slog.DiscardHandler)
	p := newProgram(settled.New(cfg, log), log)
	var err error
	if p.store, err = store.Open(store.Options{Path: cfg.Store.Database}); err != nil {
		t.Fatal(err)
	}
	defer p.store.Close()
	if err := p.store.SavePage(t.Context(), bridge.Page{ID: "1", Name: "Shop"}); err != nil {
		t.Fatal(err)
	}
	if err := p.assemble(); err != nil {
		t.Fatal(err)
	}
	routes := p.operators().routes()
	for _, c := range []struct {
		method, path, body string
		status             int
		says               string
	}{
		{http.MethodGet, "/failed", "", http.StatusOK, `"more":`},
		{http.MethodGet, "/failed?page=1", "", http.StatusOK, `"more":`},
		{http.MethodGet, "/failed?page=2", "", http.StatusNotFound, "pages list"},
		{http.MethodPost, "/retry", `{"page":"1"}`, http.StatusOK, "{"},
		{http.MethodPost, "/retry", `{"page":"2"}`, http.StatusNotFound, "pages list"},
	} {
		w := httptest.NewRecorder()
		routes.ServeHTTP(w, httptest.NewRequest(c.method, c.path, strings.NewReader(c.body)))
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("%s %s %s: %d %s", c.method, c.path, c.body, w.Code, w.Body)
		}
	}
}
