package web_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestDeletion_CodeOfOurs_SaysWhatBecameOfIt_AnyOther_SaysNothing(t *testing.T) {
	s := newSite(t, &fake{})
	known := s.do(http.MethodGet, "/data-deletion/GOODCODE", "")
	body := want(t, known, http.StatusOK)
	for _, part := range []string{"Your data is deleted", "26 Nov 2026, 09:05", "write to the page"} {
		if !strings.Contains(body, part) {
			t.Errorf("the page lacks %q:\n%s", part, body)
		}
	}
	unknown := s.do(http.MethodGet, "/data-deletion/GOODCODF", "")
	if body := want(t, unknown, http.StatusNotFound); !strings.Contains(body, "not known") || strings.Contains(body, "2026") {
		t.Errorf("an unknown code shows\n%s", body)
	}
	for _, h := range []http.Header{known.Header, unknown.Header} {
		if h.Get("Cache-Control") != "no-store" || h.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("headers: %v", h)
		}
	}
	want(t, s.do(http.MethodPost, "/data-deletion/GOODCODE", "x=1"), http.StatusMethodNotAllowed)
}
