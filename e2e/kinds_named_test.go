package e2e

import "strings"

// namedKinds are all kinds that the program knows by Meta's names for them; each is
// played once, and TestKnown_IsDocumented in messenger/wire looks for new ones.
var namedKinds = slicesOf(
	attachmentKind("image", `{"url":"{file 1.jpg}"}`, "customer: 📎 photo-#.jpg (image/jpeg)"),
	attachmentKind("video", `{"url":"{file 1.mp4}"}`, "customer: 📎 video-#.mp4 (video/mp4)"),
	attachmentKind("audio", `{"url":"{file 1.mp4}"}`, "customer: 📎 voice-#.m4a (audio/mp4)"),
	attachmentKind("file", `{"url":"{file a.pdf}"}`, "customer: 📎 a.pdf"),
	attachmentKind("sticker", `{"url":"{file 1.png}","sticker_id":42}`, "customer: 📎 sticker-#.png (image/png)"),
	attachmentKind("location", `{"coordinates":{"lat":1.5,"long":2},"title":"Shop"}`, "customer: 📍 Shop: https://www.openstreetmap.org/?mlat=1.5&mlon=2#map=16/1.5/2"),
	attachmentKind("appointment_booking", `{"status":"confirmed","start_time":1790000000}`, "customer: Appointment confirmed: 21 Sep 2026, 14:13"),
	[]kindRow{shared("fallback"), shared("share"), shared("post"), shared("ig_post"), shared("reel"), shared("ig_reel"), shared("story_mention")},
	[]kindRow{{
		does: "an attachment of any other type", sees: []string{"customer: Words ⏎ and more ⏎ https://ex.test/a"}, note: "every text in it, but ids and the like; the placeholder, if there is none",
		variants: attached(`{"type":"of_tomorrow","payload":{"url":"https://ex.test/a","title":"Words","id":"x1","note":"and more"}}`),
	}},
	templateKind("generic", `"elements":[{"title":"Card","subtitle":"below","buttons":[{"title":"Buy"}]}]`, "Card ⏎ below ⏎ ▸ Buy"),
	templateKind("button", `"text":"Well?","buttons":[{"title":"Yes"}]`, "Well? ⏎ ▸ Yes"),
	templateKind("list", `"elements":[{"title":"One"},{"title":"Two"}],"buttons":[{"title":"More"}]`, "One ⏎ Two ⏎ ▸ More"),
	templateKind("media", `"elements":[{"media_type":"video","attachment_id":"7","buttons":[{"title":"Look"}]}]`, "📎 a video ⏎ ▸ Look"),
	templateKind("product", `"product":{"elements":[{"title":"Shoe","subtitle":"42 EUR"}]}`, "Shoe ⏎ 42 EUR"),
	templateKind("receipt", `"order_number":"7","currency":"EUR","summary":{"total_cost":50},"elements":[{"title":"Shirt","quantity":2,"price":25}]`, "Order: 7 ⏎ 2 × Shirt ⏎ 25 EUR ⏎ Total: 50 EUR"),
	templateKind("coupon", `"title":"10 % off","coupon_code":"TEN"`, "10 % off ⏎ Code: TEN"),
	templateKind("image_grid", `"title":"Ours","elements":[{"url":"https://ex.test/1"},{"url":"https://ex.test/2"}]`, "Ours ⏎ https://ex.test/1 ⏎ https://ex.test/2"),
	templateKind("customer_feedback", `"title":"Rate us","button_title":"Rate","feedback_screens":[{"questions":[{"id":"q","title":"How was it?"}]}]`, "Rate us ⏎ How was it? ⏎ ▸ Rate"),
	templateKind("customer_information", `"title":"About you","button_title":"Tell us"`, "About you ⏎ ▸ Tell us"),
	templateKind("of_tomorrow", `"body":{"id":"x1","line":"Any words"}`, "Any words"),
	[]kindRow{
		{does: "event `message`", sees: []string{"customer: Hello"}, variants: [][]string{{hello}}},
		{does: "event `postback`", sees: []string{"customer: Menu"}, variants: [][]string{{`{$D,"postback":{"title":"Menu"}}`}}},
		eventAfter("reaction", `{"mid":"$1","action":"react","emoji":"\u2764"}`, "customer: Hello :heart:"),
		eventAfter("message_edit", `{"mid":"$1","text":"Bye","num_edit":1}`, "customer: Bye (edited)"),
		eventAfter("read", `{"watermark":$M}`, "customer: Hello"),
		eventAfter("delivery", `{"watermark":$M}`, "customer: Hello"),
		{does: "event `referral`", sees: []string{"customer: [The customer came through a link.]"}, variants: [][]string{{`{$D,"referral":{}}`}}},
		{does: "event `optin`", sees: []string{"customer: [The customer came through the Send to Messenger button.]"}, variants: [][]string{{`{$D,"optin":{}}`}}},
		eventAfter("optout", `{}`, "customer: Hello", "bot: The customer no longer wants to be sent news."),
		eventAfter("pass_thread_control", `{"new_owner_app_id":null}`, "customer: Hello", "bot: No app is handling this conversation any more: whoever answers first does."),
		eventAfter("take_thread_control", `{"new_owner_app_id":77}`, "customer: Hello", "bot: Another app is handling this conversation now. While it does, your messages may be refused. Take it over in the Page inbox of Facebook."),
		eventAfter("request_thread_control", `{"requested_owner_app_id":77}`, "customer: Hello", "bot: Another app asks to take over this conversation."),
		eventAfter("messaging_feedback", `{"feedback_screens":[{"questions":{"q":{"payload":"4"}}}]}`, "customer: Hello", "bot: The customer answered the survey: 4"),
		eventAfter("response_feedback", `{"feedback":"Good response"}`, "customer: Hello", "bot: The customer rated an answer: Good response"),
		eventAfter("template", `{"coupon_code":"TEN"}`, "customer: Hello", "bot: The customer looked at a coupon. Code: TEN"),
		eventAfter("account_linking", `{}`, "customer: Hello", somethingHappened("account_linking")), eventAfter("message_context", `{}`, "customer: Hello", somethingHappened("message_context")),
		eventAfter("messaging_integrity", `{}`, "customer: Hello", somethingHappened("messaging_integrity")), eventAfter("game_play", `{}`, "customer: Hello", somethingHappened("game_play")),
		eventAfter("payment", `{}`, "customer: Hello", somethingHappened("payment")),
		{does: "event `order`", sees: []string{"customer: [The customer sent an order.] ⏎ Shoe"}, variants: [][]string{{`{$D,"order":{"products":[{"name":"Shoe"}]}}`}}},
		{does: "event `messaging_customer_information`", sees: []string{"customer: [The customer filled in a form.] ⏎ phone: 42"}, variants: [][]string{{`{$D,"messaging_customer_information":{"screens":[{"responses":[{"key":"phone","value":"42"}]}]}}`}}},
		{does: "event `lead`", sees: []string{"customer: [The customer filled in a form.] ⏎ Size?: 42"}, variants: [][]string{{`{$D,"lead":{"data":[{"question":"Size?","answer":"42"}]}}`}}},
		{does: "event `policy_enforcement` or `policy-enforcement`", note: "the setup channel hears of it"},
		{does: "event `app_roles`", note: "counted; it is about no conversation", variants: [][]string{{`{$D,"app_roles":{}}`}}},
		{does: "any other event", note: "it opens no room, and is counted by its name", variants: [][]string{{`{$D,"of_tomorrow":{}}`}}},
		eventAfter("of_tomorrow", `{}`, "customer: Hello", somethingHappened("of_tomorrow")),
		{
			does: "a change of any field but `feed`", sees: []string{"customer: Hello"}, note: "read as an event if it names sender or recipient, else counted; `feed` stands above",
			variants: [][]string{{`of_tomorrow {$D,"message":{"mid":"$1","text":"Hello"}}`, `leadgen {"leadgen_id":7}`}},
		},
		{does: "anything of the page `0`", note: "Meta's test, sent by the button in the app's dashboard: the setup channel hears once a day that it arrived, field by field"},
		{does: "an object other than `page`", note: "counted"},
	},
)

// somethingHappened is what is said, once in a room, of a kind of event without words.
func somethingHappened(kind string) string {
	return "bot: Something happened in this conversation that cannot be shown here (" + kind + "). It may be seen in the Page inbox of Facebook: (link)"
}

func slicesOf(all ...[]kindRow) (rows []kindRow) {
	for _, some := range all {
		rows = append(rows, some...)
	}
	return rows
}

func attachmentKind(name, payload, sees string) []kindRow {
	return []kindRow{{does: "attachment `" + name + "`", sees: []string{sees}, variants: attached(`{"type":"` + name + `","payload":` + payload + `}`)}}
}

// shared is something on the web, with a title.
func shared(name string) kindRow {
	return attachmentKind(name, `{"url":"https://ex.test/a","title":"Its title"}`, "customer: Its title ⏎ https://ex.test/a")[0]
}

func templateKind(name, content, sees string) []kindRow {
	does := "template `" + name + "`"
	if strings.HasPrefix(name, "of_") {
		does = "a template of any other type"
	}
	return []kindRow{{does: does, sees: []string{"customer: " + sees}, variants: attached(`{"type":"template","payload":{"template_type":"` + name + `",` + content + `}}`)}}
}

// eventAfter comes when there is a room.
func eventAfter(name, value string, sees ...string) kindRow {
	return kindRow{does: "event `" + name + "`", before: []string{hello}, sees: sees, variants: [][]string{{`{$D,"` + name + `":` + value + `}`}}}
}
