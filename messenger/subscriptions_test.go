package messenger

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"messenger-bridge/bridge"
)

const everyField = `"messages","message_echoes","messaging_postbacks","messaging_referrals","message_reactions","message_edits",` +
	`"message_deliveries","message_reads","messaging_handovers","standby","messaging_policy_enforcement"`

var subscribing = map[string]func(*Platform, *testing.T) error{
	"SubscribePage": func(c *Platform, t *testing.T) error {
		return c.SubscribePage(t.Context(), connected, bridge.FeedStays)
	},
	"UnsubscribePage": func(c *Platform, t *testing.T) error { return c.UnsubscribePage(t.Context(), connected) },
	"SubscribeApp":    func(c *Platform, t *testing.T) error { return c.SubscribeApp(t.Context(), redirect, bridge.FeedStays) },
	"PageMissing": func(c *Platform, t *testing.T) error {
		_, err := c.PageMissing(t.Context(), connected)
		return err
	},
	"App": func(c *Platform, t *testing.T) error {
		_, err := c.App(t.Context())
		return err
	},
}

func TestSubscriptions_Requests(t *testing.T) {
	list := strings.ReplaceAll(everyField, `"`, "")
	app, page := bridge.Secret(appID+"|"+appSecret), bridge.Secret(token)
	for name, want := range map[string]struct {
		method, path string
		token        bridge.Secret
		form         url.Values
	}{
		"SubscribePage":   {"POST", string(thePage) + "/subscribed_apps", page, url.Values{"subscribed_fields": {list}}},
		"UnsubscribePage": {"DELETE", string(thePage) + "/subscribed_apps", page, nil},
		"PageMissing":     {"GET", string(thePage) + "/subscribed_apps", page, nil},
		"App":             {"GET", appID + "/subscriptions", app, nil},
		"SubscribeApp": {"POST", appID + "/subscriptions", app, url.Values{"object": {"page"}, "callback_url": {redirect},
			"verify_token": {verify}, "fields": {list}, "include_values": {"true"}}},
	} {
		m := &fakeGraph{answers: map[string][]string{want.path: {`{"success":true,"data":[]}`}}}
		c, _ := graph(t, m.ServeHTTP)
		c.cfg.Fresh = func() (app, token bridge.Secret) { return appSecret, verify }
		if err := subscribing[name](c, t); err != nil || len(m.calls) == 0 {
			t.Errorf("%s: %v, %d calls", name, err, len(m.calls))
			continue
		}
		last := len(m.calls) - 1 // what sets a list reads the one before
		got := m.calls[last]
		if got.Method != want.method || got.URL.Path != "/v26.0/"+want.path || got.Header.Get("Authorization") != "Bearer "+want.token.Reveal() ||
			got.URL.RawQuery != "appsecret_proof="+proofOf(want.token) || m.forms[last].Encode() != want.form.Encode() {
			t.Errorf("%s: %s %s %v", name, got.Method, got.URL, m.forms[last])
		}
	}
}

func TestSubscriptions_Confirmed(t *testing.T) {
	for body, ok := range map[string]bool{
		`{"success":true}`: true, `{"success":"true"}`: true, `{"messaging_success":true}`: true,
		`{"success":false}`: false, `{}`: false, `<html>`: false, ``: false,
	} {
		for _, name := range []string{"SubscribePage", "UnsubscribePage", "SubscribeApp"} {
			c, _ := graph(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodGet {
					answering(200, `{"data":[]}`)(w, r)
					return
				}
				answering(200, body)(w, r)
			})
			err := subscribing[name](c, t)
			if r := bridge.RefusalOf(err); (err == nil) != ok || err != nil && (r.Verdict != bridge.Again || r.Reason != bridge.MetaError) {
				t.Errorf("%s, %q: %v", name, body, err)
			}
		}
	}
}

func TestSubscriptions_Refusals(t *testing.T) {
	for _, c := range []struct {
		name      string
		code, sub int
		page, app bridge.Reason // of the page's calls, and of the app's
		pageSays  bridge.Verdict
		appSays   bridge.Verdict
	}{
		{"permission or task", 200, 0, bridge.PageLost, bridge.Unexplained, bridge.Again, bridge.Never},
		{"permission, unheard of", 200, 1349125, bridge.PageLost, bridge.Unexplained, bridge.Again, bridge.Never},
		{"the app may not", 10, 0, bridge.NotApproved, bridge.NotApproved, bridge.Again, bridge.Again},
		{"the app may not, unheard of", 10, 4711, bridge.NotApproved, bridge.NotApproved, bridge.Again, bridge.Again},
		{"token", 190, 460, bridge.PageLost, bridge.Unexplained, bridge.Again, bridge.Never},
		{"no such object", 100, 33, bridge.PageLost, bridge.Unexplained, bridge.Again, bridge.Never},
		{"field", 100, 0, bridge.Unexplained, bridge.Unexplained, bridge.Never, bridge.Never},
		{"callback", 2200, 0, bridge.Unexplained, bridge.Unexplained, bridge.Never, bridge.Never},
		{"not with this token", 15, 0, bridge.Unexplained, bridge.Unexplained, bridge.Never, bridge.Never},
		{"throttled", 4, 0, bridge.RateLimited, bridge.RateLimited, bridge.Again, bridge.Again},
		{"failed", 2, 0, bridge.MetaError, bridge.MetaError, bridge.Again, bridge.Again},
	} {
		for name, call := range subscribing {
			reason, verdict := c.page, c.pageSays
			if name == "App" || name == "SubscribeApp" {
				reason, verdict = c.app, c.appSays
			}
			client, _ := graph(t, answering(http.StatusForbidden, string(graphBody(c.code, c.sub, ""))))
			err := call(client, t)
			r := bridge.RefusalOf(err)
			if err == nil || r.Reason != reason || r.Verdict != verdict || !strings.Contains(err.Error(), "code ") {
				t.Errorf("%s: %s: %v", name, c.name, err)
			}
			if c.code == 4 { // the app's limit holds everything up
				if r.Gate != bridge.GateApp {
					t.Errorf("%s: %s shuts %q", name, c.name, r.Gate)
				}
				continue
			}
			if strings.Contains(name, "App") && r.Gate != "" || r.Gate != "" && (c.code == 200 || c.code == 10) {
				t.Errorf("%s: %s shuts %q", name, c.name, r.Gate)
			}
		}
	}
}

// Setting up may be repeated, so nothing about it is unknown.
func TestSubscriptions_ConnectionLost_IsAgain(t *testing.T) {
	for name, call := range subscribing {
		c, _ := graph(t, hijack(""))
		if r := bridge.RefusalOf(call(c, t)); r.Verdict != bridge.Again || r.Reason != bridge.MetaDown {
			t.Errorf("%s: %v", name, r)
		}
	}
}

func TestPageMissing_Answers(t *testing.T) {
	ours := func(fields string) string {
		return `{"data":[{"id":"1","name":"Other","subscribed_fields":[` + everyField + `]},{"id":"` + appID + `","name":"Bridge","subscribed_fields":[` + fields + `]}]}`
	}
	for _, c := range []struct {
		name, body string
		missing    []string
		ok         bool
	}{
		{"all", ours(everyField + `,"feed"`), nil, true},
		{"as objects", ours(strings.ReplaceAll(`{"name":`+strings.ReplaceAll(everyField, `,`, `,"version":"v26.0"},{"name":`)+`}`, `,,`, `,`)), nil, true},
		{"without standby", ours(strings.Replace(everyField, `,"standby"`, "", 1)), []string{"standby"}, true},
		{"none", ours(""), fields, true},
		{"no list", `{"data":[{"id":"` + appID + `"}]}`, fields, true},
		{"id a number", `{"data":[{"id":` + appID + `,"subscribed_fields":[` + everyField + `]}]}`, nil, true},
		{"other apps only", `{"data":[{"id":"1","subscribed_fields":[` + everyField + `]}]}`, fields, true},
		{"not subscribed", `{"data":[]}`, fields, true},
		{"another format", `{}`, nil, false},
		{"HTML", `<html>`, nil, false},
	} {
		client, _ := graph(t, answering(200, c.body))
		got, err := client.PageMissing(t.Context(), connected)
		if !slices.Equal(got, c.missing) || (err == nil) != c.ok {
			t.Errorf("%s: %v, %v", c.name, got, err)
		}
	}
}

func TestApp_Answers(t *testing.T) {
	page := func(more string) string {
		return `{"data":[{"object":"user","callback_url":"https://no","active":true,"fields":[]},{"object":"page","callback_url":"https://bridge.ex.test/webhook",` + more + `}]}`
	}
	for _, c := range []struct {
		name, body string
		want       bridge.AppSubscription
		ok         bool
	}{
		{"all", page(`"active":true,"fields":[` + everyField + `]`), bridge.AppSubscription{Callback: "https://bridge.ex.test/webhook", Active: true}, true},
		{"objects", page(`"active":"true","fields":[{"name":"messages","version":"v26.0"}]`), bridge.AppSubscription{Callback: "https://bridge.ex.test/webhook", Active: true, Missing: fields[1:]}, true},
		{"inactive", page(`"active":false,"fields":[` + everyField + `]`), bridge.AppSubscription{Callback: "https://bridge.ex.test/webhook"}, true},
		{"another object", `{"data":[{"object":"instagram","callback_url":"https://x","active":true}]}`, bridge.AppSubscription{Missing: fields}, true},
		{"nothing", `{"data":[]}`, bridge.AppSubscription{Missing: fields}, true},
		{"another format", `{"data":{}}`, bridge.AppSubscription{}, false},
	} {
		client, _ := graph(t, answering(200, c.body))
		got, err := client.App(t.Context())
		if got.Callback != c.want.Callback || got.Active != c.want.Active || !slices.Equal(got.Missing, c.want.Missing) || (err == nil) != c.ok {
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
	}
}

func TestSubscribePage_WithoutToken_CallsNobody(t *testing.T) {
	c, _ := graph(t, func(http.ResponseWriter, *http.Request) { t.Error("called") })
	for _, err := range []error{c.SubscribePage(t.Context(), bridge.Page{ID: thePage}, bridge.FeedStays), c.UnsubscribePage(t.Context(), bridge.Page{ID: thePage})} {
		if r := bridge.RefusalOf(err); r.Reason != bridge.PageLost {
			t.Error(err)
		}
	}
}

// TestSubscriptions_KeepWhatIsThere: a list replaces the one before, so what others have
// subscribed for the same app is sent again, unless that is what is refused.
func TestSubscriptions_KeepWhatIsThere(t *testing.T) {
	ours := strings.ReplaceAll(everyField, `"`, "")
	for name, c := range map[string]struct {
		there  string
		feed   bridge.FeedWish
		refuse string // calls with this field
		want   []string
	}{
		"nothing there":     {want: []string{ours}},
		"with comments":     {feed: bridge.FeedWanted, want: []string{ours + ",feed"}},
		"others stay":       {there: `"mention","messages"`, feed: bridge.FeedWanted, want: []string{ours + ",feed,mention"}},
		"feed stays":        {there: `"feed"`, want: []string{ours + ",feed"}},
		"feed goes":         {there: `"feed","mention"`, feed: bridge.FeedUnwanted, want: []string{ours + ",mention"}},
		"others refused":    {there: `"mention"`, refuse: "mention", want: []string{ours + ",mention", ours}},
		"comments refused":  {feed: bridge.FeedWanted, refuse: "feed", want: []string{ours + ",feed"}},
		"old feed, refused": {there: `"feed"`, refuse: "feed", want: []string{ours + ",feed", ours}},
	} {
		var sent []string
		client, _ := graph(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				answering(200, `{"data":[{"id":"`+appID+`","subscribed_fields":[`+c.there+`]}]}`)(w, r)
				return
			}
			list := r.PostFormValue("subscribed_fields")
			sent = append(sent, list)
			if c.refuse != "" && slices.Contains(strings.Split(list, ","), c.refuse) {
				answering(403, `{"error":{"code":200,"message":"needed"}}`)(w, r)
				return
			}
			answering(200, `{"success":true}`)(w, r)
		})
		err := client.SubscribePage(t.Context(), connected, c.feed)
		if !slices.Equal(sent, c.want) || (err == nil) == (name == "comments refused") {
			t.Errorf("%s: sent %q, %v", name, sent, err)
		}
	}
}
