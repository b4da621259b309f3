package meta

import (
	"fmt"
	"strings"
	"time"
)

// What stands on a page itself: its own posts, visitors' posts, and reviews. The field "feed"
// tells of all of them (messenger.md 2.18).

// post is something on a page that can be commented on; guarded by Messenger.mu.
type post struct {
	id, page   string
	from       string // the page's id for its own
	text       string
	at         time.Time
	gone       bool
	replied    bool // privately, by anybody
	review     bool
	recommends bool // of a review
}

// AddPost makes a post of a page and returns its id. The feed tells of it, as of all posts.
func (m *Messenger) AddPost(page, text string) (id string) { return m.addPost(page, page, text) }

// VisitorPosts is a person's post on a page. Without pages_read_user_content the feed does not
// tell of it.
func (m *Messenger) VisitorPosts(page, person, text string) (id string) {
	return m.addPost(page, person, text)
}

func (m *Messenger) addPost(page, from, text string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := &post{id: fmt.Sprintf("%s_%d", page, 800000+m.next()), page: page, from: from, text: text, at: m.now()}
	m.comments.posts[p.id] = p
	m.touch()
	m.enqueue(false, m.postEvent(p, "add"))
	return p.id
}

// Reviews is a person recommending a page, or doing the opposite. The id is that of the story
// which tells of it; the feed does not name it if Quirks.ReviewsWithoutStory.
func (m *Messenger) Reviews(page, person, text string, recommends bool) (id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := &post{id: fmt.Sprintf("%s_%d", page, 800000+m.next()), page: page, from: person, text: text, at: m.now(), review: true, recommends: recommends}
	m.comments.posts[p.id] = p
	m.touch()
	m.enqueue(false, m.postEvent(p, "add"))
	return p.id
}

// EditPost changes the text of a post or review.
func (m *Messenger) EditPost(id, text string) {
	m.changePost(id, "edited", func(p *post) { p.text = text })
}

// RemovePost deletes a post or review, and what stands below it.
func (m *Messenger) RemovePost(id string) {
	m.changePost(id, "remove", func(p *post) {
		p.gone = true
		for _, below := range m.comments.byID {
			below.gone = below.gone || below.post == id
		}
	})
}

func (m *Messenger) changePost(id, verb string, change func(*post)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if p := m.comments.posts[id]; p != nil && !p.gone {
		change(p)
		m.touch()
		m.enqueue(false, m.postEvent(p, verb))
	}
}

// PostEvent tells of a post or review as it is now, once more.
func (m *Messenger) PostEvent(id, verb string) Event {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.postEvent(m.comments.posts[id], verb)
}

// postEvent is what the feed tells of a post. Called with mu held.
func (m *Messenger) postEvent(p *post, verb string) Event {
	var o metaObject
	removed := verb == "remove"
	who := m.commenter(&comment{from: p.from})
	if p.review {
		o = m.reviewed(p, removed)
	} else {
		item := "post"
		if p.from == p.page {
			item = "status"
		}
		if !removed && m.named(p.page) {
			o = o.with("from", who)
		}
		if p.text != "" && !removed {
			o = o.with("message", p.text)
		}
		o = append(o, newObject("post_id", p.id, "created_time", p.at.Unix(), "item", item)...)
	}
	ev := m.quirks.element(p.page, o.with("verb", verb))
	ev.Change = "feed"
	return ev
}

// reviewed is what the feed tells of a review. The sheet names no more than its item; the
// names of the members are those that others saw. Called with mu held.
func (m *Messenger) reviewed(p *post, removed bool) (o metaObject) {
	if !removed {
		person := m.person(p.from)
		kind := map[bool]string{true: "POSITIVE", false: "NEGATIVE"}[p.recommends]
		o = newObject("reviewer_id", p.from, "reviewer_name", strings.TrimSpace(person.first+" "+person.last),
			"review_text", p.text, "recommendation_type", kind)
	}
	if !m.quirks.ReviewsWithoutStory {
		o = o.with("open_graph_story_id", p.id)
	}
	return append(o, newObject("created_time", p.at.Unix(), "item", "rating")...)
}

// named tells whether the feed says who wrote something. Called with mu held.
func (m *Messenger) named(page string) bool {
	pg := m.pages[page]
	return pg == nil || pg.granted["pages_read_user_content"] && (pg.token == nil || m.may(pg.token, "pages_read_user_content"))
}

// graphPost is a post that a page's token reaches. Called with mu held.
func (m *Messenger) graphPost(c *graphCall, id string) *post {
	p := m.comments.posts[id]
	if p == nil || p.gone || p.page != c.token.page || p.from != p.page && !m.may(c.token, "pages_read_user_content") {
		return nil
	}
	return p
}
