package wire

import (
	"bytes"
	"slices"
	"strings"

	json "github.com/go-json-experiment/json/v1"

	"messenger-bridge/bridge"
	"messenger-bridge/textcut"
)

// template is what is known of templates: of products that customers share, and of those
// that other apps send (messenger.md 3.7).
type template struct {
	Kind        Text      `json:"template_type"`
	Subtitle    Text      `json:"subtitle"`
	Elements    []element `json:"elements"`
	Buttons     []choice  `json:"buttons"`
	ButtonTitle Text      `json:"button_title"`
	Product     struct {
		Elements []element `json:"elements"`
	} `json:"product"`
	coupon
	bill
}

type coupon struct {
	Code         Text `json:"coupon_code"`
	CouponURL    Text `json:"coupon_url"`
	CouponButton Text `json:"coupon_url_button_title"`
}

type bill struct {
	Order     Text         `json:"order_number"`
	Recipient Text         `json:"recipient_name"`
	Currency  Text         `json:"currency"`
	Payment   Text         `json:"payment_method"`
	Address   postal       `json:"address"`
	Changes   []adjustment `json:"adjustments"`
	Summary   struct {
		Subtotal Text `json:"subtotal"`
		Shipping Text `json:"shipping_cost"`
		Tax      Text `json:"total_tax"`
		Total    Text `json:"total_cost"`
	} `json:"summary"`
}

type postal struct {
	Street  Text `json:"street_1"`
	Street2 Text `json:"street_2"`
	Code    Text `json:"postal_code"`
	City    Text `json:"city"`
	State   Text `json:"state"`
	Country Text `json:"country"`
}

type adjustment struct {
	Name   Text `json:"name"`
	Amount Text `json:"amount"`
}

type element struct {
	Title    Text     `json:"title"`
	Subtitle Text     `json:"subtitle"`
	Quantity Text     `json:"quantity"`
	Price    Text     `json:"price"`
	Currency Text     `json:"currency"`
	Media    Text     `json:"media_type"`
	URL      Text     `json:"url"`
	Buttons  []choice `json:"buttons"`
	Action   struct {
		URL Text `json:"url"`
	} `json:"default_action"`
}

type choice struct {
	Title Text `json:"title"`
}

// parts returns a template as people read it: what stands above its elements, the
// elements, and what stands below. Anything else is one part.
func (t *template) parts(one bridge.Attachment) []bridge.Attachment {
	one.Facts = append(one.Facts, t.above()...)
	below := bridge.Attachment{Kind: one.Kind, Facts: t.below(), Buttons: t.buttons()}
	elements := slices.Concat(t.Elements, t.Product.Elements)
	if len(elements) == 0 {
		one.Facts, one.Buttons = append(one.Facts, below.Facts...), below.Buttons
		return []bridge.Attachment{one}
	}
	if one.Title == string(elements[0].Title) { // an echo has it twice
		one.Title = ""
	}
	all := []bridge.Attachment{one}
	for i := range elements {
		all = append(all, elements[i].read(one.Kind, t.Currency))
	}
	return append(all, below)
}

func (t *template) above() (all []bridge.Fact) {
	a := t.Address
	address := strings.Join(slices.DeleteFunc([]string{
		string(a.Street), string(a.Street2), strings.TrimSpace(string(a.Code) + " " + string(a.City)), string(a.State), string(a.Country),
	}, textcut.Blank), ", ")
	return facts(bridge.FactCode, t.Code, bridge.FactOrder, t.Order, bridge.FactFor, t.Recipient, bridge.FactAddress, Text(address))
}

func (t *template) below() (all []bridge.Fact) {
	s := t.Summary
	all = facts(bridge.FactSubtotal, money(s.Subtotal, t.Currency), bridge.FactShipping, money(s.Shipping, t.Currency), bridge.FactTax, money(s.Tax, t.Currency))
	for _, c := range t.Changes {
		all = append(all, facts(string(c.Name), money(c.Amount, t.Currency))...)
	}
	return append(all, facts(bridge.FactTotal, money(s.Total, t.Currency), bridge.FactPayment, t.Payment)...)
}

func (t *template) buttons() []string {
	return titles(slices.Concat(t.Buttons, []choice{{t.ButtonTitle}, {t.CouponButton}}))
}

func (e *element) read(kind string, currency Text) bridge.Attachment {
	title := e.Title
	if e.Quantity != "" {
		title = Text(strings.TrimSuffix(string(e.Quantity)+" × "+string(title), " × "))
	}
	one := bridge.Attachment{
		Kind: kind, Title: string(title), Text: lines(e.Subtitle, money(e.Price, Text(First(e.Currency, currency)))),
		URL: First(e.Action.URL, e.URL), Buttons: titles(e.Buttons),
	}
	if e.Media != "" {
		one.Type = strings.ToLower(string(e.Media))
	}
	return one
}

// money is an amount as people read it.
func money(amount, currency Text) Text {
	if amount == "" {
		return ""
	}
	return Text(strings.TrimSpace(string(amount) + " " + string(currency)))
}

// facts takes names and values in turn, and leaves out those without a value.
func facts(pairs ...any) (all []bridge.Fact) {
	for i := 0; i < len(pairs); i += 2 {
		if value := pairs[i+1].(Text); value != "" { // #nosec G602 -- names and values are written in pairs, below
			all = append(all, bridge.Fact{Name: pairs[i].(string), Value: string(value)})
		}
	}
	return all
}

func titles(buttons []choice) (all []string) {
	for _, b := range buttons {
		if b.Title != "" {
			all = append(all, string(b.Title))
		}
	}
	return all
}

// mostUnsaid bounds how many texts are taken from where none is expected.
const mostUnsaid = 100

// unsaid returns the texts of an attachment, in their order, that nothing which was read
// from it says. So no word is lost because nobody has told us where it may stand.
func unsaid(attachment []byte, read []bridge.Attachment) (all []string) {
	said, exactly := saidIn(read)
	words(attachment, func(key, text string) {
		switch {
		case len(all) == mostUnsaid || exactly[text] || technical(key) || textcut.Blank(text):
			return
		case strings.HasPrefix(text, "https://") || strings.HasPrefix(text, "http://"): // those that people see were read
		case !textcut.Says(said, text):
			all = append(all, text)
		}
		exactly[text] = true
	})
	return all
}

// saidIn returns what attachments say, as one text and piece by piece.
func saidIn(read []bridge.Attachment) (text string, exactly map[string]bool) {
	var pieces []string
	for _, a := range read {
		pieces = append(append(pieces, a.Title, a.Text), a.Buttons...)
		for _, f := range a.Facts {
			pieces = append(pieces, f.Name, f.Value)
		}
		if a.Booking != nil {
			pieces = append(pieces, a.Booking.Status)
		}
	}
	exactly = map[string]bool{}
	for _, p := range pieces {
		exactly[p] = true
	}
	return strings.Join(pieces, "\n"), exactly
}

// words calls found with every text of a piece of JSON, and the key that it stands under.
func words(b []byte, found func(key, text string)) {
	type level struct {
		object bool
		key    string // in an array: that of the array
		value  bool   // what comes next is the key's value
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	at := []level{{value: true}}
	for {
		token, err := dec.Token()
		if err != nil {
			return
		}
		top := &at[len(at)-1]
		if text, is := token.(string); is && top.object && !top.value {
			top.key, top.value = text, true
			continue
		} else if is {
			found(top.key, text)
		}
		top.value = !top.object
		switch token {
		case json.Delim('{'), json.Delim('['):
			at = append(at, level{object: token == json.Delim('{'), key: top.key, value: token == json.Delim('[')})
		case json.Delim('}'), json.Delim(']'):
			at = at[:len(at)-1]
		}
	}
}

// technicalKeys stand above what programs say to each other, and so do keys with one of
// technicalEnds.
var (
	technicalKeys = map[string]bool{
		"id": true, "url": true, "uri": true, "type": true, "payload": true, "metadata": true, "token": true, "locale": true, "language": true,
		"timestamp": true, "timezone": true, "start_time": true, "end_time": true, "sharable": true,
		"score_label": true, "score_option": true, "messenger_extensions": true, "lat": true, "long": true,
	}
	technicalEnds = []string{"_id", "_ids", "_url", "_uri", "_type", "_token", "_ratio", "_style", "_color", "_format", "_timestamp", "_enabled"}
)

func technical(key string) bool {
	return technicalKeys[key] || slices.ContainsFunc(technicalEnds, func(end string) bool { return strings.HasSuffix(key, end) })
}
