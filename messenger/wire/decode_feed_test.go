package wire

import (
	"testing"

	"messenger-bridge/bridge"
)

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

// TestDecodeFeed_PostsAndReviews tells what people wrote from what the page did itself.
func TestDecodeFeed_PostsAndReviews(t *testing.T) {
	for value, want := range map[string]bridge.Incoming{
		`"item":"post","verb":"add","post_id":"1_8","from":{"id":"7","name":"Anna"},"message":"Hi","created_time":1790000000`: {
			Kind: bridge.TextEvent, Mid: "1_8", Text: "Hi", Comment: &bridge.Comment{Kind: bridge.OnPage, Link: "https://www.facebook.com/1/posts/8"}},
		`"item":"photo","verb":"add","post_id":"1_8","from":{"id":"7"},"link":"https://scontent.xx.fbcdn.net/a","photo":"https://scontent.xx.fbcdn.net/a"`: {
			Kind: bridge.MediaEvent, Mid: "1_8", Comment: &bridge.Comment{Kind: bridge.OnPage, Link: "https://www.facebook.com/1/posts/8"}},
		`"item":"post","verb":"remove","post_id":"1_8"`: {
			Kind: bridge.DeletionEvent, Mid: "1_8", Comment: &bridge.Comment{Kind: bridge.OnPage, Link: "https://www.facebook.com/1/posts/8"}},
		`"item":"rating","verb":"add","reviewer_id":7,"review_text":"Bad","recommendation_type":"NEGATIVE","open_graph_story_id":"99"`: {
			Kind: bridge.TextEvent, Mid: "99", Text: "Bad", Comment: &bridge.Comment{Kind: bridge.Review, Advice: bridge.Warned, Link: "https://www.facebook.com/1/reviews"}},
		`"item":"rating","verb":"add","reviewer_id":7,"recommendation_type":"positive","created_time":1790000000`: {
			Kind: bridge.MediaEvent, Mid: "review/7/1790000000", Comment: &bridge.Comment{Kind: bridge.Review, Advice: bridge.Advised, Link: "https://www.facebook.com/1/reviews"}},
		`"item":"post","verb":"add","post_id":"1_8","from":{"id":"1"},"message":"Ours"`: {},
		`"item":"post","verb":"add","post_id":"1_8","message":"Nobody's"`:               {},
		`"item":"share","verb":"add","post_id":"1_8","from":{"id":"7"}`:                 {},
		`"item":"rating","verb":"add","review_text":"Nobody's"`:                         {},
	} {
		d, err := Decode([]byte(`{"object":"page","entry":[{"id":"1","time":1790000020,"changes":[{"field":"feed","value":{`+value+`}}]}]}`), received)
		if want.Kind == "" {
			if err != nil || len(d.Events) > 0 || d.Ignored[kindFeed] != 1 {
				t.Errorf("%s: %v, %+v", value, err, d)
			}
			continue
		}
		if err != nil || len(d.Events) != 1 {
			t.Errorf("%s: %v, %+v", value, err, d)
			continue
		}
		got := d.Events[0]
		if got.Kind != want.Kind || got.Mid != want.Mid || got.Text != want.Text || got.Comment.Kind != want.Comment.Kind ||
			got.Comment.Advice != want.Comment.Advice || got.Comment.Link != want.Comment.Link || got.Comment.Parent != "" {
			t.Errorf("%s: %+v, %+v", value, got, got.Comment)
		}
		if by := got.Conversation.Customer; by != "7" && got.Kind != bridge.DeletionEvent {
			t.Errorf("%s: the conversation of %q", value, by)
		}
	}
}
