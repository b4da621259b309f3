package meta_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"messenger-bridge/sandbox/meta"
)

const commenter = "7770001112223334"

func (g graph) reply(comment, text string) reply {
	return g.do(http.MethodPost, "/v26.0/"+comment+"/comments", nil, fmt.Sprintf(`{"message":%q}`, text))
}

// withComments is startMessenger with a page whose comments are granted and subscribed.
func withComments(t *testing.T, cfg meta.Config) (*meta.Messenger, graph, *receiver) {
	t.Helper()
	m, g, hook := startMessenger(t, cfg)
	m.AllowComments(pageID)
	m.SubscribePage(pageID, meta.PageFields...)
	m.SubscribeApp(meta.PageFields...)
	return m, g, hook
}

// commentTold makes a comment and returns what was told of it.
func commentTold(t *testing.T, m *meta.Messenger, hook *receiver) string {
	t.Helper()
	before := len(hook.got())
	m.PersonComments(pageID+"_1", commenter, "In blue?")
	flush(t, m)
	return strings.Join(hook.got()[before:], "")
}

// TestMessengerFeed_NeedsBothLevelsAndThePermission takes away one of the three at a time.
func TestMessengerFeed_NeedsBothLevelsAndThePermission(t *testing.T) {
	withFrom := `"from":{"id":"` + commenter
	for name, c := range map[string]struct {
		lose func(m *meta.Messenger, g graph)
		told bool
		from bool
	}{
		"nothing":      {lose: func(*meta.Messenger, graph) {}, told: true, from: true},
		"page's field": {lose: func(m *meta.Messenger, g graph) { m.SubscribePage(pageID, meta.MessageFields...) }},
		"app's field":  {lose: func(m *meta.Messenger, g graph) { m.SubscribeApp(meta.MessageFields...) }},
		"permission":   {lose: func(m *meta.Messenger, g graph) { m.Grant(pageID, "pages_read_user_content", false) }},
		"other reading": {lose: func(m *meta.Messenger, g graph) {
			m.Tweak(func(q *meta.Quirks) { q.FeedAnonymous = true })
			m.Grant(pageID, "pages_read_user_content", false)
		}, told: true},
		"whole app": {lose: func(m *meta.Messenger, g graph) { m.SetAppActive(false) }},
		"list, replaced": {lose: func(m *meta.Messenger, g graph) {
			g.do(http.MethodPost, "/v26.0/"+pageID+"/subscribed_apps", nil, `{"subscribed_fields":["messages"]}`)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			m, g, hook := withComments(t, meta.Config{})
			c.lose(m, g)
			told := commentTold(t, m, hook)
			if (told != "") != c.told || strings.Contains(told, withFrom) != c.from {
				t.Errorf("told: %q", told)
			}
			m.CustomerWrites(pageID, customer, "messages come all the same")
			flush(t, m)
			if all := strings.Join(hook.got(), ""); name != "whole app" && !strings.Contains(all, "all the same") {
				t.Errorf("messages were lost with the comments: %q", all)
			}
		})
	}
}

// TestMessengerFeed_PageForMessages: one that was connected for messages has no comments, and
// cannot get them without another authorisation.
func TestMessengerFeed_PageForMessages(t *testing.T) {
	m, g, hook := startMessenger(t, meta.Config{})
	if told := commentTold(t, m, hook); told != "" {
		t.Errorf("told of a comment nobody subscribed: %q", told)
	}
	before := m.Subscribed(pageID)
	r := g.do(http.MethodPost, "/v26.0/"+pageID+"/subscribed_apps", nil, `{"subscribed_fields":["messages","feed"]}`)
	if r.status != 403 || r.code != 200 || !strings.Contains(r.body, "pages_read_user_content") || fmt.Sprint(m.Subscribed(pageID)) != fmt.Sprint(before) {
		t.Errorf("%d %s; subscribed are %v", r.status, r.body, m.Subscribed(pageID))
	}
}

func TestMessengerFeed_VisitorsPostsAndReviews(t *testing.T) {
	m, g, hook := withComments(t, meta.Config{})
	post := m.VisitorPosts(pageID, commenter, "My bike is great")
	m.EditPost(post, "My bike was great")
	review := m.Reviews(pageID, commenter, "Never again", false)
	m.RemovePost(post)
	flush(t, m)
	got := hook.got()
	for i, parts := range [][]string{
		{`"item":"post"`, `"verb":"add"`, `"post_id":"` + post + `"`, `"from":{"id":"` + commenter, `"message":"My bike is great"`},
		{`"verb":"edited"`, `"message":"My bike was great"`},
		{`"item":"rating"`, `"review_text":"Never again"`, `"recommendation_type":"NEGATIVE"`, `"reviewer_id":"` + commenter, `"open_graph_story_id":"` + review},
		{`"item":"post"`, `"verb":"remove"`},
	} {
		for _, part := range parts {
			if len(got) != 4 || !strings.Contains(got[i], part) {
				t.Errorf("%s is not in event %d of %q", part, i, got)
			}
		}
	}
	if r := g.reply(post, "Thanks"); r.code != 100 || r.sub != 33 {
		t.Errorf("a post that is gone was answered: %s", r.body)
	}
	if r := g.reply(review, "Sorry"); r.status != 200 || len(m.Comments(review)) != 1 {
		t.Errorf("%s", r.body)
	}
	again := m.VisitorPosts(pageID, commenter, "And another")
	private := func(id string) reply {
		return g.do(http.MethodPost, "/v26.0/"+pageID+"/messages", nil, `{"recipient":{"post_id":"`+id+`"},"message":{"text":"Hi"}}`)
	}
	if r := private(again); r.status != 200 || r.json["recipient_id"] == "" {
		t.Errorf("%s", r.body)
	}
	for id, code := range map[string]int{again: 10900, review: 100} {
		if r := private(id); r.code != code {
			t.Errorf("%s", r.body)
		}
	}
}

func TestMessengerComments_AreToldAndAnswered(t *testing.T) {
	m, g, hook := withComments(t, meta.Config{})
	post := m.AddPost(pageID, "Summer sale")
	flush(t, m)
	if got := hook.got(); len(got) != 1 || !strings.Contains(got[0], `"item":"status"`) {
		t.Errorf("the page's own post is told: %q", got)
	}
	hook.mu.Lock()
	hook.bodies, hook.heads = nil, nil
	hook.mu.Unlock()
	id := m.PersonComments(post, commenter, "In blue?")
	flush(t, m)
	got := hook.got()
	for _, part := range []string{`"field":"feed"`, `"verb":"add"`, `"comment_id":"` + id + `"`, `"parent_id":"` + post + `"`, `"message":"In blue?"`, `"from":{"id":"` + commenter + `"`} {
		if len(got) != 1 || !strings.Contains(got[0], part) {
			t.Errorf("%s is not in %s", part, got)
		}
	}
	first := g.reply(id, "Yes")
	g.reply(first.json["id"].(string), "Yes")
	if texts := m.PageReplies(id); len(texts) != 2 {
		t.Errorf("the page's replies are %q: two calls make two, both below the first comment", texts)
	}
	list := g.get("/v26.0/"+id+"/comments", "filter", "stream", "order", "reverse_chronological", "fields", "id,message,created_time,from{id}")
	if data, _ := list.json["data"].([]any); len(data) != 2 {
		t.Errorf("read back: %s", list.body)
	}
	flush(t, m)
	if got := hook.got(); len(got) != 3 || !strings.Contains(got[2], `"from":{"id":"`+pageID+`"`) {
		t.Errorf("the page's own replies come back: %q", got)
	}
	m.RemoveComment(id)
	flush(t, m)
	if got := hook.got(); len(got) != 4 || strings.Contains(got[3], `"from"`) || strings.Contains(got[3], `"message"`) {
		t.Errorf("a removal tells neither who nor what: %q", got)
	}
	if r := g.reply(id, "Yes"); r.code != 100 || r.sub != 33 {
		t.Errorf("reply to what is gone: %s", r.body)
	}
	m.Grant(pageID, "pages_manage_engagement", false)
	if r := g.reply(m.PersonComments(post, commenter, "Hello?"), "Yes"); r.code != 200 {
		t.Errorf("reply without the permission: %s", r.body)
	}
	noProblems(t, m)
}

func TestMessengerComments_OnePrivateReply(t *testing.T) {
	clock := newMetaClock()
	m, g, _ := withComments(t, meta.Config{Now: clock.now})
	post := m.AddPost(pageID, "Summer sale")
	m.NamePerson(commenter, "Anna Example", customer)
	m.LastAction(pageID, customer, time.Time{})
	private := func(id string) reply {
		return g.post(fmt.Sprintf(`{"recipient":{"comment_id":%q},"message":{"text":"Hi"}}`, id))
	}
	id := m.PersonComments(post, commenter, "In blue?")
	if r := private(id); r.status != 200 || r.json["recipient_id"] != customer {
		t.Errorf("first: %s", r.body)
	}
	if r := private(id); r.code != 10900 {
		t.Errorf("second: %s", r.body)
	}
	if r := g.send("And another thing"); r.code != 10 || r.sub != 2018278 {
		t.Errorf("the reply opened the window: %s", r.body)
	}
	used := m.PersonComments(post, commenter, "Anybody?")
	m.RepliedPrivately(used)
	if r := private(used); r.code != 10900 {
		t.Errorf("after a person's: %s", r.body)
	}
	old := m.PersonComments(post, commenter, "Hello?")
	clock.add(7*24*time.Hour + time.Minute)
	if r := private(old); r.code != 10903 {
		t.Errorf("after 7 days: %s", r.body)
	}
	wantSees(t, m, "Hi")
	noProblems(t, m)
}
