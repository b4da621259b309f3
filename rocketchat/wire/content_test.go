package wire

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"messenger-bridge/bridge"
	"messenger-bridge/rocketchat/markup"
)

// read returns what becomes of a message of ana in the room r; more is the rest of its JSON.
func read(t *testing.T, more string) (bridge.AgentMessage, bool) {
	t.Helper()
	var m Message
	if err := json.Unmarshal([]byte(`{"_id":"1","rid":"r","u":{"_id":"a","username":"ana"},`+more+`}`), &m); !Tolerable(err) {
		t.Fatal(more, err)
	}
	return m.FromAgent(bridge.Author{ID: "me", Username: "bridge.bot"}, markup.Reader{})
}

// TestFromAgent_WordsThatAreNotInTheText reads content whose words stand elsewhere.
func TestFromAgent_WordsThatAreNotInTheText(t *testing.T) {
	for _, c := range []struct{ name, json, text string }{
		{"a picture by its address", `"msg":"See the picture","attachments":[{"image_url":"https://shop.test/p.png"}]`, "See the picture\nhttps://shop.test/p.png"},
		{"a sound and a video by their addresses", `"msg":"","attachments":[{"audio_url":"https://s.test/a.mp3"},{"video_url":"https://s.test/v.mp4"}]`, "https://s.test/a.mp3\nhttps://s.test/v.mp4"},
		{"a section and buttons", `"msg":"","blocks":[{"type":"section","text":{"type":"plain_text","text":"Please choose a day"}},{"type":"actions","elements":[{"type":"button","text":{"type":"plain_text","text":"Monday"},"value":"mon"}]}]`, "Please choose a day"},
		{"fields, context, image, input, select", `"blocks":[{"type":"section","fields":[{"type":"mrkdwn","text":"Due"},{"type":"plain_text","text":"May"}],"accessory":{"type":"image","imageUrl":"https://s.test/i.png","altText":"A plan"}},
			{"type":"context","elements":["odd",{"type":"mrkdwn","text":"by post"}]},{"type":"divider"},{"type":"image","image_url":"https://s.test/j.png","title":{"text":"Our shop"}},
			{"type":"input","label":{"text":"Size"},"element":{"type":"static_select","placeholder":{"text":"Pick one"},"options":[{"text":{"text":"Small"},"value":"s"},{"text":{"text":"Large"}}]}}]`,
			"Due\nMay\nA plan\nhttps://s.test/i.png\nby post\nOur shop\nhttps://s.test/j.png\nSize\nPick one\n▸ Small\n▸ Large"},
		{"an unknown block that says something", `"blocks":[{"type":"hologram","title":{"text":"Floating"}}]`, "Floating"},
		{"forwarded", `"msg":"[ ](https://chat.test/channel/x?msg=abc)","attachments":[{"text":"We close at 5","message_link":"https://chat.test/channel/x?msg=abc"}]`, "[ ](https://chat.test/channel/x?msg=abc)\nWe close at 5"},
		{"forwarded, with a card in it", `"msg":"","attachments":[{"text":"","message_link":"…?msg=abc","attachments":[{"title":"Invoice","text":"42 EUR"}]}]`, "Invoice\n42 EUR"},
		{"a card", `"msg":"","attachments":[{"title":"Invoice","text":"42 EUR","fields":[{"title":"Due","value":"May"},{"title":"No.","value":7}],"pretext":"New:","author_name":"Shop","footer":"Thanks"}]`, "New:\nShop\nInvoice\n42 EUR\nDue: May\nNo.: 7\nThanks"},
		{"Giphy", `"msg":"","attachments":[{"title":"happy cat","title_link":"https://giphy.com/gifs/x","image_url":"https://media.giphy.com/media/x/giphy.gif"}]`, "happy cat\nhttps://giphy.com/gifs/x\nhttps://media.giphy.com/media/x/giphy.gif"},
		{"a location", `"msg":"","location":{"type":"Point","coordinates":[16.37,48.2]}`, "📍 https://www.openstreetmap.org/?mlat=48.2&mlon=16.37#map=16/48.2/16.37"},
		{"a preview of a link", `"msg":"see https://s.test/a","attachments":[{"title":"A page","title_link":"https://s.test/a"}]`, "see https://s.test/a"},
		{"a caption written twice", `"msg":"Look","attachments":[{"type":"file","title":"a.png","title_link":"/file-upload/1/a.png","description":"Look"}]`, "Look"},
		{"odd types everywhere", `"msg":"x","attachments":[{"title":5,"text":["a",{"text":"b"}],"fields":3}],"location":"here","customFields":[]`, "x\n5\na\nb"},
	} {
		a, ok := read(t, c.json)
		if got := strings.TrimSpace(a.Text); !ok || got != c.text || len(a.Left) > 0 {
			t.Errorf("%s: %v, %q, left out: %q", c.name, ok, got, a.Left)
		}
	}
}

func TestFromAgent_ButtonsOfBlocksAndCards(t *testing.T) {
	a, _ := read(t, `"blocks":[{"type":"actions","elements":[{"type":"button","text":{"type":"plain_text","text":"Monday"},"value":"mon"},
		{"type":"button","text":{"text":"Shop"},"url":"https://s.test/"},{"type":"button","text":"Call"}]}],"attachments":[{"actions":[{"type":"button","text":"Yes","msg":"yes"}]}]`)
	want := []bridge.Button{{Title: "Yes", Payload: "yes"}, {Title: "Monday", Payload: "mon"}, {Title: "Shop", URL: "https://s.test/"}, {Title: "Call", Payload: "Call"}}
	if !slices.Equal(a.Buttons, want) || !a.Author.Bot {
		t.Errorf("%+v, by a program: %v", a.Buttons, a.Author.Bot)
	}
}

func TestFromAgent_Calls(t *testing.T) {
	for _, c := range []struct {
		name, json string
		nature     bridge.Nature
		text       string
		nothing    bool
	}{
		{"without a link", `"t":"videoconf","msg":"","blocks":[{"type":"video_conf","callId":"c1"}]`, bridge.CallInvite, "", false},
		{"without a type", `"msg":"","blocks":[{"type":"video_conf","callId":"c1"}]`, bridge.CallInvite, "", false},
		{"with a link in a block", `"t":"videoconf","blocks":[{"type":"section","text":{"type":"mrkdwn","text":"Join: https://meet.test/1"}}]`, "", "Join: https://meet.test/1", false},
		{"Jitsi", `"t":"jitsi_call_started","msg":"","customFields":{"jitsiCallUrl":"https://meet.jit.si/abc"}`, "", "https://meet.jit.si/abc", false},
		{"Jitsi without a link", `"t":"jitsi_call_started","msg":""`, bridge.CallInvite, "", false},
		{"WebRTC", `"t":"livechat_webrtc_video_call","msg":"https://chat.test/meet/r1?token=t"`, "", "https://chat.test/meet/r1?token=t", false},
		{"WebRTC, over", `"t":"livechat_webrtc_video_call","msg":"ended"`, "", "", true},
		{"of old", `"t":"livechat_video_call","msg":""`, bridge.CallInvite, "", false},
	} {
		a, ok := read(t, c.json)
		if ok == c.nothing || a.Nature != c.nature || strings.TrimSpace(a.Text) != c.text {
			t.Errorf("%s: %v, nature %q, %q", c.name, ok, a.Nature, a.Text)
		}
	}
	a, _ := read(t, `"t":"videoconf","blocks":[{"type":"actions","elements":[{"type":"button","text":{"text":"Join"},"url":"https://meet.test/1"}]}]`)
	if a.Nature != "" || len(a.Buttons) != 1 {
		t.Errorf("with a button: %+v", a)
	}
}

func TestFromAgent_QuotesThatMessengerCannotShow_AreRepeated(t *testing.T) {
	const here, there = `"https://chat.test/live/r?msg=q%d"`, `"https://chat.test/channel/x?msg=q%d"`
	quote := func(link string, n int) string {
		return fmt.Sprintf(`{"text":"said %d","author_icon":"/avatar/ben?format=svg","message_link":`+link+`}`, n, n)
	}
	answer := strings.TrimSuffix(quote(there, 2), "}") + `,"attachments":[` + quote(here, 5) + `,{"type":"file","title":"a.pdf","title_link":"/file-upload/1/a.pdf"}]}`
	ours := strings.ReplaceAll(quote(here, 6), "/avatar/ben", "/avatar/bridge.bot")
	for _, c := range []struct {
		name    string
		quotes  []string
		quoted  bridge.MessageID
		repeats []string
	}{
		{"of this room", []string{quote(here, 1)}, "q1", nil},
		{"of another room", []string{quote(there, 1)}, "", []string{"q1: said 1"}},
		{"several", []string{quote(here, 1), quote(there, 2), quote(here, 3)}, "q1", []string{"q2: said 2", "q3: said 3"}},
		{"an answer to another message, with a file", []string{quote(here, 1), answer}, "q1", []string{"q2: said 2 +a.pdf (q5: said 5)"}},
		{"the bridge's own", []string{ours, ours}, "q6", []string{"q6: said 6, by the bot"}},
	} {
		a, _ := read(t, `"msg":"[ ](https://chat.test/live/r?msg=q1) Yes","attachments":[`+strings.Join(c.quotes, ",")+`]`)
		quoted := bridge.MessageID("")
		if a.Quote != nil {
			quoted = a.Quote.Message
			if a.Quote.ByBot != (quoted == "q6") {
				t.Errorf("%s: by the bot: %v", c.name, a.Quote.ByBot)
			}
		}
		if repeats := inWords(a.Repeats); quoted != c.quoted || !slices.Equal(repeats, c.repeats) || len(a.Attachments) > 0 {
			t.Errorf("%s: quotes %q, repeats %q, holds %v", c.name, quoted, repeats, a.Attachments)
		}
	}
	a, _ := read(t, `"msg":"Here","attachments":[{"text":"","message_link":`+fmt.Sprintf(there, 1)+`,"attachments":[{"type":"file","title":"a.pdf","title_link":"/file-upload/1/a.pdf"}]}]`)
	if got := inWords(a.Repeats); !slices.Equal(got, []string{"q1:  +a.pdf"}) {
		t.Errorf("the file of another room is lost: %q", got)
	}
}

// inWords writes out quotes, with all they hold.
func inWords(quotes []bridge.Quoted) (all []string) {
	for _, q := range quotes {
		line := string(q.Message) + ": " + q.Text
		for _, f := range q.Attachments {
			line += " +" + f.Name
		}
		if q.ByBot {
			line += ", by the bot"
		}
		if len(q.Quotes) > 0 {
			line += " (" + strings.Join(inWords(q.Quotes), "; ") + ")"
		}
		all = append(all, line)
	}
	return all
}

// TestFromAgent_Forwarded_HasWhatItQuotesBeside: nothing but a quote is forwarded; what that quotes, and what is quoted
// beside, keeps its id.
func TestFromAgent_Forwarded_HasWhatItQuotesBeside(t *testing.T) {
	quote := func(id, text, more string) string {
		return fmt.Sprintf(`{"text":%q,"message_link":"https://chat.test/channel/x?msg=%s","attachments":[%s]}`, text, id, more)
	}
	for _, c := range []struct{ name, attachments, text, repeats string }{
		{"an answer", quote("a", "At 5", quote("q", "When?", "")), "At 5", "q: When?"},
		{"what was forwarded", quote("a", "", quote("q", "When?", "")), "When?", ""},
		{"two", quote("a", "At 5", "") + "," + quote("b", "At 6", ""), "", "a: At 5; b: At 6"},
		{"two of this room", strings.ReplaceAll(quote("a", "At 5", "")+","+quote("b", "At 6", ""), "channel/x", "live/r"), "", "a: At 5; b: At 6"},
	} {
		a, _ := read(t, `"msg":"","attachments":[`+c.attachments+`]`)
		if got := strings.Join(inWords(a.Repeats), "; "); a.Text != c.text || got != c.repeats {
			t.Errorf("%s: %q, repeats %q", c.name, a.Text, got)
		}
	}
}

func TestFromAgent_WhatCannotBeRead_IsNamed(t *testing.T) {
	a, ok := read(t, `"msg":"Hi","blocks":[{"type":"hologram","beam":1},{"type":"divider"}],"attachments":[{"type":"smell","of":"roses"},{"color":"red"},{"type":"removed-file"}]`)
	if want := []string{"attachment “smell”", "block “hologram”"}; !ok || !slices.Equal(a.Left, want) {
		t.Errorf("left out: %q", a.Left)
	}
}

func TestFromAgent_Natures(t *testing.T) {
	for _, c := range []struct {
		json   string
		nature bridge.Nature
		ok     bool
	}{
		{`"t":"uj","msg":"ana"`, "", false},
		{`"t":"livechat-close","msg":"bye"`, "", false},
		{`"t":"e2e","msg":"c2VjcmV0"`, bridge.Encrypted, true},
		{`"t":"of-next-year","msg":"hello"`, bridge.UnknownType, true},
		{`"t":"of-next-year","msg":""`, "", false},
		{`"t":"of-next-year","msg":"x","u":{"_id":"rocket.cat"}`, "", false},
		{`"msg":"x","u":{"_id":"rocket.cat","username":"rocket.cat"}`, bridge.ServerVoice, true},
		{`"msg":"x","u":{"_id":"poll.app","username":"poll.bot"}`, "", true},
	} {
		if a, ok := read(t, c.json); ok != c.ok || a.Nature != c.nature {
			t.Errorf("%s: %v, %q", c.json, ok, a.Nature)
		}
	}
}

func TestFromAgent_BeginsWithAColleague(t *testing.T) {
	const mentions = `"mentions":[{"_id":"b","username":"ben"},{"_id":"all","username":"all"},{"_id":"t","name":"sales","type":"team"}]`
	for text, want := range map[string]bool{
		"@ben can you look?": true, " *@ben* look": true, "@ben": true, "@ben: look": true, "@all who knows?": true, "@sales please": true,
		"[ ](https://chat.test/live/r?msg=q) @ben this one": true,
		"Ask @ben": false, "@benny look": false, "@ben-2 look": false, "@carla look": false, "ben@shop.test": false,
	} {
		msg, _ := json.Marshal(text)
		if a, _ := read(t, `"msg":`+string(msg)+`,`+mentions); a.Colleague != want {
			t.Errorf("%q: %v", text, a.Colleague)
		}
	}
	if a, _ := read(t, `"msg":"x","tmid":"p"`); a.Thread != "p" {
		t.Error("not known to be in a thread")
	}
}
