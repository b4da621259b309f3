package wire

import (
	"slices"
	"strconv"
	"strings"
	"time"

	json "github.com/go-json-experiment/json/v1"

	"messenger-bridge/bridge"
)

type attachment struct {
	Type    Text    `json:"type"`
	URL     Text    `json:"url"` // older link previews have it here
	Title   Text    `json:"title"`
	Payload payload `json:"payload"`

	all []byte // the JSON text of it
}

// UnmarshalJSON keeps the JSON text: its words are searched for those that no field takes.
func (a *attachment) UnmarshalJSON(b []byte) error {
	type plain attachment
	err := json.Unmarshal(b, (*plain)(a)) // a value of the wrong type costs itself only
	a.all = slices.Clone(b)
	var loose struct {
		Payload json.RawMessage `json:"payload"`
	}
	if err != nil && json.Unmarshal(b, &loose) == nil {
		a.Payload.readLoose(loose.Payload)
	}
	return nil
}

// readLoose takes over a payload that is an address, or stands in a list.
func (p *payload) readLoose(b json.RawMessage) {
	if address := Scalar(b); strings.HasPrefix(address, "https://") {
		p.URL = Text(address)
		return
	}
	for _, one := range elements(b) {
		_ = json.Unmarshal(one, p) // likewise
	}
}

type payload struct {
	URL         Text `json:"url"`
	Title       Text `json:"title"`
	Text        Text `json:"text"`
	Sticker     ID   `json:"sticker_id"`
	Coordinates *struct {
		Lat  decimal `json:"lat"`
		Long decimal `json:"long"`
	} `json:"coordinates"`

	booking
	template
}

// booking is an appointment.
type booking struct {
	Status   Text `json:"status"`
	Start    Text `json:"start_time"`
	End      Text `json:"end_time"`
	Timezone Text `json:"timezone"`
}

// attachments returns what is attached: a template's elements one by one, and at last
// what the customer can choose from.
func (m *Message) attachments() (list []bridge.Attachment) {
	for i := range m.Attachments {
		if string(m.Attachments[i].all) == "null" {
			continue
		}
		list = append(list, m.Attachments[i].read()...)
	}
	if choices := titles(m.QuickReplies); len(choices) > 0 {
		list = append(list, bridge.Attachment{Kind: "choices", Buttons: choices})
	}
	// While Meta changed how stickers are told, both forms came in one message.
	return bounded(slices.CompactFunc(list, func(a, b bridge.Attachment) bool { return a.Sticker != "" && a.Sticker == b.Sticker }))
}

// bounded leaves out what is too much, and says how much that was. Of nothing there is no list, as if read
// from the store.
func bounded(list []bridge.Attachment) []bridge.Attachment {
	const whole = bridge.MostAttached - 1
	switch {
	case len(list) == 0:
		return nil
	case len(list) <= bridge.MostAttached:
		return list
	}
	return append(slices.Clone(list[:whole]), bridge.Attachment{Kind: bridge.MoreAttached, Size: int64(len(list) - whole)})
}

func (a *attachment) read() []bridge.Attachment {
	p := &a.Payload
	one := bridge.Attachment{
		Kind: string(a.Type), URL: First(p.URL, p.CouponURL, a.URL), Title: First(p.Title, a.Title), Text: lines(p.Subtitle, p.Text),
		Sticker: string(p.Sticker),
	}
	if one.Sticker != "" && one.Kind == "image" { // as it was until August 2026
		one.Kind = "sticker"
	}
	if p.Coordinates != nil {
		one.Place = &bridge.Place{Lat: float64(p.Coordinates.Lat), Long: float64(p.Coordinates.Long)}
	}
	if one.Kind == "appointment_booking" || p.Status != "" {
		p.booking.read(&one)
	}
	all := p.template.parts(one)
	last := &all[len(all)-1]
	last.Text = join(last.Text, strings.Join(unsaid(a.all, all), "\n"))
	return slices.DeleteFunc(all, func(b bridge.Attachment) bool { return len(all) > 1 && empty(b) })
}

// Card returns the words of a template as conversations tell it (messenger.md 5.3): as the
// payload of a webhook's. Nil: it has none.
func Card(b []byte) []bridge.Attachment {
	if len(b) == 0 {
		return nil
	}
	a := attachment{Type: "template"}
	_ = json.Unmarshal(b, &a.Payload) // a value of the wrong type costs itself only
	a.all = b
	return slices.DeleteFunc(a.read(), empty)
}

// empty reports whether an attachment is nothing but its kind.
func empty(a bridge.Attachment) bool {
	return a.URL == "" && a.Title == "" && a.Text == "" && a.Place == nil && a.Sticker == "" && a.Booking == nil && a.Type == "" && len(a.Buttons)+len(a.Facts) == 0
}

// read takes over an appointment. Times that cannot be read are left to people.
func (k *booking) read(a *bridge.Attachment) {
	zone, err := time.LoadLocation(string(k.Timezone))
	if err != nil {
		zone = time.UTC
	}
	start, end := k.Start.moment(zone), k.End.moment(zone)
	a.Booking = &bridge.Booking{Status: strings.TrimSpace(string(k.Status)), Start: start, End: end}
	if start.IsZero() && k.Start != "" {
		a.Text = join(a.Text, strings.Join(strings.Fields(string(k.Start+" "+k.End+" "+k.Timezone)), " "))
	}
}

// moments are the ways in which times are written that are no numbers.
var moments = []string{time.RFC3339, "2006-01-02T15:04:05-0700", "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04"}

// moment is the time that a text tells; one without an offset is of the zone. Zero: none.
func (t Text) moment(zone *time.Location) time.Time {
	if n, err := strconv.ParseInt(string(t), 10, 64); err == nil && !Number(n).Time().IsZero() {
		return Number(n).Time()
	}
	for _, layout := range moments {
		if at, err := time.ParseInLocation(layout, string(t), zone); err == nil && at.Year() > 2003 && at.Year() < 2201 {
			return at.UTC()
		}
	}
	return time.Time{}
}

// lines joins texts that are not empty, one in a line.
func lines(texts ...Text) string {
	all := ""
	for _, t := range texts {
		all = join(all, string(t))
	}
	return all
}

func join(above, below string) string {
	if above == "" || below == "" {
		return above + below
	}
	return above + "\n" + below
}
