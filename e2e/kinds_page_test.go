package e2e

// pageKinds are events that the page causes, or that others cause to it.
var pageKinds = []kindRow{
	{
		does: "somebody answers in the Page inbox", sees: []string{"customer: Hello", "bot: Answered in the Page inbox of Facebook: ⏎ We are open"}, before: []string{hello},
		variants: [][]string{
			{`{$E,"message":{"mid":"$2","is_echo":true,"app_id":263902037430900,"text":"We are open"}}`},
			{`message_echoes {$E,"message":{"mid":"$2","is_echo":true,"app_id":263902037430900,"text":"We are open"}}`},
			{`{$E,"message":{"mid":"$2","is_echo":"true","app_id":"263902037430900","text":"We are open"}}`, `{$E,"message":{"mid":"$2","is_echo":true,"app_id":263902037430900,"text":"We are open"}}`},
		},
	},
	{
		does: "another app answers", sees: []string{"customer: Hello", "bot: Answered by another app: ⏎ We are open"}, before: []string{hello},
		variants: [][]string{{`{$E,"message":{"mid":"$2","is_echo":true,"app_id":77,"metadata":"mb1:nonsense","text":"We are open"}}`}},
	},
	{
		does: "another program with our Meta app answers", sees: []string{"customer: Hello", "bot: Sent by another program of this Facebook app: ⏎ We are open"}, before: []string{hello},
		variants: [][]string{{`{$E,"message":{"mid":"$2","is_echo":true,"app_id":900800700600500,"text":"We are open"}}`}},
	},
	{
		does: "Facebook does not say who answers", sees: []string{"customer: Hello", "bot: Answered at Facebook: ⏎ We are open"}, before: []string{hello},
		variants: [][]string{{`{$E,"message":{"mid":"$2","text":"We are open"}}`}},
	},
	{
		does: "Facebook's assistant answers", sees: []string{"customer: Hello", "bot: Facebook's own assistant answered: ⏎ We are open"}, before: []string{hello}, standby: true,
		variants: [][]string{{`{$E,"message":{"mid":"$2","is_echo":true,"ai_generated":true,"app_id":263902037430900,"metadata":"{\"source\":\"axon\"}","text":"We are open"}}`}},
	},
	{
		does: "Facebook's assistant answers with something that is not told", standby: true, before: []string{hello},
		sees:     []string{"customer: Hello", "bot: Facebook's own assistant answered: ⏎ Something that cannot be shown here. It can be seen in the Page inbox of Facebook: (link)"},
		variants: [][]string{{`{$E,"message":{"mid":"$2","is_echo":true,"ai_generated":"true"}}`}},
	},
	{
		does: "somebody answers a message in the Page inbox, with a picture", before: []string{hello},
		sees:     []string{"customer: Hello", "bot, quoting “Hello”: Answered in the Page inbox of Facebook: ⏎ 📎 a picture", "customer: [Sent by the page Shop, not by the customer.] 📎 photo-#.png (image/png)"},
		variants: [][]string{{`{$E,"message":{"mid":"$2","is_echo":true,"app_id":263902037430900,"reply_to":{"mid":"$1"},"attachments":[{"type":"image","payload":{"url":"{file x.png}"}}]}}`}},
	},
	{
		does: "another app sends a voice message and a document", before: []string{hello},
		sees: []string{"customer: Hello", "bot: Answered by another app: ⏎ 📎 a voice message ⏎ 📎 a file",
			"customer: [Sent by the page Shop, not by the customer.] 📎 voice-#.m4a (audio/mp4)", "customer: [Sent by the page Shop, not by the customer.] 📎 c.pdf"},
		variants: [][]string{{`{$E,"message":{"mid":"$2","is_echo":true,"app_id":77,"attachments":[{"type":"audio","payload":{"url":"{file v.mp4}"}},{"type":"file","payload":{"url":"{file c.pdf}"}}]}}`}},
	},
	{
		does: "another app sends a picture that is no longer there", before: []string{hello},
		sees: []string{"customer: Hello", "bot: Answered by another app: ⏎ 📎 a picture",
			"bot: [The page sent a file that is not shown here (a picture). Facebook did not tell where it is. It can be seen in the Page inbox of Facebook: (link)]"},
		variants: [][]string{{`{$E,"message":{"mid":"$2","is_echo":true,"app_id":77,"attachments":[{"type":"image","payload":{}}]}}`}},
	},
	{
		does: "another app sends a link whose kind is not told",
		sees: []string{"customer: Hello", "bot: Answered by another app: ⏎ 📎 a file", "bot: https://ex.test/b"}, before: []string{hello},
		variants: [][]string{{`{$E,"message":{"mid":"$2","is_echo":true,"app_id":77,"attachments":[{"payload":{"url":"https://ex.test/b"}}]}}`}},
	},
	{
		does: "another app sends buttons", sees: []string{"customer: Hello", "bot: Answered by another app: ⏎ Shall we call? ⏎ ▸ Yes ⏎ ▸ No"}, before: []string{hello},
		variants: [][]string{{`{$E,"message":{"mid":"$2","is_echo":true,"app_id":77,"attachments":[{"type":"template","payload":{"template_type":"button","text":"Shall we call?","buttons":[{"type":"postback","title":"Yes"},{"title":"No"}]}}]}}`}},
	},
	{
		does: "another app sends a coupon", before: []string{hello}, sees: []string{"customer: Hello", "bot: Answered by another app: ⏎ 10 % off ⏎ until May ⏎ Code: TEN ⏎ ▸ Use it"},
		variants: [][]string{{`{$E,"message":{"mid":"$2","is_echo":true,"app_id":77,"attachments":[{"type":"template","payload":{"template_type":"coupon","title":"10 % off","subtitle":"until May","coupon_code":"TEN","coupon_url_button_title":"Use it"}}]}}`}},
	},
	{
		does: "another app sends a receipt", before: []string{hello},
		sees:     []string{"customer: Hello", "bot: Answered by another app: ⏎ Order: ON-77 ⏎ For: Anna ⏎ 2 × Shirt ⏎ cotton ⏎ 50 EUR ⏎ Shipping: 6.14 EUR ⏎ New customer: -5 EUR ⏎ Total: 56.14 EUR ⏎ Payment: Visa 1234"},
		variants: [][]string{{`{$E,"message":{"mid":"$2","is_echo":true,"app_id":77,"attachments":[{"type":"template","payload":{"template_type":"receipt","recipient_name":"Anna","order_number":"ON-77","payment_method":"Visa 1234","adjustments":[{"name":"New customer","amount":-5}],"summary":{"shipping_cost":6.14,"total_cost":56.14},"currency":"EUR","elements":[{"title":"Shirt","subtitle":"cotton","quantity":2,"price":50}]}}]}}`}},
	},
	{
		does: "another app sends a survey", before: []string{hello}, sees: []string{"customer: Hello", "bot: Answered by another app: ⏎ Rate us ⏎ please ⏎ How was it? ⏎ ▸ Rate"},
		variants: [][]string{{`{$E,"message":{"mid":"$2","is_echo":true,"app_id":77,"attachments":[{"type":"template","payload":{"template_type":"customer_feedback","title":"Rate us","subtitle":"please","button_title":"Rate","feedback_screens":[{"questions":[{"id":"csat1","type":"csat","title":"How was it?"}]}]}}]}}`}},
	},
	{
		does: "another app asks, and gives choices", before: []string{hello}, sees: []string{"customer: Hello", "bot: Answered by another app: ⏎ Which size? ⏎ ▸ S ⏎ ▸ M"},
		variants: [][]string{{`{$E,"message":{"mid":"$2","is_echo":true,"app_id":77,"text":"Which size?","quick_replies":[{"content_type":"text","title":"S","payload":"1"},{"title":"M"}]}}`}},
	},
	{
		does: "another app sends a picture with buttons", before: []string{hello}, sees: []string{"customer: Hello", "bot: Answered by another app: ⏎ 📎 a picture ⏎ https://www.facebook.com/1/photos/2 ⏎ ▸ Look"},
		variants: [][]string{{`{$E,"message":{"mid":"$2","is_echo":true,"app_id":77,"attachments":[{"type":"template","payload":{"template_type":"media","elements":[{"media_type":"image","url":"https://www.facebook.com/1/photos/2","buttons":[{"title":"Look"}]}]}}]}}`}},
	},
	{
		does: "another app sends a list, or cards", before: []string{hello}, sees: []string{"customer: Hello", "bot: Answered by another app: ⏎ Shoe ⏎ 42 EUR ⏎ https://ex.test/shoe ⏎ ▸ Buy ⏎ Sock ⏎ ▸ More"},
		variants: [][]string{{`{$E,"message":{"mid":"$2","is_echo":true,"app_id":77,"attachments":[{"type":"template","payload":{"template_type":"list","elements":[{"title":"Shoe","subtitle":"42 EUR","default_action":{"type":"web_url","url":"https://ex.test/shoe?fbclid=x"},"buttons":[{"title":"Buy"}]},{"title":"Sock"}],"buttons":[{"title":"More"}]}}]}}`}},
	},
	{
		does: "another app sends a template of a kind that is new", before: []string{hello}, sees: []string{"customer: Hello", "bot: Answered by another app: ⏎ Your trip ⏎ from Ulm ⏎ to Rome"}, note: "every text in it, but ids, addresses and the like",
		variants: [][]string{{`{$E,"message":{"mid":"$2","is_echo":true,"app_id":77,"attachments":[{"type":"template","payload":{"template_type":"teleport","title":"Your trip","trip":{"id":"x1","legs":["from Ulm","to Rome"],"map_url":"https://ex.test/m"}}}]}}`}},
	},
	{
		does: "another app sends a template of which nothing is told", before: []string{hello}, sees: []string{"customer: Hello", "bot: Answered by another app: ⏎ Look: ⏎ Something that cannot be shown here. It can be seen in the Page inbox of Facebook: (link)"},
		variants: [][]string{{`{$E,"message":{"mid":"$2","is_echo":true,"app_id":77,"text":"Look:","attachments":[{"type":"template","payload":{"template_type":"teleport"}}]}}`}, {`{$E,"message":{"mid":"$2","is_echo":true,"app_id":77,"text":"Look:","attachments":[{"type":"teleport"}]}}`}},
	},
	{does: "the page writes to somebody who has no room", sees: nil, variants: [][]string{{`{$E,"message":{"mid":"$1","is_echo":true,"app_id":263902037430900,"text":"We have news"}}`}}},
	{
		does: "the Page inbox takes the conversation", before: []string{hello},
		sees:     []string{"customer: Hello", "bot: The Page inbox of Facebook is handling this conversation now. While it does, your messages may be refused; it can be given back there."},
		variants: [][]string{{`{$D,"take_thread_control":{"previous_owner_app_id":900800700600500,"new_owner_app_id":263902037430900,"metadata":"x"}}`}, {`{$D,"pass_thread_control":{"previous_owner_app_id":null,"new_owner_app_id":"263902037430900"}}`}},
	},
	{
		does: "another app takes the conversation", before: []string{hello},
		sees:     []string{"customer: Hello", "bot: Another app is handling this conversation now. While it does, your messages may be refused. Take it over in the Page inbox of Facebook."},
		variants: [][]string{{`{$D,"take_thread_control":{"new_owner_app_id":77}}`}},
	},
	{
		does: "the conversation is given to the bridge", before: []string{hello},
		sees:     []string{"customer: Hello", "bot: This conversation was handed to you: your messages reach the customer."},
		variants: [][]string{{`{$D,"pass_thread_control":{"previous_owner_app_id":263902037430900,"new_owner_app_id":900800700600500}}`}, {`{$D,"pass_thread_control":{"new_owner_app_id":"900800700600500"}}`}},
	},
	{
		does: "nobody holds the conversation any more", before: []string{hello},
		sees:     []string{"customer: Hello", "bot: No app is handling this conversation any more: whoever answers first does."},
		variants: [][]string{{`{$D,"pass_thread_control":{"previous_owner_app_id":77,"new_owner_app_id":null}}`}},
	},
	{
		does: "somebody in the Page inbox asks for the conversation", before: []string{hello},
		sees:     []string{"customer: Hello", "bot: Somebody in the Page inbox of Facebook asks to take over this conversation."},
		variants: [][]string{{`{$D,"request_thread_control":{"requested_owner_app_id":263902037430900,"metadata":"please"}}`}},
	},
	{does: "the page reacts to a message", sees: []string{"customer: Hello"}, before: []string{hello}, variants: [][]string{{`{$E,"reaction":{"mid":"$1","action":"react","reaction":"love"}}`}}, note: "mostly an agent's own reaction, which comes back"},
	{
		does: "an answer is deleted at Facebook", before: []string{hello, `{$E,"message":{"mid":"$2","is_echo":true,"app_id":263902037430900,"text":"Oops"}}`},
		sees: []string{"customer: Hello", "bot: Answered in the Page inbox of Facebook: ⏎ Oops",
			"bot, quoting “Answered in the Page inbox of Facebook: ⏎ Oops”: This message was deleted at Facebook; the customer no longer sees it."},
		variants: [][]string{{`{$E,"message":{"mid":"$2","is_echo":true,"is_deleted":true}}`}},
	},
}
