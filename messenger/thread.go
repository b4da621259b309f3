package messenger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
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
	ID           wire.ID   `json:"id"`
	Updated      wire.Text `json:"updated_time"`
	Participants struct {
		Data []wire.Party `json:"data"`
	} `json:"participants"`
	Messages wireMessages `json:"messages"`
}

// wireMessages is a page of a thread's messages, newest first.
type wireMessages struct {
	Data   []wireThreadMessage `json:"data"`
	Paging wirePaging          `json:"paging"`
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

	Card json.RawMessage `json:"generic_template"`
}

type wireLink struct {
	URL wire.Text `json:"url"`
}

// lookFields are what is compared of a message with what was sent.
const lookFields = "id,created_time,from,message,attachments{mime_type,name,size}"

// Look reads a thread from its newest message back. Meta keeps whole seconds there, so
// messages of the second before those asked for may be among those returned.
func (c Reader) Look(ctx context.Context, p bridge.Page, to bridge.CustomerID, what bridge.Search) (bridge.Sighting, error) {
	most := lookPage
	if what.Newest {
		most = threadDepth
	}
	body, err := c.readThread(ctx, p, to, most)
	if tooMuch(err) && most > threadDepth {
		body, err = c.readThread(ctx, p, to, threadDepth)
	}
	if hidden(err) {
		return bridge.Sighting{}, nil
	}
	if err != nil {
		return bridge.Sighting{}, err
	}
	var reply wireThreads
	if err := json.Unmarshal(body, &reply); err != nil || reply.Data == nil {
		return bridge.Sighting{}, otherFormat("a thread")
	}
	s := search{Search: what, page: p.ID, from: c.skew.second(what.Since)}
	complete := true
	for _, t := range reply.Data {
		if !t.with(to) {
			continue
		}
		reaches, err := c.lookBack(ctx, p, &t, &s)
		if err != nil {
			return bridge.Sighting{}, err
		}
		complete = complete && reaches
	}
	return s.sighting(complete && s.listed), nil
}

// readThread reads a customer's thread with its newest messages.
func (c Reader) readThread(ctx context.Context, p bridge.Page, to bridge.CustomerID, most int) ([]byte, error) {
	return c.readThreads(ctx, p, map[string]string{
		"platform": "messenger",
		"user_id":  string(to),
		"fields":   fmt.Sprintf("participants,messages.limit(%d){%s}", most, lookFields),
	})
}

// tooMuch reports whether Meta may have refused a read for what it asked for; it says so
// under a code that means many things.
func tooMuch(err error) bool {
	var cause *graphError
	return errors.As(err, &cause) && cause.Code == 1
}

// hidden reports whether Meta says of what was asked for that it was deleted, which it
// also says of what is merely old.
func hidden(err error) bool {
	var cause *graphError
	return errors.As(err, &cause) && (cause.Code == deletedCode || cause.Subcode == deletedCode)
}

const (
	lookPages = 10  // how many pages of a thread are read at most
	lookPage  = 100 // messages on each
)

// lookBack searches a thread, page by page, until one reaches back to where the search
// begins, or what was seen is enough; reaches is false if none reaches so far.
func (c Reader) lookBack(ctx context.Context, p bridge.Page, t *wireThread, s *search) (reaches bool, err error) {
	some := t.Messages
	for page := 1; ; page++ {
		after := string(some.Paging.Cursors.After)
		switch {
		case s.among(some.Data), some.Paging.Next == "" && (page > 1 || len(some.Data) != threadDepth):
			return true, nil
		case page == lookPages, t.ID == "", after == "", s.Newest, s.Enough != nil && s.Enough(s.sighting(false)):
			return false, nil
		}
		if some, err = c.older(ctx, p, string(t.ID), after); err != nil {
			if hidden(err) {
				err = nil
			}
			return false, err
		}
	}
}

// older reads a further page of a thread. It waits for its turn: what was read before would
// be lost otherwise.
func (c Reader) older(ctx context.Context, p bridge.Page, thread, after string) (some wireMessages, err error) {
	if err := c.patiently(ctx, p.ID, c.pacer.Look); err != nil {
		return some, err
	}
	body, err := c.ask(ctx, request{token: p.Token, method: http.MethodGet, path: url.PathEscape(thread) + "/messages",
		query: map[string]string{"fields": lookFields, "limit": strconv.Itoa(lookPage), "after": after}})
	if err != nil {
		return some, err
	}
	if err := json.Unmarshal(body, &some); err != nil || some.Data == nil {
		return some, otherFormat("messages")
	}
	return some, nil
}

// with reports whether a thread is the customer's, as far as it says who is in it.
// Another customer's thread must never serve as proof.
func (t *wireThread) with(to bridge.CustomerID) bool {
	all := t.Participants.Data
	return len(all) == 0 || slices.ContainsFunc(all, func(p wire.Party) bool { return p.ID == wire.ID(to) })
}

// search is for one of several forms, among a page's messages from a time on.
type search struct {
	bridge.Search
	page bridge.PageID
	from time.Time
	seen bridge.Sighting // newest first

	listed bool // some message, if only the customer's: without any, Meta does not show the thread
}

// sighting is what was seen, oldest first.
func (s *search) sighting(complete bool) bridge.Sighting {
	seen := bridge.Sighting{
		Like: slices.Clone(s.seen.Like), Shown: slices.Clone(s.seen.Shown), Bare: slices.Clone(s.seen.Bare),
		Complete: complete, Obscure: s.seen.Obscure,
	}
	slices.Reverse(seen.Like)
	slices.Reverse(seen.Shown)
	slices.Reverse(seen.Bare)
	return seen
}

// among adds what some messages show, newest first, and reports whether they reach back
// to where the search begins.
func (s *search) among(all []wireThreadMessage) (reaches bool) {
	s.listed = s.listed || len(all) > 0
	for _, m := range all {
		at, err := time.Parse(threadTime, string(m.Created))
		ours := m.From.ID == wire.ID(s.page)
		if ours && m.ID != "" {
			s.seen.Shown = append(s.seen.Shown, bridge.Mid(m.ID))
		}
		switch {
		case err == nil && at.Before(s.from):
			reaches = true
		case err != nil || m.ID == "":
			s.seen.Obscure = true
		case m.From.ID == "":
			s.seen.Shown = append(s.seen.Shown, bridge.Mid(m.ID))
			s.seen.Bare = append(s.seen.Bare, bridge.Mid(m.ID))
		case !ours:
		case slices.ContainsFunc(s.Forms, m.shows):
			s.seen.Like = append(s.seen.Like, bridge.Mid(m.ID))
		case m.Message == "" && !slices.ContainsFunc(m.Files.Data, isFile) && slices.ContainsFunc(s.Forms, template): // its text need not be shown
			s.seen.Obscure = true
		}
	}
	return reaches
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

func isFile(a wireThreadFile) bool { return a.isFile() || a.Name != "" }

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
		query: map[string]string{"fields": "attachments{mime_type,size,file_url,image_data{url},video_data{url}}"}})
	switch {
	case hidden(err):
		return "", &bridge.Refusal{Verdict: bridge.Never, Reason: bridge.FileGone, Err: err}
	case err != nil:
		return "", untold(err)
	}
	var reply wireStored
	_ = json.Unmarshal(body, &reply) // what matters is whether it is there
	files := slices.DeleteFunc(reply.Attachments.Data, func(a wireThreadFile) bool { return !a.isFile() })
	if n < len(files) {
		return files[n].address(), nil
	}
	return "", nil
}

// untold is why Meta does not tell where a file is. That it throttles or fails says nothing about the
// file, and holds up nobody else in a room. All else concerns this file: a token that Meta does not take, or a
// permission that is missing, may be so for days.
func untold(err error) error {
	r := *bridge.RefusalOf(err)
	switch {
	case r.Verdict != bridge.Again || !passes(err):
	case r.Reason == bridge.RateLimited, r.Reason == bridge.MetaError:
		r.Reason, r.Gate = bridge.MetaError, "" // a limit of ours counts likewise: who made it is not known here
		return &r
	case r.Reason == bridge.MetaDown:
		r.Gate = ""
		return &r
	}
	return fileGone(err)
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
