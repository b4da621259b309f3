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
	text, isPost := m.comments.posts[node]
	isPost = isPost && strings.HasPrefix(node, c.token.page+"_")
	need := "pages_manage_engagement"
	if get {
		need = "pages_read_engagement"
	}
	switch {
	case target == nil && !isPost:
		return nil, noObject(c.r.Method, node)
	case !m.may(c.token, need):
		return nil, graphErr(200, 0, textNoComment)
	case edge == "comments" && get:
		return m.listComments(c, node)
	case edge == "comments" && post:
		return m.publish(c, node)
	case isPost && edge == "" && get:
		return m.jsonAnswer(newObject("message", text, "permalink_url", m.PostLink(node), "id", node)), nil
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
	target := m.comments.byID[s.recipient.CommentID]
	if target == nil || target.gone || target.page != s.page {
		return noObject(http.MethodPost, s.recipient.CommentID)
	}
	if e := m.checkPrivate(target); e != nil {
		return e
	}
	psid := m.comments.psids[target.from]
	if psid == "" {
		psid = "800" + target.from[min(len(target.from), 3):]
	}
	if s.kind != "" {
		m.books.problem("private reply with messaging_type %s", s.kind)
	}
	s.recipient.ID, s.comment = psid, target
	m.thread(threadKey{s.page, psid})
	return nil
}
