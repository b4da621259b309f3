package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// page is a Facebook page; guarded by Messenger.mu.
type page struct {
	id, name string
	token    *graphToken
	fields   map[string]bool // subscribed by our application; empty = not subscribed
	granted  map[string]bool // permissions
}

// appSubscription is the application's side of the webhook; guarded by Messenger.mu.
type appSubscription struct {
	url, verify string
	fields      map[string]bool
}

// PageFields are the fields of object "page" that may be subscribed (messenger.md 1.6; not the
// complete list of the SDK, but all that the sheet names in full).
var PageFields = []string{
	"agent_messages", "agent_questions", "business_integrity", "call_permission_reply", "call_settings_update", "calls",
	"conversations", "feed", "group_feed", "inbox_labels", "mention", "message_context", "message_deliveries",
	"message_echoes", "message_edits", "message_reactions", "message_reads", "message_template_status_update",
	"messages", "messaging_account_linking", "messaging_customer_information", "messaging_feedback",
	"messaging_handovers", "messaging_in_thread_lead_form_submit", "messaging_integrity", "messaging_optins",
	"messaging_optouts", "messaging_policy_enforcement", "messaging_postbacks", "messaging_referrals",
	"response_feedback", "send_cart", "standby",
}

// Permissions are those a page's token can have.
var Permissions = []string{
	"pages_show_list", "pages_messaging", "pages_manage_metadata", "pages_read_engagement",
	"pages_read_user_content", "pages_manage_engagement",
}

func setOf(items []string) map[string]bool {
	set := make(map[string]bool, len(items))
	for _, item := range items {
		set[item] = true
	}
	return set
}

// AddPage makes a page, subscribed to all fields and granted all permissions, and returns its
// token. The application's side is subscribed to all fields from the start.
func (m *Messenger) AddPage(id, name string) (token string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	pg := &page{id: id, name: name, fields: setOf(PageFields), granted: setOf(Permissions), token: m.issue(id)}
	m.pages[id] = pg
	m.touch()
	return pg.token.value
}

// SubscribePage sets the fields of a page's subscription; none unsubscribes it.
func (m *Messenger) SubscribePage(page string, fields ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if pg := m.pages[page]; pg != nil {
		pg.fields = setOf(fields)
		m.touch()
	}
}

// SubscribeApp sets the fields on the application's side.
func (m *Messenger) SubscribeApp(fields ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.app.fields = setOf(fields)
	m.touch()
}

// Subscribed lists the fields of a page's subscription, sorted.
func (m *Messenger) Subscribed(page string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if pg := m.pages[page]; pg != nil {
		return sorted(pg.fields)
	}
	return nil
}

// AppSubscribed lists the fields of the application's side, sorted.
func (m *Messenger) AppSubscribed() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return sorted(m.app.fields)
}

func sorted(set map[string]bool) []string {
	items := make([]string, 0, len(set))
	for item := range set {
		items = append(items, item)
	}
	slices.Sort(items)
	return items
}

// Grant gives a page's token a permission, or takes it away.
func (m *Messenger) Grant(page, permission string, on bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if pg := m.pages[page]; pg != nil {
		pg.granted[permission] = on
		m.touch()
	}
}

// subscribed tells whether Meta sends the event: on both levels, or of a page or a kind that
// the simulator knows nothing about. Called with mu held.
func (m *Messenger) subscribed(ev Event) bool {
	pg := m.pages[ev.Page]
	if pg == nil {
		return true
	}
	if len(pg.fields) == 0 {
		return false
	}
	field := ev.field()
	return field == "" || m.app.fields[field] && pg.fields[field]
}

// subscribedApps is /{page-id}/subscribed_apps. Called with mu held.
func (m *Messenger) subscribedApps(c *graphCall) (*graphAnswer, *graphError) {
	pg := m.pages[c.token.page]
	switch c.r.Method {
	case http.MethodGet:
		data := []any{}
		if len(pg.fields) > 0 {
			fields := []any{}
			for _, field := range sorted(pg.fields) {
				fields = append(fields, field)
			}
			data = append(data, newObject("category", "Business", "link", "https://bridge.ex.test/",
				"name", "Bridge", "id", m.cfg.AppID, "subscribed_fields", fields))
		}
		return m.jsonAnswer(newObject("data", data)), nil
	case http.MethodDelete:
		pg.fields = map[string]bool{}
		m.touch()
		return m.success(), nil
	case http.MethodPost:
		fields := c.list("subscribed_fields")
		if e := m.maySubscribe(pg, fields); e != nil {
			return nil, e
		}
		if !m.quirks.MergeFields {
			pg.fields = map[string]bool{}
		}
		for _, field := range fields {
			pg.fields[field] = true
		}
		m.touch()
		return m.success(), nil
	}
	return nil, noObject(c.r.Method, pg.id)
}

func (m *Messenger) success() *graphAnswer { return m.jsonAnswer(newObject("success", true)) }

// maySubscribe is all or nothing: the first field that is unknown or lacks a permission
// refuses the call (messenger.md 6.6). Called with mu held.
func (m *Messenger) maySubscribe(pg *page, fields []string) *graphError {
	if len(fields) == 0 {
		return graphErr(100, 0, "(#100) The parameter subscribed_fields is required.")
	}
	if e := unknownField("subscribed_fields", fields); e != nil {
		return e
	}
	for _, field := range fields {
		need := "pages_messaging"
		switch field {
		case "feed", "mention", "group_feed", "conversations":
			need = "pages_read_user_content"
		}
		for _, permission := range []string{need, "pages_manage_metadata"} {
			if !pg.granted[permission] {
				return &graphError{code: 200, status: http.StatusForbidden, text: fmt.Sprintf(
					"(#200) To subscribe to the %s field, one of these permissions is needed: %s", field, permission)}
			}
		}
	}
	return nil
}

func unknownField(param string, fields []string) *graphError {
	for i, field := range fields {
		if !slices.Contains(PageFields, field) {
			return graphErr(100, 0, fmt.Sprintf("(#100) Param %s[%d] must be one of {%s} - got %q.",
				param, i, strings.Join(PageFields, ", "), field))
		}
	}
	return nil
}

// subscriptions is /{app-id}/subscriptions. Called with mu held, which it gives up while the
// callback is verified.
func (m *Messenger) subscriptions(c *graphCall) (*graphAnswer, *graphError) {
	if c.token.page != "" {
		return nil, graphErr(15, 0, "(#15) This method must be called with an app access_token.")
	}
	switch c.r.Method {
	case http.MethodGet:
		return m.jsonAnswer(newObject("data", m.appData())), nil
	case http.MethodDelete:
		fields := c.list("fields")
		for _, field := range fields {
			delete(m.app.fields, field)
		}
		if len(fields) == 0 {
			m.app.url, m.app.fields = "", map[string]bool{}
		}
		m.touch()
		return m.success(), nil
	case http.MethodPost:
		return m.configure(c)
	}
	return nil, noObject(c.r.Method, m.cfg.AppID)
}

func (m *Messenger) appData() []any {
	if m.app.url == "" {
		return []any{}
	}
	fields := []any{}
	for _, field := range sorted(m.app.fields) {
		fields = append(fields, newObject("name", field, "version", "v26.0"))
	}
	return []any{newObject("object", "page", "callback_url", m.app.url, "active", true, "fields", fields)}
}

// configure verifies the callback and replaces the subscription. Called with mu held.
func (m *Messenger) configure(c *graphCall) (*graphAnswer, *graphError) {
	if object := c.param("object"); object != "page" {
		return nil, graphErr(100, 0, fmt.Sprintf("(#100) The simulator knows object page only, not %q", object))
	}
	target, verify, fields := c.param("callback_url"), c.param("verify_token"), c.list("fields")
	if target == "" || verify == "" || len(fields) == 0 {
		return nil, graphErr(100, 0, "(#100) The parameters callback_url, verify_token and fields are required")
	}
	if e := unknownField("fields", fields); e != nil {
		return nil, e
	}
	m.mu.Unlock()
	err := m.verify(c.r.Context(), target, verify)
	m.mu.Lock()
	if err != nil {
		return nil, graphErr(2200, 0, "(#2200) Callback verification failed with the following errors: "+err.Error())
	}
	m.app = appSubscription{url: target, verify: verify, fields: setOf(fields)}
	m.touch()
	m.wake()
	return m.success(), nil
}

// pageNode is GET /{page-id}. Called with mu held.
func (m *Messenger) pageNode(c *graphCall) (*graphAnswer, *graphError) {
	pg := m.pages[c.token.page]
	fields, e := c.fields("id", "name")
	if e != nil {
		return nil, e
	}
	var o metaObject
	for _, f := range fields {
		switch f.name {
		case "name":
			o = o.with("name", pg.name)
		case "access_token":
			o = o.with("access_token", pg.token.value)
		case "category":
			o = o.with("category", "Shop")
		}
	}
	return m.jsonAnswer(o.with("id", pg.id)), nil
}
