package meta

// Tokens that people make outside the login dialog: in the Graph API Explorer, or for a
// system user in a business's settings.

// MakeUserToken gives a person's token with all permissions for the pages, and no others: one
// that lives for an hour or two. Like a consent, it replaces the person's grant.
func (m *Messenger) MakeUserToken(person string, pages ...string) (token string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	ad := m.admins[person]
	if ad == nil {
		return ""
	}
	m.consent(ad, allGranted(), pages, false)
	t := &graphToken{kind: userToken, user: ad.id, scopes: setOf(KnownScopes)}
	t.live(m.now(), shortLife)
	return m.issue(t).value
}

// MakeSystemToken makes a system user to whom the pages are assigned with all tasks, and gives
// its token, which never expires.
func (m *Messenger) MakeSystemToken(name string, pages ...string) (token string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	ad := m.addAdmin(name)
	ad.system = true
	for _, page := range pages {
		ad.assign(page, AllTasks)
	}
	m.consent(ad, allGranted(), pages, false)
	return m.issue(&graphToken{kind: systemToken, user: ad.id, scopes: setOf(KnownScopes)}).value
}

// MakePageToken gives a page's own token, made from a user token as
// GET /{page-id}?fields=access_token does; "" if that does not reach the page.
func (m *Messenger) MakePageToken(userToken, page string) (token string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t, pg := m.tokens[userToken], m.pages[page]
	if t == nil || pg == nil || m.admins[t.user] == nil {
		return ""
	}
	return m.pageTokenFrom(t, m.admins[t.user], pg).value
}

// MakeForeignToken gives a page's token that was made with another application.
func (m *Messenger) MakeForeignToken(page string) (token string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.pages[page] == nil {
		return ""
	}
	value := "EAAX" + m.newTrace() + m.newTrace()
	m.foreign[value] = page
	return value
}

func allGranted() map[string]string {
	scopes := map[string]string{}
	for _, scope := range KnownScopes {
		scopes[scope] = "granted"
	}
	return scopes
}

// ExpireToken ends one token now, as if its time were over.
func (m *Messenger) ExpireToken(token string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if t := m.tokens[token]; t != nil {
		t.expires = m.now()
	}
}

// TokenUser is the person or system user of a token, "" if there is none.
func (m *Messenger) TokenUser(token string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if t := m.tokens[token]; t != nil {
		return t.user
	}
	return ""
}
