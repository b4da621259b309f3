package wire

import (
	"net/url"
	"path"
	"strings"

	"messenger-bridge/bridge"
	"messenger-bridge/rocketchat/markup"
)

// attachment is a file, a quote, a forwarded message, or a card of a person or a program
// (rocketchat.md 6.2, 6.3).
type attachment struct {
	Type        string       `json:"type"`
	Pretext     words        `json:"pretext"`
	AuthorName  words        `json:"author_name"`
	AuthorIcon  string       `json:"author_icon"`
	Title       words        `json:"title"`
	TitleLink   string       `json:"title_link"`
	Text        words        `json:"text"`
	Description words        `json:"description"`
	Fields      []cardField  `json:"fields"`
	Footer      words        `json:"footer"`
	ThumbURL    string       `json:"thumb_url"`
	MessageLink string       `json:"message_link"` // of a quote
	Actions     []action     `json:"actions"`
	Attachments []attachment `json:"attachments"` // of what is quoted

	Size      int64  `json:"size"`
	ImageURL  string `json:"image_url"` // of a file, perhaps of a thumbnail
	ImageType string `json:"image_type"`
	ImageSize int64  `json:"image_size"`
	AudioURL  string `json:"audio_url"`
	AudioType string `json:"audio_type"`
	AudioSize int64  `json:"audio_size"`
	VideoURL  string `json:"video_url"`
	VideoType string `json:"video_type"`
	VideoSize int64  `json:"video_size"`
}

// cardField is a line of a card.
type cardField struct {
	Title words `json:"title"`
	Value words `json:"value"`
}

type action struct {
	Type string `json:"type"`
	Text words  `json:"text"`
	URL  string `json:"url"`
	Msg  string `json:"msg"`
}

// Types of attachments.
const (
	fileAttachment = "file"
	removedFile    = "removed-file"
)

// uploaded begins the addresses of what was uploaded to the workspace.
const uploaded = "/file-upload/"

// isFile reports whether the attachment is a file of the workspace. Cards may show
// pictures that lie there, too.
func (a attachment) isFile() bool {
	if a.Type == fileAttachment {
		return true
	}
	for _, at := range []string{a.ImageURL, a.AudioURL, a.VideoURL, a.TitleLink} {
		if strings.HasPrefix(at, uploaded) {
			return true
		}
	}
	return false
}

// file returns the attachment as a file: the original, not the thumbnail.
func (a attachment) file() bridge.Attachment {
	f := bridge.Attachment{Kind: bridge.FileKind, URL: a.TitleLink, Name: string(a.Title), Size: a.Size}
	for _, as := range []struct {
		kind, url, mediaType string
		size                 int64
	}{
		{"image", a.ImageURL, a.ImageType, a.ImageSize}, {"audio", a.AudioURL, a.AudioType, a.AudioSize}, {"video", a.VideoURL, a.VideoType, a.VideoSize},
	} {
		if as.url == "" {
			continue
		}
		f.Kind, f.Type, f.Size = as.kind, as.mediaType, as.size
		if f.URL == "" {
			f.URL = as.url
		}
	}
	return f
}

// upload is a file that a message names as its own.
type upload struct {
	ID   string `json:"_id"`
	Type string `json:"type"`
	Size int64  `json:"size"`
}

// own returns a file with what the message says of it among its own, if it does. The lists
// are no proof: chat.sendMessage takes them from whoever writes by hand.
func (m Message) own(f bridge.Attachment) bridge.Attachment {
	for _, u := range append(m.Files, m.File) {
		if u.ID == "" || !strings.Contains(f.URL, uploaded+u.ID+"/") {
			continue
		}
		f.Own = true
		if f.Type == "" {
			f.Type = u.Type
		}
		if f.Size == 0 {
			f.Size = u.Size
		}
	}
	return f
}

// quoted returns the id of the message that an attachment quotes, or "".
func (a attachment) quoted() bridge.MessageID {
	link, err := url.Parse(a.MessageLink)
	if err != nil {
		return ""
	}
	return bridge.MessageID(link.Query().Get("msg"))
}

// by reports whether somebody wrote what an attachment quotes. Names may be shown in place of usernames; pictures lie
// under usernames.
func (a attachment) by(username string) bool {
	icon, err := url.Parse(a.AuthorIcon)
	return username != "" && (string(a.AuthorName) == username || err == nil && path.Base(icon.Path) == username)
}

// preview reports whether Rocket.Chat made the attachment of a link in a text: what it
// says is not the author's.
func (a attachment) preview(text string) bool {
	if len(a.Actions)+len(a.Fields) > 0 {
		return false
	}
	for _, link := range []string{a.TitleLink, a.ImageURL, a.VideoURL, a.AudioURL} {
		if link != "" && strings.Contains(text, link) {
			return true
		}
	}
	return false
}

// lines are what a card says, as people read it from top to bottom.
func (a attachment) lines() []string {
	all := []string{string(a.Pretext), string(a.AuthorName), string(a.Title), string(a.Text), string(a.Description)}
	for _, f := range a.Fields {
		all = append(all, strings.Trim(string(f.Title)+": "+string(f.Value), ": "))
	}
	return append(all, a.TitleLink, a.ImageURL, a.VideoURL, a.AudioURL, a.ThumbURL, string(a.Footer))
}

// attach adds what an attachment holds.
func (c *content) attach(f attachment) {
	before := c.size()
	switch {
	case f.quoted() != "":
		c.quote(f)
		return
	case f.Type == removedFile:
		return
	case f.isFile():
		c.a.Attachments = append(c.a.Attachments, c.m.own(f.file()))
		c.say(string(f.Description)) // some versions write it in the text as well
		if f.Type != fileAttachment {
			c.say(string(f.Text))
		}
	case !Given(c.m.Bot) && f.preview(c.m.Text):
		return
	default:
		c.say(f.lines()...)
	}
	for _, action := range f.Actions {
		c.press(string(action.Text), action.URL, action.Msg)
	}
	if c.size() == before && f.Type != "" {
		c.left("attachment", f.Type)
	}
}

// quote adds a quoted message. What is quoted without a word of one's own is forwarded: its
// text is what the message says. Messenger shows only one quote, and only of what the
// customer has: the text of all others is repeated.
func (c *content) quote(f attachment) {
	text := markup.WithoutQuotes(string(f.Text))
	switch {
	case c.forwards():
		c.say(text)
		for _, inner := range f.Attachments {
			if text != "" && inner.quoted() != "" { // beside what is forwarded
				c.repeat(inner)
			} else {
				c.attach(inner)
			}
		}
	case !c.within && c.a.Quote == nil && strings.Contains(f.MessageLink, c.m.Room) && c.own():
		c.a.Quote = &bridge.Quote{Message: f.quoted(), Text: c.as.Plain(text), ByBot: f.by(c.bot)}
	default:
		c.repeat(f)
	}
}

// repeat adds a quoted message with all it says and holds, each with its id: what of it the customer may read is
// decided elsewhere.
func (c *content) repeat(f attachment) {
	inner := content{m: Message{Room: c.m.Room, Bot: c.m.Bot}, a: &bridge.AgentMessage{}, as: c.as, bot: c.bot, within: true}
	inner.say(markup.WithoutQuotes(string(f.Text)))
	for _, more := range f.Attachments {
		inner.attach(more)
	}
	said := strings.Join(inner.lines, "\n")
	if said == "" && len(inner.a.Attachments)+len(inner.a.Repeats) == 0 {
		return
	}
	c.a.Repeats = append(c.a.Repeats, bridge.Quoted{
		Quote:       bridge.Quote{Message: f.quoted(), Text: c.as.Plain(said), ByBot: f.by(c.bot)},
		Attachments: inner.a.Attachments, Quotes: inner.a.Repeats,
	})
}
