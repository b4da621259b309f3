package meta

// page is a Facebook page; guarded by Messenger.mu.
type page struct {
	id, name  string
	token     *graphToken     // made last; nil = none was handed out
	by        *graphToken     // with which it was subscribed; nil = none was needed
	fields    map[string]bool // subscribed by our application; empty = not subscribed
	others    []pageSubscriber
	granted   map[string]bool // permissions, see Grant
	portfolio bool            // owned by a business
	tokenless bool            // see WithholdToken
}

// Permissions are those a page's token can have.
var Permissions = []string{
	"pages_show_list", "pages_messaging", "pages_manage_metadata", "pages_read_engagement",
	"pages_read_user_content", "pages_manage_engagement",
}

// MessagePermissions are those of a page that was connected for messages only. Comments need
// the other two as well.
var MessagePermissions = Permissions[:4]

func setOf(items []string) map[string]bool {
	set := make(map[string]bool, len(items))
	for _, item := range items {
		set[item] = true
	}
	return set
}

// AddPage makes a page that was connected for messages only: subscribed to MessageFields and
// granted MessagePermissions. It returns its token, which DefaultUserID authorised. The
// application's side is subscribed to MessageFields from the start, unless
// Config.NoAppSubscription. AllowComments grants more.
func (m *Messenger) AddPage(id, name string) (token string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	pg := m.addPage(id, name)
	pg.fields = setOf(MessageFields)
	t := m.issue(&graphToken{kind: pageToken, page: id, user: DefaultUserID, scopes: setOf(MessagePermissions)})
	return t.value
}

// AllowComments is the page having been authorised with the permissions for comments, too:
// its newest token has them. Nothing is subscribed by that.
func (m *Messenger) AllowComments(page string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	pg := m.pages[page]
	if pg == nil || pg.token == nil {
		return
	}
	pg.token.scopes = setOf(Permissions)
	if ad := m.admins[pg.token.user]; ad != nil {
		for _, scope := range Permissions {
			ad.scopes[scope] = "granted"
		}
	}
	m.touch()
}

// AddBarePage makes a page that exists at Facebook and nothing else: not subscribed, and
// without a token. A person with a role on it (AddPerson, SetTasks) may authorise it.
func (m *Messenger) AddBarePage(id, name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.addPage(id, name)
}

// addPage is called with mu held.
func (m *Messenger) addPage(id, name string) *page {
	pg := &page{id: id, name: name, fields: map[string]bool{}, granted: setOf(Permissions)}
	m.pages[id] = pg
	m.touch()
	return pg
}

// Grant takes a permission away from all tokens of a page, or gives it back. It adds nothing to
// what a token had at the consent.
func (m *Messenger) Grant(page, permission string, on bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if pg := m.pages[page]; pg != nil {
		pg.granted[permission] = on
		m.touch()
	}
}

// pageNode is GET /{page-id} with a page token. Called with mu held.
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
			o = o.with("access_token", c.token.value)
		case "category":
			o = o.with("category", "Shop")
		case "picture":
			o = o.with("picture", pg.picture(f))
		}
	}
	return m.jsonAnswer(o.with("id", pg.id)), nil
}
