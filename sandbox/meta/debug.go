package meta

import (
	"slices"
	"time"
)

// debugToken is GET /debug_token (messenger.md 6.5). Called with mu held.
func (m *Messenger) debugToken(c *graphCall) (*graphAnswer, *graphError) {
	if c.token.kind != appToken {
		// That tokens of the app's developers are accepted as well is left out.
		m.books.problem("debug_token without the application's token")
		return nil, graphErr(100, 0, "(#100) You must provide an app access token, or a user access token that is an owner or developer of the app")
	}
	input := c.param("input_token")
	if input == "" {
		return nil, graphErr(100, 0, "(#100) The parameter input_token is required")
	}
	if m.foreign[input] != "" { // seen by many, and in no document
		return nil, graphErr(100, 0, "(#100) The App_id in the input_token did not match the Viewing App")
	}
	t := m.tokens[input]
	if input == m.AppToken() || t != nil && t.kind == appToken {
		return m.jsonAnswer(newObject("data", newObject("app_id", m.cfg.AppID, "type", "APP",
			"application", appName, "is_valid", true, "scopes", []any{}))), nil
	}
	if t == nil {
		return m.jsonAnswer(newObject("data", newObject("error", newObject("code", 190,
			"message", "Invalid OAuth access token - Cannot parse access token"), "is_valid", false, "scopes", []any{}))), nil
	}
	data := newObject("app_id", m.cfg.AppID, "type", string(t.kind), "application", appName,
		"data_access_expires_at", unixOrZero(t.data), "expires_at", unixOrZero(t.endOfLife()))
	trouble := m.trouble(t)
	if trouble != nil {
		problem := newObject("code", trouble.code, "message", trouble.text)
		if trouble.subcode != 0 {
			problem = problem.with("subcode", trouble.subcode)
		}
		data = data.with("error", problem)
	}
	data = data.with("is_valid", trouble == nil)
	if t.kind != userToken || t.long { // not told of short-lived ones
		data = data.with("issued_at", t.issued.Unix())
	}
	if t.page != "" {
		data = data.with("profile_id", t.page)
	}
	scopes, granular := m.debugScopes(t)
	return m.jsonAnswer(newObject("data", append(data,
		newObject("user_id", t.user, "scopes", scopes, "granular_scopes", granular)...))), nil
}

// endOfLife is when the token expires, that of a short-lived parent included.
func (t *graphToken) endOfLife() time.Time {
	if t.expires.IsZero() && t.parent != nil && !t.parent.long {
		return t.parent.expires
	}
	return t.expires
}

// debugScopes lists the permissions a token has now, and for which pages. Called with mu held.
func (m *Messenger) debugScopes(t *graphToken) (scopes, granular []any) {
	targets := m.targets(t)
	for _, scope := range KnownScopes {
		if !m.may(t, scope) {
			continue
		}
		scopes = append(scopes, scope)
		switch {
		case !slices.Contains(pageScopes, scope):
			if scope == "business_management" {
				granular = append(granular, newObject("scope", scope))
			}
		case targets == nil: // the person chose all pages
			granular = append(granular, newObject("scope", scope))
		default:
			granular = append(granular, newObject("scope", scope, "target_ids", targets))
		}
	}
	return scopes, granular
}

// targets are the pages a token is good for; nil means all. Called with mu held.
func (m *Messenger) targets(t *graphToken) []any {
	ad := m.admins[t.user]
	if ad == nil {
		return []any{t.page}
	}
	if ad.all {
		return nil
	}
	ids := []any{}
	for _, page := range ad.order {
		if ad.ticked[page] {
			ids = append(ids, page)
		}
	}
	return ids
}

func unixOrZero(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}
