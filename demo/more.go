package demo

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"messenger-bridge/sandbox/chat"
	"messenger-bridge/sandbox/meta"
)

// deed is something that people do beside writing a text.
type deed struct {
	ID, As, Label string // As is customer or agent
	does          string // in the event log, behind who
	do            func(s *stage, who who) error
}

// who is whoever does something: a customer, or the agent in a room.
type who struct {
	customer customer
	room     string
}

var deeds = []deed{
	{"picture", "customer", "Picture", "sends a picture", customerFile("image", "tulips.png", "image/png", picture)},
	{"document", "customer", "Document", "sends a document", customerFile("file", "order.pdf", "application/pdf", document)},
	{"voice", "customer", "Voice message", "sends a voice message", customerFile("audio", "audioclip.mp4", "audio/mp4", voice)},
	{"sticker", "customer", "Sticker", "sends a sticker", customerEvent(`"message":{"mid":%q,"attachments":[{"type":"sticker","payload":{"url":"https://example.org/like.png","sticker_id":"369239263222822"}}]}`)},
	{"place", "customer", "Location", "sends a location", customerEvent(`"message":{"mid":%q,"attachments":[{"type":"location","payload":{"coordinates":{"lat":59.3326,"long":18.0649}}}]}`)},
	{"ad", "customer", "Come through an ad", "comes through an ad", func(s *stage, who who) error {
		s.meta.Send(s.meta.ReferralEvent(pageID, who.customer.ID, "spring", "ADS", time.Now()))
		return nil
	}},
	{"answer", "customer", "Reply to the last message", "replies to a message", onBubble(true, func(s *stage, who who, b meta.Bubble) {
		_ = customerEvent(`"message":{"mid":%q,"text":"Yes, that one!","reply_to":{"mid":`+strconv.Quote(b.Mid)+`}}`)(s, who)
	})},
	{"love", "customer", "React with ♥", "reacts to a message", onBubble(true, func(s *stage, who who, b meta.Bubble) {
		s.meta.Send(s.meta.ReactionEvent(pageID, who.customer.ID, b.Mid, "love", "❤", time.Now()))
	})},
	{"correct", "customer", "Correct my last message", "corrects a message", onBubble(false, func(s *stage, who who, b meta.Bubble) {
		s.meta.Send(s.meta.EditEvent(pageID, who.customer.ID, b.Mid, corrected(b.Text), 1+strings.Count(b.Text, correction), time.Now()))
	})},
	{"unsend", "customer", "Unsend my last message", "takes a message back", onBubble(false, func(s *stage, who who, b meta.Bubble) {
		s.meta.Unsend(b.Mid)
		s.meta.Send(customerElement(who.customer.ID, fmt.Sprintf(`"message":{"mid":%q,"is_deleted":true}`, b.Mid)))
	})},

	{"picture", "agent", "Picture with a caption", "sends a picture", agentFile("This is what they look like.", chat.File{Name: "tulips.png", Type: "image/png", Content: picture()})},
	{"document", "agent", "Document", "sends a document", agentFile("", chat.File{Name: "menu.pdf", Type: "application/pdf", Content: document()})},
	{"choices", "agent", "Choices", "offers choices", func(s *stage, who who) error {
		s.tom.Says(who.room, "Shall we deliver it?\n[Yes] [No] [Call me]")
		return nil
	}},
	{"answer", "agent", "Quote the last message", "quotes a message", onMessage(true, func(s *stage, who who, m chat.Message) {
		s.tom.Quotes(who.room, m.ID, "We will see to that.")
	})},
	{"love", "agent", "React with ♥", "reacts to a message", onMessage(true, func(s *stage, _ who, m chat.Message) { s.tom.Reacts(m.ID, ":heart:") })},
	{"correct", "agent", "Correct my last message", "corrects a message", onMessage(false, func(s *stage, _ who, m chat.Message) { s.tom.Edits(m.ID, corrected(m.Text)) })},
	{"delete", "agent", "Delete my last message", "deletes a message", onMessage(false, func(s *stage, _ who, m chat.Message) { s.tom.Deletes(m.ID) })},
	{"typing", "agent", "Be typing", "is typing", func(s *stage, who who) error { s.tom.Types(who.room); return nil }},
}

// correction is what a correction adds.
const correction = " (I mean it!)"

func corrected(text string) string { return text + correction }

func customerFile(kind, name, mediaType string, content func() []byte) func(*stage, who) error {
	return func(s *stage, who who) error {
		address := s.meta.Host(meta.Media{Name: name, Type: mediaType, Content: content()})
		s.meta.CustomerSends(pageID, who.customer.ID, "", meta.Attachment{Type: kind, URL: address})
		return nil
	}
}

// customerEvent sends an event with a message id of its own.
func customerEvent(body string) func(*stage, who) error {
	return func(s *stage, who who) error {
		mid := "m_demo_" + strconv.FormatInt(time.Now().UnixNano(), 36)
		s.meta.Send(customerElement(who.customer.ID, fmt.Sprintf(body, mid)))
		return nil
	}
}

func customerElement(customer, body string) meta.Event {
	return meta.Event{Page: pageID, Element: fmt.Sprintf(`{"sender":{"id":%q},"recipient":{"id":%q},"timestamp":%d,%s}`, customer, pageID, time.Now().UnixMilli(), body)}
}

// onBubble does something with the latest message of the page, or of the customer with
// a text.
func onBubble(fromPage bool, do func(*stage, who, meta.Bubble)) func(*stage, who) error {
	return func(s *stage, who who) error {
		for _, b := range slices.Backward(s.meta.Thread(pageID, who.customer.ID)) {
			if b.FromPage == fromPage && (fromPage || b.Text != "") {
				do(s, who, b)
				return nil
			}
		}
		return errors.New("there is no such message yet")
	}
}

func agentFile(text string, f chat.File) func(*stage, who) error {
	return func(s *stage, who who) error {
		s.tom.Uploads(who.room, text, f)
		return nil
	}
}

// onMessage does something with the latest message of the customer, or of Tom with a
// text.
func onMessage(customers bool, do func(*stage, who, chat.Message)) func(*stage, who) error {
	return func(s *stage, who who) error {
		for _, m := range slices.Backward(s.rc.Messages(who.room)) {
			if m.System == "" && !m.Deleted && m.FromVisitor == customers && (customers || m.Username == agentName && m.Text != "") {
				do(s, who, m)
				return nil
			}
		}
		return errors.New("there is no such message yet")
	}
}

// picture is the one picture of the demo: tulips in front of the sky.
var picture = sync.OnceValue(func() []byte {
	const width, height = 240, 150
	picture := image.NewPaletted(image.Rect(0, 0, width, height), color.Palette{
		color.RGBA{196, 222, 245, 255}, color.RGBA{120, 168, 104, 255}, color.RGBA{58, 110, 62, 255},
		color.RGBA{205, 52, 72, 255}, color.RGBA{240, 178, 52, 255}, color.RGBA{142, 74, 158, 255},
	})
	for y := range height {
		for x := range width {
			c := uint8(0)
			if y > 112+int(6*math.Sin(float64(x)/30)) {
				c = 1
			}
			for i, at := range []int{30, 75, 120, 165, 210} {
				top := 50 + 12*(i%2)
				dx, dy := float64(x-at), float64(y-top)
				if x >= at-1 && x <= at+1 && y > top && y < 135 {
					c = 2
				}
				if petals := dx*dx/196 + dy*dy/420; petals < 1 && dy > -16+math.Abs(math.Mod(dx+28, 14)-7) {
					c = uint8(3 + i%3)
				}
			}
			picture.SetColorIndex(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, picture); err != nil {
		panic(err) // into memory
	}
	return b.Bytes()
})

func document() []byte {
	return []byte("%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n")
}

func voice() []byte {
	return []byte("\x00\x00\x00\x18ftypM4A \x00\x00\x00\x00M4A mp42isom" + strings.Repeat("la", 2000))
}

// viewFile is a file of a message.
type viewFile struct {
	Name    string `json:"name"`
	Picture bool   `json:"picture"` // it is the one that the demo has
}

// filesOfRoom are the files of a message in Rocket.Chat.
func filesOfRoom(m chat.Message) (files []viewFile) {
	for _, a := range m.Attachments {
		if a["type"] == "file" {
			files = append(files, viewFile{fmt.Sprint(a["title"]), a["image_url"] != nil})
		}
	}
	return files
}

// filesOfBubble are the files of a message in Messenger.
func filesOfBubble(b meta.Bubble) (files []viewFile) {
	if b.File.Name != "" {
		files = append(files, viewFile{b.File.Name, b.File.Type == "image"})
	}
	for _, a := range b.Attachments {
		name := a.URL[strings.LastIndexByte(a.URL, '/')+1:]
		name, _, _ = strings.Cut(name, "?")
		files = append(files, viewFile{cmp.Or(name, a.Type), a.Type == "image"})
	}
	return files
}
