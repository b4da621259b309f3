package meta_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"messenger-bridge/sandbox/meta"
)

const (
	returnTo = "https://bridge.ex.test/oauth/callback"
	needed   = "pages_show_list,pages_messaging,pages_manage_metadata,pages_read_engagement"
)

// loginWorld is a simulator with pages A, B and C, and two persons. Nothing is authorised.
type loginWorld struct {
	t          *testing.T
	m          *meta.Messenger
	clock      *metaClock
	anna, bert string
}

func newLoginWorld(t *testing.T) *loginWorld {
	t.Helper()
	w := &loginWorld{t: t, clock: newMetaClock()}
	m, err := meta.Start(meta.Config{Now: w.clock.now, NoAppSubscription: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	for _, id := range []string{"A", "B", "C"} {
		m.AddBarePage(id, "Page "+id)
	}
	w.m, w.anna, w.bert = m, m.AddPerson("Anna Admin", "A", "B"), m.AddPerson("Bert Boss", "B", "C")
	return w
}

// address is that of the dialog, with parameters changed; "-" leaves one out.
func (w *loginWorld) address(changes ...string) string {
	q := url.Values{"client_id": {w.m.AppID()}, "redirect_uri": {returnTo}, "state": {"s1"}, "response_type": {"code"}, "scope": {needed}}
	for i := 0; i < len(changes); i += 2 {
		if q.Set(changes[i], changes[i+1]); changes[i+1] == "-" {
			q.Del(changes[i])
		}
	}
	return w.m.LoginURL() + "/v26.0/dialog/oauth?" + q.Encode()
}

// consent goes through the dialog and returns the parameters with which it ends.
func (w *loginWorld) consent(address string, choice meta.Choice) url.Values {
	w.t.Helper()
	callback, err := w.m.Consent(w.t.Context(), address, choice)
	if err != nil {
		w.t.Fatal(err)
	}
	u, err := url.Parse(callback)
	if err != nil || !strings.HasPrefix(callback, returnTo+"?") {
		w.t.Fatalf("the browser goes to %s, %v", callback, err)
	}
	return u.Query()
}

// exchange calls oauth/access_token.
func (w *loginWorld) exchange(changes ...string) reply {
	w.t.Helper()
	q := url.Values{"client_id": {w.m.AppID()}, "client_secret": {w.m.AppSecret()}}
	for i := 0; i < len(changes); i += 2 {
		q.Set(changes[i], changes[i+1])
	}
	return readReply(http.PostForm(w.m.URL()+"/v26.0/oauth/access_token", q))
}

func (w *loginWorld) redeem(code string) graph {
	w.t.Helper()
	r := w.exchange("code", code, "redirect_uri", returnTo)
	token, _ := r.json["access_token"].(string)
	if token == "" {
		w.t.Fatalf("no token: %s", r.body)
	}
	return graph{w.t, w.m, token}
}

// authorise makes a short-lived user token for pages.
func (w *loginWorld) authorise(pages ...string) graph {
	w.t.Helper()
	return w.redeem(w.consent(w.address(), meta.Choice{Pages: pages}).Get("code"))
}

func (w *loginWorld) long(short graph) graph {
	w.t.Helper()
	r := w.exchange("grant_type", "fb_exchange_token", "fb_exchange_token", short.token)
	token, _ := r.json["access_token"].(string)
	if token == "" {
		w.t.Fatalf("no token: %s", r.body)
	}
	return graph{w.t, w.m, token}
}

// pages reads /me/accounts without paging.
func (w *loginWorld) pages(user graph) map[string]graph {
	w.t.Helper()
	r := user.get("/v26.0/me/accounts", "fields", "id,access_token", "limit", "100")
	if r.status != 200 {
		w.t.Fatalf("accounts: %s", r.body)
	}
	found := map[string]graph{}
	for _, item := range r.json["data"].([]any) {
		entry := item.(map[string]any)
		token, _ := entry["access_token"].(string)
		found[entry["id"].(string)] = graph{w.t, w.m, token}
	}
	return found
}

var (
	tickBox  = regexp.MustCompile(`<input type="checkbox" name="page" value="([^"]*)"( checked)?>`)
	hidden   = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
	pageText = func(res *http.Response, err error) string {
		if err != nil {
			return err.Error()
		}
		defer res.Body.Close()
		raw, _ := io.ReadAll(res.Body)
		return string(raw)
	}
)

// A browser goes all the way: from the application, with its cookie, through the dialog, and
// back to the application, which exchanges the code.
func TestMessengerLogin_WholeWayByForms(t *testing.T) {
	w := newLoginWorld(t)
	var application *httptest.Server
	application = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		back := application.URL + "/oauth/callback"
		switch cookie, err := r.Cookie("login"); {
		case r.URL.Path == "/oauth/start":
			http.SetCookie(rw, &http.Cookie{Name: "login", Value: "mine", Path: "/"})
			http.Redirect(rw, r, w.address("redirect_uri", back, "state", "s&1"), http.StatusFound)
		case err != nil || cookie.Value != "mine" || r.FormValue("state") != "s&1":
			http.Error(rw, "not your login", http.StatusForbidden)
		case r.FormValue("error") != "":
			fmt.Fprint(rw, "refused: ", r.FormValue("error_reason"))
		default:
			fmt.Fprint(rw, w.exchange("code", r.FormValue("code"), "redirect_uri", back).body)
		}
	}))
	t.Cleanup(application.Close)
	w.m.ValidRedirects(application.URL + "/oauth/callback")
	w.m.Tweak(func(q *meta.Quirks) { q.LoginFragment = true })

	jar, _ := cookiejar.New(nil)
	browser := &http.Client{Jar: jar}
	shown := pageText(browser.Get(application.URL + "/oauth/start"))
	for _, part := range []string{"Bridge wants", "Anna Admin", "pages_messaging", "Page A (A)", "Page B (B)", `value="continue"`, `value="cancel"`} {
		if !strings.Contains(shown, part) {
			t.Errorf("the dialog has no %q", part)
		}
	}
	if strings.Contains(shown, "Page C") || strings.Contains(shown, "<script") {
		t.Errorf("the dialog shows too much: %s", shown)
	}
	form := url.Values{"page": {"A"}, "action": {"continue"}}
	for _, field := range hidden.FindAllStringSubmatch(shown, -1) {
		form.Set(field[1], field[2])
	}
	dialog := w.address("redirect_uri", application.URL+"/oauth/callback", "state", "s&1")
	if got := pageText(browser.PostForm(dialog, form)); !strings.Contains(got, `"token_type":"bearer"`) {
		t.Fatalf("the application says %s", got)
	}
	if got := w.m.GrantedPages(w.anna); fmt.Sprint(got) != "[A]" {
		t.Errorf("granted %v", got)
	}
	boxes := tickBox.FindAllStringSubmatch(pageText(browser.Get(dialog)), -1)
	if len(boxes) != 2 || boxes[0][2] == "" || boxes[1][2] != "" {
		t.Errorf("ticked on the second visit: %q", boxes)
	}
	form.Set("action", "cancel")
	if got := pageText(browser.PostForm(dialog, form)); got != "refused: user_denied" {
		t.Errorf("after Cancel: %s", got)
	}
	noProblems(t, w.m)

	for name, change := range map[string]func(url.Values){
		"no button":       func(f url.Values) { f.Del("action") },
		"another person":  func(f url.Values) { f.Set("user", w.bert) },
		"forged token":    func(f url.Values) { f.Set("fb_dtsg", "00") },
		"a foreign page":  func(f url.Values) { f.Set("page", "C") },
		"another browser": func(url.Values) { browser.Jar, _ = cookiejar.New(nil) },
	} {
		browser.Jar = jar
		f := url.Values{"page": {"A"}, "action": {"continue"}, "user": form["user"], "fb_dtsg": form["fb_dtsg"]}
		change(f)
		if got := pageText(browser.PostForm(dialog, f)); !strings.Contains(got, `id="error"`) {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestMessengerDialog_ErrorsStayAtFacebook(t *testing.T) {
	tests := []struct {
		name    string
		changes []string
		want    string // "" = the dialog is shown
		problem string
	}{
		{"right", nil, "", ""},
		{"without version", []string{"", ""}, "", ""},
		{"wrong app", []string{"client_id", "1"}, "Invalid App ID", "client_id"},
		{"another redirect", []string{"redirect_uri", returnTo + "/"}, "URL Blocked", ""},
		{"no redirect", []string{"redirect_uri", "-"}, "Insecure Login Blocked", "redirect_uri"},
		{"insecure redirect", []string{"redirect_uri", "http://bridge.ex.test/"}, "Insecure Login Blocked", "redirect_uri"},
		{"token in the fragment", []string{"response_type", "token"}, "response_type", "response_type"},
		{"no response_type", []string{"response_type", "-"}, "", "no response_type"},
		{"no state", []string{"state", "-"}, "", "no state"},
		{"invented scope", []string{"scope", "pages_messaging,pages_all"}, "Invalid Scopes: pages_all", "pages_all"},
		{"scope the app lacks", []string{"scope", "business_management"}, "Invalid Scopes: business_management", ""},
		{"no scope", []string{"scope", "-"}, "", "no permission"},
		{"unknown configuration", []string{"scope", "-", "config_id", "8"}, "Invalid configuration", ""},
		{"configuration", []string{"scope", "-", "config_id", "7"}, "", ""},
		{"configuration and scope", []string{"config_id", "7"}, "", "both"},
		{"secret", []string{"client_secret", meta.DefaultAppSecret}, "client_secret", "secret"},
		{"odd auth_type", []string{"auth_type", "always"}, "", "auth_type"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newLoginWorld(t)
			w.m.ValidRedirects(returnTo, "http://bridge.ex.test/")
			w.m.AppScopes(strings.Split(needed, ",")...)
			w.m.AddLoginConfig("7", meta.LoginConfig{Scopes: []string{"pages_messaging"}})
			callback, err := w.m.Consent(t.Context(), w.address(tt.changes...), meta.Choice{Pages: []string{"A"}})
			switch {
			case tt.want == "" && (err != nil || !strings.Contains(callback, "code=AQ")):
				t.Errorf("%q, %v", callback, err)
			case tt.want != "" && (err == nil || callback != "" || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("%q, %v", callback, err)
			}
			problems := strings.Join(w.m.Problems(), "\n")
			if (problems == "") != (tt.problem == "") || !strings.Contains(problems, tt.problem) {
				t.Errorf("problems %q", problems)
			}
			if strings.Contains(problems, meta.DefaultAppSecret) {
				t.Error("the books contain the secret")
			}
		})
	}
}

func TestMessengerDialog_Outcomes(t *testing.T) {
	w := newLoginWorld(t)
	tests := []struct {
		outcome meta.DialogOutcome
		cancel  bool
		want    string
	}{
		{meta.DialogNormal, false, "code state=s1"},
		{meta.DialogNormal, true, "error=access_denied error_code=200 error_description=Permissions error error_reason=user_denied state=s1"},
		{meta.DialogDenied, false, "error=access_denied error_code=200 error_description=Permissions error error_reason=user_denied state=s1"},
		{meta.DialogWrongState, false, "code state"},
		{meta.DialogNoState, false, "code"},
		{meta.DialogNoCode, false, "state=s1"},
	}
	for _, tt := range tests {
		w.m.Dialog(tt.outcome)
		var got []string
		for name, values := range w.consent(w.address(), meta.Choice{Pages: []string{"A"}, Cancel: tt.cancel}) {
			if name != "code" && !strings.HasPrefix(values[0], "forged") {
				name += "=" + values[0]
			}
			got = append(got, name)
		}
		slices.Sort(got)
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%v: %q", tt.outcome, got)
		}
	}
	w.m.LogInAs("")
	if _, err := w.m.Consent(t.Context(), w.address(), meta.Choice{}); err == nil || !strings.Contains(err.Error(), "log in to continue") {
		t.Errorf("nobody logged in: %v", err)
	}
}

func TestMessengerDialog_DeclinedIsAskedAgainOnRequest(t *testing.T) {
	w := newLoginWorld(t)
	w.consent(w.address(), meta.Choice{Pages: []string{"A"}, Decline: []string{"pages_messaging"}})
	granted := func() bool { return slices.Contains(w.m.GrantedScopes(w.anna), "pages_messaging") }
	user := w.redeem(w.consent(w.address(), meta.Choice{Pages: []string{"A"}}).Get("code"))
	if granted() {
		t.Error("granted without being asked")
	}
	if r := user.get("/v26.0/me/permissions"); !strings.Contains(r.body, `{"permission":"pages_messaging","status":"declined"}`) {
		t.Errorf("%s", r.body)
	}
	if w.consent(w.address("auth_type", "rerequest"), meta.Choice{Pages: []string{"A"}}); !granted() {
		t.Error("not granted")
	}
	// The old token has the permissions of its consent.
	if r := w.pages(user)["A"].do(http.MethodPost, "/v26.0/A/subscribed_apps", url.Values{"subscribed_fields": {"messages"}}, ""); r.code != 200 {
		t.Errorf("old token: %s", r.body)
	}
}

func TestMessengerDialog_PasswordWhenAskedFor(t *testing.T) {
	w := newLoginWorld(t)
	jar, _ := cookiejar.New(nil)
	browser := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	address := w.address("auth_type", "reauthenticate")
	form := url.Values{"page": {"A"}, "action": {"continue"}}
	for _, field := range hidden.FindAllStringSubmatch(pageText(browser.Get(address)), -1) {
		form.Set(field[1], field[2])
	}
	if got := pageText(browser.PostForm(address, form)); !strings.Contains(got, `id="missing"`) || len(w.m.GrantedPages(w.anna)) > 0 {
		t.Errorf("without password: %s", got)
	}
	form.Set("password", "x")
	if pageText(browser.PostForm(address, form)); len(w.m.GrantedPages(w.anna)) != 1 {
		t.Error("not granted")
	}
}

// One application and one person have one grant (messenger.md 6.1).
func TestMessengerGrant_FewerPagesVoidTheOthersTokens(t *testing.T) {
	w := newLoginWorld(t)
	both := w.pages(w.long(w.authorise("A", "B")))
	w.m.LogInAs(w.bert)
	berts := w.pages(w.long(w.authorise("B")))
	w.m.LogInAs(w.anna)
	again := w.pages(w.long(w.authorise("B")))

	if r := both["A"].get("/v26.0/A"); r.code != 190 || r.sub != 0 || !strings.Contains(r.body, "must be granted before impersonating") {
		t.Errorf("the page that was not ticked: %s", r.body)
	}
	for name, g := range map[string]graph{"old": both["B"], "new": again["B"], "other person": berts["B"]} {
		if r := g.get("/v26.0/B"); r.status != 200 {
			t.Errorf("%s token: %s", name, r.body)
		}
	}
	if len(again) != 1 {
		t.Errorf("pages %v", again)
	}
	w.consent(w.address(), meta.Choice{AllPages: true})
	w.m.SetTasks(w.anna, "C", meta.AllTasks...)
	if n := len(w.pages(w.authorise("A"))); n != 1 {
		t.Errorf("%d pages, one was ticked", n)
	}
	all := w.redeem(w.consent(w.address(), meta.Choice{AllPages: true}).Get("code"))
	if n := len(w.pages(all)); n != 3 {
		t.Errorf("%d pages of all", n)
	}
	noProblems(t, w.m)
}

func TestMessengerLogin_SystemUserHasItsOwnGrant(t *testing.T) {
	w := newLoginWorld(t)
	w.m.AddLoginConfig("7", meta.LoginConfig{Scopes: strings.Split(needed, ","), SystemUser: true})
	address := w.address("scope", "-", "config_id", "7")
	first := w.consent(address, meta.Choice{Pages: []string{"A"}}).Get("code")
	r := w.exchange("code", first, "redirect_uri", returnTo)
	if _, told := r.json["expires_in"]; told || r.status != 200 {
		t.Fatalf("%s", r.body)
	}
	system := graph{t, w.m, r.json["access_token"].(string)}
	tokens := w.pages(system)
	w.consent(address, meta.Choice{Pages: []string{"B"}})
	w.clock.add(500 * 24 * time.Hour)
	if r := tokens["A"].get("/v26.0/A"); r.status != 200 {
		t.Errorf("page token: %s", r.body)
	}
	if len(w.m.GrantedPages(w.anna)) != 0 {
		t.Error("the person's own grant changed")
	}
	app := graph{t, w.m, w.m.AppToken()}
	if r := app.get("/v26.0/debug_token", "input_token", system.token); !strings.Contains(r.body, `"type":"SYSTEM_USER"`) ||
		!strings.Contains(r.body, `"expires_at":0,"is_valid":true`) || !strings.Contains(r.body, `"target_ids":["A"]`) {
		t.Errorf("%s", r.body)
	}
}
