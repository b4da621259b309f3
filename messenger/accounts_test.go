package messenger

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"messenger-bridge/bridge"
)

func TestAccount_Granted(t *testing.T) {
	for _, c := range []struct {
		name, body string
		missing    []string
		picture    string
	}{
		{"all", `"tasks":["ADVERTISE","ANALYZE","CREATE_CONTENT","MESSAGING","MODERATE","MANAGE"]`, nil, ""},
		{"new page", `"tasks":["PROFILE_PLUS_MESSAGING","PROFILE_PLUS_MODERATE"]`, nil, ""},
		{"mixed", `"tasks":["PROFILE_PLUS_MESSAGING","MODERATE"]`, nil, ""},
		{"full control", `"tasks":["PROFILE_PLUS_FULL_CONTROL"]`, nil, ""},
		{"managing is not moderating", `"tasks":["MANAGE","PROFILE_PLUS_MANAGE"]`, []string{"MESSAGING", "MODERATE"}, ""},
		{"may not subscribe", `"tasks":["MESSAGING","ANALYZE"]`, []string{"MODERATE"}, ""},
		{"may not write", `"tasks":["MODERATE"]`, []string{"MESSAGING"}, ""},
		{"something like it", `"tasks":["PROFILE_PLUS_MODERATE_DELEGATE_COMMUNITY","messaging"]`, []string{"MESSAGING", "MODERATE"}, ""},
		{"none", `"tasks":[]`, []string{"MESSAGING", "MODERATE"}, ""},
		{"not said", `"name":"Shop"`, nil, ""},
		{"picture", `"picture":{"data":{"url":"https://scontent.xx.fbcdn.net/a.jpg?oe=1&b=2"}}`, nil, "https://scontent.xx.fbcdn.net/a.jpg?oe=1&b=2"},
		{"no picture", `"picture":{"data":{"url":"javascript:alert(1)"}}`, nil, ""},
		{"picture without TLS", `"picture":{"data":{"url":"http://ex.test/a.jpg"}}`, nil, ""},
		{"picture of another form", `"picture":"https://ex.test/a.jpg"`, nil, ""},
	} {
		var a wireAccount
		_ = json.Unmarshal([]byte(`{"id":100200300400500,"access_token":"EAAP1",`+c.body+`}`), &a)
		p := a.granted()
		if p.ID != thePage || p.Token != "EAAP1" || !slices.Equal(p.Missing, c.missing) || p.Picture != c.picture {
			t.Errorf("%s: %+v", c.name, p)
		}
	}
}

func TestAccounts_ReadsAll_AndFollowsNoLink(t *testing.T) {
	var asked []url.Values
	c, _ := graph(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Query())
		if r.URL.Path != "/v26.0/me/accounts" || r.Header.Get("Authorization") != "Bearer "+long {
			t.Errorf("%s", r.URL)
		}
		entry, paging := `{"id":"1","name":"One","access_token":"EAAP1"},{"name":"nameless"}`, `,"paging":{"cursors":{"after":"a+/="},"next":"https://evil.ex.test/?access_token=x"}`
		switch r.URL.Query().Get("after") {
		case "a+/=":
			entry, paging = `{"id":"1","name":"One again"},{"id":"2","name":"Two"}`, `,"paging":{"cursors":{"after":"b"},"next":"https://evil.ex.test/"}`
		case "b":
			entry, paging = `{"id":"3"}`, `,"paging":{"cursors":{"after":"c"}}`
		}
		_, _ = fmt.Fprintf(w, `{"data":[%s]%s}`, entry, paging)
	})
	pages, err := c.accounts(t.Context(), long)
	if err != nil || len(pages) != 3 || pages[0].Name != "One" || pages[1].ID != "2" || pages[1].Token != "" || pages[2].ID != "3" {
		t.Errorf("%+v, %v", pages, err)
	}
	for i, after := range []string{"", "a+/=", "b"} {
		if q := asked[i]; q.Get("after") != after || q.Get("limit") != "100" || q.Get("appsecret_proof") != proofOf(long) {
			t.Errorf("%d: %v", i, q)
		}
	}
}

// A list that was cut short would take pages from us that are still granted.
func TestAccounts_WithoutEnd_IsARefusal(t *testing.T) {
	calls := 0
	c, _ := graph(t, func(w http.ResponseWriter, _ *http.Request) {
		calls++
		_, _ = fmt.Fprintf(w, `{"data":[{"id":"%d"}],"paging":{"cursors":{"after":"%d"},"next":"https://x"}}`, calls, calls)
	})
	pages, err := c.accounts(t.Context(), long)
	if r := bridge.RefusalOf(err); r.Verdict != bridge.Never || pages != nil || calls != maxAccountPages {
		t.Errorf("%d pages, %d calls, %v", len(pages), calls, err)
	}
}

func TestAccounts_SameCursorAgain_IsARefusalAtOnce(t *testing.T) {
	calls := 0
	c, _ := graph(t, func(w http.ResponseWriter, _ *http.Request) {
		calls++
		_, _ = fmt.Fprint(w, `{"data":[{"id":"1"}],"paging":{"cursors":{"after":"Mg"},"next":"https://x"}}`)
	})
	if pages, err := c.accounts(t.Context(), long); err == nil || pages != nil || calls != 2 {
		t.Errorf("%d pages, %d calls, %v", len(pages), calls, err)
	}
}
