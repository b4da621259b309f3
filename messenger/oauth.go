package messenger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/messenger/wire"
)

var (
	_ bridge.Authorizer     = (*Platform)(nil)
	_ bridge.Subscriber     = (*Platform)(nil)
	_ bridge.TokenInspector = (*Platform)(nil)
)

// seeing is the permission without which nobody's pages are shown.
const seeing = "pages_show_list"

// permissions are what messages need (messenger.md 6.11).
var permissions = []string{
	seeing,                  // to see the pages
	"pages_messaging",       // to receive and send
	"pages_manage_metadata", // to subscribe a page
	"pages_read_engagement", // to read a page's name and threads
	"business_management",   // without it Meta hides the pages of business portfolios
}

// commentPermissions are what comments need in addition.
var commentPermissions = []string{
	"pages_read_user_content", // to read them, and for feed
	"pages_manage_engagement", // to answer, edit and hide
}

// shortest is how long a token has to live. Page tokens of a short-lived one die
// with it within two hours; long-lived ones have about 60 days.
const shortest = 30 * 24 * time.Hour

// Dialog returns the address of the login dialog.
func (c Login) Dialog(redirect, state string, comments bool) string {
	q := url.Values{
		"client_id":     {c.cfg.AppID},
		"redirect_uri":  {redirect},
		"state":         {state},
		"response_type": {"code"},
	}
	if c.cfg.Dialog.ConfigID != "" {
		q.Set("config_id", c.cfg.Dialog.ConfigID) // names the permissions itself
	} else {
		asked := slices.Clone(permissions)
		if comments {
			asked = append(asked, commentPermissions...)
		}
		q.Set("scope", strings.Join(asked, ","))
		q.Set("auth_type", "rerequest") // else what was declined once is never asked again
	}
	return strings.TrimRight(c.cfg.Dialog.URL, "/") + "/" + url.PathEscape(c.cfg.Version) + "/dialog/oauth?" + q.Encode()
}

// Exchange turns a code into a grant. With the first answer the code is spent: of
// what fails later nothing can be repeated, so the verdict is Never.
func (c Login) Exchange(ctx context.Context, redirect, code string) (bridge.Grant, error) {
	first, err := c.issue(ctx, map[string]string{"redirect_uri": redirect, "code": code})
	if err != nil {
		return bridge.Grant{}, ofCode(err)
	}
	grant, err := c.grant(ctx, first)
	if err != nil {
		return bridge.Grant{}, spent(err)
	}
	return grant, nil
}

// ofCode is the refusal of a code. One that does not look like Meta's has no
// subcode, and 190 is a person who has removed the app meanwhile.
func ofCode(err error) error {
	r := *bridge.RefusalOf(ofApp(err))
	var cause *graphError
	if r.Verdict == bridge.Never && errors.As(r.Err, &cause) && (cause.Code == 100 || cause.Code == 190) {
		r.Reason = bridge.CodeRefused
	}
	return &r
}

// spent is a refusal after which nothing can be repeated.
func spent(err error) error {
	r := *bridge.RefusalOf(err)
	r.Verdict, r.Gate, r.After = bridge.Never, "", 0
	return &r
}

// grant makes a token last, and asks what it is good for.
func (c Login) grant(ctx context.Context, first bridge.Secret) (bridge.Grant, error) {
	token, info, err := c.lasting(ctx, first)
	if err != nil {
		return bridge.Grant{}, err
	}
	g := bridge.Grant{Token: token, Kind: bridge.PersonToken, Expires: info.expires()}
	if info.Type == systemUser {
		g.Kind = bridge.SystemToken
	}
	if g.User, g.Name, err = c.me(ctx, token); err != nil {
		return bridge.Grant{}, err
	}
	if g.Pages, err = c.accounts(ctx, token); err != nil {
		return bridge.Grant{}, err
	}
	for _, p := range permissions {
		if !info.granted(p) {
			g.Missing = append(g.Missing, p)
		}
	}
	for _, p := range commentPermissions {
		if !info.granted(p) {
			g.Feed = append(g.Feed, p)
		}
	}
	g.Ticked = info.targets(seeing)
	for i := range g.Pages {
		for _, p := range needs {
			if len(info.Scopes) > 0 && (!info.granted(p) || !info.grantedFor(p, g.Pages[i].ID)) {
				g.Pages[i].Lacks = append(g.Pages[i].Lacks, p)
			}
		}
	}
	return g, nil
}

// lasting returns a token whose page tokens do not expire, and what Meta says
// about it. A system user's token lasts as it is, a person's is exchanged.
func (c Tokens) lasting(ctx context.Context, token bridge.Secret) (bridge.Secret, *tokenInfo, error) {
	info, err := c.inspect(ctx, token)
	if err != nil {
		return "", nil, err
	}
	if info.Type != systemUser {
		token, err = c.issue(ctx, map[string]string{"grant_type": "fb_exchange_token", "fb_exchange_token": token.Reveal()})
		if err != nil {
			return "", nil, about("the exchange for a long-lived token", err)
		}
		if info, err = c.inspect(ctx, token); err != nil {
			return "", nil, err
		}
	}
	if at := info.expires(); !at.IsZero() && at.Before(c.cfg.Now().Add(shortest)) {
		return "", nil, &bridge.Refusal{Verdict: bridge.Never, Reason: bridge.MetaError,
			Err: fmt.Errorf("graph gave a token that lives only %s", at.Sub(c.cfg.Now()).Round(time.Minute))}
	}
	return token, info, nil
}

// issue asks for a token; how long it lives, debug_token tells better.
func (c Tokens) issue(ctx context.Context, form map[string]string) (bridge.Secret, error) {
	secret, _ := c.cfg.Fresh()
	form["client_id"], form["client_secret"] = c.cfg.AppID, secret.Reveal()
	body, err := c.ask(ctx, request{method: http.MethodPost, path: "oauth/access_token", form: form})
	if err != nil {
		return "", err
	}
	var reply struct {
		Token wire.Text `json:"access_token"`
	}
	_ = json.Unmarshal(body, &reply)
	if reply.Token == "" {
		return "", &bridge.Refusal{Verdict: bridge.Unknown, Reason: bridge.MetaError,
			Err: errors.New("graph answered a request for a token without one")}
	}
	return bridge.Secret(reply.Token), nil
}

// systemUser is what debug_token calls the token of a business's system user.
const systemUser = "SYSTEM_USER"

// tokenInfo is what debug_token says of a token (messenger.md 6.5).
type tokenInfo struct {
	Type    wire.Text    `json:"type"`
	Valid   wire.Flag    `json:"is_valid"`
	Expires *wire.Number `json:"expires_at"` // 0: never
	Scopes  []wire.Text  `json:"scopes"`
	Pages   []struct {
		Scope   wire.Text `json:"scope"`
		Targets []wire.ID `json:"target_ids"` // nil: for all
	} `json:"granular_scopes"`
	Error wireTokenError `json:"error"`
}

type wireTokenError struct {
	Code    wire.Number `json:"code"`
	Subcode wire.Number `json:"subcode"`
}

// expires returns the zero time for never.
func (t *tokenInfo) expires() time.Time {
	if *t.Expires == 0 {
		return time.Time{}
	}
	return time.Unix(int64(*t.Expires), 0).UTC()
}

// granted tells whether the token has a permission, for whatever pages.
func (t *tokenInfo) granted(permission string) bool {
	return slices.Contains(t.Scopes, wire.Text(permission))
}

// grantedFor tells whether the token has a permission for a page.
func (t *tokenInfo) grantedFor(permission string, page bridge.PageID) bool {
	for _, g := range t.Pages {
		if string(g.Scope) == permission && g.Targets != nil {
			return slices.Contains(g.Targets, wire.ID(page))
		}
	}
	return true
}

// targets returns for how many pages a permission was granted; -1: Meta does not say.
func (t *tokenInfo) targets(permission string) int {
	for _, g := range t.Pages {
		if string(g.Scope) == permission && g.Targets != nil {
			return len(g.Targets)
		}
	}
	return -1
}

// inspect asks Meta about a token that must work. debug_token is only documented
// as GET, so this token stands in an address; the app's own does not.
func (c Tokens) inspect(ctx context.Context, token bridge.Secret) (*tokenInfo, error) {
	body, err := c.askAsApp(ctx, request{method: http.MethodGet, path: "debug_token",
		query: map[string]string{"input_token": token.Reveal()}})
	if err != nil {
		return nil, about("debug_token", err)
	}
	var reply struct {
		Data tokenInfo `json:"data"`
	}
	_ = json.Unmarshal(body, &reply)
	t := &reply.Data
	switch {
	case t.Error.Code != 0 || t.Expires != nil && !bool(t.Valid):
		return nil, &bridge.Refusal{Verdict: bridge.Never, Reason: bridge.PageLost,
			Err: fmt.Errorf("graph calls a token that it just gave invalid, code %d/%d", t.Error.Code, t.Error.Subcode)}
	case t.Expires == nil || !bool(t.Valid): // without a date it may be a short-lived one
		return nil, otherFormat("debug_token")
	}
	return t, nil
}

// me asks who a token belongs to.
func (c Login) me(ctx context.Context, token bridge.Secret) (user, name string, err error) {
	body, err := c.ask(ctx, request{token: token, method: http.MethodGet, path: "me", setup: true,
		query: map[string]string{"fields": "id,name"}})
	if err != nil {
		return "", "", about("me", err)
	}
	var reply struct {
		ID   wire.ID   `json:"id"`
		Name wire.Text `json:"name"`
	}
	_ = json.Unmarshal(body, &reply)
	if reply.ID == "" {
		return "", "", otherFormat("me")
	}
	return string(reply.ID), string(reply.Name), nil
}

// askAsApp makes a call with the app's own token, which contains the secret.
func (c *Client) askAsApp(ctx context.Context, q request) ([]byte, error) {
	secret, _ := c.cfg.Fresh()
	q.token, q.setup = bridge.Secret(c.cfg.AppID+"|"+secret.Reveal()), true
	body, err := c.ask(ctx, q)
	if err != nil {
		return nil, ofApp(err)
	}
	return body, nil
}

// ofApp is a refusal of a call in the app's name. No page is lost by it, and it
// will not pass: the operator has to look.
func ofApp(err error) error {
	r := *bridge.RefusalOf(err)
	if r.Reason == bridge.PageLost {
		r.Verdict, r.Reason, r.After = bridge.Never, bridge.Unexplained, 0
	}
	return &r
}

// about says in a refusal's error which step it was.
func about(step string, err error) error {
	r := *bridge.RefusalOf(err)
	r.Err = fmt.Errorf("%s: %w", step, r.Err)
	return &r
}

// otherFormat is the refusal for an answer to a reading call that cannot be read.
func otherFormat(what string) error {
	return &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.MetaError,
		Err: fmt.Errorf("graph answered %s in another format", what)}
}
