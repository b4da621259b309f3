package sandbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// graphToken is an access token; guarded by Messenger.mu.
type graphToken struct {
	value   string
	page    string // "" = the application's own
	issued  time.Time
	dead    bool
	subcode int // of the 190 that a dead one gives
}

// Proof makes the appsecret_proof of a token.
func (m *Messenger) Proof(token string) string {
	mac := hmac.New(sha256.New, []byte(m.cfg.AppSecret))
	mac.Write([]byte(token))
	return hex.EncodeToString(mac.Sum(nil))
}

// PageToken is the token of a page that works, unless it was killed.
func (m *Messenger) PageToken(page string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if pg := m.pages[page]; pg != nil {
		return pg.token.value
	}
	return ""
}

// KillToken makes the page's token invalid: 190 with the subcode (458, 459, 460, 461, 463,
// 464, 467, 468, 492), or without one (0: the grant was narrowed; NoSuchPage).
func (m *Messenger) KillToken(page string, subcode int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if pg := m.pages[page]; pg != nil {
		pg.token.dead, pg.token.subcode = true, subcode
		m.touch()
	}
}

// ReviveToken gives the page a new token, as a new authorisation does. The old one does not
// come back to life.
func (m *Messenger) ReviveToken(page string) (token string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	pg := m.pages[page]
	if pg == nil {
		return ""
	}
	if !pg.token.dead {
		pg.token.dead, pg.token.subcode = true, 467
	}
	pg.token = m.issue(page)
	m.touch()
	return pg.token.value
}

// RestoreToken ends KillToken with the same token: the trouble was Meta's.
func (m *Messenger) RestoreToken(page string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if pg := m.pages[page]; pg != nil {
		pg.token.dead = false
		m.touch()
	}
}

// issue makes a page token. Called with mu held.
func (m *Messenger) issue(page string) *graphToken {
	t := &graphToken{value: fmt.Sprintf("EAAP%s", m.newTrace()+m.newTrace()), page: page, issued: m.now()}
	t.value = strings.NewReplacer("-", "x", "_", "y").Replace(t.value)
	m.tokens[t.value] = t
	return t
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
	if e := m.checkProof(c, value); e != nil {
		return e
	}
	if value == m.AppToken() {
		c.token = &graphToken{value: value}
		return nil
	}
	c.token = m.tokens[value]
	if c.token == nil {
		return graphErr(190, 0, "Invalid OAuth access token - Cannot parse access token")
	}
	c.book.Page = c.token.page
	if c.token.dead {
		return tokenError(c.token.subcode)
	}
	if c.path[0] == "me" {
		c.path[0] = c.token.page
	}
	return m.throttled(c)
}

// checkProof applies messenger.md 6.9. That the application's own token, which contains the
// secret, needs no proof is an inference. Called with mu held.
func (m *Messenger) checkProof(c *graphCall, token string) *graphError {
	proof := c.param("appsecret_proof")
	refuse := func(text string) *graphError {
		return &graphError{code: 100, kind: "GraphMethodException", status: http.StatusBadRequest, text: text}
	}
	switch {
	case proof == "" && (m.cfg.NoProof || token == m.AppToken()):
		return nil
	case proof == "":
		m.books.problem("%s %s: no appsecret_proof", c.book.Method, c.book.Path)
		return refuse("API calls from the server require an appsecret_proof argument")
	case !hmac.Equal([]byte(proof), []byte(m.Proof(token))):
		m.books.problem("%s %s: wrong appsecret_proof", c.book.Method, c.book.Path)
		return refuse("Invalid appsecret_proof provided in the API argument")
	}
	return nil
}

// debugToken is GET /debug_token. Called with mu held.
func (m *Messenger) debugToken(c *graphCall) (*graphAnswer, *graphError) {
	input := c.param("input_token")
	if input == "" {
		return nil, graphErr(100, 0, "(#100) The parameter input_token is required")
	}
	if input == m.AppToken() {
		return m.jsonAnswer(newObject("data", newObject("app_id", m.cfg.AppID, "type", "APP",
			"application", "Bridge", "is_valid", true, "scopes", []any{}))), nil
	}
	t := m.tokens[input]
	if t == nil {
		return m.jsonAnswer(newObject("data", newObject("error", newObject("code", 190,
			"message", "Invalid OAuth access token - Cannot parse access token"), "is_valid", false, "scopes", []any{}))), nil
	}
	pg := m.pages[t.page]
	var scopes, granular []any
	for _, scope := range Permissions {
		if pg.granted[scope] {
			scopes = append(scopes, scope)
			granular = append(granular, newObject("scope", scope, "target_ids", []any{t.page}))
		}
	}
	data := newObject("app_id", m.cfg.AppID, "type", "PAGE", "application", "Bridge",
		"data_access_expires_at", t.issued.Add(90*24*time.Hour).Unix(), "expires_at", 0)
	if t.dead {
		e := tokenError(t.subcode)
		data = data.with("error", newObject("code", 190, "message", e.text, "subcode", e.subcode))
	}
	data = append(data, newObject("is_valid", !t.dead, "issued_at", t.issued.Unix(), "profile_id", t.page,
		"user_id", adminID, "scopes", scopes, "granular_scopes", granular)...)
	return m.jsonAnswer(newObject("data", data)), nil
}

// adminID is the app-scoped id of the person who authorised every page.
const adminID = "5550001112223334"
