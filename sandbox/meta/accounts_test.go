package meta_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"messenger-bridge/sandbox/meta"
)

func TestMessengerAccounts_Pages(t *testing.T) {
	w := newLoginWorld(t)
	var all []string
	for i := range 30 {
		id := fmt.Sprint("P", i)
		w.m.AddBarePage(id, id)
		w.m.SetTasks(w.bert, id, "MESSAGING", "PROFILE_PLUS_MODERATE")
		all = append(all, id)
	}
	w.m.LogInAs(w.bert)
	user := w.authorise(append(all, "B", "C")...)
	read := func(limit string) (sizes []int, seen map[string]bool) {
		seen = map[string]bool{}
		params := []string{"fields", "id,name,access_token,tasks,category,picture{url}", "limit", limit}
		for {
			r := user.get("/v26.0/me/accounts", params...)
			for _, id := range ids(r) {
				seen[id] = true
			}
			sizes = append(sizes, len(ids(r)))
			paging, _ := r.json["paging"].(map[string]any)
			next, _ := paging["next"].(string)
			if next == "" {
				return sizes, seen
			}
			u, err := url.Parse(next)
			if err != nil || u.Query().Get("access_token") != user.token || u.Query().Has("appsecret_proof") || u.Query().Get("fields") == "" {
				t.Fatalf("next %s", next)
			}
			params = append(params[:4:4], "after", paging["cursors"].(map[string]any)["after"].(string))
		}
	}
	if sizes, seen := read("100"); fmt.Sprint(sizes) != "[32]" || len(seen) != 32 {
		t.Errorf("%v, %d pages", sizes, len(seen))
	}
	if sizes, seen := read("15"); fmt.Sprint(sizes) != "[15 15 2]" || len(seen) != 32 {
		t.Errorf("%v, %d pages", sizes, len(seen))
	}
	w.m.Tweak(func(q *meta.Quirks) { q.AccountsPerPage = 16 })
	if sizes, seen := read("100"); fmt.Sprint(sizes) != "[16 16]" || len(seen) != 32 {
		t.Errorf("%v, %d pages", sizes, len(seen))
	}
	r := user.get("/v26.0/me/accounts", "fields", "name,access_token,tasks,category,picture{url},id", "limit", "1", "after", "")
	if !strings.HasPrefix(r.body, `{"data":[{"name":"Page B","access_token":"EAAP`) ||
		!strings.Contains(r.body, `"tasks":["ADVERTISE","ANALYZE","CREATE_CONTENT","MESSAGING","MODERATE","MANAGE"],"category":"Shop","picture":{"data":{"url":"https:`) {
		t.Errorf("%s", r.body)
	}
	// A link followed as it is lacks the proof.
	next := r.json["paging"].(map[string]any)["next"].(string)
	noProblems(t, w.m)
	if r := readReply(http.Get(next)); r.code != 100 || !strings.Contains(r.body, "appsecret_proof") {
		t.Errorf("next: %s", r.body)
	}
	if r := user.get("/v26.0/me/accounts", "fields", "nonsense"); r.code != 100 {
		t.Errorf("%s", r.body)
	}
}

func TestMessengerAccounts_WhatIsMissing(t *testing.T) {
	tests := []struct {
		name   string
		scope  string
		ticked []string
		before func(w *loginWorld)
		want   string // ids, "-" behind those without a token
	}{
		{"one ticked", needed, []string{"A"}, nil, "A"},
		{"none ticked", needed, nil, nil, ""},
		{"no pages_show_list", "pages_messaging", []string{"A", "B"}, nil, ""},
		{"portfolio", needed, []string{"A", "B"}, func(w *loginWorld) { w.m.SetPortfolio("A", true) }, "B"},
		{"portfolio, granted", needed + ",business_management", []string{"A", "B"}, func(w *loginWorld) { w.m.SetPortfolio("A", true) }, "A B"},
		{"no token", needed, []string{"A", "B"}, func(w *loginWorld) { w.m.WithholdToken("B", true) }, "A B-"},
		{"role lost", needed, []string{"A", "B"}, func(w *loginWorld) { w.m.SetTasks(w.anna, "A") }, "B"},
		{"permission taken back", needed, []string{"A"}, func(w *loginWorld) { w.m.SetScope(w.anna, "pages_show_list", "declined") }, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newLoginWorld(t)
			user := w.redeem(w.consent(w.address("scope", tt.scope), meta.Choice{Pages: tt.ticked}).Get("code"))
			if tt.before != nil {
				tt.before(w)
			}
			pages := w.pages(user)
			var got []string
			for _, id := range []string{"A", "B", "C"} {
				if g, listed := pages[id]; listed {
					if g.token == "" {
						id += "-"
					}
					got = append(got, id)
				}
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("pages %q, want %q", got, tt.want)
			}
			if r := user.get("/v26.0/B", "fields", "access_token,name"); (r.status == 200) != (pages["B"] != graph{}) {
				t.Errorf("one page: %s", r.body)
			}
			noProblems(t, w.m)
		})
	}
}

func TestMessengerBusinesses_ListsMoreThanWasGranted(t *testing.T) {
	w := newLoginWorld(t)
	w.m.SetPortfolio("A", true)
	w.m.SetPortfolio("B", true)
	path, fields := "/v26.0/me/businesses", "id,name,owned_pages{id,access_token},client_pages{id}"
	if r := w.authorise("A").get(path); r.status != 403 || r.code != 200 {
		t.Errorf("without permission: %s", r.body)
	}
	user := w.redeem(w.consent(w.address("scope", needed+",business_management"), meta.Choice{Pages: []string{"A"}}).Get("code"))
	r := user.get(path, "fields", fields)
	if !strings.HasPrefix(r.body, `{"data":[{"name":"Portfolio","owned_pages":{"data":[{"access_token":"`) || len(ids(r)) != 1 {
		t.Fatalf("%s", r.body)
	}
	owned := r.json["data"].([]any)[0].(map[string]any)["owned_pages"].(map[string]any)["data"].([]any)
	for i, want := range []int{0, 190} {
		token := owned[i].(map[string]any)["access_token"].(string)
		if r := (graph{t, w.m, token}).get("/v26.0/me"); r.code != want {
			t.Errorf("page %d: %s", i, r.body)
		}
	}
	if w.m.PageToken("B") != "" {
		t.Error("a page that was not granted has a token")
	}
}

func TestMessengerUser_WhoAndWhat(t *testing.T) {
	w := newLoginWorld(t)
	user := w.authorise("A")
	if r := user.get("/v26.0/me", "fields", "id,name"); r.body != `{"name":"Anna Admin","id":"`+w.anna+`"}` {
		t.Errorf("%s", r.body)
	}
	if r := user.get("/v26.0/" + w.anna + "/permissions"); !strings.HasPrefix(r.body, `{"data":[{"permission":"pages_show_list","status":"granted"},`) {
		t.Errorf("%s", r.body)
	}
	noProblems(t, w.m)
	if r := user.do(http.MethodPost, "/v26.0/A/subscribed_apps", url.Values{"subscribed_fields": {"messages"}}, ""); r.code != 210 {
		t.Errorf("user token for a page: %s", r.body)
	}
	if r := user.get("/v26.0/" + w.bert + "/accounts"); r.code != 100 {
		t.Errorf("another person: %s", r.body)
	}
	if n := len(w.m.Problems()); n != 2 {
		t.Errorf("problems %q", w.m.Problems())
	}
	if user.token != w.m.UserToken(w.anna) || w.m.UserToken(w.bert) != "" {
		t.Error("UserToken")
	}
	if calls := w.m.Calls(); calls[len(calls)-1].User != w.anna || calls[len(calls)-1].Page != "" {
		t.Errorf("%+v", calls[len(calls)-1])
	}
}

func TestMessengerPermissions_Revoke(t *testing.T) {
	for _, asApp := range []bool{false, true} {
		w := newLoginWorld(t)
		user := w.long(w.authorise("A", "B"))
		page := w.pages(user)["A"]
		w.m.LogInAs(w.bert)
		other := w.pages(w.authorise("B"))["B"]
		caller, path := user, "/v26.0/me/permissions"
		if asApp {
			caller, path = graph{t, w.m, w.m.AppToken()}, "/v26.0/"+w.anna+"/permissions"
		}
		subscribe := func() reply {
			return page.do(http.MethodPost, "/v26.0/A/subscribed_apps", url.Values{"subscribed_fields": {"messages"}}, "")
		}
		if r := caller.do(http.MethodDelete, path+"/pages_messaging", nil, ""); r.body != `{"success":true}` {
			t.Errorf("one: %s", r.body)
		}
		if r := subscribe(); r.status != 403 || r.code != 200 || !strings.Contains(r.body, "pages_messaging") {
			t.Errorf("after one: %s", r.body)
		}
		if r := caller.do(http.MethodDelete, path+"/email", nil, ""); r.code != 100 {
			t.Errorf("never granted: %s", r.body)
		}
		if r := caller.do(http.MethodDelete, path, nil, ""); r.body != `{"success":true}` {
			t.Errorf("all: %s", r.body)
		}
		for _, g := range []graph{user, page} {
			if r := g.get("/v26.0/me"); r.code != 190 || r.sub != 458 {
				t.Errorf("after all: %s", r.body)
			}
		}
		if r := other.get("/v26.0/me"); r.status != 200 {
			t.Errorf("another person's: %s", r.body)
		}
		if len(w.m.GrantedScopes(w.anna))+len(w.m.GrantedPages(w.anna)) != 0 {
			t.Error("something is still granted")
		}
		noProblems(t, w.m)
		w.m.LogInAs(w.anna)
		if r := w.pages(w.authorise("A"))["A"].get("/v26.0/me"); r.status != 200 {
			t.Errorf("authorised again: %s", r.body)
		}
	}
}

func TestMessengerTokens_DieInManyWays(t *testing.T) {
	died := func(g graph) string {
		r := g.get("/v26.0/me")
		return fmt.Sprintf("%d/%d", r.code, r.sub)
	}
	tests := []struct {
		name       string
		kill       func(w *loginWorld)
		user, page string
	}{
		{"password changed", func(w *loginWorld) { w.m.KillToken(w.anna, 460) }, "190/460", "190/460"},
		{"checkpoint", func(w *loginWorld) { w.m.KillToken(w.anna, 459) }, "190/459", "190/459"},
		{"user expired", func(w *loginWorld) { w.m.KillToken(w.anna, 463) }, "190/463", "0/0"},
		{"user expired by the clock", func(w *loginWorld) { w.m.ExpireIn(w.anna, 0) }, "190/463", "0/0"},
		{"page expired", func(w *loginWorld) { w.m.ExpireIn("A", 0) }, "0/0", "190/463"},
		{"page", func(w *loginWorld) { w.m.KillToken("A", 0) }, "0/0", "190/0"},
		{"page not accessible", func(w *loginWorld) { w.m.KillToken("A", meta.NoSuchPage) }, "0/0", "190/0"},
		{"role lost", func(w *loginWorld) { w.m.SetTasks(w.anna, "A") }, "0/0", "190/492"},
		{"app removed", func(w *loginWorld) { w.m.RemoveApp(w.anna) }, "190/458", "190/458"},
		{"data access", func(w *loginWorld) { w.m.DataAccessIn(w.anna, 0) }, "190/0", "0/0"},
		{"data access stops pages", func(w *loginWorld) {
			w.m.Tweak(func(q *meta.Quirks) { q.DataAccessStopsPages = true })
			w.clock.add(91 * 24 * time.Hour)
		}, "190/463", "190/0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newLoginWorld(t)
			user := w.long(w.authorise("A"))
			page := w.pages(user)["A"]
			tt.kill(w)
			if got := died(user); got != tt.user {
				t.Errorf("user token %s, want %s", got, tt.user)
			}
			if got := died(page); got != tt.page {
				t.Errorf("page token %s, want %s", got, tt.page)
			}
			noProblems(t, w.m)
		})
	}
	w := newLoginWorld(t)
	user := w.long(w.authorise("A"))
	page := w.pages(user)["A"]
	w.m.KillToken(w.anna, 467)
	w.m.RestoreToken(w.anna)
	if died(user)+died(page) != "0/00/0" {
		t.Errorf("restored: %s %s", died(user), died(page))
	}
	w.m.KillToken("A", 460)
	if fresh := w.pages(user)["A"]; fresh.token == page.token || died(fresh) != "0/0" {
		t.Error("the user token gives a dead page token")
	}
	w.m.RemoveApp(w.anna)
	w.m.RestoreToken(w.anna)
	if died(user) != "190/458" {
		t.Error("a removed application came back")
	}
}
