package store_test

import (
	"errors"
	"testing"

	"messenger-bridge/bridge"
)

func TestPersonas_AreKept_AndGoWithTheirPage(t *testing.T) {
	path := newPath(t)
	s := open(t, options(path))
	err := errors.Join(
		s.SavePage(t.Context(), bridge.Page{ID: "1", Name: "Shop"}),
		s.SavePersona(t.Context(), "1", "Ana", "https://x.example/ana", "601"),
		s.SavePersona(t.Context(), "1", "Kim", "https://x.example/kim", "602"),
		s.SavePersona(t.Context(), "1", "Lea", "https://x.example/lea", "603"),
		s.SavePersona(t.Context(), "1", "Lea", "https://x.example/lea", ""),
		s.SavePersona(t.Context(), "11", "Ana", "https://x.example/ana", "604"),
		s.Close(),
	)
	if err != nil {
		t.Fatal(err)
	}
	s = open(t, options(path))
	defer s.Close()
	check := func(page bridge.PageID, name, picture, want string) {
		t.Helper()
		if got := s.Persona(page, name, picture); got != want {
			t.Errorf("page %s knows %s as %q, not %q", page, name, got, want)
		}
	}
	check("1", "Ana", "https://x.example/ana", "601")
	check("1", "Ana", "https://x.example/other", "")
	check("1", "Kim", "https://x.example/kim", "602")
	check("1", "Lea", "https://x.example/lea", "")
	if err := s.DeletePage(t.Context(), "1"); err != nil {
		t.Fatal(err)
	}
	check("1", "Ana", "https://x.example/ana", "")
	check("1", "Kim", "https://x.example/kim", "")
	check("11", "Ana", "https://x.example/ana", "604")
}
