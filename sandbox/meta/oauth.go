package meta

import (
	"crypto/hmac"
	"net/http"
	"strings"
	"time"
)

// authCode is what the dialog gave to the browser; guarded by Messenger.mu.
type authCode struct {
	admin    *admin
	redirect string
	issued   time.Time
	used     bool
}

const codeLife = 10 * time.Minute

// ExchangeMode is what becomes of a short-lived token that is to become a long-lived one.
type ExchangeMode int

// The outcomes of fb_exchange_token.
const (
	ExchangeNormal ExchangeMode = iota
	ExchangeFails               // code 2, HTTP 500
	ExchangeShort               // the short-lived token comes back, with success
)

// Exchange sets what fb_exchange_token does from now on.
func (m *Messenger) Exchange(mode ExchangeMode) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.login.exchange = mode
}

// isOAuth recognises the only edge that nobody needs a token for.
func (c *graphCall) isOAuth() bool { return strings.Join(c.path, "/") == "oauth/access_token" }

// accessToken is /oauth/access_token (messenger.md 6.2, 6.3). The texts that the sheet does
// not have, and the codes of the parameters, are from older threads. Called with mu held.
func (m *Messenger) accessToken(c *graphCall) (*graphAnswer, *graphError) {
	problem := func(text string) { m.books.problem("oauth/access_token: %s", text) }
	switch {
	case c.r.Method != http.MethodGet && c.r.Method != http.MethodPost:
		return nil, noObject(c.r.Method, "oauth")
	case c.param("client_id") == "":
		problem("no client_id")
		return nil, graphErr(101, 0, "Missing client_id parameter.")
	case c.param("client_id") != m.cfg.AppID:
		problem("wrong client_id")
		return nil, graphErr(101, 0, "Error validating application. Cannot get application info due to a system error.")
	case !hmac.Equal([]byte(c.param("client_secret")), []byte(m.cfg.AppSecret)):
		return nil, &graphError{status: http.StatusBadRequest, code: 1, text: "Error validating client secret."}
	}
	switch c.param("grant_type") {
	case "client_credentials":
		t := m.issue(&graphToken{kind: appToken})
		return m.jsonAnswer(newObject("access_token", t.value, "token_type", "bearer")), nil
	case "fb_exchange_token":
		return m.extend(c)
	case "", "authorization_code":
		return m.redeem(c)
	}
	problem("unknown grant_type")
	return nil, graphErr(100, 0, "(#100) Unknown grant_type")
}

// redeem gives a token for a code. A code that is refused can still be used rightly. Called
// with mu held.
func (m *Messenger) redeem(c *graphCall) (*graphAnswer, *graphError) {
	value, redirect := c.param("code"), c.param("redirect_uri")
	code := m.login.codes[value]
	switch {
	case redirect == "":
		m.books.problem("oauth/access_token: no redirect_uri")
		return nil, graphErr(191, 0, "Missing redirect_uri parameter.")
	case code == nil:
		return nil, graphErr(100, 0, "Invalid verification code format.")
	case code.used:
		m.books.problem("oauth/access_token: a code used twice")
		return nil, graphErr(100, 36009, "This authorization code has been used.")
	case m.now().Sub(code.issued) >= codeLife:
		return nil, graphErr(100, 36007, "This authorization code has expired.")
	case redirect != code.redirect:
		m.books.problem("oauth/access_token: another redirect_uri than in the dialog")
		return nil, graphErr(100, 36008, "Error validating verification code. Please make sure your redirect_uri is identical to the one you used in the OAuth dialog request")
	case code.admin.scopes["public_profile"] != "granted":
		return nil, tokenError(458) // the application was removed meanwhile
	}
	code.used = true
	t := &graphToken{kind: userToken, user: code.admin.id, scopes: map[string]bool{}}
	for scope, status := range code.admin.scopes {
		t.scopes[scope] = status == "granted"
	}
	switch {
	case code.admin.system:
		t.kind = systemToken
	case m.quirks.LongFromCode:
		t.live(m.now(), longLife)
	default:
		t.live(m.now(), shortLife)
	}
	return m.grantAnswer(m.issue(t)), nil
}

func (t *graphToken) live(now time.Time, life time.Duration) {
	t.long, t.expires, t.data = life == longLife, now.Add(life), now.Add(dataAccess)
}

// extend is fb_exchange_token. Called with mu held.
func (m *Messenger) extend(c *graphCall) (*graphAnswer, *graphError) {
	short := m.tokens[c.param("fb_exchange_token")]
	if short == nil {
		return nil, graphErr(190, 0, "Invalid OAuth access token - Cannot parse access token")
	}
	if e := m.trouble(short); e != nil {
		return nil, e
	}
	if short.kind != userToken && short.kind != systemToken {
		m.books.problem("oauth/access_token: fb_exchange_token is not a user token")
		return nil, graphErr(100, 0, "(#100) fb_exchange_token has to be a user access token") // ours
	}
	switch m.login.exchange {
	case ExchangeFails:
		return nil, graphErr(2, 0, textUnexpected)
	case ExchangeShort:
		return m.grantAnswer(short), nil
	}
	if short.kind == systemToken {
		return m.grantAnswer(short), nil
	}
	t := &graphToken{kind: userToken, user: short.user, scopes: short.scopes}
	t.live(m.now(), longLife)
	t.data = short.data
	return m.grantAnswer(m.issue(t)), nil
}

// grantAnswer is the body with a token. Called with mu held.
func (m *Messenger) grantAnswer(t *graphToken) *graphAnswer {
	o := newObject("access_token", t.value, "token_type", "bearer")
	if !t.expires.IsZero() && !m.quirks.NoExpiresIn {
		o = o.with("expires_in", int(t.expires.Sub(m.now())/time.Second))
	}
	return m.jsonAnswer(o)
}
