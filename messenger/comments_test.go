package messenger

import (
	"net/http"
	"testing"

	"messenger-bridge/bridge"
)

// What Meta refuses of comments must never hold up a page's messages.
func TestClassify_OfComments_ConcernsNoPage(t *testing.T) {
	for _, c := range []struct {
		code, sub int
		verdict   bridge.Verdict
		reason    bridge.Reason
		page      bool
	}{
		{100, 33, bridge.Never, bridge.CommentGone, false},
		{200, 0, bridge.Never, bridge.CommentsBarred, false},
		{10, 0, bridge.Never, bridge.CommentsBarred, false},
		{283, 0, bridge.Never, bridge.CommentsBarred, false},
		{368, 0, bridge.Again, bridge.PageRestricted, false},
		{190, 463, bridge.Again, bridge.PageLost, true}, // but for the token, which is the same
		{32, 0, bridge.Again, bridge.RateLimited, true},
		{1, 0, bridge.Unknown, bridge.MetaError, false},
	} {
		r := classify(&answer{page: thePage, status: 400, header: http.Header{}, body: graphBody(c.code, c.sub, ""), comment: true}, received)
		if r.Verdict != c.verdict || r.Reason != c.reason || (r.Gate != "") != c.page {
			t.Errorf("%d/%d: %v %s %q", c.code, c.sub, r.Verdict, r.Reason, r.Gate)
		}
		if c.reason == bridge.CommentGone && r.Trouble != "" {
			t.Errorf("a comment is gone, and the token is said to be dead: %s", r.Trouble)
		}
	}
}

func TestDecodeFeed_LinksAndOddValues(t *testing.T) {
	const links = `{"object":"page","entry":[{"id":"1","time":1790000020,"changes":[` +
		`{"field":"feed","value":{"item":"comment","verb":"add","post_id":"1_8","comment_id":"8_9","parent_id":"1_8","from":{"id":"7"},"message":"a"}},` +
		`{"field":"feed","value":{"item":"comment","verb":"add","post_id":"1_8","comment_id":"8_10","from":{"id":"7"},"post":{"permalink_url":"https://www.facebook.com/1/posts/8?x=1"}}},` +
		`{"field":"feed","value":{"item":"comment","verb":"add","post_id":"1_8","comment_id":"8_11","from":{"id":"7"},"post":{"permalink_url":"javascript:alert(1)"}}},` +
		`{"field":"feed","value":{"item":"comment","verb":"add","post_id":"1_8","comment_id":"8_12","from":"who"}},` +
		`{"field":"feed","value":{"item":"comment","verb":"add"}},{"field":"feed","value":[1]},{"field":"feed","value":7},{"field":"feed"}]}]}`
	d, err := decode([]byte(links), received)
	if err != nil || len(d.events) != 4 || d.ignored[kindFeed] != 4 {
		t.Fatalf("%v, %d events, ignored %v", err, len(d.events), d.ignored)
	}
	for i, want := range []string{"https://www.facebook.com/1/posts/8?comment_id=9", "https://www.facebook.com/1/posts/8?comment_id=10&x=1",
		"https://www.facebook.com/1/posts/8?comment_id=11", "https://www.facebook.com/1/posts/8?comment_id=12"} {
		if got := d.events[i].Comment.Link; got != want {
			t.Errorf("link %q, want %q", got, want)
		}
	}
	if got := d.events[3].Conversation.Customer; got != "8_12" {
		t.Errorf("a comment of which Meta does not say whose it is has the conversation of %q", got)
	}
}
