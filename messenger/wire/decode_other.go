package wire

import (
	"slices"
	"strings"

	json "github.com/go-json-experiment/json/v1"

	"messenger-bridge/bridge"
)

// The events below are told of in few conversations (messenger.md 2.12, 2.17). Those in
// which somebody says something are shown with their words.

type order struct {
	Products []product `json:"products"`
	Note     Text      `json:"note"`

	all []byte
}

// UnmarshalJSON keeps the JSON text, as that of an attachment does.
func (o *order) UnmarshalJSON(b []byte) error {
	type plain order
	_ = json.Unmarshal(b, (*plain)(o)) // a value of the wrong type costs itself only
	o.all = slices.Clone(b)
	return nil
}

type product struct {
	Name     Text `json:"name"`
	Title    Text `json:"title"`
	Retailer Text `json:"retailer_id"`
	Price    Text `json:"unit_price"`
	Currency Text `json:"currency"`
	Quantity Text `json:"quantity"`
}

func (o *order) attachments() []bridge.Attachment {
	var all []bridge.Attachment
	for _, p := range o.Products {
		e := element{Title: Text(First(p.Name, p.Title, p.Retailer)), Price: p.Price, Currency: p.Currency, Quantity: p.Quantity}
		all = append(all, e.read("order", ""))
	}
	all = append(all, bridge.Attachment{Kind: "order", Facts: facts(bridge.FactNote, o.Note)})
	last := &all[len(all)-1]
	last.Text = strings.Join(unsaid(o.all, all), "\n")
	return slices.DeleteFunc(all, empty)
}

// customerInfo is a form that a customer has filled in.
type customerInfo struct {
	Screens []struct {
		Responses []struct {
			Key   Text `json:"key"`
			Value Text `json:"value"`
		} `json:"responses"`
	} `json:"screens"`
}

func (c *customerInfo) attachments() []bridge.Attachment {
	form := bridge.Attachment{Kind: "form"}
	for _, s := range c.Screens {
		for _, r := range s.Responses {
			form.Facts = append(form.Facts, facts(string(r.Key), r.Value)...)
		}
	}
	return slices.DeleteFunc([]bridge.Attachment{form}, empty)
}

// lead is a customer's answers to the questions of an ad.
type lead struct {
	Data []struct {
		Question Text `json:"question"`
		Answer   Text `json:"answer"`
	} `json:"data"`
}

func (l *lead) attachments() []bridge.Attachment {
	form := bridge.Attachment{Kind: "form"}
	for _, d := range l.Data {
		form.Facts = append(form.Facts, facts(string(d.Question), d.Answer)...)
	}
	return slices.DeleteFunc([]bridge.Attachment{form}, empty)
}

// thumbs is what a customer thinks of an answer of a bot's.
type thumbs struct {
	Mid      Mid  `json:"mid"`
	Feedback Text `json:"feedback"`
}

// revealed is a coupon whose code a customer has looked at.
type revealed struct {
	Code Text `json:"coupon_code"`
}

// readOther takes over what has no type of its own here.
func (e *event) readOther(in *bridge.Incoming, when string) {
	in.Kind, in.Key = bridge.UnknownEvent, "unknown/"+when // with words
	switch {
	case e.Order != nil:
		in.Detail, in.Attachments = "order", e.Order.attachments()
	case e.CustomerInfo != nil:
		in.Detail, in.Attachments = "form", e.CustomerInfo.attachments()
	case e.Lead != nil:
		in.Detail, in.Attachments = "form", e.Lead.attachments()
	case e.Thumbs != nil:
		in.Kind, in.Detail, in.Text, in.ReplyTo = bridge.OtherEvent, "response_feedback", string(e.Thumbs.Feedback), bridge.Mid(e.Thumbs.Mid)
	case e.Coupon != nil:
		in.Kind, in.Detail, in.Text = bridge.OtherEvent, "template", string(e.Coupon.Code)
	case bool(e.Linking), bool(e.Context), bool(e.Integrity), bool(e.Game), bool(e.Payment):
		in.Kind, in.Detail = bridge.OtherEvent, e.quiet()
	default:
		in.Kind, in.Detail = bridge.OtherEvent, nameless
	}
}

// quiet names an event in which nobody says anything.
func (e *event) quiet() string {
	for name, there := range map[string]present{
		"account_linking": e.Linking, "message_context": e.Context, "messaging_integrity": e.Integrity, "game_play": e.Game, "payment": e.Payment,
	} {
		if there {
			return name
		}
	}
	return ""
}
