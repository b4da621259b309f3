package meta_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"messenger-bridge/sandbox/meta"
)

const scopesAll = needed + ",pages_read_user_content"

func TestMessengerSubscribedApps_NeedsRights(t *testing.T) {
	tests := []struct {
		name   string
		scope  string
		fields string
		before func(w *loginWorld)
		status int
		text   string
	}{
		{"messages", needed, "messages,standby", nil, 200, `{"success":true}`},
		{"feed without its permission", needed, "messages,feed", nil, 403, "To subscribe to the feed field, one of these permissions is needed: pages_read_user_content"},
		{"feed", scopesAll, "messages,feed", nil, 200, `{"success":true}`},
		{"feed without metadata", "pages_show_list,pages_read_user_content", "feed", nil, 403, "is needed: pages_manage_metadata"},
		{"no messaging", "pages_show_list,pages_manage_metadata", "messages", nil, 403, "(#200) To subscribe to the messages field, one of these permissions is needed: pages_messaging"},
		{"unknown field", needed, "messages,mentions", nil, 400, `(#100) Param subscribed_fields[1] must be one of {`},
		{"no field", needed, "", nil, 400, "subscribed_fields is required"},
		{"no MODERATE", needed, "messages", func(w *loginWorld) { w.m.SetTasks(w.anna, "A", "MESSAGING") }, 403, "sufficient administrative permission"},
		{"new page", needed, "messages", func(w *loginWorld) { w.m.SetTasks(w.anna, "A", "PROFILE_PLUS_FULL_CONTROL") }, 200, `{"success":true}`},
		{"odd success", needed, "messages", func(w *loginWorld) { w.m.Tweak(func(q *meta.Quirks) { q.TextSuccess = true }) }, 200, `{"success":"true"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newLoginWorld(t)
			page := w.pages(w.redeem(w.consent(w.address("scope", tt.scope), meta.Choice{Pages: []string{"A"}}).Get("code")))["A"]
			if tt.before != nil {
				tt.before(w)
			}
			r := page.do(http.MethodPost, "/v26.0/A/subscribed_apps", url.Values{"subscribed_fields": {tt.fields}}, "")
			if r.status != tt.status || !strings.Contains(r.body, tt.text) {
				t.Errorf("%d %s", r.status, r.body)
			}
			if n := len(w.m.Subscribed("A")); (n > 0) != (tt.status == 200) {
				t.Errorf("%d fields", n)
			}
		})
	}
}

// A page that is only known to Facebook becomes one that sends, step by step.
func TestMessengerSubscriptions_BothLevels(t *testing.T) {
	w := newLoginWorld(t)
	hook := newReceiver(t)
	app := graph{t, w.m, w.m.AppToken()}
	path := "/v26.0/" + w.m.AppID() + "/subscriptions"
	configure := func(more ...string) reply {
		q := url.Values{"object": {"page"}, "callback_url": {hook.URL}, "verify_token": {hook.verify}, "include_values": {"true"}, "fields": {"messages,feed"}}
		for i := 0; i < len(more); i += 2 {
			q.Set(more[i], more[i+1])
		}
		return app.do(http.MethodPost, path, q, "")
	}
	writes := func() bool {
		before := len(hook.got())
		w.m.CustomerWrites("A", customer, "Hello")
		flush(t, w.m)
		return len(hook.got()) > before
	}
	page := w.pages(w.authorise("A"))["A"]
	if r := page.get("/v26.0/A/subscribed_apps"); r.body != `{"data":[]}` || len(w.m.AppSubscribed()) != 0 {
		t.Errorf("a bare page: %s", r.body)
	}
	page.do(http.MethodPost, "/v26.0/A/subscribed_apps", url.Values{"subscribed_fields": {"messages"}}, "")
	w.m.SubscribeOther("A", "77", "Other", "messages")
	if r := page.get("/v26.0/A/subscribed_apps"); !strings.Contains(r.body, `"name":"Other","id":"77","subscribed_fields":["messages"]}]}`) || len(ids(r)) != 2 {
		t.Errorf("%s", r.body)
	}
	if r := app.get(path); r.body != `{"data":[]}` || writes() {
		t.Errorf("before: %s", r.body)
	}
	hook.quote = true
	if r := configure(); r.status != 400 || r.code != 2200 || w.m.Callback() != "" {
		t.Errorf("wrong challenge: %s", r.body)
	}
	hook.quote = false
	if r := configure("fields", `["messages","mentions"]`); r.code != 100 || !strings.Contains(r.body, "fields[1] must be one of {") {
		t.Errorf("unknown field: %s", r.body)
	}
	if r := configure("object", "user"); r.code != 100 {
		t.Errorf("another object: %s", r.body)
	}
	if r := configure(); r.body != `{"success":true}` || !writes() {
		t.Errorf("%s", r.body)
	}
	w.m.SetAppActive(false)
	if r := app.get(path); !strings.Contains(r.body, `"active":false,"fields":[{"name":"feed","version":"v26.0"},{"name":"messages","version":"v26.0"}]`) || writes() {
		t.Errorf("not active: %s", r.body)
	}
	if configure("fields", "messages"); fmt.Sprint(w.m.AppSubscribed()) != "[messages]" || !writes() {
		t.Errorf("replaced by %v", w.m.AppSubscribed())
	}
	if r := page.get(path); r.code != 15 {
		t.Errorf("page token: %s", r.body)
	}
	if app.do(http.MethodDelete, path, url.Values{"object": {"page"}, "fields": {"messages"}}, ""); writes() || w.m.Callback() != "" {
		t.Error("deleted and still sending")
	}
	w.m.Grant("A", "pages_manage_metadata", false)
	if r := page.do(http.MethodDelete, "/v26.0/A/subscribed_apps", nil, ""); r.code != 200 {
		t.Errorf("%s", r.body)
	}
	w.m.Grant("A", "pages_manage_metadata", true)
	if r := page.do(http.MethodDelete, "/v26.0/A/subscribed_apps", nil, ""); r.body != `{"success":true}` {
		t.Errorf("%s", r.body)
	}
}

func TestMessengerSubscriptions_WithoutValues(t *testing.T) {
	m, _, hook := withComments(t, meta.Config{})
	app := graph{t, m, m.AppToken()}
	app.do(http.MethodPost, "/v26.0/"+m.AppID()+"/subscriptions", url.Values{
		"object": {"page"}, "callback_url": {hook.URL}, "verify_token": {hook.verify}, "fields": {"messages,feed"}}, "")
	m.Send(meta.Event{Page: pageID, Change: "feed", Element: `{"item":"comment"}`})
	flush(t, m)
	if got := fmt.Sprint(hook.got()); !strings.Contains(got, `"changed_fields":["feed"]}`) || strings.Contains(got, "comment") {
		t.Errorf("%s", got)
	}
}

func TestMessengerSend_NeedsTheTask(t *testing.T) {
	w := newLoginWorld(t)
	page := w.pages(w.authorise("A"))["A"]
	w.m.WritesUnnoticed("A", customer, "Hello")
	send := func() reply {
		return page.do(http.MethodPost, "/v26.0/A/messages", nil,
			`{"recipient":{"id":"`+customer+`"},"messaging_type":"RESPONSE","message":{"text":"x"}}`)
	}
	if r := send(); r.status != 200 {
		t.Errorf("%s", r.body)
	}
	w.m.SetTasks(w.anna, "A", "MODERATE")
	if r := send(); r.code != 200 {
		t.Errorf("without MESSAGING: %s", r.body)
	}
	w.m.SetScope(w.anna, "pages_messaging", "expired")
	if r := send(); r.code != 10 {
		t.Errorf("lapsed: %s", r.body)
	}
}
