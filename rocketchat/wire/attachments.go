package wire

import (
	"net/url"
	"strings"

	"messenger-bridge/bridge"
	"messenger-bridge/rocketchat/markup"
)

// attachment is a file, a quote, or a card of a bot (rocketchat.md 6.2, 6.3).
type attachment struct {
	Type        string   `json:"type"`
	Title       string   `json:"title"`
	TitleLink   string   `json:"title_link"`
	Text        string   `json:"text"`
	Description string   `json:"description"`
	MessageLink string   `json:"message_link"` // of a quote
	Actions     []action `json:"actions"`

	Size      int64  `json:"size"`
	ImageURL  string `json:"image_url"` // perhaps of a thumbnail
	ImageType string `json:"image_type"`
	ImageSize int64  `json:"image_size"`
	AudioURL  string `json:"audio_url"`
	AudioType string `json:"audio_type"`
	AudioSize int64  `json:"audio_size"`
	VideoURL  string `json:"video_url"`
	VideoType string `json:"video_type"`
	VideoSize int64  `json:"video_size"`
}

type action struct {
	Type string `json:"type"`
	Text string `json:"text"`
	URL  string `json:"url"`
	Msg  string `json:"msg"`
}

// file returns the attachment as a file: the original, not the thumbnail.
func (a attachment) file() bridge.Attachment {
	f := bridge.Attachment{Kind: bridge.FileKind, URL: a.TitleLink, Name: a.Title, Size: a.Size}
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

// card is what an attachment says in words.
func (a attachment) card() string {
	return strings.TrimSpace(strings.Join([]string{a.Title, a.Text, a.TitleLink}, "\n"))
}

// quoted returns the id of the message that an attachment quotes, or "".
func (a attachment) quoted() bridge.MessageID {
	link, err := url.Parse(a.MessageLink)
	if err != nil {
		return ""
	}
	return bridge.MessageID(link.Query().Get("msg"))
}

// attach adds to a message what one of its attachments holds.
func (m Message) attach(a *bridge.AgentMessage, f attachment) {
	more := ""
	switch {
	case f.quoted() != "":
		if a.Quote == nil {
			a.Quote = &bridge.Quote{Message: f.quoted(), Text: markup.Plain(f.Text)}
		}
		return
	case f.Type == "removed-file":
		return
	case f.Type == "file":
		a.Attachments = append(a.Attachments, f.file())
		if more = f.Description; strings.TrimSpace(more) == strings.TrimSpace(m.Text) {
			more = "" // some versions write it twice
		}
	case f.card() != "" && (len(f.Actions) > 0 || Given(m.Bot)):
		more = f.card() // of links, Rocket.Chat itself makes cards as well
	}
	if more != "" {
		a.Text = strings.TrimSpace(a.Text + "\n" + more)
	}
	for _, action := range f.Actions {
		a.Buttons = append(a.Buttons, bridge.Button{Title: strings.TrimSpace(markup.Plain(action.Text)), URL: action.URL, Payload: action.Msg})
	}
}
