package meta_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"messenger-bridge/sandbox/meta"
)

func TestMessenger_WhatMetasSDKDoesNotKnow_IsAProblem(t *testing.T) {
	for _, c := range []struct {
		method, path string
		query        []string
		problem      string
	}{
		{http.MethodGet, "/v27.0/" + pageID, []string{"fields", "id,name"}, ""},
		{http.MethodGet, "/v27.0/" + pageID, []string{"fields", "id,nickname"}, "no field nickname"},
		{http.MethodGet, "/v27.0/" + pageID + "/conversations", []string{"platform", "messenger", "fields", "participants,messages.limit(2){id,from,made_up}", "limit", "3"}, ""},
		{http.MethodGet, "/v27.0/" + pageID + "/conversations", []string{"platform", "messenger", "since", "1"}, "no parameter since"},
		{http.MethodPost, "/v27.0/" + pageID + "/personas", []string{"name", "Ana", "nick", "A"}, "no parameter nick"},
	} {
		m, g, _ := startMessenger(t, meta.Config{})
		if c.method == http.MethodGet {
			g.get(c.path, c.query...)
		} else {
			form := map[string][]string{}
			for i := 0; i < len(c.query); i += 2 {
				form[c.query[i]] = []string{c.query[i+1]}
			}
			g.do(c.method, c.path, form, "")
		}
		found := slices.ContainsFunc(m.Problems(), func(p string) bool { return strings.Contains(p, "Meta's SDK") })
		if found != (c.problem != "") || c.problem != "" && !strings.Contains(strings.Join(m.Problems(), "\n"), c.problem) {
			t.Errorf("%s %s %q: %q", c.method, c.path, c.query, m.Problems())
		}
	}
}
