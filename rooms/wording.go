package rooms

import (
	"cmp"
	"context"
	"net/url"
	"strings"

	"messenger-bridge/bridge"
	"messenger-bridge/language"
	"messenger-bridge/recent"
	"messenger-bridge/textcut"
)

// wording puts events into words for agents.
type wording struct {
	*Config
	posts *recent.Map[string, string] // what posts say
}

func newWording(c *Config) *wording {
	return &wording{Config: c, posts: recent.New[string, string](mostPosts, 0)}
}

// reading is what the agent reads for what a customer said, and whether words stand behind
// the text that are not its own. What we say ourselves stands in brackets.
func (r *wording) reading(ctx context.Context, in bridge.Incoming) (text string, behind bool) {
	lines := phrases{r}.said(ctx, in)
	more := phrases{r}.behind(ctx, in, len(lines) > 0)
	return strings.Join(append(lines, more...), "\n"), len(more) > 0
}

// phrases are the two halves of what an agent reads.
type phrases struct{ *wording }

// said are the lines of the customer's own words, and those of ours before them.
func (r phrases) said(ctx context.Context, in bridge.Incoming) (lines []string) {
	add := func(line string) {
		if !textcut.Blank(line) {
			lines = append(lines, bridge.Spoken(line))
		}
	}
	ours := func(line string) { lines = append(lines, cited(line)) }
	if in.Origin != nil {
		ours(r.origin(in.Origin))
	}
	if in.Comment != nil {
		ours(r.commentOn(ctx, in))
	}
	switch in.Kind {
	case bridge.TapEvent:
		if in.Tap == nil || in.Tap.Title == "" && in.Tap.Payload == "" {
			ours(r.Say.Say("The customer tapped a button."))
		} else {
			add(cmp.Or(in.Tap.Title, in.Tap.Payload)) // bots and agents alike read it as an answer
		}
	case bridge.ReferralEvent:
	case bridge.UnknownEvent:
		ours(r.unheardOf(ctx, in))
	default:
		add(in.Text)
	}
	return lines
}

// behind are the lines of what comes with the customer's words, if there are any.
func (r phrases) behind(ctx context.Context, in bridge.Incoming, words bool) (lines []string) {
	hidden, files, before := in.Kind == bridge.UnsupportedEvent, false, r.saying(in.Text)
	for _, a := range in.Attachments {
		line, holds := before.attached(a)
		if a.Place != nil || a.Booking != nil || a.Kind == bridge.MoreAttached { // the first line is ours
			first, more, _ := strings.Cut(line, "\n")
			lines, line = append(lines, bridge.Cite(first)), more
		}
		if !textcut.Blank(line) {
			lines = append(lines, bridge.Spoken(line))
		}
		files = files || isFile(a)
		hidden = hidden || !holds
	}
	if hidden && in.Comment != nil {
		lines = append(lines, cited(r.Say.Say("It holds something that cannot be shown here.")))
	} else if hidden || !words && len(lines) == 0 && !files {
		lines = append(lines, cited(r.Say.Say("The customer sent something that cannot be shown here. It can be seen in the Page inbox of Facebook: %s", r.inbox(ctx, in))))
	}
	return lines
}

// unheardOf introduces an order or a form; of anything else nothing is known.
func (r *wording) unheardOf(ctx context.Context, in bridge.Incoming) string {
	switch {
	case in.Detail == "order" && len(in.Attachments) > 0:
		return r.Say.Say("The customer sent an order.")
	case in.Detail == "order":
		return r.Say.Say("The customer sent an order. It can be seen in the Page inbox of Facebook: %s", r.inbox(ctx, in))
	case in.Detail == "form" && len(in.Attachments) > 0:
		return r.Say.Say("The customer filled in a form.")
	case in.Detail == "form":
		return r.Say.Say("The customer filled in a form. It can be seen in the Page inbox of Facebook: %s", r.inbox(ctx, in))
	}
	return r.Say.Say("The customer sent something that cannot be shown here. It can be seen in the Page inbox of Facebook: %s", r.inbox(ctx, in))
}

// inbox returns where the conversation is found at Facebook.
func (r *wording) inbox(ctx context.Context, in bridge.Incoming) string {
	if in.Comment != nil {
		return in.Comment.Link
	}
	if page, err := r.Pages.Page(in.Conversation.Page); err == nil && r.PageInbox != nil {
		if address := r.PageInbox(ctx, page, in.Conversation.Customer); address != "" {
			return address
		}
	}
	return inboxOf(in.Conversation.Page)
}

// inboxOf returns the address of a page's inbox at Facebook, without asking.
func inboxOf(p bridge.PageID) string {
	return "https://business.facebook.com/latest/inbox/all?asset_id=" + url.QueryEscape(string(p))
}

// cited is a line of ours within what a customer says: the brackets are for those who are
// shown no markup, the mark of bridge.Cite is what customers cannot write.
func cited(line string) string { return bridge.Cite("[" + bridge.OneLine(line) + "]") }

// origins are the ways into a conversation, as Meta calls them.
var origins = map[string]string{
	"ADS":                  language.Sentence("The customer came through an ad."),
	"SHORTLINK":            language.Sentence("The customer came through an m.me link."),
	"CUSTOMER_CHAT_PLUGIN": language.Sentence("The customer came through the chat on a website."),
	"MESSENGER_CODE":       language.Sentence("The customer came through a Messenger code."),
	bridge.SendToMessenger: language.Sentence("The customer came through the Send to Messenger button."),
	"DISCOVER_TAB":         language.Sentence("The customer came through Messenger's list of businesses."),
}

func (r *wording) origin(o *bridge.Origin) string {
	sentence := origins[o.Source]
	switch {
	case sentence != "":
	case o.Product != "":
		sentence = language.Sentence("The customer came from the shop.")
	default:
		sentence = language.Sentence("The customer came through a link.")
	}
	said := []string{r.Say.Say(sentence)}
	for _, more := range []struct{ sentence, value string }{
		{language.Sentence("Ad: %s."), o.Title}, {language.Sentence("Reference: %s."), o.Ref},
		{language.Sentence("Product: %s."), o.Product}, {language.Sentence("Website: %s"), o.URL},
	} {
		if more.value != "" {
			said = append(said, r.Say.Say(more.sentence, bridge.OneLine(more.value)))
		}
	}
	return strings.Join(said, " ")
}

// thumbsUp are the stickers that Messenger's thumb button sends, small to large.
var thumbsUp = map[string]bool{"369239263222822": true, "369239343222814": true, "369239383222810": true}

// isFile reports whether an attachment is a file, to be fetched as bytes. What else
// has an address is a page on the web, and never fetched.
func isFile(a bridge.Attachment) bool {
	switch a.Kind {
	case "image", "video", "audio", "file", "sticker":
		return true
	case "": // Meta has forgotten to say; it may turn out to be a link
		return a.URL != ""
	}
	return false
}

// happened is what the agent reads for what nobody said.
func (r *wording) happened(ctx context.Context, in bridge.Incoming) string {
	switch in.Kind {
	case bridge.OtherEvent:
		return r.other(ctx, in)
	case bridge.HandoverEvent:
		return r.handover(in.Handover)
	case bridge.FeedbackEvent:
		return r.Say.Say("The customer answered the survey: %s", bridge.OneLine(strings.Join(in.Answers, ", ")))
	}
	switch { // OptinEvent
	case in.Detail == "out" && in.Text != "":
		return r.Say.Say("The customer no longer wants to be sent: %s", bridge.OneLine(in.Text))
	case in.Detail == "out":
		return r.Say.Say("The customer no longer wants to be sent news.")
	case in.Text != "":
		return r.Say.Say("The customer agreed to be sent: %s", bridge.OneLine(in.Text))
	}
	return r.Say.Say("The customer agreed to be sent news.")
}

// other is what the agent reads for an event that has no kind of its own.
func (r *wording) other(ctx context.Context, in bridge.Incoming) string {
	switch {
	case in.Detail == "response_feedback" && in.Text != "":
		return r.Say.Say("The customer rated an answer: %s", bridge.OneLine(in.Text))
	case in.Detail == "template" && in.Text != "":
		return r.Say.Say("The customer looked at a coupon. Code: %s", bridge.OneLine(in.Text))
	}
	return r.Say.Say("The customer sent something that cannot be shown here. It can be seen in the Page inbox of Facebook: %s", r.inbox(ctx, in))
}

func (r *wording) handover(h *bridge.Handover) string {
	switch {
	case h == nil:
		return r.Say.Say("Another app may be handling this conversation now.")
	case h.What == "request" && h.To == bridge.PageInbox:
		return r.Say.Say("Somebody in the Page inbox of Facebook asks to take over this conversation.")
	case h.What == "request":
		return r.Say.Say("Another app asks to take over this conversation.")
	case r.App != "" && h.To == r.App:
		return r.Say.Say("This conversation was handed to you: your messages reach the customer.")
	case h.To == bridge.PageInbox:
		return r.Say.Say("The Page inbox of Facebook is handling this conversation now. While it does, your messages may be refused; it can be given back there.")
	case h.To == "":
		return r.Say.Say("No app is handling this conversation any more: whoever answers first does.")
	}
	return r.Say.Say("Another app is handling this conversation now. While it does, your messages may be refused. Take it over in the Page inbox of Facebook.")
}

// author says who wrote a message of the page that is not ours.
func (r *wording) author(in bridge.Incoming) string {
	switch {
	case in.Comment != nil:
		return r.Say.Say("Answered below the comment at Facebook:")
	case in.AI:
		return r.Say.Say("Facebook's own assistant answered:")
	case in.App == bridge.PageInbox:
		return r.Say.Say("Answered in the Page inbox of Facebook:")
	case r.App != "" && in.App == r.App:
		return r.Say.Say("Sent by another program of this Facebook app:")
	case in.App == "":
		return r.Say.Say("Answered at Facebook:")
	}
	return r.Say.Say("Answered by another app:")
}

// neutralName tells two customers apart without saying who they are.
func neutralName(say *language.Speaker, c bridge.CustomerID) string {
	return say.Say("Facebook customer %s", string(c[max(0, len(c)-4):]))
}
