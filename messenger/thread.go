package messenger

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/messenger/wire"
)

// threadDepth is how many messages of a conversation Meta shows in detail.
const threadDepth = 20

// threadTime is RFC 3339 without the colon in the offset.
const threadTime = "2006-01-02T15:04:05-0700"

// deletedCode comes, as code or subcode, for messages Meta does not show.
const deletedCode = 9000001

type wireThreads struct {
	Data   []wireThread `json:"data"`
	Paging wirePaging   `json:"paging"`
}

type wirePaging struct {
	Cursors struct {
		After wire.Text `json:"after"`
	} `json:"cursors"`
	Next wire.Text `json:"next"`
}

type wireThread struct {
	Updated      wire.Text `json:"updated_time"`
	Participants struct {
		Data []wire.Party `json:"data"`
	} `json:"participants"`
	Messages struct {
		Data   []wireThreadMessage `json:"data"`
		Paging wirePaging          `json:"paging"`
	} `json:"messages"`
}

type wireThreadMessage struct {
	ID      wire.Mid   `json:"id"`
	Created wire.Text  `json:"created_time"`
	From    wire.Party `json:"from"`
	Message wire.Text  `json:"message"`
	Sticker wire.Text  `json:"sticker"` // a URL
	Files   struct {
		Data []wireThreadFile `json:"data"`
	} `json:"attachments"`
	Shares struct {
		Data []struct {
			Link        wire.Text `json:"link"`
			Name        wire.Text `json:"name"`
			Description wire.Text `json:"description"`
		} `json:"data"`
	} `json:"shares"`
}

type wireThreadFile struct {
	Type  wire.Text   `json:"mime_type"`
	Name  wire.Text   `json:"name"`
	Size  wire.Number `json:"size"`
	File  wire.Text   `json:"file_url"`
	Image wireLink    `json:"image_data"`
	Video wireLink    `json:"video_data"`
}

type wireLink struct {
	URL wire.Text `json:"url"`
}

// Look reads the newest messages of a thread. Meta keeps whole seconds there, so
// messages of the second before since may be among those returned.
func (c Reader) Look(ctx context.Context, p bridge.Page, to bridge.CustomerID, forms []bridge.Part, since time.Time) (seen bridge.Sighting, err error) {
	body, err := c.readThreads(ctx, p, map[string]string{
		"platform": "messenger",
		"user_id":  string(to),
		"fields":   "participants,messages.limit(20){id,created_time,from,message,attachments{mime_type,name,size}}",
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
		return seen, otherFormat("a thread")
	}
	from := c.skew.earliest(since).Truncate(time.Second).Add(-time.Second)
	seen.Complete = true
	for _, t := range reply.Data {
		if t.with(to) {
			t.search(&seen, p.ID, forms, from)
		}
	}
	return seen, nil
}

// with reports whether a thread is the customer's, as far as it says who is in it.
// Another customer's thread must never serve as proof.
func (t *wireThread) with(to bridge.CustomerID) bool {
	all := t.Participants.Data
	return len(all) == 0 || slices.ContainsFunc(all, func(p wire.Party) bool { return p.ID == wire.ID(to) })
}

// search adds to a sighting what the thread shows of the page's messages from a time on.
func (t *wireThread) search(seen *bridge.Sighting, page bridge.PageID, forms []bridge.Part, from time.Time) {
	all := t.Messages.Data
	reaches := len(all) < threadDepth && t.Messages.Paging.Next == ""
	for _, m := range slices.Backward(all) { // they come newest first
		at, err := time.Parse(threadTime, string(m.Created))
		if m.From.ID == wire.ID(page) && m.ID != "" {
			seen.Shown = append(seen.Shown, bridge.Mid(m.ID))
		}
		switch {
		case err == nil && at.Before(from):
			reaches = true
		case err != nil || m.ID == "" || m.From.ID == "":
			seen.Obscure = true
		case m.From.ID != wire.ID(page):
		case slices.ContainsFunc(forms, m.shows):
			seen.Like = append(seen.Like, bridge.Mid(m.ID))
		case m.Message == "" && len(m.Files.Data) == 0 && slices.ContainsFunc(forms, template): // its text need not be shown
			seen.Obscure = true
		}
	}
	seen.Complete = seen.Complete && reaches
}

// shows reports whether a message looks like a part. Of images, audio and videos,
// Meta keeps its own version under its own name, so that only their kind can be
// compared.
func (m *wireThreadMessage) shows(part bridge.Part) bool {
	if part.File == nil {
		return equalWords(string(m.Message), part.Text)
	}
	if len(m.Files.Data) != 1 {
		return false
	}
	file := m.Files.Data[0]
	kind, _, _ := strings.Cut(string(file.Type), "/")
	switch part.File.Kind {
	case "image", "audio", "video":
		return kind == part.File.Kind || part.File.Kind == "audio" && kind == "video"
	}
	if file.Name != "" && part.File.Name != "" && string(file.Name) != part.File.Name {
		return false
	}
	return file.Size == 0 || part.File.Size == 0 || int64(file.Size) == part.File.Size
}

func template(part bridge.Part) bool { return len(part.Buttons) > 0 }

// equalWords compares what was sent with what Meta shows, but for white space, which
// does not survive the way unchanged.
func equalWords(a, b string) bool {
	words := strings.Fields(a)
	return len(words) > 0 && slices.Equal(words, strings.Fields(b))
}

type wireStored struct {
	Attachments struct {
		Data []wireThreadFile `json:"data"`
	} `json:"attachments"`
}

// FileLink asks where the n-th file of a message is now; "" if Meta does not say. Of a
// deleted message there is no file any more.
func (c Reader) FileLink(ctx context.Context, p bridge.Page, mid bridge.Mid, n int) (string, error) {
	if err := c.turn(ctx, p.ID, c.pacer.Look, ""); err != nil {
		return "", err
	}
	body, err := c.ask(ctx, request{token: p.Token, method: http.MethodGet, path: url.PathEscape(string(mid)),
		query: map[string]string{"fields": "attachments{file_url,image_data{url},video_data{url}}"}})
	var cause *graphError
	switch {
	case errors.As(err, &cause) && (cause.Code == deletedCode || cause.Subcode == deletedCode):
		return "", &bridge.Refusal{Verdict: bridge.Never, Reason: bridge.FileGone, Err: err}
	case err != nil: // whatever it is, it concerns this file alone
		return "", fileGone(err)
	}
	var reply wireStored
	_ = json.Unmarshal(body, &reply) // what matters is whether it is there
	if files := reply.Attachments.Data; n < len(files) {
		return wire.First(files[n].File, files[n].Image.URL, files[n].Video.URL), nil
	}
	return "", nil
}

// InboxLink returns where people see a conversation in Facebook's Page inbox; "" if
// that cannot be found out soon.
func (c Reader) InboxLink(ctx context.Context, p bridge.Page, customer bridge.CustomerID) string {
	ctx, cancel := context.WithTimeout(ctx, inboxWait)
	defer cancel()
	if c.turn(ctx, p.ID, c.pacer.Look, "") != nil {
		return ""
	}
	body, err := c.call(ctx, request{page: p, method: http.MethodGet, path: "conversations",
		query: map[string]string{"platform": "messenger", "user_id": string(customer), "fields": "link"}})
	var reply struct {
		Data []struct {
			Link wire.Text `json:"link"`
		} `json:"data"`
	}
	if err != nil || json.Unmarshal(body, &reply) != nil || len(reply.Data) != 1 || !strings.HasPrefix(string(reply.Data[0].Link), "/") {
		return ""
	}
	return "https://www.facebook.com" + string(reply.Data[0].Link)
}

// inboxWait is how long a message may wait for a link that is merely convenient.
const inboxWait = 2 * time.Second
