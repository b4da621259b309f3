package e2e

const (
	comment   = `{$F,"from":{"id":"$C","name":"$N"},"message":"In blue?","comment_id":"$1","parent_id":"$O","verb":"add"}`
	inBlue    = "customer: [Comment below a post: (link)] ⏎ In blue?"
	everybody = "bot: Everybody can read what you write here …"
)

// added are the variants of one comment's addition.
func added(values ...string) (variants [][]string) {
	for _, v := range values {
		variants = append(variants, []string{v}, []string{v, v})
	}
	return variants
}

// commentKinds are all variations of messenger.md 2.18.
var commentKinds = []kindRow{
	{
		does: "comments on a post", sees: []string{inBlue, everybody},
		variants: added(comment,
			`{$F,"sender_id":"$C","sender_name":"$N","message":"In blue?","comment_id":"$1","parent_id":"$O","verb":"add"}`,
			`{$F,"from":{"id":$C,"name":"$N","new":1},"message":"In blue?","comment_id":"$1","parent_id":"$O","verb":"add","post":{"is_published":false,"permalink_url":"https://www.facebook.com/$P/posts/800001"}}`,
			`{$F,"from":{"id":"$C"},"message":"In blue?","comment_id":"$1","verb":"add","permalink_url":"https://www.facebook.com/x?comment_id=1"}`),
	},
	{
		does: "comments once more", before: []string{comment}, sees: []string{inBlue, everybody, "customer: [Comment below a post: (link)] ⏎ And in red?"},
		variants: added(`{$F,"from":{"id":"$C","name":"$N"},"message":"And in red?","comment_id":"$2","parent_id":"$O","verb":"add"}`),
	},
	{
		does: "answers another person's comment", sees: []string{"customer: [Answer to a comment: (link)] ⏎ Me too", everybody},
		variants: added(`{$F,"from":{"id":"$C","name":"$N"},"message":"Me too","comment_id":"$2","parent_id":"$9","verb":"add"}`),
	},
	{
		does: "answers below the own comment", before: []string{comment}, sees: []string{inBlue, everybody, "customer, quoting “[Comment below a post: (link)] ⏎ In blue?”: [Answer to a comment: (link)] ⏎ Anybody?"},
		variants: added(`{$F,"from":{"id":"$C","name":"$N"},"message":"Anybody?","comment_id":"$2","parent_id":"$1","verb":"add"}`),
	},
	{
		does: "comments with a picture", sees: []string{"customer: [Comment below a post: (link)]", "customer: 📎 photo-#.jpg (image/jpeg)", everybody},
		variants: added(
			`{$F,"from":{"id":"$C","name":"$N"},"photo":"{file photo.jpg}","comment_id":"$1","parent_id":"$O","verb":"add"}`,
			`{$F,"from":{"id":"$C","name":"$N"},"photos":["{file photo.jpg}"],"comment_id":"$1","parent_id":"$O","verb":"add"}`),
	},
	{
		does: "comments with a link", sees: []string{"customer: [Comment below a post: (link)] ⏎ Like this ⏎ https://ex.test/a", everybody},
		variants: added(`{$F,"from":{"id":"$C","name":"$N"},"message":"Like this","link":"https://ex.test/a","comment_id":"$1","parent_id":"$O","verb":"add"}`),
	},
	{
		does: "comments with a sticker", sees: []string{"customer: [Comment below a post: (link)] ⏎ [It holds something that cannot be shown here.]", everybody},
		variants: added(`{$F,"from":{"id":"$C","name":"$N"},"comment_id":"$1","parent_id":"$O","verb":"add"}`),
	},
	{
		does: "edits a comment", before: []string{comment}, sees: []string{"customer: [Comment below a post: (link)] ⏎ In red? (edited)", everybody},
		variants: added(
			`{$F,"from":{"id":"$C","name":"$N"},"message":"In red?","comment_id":"$1","parent_id":"$O","verb":"edited"}`,
			`{$F,"from":{"id":"$C","name":"$N"},"message":"In red?","comment_id":"$1","parent_id":"$O","verb":"edit","edited_time":$S}`,
			`{$F,"message":"In red?","comment_id":"$1","parent_id":"$O","verb":"edited"}`),
	},
	{
		does: "edits a comment with a link", before: []string{`{$F,"from":{"id":"$C","name":"$N"},"message":"Like tis","link":"https://ex.test/a","comment_id":"$1","parent_id":"$O","verb":"add"}`},
		sees: []string{
			"customer: [Comment below a post: (link)] ⏎ Like tis ⏎ https://ex.test/a", everybody,
			"bot, quoting “[Comment below a post: (link)] ⏎ Like tis ⏎ https://ex.test/a”: The customer corrected a message: ⏎ Like this",
		},
		variants: added(`{$F,"from":{"id":"$C","name":"$N"},"message":"Like this","comment_id":"$1","parent_id":"$O","verb":"edited"}`),
	},
	{
		does: "edits a comment to a picture, or a sticker", before: []string{comment},
		sees:     []string{inBlue, everybody, "bot, quoting “[Comment below a post: (link)] ⏎ In blue?”: This comment was changed at Facebook to something that cannot be shown here. It can be seen there: (link)"},
		variants: added(`{$F,"from":{"id":"$C","name":"$N"},"comment_id":"$1","parent_id":"$O","verb":"edited"}`, `{$F,"from":{"id":"$C","name":"$N"},"message":"\ufe0f","comment_id":"$1","parent_id":"$O","verb":"edited"}`),
	},
	{
		does: "deletes a comment, or somebody of the page does", before: []string{comment}, sees: []string{everybody, "bot: A comment was deleted at Facebook."},
		variants: added(
			`{$F,"comment_id":"$1","parent_id":"$O","verb":"remove"}`,
			`{$F,"from":{"id":"$P","name":"Shop"},"comment_id":"$1","parent_id":"$O","verb":"delete"}`),
	},
	{
		does: "somebody of the page hides a comment", before: []string{comment},
		sees:     []string{inBlue, everybody, "bot, quoting “[Comment below a post: (link)] ⏎ In blue?”: This comment was hidden at Facebook: only its author and their friends still see it."},
		variants: added(`{$F,"comment_id":"$1","parent_id":"$O","verb":"hide"}`, `{$F,"from":{"id":"$P","name":"Shop"},"comment_id":"$1","parent_id":"$O","verb":"hide"}`),
	},
	{
		does: "and shows it again", before: []string{comment},
		sees:     []string{inBlue, everybody, "bot, quoting “[Comment below a post: (link)] ⏎ In blue?”: This comment is shown again at Facebook."},
		variants: added(`{$F,"comment_id":"$1","parent_id":"$O","verb":"unhide"}`),
	},
	{
		does: "somebody of the page answers at Facebook", before: []string{comment},
		sees:     []string{inBlue, everybody, "bot, quoting “[Comment below a post: (link)] ⏎ In blue?”: Answered below the comment at Facebook: ⏎ Yes"},
		variants: added(`{$F,"from":{"id":"$P","name":"Shop"},"message":"Yes","comment_id":"$2","parent_id":"$1","verb":"add"}`),
	},
	{
		does: "somebody of the page answers with a picture", before: []string{comment},
		sees: []string{inBlue, everybody, "bot, quoting “[Comment below a post: (link)] ⏎ In blue?”: Answered below the comment at Facebook: ⏎ This one ⏎ 📎 a picture",
			"customer: [Sent by the page Shop, not by the customer.] 📎 photo-#.jpg (image/jpeg)"},
		variants: added(`{$F,"from":{"id":"$P","name":"Shop"},"message":"This one","photo":"{file b.jpg}","comment_id":"$2","parent_id":"$1","verb":"add"}`),
	},
	{
		does: "and edits or deletes that answer", before: []string{comment, `{$F,"from":{"id":"$P","name":"Shop"},"message":"Yes","comment_id":"$2","parent_id":"$1","verb":"add"}`},
		sees: []string{inBlue, everybody, "bot, quoting “[Comment below a post: (link)] ⏎ In blue?”: Answered below the comment at Facebook: ⏎ Yes", "bot, quoting “Answered below the comment at Facebook: ⏎ Yes”: This answer was changed at Facebook: ⏎ No",
			"bot, quoting “Answered below the comment at Facebook: ⏎ Yes”: This comment was deleted at Facebook. Please do not use what it said."},
		variants: [][]string{{
			`{$F,"from":{"id":"$P","name":"Shop"},"message":"No","comment_id":"$2","parent_id":"$1","verb":"edited"}`,
			`{$F,"comment_id":"$2","parent_id":"$1","verb":"remove"}`,
		}},
	},
	{
		does: "and edits that answer to something without words", before: []string{comment, `{$F,"from":{"id":"$P","name":"Shop"},"message":"Yes","comment_id":"$2","parent_id":"$1","verb":"add"}`},
		sees: []string{inBlue, everybody, "bot, quoting “[Comment below a post: (link)] ⏎ In blue?”: Answered below the comment at Facebook: ⏎ Yes",
			"bot, quoting “Answered below the comment at Facebook: ⏎ Yes”: This answer was changed at Facebook to something that cannot be shown here. It can be seen there: (link)"},
		variants: [][]string{{`{$F,"from":{"id":"$P","name":"Shop"},"comment_id":"$2","parent_id":"$1","verb":"edited"}`}},
	},
	{
		does: "posts on the page", sees: []string{"customer: [Post on the page: (link)] ⏎ Nice shop", everybody},
		variants: added(
			`{"item":"post","post_id":"$P_80$1","created_time":$S,"from":{"id":"$C","name":"$N"},"message":"Nice shop","verb":"add"}`,
			`{"item":"status","post_id":"$P_80$1","created_time":$S,"sender_id":"$C","sender_name":"$N","message":"Nice shop","verb":"add"}`),
	},
	{
		does: "reviews the page", sees: []string{"customer: [Review that recommends the page: (link)] ⏎ Nice shop", everybody},
		note: "An answer is published below the review if Facebook names its story; else the agent is told to answer there.",
		variants: added(
			`{"item":"rating","reviewer_id":"$C","reviewer_name":"$N","review_text":"Nice shop","recommendation_type":"POSITIVE","open_graph_story_id":"80$1","created_time":$S,"verb":"add"}`,
			`{"item":"rating","reviewer_id":$C,"reviewer_name":"$N","review_text":"Nice shop","recommendation_type":"positive","created_time":$S,"verb":"add"}`),
	},
	{
		does: "reviews the page without words", sees: []string{"customer: [Review that does not recommend the page: (link)]", everybody},
		variants: added(`{"item":"rating","reviewer_id":"$C","reviewer_name":"$N","recommendation_type":"NEGATIVE","open_graph_story_id":"80$1","created_time":$S,"verb":"add"}`),
	},
	{
		does: "likes or shares a post; the page itself posts; comments are followed, blocked or muted", sees: nil,
		variants: [][]string{
			{`{$F,"from":{"id":"$C","name":"$N"},"item":"reaction","reaction_type":"love","comment_id":"$1","verb":"add"}`},
			{`{$F,"from":{"id":"$C","name":"$N"},"item":"like","verb":"add"}`},
			{`{$F,"from":{"id":"$C","name":"$N"},"item":"share","message":"Hi","verb":"add"}`},
			{`{$F,"from":{"id":"$P","name":"Shop"},"item":"status","message":"Hi","verb":"add"}`},
			{`{$F,"from":{"id":"$P","name":"Shop"},"item":"photo","message":"Hi","verb":"edited"}`},
			{`{$F,"from":{"id":"$C","name":"$N"},"comment_id":"$1","verb":"follow"}`},
			{`{$F,"from":{"id":"$P","name":"Shop"},"message":"Our own","comment_id":"$1","parent_id":"$O","verb":"add"}`},
		},
	},
}
