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

func TestMessengerComments_AreToldAndAnswered(t *testing.T) {
	m, g, hook := startMessenger(t, meta.Config{})
	post := m.AddPost(pageID, "Summer sale")
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
	m, g, _ := startMessenger(t, meta.Config{Now: clock.now})
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
