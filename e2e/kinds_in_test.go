package e2e

const hello = `{$D,"message":{"mid":"$1","text":"Hello"}}`

// text is a message with some attachments.
func attached(attachments string) [][]string {
	return [][]string{{`{$D,"message":{"mid":"$1","attachments":[` + attachments + `]}}`}}
}

const also = "customer: [The customer sent something that cannot be shown here. It can be seen in the Page inbox of Facebook: (link)]"

// customerKinds are all events of messenger.md section 2 that customers cause, in the
// ways Meta writes them.
var customerKinds = []kindRow{
	{
		does: "writes a text", sees: []string{"customer: Hello"},
		variants: [][]string{
			{hello},
			{hello, hello},
			{`{"sender":{"id":$C},"recipient":{"id":$P},"timestamp":"$M","message":{"mid":"$1","text":"Hello","nlp":{},"new":[1]}}`},
			{`{"sender":{"id":"$C"},"recipient":{"id":"$P"},"timestamp":$S,"message":{"mid":"$1","text":"Hello","attachments":null}}`},
			{`{"sender":{"id":"$C"},"message":{"text":"Hello"}}`}, {`{$D,"message":"Hello"}`},
			{`messages {$D,"message":{"mid":"$1","text":"Hello"}}`, hello},
			{`field_of_tomorrow {$D,"message":{"mid":"$1","text":"Hello"}}`},
		},
	},
	{
		does: "writes while another app, or Facebook's assistant, holds the conversation", standby: true,
		sees: []string{
			"customer: Hello",
			"bot: Another app, or Facebook's own assistant, is handling this conversation. Your messages may be refused until you take it over in the Page inbox of Facebook: (link)",
		},
		variants: [][]string{{hello}, {hello, hello}, {"standby " + hello}},
	},
	{
		does: "taps a quick reply", sees: []string{"customer: Sales"}, note: "the button's title; bots read it like a typed answer",
		variants: [][]string{{`{$D,"message":{"mid":"$1","text":"Sales","quick_reply":{"payload":"DEPT:sales"}}}`}, {`{$D,"message":{"mid":"$1","text":"Sales","quick_reply":7}}`}},
	},
	{
		does: "taps a button, a menu entry or an ice breaker", sees: []string{"customer: Opening hours"},
		variants: [][]string{
			{`{$D,"postback":{"mid":"$1","title":"Opening hours","payload":"HOURS"}}`},
			{`{$D,"postback":{"title":"Opening hours"}}`},
			{`messaging_postbacks {$D,"postback":{"mid":"$1","title":"Opening hours","payload":"HOURS"}}`},
			{`{$D,"postback":{"mid":"$1","title":"Opening hours"}}`, `{$D,"postback":{"mid":"$1","title":"Opening hours","payload":"HOURS"}}`},
		},
	},
	{does: "taps a button without a title", sees: []string{"customer: HOURS"}, variants: [][]string{{`{$D,"postback":{"mid":"$1","payload":"HOURS"}}`}, {`{$D,"postback":{"mid":"$1","title":"\u200b","payload":"HOURS"}}`}}},
	{does: "taps a button of which nothing is told", sees: []string{"customer: [The customer tapped a button.]"}, variants: [][]string{{`{$D,"postback":{"mid":"$1"}}`}, {`{$D,"postback":"x"}`}}},
	{does: "taps Get Started", sees: []string{"customer: Get Started"}, variants: [][]string{{`{$D,"postback":{"mid":"$1","title":"Get Started","payload":"GET_STARTED"}}`}}},
	{
		does: "taps Get Started after an m.me link", sees: []string{"customer: [The customer came through an m.me link. Reference: qr-shop-1.] ⏎ Get Started"},
		variants: [][]string{{`{$D,"postback":{"mid":"$1","title":"Get Started","payload":"GET_STARTED","referral":{"ref":"qr-shop-1","source":"SHORTLINK","type":"OPEN_THREAD"}}}`}},
	},
	{
		does: "writes after an ad", sees: []string{"customer: [The customer came through an ad. Ad: Autumn sale. Reference: c-7.] ⏎ Is it still on?"},
		variants: [][]string{
			{`{$D,"message":{"mid":"$1","text":"Is it still on?","referral":{"ref":"c-7","source":"ADS","type":"OPEN_THREAD","ad_id":120000000000001,"ads_context_data":{"ad_title":"Autumn sale","photo_url":"https://x.test/","post_id":"1_2"}}}}`},
		},
	},
	{does: "writes from a product of the shop", sees: []string{"customer: [The customer came from the shop. Product: 4711.] ⏎ Is it in stock?"}, variants: [][]string{{`{$D,"message":{"mid":"$1","text":"Is it in stock?","referral":{"product":{"id":4711}}}}`}}},
	{does: "comes back through an ad", sees: []string{"customer: [The customer came through an ad. Ad: Autumn sale.]"}, variants: [][]string{{`{$D,"referral":{"source":"ADS","type":"OPEN_THREAD","ads_context_data":{"ad_title":"Autumn sale"}}}`}}},
	{does: "comes back through an m.me link", sees: []string{"customer: [The customer came through an m.me link. Reference: flyer.]"}, variants: [][]string{{`{$D,"referral":{"ref":"flyer","source":"SHORTLINK"}}`}}},
	{does: "comes back through the chat on a website", sees: []string{"customer: [The customer came through the chat on a website. Website: https://shop.test/]"}, variants: [][]string{{`{$D,"referral":{"source":"CUSTOMER_CHAT_PLUGIN","referer_uri":"https://shop.test/"}}`}}},
	{
		does: "comes through the Send to Messenger button", sees: []string{"customer: [The customer came through the Send to Messenger button. Reference: cart-77.]"},
		note:     "an opt-in that names no news is a way in, and no consent",
		variants: [][]string{{`{$D,"optin":{"ref":"cart-77"}}`}, {`{$D,"optin":{"ref":"cart-77","type":"\u200b"}}`}, {`messaging_optins {$D,"optin":{"ref":"cart-77"}}`}},
	},
	{does: "comes back through a link of another kind", sees: []string{"customer: [The customer came through a link.]"}, variants: [][]string{{`{$D,"referral":{}}`}, {`{$D,"referral":{"source":"NEW","type":7}}`}}},

	{
		does: "sends a picture", sees: []string{"customer: 📎 photo-#.jpg (image/jpeg)"},
		variants: [][]string{
			{`{$D,"message":{"mid":"$1","attachments":[{"type":"image","payload":{"url":"{file 1_2_n.jpg}"}}]}}`},
			{`{$D,"message":{"mid":"$1","text":"\u200b","attachments":[{"type":"image","payload":{"url":"{file 1_2_n.jpg}"}}]}}`},
		},
	},
	{
		does: "sends several pictures at once", sees: []string{"customer: 📎 photo-#.jpg (image/jpeg)", "customer: 📎 photo-#.png (image/png)"},
		variants: attached(`{"type":"image","payload":{"url":"{file 1_2_n.jpg}"}},{"type":"image","payload":{"url":"{file 3_4_n.png}"}}`),
	},
	{does: "sends a picture with a text", sees: []string{"customer: Look", "customer: 📎 photo-#.gif (image/gif)"}, variants: [][]string{{`{$D,"message":{"mid":"$1","text":"Look","attachments":[{"type":"image","payload":{"url":"{file a.gif}"}}]}}`}}},
	{does: "sends a video", sees: []string{"customer: 📎 video-#.mp4 (video/mp4)"}, variants: attached(`{"type":"video","payload":{"url":"{file v.mp4}"}}`)},
	{does: "sends a voice message", sees: []string{"customer: 📎 voice-#.m4a (audio/mp4)"}, variants: attached(`{"type":"audio","payload":{"url":"{file audioclip-1-2.mp4}"}}`), note: "Facebook sends it in a container for video"},
	{does: "sends a document", sees: []string{"customer: 📎 Invoice März.pdf"}, variants: attached(`{"type":"file","payload":{"url":"{file Invoice%20M%C3%A4rz.pdf}"}}`)},
	{does: "sends a file whose kind is not told", sees: []string{"customer: 📎 file-#.png (image/png)"}, variants: attached(`{"payload":{"url":"{file x.png}"}}`)},
	{
		does: "sends a sticker", sees: []string{"customer: 📎 sticker-#.png (image/png)"},
		variants: [][]string{
			{`{$D,"message":{"mid":"$1","attachments":[{"type":"sticker","payload":{"url":"{file s.png}","sticker_id":"42"}}]}}`},
			{`{$D,"message":{"mid":"$1","attachments":[{"type":"image","payload":{"url":"{file s.png}","sticker_id":42}}]}}`},
			{`{$D,"message":{"mid":"$1","attachments":[{"type":"image","payload":{"url":"{file s.png}","sticker_id":42}},{"type":"sticker","payload":{"url":"{file s.png}","sticker_id":42}}]}}`},
		},
	},
	{
		does: "sends the thumb", sees: []string{"customer: 👍"},
		variants: [][]string{
			{`{$D,"message":{"mid":"$1","attachments":[{"type":"sticker","payload":{"url":"{file s.png}","sticker_id":"369239263222822"}}]}}`},
			{`{$D,"message":{"mid":"$1","attachments":[{"type":"image","payload":{"url":"{file s.png}","sticker_id":369239383222810}}]}}`},
		},
	},
	{
		does: "sends a location", sees: []string{"customer: 📍 Location: https://www.openstreetmap.org/?mlat=52.5&mlon=-13.25#map=16/52.5/-13.25"},
		variants: [][]string{
			{`{$D,"message":{"mid":"$1","attachments":[{"type":"location","payload":{"coordinates":{"lat":52.5,"long":-13.25}}}]}}`},
			{`{$D,"message":{"mid":"$1","attachments":[{"type":"location","payload":{"coordinates":{"lat":"52.5","long":"-13.25"}}}]}}`},
		},
	},
	{
		does: "sends a link", sees: []string{"customer: See https://ex.test/a ⏎ A page"}, note: "the page itself is never fetched",
		variants: [][]string{
			{`{$D,"message":{"mid":"$1","text":"See https://ex.test/a","attachments":[{"type":"fallback","payload":{"url":"https://ex.test/a","title":"A page"}}]}}`},
			{`{$D,"message":{"mid":"$1","text":"See https://ex.test/a","attachments":[{"type":"fallback","title":"A page","url":"https://l.facebook.com/l.php?u=https%3A%2F%2Fex.test%2Fa&h=x","payload":null}]}}`},
			{`{$D,"message":{"mid":"$1","text":"See https://ex.test/a","attachments":[{"type":"fallback","payload":{"url":"http://www.ex.test/a/?utm_source=fb&fbclid=x#","title":"A page"}}]}}`},
			{`{$D,"message":{"mid":"$1","text":"See https://ex.test/a","attachments":[{"type":"fallback","payload":{"url":"https://ex.test/a","title":"A page"}},{"type":"share","payload":{"url":"https://l.facebook.com/l.php?u=https%3A%2F%2Fex.test%2Fa%3Ffbclid%3Dx"}}]}}`},
		},
	},
	{does: "shares a post", sees: []string{"customer: New shoes ⏎ https://www.facebook.com/1/posts/2"}, variants: attached(`{"type":"post","payload":{"url":"https://www.facebook.com/1/posts/2","title":"New shoes","id":2}}`)},
	{
		does: "sends a link with what tells where it was shared", sees: []string{"customer: https://ex.test/a?utm_source=fb&id=7 ⏎ A page"},
		variants: [][]string{
			{`{$D,"message":{"mid":"$1","text":"https://ex.test/a?utm_source=fb&id=7","attachments":[{"type":"fallback","payload":{"url":"https://l.facebook.com/l.php?u=https%3A%2F%2Fex.test%2Fa%3Fid%3D7%26fbclid%3Dx","title":"A page"}}]}}`},
			{`{$D,"message":{"mid":"$1","text":"https://ex.test/a?utm_source=fb&id=7","attachments":[{"type":"fallback","url":"https://ex.test/a?id=7","title":"A page"}]}}`},
		},
	},
	{
		does: "shares a link the old way", sees: []string{"customer: https://ex.test/b"},
		variants: [][]string{
			{`{$D,"message":{"mid":"$1","attachments":[{"type":"share","payload":{"url":"https://ex.test/b"}}]}}`},
			{`{$D,"message":{"mid":"$1","attachments":[{"type":"share","payload":{"url":"https://ex.test/b?fbclid=x"}},{"type":"fallback","payload":{"url":"https://ex.test/b","title":"ex.test/b"}}]}}`},
		},
	},
	{
		does: "shares a link whose kind is not told", sees: []string{"customer: https://ex.test/b"}, note: "an address from which no file may come is a link, and not fetched",
		variants: [][]string{
			{`{$D,"message":{"mid":"$1","attachments":[{"payload":{"url":"https://ex.test/b"}}]}}`},
			{`{$D,"message":{"mid":"$1","text":"https://ex.test/b","attachments":[{"payload":{"url":"https://l.facebook.com/l.php?u=https%3A%2F%2Fex.test%2Fb%3Ffbclid%3Dx"}}]}}`},
		},
	},
	{does: "shares a reel", sees: []string{"customer: Funny ⏎ https://www.facebook.com/reel/7"}, variants: attached(`{"type":"reel","payload":{"url":"https://www.facebook.com/reel/7","title":"Funny","reel_video_id":7}}`)},
	{
		does: "shares products, or another template", sees: []string{"customer: Shoe ⏎ 42 EUR ⏎ ▸ Buy ⏎ Sock"},
		variants: [][]string{
			{`{$D,"message":{"mid":"$1","attachments":[{"type":"template","payload":{"product":{"elements":[{"id":1,"title":"Shoe","subtitle":"42 EUR","buttons":[{"title":"Buy"}]},{"title":"Sock"}]}}}]}}`},
			{`{$D,"message":{"mid":"$1","attachments":[{"type":"template","payload":{"template_type":"generic","elements":[{"title":"Shoe","subtitle":"42 EUR","buttons":[{"title":"Buy"}]},{"title":"Sock"}]}}]}}`},
		},
	},
	{
		does: "books an appointment", sees: []string{"customer: Appointment requested: 21 Sep 2026, 14:13 to 21 Sep 2026, 15:13"}, note: "in the zone that `TIMEZONE` names",
		variants: [][]string{
			{`{$D,"message":{"mid":"$1","attachments":[{"type":"appointment_booking","payload":{"booking_id":1,"status":"requested","start_time":1790000000,"end_time":"1790003600","timezone":"Europe/Berlin"}}]}}`},
			{`{$D,"message":{"mid":"$1","attachments":[{"type":"appointment_booking","payload":{"booking_id":1,"status":"requested","start_time":"2026-09-21T16:13:20","end_time":"2026-09-21T15:13:20+0000","timezone":"Europe/Berlin"}}]}}`},
		},
	},
	{does: "cancels an appointment, at a time that cannot be read", sees: []string{"customer: Appointment cancelled: see below ⏎ next week Europe/Berlin"}, variants: attached(`{"type":"appointment_booking","payload":{"status":"cancelled","start_time":"next week","timezone":"Europe/Berlin"}}`)},
	{
		does: "sends an order", sees: []string{"customer: [The customer sent an order.] ⏎ 2 × Shoe ⏎ 21 EUR ⏎ Note: ring twice"},
		variants: [][]string{{`{$D,"order":{"products":[{"id":"1","retailer_id":"SKU-1","name":"Shoe","unit_price":21,"currency":"EUR","quantity":2}],"note":"ring twice"}}`}},
	},
	{
		does: "fills in a form", sees: []string{"customer: [The customer filled in a form.] ⏎ Your e-mail?: anna@ex.test"},
		variants: [][]string{
			{`{$D,"messaging_customer_information":{"screens":[{"screen_id":"a","responses":[{"key":"Your e-mail?","value":"anna@ex.test"}]}]}}`},
			{`{"sender":{"id":"$C"},"recipient":{"id":"$P"},"timestamp":$S,"lead":{"data":[{"question":"Your e-mail?","answer":"anna@ex.test"}]},"hop_context":[{"app_id":1}]}`},
		},
	},
	{
		does: "sends something that Facebook keeps to itself", sees: []string{also},
		variants: [][]string{
			{`{$D,"message":{"mid":"$1","is_unsupported":true}}`}, {`{$D,"message":{"mid":"$1","is_unsupported":"true"}}`},
			{`{$D,"message":{"mid":"$1"}}`}, {`{$D,"message":{"mid":"$1","text":" \n"}}`}, {`{$D,"message":7}`},
			{`{$D,"message":{"mid":"$1","text":"\u200b"}}`}, {`{$D,"message":{"mid":"$1","text":"\ufeff \u202e"}}`}, {`{$D,"message":{"mid":"$1","text":"\u2800"}}`},
			{`{$D,"message":{"mid":"$1","text":"\u3164"}}`}, {`{$D,"message":{"mid":"$1","text":"\ufe0f\u0301"}}`},
			{`{$D,"message":{"mid":"$1","attachments":[{"type":"teleport","payload":{}}]}}`}, {`{$D,"message":{"mid":"$1","attachments":[{"type":"fallback"}]}}`},
		},
	},
	{does: "writes, and attaches something unheard of", sees: []string{"customer: Hello ⏎ " + also[len("customer: "):]}, variants: [][]string{{`{$D,"message":{"mid":"$1","text":"Hello","attachments":[{"type":"teleport"}]}}`}}},
	{
		does: "does something unheard of", sees: nil, note: "it opens no room; in one that is there, the bot names each such kind once",
		variants: [][]string{{`{$D,"teleport":{"a":1}}`}, {`{$D,"message":null}`}},
	},
	{
		does: "does something unheard of, again and again", before: []string{hello}, sees: []string{"customer: Hello", somethingHappened("teleport"), somethingHappened("nothing")},
		variants: [][]string{{`{$D,"teleport":{"a":1}}`, `{$D,"message":null}`, `{$D,"teleport":{"a":2}}`, `{$D,"message":null,"read":null}`}},
	},
	{
		does: "causes something that nobody said", sees: nil, note: "it opens no room; in one that is there, the bot says that something happened",
		variants: [][]string{
			{`{$D,"account_linking":{"status":"linked"}}`}, {`{$D,"response_feedback":{"feedback":"Good response","mid":"m_1"}}`}, {`{$D,"message_context":{}}`},
			{`{$D,"game_play":{}}`}, {`{$D,"messaging_integrity":{}}`}, {`{$D,"payment":{}}`}, {`{$D,"template":{"type":"coupon","payload":"x","coupon_code":"TEN"}}`},
		},
	},
	{
		does: "links an account, plays a game, or the like", before: []string{hello},
		sees:     []string{"customer: Hello", somethingHappened("account_linking"), somethingHappened("game_play")},
		variants: [][]string{{`{$D,"account_linking":{"status":"linked"}}`, `{$D,"game_play":{}}`, `{$D,"account_linking":{"status":"unlinked"}}`}},
	},
	{
		does: "says whether an answer was good", before: []string{hello}, sees: []string{"customer: Hello", "bot, quoting “Hello”: The customer rated an answer: Good response"},
		variants: [][]string{{`{$D,"response_feedback":{"feedback":"Good response","mid":"$1"}}`}},
	},
	{
		does: "looks at a coupon", before: []string{hello}, sees: []string{"customer: Hello", "bot: The customer looked at a coupon. Code: TEN"},
		variants: [][]string{{`{$D,"template":{"type":"coupon","payload":"x","coupon_code":"TEN"}}`}},
	},

	{
		does: "answers a message", sees: []string{"customer: Hello", "customer, quoting “Hello”: As I said"}, before: []string{hello},
		variants: [][]string{{`{$D,"message":{"mid":"$2","text":"As I said","reply_to":{"mid":"$1"}}}`}, {`{$D,"message":{"mid":"$2","text":"As I said","reply_to":{"mid":"$1","is_self_reply":"true"}}}`}},
	},
	{
		does: "answers a message with a picture", sees: []string{"customer: Hello", "customer, quoting “Hello”: [In reply to this message]", "customer: 📎 photo-#.jpg (image/jpeg)"}, before: []string{hello},
		variants: [][]string{{`{$D,"message":{"mid":"$2","reply_to":{"mid":"$1"},"attachments":[{"type":"image","payload":{"url":"{file x.jpg}"}}]}}`}},
	},
	{
		does: "answers a message that the room does not have, or no longer", sees: []string{"customer: [In reply to an earlier message] ⏎ As I said"},
		variants: [][]string{{`{$D,"message":{"mid":"$2","text":"As I said","reply_to":{"mid":"m_of_old"}}}`}},
	},
	{
		does: "reacts to a message", sees: []string{"customer: Hello :heart:"}, before: []string{hello},
		variants: [][]string{
			{`{$D,"reaction":{"mid":"$1","action":"react","reaction":"love","emoji":"\u2764\ufe0f"}}`},
			{`{$D,"reaction":{"mid":"$1","action":"react","reaction":"love"}}`},
			{`{$D,"reaction":{"mid":"$1","action":"react","reaction":"smile","emoji":"\ud83d\ude06"}}`, `{$D,"reaction":{"mid":"$1","action":"react","reaction":"other","emoji":"\u2764"}}`},
		},
	},
	{
		does: "takes a reaction back", sees: []string{"customer: Hello"}, before: []string{hello, `{$D,"reaction":{"mid":"$1","action":"react","reaction":"love","emoji":"\u2764"}}`},
		variants: [][]string{{`{$D,"reaction":{"mid":"$1","action":"unreact"}}`}, {`{$D,"reaction":{"mid":"$1","action":"unreact","reaction":"love"}}`}},
	},
	{
		does: "reacts with something that Rocket.Chat has no emoji for", sees: []string{"customer: Hello", "bot, quoting “Hello”: The customer reacted with 🫪🫪 to a message."}, before: []string{hello},
		variants: [][]string{{`{$D,"reaction":{"mid":"$1","action":"react","reaction":"other","emoji":"🫪🫪"}}`}},
	},
	{
		does: "edits a text", sees: []string{"customer: Hello there (edited)"}, before: []string{hello},
		variants: [][]string{
			{`{$D,"message_edit":{"mid":"$1","text":"Hello there","num_edit":1}}`},
			{`{$D,"message_edit":{"mid":"$1","text":"Hello there","num_edit":"1"}}`},
			{`{$D,"message_edit":{"mid":"$1","text":"Hello there"}}`},
			{`message_edits {$D,"message_edit":{"mid":"$1","text":"Hello there","num_edit":1}}`},
		},
	},
	{
		does: "edits a text that came through an ad", before: []string{`{$D,"message":{"mid":"$1","text":"Is it stil on?","referral":{"ref":"c-7","source":"ADS","ads_context_data":{"ad_title":"Autumn sale"}}}}`},
		sees:     []string{"customer: [The customer came through an ad. Ad: Autumn sale. Reference: c-7.] ⏎ Is it still on? (edited)"},
		variants: [][]string{{edit(1, "Is it still on?")}, {edit(1, "Is it on?"), edit(2, "Is it still on?")}},
	},
	{
		does: "edits a text with a link, a place or the like behind it", before: []string{`{$D,"message":{"mid":"$1","text":"See tis","attachments":[{"type":"fallback","payload":{"url":"https://ex.test/a","title":"A page"}}]}}`},
		sees:     []string{"customer: See tis ⏎ A page ⏎ https://ex.test/a", "bot, quoting “See tis ⏎ A page ⏎ https://ex.test/a”: The customer corrected a message: ⏎ See this"},
		variants: [][]string{{edit(1, "See this")}},
	},
	{
		does: "edits an answer to a message that the room does not have", before: []string{`{$D,"message":{"mid":"$1","text":"Yse","reply_to":{"mid":"m_of_old"}}}`},
		sees:     []string{"customer: [In reply to an earlier message] ⏎ Yes (edited)"},
		variants: [][]string{{edit(1, "Yes")}},
	},
	{
		does: "edits an answer", sees: []string{"customer: Hello", "customer, quoting “Hello”: No (edited)"}, before: []string{hello, `{$D,"message":{"mid":"$2","text":"Yes","reply_to":{"mid":"$1"}}}`},
		variants: [][]string{{`{$D,"message_edit":{"mid":"$2","text":"No","num_edit":1}}`}},
	},
	{
		does: "edits a text five times", sees: []string{"customer: five (edited)"}, before: []string{hello},
		variants: [][]string{
			{edit(1, "one"), edit(2, "two"), edit(3, "three"), edit(4, "four"), edit(5, "five")},
			{edit(5, "five"), edit(4, "four"), edit(3, "three"), edit(1, "one"), edit(2, "two")},
			{edit(2, "two"), edit(2, "two"), edit(5, "five"), edit(5, "five"), edit(1, "one")},
		},
	},
	{
		does: "edits a text to something that is not told", before: []string{hello},
		sees: []string{"customer: Hello", "bot, quoting “Hello”: The customer changed this message to something that cannot be shown here. It can be seen in the Page inbox of Facebook: (link)"},
		variants: [][]string{
			{`{$D,"message_edit":{"mid":"$1","num_edit":1}}`}, {`{$D,"message_edit":{"mid":"$1","text":"","num_edit":1}}`},
			{`{$D,"message_edit":{"mid":"$1","text":"\u200b","num_edit":1}}`, `{$D,"message_edit":{"mid":"$1","text":"\u200b","num_edit":1}}`},
			{`{$D,"message_edit":{"mid":"$1","text":null}}`}, {`{$D,"message_edit":{"mid":"$1","text":{"a":1},"num_edit":"1"}}`},
		},
	},
	{
		does: "edits a text, which is told only the second time", before: []string{hello, `{$D,"message_edit":{"mid":"$1","num_edit":1}}`},
		sees:     []string{"customer: Hello there (edited)", "bot, quoting “Hello there”: The customer changed this message to something that cannot be shown here. It can be seen in the Page inbox of Facebook: (link)"},
		variants: [][]string{{`{$D,"message_edit":{"mid":"$1","text":"Hello there","num_edit":1}}`}},
	},
	{
		does: "deletes a message", sees: []string{"bot: The customer has deleted a message."}, before: []string{hello},
		variants: [][]string{{`{$D,"message":{"mid":"$1","is_deleted":true}}`}, {`{$D,"message":{"mid":"$1","is_deleted":"true","text":"Hello"}}`}},
		note:     "Facebook tells of few deletions: none that are documented for Messenger",
	},
	{
		does: "deletes several pictures", sees: []string{"customer: Hello", "bot: The customer has deleted a message."},
		before:   []string{hello, `{$D,"message":{"mid":"$2","attachments":[{"type":"image","payload":{"url":"{file 1.jpg}"}},{"type":"image","payload":{"url":"{file 2.jpg}"}}]}}`},
		variants: [][]string{{`{$D,"message":{"mid":"$2","is_deleted":true}}`}},
	},
	{
		does: "agrees to be sent news", sees: []string{"customer: Hello", "bot: The customer agreed to be sent: Shop news"}, before: []string{hello},
		variants: [][]string{{`{$D,"optin":{"type":"notification_messages","title":"Shop news","payload":"NEWS"}}`}, {`{$D,"optin":{"notification_messages_status":"RESUME NOTIFICATIONS","title":"Shop news"}}`}},
	},
	{
		does: "no longer wants news", sees: []string{"customer: Hello", "bot: The customer no longer wants to be sent: Shop news"}, before: []string{hello},
		variants: [][]string{{`{$D,"optin":{"notification_messages_status":"STOP NOTIFICATIONS","title":"Shop news"}}`}, {`{$D,"optout":{"title":"Shop news"}}`}},
	},
	{
		does: "answers a survey", sees: []string{"customer: Hello", "bot: The customer answered the survey: 4, quick answer"}, before: []string{hello},
		variants: [][]string{{`{$D,"messaging_feedback":{"feedback_screens":[{"screen_id":0,"questions":{"csat1":{"type":"csat","payload":"4","follow_up":{"type":"free_form","payload":"quick answer"}}}}]}}`}},
	},
	{
		does: "reads what was sent", sees: []string{"customer: Hello"}, before: []string{hello}, note: "shown if the page's setting receipts is on",
		variants: [][]string{{`{$D,"read":{"watermark":$M}}`}, {`{$D,"delivery":{"mids":["m_x"],"watermark":"1790000003001"}}`}, {`{$D,"delivery":{}}`}},
	},
}

func edit(n int, text string) string {
	return `{$D,"message_edit":{"mid":"$1","text":"` + text + `","num_edit":` + string(rune('0'+n)) + `}}`
}
