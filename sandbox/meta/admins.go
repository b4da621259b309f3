package meta

import (
	"fmt"
	"slices"
	"strings"
)

// admin is a person with roles on pages, who can authorise the application, or a system user
// that such a person made; guarded by Messenger.mu.
type admin struct {
	id, name string
	system   bool
	order    []string            // pages, in the order in which roles were given
	tasks    map[string][]string // by page; without any, the role is lost
	token    *graphToken         // the newest

	// The grant. There is one for each person: a new consent replaces the pages.
	scopes map[string]string // "granted", "declined" or "expired"
	ticked map[string]bool   // pages
	all    bool              // all pages, also those of later
}

// AllTasks are those of a page's owner (messenger.md 6.4).
var AllTasks = []string{"ADVERTISE", "ANALYZE", "CREATE_CONTENT", "MESSAGING", "MODERATE", "MANAGE"}

// pageScopes are the permissions that a person grants for chosen pages.
var pageScopes = append(slices.Clone(Permissions),
	"page_utility_messaging", "instagram_basic", "instagram_manage_messages", "instagram_manage_comments")

// KnownScopes are the permissions that exist, as far as the sheet names them. Every token of
// a login has public_profile.
var KnownScopes = append(slices.Clone(pageScopes), "business_management", "public_profile", "email")

// AddPerson makes an administrator with all tasks on the pages, and returns the app-scoped id.
// The pages may be made later.
func (m *Messenger) AddPerson(name string, pages ...string) (userID string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	ad := m.addAdmin(name)
	for _, page := range pages {
		ad.assign(page, AllTasks)
	}
	setDefault(&m.login.user, ad.id)
	m.touch()
	return ad.id
}

// addAdmin is called with mu held.
func (m *Messenger) addAdmin(name string) *admin {
	ad := &admin{
		id: fmt.Sprintf("5550001112%06d", 224001+len(m.admins)), name: name,
		tasks: map[string][]string{}, scopes: map[string]string{}, ticked: map[string]bool{},
	}
	m.admins[ad.id] = ad
	return ad
}

func (ad *admin) assign(page string, tasks []string) {
	if !slices.Contains(ad.order, page) {
		ad.order = append(ad.order, page)
	}
	ad.tasks[page] = slices.Clone(tasks)
}

// SetTasks gives a person these tasks on a page. Without any, the person loses the role, and
// the page tokens made from that person die with 190/492.
func (m *Messenger) SetTasks(user, page string, tasks ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	ad := m.admins[user]
	if ad == nil {
		return
	}
	ad.assign(page, tasks)
	if len(tasks) == 0 {
		m.kill(492, func(t *graphToken) bool { return t.user == user && t.page == page })
	}
	m.touch()
}

// SetScope changes what a person granted, behind the application's back: "granted",
// "declined", or "expired" for a permission that was not used for 90 days.
func (m *Messenger) SetScope(user, scope, status string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if ad := m.admins[user]; ad != nil {
		ad.scopes[scope] = status
		m.touch()
	}
}

// SetPortfolio says whether a page is owned by a business portfolio. Then /me/accounts lists
// it only if business_management was granted.
func (m *Messenger) SetPortfolio(page string, on bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if pg := m.pages[page]; pg != nil {
		pg.portfolio = on
	}
}

// WithholdToken leaves access_token out of a page's entries for user tokens.
func (m *Messenger) WithholdToken(page string, on bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if pg := m.pages[page]; pg != nil {
		pg.tokenless = on
	}
}

// RemoveApp is a person removing the application at Facebook: all tokens made from that
// person die with 190/458. Nobody is told; see Deauthorize. DefaultUserID works too.
func (m *Messenger) RemoveApp(user string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.revoke(user)
}

// revoke ends a grant. Called with mu held.
func (m *Messenger) revoke(user string) {
	if ad := m.admins[user]; ad != nil {
		ad.scopes, ad.ticked, ad.all = map[string]string{}, map[string]bool{}, false
	}
	m.kill(458, func(t *graphToken) bool { return t.user == user && t.kind != appToken })
	m.touch()
}

// kill ends tokens for good. Called with mu held.
func (m *Messenger) kill(subcode int, which func(*graphToken) bool) {
	for _, t := range m.tokens {
		if which(t) && !t.dead {
			t.dead, t.killed, t.subcode = true, false, subcode
		}
	}
}

// GrantedScopes lists the permissions that a person granted, sorted.
func (m *Messenger) GrantedScopes(user string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	granted := map[string]bool{}
	if ad := m.admins[user]; ad != nil {
		for scope, status := range ad.scopes {
			if status == "granted" {
				granted[scope] = true
			}
		}
	}
	return sorted(granted)
}

// GrantedPages lists the pages that a person ticked, sorted.
func (m *Messenger) GrantedPages(user string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if ad := m.admins[user]; ad != nil {
		return sorted(ad.grantedPages())
	}
	return nil
}

// managed lists the pages on which the person has a role, and that exist. Called with mu held.
func (m *Messenger) managed(ad *admin) (pages []*page) {
	for _, id := range ad.order {
		if pg := m.pages[id]; pg != nil && len(ad.tasks[id]) > 0 {
			pages = append(pages, pg)
		}
	}
	return pages
}

func (ad *admin) grantedPages() map[string]bool {
	granted := map[string]bool{}
	for _, page := range ad.order {
		if ad.ticked[page] || ad.all {
			granted[page] = true
		}
	}
	return granted
}

// consent replaces a person's grant, and voids the tokens of pages that are not in it any
// more: one application and one person have one grant (messenger.md 6.1). Called with mu held.
func (m *Messenger) consent(ad *admin, scopes map[string]string, pages []string, all bool) {
	for scope, status := range scopes {
		ad.scopes[scope] = status
	}
	ad.scopes["public_profile"] = "granted"
	ad.ticked, ad.all = setOf(pages), all
	granted := ad.grantedPages()
	m.kill(0, func(t *graphToken) bool { return t.user == ad.id && t.page != "" && !granted[t.page] })
	m.touch()
}

// holds tells whether the person behind a token has a task on its page; new pages call the
// tasks PROFILE_PLUS_…. That a missing task refuses the call with 200 is an inference. Called
// with mu held.
func (m *Messenger) holds(t *graphToken, task string) bool {
	ad := m.admins[t.user]
	return ad == nil || slices.ContainsFunc(ad.tasks[t.page], func(held string) bool {
		held = strings.TrimPrefix(held, "PROFILE_PLUS_")
		return held == task || held == "FULL_CONTROL"
	})
}
