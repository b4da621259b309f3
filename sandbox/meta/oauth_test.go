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

func TestMessengerOAuth_CodeExchange(t *testing.T) {
	tests := []struct {
		name    string
		before  func(w *loginWorld, code string)
		changes []string
		status  int
		code    int
		sub     int
		problem string
	}{
		{name: "right", status: 200},
		{name: "grant_type named", changes: []string{"grant_type", "authorization_code"}, status: 200},
		{name: "used", before: func(w *loginWorld, code string) { w.redeem(code) }, status: 400, code: 100, sub: 36009, problem: "used twice"},
		{name: "just in time", before: func(w *loginWorld, _ string) { w.clock.add(10*time.Minute - 1) }, status: 200},
		{name: "expired", before: func(w *loginWorld, _ string) { w.clock.add(10 * time.Minute) }, status: 400, code: 100, sub: 36007},
		{name: "other redirect", changes: []string{"redirect_uri", returnTo + "?x=1"}, status: 400, code: 100, sub: 36008, problem: "redirect_uri"},
		{name: "no redirect", changes: []string{"redirect_uri", ""}, status: 400, code: 191, problem: "redirect_uri"},
		{name: "invented", changes: []string{"code", "AQx"}, status: 400, code: 100},
		{name: "wrong secret", changes: []string{"client_secret", "x"}, status: 400, code: 1},
		{name: "no app", changes: []string{"client_id", ""}, status: 400, code: 101, problem: "client_id"},
		{name: "other app", changes: []string{"client_id", "1"}, status: 400, code: 101, problem: "client_id"},
		{name: "odd grant_type", changes: []string{"grant_type", "password"}, status: 400, code: 100, problem: "grant_type"},
		{name: "removed", before: func(w *loginWorld, _ string) { w.m.RemoveApp(w.anna) }, status: 400, code: 190, sub: 458},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newLoginWorld(t)
			code := w.consent(w.address(), meta.Choice{Pages: []string{"A"}}).Get("code")
			if tt.before != nil {
				tt.before(w, code)
			}
			r := w.exchange(append([]string{"code", code, "redirect_uri", returnTo}, tt.changes...)...)
			if r.status != tt.status || r.code != tt.code || r.sub != tt.sub {
				t.Errorf("%d %s", r.status, r.body)
			}
			problems := strings.Join(w.m.Problems(), "\n")
			if (problems == "") != (tt.problem == "") || !strings.Contains(problems, tt.problem) {
				t.Errorf("problems %q", problems)
			}
			if strings.Contains(problems, code) {
				t.Error("the books contain the code")
			}
			if tt.sub == 36008 { // a refused code is not spent
				w.redeem(code)
			}
		})
	}
}

// The parameters may stand in the address, as Meta documents; the secret may not elsewhere.
func TestMessengerOAuth_SecretInTheWrongPlace(t *testing.T) {
	w := newLoginWorld(t)
	q := url.Values{"client_id": {w.m.AppID()}, "client_secret": {w.m.AppSecret()}, "grant_type": {"client_credentials"}}
	r := readReply(http.Get(w.m.URL() + "/v26.0/oauth/access_token?" + q.Encode()))
	token, _ := r.json["access_token"].(string)
	app := graph{t, w.m, token}
	if !strings.HasPrefix(token, w.m.AppID()+"|") || strings.Contains(r.body, "expires_in") {
		t.Fatalf("%s", r.body)
	}
	if r := app.get("/v26.0/"+w.m.AppID()+"/subscriptions", "access_token", token); r.body != `{"data":[]}` {
		t.Errorf("%s", r.body)
	}
	q = url.Values{"access_token": {w.m.AppToken()}, "input_token": {w.m.AppToken()}}
	if r := readReply(http.Get(w.m.URL() + "/v26.0/debug_token?" + q.Encode())); !strings.Contains(r.body, `"type":"APP"`) {
		t.Errorf("%s", r.body)
	}
	noProblems(t, w.m)
	app.get("/v26.0/"+w.m.AppID(), "client_secret", w.m.AppSecret())
	app.get("/v26.0/"+w.m.AppID(), "note", "it is "+w.m.AppSecret())
	if problems := w.m.Problems(); len(problems) != 2 || strings.Contains(fmt.Sprint(problems), w.m.AppSecret()) {
		t.Errorf("problems %q", problems)
	}
}

func TestMessengerOAuth_ShortDiesLongLives(t *testing.T) {
	w := newLoginWorld(t)
	code := w.consent(w.address(), meta.Choice{Pages: []string{"A"}}).Get("code")
	r := w.exchange("code", code, "redirect_uri", returnTo)
	if r.json["expires_in"] != float64(5400) || r.json["token_type"] != "bearer" {
		t.Errorf("%s", r.body)
	}
	short := graph{t, w.m, r.json["access_token"].(string)}
	long := w.long(short)
	fromShort, fromLong := w.pages(short)["A"], w.pages(long)["A"]
	if fromShort.token == fromLong.token || w.pages(long)["A"].token != fromLong.token {
		t.Error("page tokens are not stable")
	}
	works := func(want string) {
		t.Helper()
		var got []string
		for _, g := range []graph{short, long, fromShort, fromLong} {
			r := g.get("/v26.0/me")
			if r.status != 200 && (r.code != 190 || r.sub != 463 || !strings.Contains(r.body, "Session has expired on ")) {
				t.Errorf("%s", r.body)
			}
			got = append(got, fmt.Sprint(r.status/100))
		}
		if strings.Join(got, "") != want {
			t.Errorf("short, long and their pages' tokens: %s, want %s", got, want)
		}
	}
	works("2222")
	w.clock.add(90 * time.Minute)
	works("4242")
	if r := w.exchange("grant_type", "fb_exchange_token", "fb_exchange_token", short.token); r.code != 190 || r.sub != 463 {
		t.Errorf("exchange of a dead token: %s", r.body)
	}
	w.clock.add(60 * 24 * time.Hour)
	works("4442")
	w.m.ExpireIn("A", time.Minute)
	works("4442")
	w.clock.add(time.Minute)
	works("4444")
	noProblems(t, w.m)
}

func TestMessengerOAuth_LongLivedExchangeFails(t *testing.T) {
	w := newLoginWorld(t)
	short := w.authorise("A")
	extend := func() reply { return w.exchange("grant_type", "fb_exchange_token", "fb_exchange_token", short.token) }
	w.m.Exchange(meta.ExchangeFails)
	if r := extend(); r.status != 500 || r.code != 2 {
		t.Errorf("%s", r.body)
	}
	w.m.Exchange(meta.ExchangeShort)
	w.clock.add(time.Hour)
	if r := extend(); r.json["access_token"] != short.token || r.json["expires_in"] != float64(1800) {
		t.Errorf("%s", r.body)
	}
	w.m.Exchange(meta.ExchangeNormal)
	w.m.Tweak(func(q *meta.Quirks) { q.NoExpiresIn = true })
	if r := extend(); r.json["access_token"] == short.token || strings.Contains(r.body, "expires_in") {
		t.Errorf("%s", r.body)
	}
	w.m.Tweak(func(q *meta.Quirks) { q.NoExpiresIn, q.LongFromCode = false, true })
	code := w.consent(w.address(), meta.Choice{Pages: []string{"A"}}).Get("code")
	if r := w.exchange("code", code, "redirect_uri", returnTo); r.json["expires_in"] != float64(5183944) {
		t.Errorf("%s", r.body)
	}
	noProblems(t, w.m)
	if r := w.exchange("grant_type", "fb_exchange_token", "fb_exchange_token", w.pages(short)["A"].token); r.code != 100 {
		t.Errorf("a page token: %s", r.body)
	}
	if r := w.exchange("grant_type", "fb_exchange_token", "fb_exchange_token", "EAAx"); r.code != 190 {
		t.Errorf("no token: %s", r.body)
	}
}

// A fault may come before the effect, or after it.
func TestMessengerFailCalls(t *testing.T) {
	w := newLoginWorld(t)
	code := w.consent(w.address(), meta.Choice{Pages: []string{"A"}}).Get("code")
	redeem := func() reply { return w.exchange("code", code, "redirect_uri", returnTo) }
	w.m.FailCalls("", "oauth/access_token", 1, meta.CutBefore())
	if r := redeem(); r.err == nil {
		t.Errorf("not cut: %s", r.body)
	}
	w.m.FailCalls("POST", "oauth/access_token", 1, meta.DeliveredThenCut())
	if r := redeem(); r.err == nil {
		t.Errorf("not cut: %s", r.body)
	}
	if r := redeem(); r.sub != 36009 {
		t.Errorf("the code was not spent: %s", r.body)
	}
	user := w.authorise("A")
	w.m.FailCalls(http.MethodGet, "accounts", 2, meta.HTML502(false))
	w.m.FailCalls(http.MethodGet, "accounts", 1, meta.ReduceData())
	if r := user.get("/v26.0/me/accounts"); r.code != 1 {
		t.Errorf("%s", r.body)
	}
	if r := user.get("/v26.0/me/accounts"); r.status != 200 {
		t.Errorf("%s", r.body)
	}
	page := w.pages(user)["A"]
	w.m.FailCalls("", "subscribed_apps", 1, meta.HTML502(true))
	r := page.do(http.MethodPost, "/v26.0/A/subscribed_apps", url.Values{"subscribed_fields": {"messages"}}, "")
	if r.status != 502 || fmt.Sprint(w.m.Subscribed("A")) != "[messages]" {
		t.Errorf("%d %s, fields %v", r.status, r.body, w.m.Subscribed("A"))
	}
}

func TestMessengerDebugToken(t *testing.T) {
	w := newLoginWorld(t)
	connected := w.m.AddPage("D", "Page D")
	short := w.authorise("A", "B")
	long := w.long(short)
	page := w.pages(long)["B"]
	scopes := `"scopes":["pages_show_list","pages_messaging","pages_manage_metadata","pages_read_engagement","public_profile"]`
	tests := []struct{ name, token, want string }{
		{"short user", short.token, `{"app_id":"900800700600500","type":"USER","application":"Bridge","data_access_expires_at":1797776000,"expires_at":1790005400,"is_valid":true,"user_id":"` + w.anna + `",` + scopes + `,"granular_scopes":[{"scope":"pages_show_list","target_ids":["A","B"]},`},
		{"long user", long.token, `"type":"USER","application":"Bridge","data_access_expires_at":1797776000,"expires_at":1795183944,"is_valid":true,"issued_at":1790000000,`},
		{"page", page.token, `"type":"PAGE","application":"Bridge","data_access_expires_at":1797776000,"expires_at":0,"is_valid":true,"issued_at":1790000000,"profile_id":"B","user_id":"` + w.anna + `",` + scopes},
		{"page of a short token", w.pages(short)["B"].token, `"expires_at":1790005400,"is_valid":true`},
		{"page of AddPage", connected, `"expires_at":0,"is_valid":true,"issued_at":1790000000,"profile_id":"D","user_id":"5550001112223334","scopes":["pages_show_list",`},
		{"app", w.m.AppToken(), `{"data":{"app_id":"900800700600500","type":"APP","application":"Bridge","is_valid":true,"scopes":[]}}`},
		{"nonsense", "EAAx", `{"data":{"error":{"code":190,"message":"Invalid OAuth access token - Cannot parse access token"},"is_valid":false,"scopes":[]}}`},
	}
	app := graph{t, w.m, w.m.AppToken()}
	ask := func(token string) string { return app.get("/v26.0/debug_token", "input_token", token).body }
	for _, tt := range tests {
		if got := ask(tt.token); !strings.Contains(got, tt.want) {
			t.Errorf("%s: %s", tt.name, got)
		}
	}
	noProblems(t, w.m)
	w.m.SetScope(w.anna, "pages_messaging", "expired")
	w.m.Grant("B", "pages_manage_metadata", false)
	if got := ask(page.token); strings.Contains(got, "pages_messaging") || strings.Contains(got, "metadata") {
		t.Errorf("permissions that were lost: %s", got)
	}
	w.m.KillToken(w.anna, 460)
	if got := ask(page.token); !strings.Contains(got, `"error":{"code":190,"message":"Error validating`) || !strings.Contains(got, `"subcode":460},"is_valid":false`) {
		t.Errorf("killed: %s", got)
	}
	if r := short.get("/v26.0/debug_token", "input_token", page.token); r.code != 190 {
		t.Errorf("%s", r.body)
	}
	if r := (graph{t, w.m, connected}).get("/v26.0/debug_token", "input_token", page.token); r.code != 100 || len(w.m.Problems()) != 1 {
		t.Errorf("asked with a page token: %s", r.body)
	}
}
