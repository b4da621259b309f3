package meta

import (
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	replyWindow    = 7 * 24 * time.Hour // for a private reply
	longestComment = 8000
)

const (
	textReplied   = "(#10900) Activity already replied to"
	textNoReply   = "(#10903) This user can't reply to this activity"
	textDuplicate = "(#506) Duplicate status message"
	textNoComment = "(#200) Permissions error"
	textNoReading = "(#283) Requires pages_read_engagement permission to manage the object"
)

// graphComment is a comment that a page's token reaches. Called with mu held.
func (m *Messenger) graphComment(c *graphCall, id string) *comment {
	found := m.comments.byID[id]
	if found == nil || found.gone || found.page != c.token.page {
		return nil
	}
	return found
}

// isComment tells whether a node is a comment or a post. Called with mu held.
func (m *Messenger) isComment(node string) bool {
	_, post := m.comments.posts[node]
	return post || m.comments.byID[node] != nil
}

// commentEdge is all that can be done with comments and posts. Called with mu held.
func (m *Messenger) commentEdge(c *graphCall, node, edge string) (*graphAnswer, *graphError) {
	get, post := c.r.Method == http.MethodGet, c.r.Method == http.MethodPost
	target := m.graphComment(c, node)
	on := m.graphPost(c, node)
	isPost := on != nil
	switch e := m.mayEngage(c, target); {
	case target == nil && !isPost:
		return nil, noObject(c.r.Method, node)
	case e != nil:
		return nil, e
	case edge == "comments" && get:
		return m.listComments(c, node)
	case edge == "comments" && post:
		return m.publish(c, node)
	case isPost && edge == "" && get:
		return m.postNode(c, on)
	case isPost || edge != "":
	case get:
		return m.commentNode(c, target)
	case target.from != c.token.page && c.param("is_hidden") == "":
		return nil, graphErr(200, 0, textNoComment)
	case post && c.param("is_hidden") != "":
		target.hidden = c.param("is_hidden") == "true"
		verb := map[bool]string{true: "hide", false: "unhide"}[target.hidden]
		return m.told(target, verb), nil
	case post:
		if e := m.checkComment(c, target.parent, ""); e != nil {
			return nil, e
		}
		target.text = c.param("message")
		return m.told(target, "edited"), nil
	case c.r.Method == http.MethodDelete:
		target.gone = true
		return m.told(target, "remove"), nil
	}
	return nil, noObject(c.r.Method, node)
}

// mayEngage says why a call about a comment or post is refused (messenger.md 4.2). That other
// people's comments cannot be read without pages_read_user_content, and that the tasks are
// asked for, are inferences. Called with mu held.
func (m *Messenger) mayEngage(c *graphCall, target *comment) *graphError {
	get, task := c.r.Method == http.MethodGet, "CREATE_CONTENT"
	if c.r.Method == http.MethodDelete || c.param("is_hidden") != "" {
		task = "MODERATE"
	}
	switch {
	case get && !m.may(c.token, "pages_read_engagement"):
		return graphErr(283, 0, textNoReading)
	case get && target != nil && target.from != c.token.page && !m.may(c.token, "pages_read_user_content"):
		return graphErr(10, 0, textPermission)
	case !get && !m.may(c.token, "pages_manage_engagement"):
		return graphErr(200, 0, textNoComment)
	case !get && !m.holds(c.token, task):
		return graphErr(200, 0, textNoTask)
	}
	return nil
}

// postNode is GET /{post-id}. Unlike a comment, a post has no parent. Called with mu held.
func (m *Messenger) postNode(c *graphCall, on *post) (*graphAnswer, *graphError) {
	fields, e := c.fields("id", "message", "created_time")
	if e != nil {
		return nil, e
	}
	var o metaObject
	for _, f := range fields {
		switch f.name {
		case "id":
		case "message":
			o = o.with(f.name, on.text)
		case "created_time":
			o = o.with(f.name, on.at.UTC().Truncate(time.Second).Format(graphTime))
		case "permalink_url":
			o = o.with(f.name, m.PostLink(on.id))
		default:
			return nil, noField(f.name, "Post")
		}
	}
	return m.jsonAnswer(o.with("id", on.id)), nil
}

// told ends a change that the feed tells of when the answer is out. Called with mu held.
func (m *Messenger) told(target *comment, verb string) *graphAnswer {
	m.touch()
	a, ev := m.success(), m.feedEvent(target, verb)
	a.after = func() { m.queueEcho(ev) }
	return a
}

// checkComment refuses what cannot be published. Called with mu held.
func (m *Messenger) checkComment(c *graphCall, below, post string) *graphError {
	text := c.param("message")
	switch {
	case strings.TrimSpace(text) == "":
		return graphErr(100, 0, "(#100) One of these parameters is required: message, attachment_id, attachment_share_url, attachment_url")
	case utf8.RuneCountInString(text) > longestComment:
		return graphErr(100, 0, "(#100) The comment is too long")
	case post == "":
		return nil
	}
	for _, id := range slices.Backward(m.comments.order) {
		if last := m.comments.byID[id]; last.from == c.token.page && last.post == post && last.parent == below && !last.gone {
			if m.quirks.RefuseDuplicates && last.text == text {
				return graphErr(506, 0, textDuplicate)
			}
			break
		}
	}
	return nil
}

// publish is POST /{comment-id}/comments or /{post-id}/comments. Nothing keeps the same call
// from being made twice (messenger.md 3.12). Called with mu held.
func (m *Messenger) publish(c *graphCall, node string) (*graphAnswer, *graphError) {
	post, below := node, ""
	if above := m.comments.byID[node]; above != nil {
		post, below = above.post, above.id
		if above.parent != "" {
			below = above.parent
		}
	}
	if e := m.checkComment(c, below, post); e != nil {
		return nil, e
	}
	added := m.addComment(node, comment{text: c.param("message"), fromApp: true})
	ev, mode := m.feedEvent(added, "add"), m.hooks.echo
	m.mu.Unlock()
	after := m.echo(c, ev, mode)
	m.mu.Lock()
	a := m.jsonAnswer(newObject("id", added.id))
	a.after = after
	return a, nil
}

// commentNode is GET /{comment-id}. Called with mu held.
func (m *Messenger) commentNode(c *graphCall, target *comment) (*graphAnswer, *graphError) {
	fields, e := c.fields("id", "message", "created_time", "from")
	if e != nil {
		return nil, e
	}
	o, e := m.showComment(c, target, fields)
	if e != nil {
		return nil, e
	}
	return m.jsonAnswer(o), nil
}

// showComment writes a comment. Called with mu held.
func (m *Messenger) showComment(c *graphCall, target *comment, fields []askedField) (o metaObject, e *graphError) {
	for _, f := range fields {
		switch f.name {
		case "id":
		case "message":
			o = o.with(f.name, target.text)
		case "created_time":
			o = o.with(f.name, target.at.UTC().Truncate(time.Second).Format(graphTime))
		case "from":
			if target.from == c.token.page || m.may(c.token, "pages_read_user_content") {
				o = o.with(f.name, m.commenter(target))
			}
		case "parent":
			if target.parent != "" {
				o = o.with(f.name, newObject("id", target.parent))
			}
		case "object":
			o = o.with(f.name, newObject("id", target.post))
		case "permalink_url":
			_, n, _ := strings.Cut(target.id, "_")
			o = o.with(f.name, m.PostLink(target.post)+"?comment_id="+n)
		case "is_hidden":
			o = o.with(f.name, target.hidden)
		case "can_reply_privately":
			o = o.with(f.name, m.checkPrivate(target) == nil)
		default:
			return nil, noField(f.name, "Comment")
		}
	}
	return o.with("id", target.id), nil
}

// listComments is GET /{comment-id}/comments or /{post-id}/comments. Called with mu held.
func (m *Messenger) listComments(c *graphCall, node string) (*graphAnswer, *graphError) {
	fields, e := c.fields("id", "message", "created_time", "from")
	if e != nil {
		return nil, e
	}
	stream := c.param("filter") == "stream"
	var list []*comment
	for _, id := range m.comments.order {
		one := m.comments.byID[id]
		if !one.gone && (one.parent == node || one.post == node && (stream || one.parent == "")) {
			list = append(list, one)
		}
	}
	if c.param("order") == "reverse_chronological" {
		slices.Reverse(list)
	}
	start := 0
	if after := readCursor(c.param("after")); after != "" {
		start = 1 + slices.IndexFunc(list, func(one *comment) bool { return one.id == after })
	}
	data, end := []any{}, min(start+c.limit(), len(list))
	for _, one := range list[start:end] {
		o, e := m.showComment(c, one, fields)
		if e != nil {
			return nil, e
		}
		data = append(data, o)
	}
	o := newObject("data", data)
	if start < end {
		o = o.with("paging", m.paging(c, []string{node, "comments"}, c.param("fields"), list[start].id, list[end-1].id, end < len(list)))
	}
	return m.jsonAnswer(o), nil
}

// checkPrivate says why a comment cannot be replied to privately. Called with mu held.
func (m *Messenger) checkPrivate(target *comment) *graphError {
	switch {
	case target.replied:
		return graphErr(10900, 0, textReplied)
	case target.from == target.page, m.comments.bans[target.from], m.now().Sub(target.at) > replyWindow:
		return graphErr(10903, 0, textNoReply)
	}
	return nil
}

// findCommenter turns the recipient of a private reply into the person behind the comment,
// whose thread need not exist yet. Called with mu held.
func (m *Messenger) findCommenter(s *sendRequest) *graphError {
	if s.recipient.PostID != "" {
		return m.findPoster(s)
	}
	target := m.comments.byID[s.recipient.CommentID]
	if target == nil || target.gone || target.page != s.page {
		return noObject(http.MethodPost, s.recipient.CommentID)
	}
	if e := m.checkPrivate(target); e != nil {
		return e
	}
	m.address(s, target.from)
	s.replied = &target.replied
	return nil
}

// findPoster is findCommenter for a visitor's post. Called with mu held.
func (m *Messenger) findPoster(s *sendRequest) *graphError {
	on := m.comments.posts[s.recipient.PostID]
	if on == nil || on.gone || on.page != s.page || on.review {
		return noObject(http.MethodPost, s.recipient.PostID)
	}
	if e := m.checkPrivate(&comment{replied: on.replied, from: on.from, page: on.page, at: on.at}); e != nil {
		return e
	}
	m.address(s, on.from)
	s.replied = &on.replied
	return nil
}

// address finds out the id in Messenger of whom a private reply goes to. Called with mu held.
func (m *Messenger) address(s *sendRequest, person string) {
	psid := m.comments.psids[person]
	if psid == "" {
		psid = "800" + person[min(len(person), 3):]
	}
	if s.kind != "" {
		m.books.problem("private reply with messaging_type %s", s.kind)
	}
	s.recipient.ID = psid
	m.thread(threadKey{s.page, psid})
}
