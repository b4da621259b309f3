package wire

import (
	"encoding/json"
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
)

var received = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)

// at is the time of the examples: 1790000000001 ms.
var at = time.UnixMilli(1790000000001).UTC()

func fromCustomer(kind bridge.EventKind, text string, attachments ...bridge.Attachment) bridge.Incoming {
	return bridge.Incoming{
		Conversation: bridge.Conversation{Page: "100200300400500", Customer: "7001002003004005", Kind: bridge.Messages},
		Kind:         kind, Mid: "m_AAAA1111", At: at, Text: text, Attachments: attachments, Key: "m/m_AAAA1111",
	}
}

func echo(text string, mark bridge.SendTag) bridge.Incoming {
	in := fromCustomer(bridge.EchoEvent, text)
	in.Key, in.Tag = "e/m_AAAA1111", mark
	return in
}

// when1 tells apart what has no id of its own: the customer and $T.
const when1 = "7001002003004005/1790000000001"

// other is an event that is no message.
func other(kind bridge.EventKind, key string) bridge.Incoming {
	in := fromCustomer(kind, "")
	in.Key = key
	return in
}

// but returns an event with something changed.
func but(in bridge.Incoming, change func(*bridge.Incoming)) *bridge.Incoming {
	change(&in)
	return &in
}

func when(in bridge.Incoming, at time.Time) bridge.Incoming {
	in.At = at
	return in
}

// The cases abbreviate what most elements have in common; see expand.
var decodeCases = []struct {
	name    string
	element string // of messaging
	want    *bridge.Incoming
	ignored string
}{
	{name: "text", element: `{$S,$R,$T,"message":{$M,"text":"Hello"}}`, want: new(fromCustomer(bridge.TextEvent, "Hello"))},
	{name: "escapes", element: `{$S,$R,$T,"message":{$M,"text":"caf\u00e9 \ud83d\ude00 \u0645 http:\/\/ex.test\/a"}}`, want: new(fromCustomer(bridge.TextEvent, "café 😀 م http://ex.test/a"))},
	{name: "plain UTF-8", element: `{$S,$R,$T,"message":{$M,"text":"café 😀"}}`, want: new(fromCustomer(bridge.TextEvent, "café 😀"))},
	{name: "half a surrogate pair", element: `{$S,$R,$T,"message":{$M,"text":"a\ud83d"}}`, want: new(fromCustomer(bridge.TextEvent, "a\uFFFD"))},
	{name: "unknown keys", element: `{$S,$R,$T,"x":{"y":[1]},"message":{$M,"text":"Hello","nlp":{"a":1},"new":[{}]}}`, want: new(fromCustomer(bridge.TextEvent, "Hello"))},
	{name: "quick reply", element: `{$S,$R,$T,"message":{$M,"text":"Sales","quick_reply":{"payload":"DEPT:sales"}}}`,
		want: but(fromCustomer(bridge.TextEvent, "Sales"), func(in *bridge.Incoming) { in.Tap = &bridge.Tap{Title: "Sales", Payload: "DEPT:sales", Quick: true} })},
	{name: "reply", element: `{$S,$R,$T,"message":{$M,"text":"Yes","reply_to":{"mid":"m_1","is_self_reply":"true"}}}`,
		want: but(fromCustomer(bridge.TextEvent, "Yes"), func(in *bridge.Incoming) { in.ReplyTo = "m_1" })},
	{name: "after an ad", element: `{$S,$R,$T,"message":{$M,"text":"Hi","referral":{"source":"ADS","ad_id":120000000000001,"ads_context_data":{"ad_title":"Sale","post_id":"1_2"}}}}`,
		want: but(fromCustomer(bridge.TextEvent, "Hi"), func(in *bridge.Incoming) {
			in.Origin = &bridge.Origin{Source: "ADS", Ad: "120000000000001", Title: "Sale", Post: "1_2"}
		})},
	{name: "ids as numbers", element: `{"sender":{"id":7001002003004005},"recipient":{"id":100200300400500},$T,"message":{$M,"text":"Hello"}}`, want: new(fromCustomer(bridge.TextEvent, "Hello"))},
	{name: "text as a number", element: `{$S,$R,$T,"message":{$M,"text":42}}`, want: new(fromCustomer(bridge.TextEvent, "42"))},
	{name: "text as an object", element: `{$S,$R,$T,"message":{$M,"text":{"a":"b"}}}`, want: new(fromCustomer(bridge.UnsupportedEvent, ""))},
	{name: "image", element: `{$S,$R,$T,"message":{$M,"attachments":[{"type":"image","payload":{"url":"https://ex.test/1"}},{"type":"image","payload":{"url":"https://ex.test/2"}}]}}`,
		want: new(fromCustomer(bridge.MediaEvent, "", bridge.Attachment{Kind: "image", URL: "https://ex.test/1"}, bridge.Attachment{Kind: "image", URL: "https://ex.test/2"}))},
	{name: "attachment without type", element: `{$S,$R,$T,"message":{$M,"attachments":[{"payload":{"url":"https://ex.test/1"}}]}}`, want: new(fromCustomer(bridge.MediaEvent, "", bridge.Attachment{URL: "https://ex.test/1"}))},
	{name: "old link preview", element: `{$S,$R,$T,"message":{$M,"text":"see","attachments":[{"type":"fallback","url":"https://ex.test/1","title":"x","payload":null}]}}`,
		want: new(fromCustomer(bridge.TextEvent, "see", bridge.Attachment{Kind: "fallback", URL: "https://ex.test/1", Title: "x"}))},
	{name: "location", element: `{$S,$R,$T,"message":{$M,"attachments":[{"type":"location","payload":{"coordinates":{"lat":1.5,"long":"-2"}}}]}}`, want: new(fromCustomer(bridge.MediaEvent, "", bridge.Attachment{Kind: "location", Place: &bridge.Place{Lat: 1.5, Long: -2}}))},
	{name: "sticker in both forms", element: `{$S,$R,$T,"message":{$M,"attachments":[{"type":"image","payload":{"url":"https://ex.test/1","sticker_id":7}},{"type":"sticker","payload":{"url":"https://ex.test/1","sticker_id":"7"}}]}}`,
		want: new(fromCustomer(bridge.MediaEvent, "", bridge.Attachment{Kind: "sticker", URL: "https://ex.test/1", Sticker: "7"}))},
	{name: "template", element: `{$S,$R,$T,"message":{$M,"attachments":[{"type":"template","payload":{"template_type":"button","text":"Well?","buttons":[{"type":"postback","title":"Yes"}]}}]}}`,
		want: new(fromCustomer(bridge.MediaEvent, "", bridge.Attachment{Kind: "template", Text: "Well?", Buttons: []string{"Yes"}}))},
	{name: "product", element: `{$S,$R,$T,"message":{$M,"attachments":[{"type":"template","payload":{"product":{"elements":[{"title":"Shoe","subtitle":"42 EUR","id":7},{"title":"Sock"}]}}}]}}`,
		want: new(fromCustomer(bridge.MediaEvent, "", bridge.Attachment{Kind: "template", Title: "Shoe", Text: "42 EUR"}, bridge.Attachment{Kind: "template", Title: "Sock"}))},
	{name: "coupon", element: `{$S,$R,$T,"message":{$M,"attachments":[{"type":"template","payload":{"template_type":"coupon","title":"10 % off","subtitle":"until May","coupon_code":"TEN","coupon_url":"https://ex.test/c","coupon_url_button_title":"Use it","coupon_pre_message":"For you","payload":"x"}}]}}`,
		want: new(fromCustomer(bridge.MediaEvent, "", bridge.Attachment{Kind: "template", Title: "10 % off", Text: "until May\nFor you", URL: "https://ex.test/c", Buttons: []string{"Use it"}, Facts: []bridge.Fact{{Name: "code", Value: "TEN"}}}))},
	{name: "receipt", element: `{$S,$R,$T,"message":{$M,"attachments":[{"type":"template","payload":{"template_type":"receipt","recipient_name":"Anna","order_number":"ON-77","currency":"EUR","payment_method":"Visa 1234","timestamp":"1428444852","address":{"street_1":"1 Way","street_2":"","city":"Ulm","postal_code":"89073","country":"DE"},"summary":{"subtotal":50.00,"total_cost":56.14},"adjustments":[{"name":"New customer","amount":-5}],"elements":[{"title":"Shirt","subtitle":"cotton","quantity":2,"price":50,"image_url":"https://ex.test/i"}]}}]}}`,
		want: new(fromCustomer(bridge.MediaEvent, "",
			bridge.Attachment{Kind: "template", Facts: []bridge.Fact{{Name: "order", Value: "ON-77"}, {Name: "for", Value: "Anna"}, {Name: "address", Value: "1 Way, 89073 Ulm, DE"}}},
			bridge.Attachment{Kind: "template", Title: "2 × Shirt", Text: "cotton\n50 EUR"},
			bridge.Attachment{Kind: "template", Facts: []bridge.Fact{{Name: "subtotal", Value: "50.00 EUR"}, {Name: "New customer", Value: "-5 EUR"}, {Name: "total", Value: "56.14 EUR"}, {Name: "payment", Value: "Visa 1234"}}}))},
	{name: "feedback template", element: `{$S,$R,$T,"message":{$M,"attachments":[{"type":"template","payload":{"template_type":"customer_feedback","title":"Rate us","subtitle":"please","button_title":"Rate","feedback_screens":[{"questions":[{"id":"csat1","type":"csat","title":"How was it?","score_label":"neg_pos","follow_up":{"type":"free_form","placeholder":"Tell us more"}}]}],"business_privacy":{"url":"https://ex.test/p"}}}]}}`,
		want: new(fromCustomer(bridge.MediaEvent, "", bridge.Attachment{Kind: "template", Title: "Rate us", Text: "please\nHow was it?\nTell us more", Buttons: []string{"Rate"}}))},
	{name: "list with a button of its own", element: `{$S,$R,$T,"message":{$M,"attachments":[{"type":"template","payload":{"template_type":"list","elements":[{"title":"Shoe","buttons":[{"title":"Buy"}]}],"buttons":[{"title":"More"}]}}]}}`,
		want: new(fromCustomer(bridge.MediaEvent, "", bridge.Attachment{Kind: "template", Title: "Shoe", Buttons: []string{"Buy"}}, bridge.Attachment{Kind: "template", Buttons: []string{"More"}}))},
	{name: "media template", element: `{$S,$R,$T,"message":{$M,"attachments":[{"type":"template","payload":{"template_type":"media","elements":[{"media_type":"image","attachment_id":"77","buttons":[{"title":"Look"}]}]}}]}}`,
		want: new(fromCustomer(bridge.MediaEvent, "", bridge.Attachment{Kind: "template", Type: "image", Buttons: []string{"Look"}}))},
	{name: "template of tomorrow", element: `{$S,$R,$T,"message":{$M,"attachments":[{"type":"template","payload":{"template_type":"teleport","trip":{"id":"a7","from":"Ulm","to":["Paris","Rome"],"departure_time":"at noon","map_url":"https://ex.test/m","price":"42 EUR"}}}]}}`,
		want: new(fromCustomer(bridge.MediaEvent, "", bridge.Attachment{Kind: "template", Text: "Ulm\nParis\nRome\nat noon\n42 EUR"}))},
	{name: "choices", element: `{$S,$R,$T,"message":{$M,"text":"Which size?","quick_replies":[{"content_type":"text","title":"S","payload":"1"},{"title":"M"}]}}`,
		want: new(fromCustomer(bridge.TextEvent, "Which size?", bridge.Attachment{Kind: "choices", Buttons: []string{"S", "M"}}))},
	{name: "appointment", element: `{$S,$R,$T,"message":{$M,"attachments":[{"type":"appointment_booking","payload":{"booking_id":1,"status":"requested","start_time":1790000000,"end_time":"1790003600","timezone":"Europe/Berlin"}}]}}`,
		want: new(fromCustomer(bridge.MediaEvent, "", bridge.Attachment{Kind: "appointment_booking", Booking: &bridge.Booking{Status: "requested", Start: time.Unix(1790000000, 0).UTC(), End: time.Unix(1790003600, 0).UTC()}}))},
	{name: "appointment, local time", element: `{$S,$R,$T,"message":{$M,"attachments":[{"type":"appointment_booking","payload":{"status":"confirmed","start_time":"2026-09-21T16:13","timezone":"Europe/Berlin"}}]}}`,
		want: new(fromCustomer(bridge.MediaEvent, "", bridge.Attachment{Kind: "appointment_booking", Booking: &bridge.Booking{Status: "confirmed", Start: time.Date(2026, 9, 21, 14, 13, 0, 0, time.UTC)}}))},
	{name: "appointment, a quotation mark for a time", element: `{$S,$R,$T,"message":{$M,"attachments":[{"type":"appointment_booking","payload":{"status":"confirmed","start_time":"\""}}]}}`,
		want: new(fromCustomer(bridge.MediaEvent, "", bridge.Attachment{Kind: "appointment_booking", Text: `"`, Booking: &bridge.Booking{Status: "confirmed"}}))},
	{name: "appointment, unreadable time", element: `{$S,$R,$T,"message":{$M,"attachments":[{"type":"appointment_booking","payload":{"status":"confirmed","start_time":"soon"}}]}}`,
		want: new(fromCustomer(bridge.MediaEvent, "", bridge.Attachment{Kind: "appointment_booking", Text: "soon", Booking: &bridge.Booking{Status: "confirmed"}}))},
	{name: "sticker id as number", element: `{$S,$R,$T,"message":{$M,"attachments":[{"type":"sticker","payload":{"url":"https://ex.test/1","sticker_id":369239263222822}}]}}`, want: new(fromCustomer(bridge.MediaEvent, "", bridge.Attachment{Kind: "sticker", URL: "https://ex.test/1", Sticker: "369239263222822"}))},
	{name: "sticker id as string", element: `{$S,$R,$T,"message":{$M,"attachments":[{"type":"sticker","payload":{"url":"https://ex.test/1","sticker_id":"369239263222822"}}]}}`, want: new(fromCustomer(bridge.MediaEvent, "", bridge.Attachment{Kind: "sticker", URL: "https://ex.test/1", Sticker: "369239263222822"}))},
	{name: "attachments of a wrong type", element: `{$S,$R,$T,"message":{$M,"text":"Hello","attachments":"x"}}`, want: new(fromCustomer(bridge.TextEvent, "Hello"))},
	{name: "payload of a wrong type", element: `{$S,$R,$T,"message":{$M,"attachments":[{"type":"image","payload":"x"}]}}`, want: new(fromCustomer(bridge.MediaEvent, "", bridge.Attachment{Kind: "image"}))},
	{name: "nothing in it", element: `{$S,$R,$T,"message":{$M}}`, want: new(fromCustomer(bridge.UnsupportedEvent, ""))},
	{name: "white space only", element: `{$S,$R,$T,"message":{$M,"text":" \n"}}`, want: new(fromCustomer(bridge.UnsupportedEvent, ""))},
	{name: "nothing that can be seen", element: `{$S,$R,$T,"message":{$M,"text":"\u200b\u2800\ufe0f"}}`, want: new(fromCustomer(bridge.UnsupportedEvent, ""))},
	{name: "an image, and nothing that can be seen", element: `{$S,$R,$T,"message":{$M,"text":"\ufeff","attachments":[{"type":"image","payload":{"url":"https://ex.test/1"}}]}}`,
		want: new(fromCustomer(bridge.MediaEvent, "", bridge.Attachment{Kind: "image", URL: "https://ex.test/1"}))},
	{name: "unsupported", element: `{$S,$R,$T,"message":{$M,"is_unsupported":"true"}}`, want: new(fromCustomer(bridge.UnsupportedEvent, ""))},
	{name: "time as string", element: `{$S,$R,"timestamp":"1790000000001","message":{$M,"text":"Hello"}}`, want: new(fromCustomer(bridge.TextEvent, "Hello"))},
	{name: "time in seconds", element: `{$S,$R,"timestamp":1790000000,"message":{$M,"text":"Hello"}}`, want: new(when(fromCustomer(bridge.TextEvent, "Hello"), time.Unix(1790000000, 0).UTC()))},
	{name: "time in seconds as string", element: `{$S,$R,"timestamp":"1790000000","message":{$M,"text":"Hello"}}`, want: new(when(fromCustomer(bridge.TextEvent, "Hello"), time.Unix(1790000000, 0).UTC()))},
	{name: "time missing", element: `{$S,$R,"message":{$M,"text":"Hello"}}`, want: new(when(fromCustomer(bridge.TextEvent, "Hello"), time.UnixMilli(1790000000123).UTC()))},
	{name: "time absurd", element: `{$S,$R,"timestamp":9223372036854775807,"message":{$M,"text":"Hello"}}`, want: new(when(fromCustomer(bridge.TextEvent, "Hello"), time.UnixMilli(1790000000123).UTC()))},
	{name: "time an object", element: `{$S,$R,"timestamp":{},"message":{$M,"text":"Hello"}}`, want: new(when(fromCustomer(bridge.TextEvent, "Hello"), time.UnixMilli(1790000000123).UTC()))},
	{name: "recipient missing", element: `{$S,$T,"message":{$M,"text":"Hello"}}`, want: new(fromCustomer(bridge.TextEvent, "Hello"))},

	{name: "own echo", element: `{$ES,$ER,$T,"message":{$M,"is_echo":true,"app_id":900800700600500,"metadata":"mb1:Xy12:1","text":"Hi"}}`, want: but(echo("Hi", bridge.SendTag{Message: "Xy12", Part: 1}), func(in *bridge.Incoming) { in.App = "900800700600500" })},
	{name: "own echo, other types", element: `{$ES,$ER,$T,"message":{$M,"is_echo":"true","app_id":"900800700600500","metadata":"mb1:Xy12:1","text":"Hi"}}`, want: but(echo("Hi", bridge.SendTag{Message: "Xy12", Part: 1}), func(in *bridge.Incoming) { in.App = "900800700600500" })},
	{name: "foreign echo", element: `{$ES,$ER,$T,"message":{$M,"is_echo":true,"app_id":263902037430900,"text":"Hi"}}`, want: but(echo("Hi", bridge.SendTag{}), func(in *bridge.Incoming) { in.App = bridge.PageInbox })},
	{name: "echo of Meta's AI", element: `{$ES,$ER,$T,"message":{$M,"is_echo":true,"ai_generated":"true","app_id":263902037430900,"metadata":"{\"source\":\"axon\"}"}}`,
		want: but(echo("", bridge.SendTag{}), func(in *bridge.Incoming) { in.App, in.AI = bridge.PageInbox, true })},
	{name: "echo that does not say so", element: `{$ES,$ER,$T,"message":{$M,"text":"Hi"}}`, want: new(echo("Hi", bridge.SendTag{}))},

	{name: "postback", element: `{$S,$R,$T,"postback":{$M,"title":"Get Started","payload":"GET_STARTED","referral":{"ref":"qr-1","source":"SHORTLINK","type":"OPEN_THREAD"}}}`,
		want: but(other(bridge.TapEvent, "m/m_AAAA1111"), func(in *bridge.Incoming) {
			in.Tap, in.Origin = &bridge.Tap{Title: "Get Started", Payload: "GET_STARTED"}, &bridge.Origin{Source: "SHORTLINK", Ref: "qr-1"}
		})},
	{name: "postback of old", element: `{$S,$R,$T,"postback":{"title":"Menu"}}`,
		want: but(other(bridge.TapEvent, "p//"+when1), func(in *bridge.Incoming) { in.Mid, in.Tap = "", &bridge.Tap{Title: "Menu"} })},
	{name: "reaction", element: `{$S,$R,$T,"reaction":{$M,"action":"react","reaction":"love","emoji":"\u2764\ufe0f"}}`,
		want: but(other(bridge.ReactionEvent, "r/m_AAAA1111/"+when1+"/false"), func(in *bridge.Incoming) { in.Reaction = &bridge.Reaction{Name: "love", Emoji: "❤️"} })},
	{name: "reaction taken back", element: `{$S,$R,$T,"reaction":{$M,"action":"unreact"}}`,
		want: but(other(bridge.ReactionEvent, "r/m_AAAA1111/"+when1+"/true"), func(in *bridge.Incoming) { in.Reaction = &bridge.Reaction{Removed: true} })},
	{name: "reaction of the page", element: `{$ES,$ER,$T,"reaction":{$M,"action":"react","reaction":"love"}}`,
		want: but(other(bridge.ReactionEvent, "r/m_AAAA1111/"+when1+"/false"), func(in *bridge.Incoming) { in.FromPage, in.Reaction = true, &bridge.Reaction{Name: "love"} })},
	{name: "read", element: `{$S,$R,$T,"read":{"watermark":"1790000003001"}}`,
		want: but(other(bridge.ReadEvent, "read/7001002003004005/1790000003001"), func(in *bridge.Incoming) { in.Mid, in.Watermark = "", time.UnixMilli(1790000003001).UTC() })},
	{name: "read without watermark", element: `{$S,$R,$T,"read":{}}`, ignored: "receipt"},
	{name: "delivery without mids and time", element: `{$S,$R,"delivery":{"watermark":1790000003001}}`,
		want: but(when(other(bridge.ReceivedEvent, "received/7001002003004005/1790000003001"), time.UnixMilli(1790000000123).UTC()),
			func(in *bridge.Incoming) { in.Mid, in.Watermark = "", time.UnixMilli(1790000003001).UTC() })},
	{name: "edit", element: `{$S,$R,$T,"message_edit":{$M,"text":"x","num_edit":"2"}}`,
		want: but(other(bridge.EditEvent, "edit/m_AAAA1111/2"), func(in *bridge.Incoming) { in.Text, in.Edit = "x", 2 })},
	{name: "edit without number", element: `{$S,$R,$T,"message_edit":{$M,"text":"x"}}`,
		want: but(other(bridge.EditEvent, "edit/m_AAAA1111/0/"+when1), func(in *bridge.Incoming) { in.Text = "x" })},
	{name: "edit without words", element: `{$S,$R,$T,"message_edit":{$M,"text":"\u200b","num_edit":2}}`,
		want: but(other(bridge.EditEvent, "edit/m_AAAA1111/2/wordless"), func(in *bridge.Incoming) { in.Edit = 2 })},
	{name: "referral", element: `{$S,$R,$T,"referral":{"ref":"c-7","source":"CUSTOMER_CHAT_PLUGIN","referer_uri":"https://ex.test/","product":{"id":"p-1"}}}`,
		want: but(other(bridge.ReferralEvent, "referral/"+when1), func(in *bridge.Incoming) {
			in.Mid, in.Origin = "", &bridge.Origin{Ref: "c-7", Source: "CUSTOMER_CHAT_PLUGIN", URL: "https://ex.test/", Product: "p-1"}
		})},
	{name: "optin", element: `{$S,$R,$T,"optin":{"type":"notification_messages","title":"Shop news"}}`,
		want: but(other(bridge.OptinEvent, "optin/"+when1), func(in *bridge.Incoming) { in.Mid, in.Text, in.Detail = "", "Shop news", "in" })},
	{name: "optout", element: `{$S,$R,$T,"optin":{"notification_messages_status":"STOP NOTIFICATIONS","title":"Shop news"}}`,
		want: but(other(bridge.OptinEvent, "optin/"+when1), func(in *bridge.Incoming) { in.Mid, in.Text, in.Detail = "", "Shop news", "out" })},
	{name: "optin by reference", element: `{$S,$R,$T,"optin":{"ref":"cart-77"}}`,
		want: but(other(bridge.ReferralEvent, "optin/"+when1), func(in *bridge.Incoming) {
			in.Mid, in.Origin = "", &bridge.Origin{Source: bridge.SendToMessenger, Ref: "cart-77"}
		})},
	{name: "optin of nothing", element: `{$S,$R,$T,"optin":{}}`,
		want: but(other(bridge.ReferralEvent, "optin/"+when1), func(in *bridge.Incoming) { in.Mid, in.Origin = "", &bridge.Origin{Source: bridge.SendToMessenger} })},
	{name: "optin by reference, to news", element: `{$S,$R,$T,"optin":{"type":"one_time_notif_req","ref":"cart-77"}}`,
		want: but(other(bridge.OptinEvent, "optin/"+when1), func(in *bridge.Incoming) { in.Mid, in.Text, in.Detail = "", "cart-77", "in" })},
	{name: "optout, other spelling", element: `{$S,$R,$T,"optin":{"notification_messages_status":"stop_notifications"}}`,
		want: but(other(bridge.OptinEvent, "optin/"+when1), func(in *bridge.Incoming) { in.Mid, in.Detail = "", "out" })},
	{name: "optin of a plugin user", element: `{"recipient":{"id":"100200300400500"},"optin":{"user_ref":"x"}}`, ignored: "no-customer"},
	{name: "linking", element: `{$S,$R,$T,"account_linking":{}}`,
		want: but(other(bridge.OtherEvent, "unknown/"+when1), func(in *bridge.Incoming) { in.Mid, in.Detail = "", "account_linking" })},
	{name: "thumbs", element: `{$S,$R,$T,"response_feedback":{"feedback":"Good response","mid":"m_1"}}`,
		want: but(other(bridge.OtherEvent, "unknown/"+when1), func(in *bridge.Incoming) {
			in.Mid, in.Detail, in.Text, in.ReplyTo = "", "response_feedback", "Good response", "m_1"
		})},
	{name: "coupon looked at", element: `{$S,$R,$T,"template":{"type":"coupon","payload":"x","coupon_code":"TEN"}}`,
		want: but(other(bridge.OtherEvent, "unknown/"+when1), func(in *bridge.Incoming) { in.Mid, in.Detail, in.Text = "", "template", "TEN" })},
	{name: "order", element: `{$S,$R,$T,"order":{"products":[{"id":"1","retailer_id":"SKU-1","name":"Shoe","unit_price":21,"currency":"EUR","quantity":2}],"note":"ring twice","gift":"in paper"}}`,
		want: but(other(bridge.UnknownEvent, "unknown/"+when1), func(in *bridge.Incoming) {
			in.Mid, in.Detail = "", "order"
			in.Attachments = []bridge.Attachment{{Kind: "order", Title: "2 × Shoe", Text: "21 EUR"}, {Kind: "order", Text: "in paper", Facts: []bridge.Fact{{Name: "note", Value: "ring twice"}}}}
		})},
	{name: "form", element: `{$S,$R,$T,"messaging_customer_information":{"screens":[{"screen_id":"a","responses":[{"key":"email","value":"anna@ex.test"}]}]}}`,
		want: but(other(bridge.UnknownEvent, "unknown/"+when1), func(in *bridge.Incoming) {
			in.Mid, in.Detail = "", "form"
			in.Attachments = []bridge.Attachment{{Kind: "form", Facts: []bridge.Fact{{Name: "email", Value: "anna@ex.test"}}}}
		})},
	{name: "lead", element: `{$S,$R,$T,"lead":{"data":[{"question":"Your size?","answer":"42"}]}}`,
		want: but(other(bridge.UnknownEvent, "unknown/"+when1), func(in *bridge.Incoming) {
			in.Mid, in.Detail = "", "form"
			in.Attachments = []bridge.Attachment{{Kind: "form", Facts: []bridge.Fact{{Name: "Your size?", Value: "42"}}}}
		})},
	{name: "handover", element: `{$S,$R,$T,"pass_thread_control":{"previous_owner_app_id":null,"new_owner_app_id":263902037430900}}`,
		want: but(other(bridge.HandoverEvent, "handover/pass/"+when1), func(in *bridge.Incoming) {
			in.Mid, in.Handover = "", &bridge.Handover{What: "pass", To: bridge.PageInbox}
		})},
	{name: "handover asked for", element: `{$S,$R,$T,"request_thread_control":{"requested_owner_app_id":"9"}}`,
		want: but(other(bridge.HandoverEvent, "handover/request/"+when1), func(in *bridge.Incoming) { in.Mid, in.Handover = "", &bridge.Handover{What: "request", To: "9"} })},
	{name: "roles", element: `{$R,"app_roles":{"1":[]}}`, ignored: "roles"},
	{name: "policy", element: `{$R,$T,"policy_enforcement":{"action":"block","reason":"spam"}}`,
		want: but(other(bridge.PolicyEvent, "policy//1790000000001"), func(in *bridge.Incoming) {
			in.Mid, in.Conversation.Customer, in.Detail, in.Text = "", "", "block", "spam"
		})},
	{name: "policy, old name", element: `{$R,$T,"policy-enforcement":{"action":"unblock"}}`,
		want: but(other(bridge.PolicyEvent, "policy//1790000000001"), func(in *bridge.Incoming) { in.Mid, in.Conversation.Customer, in.Detail = "", "", "unblock" })},
	{name: "feedback", element: `{$S,$R,$T,"messaging_feedback":{"feedback_screens":[{"questions":{"csat1":{"type":"csat","payload":4,"follow_up":{"payload":"quick"}}}}]}}`,
		want: but(other(bridge.FeedbackEvent, "feedback/"+when1), func(in *bridge.Incoming) { in.Mid, in.Answers = "", []string{"4", "quick"} })},
	{name: "deleted", element: `{$S,$R,$T,"message":{$M,"is_deleted":"true"}}`, want: new(other(bridge.DeletionEvent, "deletion/m_AAAA1111"))},
	{name: "null is not there", element: `{$S,$R,$T,"message":null,"read":null}`, want: but(other(bridge.OtherEvent, "unknown/"+when1), func(in *bridge.Incoming) { in.Mid, in.Detail = "", "nothing" })},
	{name: "unheard of", element: `{$S,$R,$T,"teleport":{}}`, want: but(other(bridge.OtherEvent, "unknown/"+when1), func(in *bridge.Incoming) { in.Mid, in.Detail = "", "teleport" })},
	{name: "null", element: `null`, ignored: "no-customer"},
	{name: "a number", element: `5`, ignored: "no-customer"},
	{name: "no sender", element: `{$R,$T,"message":{$M,"text":"Hello"}}`, ignored: "no-customer"},
	{name: "plugin user", element: `{"sender":{"user_ref":"x"},$R,$T,"message":{$M,"text":"Hello"}}`, ignored: "no-customer"},
	{name: "sender with a slash", element: `{"sender":{"id":"7/8"},$R,$T,"message":{$M,"text":"Hello"}}`, ignored: "no-customer"},
	{name: "sender 1.5", element: `{"sender":{"id":1.5},$R,$T,"message":{$M,"text":"Hello"}}`, ignored: "no-customer"},
	{name: "sender a string", element: `{"sender":"7001002003004005",$R,$T,"message":{$M,"text":"Hello"}}`, want: new(fromCustomer(bridge.TextEvent, "Hello"))},
	{name: "sender a list", element: `{"sender":["7"],$R,$T,"message":{$M,"text":"Hello"}}`, ignored: "no-customer"},
	{name: "no mid", element: `{$S,$R,$T,"message":{"text":"Hello"}}`, want: but(fromCustomer(bridge.TextEvent, "Hello"), func(in *bridge.Incoming) { in.Mid, in.Key = "", "m//"+when1 })},
	{name: "a mid that is none", element: `{$S,$R,$T,"message":{"mid":{},"text":"Hello"}}`, want: but(fromCustomer(bridge.TextEvent, "Hello"), func(in *bridge.Incoming) { in.Mid, in.Key = "", "m//"+when1 })},
	{name: "message a string", element: `{$S,$R,$T,"message":"Hello"}`, want: but(fromCustomer(bridge.TextEvent, "Hello"), func(in *bridge.Incoming) { in.Mid, in.Key = "", "m//"+when1 })},
	{name: "message a list", element: `{$S,$R,$T,"message":["Hello"]}`, want: but(fromCustomer(bridge.UnsupportedEvent, ""), func(in *bridge.Incoming) { in.Mid, in.Key = "", "m//"+when1 })},
}

// expand writes out the abbreviations of the cases.
func expand(element string) string {
	return strings.NewReplacer(
		"$ES", `"sender":{"id":"100200300400500"}`, "$ER", `"recipient":{"id":"7001002003004005"}`,
		"$S", `"sender":{"id":"7001002003004005"}`, "$R", `"recipient":{"id":"100200300400500"}`,
		"$T", `"timestamp":1790000000001`, "$M", `"mid":"m_AAAA1111"`,
	).Replace(element)
}

func notification(array, elements string) string {
	return `{"object":"page","entry":[{"id":"100200300400500","time":1790000000123,"` + array + `":[` + elements + `]}]}`
}

func TestDecode_OneElement(t *testing.T) {
	for _, c := range decodeCases {
		for _, array := range []string{"messaging", "standby"} {
			body := notification(array, expand(c.element))
			if !json.Valid([]byte(body)) {
				t.Fatalf("%s: the test's own JSON is wrong: %s", c.name, body)
			}
			d, err := Decode([]byte(body), received)
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
				continue
			}
			want, ignored := []bridge.Incoming(nil), map[string]int{}
			if c.want != nil {
				want = []bridge.Incoming{*c.want}
				want[0].Standby = array == "standby"
			} else {
				ignored[c.ignored] = 1
			}
			if !reflect.DeepEqual(d.Events, want) || !maps.Equal(d.Ignored, ignored) {
				t.Errorf("%s in %s:\n got %+v %v\nwant %+v %v", c.name, array, d.Events, d.Ignored, want, ignored)
			}
			if stored := throughStore(t, d.Events); !reflect.DeepEqual(stored, d.Events) {
				t.Errorf("%s in %s: stored, and read as %+v", c.name, array, stored)
			}
		}
	}
}

// throughStore writes events as they are stored, and reads them again: the first attempt at
// one need not, and must do the same.
func throughStore(t *testing.T, events []bridge.Incoming) (read []bridge.Incoming) {
	t.Helper()
	for _, in := range events {
		var again bridge.Incoming
		body, err := json.Marshal(in)
		if err == nil {
			err = json.Unmarshal(body, &again)
		}
		if err != nil {
			t.Fatal(err)
		}
		read = append(read, again)
	}
	return read
}

// What messaging tells comes below changes as well, and says the same.
func TestDecode_Changes_AreReadAsMessaging(t *testing.T) {
	for _, c := range decodeCases {
		if c.want == nil || !strings.Contains(c.element, "$S") && !strings.Contains(c.element, "$R") && !strings.Contains(c.element, "sender") {
			continue
		}
		for _, field := range []string{"messages", "messaging_postbacks", "standby", "of_tomorrow"} {
			d, err := Decode([]byte(notification("changes", `{"field":"`+field+`","value":`+expand(c.element)+`}`)), received)
			want := *c.want
			want.Standby = field == "standby"
			if err != nil || !reflect.DeepEqual(d.Events, []bridge.Incoming{want}) {
				t.Errorf("%s as a change of %s:\n got %+v %v\nwant %+v", c.name, field, d.Events, d.Ignored, want)
			}
		}
	}
}

func TestDecode_TestOfTheDashboard_IsToldApart(t *testing.T) {
	for body, field := range map[string]string{
		`{"object":"page","entry":[{"id":"0","time":1790000000,"changes":[{"field":"messages","value":{"sender":{"id":"12334"},"recipient":{"id":"23245"},"timestamp":"1527459824","message":{"mid":"test_message_id","text":"test_message"}}}]}]}`: "messages",
		`{"object":"page","entry":[{"id":0,"time":1790000000,"changes":[{"field":"feed","value":{"item":"status","verb":"add","message":"Example post content."}}]}]}`:                                                                              "feed",
		`{"object":"page","entry":[{"id":"0","time":1790000000,"messaging":[{"sender":{"id":"12334"},"recipient":{"id":"23245"},"message":{"mid":"x","text":"y"}},{}]}]}`:                                                                           "messages",
	} {
		d, err := Decode([]byte(body), received)
		want := bridge.Incoming{Conversation: bridge.Conversation{Page: "0", Kind: bridge.Messages}, Kind: bridge.TestEvent, At: time.Unix(1790000000, 0).UTC(), Detail: field, Key: "test/" + field + "/2026-09-21"}
		if err != nil || !reflect.DeepEqual(d.Events, []bridge.Incoming{want}) {
			t.Errorf("%s: got %+v, %v", body, d, err)
		}
	}
}

// All cases in one call: none may cost another.
func TestDecode_ManyElements_EachIsCountedOnce(t *testing.T) {
	var elements []string
	want := 0
	for _, c := range decodeCases {
		elements = append(elements, expand(c.element))
		if c.want != nil {
			want++
		}
	}
	body := `{"object":"page","new":{},"entry":[{"id":100200300400500,"time":"1790000000123","messaging":[` + strings.Join(elements, ",") +
		`],"standby":[` + strings.Join(elements, ",") + `],"changes":[{"field":"feed","value":{}},{"field":"mention"},7]},null,{"id":"1","time":1}]}`
	d, err := Decode([]byte(body), received)
	if err != nil {
		t.Fatal(err)
	}
	ignored := 0
	for _, n := range d.Ignored {
		ignored += n
	}
	if len(d.Events) != 2*want || ignored != 2*(len(decodeCases)-want)+3+2 {
		t.Errorf("%d events and %d ignored of %d elements: %v", len(d.Events), ignored, 2*len(decodeCases)+5, d.Ignored)
	}
	if d.Ignored["feed"] != 1 || d.Ignored["change"] != 2 || d.Ignored["empty"] != 2 {
		t.Errorf("changes and empty entries: %v", d.Ignored)
	}
}

func TestDecode_PageMissing_IsTakenFromTheElement(t *testing.T) {
	body := strings.Replace(notification("messaging", expand(`{$S,$R,$T,"message":{$M,"text":"Hello"}}`)), `"id":"100200300400500","time"`, `"time"`, 1)
	d, err := Decode([]byte(body), received)
	if err != nil || !reflect.DeepEqual(d.Events, []bridge.Incoming{fromCustomer(bridge.TextEvent, "Hello")}) {
		t.Errorf("got %+v, %v", d, err)
	}
	body = `{"object":"page","entry":[{"messaging":[` + expand(`{$S,$T,"message":{$M,"text":"Hello"}}`) + `]}]}`
	if d, _ = Decode([]byte(body), received); d.Ignored["no-page"] != 1 {
		t.Errorf("without any page id: %+v", d)
	}
}

func TestDecode_OtherObjects_AreCounted(t *testing.T) {
	for body, want := range map[string]map[string]int{
		`{"object":"instagram","entry":[{"id":"1","messaging":[{},{}]},{"id":"2","changes":[{}]}]}`: {"object": 3},
		`{"object":"user","entry":[{"id":"1"}]}`:                                                    {"object": 1},
		`{"object":"page","entry":[]}`:                                                              {"empty": 1},
		`{"object":"page"}`:                                                                         {"empty": 1},
		`{"object":"page","entry":"x"}`:                                                             {"empty": 1},
		`{"object":7,"entry":[{}]}`:                                                                 {"object": 1},
		`{"object":"page","entry":[{"id":"1","messaging":"x"}]}`:                                    {"empty": 1},
	} {
		d, err := Decode([]byte(body), received)
		if err != nil || len(d.Events) != 0 || !maps.Equal(d.Ignored, want) {
			t.Errorf("%s: got %+v, %v", body, d, err)
		}
	}
}

func TestDecode_NotANotification_IsAnErrorWithoutContent(t *testing.T) {
	for _, body := range []string{"", "x", "null", "[]", "{}", `"a"`, `{"object":"page","entry":[{"id":"1","messaging":[{"sender"`, `{"object":"page"}}`} {
		if _, err := Decode([]byte(body), received); err != errMalformed {
			t.Errorf("%q: %v", body, err)
		}
	}
}

// What leaves Decode must be storable: a time or text that cannot be written as
// JSON would be refused for ever, and Meta would send it for ever.
func FuzzDecode(f *testing.F) {
	for _, c := range decodeCases {
		f.Add([]byte(notification("messaging", expand(c.element))))
	}
	f.Add([]byte(`{"object":"page","entry":[{"id":"1","time":1,"changes":[{"field":"feed"}]}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		d, err := Decode(body, received)
		if err != nil {
			if d.Events != nil {
				t.Fatal("events beside an error")
			}
			return
		}
		items := len(d.Events)
		for _, n := range d.Ignored {
			items += n
		}
		if items == 0 {
			t.Fatal("nothing was counted")
		}
		for _, in := range d.Events {
			c := in.Conversation
			if c.Page == "" || (c.Customer == "") != (in.Kind == bridge.PolicyEvent || in.Kind == bridge.TestEvent) || in.Key == "" || len(in.Key) > 1000 || in.Kind == "" || in.At.IsZero() || c.Lane().Page != c.Page {
				t.Fatalf("incomplete: %+v", in)
			}
			if stored := throughStore(t, []bridge.Incoming{in})[0]; !reflect.DeepEqual(stored, in) {
				t.Fatalf("%+v is stored, and read as %+v", in, stored)
			}
		}
	})
}
