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
	do            func(p *play, who who) error
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
	{"ad", "customer", "Come through an ad", "comes through an ad", func(p *play, who who) error {
		p.meta.Send(p.meta.ReferralEvent(pageID, who.customer.ID, "spring", "ADS", time.Now()))
		return nil
	}},
	{"answer", "customer", "Reply to the last message", "replies to a message", onBubble(true, func(p *play, who who, b meta.Bubble) {
		_ = customerEvent(`"message":{"mid":%q,"text":"Yes, that one!","reply_to":{"mid":`+strconv.Quote(b.Mid)+`}}`)(p, who)
	})},
	{"love", "customer", "React with ♥", "reacts to a message", onBubble(true, func(p *play, who who, b meta.Bubble) {
		p.meta.Send(p.meta.ReactionEvent(pageID, who.customer.ID, b.Mid, "love", "❤", time.Now()))
	})},
	{"correct", "customer", "Correct my last message", "corrects a message", onBubble(false, func(p *play, who who, b meta.Bubble) {
		p.meta.Send(p.meta.EditEvent(pageID, who.customer.ID, b.Mid, corrected(b.Text), 1+strings.Count(b.Text, correction), time.Now()))
	})},
	{"unsend", "customer", "Unsend my last message", "takes a message back", onBubble(false, func(p *play, who who, b meta.Bubble) {
		p.meta.Unsend(b.Mid)
		p.meta.Send(customerElement(who.customer.ID, fmt.Sprintf(`"message":{"mid":%q,"is_deleted":true}`, b.Mid)))
	})},

	{"picture", "agent", "Picture with a caption", "sends a picture", agentFile("This is what they look like.", chat.File{Name: "tulips.png", Type: "image/png", Content: picture()})},
	{"document", "agent", "Document", "sends a document", agentFile("", chat.File{Name: "menu.pdf", Type: "application/pdf", Content: document()})},
	{"choices", "agent", "Choices", "offers choices", func(p *play, who who) error {
		p.ana.Says(who.room, "Shall we deliver it?\n[Yes] [No] [Call me]")
		return nil
	}},
	{"answer", "agent", "Quote the last message", "quotes a message", onMessage(true, func(p *play, who who, m chat.Message) {
		p.ana.Quotes(who.room, m.ID, "We will see to that.")
	})},
	{"love", "agent", "React with ♥", "reacts to a message", onMessage(true, func(p *play, _ who, m chat.Message) { p.ana.Reacts(m.ID, ":heart:") })},
	{"correct", "agent", "Correct my last message", "corrects a message", onMessage(false, func(p *play, _ who, m chat.Message) { p.ana.Edits(m.ID, corrected(m.Text)) })},
	{"delete", "agent", "Delete my last message", "deletes a message", onMessage(false, func(p *play, _ who, m chat.Message) { p.ana.Deletes(m.ID) })},
	{"typing", "agent", "Be typing", "is typing", func(p *play, who who) error { p.ana.Types(who.room); return nil }},
}

// done lets somebody do something.
func (p *play) done(a action) error {
	who, as, name := who{room: a.Room}, "agent", "Ana"
	if i := slices.IndexFunc(customers, func(c customer) bool { return c.Key == a.As }); i >= 0 {
		who.customer, as, name = customers[i], "customer", customers[i].First
	} else if err := p.mayAnswer(a.Room); err != nil {
		return err
	}
	for _, d := range deeds {
		if d.ID == a.ID && d.As == as {
			err := d.do(p, who)
			if err == nil {
				p.note("switch", name+" "+d.does)
			}
			return err
		}
	}
	return errors.New("nobody can do that")
}

// tapped lets a customer tap a quick reply of the page's latest message.
func (p *play) tapped(a action) error {
	for _, c := range customers {
		if c.Key != a.As {
			continue
		}
		if all := p.meta.Thread(pageID, c.ID); len(all) > 0 && slices.Contains(all[len(all)-1].Quick, a.Text) {
			p.meta.CustomerTaps(pageID, c.ID, a.Text)
			return nil
		}
	}
	return errors.New("that choice is not shown any more")
}

// correction is what a correction adds.
const correction = " (I mean it!)"

func corrected(text string) string { return text + correction }

func customerFile(kind, name, mediaType string, content func() []byte) func(*play, who) error {
	return func(p *play, who who) error {
		address := p.meta.Host(meta.Media{Name: name, Type: mediaType, Content: content()})
		p.meta.CustomerSends(pageID, who.customer.ID, "", meta.Attachment{Type: kind, URL: address})
		return nil
	}
}

// customerEvent sends an event with a message id of its own.
func customerEvent(body string) func(*play, who) error {
	return func(p *play, who who) error {
		mid := "m_demo_" + strconv.FormatInt(time.Now().UnixNano(), 36)
		p.meta.Send(customerElement(who.customer.ID, fmt.Sprintf(body, mid)))
		return nil
	}
}

func customerElement(customer, body string) meta.Event {
	return meta.Event{Page: pageID, Element: fmt.Sprintf(`{"sender":{"id":%q},"recipient":{"id":%q},"timestamp":%d,%s}`, customer, pageID, time.Now().UnixMilli(), body)}
}

// onBubble does something with the latest message of the page, or of the customer with
// a text.
func onBubble(fromPage bool, do func(*play, who, meta.Bubble)) func(*play, who) error {
	return func(p *play, who who) error {
		for _, b := range slices.Backward(p.meta.Thread(pageID, who.customer.ID)) {
			if b.FromPage == fromPage && (fromPage || b.Text != "") {
				do(p, who, b)
				return nil
			}
		}
		return errors.New("there is no such message yet")
	}
}

func agentFile(text string, f chat.File) func(*play, who) error {
	return func(p *play, who who) error {
		p.ana.Uploads(who.room, text, f)
		return nil
	}
}

// onMessage does something with the latest message of the customer, or of Ana with a
// text.
func onMessage(customers bool, do func(*play, who, chat.Message)) func(*play, who) error {
	return func(p *play, who who) error {
		for _, m := range slices.Backward(p.rc.Messages(who.room)) {
			if m.System == "" && !m.Deleted && m.FromVisitor == customers && (customers || m.Username == agentName && m.Text != "") {
				do(p, who, m)
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
