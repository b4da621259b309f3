package meta

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// The two levels of webhook subscription: each page's, and the application's (messenger.md
// 1.6, 6.6, 6.7).

// appSubscription is the application's side of the webhook; guarded by Messenger.mu.
type appSubscription struct {
	url, verify string
	fields      map[string]bool
	active      bool
	served      int  // the version of the call that made it
	noValues    bool // include_values was not given
}

// pageSubscriber is another application that a page is subscribed by.
type pageSubscriber struct {
	id, name string
	fields   []string
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

// MessageFields are those of PageFields that pages_messaging is enough for: what a page has
// that was connected for messages only.
var MessageFields = slices.DeleteFunc(slices.Clone(PageFields), func(field string) bool { return fieldPermission(field) != "pages_messaging" })

// fieldPermission is the permission that a field's events need, besides pages_manage_metadata
// for subscribing it (messenger.md 2.18, 6.6).
func fieldPermission(field string) string {
	switch field {
	case "feed", "mention", "group_feed", "conversations":
		return "pages_read_user_content"
	}
	return "pages_messaging"
}

// SubscribePage sets the fields of a page's subscription; none unsubscribes it. Unlike the
// API it asks for no permission; without one, nothing is sent all the same.
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

// SetAppActive says whether Meta sends anything to the application. A POST to
// /{app-id}/subscriptions makes it active again.
func (m *Messenger) SetAppActive(on bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.app.active = on
	m.touch()
}

// SubscribeOther lets another application subscribe a page, too; it stands in the lists.
func (m *Messenger) SubscribeOther(page, app, name string, fields ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if pg := m.pages[page]; pg != nil {
		pg.others = append(pg.others, pageSubscriber{app, name, fields})
	}
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

// Callback is the application's webhook address, "" without one.
func (m *Messenger) Callback() string { return m.webhookURL() }

func sorted(set map[string]bool) []string {
	items := make([]string, 0, len(set))
	for item := range set {
		items = append(items, item)
	}
	slices.Sort(items)
	return items
}

// subscribed tells whether Meta sends the event: its field is subscribed on both levels and
// the page's grant has the permission for it; or the simulator knows nothing about the page or
// the kind. Called with mu held.
func (m *Messenger) subscribed(ev Event) bool {
	pg := m.pages[ev.Page]
	if pg == nil {
		return true
	}
	if len(pg.fields) == 0 || !m.app.active {
		return false
	}
	field := ev.field()
	return field == "" || m.app.fields[field] && pg.fields[field] && m.entitled(pg, field)
}

// entitled tells whether the grant that the page was subscribed with has the permission that a
// field needs. A dead token's grant goes on, unless it was taken back. Called with mu held.
func (m *Messenger) entitled(pg *page, field string) bool {
	t := pg.by
	if t == nil {
		t = pg.token
	}
	permission := fieldPermission(field)
	return field == "feed" && m.quirks.FeedAnonymous || pg.granted[permission] && (t == nil || m.may(t, permission))
}

// subscribedApps is /{page-id}/subscribed_apps. Called with mu held.
func (m *Messenger) subscribedApps(c *graphCall) (*graphAnswer, *graphError) {
	pg := m.pages[c.token.page]
	switch c.r.Method {
	case http.MethodGet:
		data := []any{}
		if len(pg.fields) > 0 {
			data = append(data, subscriber(pageSubscriber{m.cfg.AppID, appName, sorted(pg.fields)}))
		}
		for _, other := range pg.others {
			data = append(data, subscriber(other))
		}
		return m.jsonAnswer(newObject("data", data)), nil
	case http.MethodDelete:
		if e := m.mayConfigure(c.token); e != nil {
			return nil, e
		}
		pg.fields = map[string]bool{}
		m.touch()
		return m.success(), nil
	case http.MethodPost:
		fields := c.list("subscribed_fields")
		if e := m.maySubscribe(c.token, fields); e != nil {
			return nil, e
		}
		if !m.quirks.MergeFields {
			pg.fields = map[string]bool{}
		}
		for _, field := range fields {
			pg.fields[field] = true
		}
		pg.by = c.token
		m.touch()
		return m.success(), nil
	}
	return nil, noObject(c.r.Method, pg.id)
}

func subscriber(s pageSubscriber) metaObject {
	fields := []any{}
	for _, field := range s.fields {
		fields = append(fields, field)
	}
	return newObject("category", "Business", "link", "https://bridge.ex.test/", "name", s.name, "id", s.id, "subscribed_fields", fields)
}

func (m *Messenger) success() *graphAnswer {
	if m.quirks.TextSuccess {
		return m.jsonAnswer(newObject("success", "true"))
	}
	return m.jsonAnswer(newObject("success", true))
}

// mayConfigure checks what every change of a page's subscription needs; for the deletion that
// is an inference. Called with mu held.
func (m *Messenger) mayConfigure(t *graphToken) *graphError {
	if !m.may(t, "pages_manage_metadata") {
		return graphErr(200, 0, "(#200) Requires pages_manage_metadata permission to manage the object")
	}
	if !m.holds(t, "MODERATE") {
		return graphErr(200, 0, textNoTask)
	}
	return nil
}

// maySubscribe is all or nothing: the first field that is unknown or lacks a permission
// refuses the call (messenger.md 6.6). Called with mu held.
func (m *Messenger) maySubscribe(t *graphToken, fields []string) *graphError {
	if len(fields) == 0 {
		m.books.problem("subscribed_apps without subscribed_fields")
		return graphErr(100, 0, "(#100) The parameter subscribed_fields is required.")
	}
	if e := m.unknownField("subscribed_fields", fields); e != nil {
		return e
	}
	for _, field := range fields {
		for _, permission := range []string{fieldPermission(field), "pages_manage_metadata"} {
			if !m.may(t, permission) {
				return &graphError{code: 200, status: http.StatusForbidden, text: fmt.Sprintf(
					"(#200) To subscribe to the %s field, one of these permissions is needed: %s", field, permission)}
			}
		}
	}
	return m.mayConfigure(t)
}

// unknownField refuses a list with a field that does not exist. Called with mu held.
func (m *Messenger) unknownField(param string, fields []string) *graphError {
	for i, field := range fields {
		if !slices.Contains(PageFields, field) {
			m.books.problem("%s: there is no field %s", param, field)
			return graphErr(100, 0, fmt.Sprintf("(#100) Param %s[%d] must be one of {%s} - got %q.",
				param, i, strings.Join(PageFields, ", "), field))
		}
	}
	return nil
}

// subscriptions is /{app-id}/subscriptions. Called with mu held, which it gives up while the
// callback is verified.
func (m *Messenger) subscriptions(c *graphCall) (*graphAnswer, *graphError) {
	if c.token.kind != appToken {
		m.books.problem("subscriptions with a %s token", c.token.kind)
		return nil, graphErr(15, 0, "(#15) This method must be called with an app access_token.")
	}
	switch c.r.Method {
	case http.MethodGet:
		return m.jsonAnswer(newObject("data", m.appData())), nil
	case http.MethodDelete:
		return m.unsubscribeApp(c)
	case http.MethodPost:
		return m.configure(c)
	}
	return nil, noObject(c.r.Method, m.cfg.AppID)
}

func (m *Messenger) appData() []any {
	if m.app.url == "" || len(m.app.fields) == 0 {
		return []any{}
	}
	fields := []any{}
	for _, field := range sorted(m.app.fields) {
		fields = append(fields, newObject("name", field, "version", fmt.Sprintf("v%d.0", m.app.served)))
	}
	return []any{newObject("object", "page", "callback_url", m.app.url, "active", m.app.active, "fields", fields)}
}

// unsubscribeApp takes the fields away, or everything. Called with mu held.
func (m *Messenger) unsubscribeApp(c *graphCall) (*graphAnswer, *graphError) {
	if object := c.param("object"); object != "" && object != "page" {
		return nil, wrongObject(object)
	}
	fields := c.list("fields")
	if e := m.unknownField("fields", fields); e != nil {
		return nil, e
	}
	for _, field := range fields {
		delete(m.app.fields, field)
	}
	if len(fields) == 0 || len(m.app.fields) == 0 {
		m.app.url, m.app.fields = "", map[string]bool{}
	}
	m.touch()
	return m.success(), nil
}

func wrongObject(object string) *graphError {
	return graphErr(100, 0, fmt.Sprintf("(#100) The simulator knows object page only, not %q", object))
}

// configure verifies the callback and replaces the subscription. Called with mu held.
func (m *Messenger) configure(c *graphCall) (*graphAnswer, *graphError) {
	if object := c.param("object"); object != "page" {
		return nil, wrongObject(object)
	}
	target, verify, fields := c.param("callback_url"), c.param("verify_token"), c.list("fields")
	if target == "" || verify == "" || len(fields) == 0 {
		return nil, graphErr(100, 0, "(#100) The parameters callback_url, verify_token and fields are required")
	}
	if e := m.unknownField("fields", fields); e != nil {
		return nil, e
	}
	m.mu.Unlock()
	err := m.verify(c.r.Context(), target, verify)
	m.mu.Lock()
	if err != nil {
		return nil, graphErr(2200, 0, "(#2200) Callback verification failed with the following errors: "+err.Error())
	}
	m.app = appSubscription{
		url: target, verify: verify, fields: setOf(fields), active: true, served: c.served,
		noValues: c.param("include_values") != "true" && c.param("include_values") != "1",
	}
	m.touch()
	m.wake()
	return m.success(), nil
}
