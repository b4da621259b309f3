package meta

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Comments below posts of pages, and the field "feed" that tells of them (messenger.md 2.18
// and 4). They are public: there is no window, and who wrote one has another id than in
// Messenger.

// comment is one of them; guarded by Messenger.mu.
type comment struct {
	id, page, post string
	parent         string // the comment it stands below; "" = it stands below the post
	from, name     string // from is the page's id for the page's own
	text, photo    string
	at             time.Time
	hidden, gone   bool
	replied        bool // privately, by anybody
	fromApp        bool // our application wrote it
}

// commentBooks are all comments, and the people who wrote them.
type commentBooks struct {
	posts map[string]*post // by id
	byID  map[string]*comment
	order []string          // ids in the order in which they were written
	psids map[string]string // by the commenter's id
	bans  map[string]bool   // commenters who cannot be written to
}

func newCommentBooks() commentBooks {
	return commentBooks{posts: map[string]*post{}, byID: map[string]*comment{}, psids: map[string]string{}, bans: map[string]bool{}}
}

// Comment is one as everybody sees it.
type Comment struct {
	ID, Post string
	Parent   string // the comment it answers, "" without one
	From     string // the page's id for the page's own
	Text     string
	Hidden   bool
	FromApp  bool // our application wrote it
}

// PostLink is where people see a post.
func (m *Messenger) PostLink(post string) string {
	page, rest, _ := strings.Cut(post, "_")
	return "https://www.facebook.com/" + page + "/posts/" + rest
}

// NamePerson says who a commenter is: the name below the comments, and the id in Messenger
// that a private reply finds out. Without it, both are made up.
func (m *Messenger) NamePerson(person, name, psid string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.person(person)
	p.first, p.last, _ = strings.Cut(name, " ")
	m.comments.psids[person] = psid
}

// BanFromReplies makes private replies to a person impossible, as when the page blocked them.
func (m *Messenger) BanFromReplies(person string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.comments.bans[person] = true
}

// PersonComments is a comment below a post, or, if on is a comment, an answer to that. Like all
// that follows, it is told to the webhook in the background.
func (m *Messenger) PersonComments(on, person, text string) (id string) {
	return m.comment(on, comment{from: person, text: text})
}

// PersonCommentsPhoto is a comment that consists of a picture, and of a text if it is not empty.
func (m *Messenger) PersonCommentsPhoto(on, person, text, photo string) (id string) {
	return m.comment(on, comment{from: person, text: text, photo: photo})
}

// PageComments is the page writing in the same place, at Facebook itself.
func (m *Messenger) PageComments(on, text string) (id string) {
	return m.comment(on, comment{text: text})
}

func (m *Messenger) comment(on string, c comment) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	added := m.addComment(on, c)
	m.enqueue(false, m.feedEvent(added, "add"))
	return added.id
}

// addComment completes a comment and puts it below a post or another comment; there are two
// levels. Called with mu held.
func (m *Messenger) addComment(on string, c comment) *comment {
	c.post = on
	if above := m.comments.byID[on]; above != nil {
		c.post, c.parent = above.post, above.id
		if above.parent != "" {
			c.parent = above.parent
		}
	}
	page, post, _ := strings.Cut(c.post, "_")
	c.page, c.at = page, m.now()
	c.id = fmt.Sprintf("%s_%d", post, 900000+m.next())
	if c.from == "" {
		c.from = page
	}
	m.comments.byID[c.id] = &c
	m.comments.order = append(m.comments.order, c.id)
	m.touch()
	return &c
}

// EditComment changes the text of a comment.
func (m *Messenger) EditComment(id, text string) {
	m.changeComment(id, "edited", func(c *comment) { c.text = text })
}

// RemoveComment deletes a comment; what stands below it goes, too, and nothing tells of that.
func (m *Messenger) RemoveComment(id string) {
	m.changeComment(id, "remove", func(c *comment) {
		c.gone = true
		for _, below := range m.comments.byID {
			below.gone = below.gone || below.parent == id
		}
	})
}

// HideComment hides a comment from everybody but who wrote it, or ends that.
func (m *Messenger) HideComment(id string, hidden bool) {
	m.changeComment(id, map[bool]string{true: "hide", false: "unhide"}[hidden], func(c *comment) { c.hidden = hidden })
}

func (m *Messenger) changeComment(id, verb string, change func(*comment)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c := m.comments.byID[id]; c != nil && !c.gone {
		change(c)
		m.touch()
		m.enqueue(false, m.feedEvent(c, verb))
	}
}

// RepliedPrivately uses up the private reply to a comment, as a person does in Business Suite.
func (m *Messenger) RepliedPrivately(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.comments.byID[id].replied = true
}

// CommentEvent tells of a comment as it is now: late, or once more. verb is "add", "edited",
// "remove", "hide", "unhide" or another of messenger.md 2.18.
func (m *Messenger) CommentEvent(id, verb string) Event {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.feedEvent(m.comments.byID[id], verb)
}

// feedEvent is what the field "feed" tells of a comment. Called with mu held.
func (m *Messenger) feedEvent(c *comment, verb string) Event {
	parent := c.parent
	setDefault(&parent, c.post)
	var o metaObject
	removed := verb == "remove" || verb == "delete"
	if !removed && m.named(c.page) {
		o = o.with("from", m.commenter(c))
	}
	o = o.with("post", newObject("status_type", "mobile_status_update", "is_published", true,
		"updated_time", c.at.UTC().Format(graphTime), "permalink_url", m.PostLink(c.post), "promotion_status", "inactive", "id", c.post))
	if c.text != "" && !removed {
		o = o.with("message", c.text)
	}
	if c.photo != "" && !removed {
		o = o.with("photo", c.photo)
	}
	o = append(o, newObject("post_id", c.post, "comment_id", c.id, "parent_id", parent,
		"created_time", c.at.Unix(), "item", "comment", "verb", verb)...)
	ev := m.quirks.element(c.page, o)
	ev.Change = "feed"
	return ev
}

// commenter is who wrote a comment. Called with mu held.
func (m *Messenger) commenter(c *comment) metaObject {
	name := c.name
	if pg := m.pages[c.from]; pg != nil {
		name = pg.name
	} else if name == "" {
		p := m.person(c.from)
		name = strings.TrimSpace(p.first + " " + p.last)
	}
	return newObject("id", c.from, "name", name)
}

// Comments lists what stands below a post of any page, and was not deleted, in the order in
// which it was written.
func (m *Messenger) Comments(post string) (all []Comment) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, id := range m.comments.order {
		if c := m.comments.byID[id]; c.post == post && !c.gone {
			all = append(all, Comment{ID: c.id, Post: c.post, Parent: c.parent, From: c.from, Text: c.text, Hidden: c.hidden, FromApp: c.fromApp})
		}
	}
	return all
}

// PageReplies lists the texts that the page wrote below a comment, or beside it if that is
// itself an answer.
func (m *Messenger) PageReplies(id string) (texts []string) {
	m.mu.Lock()
	top := id
	c := m.comments.byID[id]
	if c != nil && c.parent != "" {
		top = c.parent
	}
	m.mu.Unlock()
	if c == nil {
		return nil
	}
	for _, below := range slices.DeleteFunc(m.Comments(c.post), func(b Comment) bool { return b.Parent != top || b.From != c.page }) {
		texts = append(texts, below.Text)
	}
	return texts
}
