package rooms

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/recent"
	"messenger-bridge/textcut"
)

// maxRounds bounds how often one attempt opens a room that is closed at once.
const maxRounds = 3

// poster shows what customers said, text and files, in the open room.
type poster struct {
	*Config
	*wording
	*remarks
	*opener

	seenOpen  *recent.Map[bridge.RoomID, struct{}]  // rooms that Rocket.Chat said are open a moment ago, although it refused a file there
	unfetched *recent.Map[bridge.MessageID, int]    // how often files were not there to fetch, by the ids of their lines
	untold    *recent.Map[bridge.Conversation, int] // how often Meta failed to tell where files are, lately and since it last did
}

// mostOpen and mostUnfetched bound what is remembered.
const mostOpen, mostUnfetched = 10_000, 10_000

func newPoster(c *Config, w *wording, m *remarks, o *opener) *poster {
	return &poster{c, w, m, o, recent.New[bridge.RoomID, struct{}](mostOpen, c.Patience*2/3), recent.New[bridge.MessageID, int](mostUnfetched, 0),
		recent.New[bridge.Conversation, int](mostUnfetched, 2*time.Hour)}
}

// posting is one event on its way into a room.
type posting struct {
	in     bridge.Incoming
	page   bridge.Page // of a text alone, nothing of it is asked
	text   string      // empty: there are only files
	quote  bridge.MessageID
	behind bool               // the text holds more behind the customer's words
	posted bool               // the text is there
	shown  []bridge.MessageID // as all that is there, or being tried

	files   map[int]bridge.MessageID // as what attachments are shown
	read    bridge.RoomID            // whose files are in found
	found   []bridge.Uploaded        // and not known to belong to another message
	refused []string                 // what the customer must be told

	open bridge.RoomID    // the room that Rocket.Chat says is open, although it refuses what is posted there
	met  bridge.Secret    // the visitor whom Rocket.Chat has just registered
	left *bridge.Response // why something of it was given up; nil: nothing was
}

func (r *poster) posting(in bridge.Incoming, text string) posting {
	p := posting{in: in, text: text, posted: text == ""}
	if len(in.Attachments) > 0 {
		p.files = map[int]bridge.MessageID{}
		// A page that was deleted meanwhile has no settings; its customers are still heard.
		p.page, _ = r.Pages.Page(in.Conversation.Page)
	}
	p.resume(r.Known)
	return p
}

// show shows what the customer said in the open room. Each round leaves the link
// closer to the truth: a token Rocket.Chat knows, a room that is open.
func (r *poster) show(ctx context.Context, link *stay, in bridge.Incoming) (bridge.Shown, error) {
	r.askName(in.Conversation)
	if err := r.introduced(ctx, link, in); err != nil {
		return bridge.Shown{}, err
	}
	previous := link.Room
	if err := r.endOld(ctx, link, in); err != nil {
		return bridge.Shown{}, err
	}
	text, behind := r.reading(ctx, in)
	p := r.posting(in, r.dated(in, text))
	p.behind = behind
	for range maxRounds {
		if link.Visitor == "" || link.Room == "" && r.elsewhere(link.Link) {
			if err := r.register(ctx, link); err != nil {
				return bridge.Shown{}, err
			}
			p.met = link.Visitor
		}
		if link.Room == "" {
			link.Begin = in.MessageID()
			if err := r.open(ctx, link); err != nil {
				if reasonOf(err) == bridge.VisitorUnknown {
					link.Visitor = ""
					continue
				}
				link.waits = reasonOf(err) == bridge.NoAgent || reasonOf(err) == bridge.OmnichannelOff
				return bridge.Shown{}, err
			}
			if link.Room == previous {
				p.open = link.Room
				r.seenOpen.Set(link.Room, struct{}{})
			}
			r.nameEarlier(ctx, link, previous) // a later attempt would not know it
		}
		err := r.post(ctx, link, &p)
		switch reasonOf(err) {
		case bridge.RoomClosed:
			previous = link.Room
			link.leave()
		case bridge.VisitorUnknown:
			link.Visitor = ""
			link.leave()
		default:
			if err != nil {
				return bridge.Shown{}, err
			}
			r.nameEarlier(ctx, link, previous)
			r.describe(ctx, link, in)
			if previous == "" || previous == link.Room {
				r.showHistory(ctx, link, in)
			}
			if in.Comment != nil {
				return p.done(link), r.aside(link, r.inPublic(ctx, link))
			}
			return p.done(link), r.aside(link, r.standby(ctx, link, in))
		}
	}
	return bridge.Shown{}, &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.RoomClosed, Err: errors.New("every room opened was closed at once")}
}

// done is what became of the event. A message that is not to be corrected in its place counts
// as shown twice: a correction finds that it is more than the customer's words.
func (p *posting) done(link *stay) bridge.Shown {
	if p.behind && len(p.shown) == 1 {
		p.shown = append(p.shown, p.shown[0])
	}
	return bridge.Shown{
		Receipt: bridge.Receipt{Page: p.in.Conversation.Page, Mid: p.in.Mid, Room: link.Room, Shown: p.shown},
		Refused: p.refused,
		Left:    p.left,
	}
}

// post shows an event in the room. A room that was closed meanwhile may hold its text
// all the same.
func (r *poster) post(ctx context.Context, link *stay, p *posting) error {
	if err := r.answered(ctx, link, p); err != nil {
		return err
	}
	if p.posted {
		return r.files(ctx, link, p)
	}
	err := r.postText(ctx, link, p)
	if p.closed(link, err) {
		there, failed := r.Livechat.Has(ctx, link.Visitor, link.Room, p.shown[len(p.shown)-1])
		if there, failed = r.undone(link, there, failed); failed != nil {
			return failed
		}
		if !there {
			return err
		}
		err = nil
	}
	if err != nil {
		return err
	}
	p.posted = true
	return r.files(ctx, link, p)
}

// answered finds the message that this one answers. One that the room does not hold
// cannot be quoted; that it is an answer is said in words.
func (r *poster) answered(ctx context.Context, link *stay, p *posting) error {
	if p.in.ReplyTo == "" || p.quote != "" || p.posted && p.text != "" {
		return nil
	}
	id := r.messageOf(p.in.Conversation.Page, p.in.ReplyTo)
	if id != "" {
		there, err := r.Livechat.Has(ctx, link.Visitor, link.Room, id)
		if there, err = r.undone(link, there, err); err != nil {
			return err
		}
		if there {
			p.quote = id
			if p.text == "" {
				p.text, p.posted = cited(r.Say.Say("In reply to this message")), false
			}
			return nil
		}
	}
	p.in.ReplyTo = ""
	if p.in.Comment != nil { // what stands above it is another person's: the link shows it
		return nil
	}
	p.text, p.posted = strings.TrimSpace(cited(r.Say.Say("In reply to an earlier message"))+"\n"+p.text), false
	return nil
}

// postText shows the text, in parts if it is too long for the workspace. It notes as
// which messages: once the last of them is there, all are.
func (r *poster) postText(ctx context.Context, link *stay, p *posting) error {
	shown, err := r.sayText(ctx, link, p)
	p.shown, err = shown, p.althoughOpen(link, err)
	if a := r.tooMuch(p.in.Refusals.Of(0), err); a != nil {
		return substitutes{r}.giveUpText(ctx, link, p, err, a)
	}
	if err == nil && p.in.PutOff {
		substitutes{r}.outdated(ctx, link, p, replacement(link.event))
	}
	return err
}

// closed reports whether a text was refused because the room is closed, and Rocket.Chat has not
// just said otherwise.
func (p *posting) closed(link *stay, err error) bool {
	return reasonOf(err) == bridge.RoomClosed && p.open != link.Room
}

// giveUpText has something take the place of a text that the workspace keeps refusing, unless
// the text is there: an earlier attempt may have shown it, whose answer was lost.
func (r substitutes) giveUpText(ctx context.Context, link *stay, p *posting, refused error, a *bridge.Response) error {
	there, err := r.Livechat.Has(ctx, link.Visitor, link.Room, p.shown[len(p.shown)-1])
	if there || err != nil && r.tooMuch(p.in.Refusals.Of(0), err) == nil {
		return err
	}
	return r.text(ctx, link, p, refused, a)
}

// althoughOpen makes of a refusal that says that the room is closed, or the visitor unknown, one
// of what was posted, if Rocket.Chat has just said otherwise.
func (p *posting) althoughOpen(link *stay, err error) error {
	if err == nil {
		return nil
	}
	r := bridge.RefusalOf(err)
	switch {
	case reasonOf(err) == bridge.RoomClosed && p.open != "" && p.open == link.Room:
	case reasonOf(err) == bridge.VisitorUnknown && p.met != "" && p.met == link.Visitor:
	default:
		return err
	}
	return &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.WorkspaceError, Answer: r.Answer, Err: r.Err}
}

func (r *poster) postOne(ctx context.Context, link *stay, p bridge.Post) error {
	room, err := r.Livechat.Post(ctx, link.Visitor, link.Room, p)
	if err != nil {
		return err
	}
	return landed(ctx, r.opener, link, room)
}

// landed is for what Rocket.Chat may have put elsewhere: into a room it opened because ours was closed
// meanwhile; or it had a message already, in a room of before.
func landed(ctx context.Context, o *opener, link *stay, room bridge.RoomID) error {
	if room == link.Room || room == "" {
		return nil
	}
	_, known, err := o.Links.Conversation(room)
	if err != nil || known {
		return err
	}
	return o.moveTo(ctx, link, bridge.OpenedRoom{ID: room, Existed: true}, true)
}

// echo shows what the page said without us.
func (r *poster) echo(ctx context.Context, link *stay, in bridge.Incoming) (bridge.Shown, error) {
	p := r.posting(in, "")
	lines, files := []string{r.author(in)}, slices.ContainsFunc(in.Attachments, isUpload)
	if !textcut.Blank(in.Text) {
		lines = append(lines, bridge.Cite(in.Text))
	}
	for _, line := range r.attachedLines(in) {
		lines = append(lines, bridge.Cite(line))
	}
	if len(lines) == 1 || slices.ContainsFunc(in.Attachments, unreadable) {
		lines = append(lines, r.Say.Say("Something that cannot be shown here. It can be seen in the Page inbox of Facebook: %s", r.inbox(ctx, in)))
	}
	p.shown = []bridge.MessageID{in.MessageID()}
	if err := r.note(ctx, link, p.shown[0], r.quotable(in), strings.Join(lines, "\n")); err != nil || link.Room == "" {
		return bridge.Shown{}, err
	}
	if files {
		err := r.files(ctx, link, &p)
		switch reasonOf(err) {
		case "":
		case bridge.RoomClosed, bridge.VisitorUnknown: // files are shown by visitors, and in open rooms only
			id := bridge.MessageID(string(p.shown[0]) + "-closed")
			err = r.note(ctx, link, id, "", r.Say.Say("The files cannot be shown, for this conversation is closed. They can be seen in the Page inbox of Facebook: %s", r.inbox(ctx, in)))
		}
		if err != nil {
			return bridge.Shown{}, err
		}
	}
	return p.done(link), nil
}
