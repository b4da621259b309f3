package wire

import "testing"

func TestDecodeFeed_LinksAndOddValues(t *testing.T) {
	const links = `{"object":"page","entry":[{"id":"1","time":1790000020,"changes":[` +
		`{"field":"feed","value":{"item":"comment","verb":"add","post_id":"1_8","comment_id":"8_9","parent_id":"1_8","from":{"id":"7"},"message":"a"}},` +
		`{"field":"feed","value":{"item":"comment","verb":"add","post_id":"1_8","comment_id":"8_10","from":{"id":"7"},"post":{"permalink_url":"https://www.facebook.com/1/posts/8?x=1"}}},` +
		`{"field":"feed","value":{"item":"comment","verb":"add","post_id":"1_8","comment_id":"8_11","from":{"id":"7"},"post":{"permalink_url":"javascript:alert(1)"}}},` +
		`{"field":"feed","value":{"item":"comment","verb":"add","post_id":"1_8","comment_id":"8_12","from":"who"}},` +
		`{"field":"feed","value":{"item":"comment","verb":"add"}},{"field":"feed","value":[1]},{"field":"feed","value":7},{"field":"feed"}]}]}`
	d, err := Decode([]byte(links), received)
	if err != nil || len(d.Events) != 4 || d.Ignored[kindFeed] != 4 {
		t.Fatalf("%v, %d events, ignored %v", err, len(d.Events), d.Ignored)
	}
	for i, want := range []string{"https://www.facebook.com/1/posts/8?comment_id=9", "https://www.facebook.com/1/posts/8?comment_id=10&x=1",
		"https://www.facebook.com/1/posts/8?comment_id=11", "https://www.facebook.com/1/posts/8?comment_id=12"} {
		if got := d.Events[i].Comment.Link; got != want {
			t.Errorf("link %q, want %q", got, want)
		}
	}
	if got := d.Events[3].Conversation.Customer; got != "8_12" {
		t.Errorf("a comment of which Meta does not say whose it is has the conversation of %q", got)
	}
}
