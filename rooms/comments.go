package rooms

import (
	"context"

	"messenger-bridge/bridge"
	"messenger-bridge/textcut"
)

const (
	postExcerpt = 100    // UTF-16 units of a post
	mostPosts   = 10_000 // whose texts are remembered
)

// commentOn says where something stands that somebody wrote in public.
func (r *wording) commentOn(ctx context.Context, in bridge.Incoming) string {
	switch in.Comment.Kind {
	case bridge.OnPage:
		return r.Say.Say("Post on the page: %s", in.Comment.Link)
	case bridge.Review:
		return r.review(in.Comment)
	}
	post := r.beginning(ctx, in)
	switch {
	case in.Comment.Parent != "" && post != "":
		return r.Say.Say("Answer to a comment, below the post “%s”: %s", post, in.Comment.Link)
	case in.Comment.Parent != "":
		return r.Say.Say("Answer to a comment: %s", in.Comment.Link)
	case post != "":
		return r.Say.Say("Comment below the post “%s”: %s", post, in.Comment.Link)
	}
	return r.Say.Say("Comment below a post: %s", in.Comment.Link)
}

// review says what somebody thinks of the page.
func (r *wording) review(c *bridge.Comment) string {
	switch c.Advice {
	case bridge.Advised:
		return r.Say.Say("Review that recommends the page: %s", c.Link)
	case bridge.Warned:
		return r.Say.Say("Review that does not recommend the page: %s", c.Link)
	}
	return r.Say.Say("Review of the page: %s", c.Link)
}

// beginning returns how a post begins, "" if that is not known. It is asked for once.
func (r *wording) beginning(ctx context.Context, in bridge.Incoming) string {
	post := in.Comment.Post
	text, known := r.posts.Get(post)
	if known || post == "" || r.PostText == nil {
		return text
	}
	page, err := r.Pages.Page(in.Conversation.Page)
	if err != nil {
		return ""
	}
	if text = r.PostText(ctx, page, post); textcut.Units(text) > postExcerpt {
		text = textcut.Pieces(text, postExcerpt)[0] + "…"
	}
	r.posts.Set(post, text)
	return text
}

// introduced remembers what a commenter is called: comments tell.
func (r *naming) introduced(ctx context.Context, link *stay, in bridge.Incoming) error {
	if in.Comment == nil || textcut.Blank(in.Comment.Name) || r.Names == nil {
		return nil
	}
	if known, _ := r.Names.Name(in.Conversation); known == in.Comment.Name {
		return nil
	}
	err := r.rename(ctx, link.Link, in.Comment.Name)
	if err != nil && bridge.RefusalOf(err).OfItem() { // perhaps it is the name that is refused: what they say does not wait for it
		r.Log.Warn("a commenter's name is not shown", "page", link.Conversation.Page, "err", err)
		return nil
	}
	if err != nil {
		return err
	}
	if err := r.Names.SaveName(ctx, in.Conversation, in.Comment.Name); err != nil {
		return bridge.StoreRefusal(err)
	}
	return nil
}

// inPublic says, once in each room, that answers are public.
func (r *remarks) inPublic(ctx context.Context, link *stay) error {
	return r.once(ctx, link, "public", func() string {
		return r.Say.Say("Everybody can read what you write here: it is published below the latest comment, or below the one that you quote. Begin with !private to answer in Messenger instead; Facebook allows that once for each comment, within 7 days.")
	})
}

// removal takes away a comment that was deleted, by whomever. What the page said stays.
func (r *remarks) removal(ctx context.Context, link *stay, in bridge.Incoming) error {
	said := r.messageOf(in.Conversation.Page, in.Mid)
	if _, ours := r.Known.TagOf(in.Conversation.Page, in.Mid); ours {
		return r.note(ctx, link, in.MessageID(), said, r.Say.Say("This answer was deleted at Facebook; nobody sees it there any more."))
	}
	all, left, err := r.takeAway(ctx, link, in, r.Say.Say("This comment was deleted at Facebook."))
	if err != nil {
		return err
	}
	if all {
		return r.note(ctx, link, in.MessageID(), "", r.Say.Say("A comment was deleted at Facebook."))
	}
	return r.note(ctx, link, in.MessageID(), left, r.Say.Say("This comment was deleted at Facebook. Please do not use what it said."))
}

// hidden says that a comment was hidden, or is shown again.
func (r *remarks) hidden(ctx context.Context, link *stay, in bridge.Incoming) error {
	text := r.Say.Say("This comment was hidden at Facebook: only its author and their friends still see it.")
	if in.Detail == "unhide" {
		text = r.Say.Say("This comment is shown again at Facebook.")
	}
	return r.note(ctx, link, in.MessageID(), r.messageOf(in.Conversation.Page, in.Mid), text)
}
