package messenger

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/messenger/wire"
)

// The rulings of calls about comments (messenger.md 4).
var (
	commentGone    = ruling{verdict: bridge.Never, reason: bridge.CommentGone}
	commentsBarred = ruling{verdict: bridge.Never, reason: bridge.CommentsBarred}
	commentTwice   = ruling{verdict: bridge.Never, reason: bridge.CommentTwice}
	privateUsed    = ruling{verdict: bridge.Never, reason: bridge.PrivateUsed}
	privateOver    = ruling{verdict: bridge.Never, reason: bridge.PrivateOver}
)

// ofComment is the same ruling for a call about a comment. What is refused there says
// nothing about the page's messages: they have other permissions, and no comment can
// be gone without them.
func (r ruling) ofComment(code, sub int) ruling {
	switch {
	case code == 100 && sub == 33:
		return commentGone
	case r.permission:
		return commentsBarred
	case r.reason == bridge.PageRestricted:
		r.page = false
	}
	return r
}

// replyTo publishes an answer to a comment, or changes one.
func (c Sender) replyTo(ctx context.Context, p bridge.Page, parcel bridge.OutboundPart) (bridge.Mid, error) {
	if parcel.Edits != "" {
		body, err := c.call(ctx, request{page: p, comment: parcel.Edits, method: http.MethodPost, body: wireComment{Message: parcel.Text}, setup: true})
		return parcel.Edits, done(body, err)
	}
	body, err := c.call(ctx, request{page: p, comment: parcel.Comment, method: http.MethodPost, path: "comments", body: wireComment{Message: parcel.Text}})
	if err != nil {
		return "", err
	}
	var reply struct {
		ID wire.ID `json:"id"`
	}
	_ = json.Unmarshal(body, &reply) // what matters is whether the id is there
	if reply.ID == "" {
		return "", &bridge.Refusal{Verdict: bridge.Unknown, Reason: bridge.MetaError,
			Err: errors.New("graph answered a comment without an id")}
	}
	return bridge.Mid(reply.ID), nil
}

type wireComment struct {
	Message string `json:"message"`
}

type wireCommentRead struct {
	ID      wire.ID    `json:"id"`
	Created wire.Text  `json:"created_time"`
	From    wire.Party `json:"from"`
	Message wire.Text  `json:"message"`
	Parent  wire.Party `json:"parent"`
}

// repliesDepth is how many comments are read at a time to find one of ours.
const repliesDepth = "100"

// topOf returns the comment below which the answers to one stand.
func (c Reader) topOf(ctx context.Context, p bridge.Page, comment bridge.Mid) (bridge.Mid, error) {
	body, err := c.call(ctx, request{page: p, comment: comment, method: http.MethodGet, query: map[string]string{"fields": "id,parent{id}"}})
	if err != nil {
		return "", err
	}
	var one wireCommentRead
	if err := json.Unmarshal(body, &one); err != nil || one.ID == "" {
		return "", otherFormat("a comment")
	}
	if one.Parent.ID != "" {
		comment = bridge.Mid(one.Parent.ID)
	}
	return comment, nil
}

// LookBelow looks for an answer to a comment. Those to an answer stand beside it,
// below the comment that both belong to.
func (c Reader) LookBelow(ctx context.Context, p bridge.Page, comment bridge.Mid, what bridge.Search) (seen bridge.Sighting, err error) {
	if !comment.PostOf(p.ID) { // a post stands below nothing
		if comment, err = c.topOf(ctx, p, comment); err != nil {
			return seen, err
		}
	}
	from := c.skew.second(what.Since)
	query := map[string]string{
		"filter": "stream", "order": "reverse_chronological", "limit": repliesDepth, "fields": "id,message,created_time,from{id}",
	}
	for range lookPages {
		body, err := c.call(ctx, request{page: p, comment: comment, method: http.MethodGet, path: "comments", query: query})
		if err != nil {
			return bridge.Sighting{}, err
		}
		var reply struct {
			Data   []wireCommentRead `json:"data"`
			Paging wirePaging        `json:"paging"`
		}
		if err := json.Unmarshal(body, &reply); err != nil || reply.Data == nil {
			return bridge.Sighting{}, otherFormat("comments")
		}
		reaches := repliesLike(&seen, reply.Data, p.ID, what.Forms, from)
		query["after"] = string(reply.Paging.Cursors.After)
		if seen.Complete = reaches || reply.Paging.Next == ""; seen.Complete || query["after"] == "" || what.Newest {
			break
		}
	}
	slices.Reverse(seen.Like)
	return seen, nil
}

// repliesLike adds to a sighting, newest first, which comments of the page look like one of
// the forms, and reports whether some are older than a time.
func repliesLike(seen *bridge.Sighting, replies []wireCommentRead, page bridge.PageID, forms []bridge.Part, from time.Time) (reaches bool) {
	for _, r := range replies {
		at, err := time.Parse(threadTime, string(r.Created))
		like := slices.ContainsFunc(forms, func(part bridge.Part) bool { return equalWords(string(r.Message), part.Text) })
		switch {
		case err == nil && at.Before(from):
			reaches = true
		case err != nil || r.ID == "" || like && r.From.ID == "":
			seen.Obscure = true
		case like && r.From.ID == wire.ID(page):
			seen.Like = append(seen.Like, bridge.Mid(r.ID))
		}
	}
	return reaches
}

// PostText returns the text of a post; "" if that cannot be found out soon.
func (c Reader) PostText(ctx context.Context, p bridge.Page, post string) string {
	ctx, cancel := context.WithTimeout(ctx, inboxWait)
	defer cancel()
	body, err := c.call(ctx, request{page: p, comment: bridge.Mid(post), method: http.MethodGet, query: map[string]string{"fields": "message"}})
	var reply struct {
		Message wire.Text `json:"message"`
	}
	if err != nil || json.Unmarshal(body, &reply) != nil {
		return ""
	}
	return strings.Join(strings.Fields(string(reply.Message)), " ")
}
