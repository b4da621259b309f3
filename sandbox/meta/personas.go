package meta

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Persona is a name and picture under which a page writes.
type Persona struct {
	ID, Name string
	Picture  string // its address, as it was given
	Bytes    int    // length of the picture that was fetched from there
}

type persona struct {
	Persona
	page string
}

// Personas lists those of a page, in the order in which they were made.
func (m *Messenger) Personas(page string) (all []Persona) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.personas {
		if p.page == page {
			all = append(all, p.Persona)
		}
	}
	slices.SortFunc(all, func(a, b Persona) int { return cmp.Or(cmp.Compare(len(a.ID), len(b.ID)), strings.Compare(a.ID, b.ID)) })
	return all
}

// RemovePersona deletes a persona as a person does in the page's settings. It stays in old
// messages.
func (m *Messenger) RemovePersona(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.personas, id)
	m.touch()
}

// makePersona is POST /{page-id}/personas. Meta fetches the picture; what it answers when it
// cannot is not published.
func (m *Messenger) makePersona(c *graphCall) *graphAnswer {
	name, picture := c.param("name"), c.param("profile_picture_url")
	switch {
	case strings.TrimSpace(name) == "":
		return m.refuse(graphErr(100, 0, "(#100) The parameter name is required"))
	case utf8.RuneCountInString(name) > 50:
		return m.refuse(graphErr(100, 0, "(#100) Length of param name must be less than or equal to 50"))
	case picture == "":
		return m.refuse(graphErr(100, 0, "(#100) The parameter profile_picture_url is required"))
	}
	size, ok := m.fetchPicture(picture)
	if !ok {
		return m.refuse(graphErr(100, 2018008, "(#100) Failed to fetch the file from the url"))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.may(c.token, "pages_messaging") {
		return m.errorAnswer(graphErr(10, 0, textPermission))
	}
	p := &persona{Persona: Persona{ID: strconv.FormatInt(600_000_000_000+m.next(), 10), Name: name, Picture: picture, Bytes: size}, page: c.token.page}
	m.personas[p.ID] = p
	m.touch()
	return m.jsonAnswer(newObject("id", p.ID))
}

// fetchPicture does what Meta's fetcher does: 10 s, 8 MB, png, jpeg or gif.
func (m *Messenger) fetchPicture(address string) (size int, ok bool) {
	const most = 8 << 20
	ctx, cancel := context.WithTimeout(m.ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, false
	}
	req.Header.Set("User-Agent", "facebookexternalua")
	res, err := m.client.Do(req)
	if err != nil {
		return 0, false
	}
	defer res.Body.Close()
	content, err := io.ReadAll(io.LimitReader(res.Body, most+1))
	good := slices.Contains(takenTypes["image"], http.DetectContentType(content))
	return len(content), err == nil && res.StatusCode == http.StatusOK && len(content) <= most && good
}

// personaList is GET /{page-id}/personas. Called with mu held.
func (m *Messenger) personaList(c *graphCall) *graphAnswer {
	data := []any{}
	for _, p := range m.personas {
		if p.page == c.token.page {
			data = append(data, p.show())
		}
	}
	return m.jsonAnswer(newObject("data", data))
}

// personaNode is GET and DELETE /{persona-id}. Called with mu held.
func (m *Messenger) personaNode(c *graphCall, p *persona) (*graphAnswer, *graphError) {
	switch {
	case p.page != c.token.page:
		return nil, noObject(c.r.Method, p.ID)
	case c.r.Method == http.MethodDelete:
		delete(m.personas, p.ID)
		m.touch()
		return m.jsonAnswer(newObject("success", true)), nil
	}
	return m.jsonAnswer(p.show()), nil
}

func (p *persona) show() metaObject {
	return newObject("id", p.ID, "name", p.Name, "profile_picture_url", p.Picture)
}
