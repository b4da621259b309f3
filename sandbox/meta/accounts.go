package meta

import (
	"net/http"
	"slices"
	"strings"
)

// What a user token can ask: the person, the pages, the permissions (messenger.md 6.4, 6.8).

// userEdge answers for a user's or a system user's token. Called with mu held.
func (m *Messenger) userEdge(c *graphCall, node, edge string) (*graphAnswer, *graphError) {
	ad, get := m.admins[c.token.user], c.r.Method == http.MethodGet
	switch {
	case node == ad.id && edge == "" && get:
		return m.userNode(c, ad)
	case node == ad.id && edge == "accounts" && get:
		return m.accounts(c, ad)
	case node == ad.id && edge == "businesses" && get:
		return m.businesses(c, ad)
	case node == ad.id && strings.HasPrefix(edge, "permissions"):
		return m.permissions(c, ad, edge)
	case m.pages[node] != nil && edge == "" && get:
		return m.pageForUser(c, ad, node)
	case m.pages[node] != nil:
		m.books.problem("%s %s: a user token in the place of a page token", c.book.Method, c.book.Path)
		return nil, graphErr(210, 0, "(#210) A page access token is required to request this resource.")
	case m.admins[node] != nil:
		m.books.problem("%s %s: token of another person", c.book.Method, c.book.Path)
	}
	return nil, noObject(c.r.Method, node)
}

func (m *Messenger) userNode(c *graphCall, ad *admin) (*graphAnswer, *graphError) {
	fields, e := c.fields("name", "id")
	if e != nil {
		return nil, e
	}
	var o metaObject
	for _, f := range fields {
		switch f.name {
		case "name":
			o = o.with("name", ad.name)
		case "id", "email":
		default:
			return nil, noField(f.name, "User")
		}
	}
	return m.jsonAnswer(o.with("id", ad.id)), nil
}

// accessible lists the pages that the token's person granted and that can be used. Called
// with mu held.
func (m *Messenger) accessible(t *graphToken, ad *admin) []*page {
	if !m.may(t, "pages_show_list") {
		return nil
	}
	granted, business := ad.grantedPages(), m.may(t, "business_management")
	return slices.DeleteFunc(m.managed(ad), func(pg *page) bool {
		return !granted[pg.id] || pg.portfolio && !business
	})
}

// accounts is GET /me/accounts. What is not granted is missing from it without an error.
// Called with mu held.
func (m *Messenger) accounts(c *graphCall, ad *admin) (*graphAnswer, *graphError) {
	fields, e := c.fields("access_token", "category", "name", "id", "tasks")
	if e != nil {
		return nil, e
	}
	found := m.accessible(c.token, ad)
	if after := readCursor(c.param("after")); after != "" {
		found = found[1+slices.IndexFunc(found, func(pg *page) bool { return pg.id == after }):]
	}
	size := min(c.limit(), 100)
	if m.quirks.AccountsPerPage > 0 {
		size = min(size, m.quirks.AccountsPerPage)
	}
	shown := found[:min(size, len(found))]
	data := make([]any, 0, len(shown))
	for _, pg := range shown {
		o, e := m.showPage(c, ad, pg, fields)
		if e != nil {
			return nil, e
		}
		data = append(data, o)
	}
	o := newObject("data", data)
	if len(shown) > 0 {
		o = o.with("paging", m.paging(c, c.path, c.param("fields"), shown[0].id, shown[len(shown)-1].id, len(found) > len(shown)))
	}
	return m.jsonAnswer(o), nil
}

// showPage writes a page as a user token sees it. Called with mu held.
func (m *Messenger) showPage(c *graphCall, ad *admin, pg *page, fields []askedField) (metaObject, *graphError) {
	var o metaObject
	for _, f := range fields {
		switch f.name {
		case "id":
		case "name":
			o = o.with("name", pg.name)
		case "category":
			o = o.with("category", "Shop")
		case "link":
			o = o.with("link", "https://www.facebook.com/"+pg.id)
		case "access_token":
			if !pg.tokenless {
				o = o.with("access_token", m.pageTokenFrom(c.token, ad, pg).value)
			}
		case "tasks":
			tasks := []any{}
			for _, task := range ad.tasks[pg.id] {
				tasks = append(tasks, task)
			}
			o = o.with("tasks", tasks)
		case "picture":
			o = o.with("picture", pg.picture(f))
		case "category_list", "is_published", "username", "business":
		default:
			return nil, noField(f.name, "Page")
		}
	}
	return o.with("id", pg.id), nil
}

func (pg *page) picture(f askedField) metaObject {
	url := "https://scontent.xx.fbcdn.net/v/t39.30808-1/" + pg.id + "_n.jpg?oe=6B000000"
	if len(f.sub) == 1 && f.sub[0].name == "url" {
		return newObject("data", newObject("url", url))
	}
	return newObject("data", newObject("height", 50, "is_silhouette", false, "url", url, "width", 50))
}

// pageTokenFrom is the page token that a user token gives: the same each time, while it lives.
// One for a page that was not granted is dead from the start. Called with mu held.
func (m *Messenger) pageTokenFrom(parent *graphToken, ad *admin, pg *page) *graphToken {
	for _, t := range m.tokens {
		if t.parent == parent && t.page == pg.id && m.trouble(t) == nil {
			return t
		}
	}
	newest := pg.token
	t := m.issue(&graphToken{
		kind: pageToken, page: pg.id, user: ad.id, parent: parent, scopes: parent.scopes, data: parent.data,
	})
	if !slices.Contains(m.accessible(parent, ad), pg) {
		t.dead, t.subcode = true, 0
		pg.token = newest
	}
	return t
}

// pageForUser is GET /{page-id} with a user token, as for one page's token.
func (m *Messenger) pageForUser(c *graphCall, ad *admin, id string) (*graphAnswer, *graphError) {
	pg := m.pages[id]
	if !slices.Contains(m.accessible(c.token, ad), pg) {
		return nil, noObject(c.r.Method, id)
	}
	fields, e := c.fields("name", "id")
	if e != nil {
		return nil, e
	}
	o, e := m.showPage(c, ad, pg, fields)
	if e != nil {
		return nil, e
	}
	return m.jsonAnswer(o), nil
}

// portfolioID is the business that owns every page of SetPortfolio.
const portfolioID = "700800900100200"

// businesses is GET /me/businesses. Its pages are all that the portfolio owns, also those that
// were not granted. Called with mu held.
func (m *Messenger) businesses(c *graphCall, ad *admin) (*graphAnswer, *graphError) {
	if !m.may(c.token, "business_management") {
		return nil, graphErr(200, 0, "(#200) Requires business_management permission to manage the object")
	}
	fields, e := c.fields("id", "name")
	if e != nil {
		return nil, e
	}
	owned := slices.DeleteFunc(m.managed(ad), func(pg *page) bool { return !pg.portfolio })
	if len(owned) == 0 {
		return m.jsonAnswer(newObject("data", []any{})), nil
	}
	var o metaObject
	for _, f := range fields {
		switch f.name {
		case "id":
		case "name":
			o = o.with("name", "Portfolio")
		case "owned_pages":
			asked, data := f.sub, []any{}
			if len(asked) == 0 {
				asked = askFor("name", "id")
			}
			for _, pg := range owned {
				shown, e := m.showPage(c, ad, pg, asked)
				if e != nil {
					return nil, e
				}
				data = append(data, shown)
			}
			o = o.with("owned_pages", newObject("data", data))
		case "client_pages": // left out when empty
		default:
			return nil, noField(f.name, "Business")
		}
	}
	return m.jsonAnswer(newObject("data", []any{o.with("id", portfolioID)})), nil
}

// permissions is /{user-id}/permissions and /{user-id}/permissions/{permission}. Called with
// mu held.
func (m *Messenger) permissions(c *graphCall, ad *admin, edge string) (*graphAnswer, *graphError) {
	_, one, _ := strings.Cut(edge, "/")
	switch {
	case c.r.Method == http.MethodGet && one == "":
		data := []any{}
		for _, scope := range KnownScopes {
			if status := ad.scopes[scope]; status != "" {
				data = append(data, newObject("permission", scope, "status", status))
			}
		}
		return m.jsonAnswer(newObject("data", data)), nil
	case c.r.Method == http.MethodDelete && one == "":
		m.revoke(ad.id)
		return m.success(), nil
	case c.r.Method == http.MethodDelete:
		if ad.scopes[one] == "" {
			return nil, graphErr(100, 0, "(#100) The permission "+one+" was not granted") // text is ours
		}
		ad.scopes[one] = "declined"
		m.touch()
		return m.success(), nil
	}
	return nil, noObject(c.r.Method, ad.id)
}
