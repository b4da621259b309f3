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
)

// threadDepth is how many messages of a conversation Meta shows in detail.
const threadDepth = 20

// threadTime is RFC 3339 without the colon in the offset.
const threadTime = "2006-01-02T15:04:05-0700"

// deletedCode comes, as code or subcode, for messages Meta does not show.
const deletedCode = 9000001

type wireThreads struct {
	Data []wireThread `json:"data"`
}

type wireThread struct {
	Participants struct {
		Data []wireParty `json:"data"`
	} `json:"participants"`
	Messages struct {
		Data   []wireThreadMessage `json:"data"`
		Paging struct {
			Next text `json:"next"`
		} `json:"paging"`
	} `json:"messages"`
}

type wireThreadMessage struct {
	ID      text      `json:"id"`
	Created text      `json:"created_time"`
	From    wireParty `json:"from"`
	Message text      `json:"message"`
}

// Look reads the newest messages of a thread. Meta keeps whole seconds there, so
// messages of the second before since may be among those returned.
func (c *Client) Look(ctx context.Context, p bridge.Page, to bridge.CustomerID, part bridge.Part, since time.Time) (seen bridge.Sighting, err error) {
	// Another call of this kind must not shut the page's gate: sends may go on.
	if err := c.turn(ctx, p.ID, c.pacer.look, ""); err != nil {
		return seen, err
	}
	body, err := c.call(ctx, request{
		page: p, method: http.MethodGet, path: "conversations",
		query: map[string]string{
			"platform": "messenger",
			"user_id":  string(to),
			"fields":   "participants,messages.limit(20){id,created_time,from,message}",
		},
	})
	var cause *graphError
	if errors.As(err, &cause) && (cause.Code == deletedCode || cause.Subcode == deletedCode) {
		return seen, nil
	}
	if err != nil {
		return seen, err
	}
	var reply wireThreads
	if err := json.Unmarshal(body, &reply); err != nil || reply.Data == nil {
		return seen, &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.MetaError,
			Err: errors.New("graph answered a thread in another format")}
	}
	from := c.metaTime(since).Truncate(time.Second).Add(-time.Second)
	seen.Complete = true
	for _, t := range reply.Data {
		if t.with(to) {
			t.search(&seen, p.ID, part, from)
		}
	}
	return seen, nil
}

// with reports whether a thread is the customer's, as far as it says who is in it.
// Another customer's thread must never serve as proof.
func (t *wireThread) with(to bridge.CustomerID) bool {
	all := t.Participants.Data
	return len(all) == 0 || slices.ContainsFunc(all, func(p wireParty) bool { return p.ID == id(to) })
}

// search adds to a sighting what the thread shows of the page's messages from a time on.
func (t *wireThread) search(seen *bridge.Sighting, page bridge.PageID, part bridge.Part, from time.Time) {
	all := t.Messages.Data
	reaches := len(all) < threadDepth && t.Messages.Paging.Next == ""
	for _, m := range slices.Backward(all) { // they come newest first
		at, err := time.Parse(threadTime, string(m.Created))
		if m.From.ID == id(page) && m.ID != "" {
			seen.Shown = append(seen.Shown, bridge.Mid(m.ID))
		}
		switch {
		case err == nil && at.Before(from):
			reaches = true
		case err != nil || m.ID == "" || m.From.ID == "":
			seen.Obscure = true
		case m.From.ID == id(page) && sameText(string(m.Message), part.Text):
			seen.Like = append(seen.Like, bridge.Mid(m.ID))
		}
	}
	seen.Complete = seen.Complete && reaches
}

// sameText compares what was sent with what Meta shows, but for white space, which
// does not survive the way unchanged.
func sameText(a, b string) bool {
	words := strings.Fields(a)
	return len(words) > 0 && slices.Equal(words, strings.Fields(b))
}
