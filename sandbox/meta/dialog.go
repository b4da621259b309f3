package meta

import (
	"bytes"
	"crypto/hmac"
	"fmt"
	"html/template"
	"io"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// The login dialog (messenger.md 6.1): pages of www.facebook.com that work without JavaScript.

// login is what the dialog knows; guarded by Messenger.mu.
type login struct {
	user      string          // who is logged in
	redirects map[string]bool // nil = any
	scopes    map[string]bool // that the application may ask for
	configs   map[string]LoginConfig
	outcome   DialogOutcome
	exchange  ExchangeMode
	codes     map[string]*authCode
}

func newLogin() login {
	return login{scopes: setOf(KnownScopes), configs: map[string]LoginConfig{}, codes: map[string]*authCode{}}
}

// DialogOutcome is how the dialog goes back to the application.
type DialogOutcome int

// The outcomes of 12.3 T4.
const (
	DialogNormal     DialogOutcome = iota // as the person decides
	DialogDenied                          // as if the person had pressed Cancel
	DialogWrongState                      // with a state that the application did not send
	DialogNoState
	DialogNoCode // with neither code nor error
)

// LoginConfig is a configuration of Facebook Login for Business. Its permissions are granted
// all or not at all.
type LoginConfig struct {
	Scopes     []string
	SystemUser bool // the code gives a token of a new system user, which never expires
}

// LoginURL is the base of the login dialog, without version and without a slash at the end.
// It is the same server as the Graph API: Down takes both away, Hang only the latter.
func (m *Messenger) LoginURL() string { return m.URL() }

// LogInAs says who sits at the browser: at first the first person of AddPerson, "" = nobody.
func (m *Messenger) LogInAs(user string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.login.user = user
}

// ValidRedirects sets the application's redirect URIs, which then have to match exactly.
func (m *Messenger) ValidRedirects(uris ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.login.redirects = setOf(uris)
}

// AppScopes sets the permissions that the application has; to ask for others ends at an error
// page of Facebook's. At first it has all of KnownScopes.
func (m *Messenger) AppScopes(scopes ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.login.scopes = setOf(scopes)
}

// AddLoginConfig makes a configuration that config_id may name.
func (m *Messenger) AddLoginConfig(id string, cfg LoginConfig) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.login.configs[id] = cfg
}

// Dialog sets how the dialogs end from now on, whatever the person decides.
func (m *Messenger) Dialog(outcome DialogOutcome) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.login.outcome = outcome
}

// dialogRequest is what the address of a dialog asks for.
type dialogRequest struct {
	redirect *url.URL
	address  string // redirect as it was written
	state    string
	scopes   []string // that the person is asked about
	config   LoginConfig
	business bool // by config_id
	password bool // auth_type=reauthenticate
}

// dialogError is an error page at Facebook; nothing goes back to the application. The texts
// except "Invalid Scopes" are ours.
type dialogError struct{ title, text string }

// isDialog recognises the dialog's address with and without a version.
func isDialog(r *http.Request) bool {
	c := &graphCall{}
	c.readPath(r.URL.EscapedPath())
	return len(c.path) == 2 && c.path[0] == "dialog" && c.path[1] == "oauth"
}

// dialog serves the page and what its buttons send.
func (m *Messenger) dialog(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	formErr := r.ParseForm()
	h := w.Header()
	h.Set("Cache-Control", "private, no-store")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Content-Type", "text/html; charset=utf-8")
	var page bytes.Buffer
	status := http.StatusMethodNotAllowed
	if formErr == nil && (r.Method == http.MethodGet || r.Method == http.MethodPost) {
		m.mu.Lock()
		status = m.runDialog(&page, h, r)
		m.mu.Unlock()
	}
	w.WriteHeader(status)
	_, _ = page.WriteTo(w)
}

// runDialog writes a page, or sets where the browser goes. Called with mu held.
func (m *Messenger) runDialog(w io.Writer, h http.Header, r *http.Request) (status int) {
	d, e := m.readDialog(r)
	if e == nil && r.Method == http.MethodPost {
		var target string
		if target, e = m.decide(r, d); e == nil && target != "" {
			h.Set("Location", target)
			return http.StatusFound
		}
	}
	if e != nil {
		_ = errorPage.Execute(w, map[string]string{"Title": e.title, "Text": e.text})
		return http.StatusBadRequest
	}
	m.showDialog(w, h, r, d)
	return http.StatusOK
}

// readDialog checks what the application asks for. Called with mu held.
func (m *Messenger) readDialog(r *http.Request) (*dialogRequest, *dialogError) {
	q := r.URL.Query()
	problem := func(text string) { m.books.problem("dialog: %s", text) }
	if q.Has("client_secret") || strings.Contains(r.URL.RawQuery, m.cfg.AppSecret) {
		problem("the application's secret in an address of the browser")
		return nil, &dialogError{"Sorry, something went wrong.", "client_secret should not be passed to /dialog/oauth."}
	}
	if q.Get("client_id") != m.cfg.AppID {
		problem("wrong client_id")
		return nil, &dialogError{"Invalid App ID", "The provided app ID does not look like a valid app ID."}
	}
	d := &dialogRequest{address: q.Get("redirect_uri"), state: q.Get("state")}
	var err error
	if d.redirect, err = url.Parse(d.address); err != nil || !secureURL(d.redirect) {
		problem("redirect_uri is not an https address")
		return nil, &dialogError{"Insecure Login Blocked", "redirect_uri has to be an absolute address with https."}
	}
	if m.login.redirects != nil && !m.login.redirects[d.address] {
		return nil, &dialogError{"URL Blocked", "This redirect failed because the redirect URI is not white-listed in the app's client OAuth settings."}
	}
	switch q.Get("response_type") {
	case "code":
	case "":
		problem("no response_type")
	default:
		problem("response_type is not code")
		return nil, &dialogError{"Unsupported response_type", "The simulator knows response_type=code only."}
	}
	if d.state == "" {
		problem("no state")
	}
	for _, kind := range strings.Split(q.Get("auth_type"), ",") {
		switch kind {
		case "", "rerequest":
		case "reauthenticate":
			d.password = true
		default:
			problem("unknown auth_type")
		}
	}
	return d, m.readScopes(d, q)
}

// secureURL allows https, and http on this machine.
func secureURL(u *url.URL) bool {
	addr, err := netip.ParseAddr(u.Hostname())
	local := u.Hostname() == "localhost" || err == nil && addr.IsLoopback()
	return u.Host != "" && u.Fragment == "" && (u.Scheme == "https" || u.Scheme == "http" && local)
}

// readScopes finds the permissions asked for. Called with mu held.
func (m *Messenger) readScopes(d *dialogRequest, q url.Values) *dialogError {
	d.scopes = strings.FieldsFunc(q.Get("scope"), func(r rune) bool { return r == ',' || r == ' ' })
	if q.Has("config_id") {
		if len(d.scopes) > 0 {
			m.books.problem("dialog: both scope and config_id")
		}
		d.business = true
		var known bool
		if d.config, known = m.login.configs[q.Get("config_id")]; !known {
			return &dialogError{"Invalid configuration", "The config_id does not belong to this app."}
		}
		d.scopes = d.config.Scopes
	}
	if len(d.scopes) == 0 {
		m.books.problem("dialog: no permission asked for")
	}
	for _, scope := range d.scopes {
		if !slices.Contains(KnownScopes, scope) {
			m.books.problem("dialog: there is no permission %s", scope)
		}
	}
	if bad := slices.DeleteFunc(slices.Clone(d.scopes), func(s string) bool {
		return m.login.scopes[s] && slices.Contains(KnownScopes, s)
	}); len(bad) > 0 {
		return &dialogError{"Invalid Scopes: " + strings.Join(bad, ", "), "This message is only shown to developers. " +
			"Users of your app will ignore these permissions if present."}
	}
	// What was declined once is not asked again without rerequest.
	if ad := m.admins[m.login.user]; ad != nil && !d.business && !strings.Contains(q.Get("auth_type"), "rerequest") {
		d.scopes = slices.DeleteFunc(slices.Clone(d.scopes), func(s string) bool { return ad.scopes[s] == "declined" })
	}
	return nil
}

// The dialog belongs to one browser, by this cookie.
const browserCookie = "datr"

func (m *Messenger) formToken(browser, user string) string {
	return m.Proof("dialog " + browser + " " + user)
}

type dialogPage struct {
	Name string
	ID   string
	On   bool
}

// showDialog writes the form. The pages of an earlier consent are ticked. Called with mu held.
func (m *Messenger) showDialog(w io.Writer, h http.Header, r *http.Request, d *dialogRequest) {
	ad := m.admins[m.login.user]
	if ad == nil {
		_ = errorPage.Execute(w, map[string]string{"Title": "Log in to Facebook", "Text": "You must log in to continue."})
		return
	}
	browser := m.newTrace()
	if cookie, err := r.Cookie(browserCookie); err == nil {
		browser = cookie.Value
	}
	cookie := http.Cookie{Name: browserCookie, Value: browser, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode}
	h.Set("Set-Cookie", cookie.String())
	var pages []dialogPage
	for _, pg := range m.managed(ad) {
		pages = append(pages, dialogPage{pg.name, pg.id, ad.ticked[pg.id]})
	}
	_ = dialogForm.Execute(w, map[string]any{
		"App": appName, "Person": ad.name, "User": ad.id, "Token": m.formToken(browser, ad.id),
		"Scopes": d.scopes, "Business": d.business, "Pages": pages, "All": ad.all,
		"Password": d.password, "Missing": d.password && r.Method == http.MethodPost,
	})
}

// decide does what the person pressed, and says where the browser goes; "" = the dialog again.
// Called with mu held.
func (m *Messenger) decide(r *http.Request, d *dialogRequest) (target string, e *dialogError) {
	stale := &dialogError{"Sorry, something went wrong.", "This page has expired. Please start again."}
	form, browser := r.PostForm, ""
	if cookie, err := r.Cookie(browserCookie); err == nil {
		browser = cookie.Value
	}
	ad := m.admins[form.Get("user")]
	if ad == nil || ad.id != m.login.user || !hmac.Equal([]byte(form.Get("fb_dtsg")), []byte(m.formToken(browser, ad.id))) {
		return "", stale
	}
	switch form.Get("action") {
	case "cancel":
		return m.back(d, denied()), nil
	case "continue":
	default:
		return "", stale
	}
	if d.password && form.Get("password") == "" {
		return "", nil
	}
	if m.login.outcome == DialogDenied {
		return m.back(d, denied()), nil
	}
	managed := map[string]bool{}
	for _, pg := range m.managed(ad) {
		managed[pg.id] = true
	}
	for _, page := range form["page"] {
		if !managed[page] {
			return "", &dialogError{"Sorry, something went wrong.", "You have no role on this page."}
		}
	}
	return m.back(d, url.Values{"code": {m.agree(ad, d, form)}}), nil
}

// agree is a person's consent; it makes the code. Called with mu held.
func (m *Messenger) agree(ad *admin, d *dialogRequest, form url.Values) (code string) {
	all := form.Get("all") != ""
	scopes := map[string]string{}
	for _, scope := range d.scopes {
		scopes[scope] = "granted"
		if !d.business && slices.Contains(form["decline"], scope) {
			scopes[scope] = "declined"
		}
	}
	if d.config.SystemUser {
		system := m.addAdmin(appName + " System User")
		system.system, system.order, system.tasks = true, slices.Clone(ad.order), maps.Clone(ad.tasks)
		ad = system
	}
	m.consent(ad, scopes, form["page"], all)
	code = "AQ" + m.newTrace() + m.newTrace() + m.newTrace()
	m.login.codes[code] = &authCode{admin: ad, redirect: d.address, issued: m.now()}
	return code
}

func denied() url.Values {
	return url.Values{"error": {"access_denied"}, "error_code": {"200"}, "error_reason": {"user_denied"},
		"error_description": {"Permissions error"}}
}

// back is the address of the application with the answer. Called with mu held.
func (m *Messenger) back(d *dialogRequest, answer url.Values) string {
	if d.state != "" {
		answer.Set("state", d.state)
	}
	switch m.login.outcome {
	case DialogWrongState:
		answer.Set("state", "forged"+m.newTrace())
	case DialogNoState:
		answer.Del("state")
	case DialogNoCode:
		answer.Del("code")
	}
	u := *d.redirect
	u.RawQuery = strings.TrimPrefix(fmt.Sprintf("%s&%s", u.RawQuery, answer.Encode()), "&")
	if m.quirks.LoginFragment {
		return u.String() + "#_=_"
	}
	return u.String()
}

var errorPage = template.Must(template.New("error").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><link rel="icon" href="data:,"><title>Facebook (sandbox)</title></head>
<body><main id="error"><h1>{{.Title}}</h1><p>{{.Text}}</p></main></body></html>
`))

// The form has no action: it goes to its own address, which says what is asked for.
var dialogForm = template.Must(template.New("dialog").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
<title>Log in with Facebook (sandbox)</title>
<style>body{font:16px sans-serif;max-width:34em;margin:2em auto;padding:0 1em}label{display:block;margin:.3em 0}</style></head>
<body><main><h1>{{.App}} wants to work with your pages</h1>
<p>You are <b id="person">{{.Person}}</b>.</p>
<form method="post" id="dialog">
<input type="hidden" name="user" value="{{.User}}"><input type="hidden" name="fb_dtsg" value="{{.Token}}">
<h2>Pages</h2>
{{range .Pages}}<label><input type="checkbox" name="page" value="{{.ID}}"{{if .On}} checked{{end}}> {{.Name}} ({{.ID}})</label>
{{else}}<p>You have no pages.</p>
{{end}}<label><input type="checkbox" name="all" value="1"{{if .All}} checked{{end}}> All current and future pages</label>
<h2>Permissions</h2>
<ul>{{range .Scopes}}<li class="scope">{{.}}{{if not $.Business}} <label><input type="checkbox" name="decline" value="{{.}}"> do not allow</label>{{end}}</li>
{{end}}</ul>
{{if .Password}}{{if .Missing}}<p id="missing">The password is missing.</p>{{end}}<label>Password <input type="password" name="password"></label>{{end}}
<button name="action" value="continue">Continue</button> <button name="action" value="cancel">Cancel</button>
</form></main></body></html>
`))
