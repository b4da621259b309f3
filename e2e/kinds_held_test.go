package e2e

import (
	"messenger-bridge/bridge"
	"messenger-bridge/sandbox/chat"
)

// posts is somebody who posts a message with further fields.
func posts(text string, fields map[string]any) func(*talk) []string {
	return func(k *talk) []string { return []string{k.agent.SaysWith(k.rid, text, fields)} }
}

// one is an attachment, alone.
func one(attachment map[string]any) map[string]any {
	return map[string]any{"attachments": []any{attachment}}
}

// blocksOf is a message of blocks, as apps post them.
func blocksOf(blocks ...any) map[string]any { return map[string]any{"blocks": blocks} }

func plainText(text string) map[string]any { return map[string]any{"type": "plain_text", "text": text} }

// inThread is an agent who answers in the thread of the customer's question.
func inThread(k *talk) []string { return []string{k.agent.Replies(k.rid, k.asked, "On its way")} }

// toBen is an agent who asks a colleague.
func toBen(k *talk) []string {
	k.rc.AddUser(chat.User{Username: "ben"})
	return []string{k.agent.Says(k.rid, "@ben can you look at this one?")}
}

// heldKinds is what has its words elsewhere than in the text, and what may be meant for
// colleagues only.
var heldKinds = []outgoingKind{
	{what: "a text with a picture by its address", do: posts("See the picture", one(map[string]any{"image_url": "https://shop.test/p.png"})),
		sees: []string{"See the picture\nhttps://shop.test/p.png"}},
	{what: "a GIF of Giphy", do: posts("", one(map[string]any{"title": "happy cat", "title_link": "https://giphy.com/gifs/x", "image_url": "https://media.giphy.com/media/x/giphy.gif"})),
		sees: []string{"happy cat\nhttps://giphy.com/gifs/x\nhttps://media.giphy.com/media/x/giphy.gif"}},
	{what: "a card", do: posts("", one(map[string]any{"title": "Invoice", "text": "42 EUR", "fields": []any{map[string]any{"title": "Due", "value": "May"}}})),
		sees: []string{"Invoice\n42 EUR\nDue: May"}},
	{what: "an app's blocks", do: posts("", blocksOf(
		map[string]any{"type": "section", "text": plainText("Please choose a day")},
		map[string]any{"type": "actions", "elements": []any{map[string]any{"type": "button", "text": plainText("Monday"), "value": "mon"}}})),
		sees: []string{"Please choose a day with buttons Monday (mon)"}},
	{what: "blocks of a kind that nobody knows", do: posts("Hello", blocksOf(map[string]any{"type": "hologram", "beam": 1})),
		sees: []string{"Hello"}, told: []string{"Sent without a part of it that cannot be read: block “hologram”."}},
	{what: "a message forwarded from another room", do: func(k *talk) []string {
		other := k.rc.AddChannel("lobby-"+k.customer, "ana")
		return []string{k.agent.Quotes(k.rid, k.agent.Says(other, "We close at 5"), "")}
	}, sees: []string{"We close at 5"}},
	{what: "a location", do: posts("", map[string]any{"location": map[string]any{"type": "Point", "coordinates": []any{16.37, 48.2}}}),
		sees: []string{"📍 https://www.openstreetmap.org/?mlat=48.2&mlon=16.37#map=16/48.2/16.37"}},
	{what: "a video call without a link", do: posts("", map[string]any{"t": "videoconf", "blocks": []any{map[string]any{"type": "video_conf", "callId": "c1"}}}),
		told: []string{"Not delivered: Messenger customers cannot be called from here; send them a link."}},
	{what: "a video call with Jitsi", do: posts("", map[string]any{"t": "jitsi_call_started", "customFields": map[string]any{"jitsiCallUrl": "https://meet.jit.si/abc"}}),
		sees: []string{"https://meet.jit.si/abc"}},
	{what: "a video call with WebRTC", do: posts("https://chat.test/meet/r1?token=t", map[string]any{"t": "livechat_webrtc_video_call"}),
		sees: []string{"https://chat.test/meet/r1?token=t"}},
	{what: "a text that only clients can read", do: posts("c2VjcmV0", map[string]any{"t": "e2e"}), told: []string{"Not delivered: it is encrypted"}},
	{what: "a message of a type that nobody knows", do: posts("Hello", map[string]any{"t": "of-next-year"}),
		told: []string{"Not sent: Rocket.Chat marks this message as “of-next-year”"}, kept: true},
	{what: "an app writes", do: func(k *talk) []string {
		k.rc.AddUser(chat.User{Username: "weather.bot", Roles: []string{"app", "livechat-manager"}})
		return []string{k.rc.UserSaysRaw("weather.bot", k.rid, "It will rain")}
	}, sees: []string{"It will rain"}},
	{what: "rocket.cat writes", do: func(k *talk) []string {
		return []string{k.rc.UserSaysRaw("rocket.cat", k.rid, "The transcript was sent")}
	}, told: []string{"Not sent: what rocket.cat writes is meant for agents."}, kept: true},
	{what: "a command that nobody knows", do: func(k *talk) []string { return []string{k.agent.SaysRaw(k.rid, "/hlep")} },
		direct: "Your message was not sent to the customer, because it looks like a command.", kept: true},
	{what: "a command to the bridge", do: says("!facebook help"), kept: true},
	{what: "a note among colleagues", do: says("!note he is angry"), kept: true},
	{what: "a note with two files, each a message for the client", do: func(k *talk) []string {
		return k.agent.Uploads(k.rid, "!note is this his passport?", picture, document)
	}, told: []string{"Not sent: this file came with a note among colleagues."}, kept: true},
	{what: "a note that is edited", do: func(k *talk) []string {
		id := k.agent.Says(k.rid, "!note he is angry")
		k.settled()
		k.agent.Edits(id, "he is very angry")
		return []string{id}
	}, kept: true},
	{what: "an answer that is edited to a note", do: func(k *talk) []string {
		id := k.agent.Says(k.rid, "Hello")
		k.eventually("it arrives", func() bool { return len(k.customerSees()) == 1 })
		k.agent.Edits(id, "!note Hello")
		k.eventually("it is noticed", func() bool { return len(k.notices(k.rid, id)) == 1 })
		return []string{id}
	}, sees: []string{"Hello"}, told: []string{"The correction of this message was not delivered: it is a note among colleagues now."}},
	{what: "!private where there are no comments", do: says("!private I like you"),
		direct: "Your message was not sent to the customer: !private is for answers to comments.", kept: true},
	{what: "a message that begins with a colleague's name", do: toBen, told: []string{"Not sent: messages that begin with a colleague's name stay among colleagues."}, kept: true},
	{what: "the same, with the page's `mentions` set to `send`", set: func(s *bridge.Settings) { s.MentionsSend = true }, do: toBen,
		sees: []string{"@ben can you look at this one?"}, told: []string{"The customer gets this: on this page, messages that begin with a colleague's name are sent."}},
	{what: "an answer in a thread", do: inThread, sees: []string{"On its way"}, told: []string{"The customer gets this: answers in threads are sent, too."}},
	{what: "the same, with the page's `threads` set to `internal`", set: func(s *bridge.Settings) { s.ThreadsInternal = true }, do: inThread,
		told: []string{"Not sent: on this page, answers in threads stay among colleagues."}, kept: true},
	{what: "an answer in the thread of a note", do: func(k *talk) []string {
		note := k.agent.Says(k.rid, "!note he is angry")
		return []string{note, k.agent.Replies(k.rid, note, "indeed")}
	}, kept: true},
	{what: "an answer that quotes the customer and a note", do: func(k *talk) []string {
		note := k.agent.Says(k.rid, "!note he is angry")
		k.eventually("it is marked", func() bool { return len(k.reactions(k.rid, note)) == 1 })
		return []string{note, k.agent.QuotesAll(k.rid, []string{k.asked, note}, "We will look")}
	}, sees: []string{"We will look, in reply to “Where is my order?”"}},
	{what: "an answer that quotes what was held back, and one that quotes the bot", do: func(k *talk) []string {
		held := k.agent.Says(k.rid, "Dear [NAME],")
		k.eventually("it is noticed", func() bool { return len(k.reactions(k.rid, held)) == 1 && len(k.notices(k.rid, held)) == 1 })
		bots := ""
		for _, m := range k.rc.Messages(k.rid) {
			if m.Username == k.rc.Bot() {
				bots = m.ID
			}
		}
		return []string{held, k.agent.Quotes(k.rid, held, "Good morning"), k.agent.QuotesAll(k.rid, []string{k.asked, bots}, "It left today.")}
	}, sees: []string{"Good morning", "It left today., in reply to “Where is my order?”"}, told: []string{"Not sent yet: it still says [NAME]"}},
	{what: "a text with a placeholder that nobody filled in", do: says("Dear {{contact.name}}, [DATE] it is."),
		told: []string{"Not sent yet: it still says {{contact.name}}, [DATE], which looks like a placeholder."}, kept: true},
	{what: "the same, edited", do: func(k *talk) []string {
		id := k.agent.Says(k.rid, "Dear [NAME],")
		k.eventually("it is noticed", func() bool { return len(k.reactions(k.rid, id)) == 1 })
		k.agent.Edits(id, "Dear Anna,")
		return []string{id}
	}, sees: []string{"Dear Anna,"}, told: []string{"Not sent yet: it still says [NAME]"}},
	{what: "the same, written once more", do: func(k *talk) []string {
		id := k.agent.Says(k.rid, "Dear [NAME],")
		k.eventually("it is noticed", func() bool { return len(k.reactions(k.rid, id)) == 1 })
		return []string{id, k.agent.Says(k.rid, "Dear [NAME],")}
	}, sees: []string{"Dear [NAME],"}, told: []string{"Not sent yet: it still says [NAME]"}},
}
