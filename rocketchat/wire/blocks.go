package wire

// block is a block or an element of UiKit. Their many types say the same things under
// the same names, and so will those to come.
type block struct {
	Type        string  `json:"type"`
	Text        words   `json:"text"`
	Title       words   `json:"title"`
	Label       words   `json:"label"`
	Description words   `json:"description"`
	Placeholder words   `json:"placeholder"`
	Hint        words   `json:"hint"`
	AltText     words   `json:"altText"`
	AltOld      words   `json:"alt_text"`
	Value       words   `json:"value"`
	Initial     words   `json:"initialValue"`
	URL         string  `json:"url"`
	ImageURL    string  `json:"imageUrl"`
	ImageOld    string  `json:"image_url"`
	ExternalURL string  `json:"externalUrl"`
	Fields      []block `json:"fields"`
	Elements    []block `json:"elements"`
	Options     []block `json:"options"`
	Rows        []block `json:"rows"`
	Blocks      []block `json:"blocks"`
	Accessory   *block  `json:"accessory"`
	Element     *block  `json:"element"`
	Footer      *block  `json:"footer"`
}

// how says what becomes of a block or an element.
type how uint8

const (
	asUnknown how = iota // its words; the agent is told if there are none
	asWords              // its words and those of all it holds, line by line
	asButton             // a button
	asOptions            // its words, and its options line by line
	asPicture            // its title, and its address as a link
	asNothing            // it says nothing
	asCall               // an invitation to a call: see the types of messages
)

// blockKinds are the blocks and elements of UiKit that are known.
var blockKinds = map[string]how{
	"plain_text": asWords, "mrkdwn": asWords, "markdown": asWords,
	"section": asWords, "actions": asWords, "context": asWords, "header": asWords, "input": asWords, "preview": asWords, "callout": asWords,
	"info_card": asWords, "conditional": asWords, "tab_navigation": asWords, "tab": asWords,
	"plain_text_input": asWords, "datepicker": asWords, "time_picker": asWords, "linear_scale": asWords,
	"button": asButton, "icon_button": asButton,
	"static_select": asOptions, "multi_static_select": asOptions, "overflow": asOptions, "radio_button": asOptions, "checkbox": asOptions,
	"toggle_switch": asOptions, "users_select": asOptions, "multi_users_select": asOptions, "channels_select": asOptions,
	"multi_channels_select": asOptions, "conversations_select": asOptions, "multi_conversations_select": asOptions,
	"image": asPicture, "divider": asNothing, "icon": asNothing, "video_conf": asCall,
}

// walk adds what a block says, as people read it from top to bottom.
func (c *content) walk(b *block) {
	if b == nil {
		return
	}
	before := c.size()
	kind := blockKinds[b.Type]
	switch kind {
	case asNothing, asCall:
		return
	case asButton:
		c.press(first(b.Text, b.Label, b.Title, b.AltText), b.URL, string(b.Value))
		return
	case asPicture:
		c.say(first(b.Title, b.AltText, b.AltOld), b.ImageURL, b.ImageOld, b.URL)
		return
	}
	c.say(string(b.Title), string(b.Text), string(b.Label), string(b.Description), string(b.Placeholder), string(b.Hint), string(b.Initial))
	for _, some := range [][]block{b.Fields, b.Elements, b.Rows, b.Blocks} {
		for i := range some {
			c.walk(&some[i])
		}
	}
	for i := range b.Options {
		o := &b.Options[i]
		if name := first(o.Text, o.Label, o.Title, o.Value); name != "" {
			c.say("▸ " + name)
		}
		c.say(string(o.Description), o.URL)
	}
	c.walk(b.Accessory)
	c.walk(b.Element)
	c.walk(b.Footer)
	c.say(b.ImageURL, b.ImageOld, b.URL, b.ExternalURL)
	if kind == asUnknown && c.size() == before && b.Type != "" {
		c.left("block", b.Type)
	}
}
