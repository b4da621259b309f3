package messenger

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"messenger-bridge/bridge"
	"messenger-bridge/messenger/wire"
)

// deaths are the subcodes of 190, which say how a token died (messenger.md 7.4).
var deaths = map[int]bridge.TroubleKind{
	458: bridge.AppRemoved,
	459: bridge.Checkpoint,
	460: bridge.PasswordChanged,
	461: bridge.TokenExpired,
	463: bridge.TokenExpired,
	464: bridge.NotConfirmed,
	467: bridge.LoggedOut,
	468: bridge.AppUnused,
	492: bridge.RoleLost,
}

// deathBy says of a refusal how the token that made the call died; "" if it did not.
func deathBy(code, sub int, r ruling) bridge.TroubleKind {
	switch {
	case r.reason != bridge.PageLost || r.permission:
		return ""
	case code == 190 && deaths[sub] != "":
		return deaths[sub]
	case code == 100 && sub == 33: // the page itself is not there for it
		return bridge.GrantNarrowed
	case code == 100 || code == 104:
		return bridge.NoProof
	}
	return bridge.TokenDead
}

// need is a permission of a page's token, and what it is for (messenger.md 6.11).
type need struct {
	permission, purpose string
	level               bridge.Level // of its lack
}

// pageNeeds are what messages need.
var pageNeeds = []need{
	{"pages_messaging", "to receive and to send messages", bridge.Bad},
	{"pages_manage_metadata", "to subscribe the page", bridge.Bad},
	{"pages_read_engagement", "to read the page's name, and in a conversation whether an answer arrived", bridge.Notable},
}

// commentNeeds are what comments need in addition.
var commentNeeds = []need{
	{commentPermissions[0], "to read comments", bridge.Bad},
	{commentPermissions[1], "to answer and hide comments", bridge.Bad},
}

// needs are those that no page can do without.
var needs = func() (all []string) {
	for _, n := range pageNeeds {
		if n.level == bridge.Bad {
			all = append(all, n.permission)
		}
	}
	return all
}()

// examined is what debug_token says of a token, which need not work.
type examined struct {
	tokenInfo
	App     wire.ID     `json:"app_id"`
	Page    wire.ID     `json:"profile_id"`
	User    wire.ID     `json:"user_id"`
	Data    wire.Number `json:"data_access_expires_at"` // 0: never
	foreign bool        // Meta does not tell us about it: it is of another app
}

// examine is inspect for tokens that need not work.
func (c Tokens) examine(ctx context.Context, token bridge.Secret) (*examined, error) {
	body, err := c.askAsApp(ctx, request{method: http.MethodGet, path: "debug_token",
		query: map[string]string{"input_token": token.Reveal()}})
	var cause *graphError
	if errors.As(err, &cause) && cause.Code == 100 {
		return &examined{foreign: true}, nil
	}
	if err != nil {
		return nil, about("debug_token", err)
	}
	var reply struct {
		Data *examined `json:"data"`
	}
	_ = json.Unmarshal(body, &reply)
	if reply.Data == nil || bool(reply.Data.Valid) && reply.Data.Expires == nil {
		return nil, otherFormat("debug_token")
	}
	return reply.Data, nil
}

// trouble says why a token is not good for a page.
func (t *examined) trouble(app string, page bridge.PageID) bridge.Trouble {
	switch {
	case t.foreign, t.App != "" && t.App != wire.ID(app):
		return bridge.Trouble{Kind: bridge.OtherApp}
	case !bool(t.Valid) && deaths[int(t.Error.Subcode)] != "":
		return bridge.Trouble{Kind: deaths[int(t.Error.Subcode)]}
	case !bool(t.Valid) && t.App == "": // Meta cannot even say whose it is
		return bridge.Trouble{Kind: bridge.TokenUnknown}
	case !bool(t.Valid):
		return bridge.Trouble{Kind: bridge.GrantNarrowed}
	case t.Type != "" && t.Type != "PAGE":
		return bridge.Trouble{Kind: bridge.NotOfPage}
	case t.Page != "" && t.Page != wire.ID(page):
		return bridge.Trouble{Kind: bridge.OtherPage, About: string(t.Page)}
	}
	if lacking := t.lacking(page); len(lacking) > 0 {
		return bridge.Trouble{Kind: bridge.NoPermission, About: strings.Join(lacking, ", ")}
	}
	return bridge.Trouble{}
}

// lacking returns the permissions that a page needs and its token has not got. A
// token of which Meta lists no permission at all is not judged by that.
func (t *examined) lacking(page bridge.PageID) (lacking []string) {
	return t.without(needs, page)
}

// without returns which of some permissions the token has not got for a page.
func (t *examined) without(some []string, page bridge.PageID) (lacking []string) {
	if len(t.Scopes) == 0 {
		return nil
	}
	for _, p := range some {
		if !t.granted(p) || !t.grantedFor(p, page) {
			lacking = append(lacking, p)
		}
	}
	return lacking
}

func (t *examined) report(app string, page bridge.PageID) bridge.TokenReport {
	r := bridge.TokenReport{User: string(t.User), Trouble: t.trouble(app, page), Feed: t.without(commentPermissions, page)}
	if t.Expires != nil {
		r.Expires = t.expires()
	}
	return r
}

// Inspect asks Meta what a page's token is and what it is good for. A dead one is
// no error.
func (c Tokens) Inspect(ctx context.Context, p bridge.Page) (bridge.TokenReport, error) {
	t, err := c.examine(ctx, p.Token)
	if err != nil {
		return bridge.TokenReport{}, err
	}
	return t.report(c.cfg.AppID, p.ID), nil
}

// Adopt finds out what a token made by hand is. A person's or a system user's is
// used once, to ask for the page's own; a person's is first made to last.
func (c Tokens) Adopt(ctx context.Context, page bridge.PageID, token bridge.Secret) (bridge.Adopted, error) {
	t, err := c.examine(ctx, token)
	if err != nil {
		return bridge.Adopted{}, err
	}
	kind := map[wire.Text]bridge.TokenKind{"USER": bridge.PersonToken, systemUser: bridge.SystemToken}[t.Type]
	if kind == "" || !bool(t.Valid) || t.foreign {
		return bridge.Adopted{Token: token, Kind: bridge.PageToken, TokenReport: t.report(c.cfg.AppID, page)}, nil
	}
	if token, _, err = c.lasting(ctx, token); err != nil {
		return bridge.Adopted{}, err
	}
	own, err := c.pageTokenOf(ctx, page, token)
	if own == "" || err != nil {
		return bridge.Adopted{Kind: kind, TokenReport: bridge.TokenReport{Trouble: bridge.Trouble{Kind: bridge.NotOfPage}}}, err
	}
	if t, err = c.examine(ctx, own); err != nil {
		return bridge.Adopted{}, err
	}
	return bridge.Adopted{Token: own, Kind: kind, TokenReport: t.report(c.cfg.AppID, page)}, nil
}

// pageTokenOf asks for a page's token with a person's or a system user's; "" if
// that does not reach the page.
func (c Tokens) pageTokenOf(ctx context.Context, page bridge.PageID, token bridge.Secret) (bridge.Secret, error) {
	body, err := c.ask(ctx, request{token: token, method: http.MethodGet, path: url.PathEscape(string(page)), setup: true,
		query: map[string]string{"fields": "access_token"}})
	if r := bridge.RefusalOf(err); err != nil && (r.Reason == bridge.PageLost || r.Verdict == bridge.Never) {
		return "", nil
	} else if err != nil {
		return "", about("the page's own token", err)
	}
	var reply struct {
		Token wire.Text `json:"access_token"`
	}
	_ = json.Unmarshal(body, &reply)
	return bridge.Secret(reply.Token), nil
}
