package meta

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// tokenKind is what debug_token calls the type.
type tokenKind string

const (
	appToken    tokenKind = "APP"
	userToken   tokenKind = "USER"
	systemToken tokenKind = "SYSTEM_USER"
	pageToken   tokenKind = "PAGE"
)

// Lives of tokens (messenger.md 6.2, 6.3, 12.3).
const (
	shortLife  = 90 * time.Minute
	longLife   = 5183944 * time.Second // about 60 days
	dataAccess = 90 * 24 * time.Hour
)

// graphToken is an access token; guarded by Messenger.mu.
type graphToken struct {
	value   string
	kind    tokenKind
	page    string          // of a page token
	user    string          // app-scoped id of who authorised; "" for the application
	parent  *graphToken     // the user token a page token was made from
	scopes  map[string]bool // at the time of consent
	issued  time.Time
	expires time.Time // zero = never
	data    time.Time // when access to data ends; zero = never
	long    bool      // a user token of 60 days
	dead    bool
	killed  bool // by KillToken, so that RestoreToken may undo it
	subcode int  // of the 190 that a dead one gives
}

// Proof makes the appsecret_proof of a token.
func (m *Messenger) Proof(token string) string {
	mac := hmac.New(sha256.New, []byte(m.cfg.AppSecret))
	mac.Write([]byte(token))
	return hex.EncodeToString(mac.Sum(nil))
}

// PageToken is the page's token that was made last, "" if there is none. It works, unless it
// was killed.
func (m *Messenger) PageToken(page string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if pg := m.pages[page]; pg != nil && pg.token != nil {
		return pg.token.value
	}
	return ""
}

// UserToken is the person's user token that was made last, "" if there is none.
func (m *Messenger) UserToken(user string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if ad := m.admins[user]; ad != nil && ad.token != nil {
		return ad.token.value
	}
	return ""
}

// KillToken makes tokens invalid: 190 with the subcode (458, 459, 460, 461, 463, 464, 467,
// 468, 492), or without one (0: the grant was narrowed; NoSuchPage). For a page, these are
// all its tokens; for a person, the user tokens and the page tokens made from them, except
// that 461 and 463 (expired) leave the page tokens of a long-lived user token alive. Tokens
// made later work.
func (m *Messenger) KillToken(pageOrUser string, subcode int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	expired := subcode == 461 || subcode == 463
	for _, t := range m.tokensOf(pageOrUser) {
		if !t.dead && (t.page == pageOrUser || t.page == "" || !expired) {
			t.dead, t.killed, t.subcode = true, true, subcode
		}
	}
	m.touch()
}

// ReviveToken gives the page a new token, as a new authorisation of the same does. The old ones do not
// come back to life.
func (m *Messenger) ReviveToken(page string) (token string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	pg := m.pages[page]
	if pg == nil {
		return ""
	}
	scopes := setOf(MessagePermissions)
	if pg.token != nil {
		scopes = pg.token.scopes
	}
	for _, t := range m.tokensOf(page) {
		if !t.dead {
			t.dead, t.subcode = true, 467
		}
		t.killed = false
	}
	t := m.issue(&graphToken{kind: pageToken, page: page, user: DefaultUserID, scopes: scopes})
	m.touch()
	return t.value
}

// RestoreToken ends KillToken with the same tokens: the trouble was Meta's.
func (m *Messenger) RestoreToken(pageOrUser string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, t := range m.tokensOf(pageOrUser) {
		if t.killed {
			t.dead, t.killed = false, false
		}
	}
	m.touch()
}

// ExpireIn makes tokens expire d from now, by the configured clock: those of a page, or the
// user tokens of a person.
func (m *Messenger) ExpireIn(pageOrUser string, d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, t := range m.tokensOf(pageOrUser) {
		if t.page == pageOrUser || t.page == "" {
			t.expires = m.now().Add(d)
		}
	}
	m.touch()
}

// DataAccessIn makes the access to data of these tokens end d from now, usually 90 days after
// the last consent. User tokens then read nothing; page tokens go on, unless
// Quirks.DataAccessStopsPages.
func (m *Messenger) DataAccessIn(pageOrUser string, d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, t := range m.tokensOf(pageOrUser) {
		t.data = m.now().Add(d)
	}
	m.touch()
}

// tokensOf lists the tokens of a page, or those a person made. Called with mu held.
func (m *Messenger) tokensOf(pageOrUser string) (found []*graphToken) {
	for _, t := range m.tokens {
		if pageOrUser != "" && (t.page == pageOrUser || t.user == pageOrUser) {
			found = append(found, t)
		}
	}
	return found
}

// issue completes a token and makes it the newest of its page or person. Called with mu held.
func (m *Messenger) issue(t *graphToken) *graphToken {
	value := strings.NewReplacer("-", "x", "_", "y").Replace(m.newTrace() + m.newTrace())
	t.issued = m.now()
	switch t.kind {
	case appToken:
		t.value = m.cfg.AppID + "|" + value[:27]
	case pageToken:
		t.value = "EAAP" + value
		m.pages[t.page].token = t
		if t.parent == nil {
			t.data = t.issued.Add(dataAccess)
		}
	default:
		t.value = "EAAJ" + value
		m.admins[t.user].token = t
	}
	m.tokens[t.value] = t
	return t
}

// trouble says why a token does not work now, nil if it does. A page token from a short-lived
// user token dies with it. Called with mu held.
func (m *Messenger) trouble(t *graphToken) *graphError {
	switch {
	case t.dead:
		return tokenError(t.subcode)
	case !t.expires.IsZero() && !m.now().Before(t.expires):
		return expiredError(t.expires, m.now())
	case t.parent != nil && t.parent.kind == userToken && !t.parent.long:
		return m.trouble(t.parent)
	}
	return nil
}

// dataGone tells that the token works and reads nothing any more. Called with mu held.
func (m *Messenger) dataGone(t *graphToken) bool {
	return !t.data.IsZero() && !m.now().Before(t.data) && (t.page == "" || m.quirks.DataAccessStopsPages)
}

// may tells whether a token has a permission now: it had it at the consent, and neither the
// person nor Grant has taken it away. Called with mu held.
func (m *Messenger) may(t *graphToken, scope string) bool {
	if !t.scopes[scope] {
		return false
	}
	if ad := m.admins[t.user]; ad != nil && ad.scopes[scope] != "granted" {
		return false
	}
	pg := m.pages[t.page]
	return pg == nil || pg.granted[scope] || !slices.Contains(Permissions, scope)
}

// authenticate finds the token of a call and resolves "me". Called with mu held.
func (m *Messenger) authenticate(c *graphCall) *graphError {
	value, bearer := strings.CutPrefix(c.r.Header.Get("Authorization"), "Bearer ")
	if !bearer {
		value = c.param("access_token")
	}
	if value == "" {
		if c.path[0] == "me" {
			return graphErr(2500, 0, "An active access token must be used to query information about the current user.")
		}
		return graphErr(104, 0, "An access token is required to request this resource.")
	}
	t := m.tokens[value]
	if value == m.AppToken() {
		t = &graphToken{value: value, kind: appToken}
	}
	if e := m.checkProof(c, value, t); e != nil {
		return e
	}
	if t == nil {
		return graphErr(190, 0, "Invalid OAuth access token - Cannot parse access token")
	}
	c.token, c.book.Page = t, t.page
	if t.page == "" {
		c.book.User = t.user
	}
	if t.kind == appToken {
		return m.throttled(c)
	}
	if e := m.trouble(t); e != nil {
		return e
	}
	if m.dataGone(t) {
		return graphErr(190, 0, "Error validating access token: The access to data has expired.") // text is ours
	}
	if c.path[0] == "me" {
		c.path[0] = t.page
		if t.page == "" {
			c.path[0] = t.user
		}
	}
	return m.throttled(c)
}

// checkProof applies messenger.md 6.9. That the application's own tokens, the first of which
// contains the secret, need no proof is an inference. Called with mu held.
func (m *Messenger) checkProof(c *graphCall, value string, t *graphToken) *graphError {
	proof := c.param("appsecret_proof")
	refuse := func(text string) *graphError {
		return &graphError{code: 100, kind: "GraphMethodException", status: http.StatusBadRequest, text: text}
	}
	switch {
	case proof == "" && (m.cfg.NoProof || t != nil && t.kind == appToken):
		return nil
	case proof == "":
		m.books.problem("%s %s: no appsecret_proof", c.book.Method, c.book.Path)
		return refuse("API calls from the server require an appsecret_proof argument")
	case !hmac.Equal([]byte(proof), []byte(m.Proof(value))):
		m.books.problem("%s %s: wrong appsecret_proof", c.book.Method, c.book.Path)
		return refuse("Invalid appsecret_proof provided in the API argument")
	}
	return nil
}

// expiredError is 190/463 with the times of the token.
func expiredError(at, now time.Time) *graphError {
	pacific := func(t time.Time) string { return t.In(time.FixedZone("PDT", -7*3600)).Format(time.RFC850) }
	return graphErr(190, 463, fmt.Sprintf("Error validating access token: Session has expired on %s. The current time is %s.",
		pacific(at), pacific(now)))
}
