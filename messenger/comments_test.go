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
