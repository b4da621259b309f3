package e2e

import (
	"slices"
	"strings"
	"testing"

	"messenger-bridge/sandbox/meta"
)

// TestComments_VisitorsPost_IsAnsweredBelow: a visitor's post is shown with a link in the
// person's comment room; what agents answer stands below it, once, or goes to Messenger.
func TestComments_VisitorsPost_IsAnsweredBelow(t *testing.T) {
	t.Parallel()
	k := commented(t, nil)
	k.meta.AddPost(page, "Our own news open no room")
	post := k.meta.VisitorPosts(page, commenter, "I found your cat")
	k.shown("I found your cat")
	texts := k.rc.CustomerTexts(k.rid)
	if last := texts[len(texts)-1]; last != "> [Post on the page: "+k.meta.PostLink(post)+"]\nI found your cat" || len(k.rc.Rooms()) != 1 {
		t.Errorf("shown is %q, in %d rooms", last, len(k.rc.Rooms()))
	}
	below := func() (texts []string) {
		for _, c := range k.meta.Comments(post) {
			texts = append(texts, c.Text)
		}
		return texts
	}
	k.meta.FailCalls("POST", post+"/comments", 1, meta.DeliveredThenCut())
	k.agent.Says(k.rid, "Thank you")
	k.eventually("it is answered below the post", func() bool { return slices.Equal(below(), []string{"Thank you"}) })
	k.settled()
	k.agent.Says(k.rid, "!private Where is it?")
	k.eventually("and in Messenger", func() bool { return slices.Equal(k.received(anna), []string{"Where is it?"}) })
	k.meta.PageComments(post, "From the inbox")
	k.eventually("what is answered at Facebook is shown", func() bool { return strings.Contains(k.said(), "From the inbox") })
	k.meta.EditPost(post, "I found your dog")
	k.shown("I found your dog")
	k.meta.RemovePost(post)
	k.eventually("its removal is said", func() bool { return strings.Contains(k.said(), "was deleted at Facebook") })
	k.settled()
	if got := below(); len(got) > 0 || len(k.rc.Rooms()) != 1 {
		t.Errorf("left are %q, in %d rooms", got, len(k.rc.Rooms()))
	}
}

// said is all that the bot says in the room.
func (k *thread) said() string {
	var all []string
	for _, m := range k.rc.Messages(k.rid) {
		if m.Username == "bridge.bot" {
			all = append(all, m.Text)
		}
	}
	return strings.Join(all, "\n")
}

// TestComments_Review_IsShown: a review is answered below its story; where Facebook names
// none, the agent is told to answer there.
func TestComments_Review_IsShown(t *testing.T) {
	t.Parallel()
	k := commented(t, nil)
	review := k.meta.Reviews(page, commenter, "Great shoes", true)
	k.shown("Great shoes")
	texts := k.rc.CustomerTexts(k.rid)
	if last := texts[len(texts)-1]; last != "> [Review that recommends the page: https://www.facebook.com/"+page+"/reviews]\nGreat shoes" {
		t.Errorf("shown is %q", last)
	}
	k.agent.Says(k.rid, "Thank you")
	k.eventually("it is answered below the review", func() bool {
		below := k.meta.Comments(review)
		return len(below) == 1 && below[0].Text == "Thank you"
	})
	k.settled()
	k.meta.Tweak(func(q *meta.Quirks) { q.ReviewsWithoutStory = true })
	k.meta.Reviews(page, commenter, "Never again", false)
	k.shown("Never again")
	k.told(k.agent.Says(k.rid, "We are sorry"), "Facebook lets no program answer this review")
	k.halt()
	k.run()
	k.told(k.agent.Says(k.rid, "We are very sorry"), "Facebook lets no program answer this review")
}
