package messenger

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

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

// TestLookBelow_ReadsOn_UntilTheTimeIsReached reads answers to a comment page by page.
func TestLookBelow_ReadsOn_UntilTheTimeIsReached(t *testing.T) {
	reply := func(id string, seconds int, text string) string {
		return fmt.Sprintf(`{"id":%q,"created_time":%q,"from":{"id":%q},"message":%q}`, id, received.Add(time.Duration(seconds)*time.Second).Format(threadTime), thePage, text)
	}
	pages := map[string]string{ // by cursor
		"":  `{"data":[` + reply("c9", 9, "other") + `],"paging":{"cursors":{"after":"a"},"next":"https://x"}}`,
		"a": `{"data":[` + reply("c8", 8, "Thanks") + "," + reply("c7", 7, "Thanks") + `],"paging":{"cursors":{"after":"b"},"next":"https://x"}}`,
		"b": `{"data":[` + reply("c1", -60, "Thanks") + `],"paging":{"cursors":{"after":"c"},"next":"https://x"}}`,
	}
	client, _ := graph(t, func(w http.ResponseWriter, r *http.Request) {
		body, known := pages[r.URL.Query().Get("after")]
		if !strings.HasSuffix(r.URL.Path, "/comments") {
			body, known = `{"id":"1_2"}`, true
		}
		if !known {
			t.Errorf("%s", r.URL)
		}
		_, _ = io.WriteString(w, body)
	})
	seen, err := client.LookBelow(t.Context(), connected, "1_2", bridge.Search{Forms: []bridge.Part{{Text: "Thanks"}}, Since: received})
	if err != nil || !seen.Complete || seen.Obscure || !slices.Equal(seen.Like, []bridge.Mid{"c7", "c8"}) {
		t.Errorf("%+v, %v", seen, err)
	}
}
