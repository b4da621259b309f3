package meta_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"messenger-bridge/sandbox/meta"
)

func TestMessengerAuth(t *testing.T) {
	m, g, _ := startMessenger(t, meta.Config{})
	node := "/v26.0/" + pageID
	proof := url.Values{"appsecret_proof": {"00"}}
	tests := []struct {
		name   string
		call   func() reply
		status int
		code   int
	}{
		{"right", func() reply { return g.get(node, "fields", "id,name") }, 200, 0},
		{"me", func() reply { return g.get("/me") }, 200, 0},
		{"no token", func() reply { return graph{t, m, ""}.get(node) }, 400, 104},
		{"no token for me", func() reply { return graph{t, m, ""}.get("/v26.0/me") }, 400, 2500},
		{"no proof", func() reply { return g.get(node, "appsecret_proof", "") }, 400, 100},
		{"wrong proof", func() reply { return g.do(http.MethodGet, node, proof, "") }, 400, 100},
		{"unknown token", func() reply { return graph{t, m, "EAAnonsense"}.get(node) }, 400, 190},
		{"app token", func() reply { return graph{t, m, m.AppToken()}.get(node) }, 400, 210},
		{"unknown object", func() reply { return g.get("/v26.0/12345") }, 400, 100},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if r := tt.call(); r.status != tt.status || r.code != tt.code {
				t.Errorf("%d %s", r.status, r.body)
			}
		})
	}
	if n := len(m.Problems()); n != 2 {
		t.Errorf("problems %q", m.Problems())
	}
	if r := g.get(node, "fields", "id,name"); r.body != `{"name":"Shop","id":"100200300400500"}` {
		t.Errorf("page node %s", r.body)
	}
	other := m.AddPage("42", "Other")
	if r := (graph{t, m, other}).post(`{}`); r.code != 100 || r.sub != 33 {
		t.Errorf("token of another page: %s", r.body)
	}
}

func TestMessengerAuth_TokenInQueryIsAProblem(t *testing.T) {
	m, g, _ := startMessenger(t, meta.Config{})
	r := graph{t, m, ""}.get("/v26.0/"+pageID, "access_token", g.token, "appsecret_proof", m.Proof(g.token))
	if r.status != 200 || len(m.Problems()) != 1 {
		t.Errorf("%d, problems %q", r.status, m.Problems())
	}
	if strings.Contains(fmt.Sprint(m.Problems(), m.Calls()), g.token) {
		t.Error("the books contain the token")
	}
}

func TestMessengerTokens(t *testing.T) {
	for _, sub := range []int{0, meta.NoSuchPage, 458, 459, 460, 463, 467, 492} {
		t.Run(fmt.Sprint(sub), func(t *testing.T) {
			m, g, _ := startMessenger(t, meta.Config{})
			m.KillToken(pageID, sub)
			if r := g.send("x"); r.status != 400 || r.code != 190 || r.sub != max(sub, 0) || r.header.Get("WWW-Authenticate") == "" || strings.Contains(r.body, `"message":""`) {
				t.Errorf("%d %s", r.status, r.body)
			}
			app := graph{t, m, m.AppToken()}
			if r := app.get("/v26.0/debug_token", "input_token", g.token); !strings.Contains(r.body, `"is_valid":false`) {
				t.Errorf("debug_token %s", r.body)
			}
			fresh := graph{t, m, m.ReviveToken(pageID)}
			if r := fresh.send("y"); r.status != 200 {
				t.Errorf("new token: %s", r.body)
			}
			if r := g.send("z"); r.code != 190 {
				t.Errorf("old token: %d", r.status)
			}
			if r := app.get("/v26.0/debug_token", "input_token", fresh.token); !strings.Contains(r.body, `"is_valid":true`) ||
				!strings.Contains(r.body, `"expires_at":0`) || !strings.Contains(r.body, `"type":"PAGE"`) {
				t.Errorf("debug_token %s", r.body)
			}
		})
	}
}

func TestMessengerVersions(t *testing.T) {
	_, g, _ := startMessenger(t, meta.Config{})
	for asked, served := range map[string]string{"/v26.0": "v26.0", "/v24.0": "v24.0", "/v7.0": "v21.0", "/v99.0": "v21.0", "": "v21.0"} {
		if got := g.get(asked + "/" + pageID).header.Get("facebook-api-version"); got != served {
			t.Errorf("%q is served as %s", asked, got)
		}
	}
}

func TestMessengerSubscribedApps_AllOrNothing(t *testing.T) {
	m, g, _ := startMessenger(t, meta.Config{})
	path := "/v26.0/" + pageID + "/subscribed_apps"
	set := func(fields string) reply {
		return g.do(http.MethodPost, path, url.Values{"subscribed_fields": {fields}}, "")
	}
	if r := set("messages,mentions"); r.status != 400 || r.code != 100 || !strings.Contains(r.body, `subscribed_fields[1] must be one of {`) {
		t.Errorf("unknown field: %s", r.body)
	}
	if r := set("messages,feed"); r.status != 403 || r.code != 200 {
		t.Errorf("no permission: %d %s", r.status, r.body)
	}
	if n := len(m.Subscribed(pageID)); n != len(meta.MessageFields) {
		t.Errorf("a refused call changed the fields: %d", n)
	}
	if r := set("messages,standby"); r.body != `{"success":true}` {
		t.Errorf("%s", r.body)
	}
	if r := g.get(path); !strings.Contains(r.body, `"id":"900800700600500","subscribed_fields":["messages","standby"]`) {
		t.Errorf("list %s", r.body)
	}
	m.Tweak(func(q *meta.Quirks) { q.MergeFields = true })
	set("message_echoes")
	if n := len(m.Subscribed(pageID)); n != 3 {
		t.Errorf("%d fields after merging", n)
	}
	if r := g.do(http.MethodDelete, path, nil, ""); r.body != `{"success":true}` || len(m.Subscribed(pageID)) != 0 {
		t.Errorf("delete %s", r.body)
	}
}

func TestMessengerLimits(t *testing.T) {
	clock := newMetaClock()
	m, g, _ := startMessenger(t, meta.Config{Now: clock.now})
	for _, code := range []int{613, 17, 32, 80001, 80006, 4, 341} {
		m.Throttle(pageID, code, 90*time.Second, true)
		r := g.send("x")
		if r.status != 400 || r.code != code || !strings.Contains(r.header.Get("X-Business-Use-Case-Usage"), `"call_count":100`) ||
			!strings.Contains(r.header.Get("X-Business-Use-Case-Usage"), `"estimated_time_to_regain_access":2}`) {
			t.Errorf("%d: %d %s %v", code, r.status, r.body, r.header)
		}
		clock.add(91 * time.Second)
	}
	if r := g.send("x"); r.status != 200 || r.header.Get("X-App-Usage") != "" {
		t.Errorf("after it: %d %v", r.status, r.header)
	}
	m.Tweak(func(q *meta.Quirks) { q.UsagePerCall = 10 })
	m.Usage(pageID, 85)
	if r := g.send("x"); r.status != 200 || !strings.Contains(r.header.Get("X-Business-Use-Case-Usage"), `"call_count":95`) {
		t.Errorf("rising: %d %v", r.status, r.header)
	}
	if r := g.send("x"); r.code != 613 {
		t.Errorf("at 105 percent: %s", r.body)
	}
	m.Usage(pageID, 0)
	for says, want := range map[meta.RetryAfter]string{meta.NoRetryAfter: "", meta.RetryAfterSeconds: "30", meta.RetryAfterDate: clock.now().Add(30 * time.Second).UTC().Format(http.TimeFormat)} {
		m.ThrottleEdge(30*time.Second, says)
		if r := g.send("x"); r.status != 429 || r.header.Get("Retry-After") != want || r.json != nil {
			t.Errorf("edge: %d %q %s", r.status, r.header.Get("Retry-After"), r.body)
		}
	}
}

// TestMessengerLimits_OfTheApp meet every page and token, those of a page that page alone.
func TestMessengerLimits_OfTheApp(t *testing.T) {
	clock := newMetaClock()
	m, _, _ := startMessenger(t, meta.Config{Now: clock.now})
	other := m.AddPage("4711", "Other")
	byOther := func() reply { return graph{t, m, other}.get("/v26.0/4711") }
	byApp := func() reply { return graph{t, m, m.AppToken()}.get("/v26.0/" + m.AppID() + "/subscriptions") }
	m.Throttle(pageID, 613, time.Minute, true)
	if a, b := byOther(), byApp(); a.status != 200 || b.status != 200 {
		t.Errorf("one page's limit: %s, %s", a.body, b.body)
	}
	m.Throttle("", 4, time.Minute, true)
	if a, b := byOther(), byApp(); a.code != 4 || b.code != 4 || !strings.Contains(b.header.Get("X-App-Usage"), `"call_count":100`) {
		t.Errorf("the app's limit: %s, %s %v", a.body, b.body, b.header)
	}
	clock.add(61 * time.Second)
	m.AppUsage(85)
	if a := byOther(); a.status != 200 || !strings.Contains(a.header.Get("X-App-Usage"), `"call_count":85`) || a.header.Get("X-Business-Use-Case-Usage") != "" {
		t.Errorf("the app's usage: %s %v", a.body, a.header)
	}
	m.AppUsage(100)
	if a := byApp(); a.code != 4 {
		t.Errorf("at 100 percent: %s", a.body)
	}
	m.AppUsage(0)
	m.Tweak(func(q *meta.Quirks) { q.PageUsage = true })
	m.Usage("4711", 90)
	if a := byOther(); !strings.Contains(a.header.Get("X-Page-Usage"), `"call_count":90`) {
		t.Errorf("the older header: %v", a.header)
	}
}

func TestMessengerReads_PerSecond(t *testing.T) {
	_, g, _ := startMessenger(t, meta.Config{Quirks: meta.Quirks{ReadsPerSecond: 2}})
	var codes []int
	for range 3 {
		codes = append(codes, g.get("/v26.0/"+pageID+"/conversations").code)
	}
	if fmt.Sprint(codes) != "[0 0 613]" {
		t.Errorf("codes %v", codes)
	}
}

func TestMessengerDownAndUp(t *testing.T) {
	m, g, _ := startMessenger(t, meta.Config{})
	before := m.URL()
	m.Down()
	if r := g.send("x"); r.err == nil {
		t.Errorf("down: %s", r.body)
	}
	if err := m.Up(); err != nil || m.URL() != before {
		t.Fatalf("up: %v at %s", err, m.URL())
	}
	if r := g.send("y"); r.status != 200 {
		t.Errorf("up: %v %s", r.err, r.body)
	}
	wantSees(t, m, "y")
}

func TestMessengerHang(t *testing.T) {
	m, g, _ := startMessenger(t, meta.Config{})
	m.Hang(true)
	ctx, cancel := context.WithCancel(t.Context())
	req, _ := http.NewRequestWithContext(ctx, http.MethodGet, m.URL()+"/v26.0/"+pageID, nil)
	done := make(chan error)
	go func() {
		res, err := http.DefaultClient.Do(req)
		if err == nil {
			res.Body.Close()
		}
		done <- err
	}()
	if err := m.Until(t.Context(), func() bool { return len(m.Calls()) == 1 }); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-done; err == nil {
		t.Error("answered")
	}
	m.Hang(false)
	if r := g.send("x"); r.status != 200 {
		t.Errorf("%v %s", r.err, r.body)
	}
}

func TestMessengerConversations(t *testing.T) {
	clock := newMetaClock()
	m, g, _ := startMessenger(t, meta.Config{Now: clock.now})
	m.NameCustomer(customer, "Anna", "Example")
	clock.add(time.Second)
	g.send("answer one")
	clock.add(time.Second)
	m.WritesUnnoticed(pageID, "7001002003004006", "somebody else")

	path := "/v26.0/" + pageID + "/conversations"
	r := g.get(path, "platform", "messenger", "user_id", customer, "fields",
		"id,updated_time,participants,messages.limit(1){id,created_time,from,to,message,attachments{id}}")
	for _, part := range []string{
		`"updated_time":"2026-09-21T14:13:21+0000"`, `"message":"answer one"`, `"created_time":"2026-09-21T14:13:21+0000"`,
		`{"name":"Anna Example","email":"7001002003004005@facebook.com","id":"7001002003004005"}`, `"from":{"name":"Shop"`, `"next":"`,
	} {
		if !strings.Contains(r.body, part) {
			t.Errorf("no %s in %s", part, r.body)
		}
	}
	if strings.Contains(r.body, "somebody else") || strings.Contains(r.body, "token 10") {
		t.Errorf("foreign thread or metadata in %s", r.body)
	}
	first := g.get(path, "limit", "1")
	second := g.get(path, "limit", "1", "after", first.json["paging"].(map[string]any)["cursors"].(map[string]any)["after"].(string))
	newest, older := ids(first), ids(second)
	if len(newest) != 1 || len(older) != 1 || newest[0] == older[0] || !strings.Contains(r.body, older[0]) {
		t.Errorf("pages %v %v", newest, older)
	}
	if next, _ := first.json["paging"].(map[string]any)["next"].(string); !strings.Contains(next, "access_token=") || strings.Contains(next, "proof") {
		t.Errorf("next %s", next)
	}
	if r := g.get(path, "fields", "id,messages{nonsense}"); r.code != 100 {
		t.Errorf("unknown field: %s", r.body)
	}
	if r := g.get(path, "fields", "id,messages{"); r.code != 2500 {
		t.Errorf("broken fields: %s", r.body)
	}
	m.FailReads(1, meta.ReduceData())
	if r := g.get(path); r.status != 500 || r.code != 1 {
		t.Errorf("failing read: %d %s", r.status, r.body)
	}
	if r := g.get(path); r.status != 200 {
		t.Errorf("retry: %s", r.body)
	}
}

func ids(r reply) (ids []string) {
	data, _ := r.json["data"].([]any)
	for _, item := range data {
		ids = append(ids, item.(map[string]any)["id"].(string))
	}
	return ids
}

func TestMessengerMessages_OnlyTwentyInDetail(t *testing.T) {
	m, g, _ := startMessenger(t, meta.Config{})
	for i := range 24 {
		m.WritesUnnoticed(pageID, customer, fmt.Sprint("text ", i))
	}
	thread := ids(g.get("/v26.0/" + pageID + "/conversations"))[0]
	first := g.get("/v26.0/"+thread+"/messages", "fields", "id,created_time,message", "limit", "15")
	after := first.json["paging"].(map[string]any)["cursors"].(map[string]any)["after"].(string)
	m.WritesUnnoticed(pageID, customer, "one more")
	second := g.get("/v26.0/"+thread+"/messages", "fields", "id,message", "limit", "50", "after", after)
	all := append(ids(first), ids(second)...)
	if len(all) != 25 {
		t.Fatalf("%d messages", len(all))
	}
	if !strings.HasPrefix(first.body, `{"data":[{"created_time":`) || !strings.Contains(first.body, `"message":"text 23"`) {
		t.Errorf("first page %s", first.body)
	}
	if n := strings.Count(second.body, `"message":`); n != 4 {
		t.Errorf("%d details on the second page, one was pushed out", n)
	}
	if r := g.get("/v26.0/"+all[18], "fields", "message"); r.status != 200 {
		t.Errorf("message 20: %s", r.body)
	}
	if r := g.get("/v26.0/" + all[19]); r.code != 100 || r.sub != 9000001 {
		t.Errorf("message 21: %s", r.body)
	}
	m.Tweak(func(q *meta.Quirks) { q.LoneCodes = true })
	m.Unsend(all[0])
	if r := g.get("/v26.0/" + all[0]); r.code != 9000001 {
		t.Errorf("deleted: %s", r.body)
	}
	m.KillToken(pageID, 460)
	if r := g.get("/v26.0/" + thread + "/messages"); r.code != 190 {
		t.Errorf("dead token: %s", r.body)
	}
}

func TestMessengerProfile(t *testing.T) {
	m, g, _ := startMessenger(t, meta.Config{})
	m.NameCustomer(customer, "Anna", "Example")
	tests := []struct {
		mode meta.ProfileMode
		want string
	}{
		{meta.ProfileFull, `{"first_name":"Anna","last_name":"Example","profile_pic":"https:\/\/platform-lookaside`},
		{meta.ProfileNameOnly, `{"first_name":"Anna","last_name":"Example","id":"7001002003004005"}`},
		{meta.ProfileIDOnly, `{"id":"7001002003004005"}`},
		{meta.ProfileEmpty, `{}`},
		{meta.ProfileNone, `{"error":{"message":"(#100) No profile available for this user.","type":"OAuthException","code":100,"error_subcode":2018218,`},
		{meta.ProfileForbidden, `{"error":{"message":"(#100) Insufficient permission to access user profile","type":"OAuthException","code":100,"error_subcode":2018247,`},
		{meta.ProfileUnknown, `{"error":{"message":"Unsupported get request. Object with ID '7001002003004005' does not exist`},
	}
	for _, tt := range tests {
		m.SetProfile(customer, tt.mode)
		if r := g.get("/v26.0/" + customer); !strings.HasPrefix(r.body, tt.want) {
			t.Errorf("%v: %s", tt.mode, r.body)
		}
	}
}
