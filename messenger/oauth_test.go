package messenger

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"messenger-bridge/bridge"
)

const (
	appID    = "900800700600500"
	redirect = "https://bridge.ex.test/oauth/callback"
	theCode  = "AQCODE0815"
	short    = "EAAJSHORT123"
	long     = "EAAJLONG4567"
	verify   = "tell-nobody"
)

func TestDialog(t *testing.T) {
	const state = "abc.def+/= &x"
	for _, c := range []struct {
		name   string
		login  string
		config string
		prefix string
		scope  string
		auth   string
	}{
		{"classic", "https://login.ex.test/", "", "https://login.ex.test/v26.0/dialog/oauth?", "pages_show_list,pages_messaging,pages_manage_metadata,pages_read_engagement,business_management", "rerequest"},
		{"for business", "", "4711", "https://www.facebook.com/v26.0/dialog/oauth?", "", ""},
	} {
		client := New(ClientConfig{GraphURL: "https://graph.test", Version: "v26.0", AppID: appID, AppSecret: appSecret, Dialog: Dialog{URL: c.login, ConfigID: c.config}})
		dialog := client.Dialog(redirect+"?a=b&c", state, false)
		u, err := url.Parse(dialog)
		if err != nil || !strings.HasPrefix(dialog, c.prefix) || strings.Contains(dialog, appSecret) {
			t.Fatalf("%s: %s, %v", c.name, dialog, err)
		}
		for name, want := range map[string]string{"client_id": appID, "redirect_uri": redirect + "?a=b&c", "state": state,
			"response_type": "code", "config_id": c.config, "scope": c.scope, "auth_type": c.auth} {
			if got := u.Query()[name]; want == "" && got != nil || want != "" && !slices.Equal(got, []string{want}) {
				t.Errorf("%s: %s is %q", c.name, name, got)
			}
		}
	}
}

// fakeGraph answers each path with a list of bodies, one after another; the last stays.
type fakeGraph struct {
	mu      sync.Mutex
	answers map[string][]string
	calls   []*http.Request
	forms   []url.Values
}

func (m *fakeGraph) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls, m.forms = append(m.calls, r), append(m.forms, r.PostForm)
	path := strings.TrimPrefix(r.URL.Path, "/v26.0/")
	list := m.answers[path]
	if len(list) == 0 {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if len(list) > 1 {
		m.answers[path] = list[1:]
	}
	if strings.HasPrefix(list[0], `{"error"`) {
		w.WriteHeader(http.StatusBadRequest)
	}
	_, _ = io.WriteString(w, list[0])
}

func tokenBody(token string) string {
	return `{"access_token":"` + token + `","token_type":"bearer","expires_in":5183944}`
}

func debugBody(kind string, expires time.Time, more string) string {
	at := int64(0)
	if !expires.IsZero() {
		at = expires.Unix()
	}
	return fmt.Sprintf(`{"data":{"type":%q,"is_valid":true,"expires_at":%d,"user_id":"5550001112223334",
		"scopes":["pages_show_list","pages_messaging","pages_manage_metadata","pages_read_engagement","business_management"]%s}}`, kind, at, more)
}

var inSixtyDays = received.Add(60 * 24 * time.Hour)

// consenting is Meta when all goes well.
func consenting() *fakeGraph {
	return &fakeGraph{answers: map[string][]string{
		"oauth/access_token": {tokenBody(short), tokenBody(long)},
		"debug_token":        {debugBody("USER", received.Add(time.Hour), ""), debugBody("USER", inSixtyDays, "")},
		"me":                 {`{"id":"5550001112223334","name":"Anna Admin"}`},
		"me/accounts":        {`{"data":[{"id":"100200300400500","name":"Shop","access_token":"EAAP1","tasks":["MESSAGING","MODERATE"]}]}`},
	}}
}

func TestExchange_Requests(t *testing.T) {
	m := consenting()
	c, _ := graph(t, m.ServeHTTP)
	g, err := c.Exchange(t.Context(), redirect, theCode)
	if err != nil || g.User != "5550001112223334" || g.Name != "Anna Admin" || g.Token != long || !g.Expires.Equal(inSixtyDays.Truncate(time.Second)) ||
		g.Missing != nil || len(g.Pages) != 1 || g.Pages[0].Token != "EAAP1" {
		t.Fatalf("%+v, %v", g, err)
	}
	app := "Bearer " + appID + "|" + appSecret
	for i, want := range []struct {
		method, path, auth string
		form               url.Values
		query              url.Values
	}{
		{"POST", "oauth/access_token", "", url.Values{"client_id": {appID}, "client_secret": {appSecret}, "redirect_uri": {redirect}, "code": {theCode}}, url.Values{}},
		{"GET", "debug_token", app, nil, url.Values{"input_token": {short}}},
		{"POST", "oauth/access_token", "", url.Values{"client_id": {appID}, "client_secret": {appSecret}, "grant_type": {"fb_exchange_token"}, "fb_exchange_token": {short}}, url.Values{}},
		{"GET", "debug_token", app, nil, url.Values{"input_token": {long}}},
		{"GET", "me", "Bearer " + long, nil, url.Values{"fields": {"id,name"}}},
		{"GET", "me/accounts", "Bearer " + long, nil, url.Values{"fields": {"id,name,access_token,tasks,picture{url}"}, "limit": {"100"}}},
	} {
		got := m.calls[i]
		query := got.URL.Query()
		if bearer, ok := strings.CutPrefix(want.auth, "Bearer "); ok {
			want.query.Set("appsecret_proof", proofOf(bridge.Secret(bearer)))
		}
		if got.Method != want.method || got.URL.Path != "/v26.0/"+want.path || got.Header.Get("Authorization") != want.auth ||
			want.form.Encode() != m.forms[i].Encode() || want.query.Encode() != query.Encode() || strings.Contains(got.URL.RawQuery, appSecret) {
			t.Errorf("%d: %s %s %s %s", i, got.Method, got.URL, got.Header.Get("Authorization"), m.forms[i])
		}
	}
	if len(m.calls) != 6 {
		t.Errorf("%d calls", len(m.calls))
	}
}

func TestExchange_Answers(t *testing.T) {
	refused := func(code, sub int) string { return string(graphBody(code, sub, "")) }
	odd := `<html>`
	for _, c := range []struct {
		name    string
		path    string
		answers []string
		verdict bridge.Verdict
		reason  bridge.Reason // empty: a grant
	}{
		{"code used", "oauth/access_token", []string{refused(100, 36009)}, bridge.Never, bridge.CodeRefused},
		{"code expired", "oauth/access_token", []string{refused(100, 36007)}, bridge.Never, bridge.CodeRefused},
		{"other redirect", "oauth/access_token", []string{refused(100, 36008)}, bridge.Never, bridge.CodeRefused},
		{"invented code", "oauth/access_token", []string{refused(100, 0)}, bridge.Never, bridge.CodeRefused},
		{"app removed meanwhile", "oauth/access_token", []string{refused(190, 458)}, bridge.Never, bridge.CodeRefused},
		{"wrong secret", "oauth/access_token", []string{refused(1, 0)}, bridge.Unknown, bridge.MetaError},
		{"wrong app", "oauth/access_token", []string{refused(101, 0)}, bridge.Never, bridge.Unexplained},
		{"throttled", "oauth/access_token", []string{refused(4, 0)}, bridge.Again, bridge.RateLimited},
		{"no token", "oauth/access_token", []string{`{}`}, bridge.Unknown, bridge.MetaError},
		{"HTML", "oauth/access_token", []string{odd}, bridge.Unknown, bridge.MetaError},

		{"long: refused", "oauth/access_token", []string{tokenBody(short), refused(190, 463)}, bridge.Never, bridge.PageLost},
		{"long: fails", "oauth/access_token", []string{tokenBody(short), refused(2, 0)}, bridge.Never, bridge.MetaError},
		{"long: throttled", "oauth/access_token", []string{tokenBody(short), refused(4, 0)}, bridge.Never, bridge.RateLimited},
		{"long: none", "oauth/access_token", []string{tokenBody(short), `{}`}, bridge.Never, bridge.MetaError},

		{"system user", "debug_token", []string{debugBody("SYSTEM_USER", time.Time{}, "")}, 0, ""},
		{"system user, 60 days", "debug_token", []string{debugBody("SYSTEM_USER", inSixtyDays, "")}, 0, ""},
		{"system user, an hour", "debug_token", []string{debugBody("SYSTEM_USER", received.Add(time.Hour), "")}, bridge.Never, bridge.MetaError},
		{"never expires", "debug_token", []string{debugBody("USER", time.Time{}, "")}, 0, ""},
		{"30 days", "debug_token", []string{debugBody("USER", received.Add(30*24*time.Hour+time.Second), "")}, 0, ""},
		{"29 days", "debug_token", []string{debugBody("USER", received.Add(29*24*time.Hour), "")}, bridge.Never, bridge.MetaError},
		{"still short", "debug_token", []string{debugBody("USER", received.Add(time.Hour), "")}, bridge.Never, bridge.MetaError},
		{"no date", "debug_token", []string{`{"data":{"type":"USER","is_valid":true}}`}, bridge.Never, bridge.MetaError},
		{"invalid", "debug_token", []string{`{"data":{"is_valid":false,"error":{"code":190,"message":"` + long + `","subcode":460}}}`}, bridge.Never, bridge.PageLost},
		{"invalid, no reason", "debug_token", []string{`{"data":{"is_valid":false,"expires_at":0}}`}, bridge.Never, bridge.PageLost},
		{"debug_token with another secret", "debug_token", []string{refused(190, 0)}, bridge.Never, bridge.Unexplained},
		{"debug_token HTML", "debug_token", []string{odd}, bridge.Never, bridge.MetaError},
		{"types", "debug_token", []string{`{"data":{"type":"USER","is_valid":"true","expires_at":"0","scopes":"x"}}`}, 0, ""},

		{"nobody", "me", []string{`{"name":"Anna"}`}, bridge.Never, bridge.MetaError},
		{"token dead", "me", []string{refused(190, 460)}, bridge.Never, bridge.PageLost},

		{"no pages", "me/accounts", []string{`{"data":[]}`}, 0, ""},
		{"no list of pages", "me/accounts", []string{`{}`}, bridge.Never, bridge.MetaError},
		{"pages: HTML", "me/accounts", []string{odd}, bridge.Never, bridge.MetaError},
		{"pages: fewer data", "me/accounts", []string{refused(1, 0)}, bridge.Never, bridge.MetaError},
		{"pages: not permitted", "me/accounts", []string{refused(200, 0)}, bridge.Never, bridge.PageLost},
		{"more, and not where", "me/accounts", []string{`{"data":[],"paging":{"next":"https://x"}}`}, bridge.Never, bridge.MetaError},
		{"going in circles", "me/accounts", []string{`{"data":[],"paging":{"cursors":{"after":"Mg"},"next":"https://x"}}`}, bridge.Never, bridge.MetaError},
		{"fails in the middle", "me/accounts", []string{`{"data":[{"id":"1"}],"paging":{"cursors":{"after":"Mg"},"next":"https://x"}}`, odd}, bridge.Never, bridge.MetaError},
	} {
		m := consenting()
		m.answers[c.path] = c.answers
		client, _ := graph(t, m.ServeHTTP)
		g, err := client.Exchange(t.Context(), redirect, theCode)
		if c.reason == "" {
			if err != nil || g.User == "" {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		r := bridge.RefusalOf(err)
		gate := bridge.Gate("")
		if c.reason == bridge.RateLimited && c.verdict == bridge.Again {
			gate = bridge.GateApp // the app's limit holds everything up
		}
		if err == nil || r.Verdict != c.verdict || r.Reason != c.reason || r.Gate != gate {
			t.Errorf("%s: %v, gate %q", c.name, err, r.Gate)
		}
		if g.Token != "" || g.Pages != nil {
			t.Errorf("%s: a grant all the same: %+v", c.name, g)
		}
	}
}

func TestExchange_SystemUser_KeepsItsToken(t *testing.T) {
	m := consenting()
	m.answers["debug_token"] = []string{debugBody("SYSTEM_USER", time.Time{}, "")}
	c, _ := graph(t, m.ServeHTTP)
	g, err := c.Exchange(t.Context(), redirect, theCode)
	if err != nil || g.Token != short || !g.Expires.IsZero() || len(m.calls) != 4 {
		t.Errorf("%+v, %v, %d calls", g, err, len(m.calls))
	}
}

func TestExchange_Missing(t *testing.T) {
	scopes := func(body string) string {
		return `{"data":{"type":"USER","is_valid":true,"expires_at":0,` + body + `}}`
	}
	all := `"scopes":["pages_show_list","pages_messaging","pages_manage_metadata","pages_read_engagement","business_management"]`
	for _, c := range []struct {
		name     string
		info     string
		missing  []string
		ofFirst  []string
		ofSecond []string
	}{
		{"nothing", all, nil, nil, nil},
		{"no scopes", `"scopes":[]`, permissions, nil, nil},
		{"two", `"scopes":["pages_show_list","pages_manage_metadata","pages_read_engagement"]`, []string{"pages_messaging", "business_management"}, []string{"pages_messaging"}, []string{"pages_messaging"}},
		{"for all pages", all + `,"granular_scopes":[{"scope":"pages_messaging"},{"scope":"business_management","target_ids":["7"]}]`, nil, nil, nil},
		{"for one page", all + `,"granular_scopes":[{"scope":"pages_messaging","target_ids":["1"]},{"scope":"pages_manage_metadata","target_ids":["1","2"]}]`, nil, nil, []string{"pages_messaging"}},
		{"for no page", all + `,"granular_scopes":[{"scope":"pages_manage_metadata","target_ids":[]}]`, nil, []string{"pages_manage_metadata"}, []string{"pages_manage_metadata"}},
		{"ids as numbers", all + `,"granular_scopes":[{"scope":"pages_messaging","target_ids":[1,2]}]`, nil, nil, nil},
	} {
		m := consenting()
		m.answers["debug_token"] = []string{scopes(c.info)}
		m.answers["me/accounts"] = []string{`{"data":[{"id":"1","access_token":"EAAP1"},{"id":"2","access_token":"EAAP2"}]}`}
		client, _ := graph(t, m.ServeHTTP)
		g, err := client.Exchange(t.Context(), redirect, theCode)
		if err != nil || !slices.Equal(g.Missing, c.missing) || !slices.Equal(g.Pages[0].Lacks, c.ofFirst) || !slices.Equal(g.Pages[1].Lacks, c.ofSecond) {
			t.Errorf("%s: %+v, %v", c.name, g, err)
		}
	}
}

// Whatever goes wrong, and however hostile the other side: neither errors nor logs
// contain a token, a code, a proof or a secret.
func TestAuthority_Failures_TellNoSecrets(t *testing.T) {
	mirror := func(status int, wrap string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			all, _ := json.Marshal(r.Header.Get("Authorization") + r.URL.String() + string(body))
			for _, name := range []string{"X-Fb-Trace-Id", "Retry-After", "Location", "WWW-Authenticate"} {
				w.Header().Set(name, string(all))
			}
			w.WriteHeader(status)
			_, _ = fmt.Fprintf(w, wrap, all)
		}
	}
	faults := map[string]http.HandlerFunc{
		"graph error": mirror(400, `{"error":{"code":100,"error_subcode":36009,"message":%[1]s,"type":%[1]s,"fbtrace_id":%[1]s,"error_user_msg":%[1]s}}`),
		"permission":  mirror(403, `{"error":{"code":200,"message":%s}}`),
		"callback":    mirror(400, `{"error":{"code":2200,"message":%s}}`),
		"throttle":    mirror(400, `{"error":{"code":4,"message":%s}}`),
		"plain":       mirror(500, `%s`),
		"200":         mirror(200, `{"x":%[1]s,"data":%[1]s,"success":%[1]s,"id":[%[1]s]}`),
		"invalid":     mirror(200, `{"data":{"is_valid":false,"error":{"code":190,"message":%s}}}`),
		"redirect":    mirror(302, `%s`),
		"cut":         hijack(""),
		"not HTTP":    func(w http.ResponseWriter, r *http.Request) { hijack(r.Header.Get("Authorization")+"\r\n\r\n")(w, r) },
		"bad length":  hijack("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + token),
	}
	forbidden := []string{token, short, long, "EAAP1", theCode, appSecret, verify, "client_secret", "input_token", "bridge.ex.test",
		proofOf(token), proofOf(short), proofOf(long), proofOf(bridge.Secret(appID + "|" + appSecret))}
	steps := []string{"", "POST oauth/access_token", "GET debug_token", "POST oauth/access_token 2", "GET debug_token 2", "GET me", "GET me/accounts"}
	for name, fault := range faults {
		for _, step := range steps {
			var log bytes.Buffer
			m, seen := consenting(), map[string]int{}
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				at := r.Method + " " + strings.TrimPrefix(r.URL.Path, "/v26.0/")
				if seen[at]++; seen[at] > 1 {
					at = fmt.Sprint(at, " ", seen[at])
				}
				if step == "" || step == at {
					fault(w, r)
				} else {
					m.ServeHTTP(w, r)
				}
			}))
			c := New(ClientConfig{GraphURL: server.URL, Version: "v26.0", AppID: appID, AppSecret: appSecret, VerifyToken: verify, Now: func() time.Time { return received },
				Log: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
			g, err := c.Exchange(t.Context(), redirect, theCode)
			errs := []error{err}
			fmt.Fprintf(&log, "%v %+v %#v\n", g, g, g)
			if step == "" {
				errs = append(errs, c.SubscribePage(t.Context(), connected, bridge.FeedStays), c.UnsubscribePage(t.Context(), connected), c.SubscribeApp(t.Context(), redirect, bridge.FeedStays))
				_, err := c.PageMissing(t.Context(), connected)
				_, appErr := c.App(t.Context())
				errs = append(errs, err, appErr)
			}
			server.Close()
			for i, err := range errs {
				var refusal *bridge.Refusal
				repeated := name == "cut" && strings.HasPrefix(step, "GET") // by net/http, on a new connection
				if !errors.As(err, &refusal) && !repeated {
					t.Errorf("%s at %q, call %d: %v", name, step, i, err)
				}
				for e := err; e != nil; e = errors.Unwrap(e) {
					fmt.Fprintf(&log, "%v %+v %#v\n", e, e, e)
				}
			}
			for _, secret := range forbidden {
				if strings.Contains(log.String(), secret) {
					t.Errorf("%s at %q: %q in %s", name, step, secret, &log)
				}
			}
		}
	}
}

func TestExchange_Success_LogsNoSecrets(t *testing.T) {
	var log bytes.Buffer
	m := consenting()
	server := httptest.NewServer(m)
	defer server.Close()
	c := New(ClientConfig{GraphURL: server.URL, Version: "v26.0", AppID: appID, AppSecret: appSecret, VerifyToken: verify, Now: func() time.Time { return received },
		Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	g, err := c.Exchange(t.Context(), redirect, theCode)
	fmt.Fprintf(&log, "%v %+v %#v %+v", g, g, g, c.cfg)
	for _, secret := range []string{short, long, "EAAP1", theCode, appSecret, verify} {
		if strings.Contains(log.String(), secret) || err != nil {
			t.Errorf("%v: %q in %s", err, secret, &log)
		}
	}
}
