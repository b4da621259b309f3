package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"messenger-bridge/bridge"
	"messenger-bridge/sandbox/chat"
	"messenger-bridge/sandbox/meta"
	"messenger-bridge/store"
)

// outgoingKind is one form of what people write in a room, and what becomes of it.
type outgoingKind struct {
	what    string                       // an agent does, in words
	set     func(*bridge.Settings)       // of the page; nil: as they come
	prepare func(*world)                 // what is different at the platforms
	do      func(k *talk) (ids []string) // messages of the room that are concerned
	sees    []string                     // the customer, bubble by bubble
	told    []string                     // the agent, on the messages concerned, as a part of each sentence
	direct  string                       // by direct message, likewise; "": none is expected
	kept    bool                         // the last of the messages concerned is marked: it stays in the room
}

// talk is a conversation under way.
type talk struct {
	*world
	page, customer, rid string
	asked               string // _id of the customer's first message
	askedMid            string
}

const (
	question      = "Where is my order?"
	nothingToSend = "Not delivered: it holds nothing that can be sent"
)

var (
	picture  = chat.File{Name: "parcel.png", Type: "image/png", Content: []byte("\x89PNG\r\n\x1a\n picture")}
	document = chat.File{Name: "invoice.pdf", Type: "application/pdf", Content: []byte("%PDF-1.7 invoice")}
	song     = chat.File{Name: "jingle.mp3", Type: "audio/mpeg", Content: []byte("ID3\x03 jingle")}
	voice    = chat.File{Name: "Audio record.ogg", Type: "audio/ogg", Content: []byte("OggS voice")}
	clip     = chat.File{Name: "how-to.mp4", Type: "video/mp4", Content: []byte("\x00\x00\x00\x18ftypmp42 clip")}
	webp     = chat.File{Name: "photo.webp", Type: "image/webp", Content: []byte("RIFF\x00\x00\x00\x00WEBPVP8 ")}
)

// says is an agent who writes a text.
func says(text string) func(*talk) []string {
	return func(k *talk) []string { return []string{k.agent.Says(k.rid, text)} }
}

// button makes a bot's attachment with buttons.
func cardOf(actions ...map[string]any) map[string]any {
	list := []any{}
	for _, a := range actions {
		list = append(list, a)
	}
	return map[string]any{"bot": map[string]any{"i": "js.SDK"}, "attachments": []any{map[string]any{"actions": list}}}
}

// outgoingKinds is all that people and programs write in a room.
var outgoingKinds = slices.Concat(writtenKinds, heldKinds)

var writtenKinds = []outgoingKind{
	{what: "a text", do: says("Hello"), sees: []string{"Hello"}},
	{what: "a text with markup", do: says("*Hello* _Anna_, see [our shop](https://shop.example) :smile:"),
		sees: []string{"Hello Anna, see our shop (https://shop.example) 😄"}},
	{what: "a time, a spoiler, a formula and a table", do: says("<t:1767225600:R> it is ||Snape||, \\(a_1*b_1\\)\n| A | B |\n|---|---|\n| *c* | d |"),
		sees: []string{"1 Jan 2026, 00:00 UTC it is Snape, a_1*b_1\n| A | B |\n| c | d |"}},
	{what: "a text of 4,500 characters", do: says(strings.TrimSpace(strings.Repeat("word ", 900))),
		sees: []string{"(1989 characters)", "(1989 characters)", "(519 characters)"}},
	{what: "an answer that quotes the customer's message", do: func(k *talk) []string {
		return []string{k.agent.Quotes(k.rid, k.asked, "On its way")}
	}, sees: []string{"On its way, in reply to “Where is my order?”"}},
	{what: "an answer that quotes, and Messenger does not take the quote",
		prepare: func(w *world) { w.meta.Tweak(func(q *meta.Quirks) { q.ReplyToFails = true }) },
		do: func(k *talk) []string {
			return []string{k.agent.Quotes(k.rid, k.asked, "On its way")}
		}, sees: []string{"“Where is my order?”\n\nOn its way"}},
	{what: "an answer that quotes a message of another room", do: func(k *talk) []string {
		other := k.rc.AddChannel("lobby-"+k.customer, "ana")
		return []string{k.agent.Quotes(k.rid, k.agent.Says(other, "We open at 9."), "See above")}
	}, sees: []string{"“We open at 9.”\n\nSee above"}},
	{what: "an answer that quotes an earlier answer", do: func(k *talk) []string {
		first := k.agent.Says(k.rid, "It left today.")
		k.eventually("it arrives", func() bool { return len(k.customerSees()) == 1 })
		k.settled()
		return []string{first, k.agent.Quotes(k.rid, first, "Or yesterday.")}
	}, sees: []string{"It left today.", "Or yesterday., in reply to another message"}},
	{what: "a question that ends with choices", do: says("Shall we call you?\n[Yes] [No] [Call me later]"),
		sees: []string{"Shall we call you? with quick replies Yes, No, Call me later"}},
	{what: "a text with choices below an empty line", do: says("Pick a time.\n\n[Morning] [Evening]"),
		sees: []string{"Pick a time. with quick replies Morning, Evening"}},
	{what: "bracketed words that answer nothing", do: says("We quote prices in\n[EUR] [USD]"),
		sees: []string{"We quote prices in\n[EUR] [USD]"}},
	{what: "footnotes", do: says("Is that the law [1] and [2]?\n[1] [2]"),
		sees: []string{"Is that the law [1] and [2]?\n[1] [2]"}},
	{what: "choices that are too long for Messenger", do: says("Which?\n[The one that is on the left side] [No]"),
		sees: []string{"Which?\n[The one that is on the left side] [No]"}},
	{what: "more than 13 choices", do: says("Which?\n[1] [2] [3] [4] [5] [6] [7] [8] [9] [10] [11] [12] [13] [14]"),
		sees: []string{"Which?\n[1] [2] [3] [4] [5] [6] [7] [8] [9] [10] [11] [12] [13] [14]"}},
	{what: "a bot's message with buttons", do: func(k *talk) []string {
		return []string{k.agent.SaysWith(k.rid, "How can we help?", cardOf(
			map[string]any{"type": "button", "text": "Shop", "url": "https://shop.example/"},
			map[string]any{"type": "button", "text": "Talk to us", "msg": "agent", "msg_in_chat_window": true}))}
	}, sees: []string{"How can we help? with buttons Shop (https://shop.example/), Talk to us (agent)"}},
	{what: "a bot's message with more buttons than Messenger takes", do: func(k *talk) []string {
		var actions []map[string]any
		for _, name := range []string{"One", "Two", "Three", "Four"} {
			actions = append(actions, map[string]any{"type": "button", "text": name, "msg": name})
		}
		return []string{k.agent.SaysWith(k.rid, "Which?", cardOf(actions...))}
	}, sees: []string{"Which?\nOne\nTwo\nThree\nFour"}},
	{what: "an image", do: func(k *talk) []string { return k.agent.Uploads(k.rid, "", picture) }, sees: []string{"image parcel.png, the original"}},
	{what: "a document", do: func(k *talk) []string { return k.agent.Uploads(k.rid, "", document) }, sees: []string{"file invoice.pdf, the original"}},
	{what: "audio", do: func(k *talk) []string { return k.agent.Uploads(k.rid, "", song) }, sees: []string{"audio jingle.mp3, the original"}},
	{what: "a voice message in a format that Messenger does not play", do: func(k *talk) []string { return k.agent.Uploads(k.rid, "", voice) },
		sees: []string{"file Audio record.ogg, the original"}},
	{what: "a video", do: func(k *talk) []string { return k.agent.Uploads(k.rid, "", clip) }, sees: []string{"video how-to.mp4, the original"}},
	{what: "a video that Messenger cannot read", prepare: func(w *world) { w.meta.Tweak(func(q *meta.Quirks) { q.CorruptVideo = true }) },
		do: func(k *talk) []string { return k.agent.Uploads(k.rid, "", clip) }, sees: []string{"file how-to.mp4, the original"}},
	{what: "an image in a format that Messenger does not show", do: func(k *talk) []string { return k.agent.Uploads(k.rid, "", webp) },
		sees: []string{"file photo.webp, the original"}},
	{what: "a file with a caption", do: func(k *talk) []string { return k.agent.Uploads(k.rid, "Your parcel", picture) },
		sees: []string{"image parcel.png, the original", "Your parcel"}},
	{what: "a file with a caption, from an older client", do: func(k *talk) []string {
		return []string{k.agent.UploadsDescribed(k.rid, "Your parcel", picture)}
	}, sees: []string{"image parcel.png, the original", "Your parcel"}},
	{what: "several files in one message", do: func(k *talk) []string {
		return []string{k.agent.UploadsTogether(k.rid, "All of it", picture, document, song)}
	}, sees: []string{"image parcel.png, the original", "file invoice.pdf, the original", "audio jingle.mp3, the original", "All of it"}},
	{what: "a file that lies in a storage outside of Rocket.Chat", prepare: func(w *world) { w.rc.StoreElsewhere(true) },
		do: func(k *talk) []string { return k.agent.Uploads(k.rid, "", picture) }, sees: []string{"image parcel.png, the original"}},
	{what: "a file, but the page sends none", set: func(s *bridge.Settings) { s.RefuseFilesOut = true },
		do:   func(k *talk) []string { return k.agent.Uploads(k.rid, "Your parcel", picture) },
		sees: []string{"Your parcel"}, told: []string{"The file parcel.png was not delivered: no files are sent"}},
	{what: "a file of a kind that the page does not send", set: func(s *bridge.Settings) { s.FileTypes = "image/*, .docx" },
		do:   func(k *talk) []string { return k.agent.Uploads(k.rid, "", document, picture) },
		sees: []string{"image parcel.png, the original"}, told: []string{"Not delivered: files of this kind are not sent"}},
	{what: "a file of another kind than it says", do: func(k *talk) []string {
		return k.agent.Uploads(k.rid, "", chat.File{Name: "a.png", Type: "image/png", Content: []byte("this is a text")})
	}, sees: []string{"file a.png, the original"}},
	{what: "a file that Rocket.Chat does not hand out", prepare: func(w *world) {
		w.rc.Inject(chat.Fault{Route: "GET file-upload/:id/:name", Status: 500})
	}, do: func(k *talk) []string { return k.agent.Uploads(k.rid, "", picture) },
		told: []string{"Not delivered: Rocket.Chat does not hand the file out (HTTP 500). Upload it again."}},
	{what: "a text in which nothing can be seen (U+200B, U+2800, U+FEFF)", do: func(k *talk) []string {
		return []string{k.agent.Says(k.rid, "\u200b"), k.agent.Says(k.rid, "\u2800"), k.agent.Says(k.rid, "\ufeff")}
	}, told: []string{nothingToSend, nothingToSend, nothingToSend}},
	{what: "an empty file", do: func(k *talk) []string {
		return k.agent.Uploads(k.rid, "", chat.File{Name: "empty.txt", Type: "text/plain"})
	}, told: []string{"Facebook does not take this file"}},
}

// show writes a bubble in words.
func (k *talk) show(b meta.Bubble, files []chat.File) string {
	text := b.Text
	if len(text) > 200 {
		text = fmt.Sprintf("(%d characters)", len(text))
	}
	if b.File.Name != "" {
		text = b.File.Type + " " + b.File.Name
		if slices.ContainsFunc(files, func(f chat.File) bool { return f.Sum == b.File.SHA256 }) {
			text += ", the original"
		}
	}
	if b.ReplyTo == k.askedMid {
		text += ", in reply to “" + question + "”"
	} else if b.ReplyTo != "" {
		text += ", in reply to another message"
	}
	if b.Quick != nil {
		text += " with quick replies " + strings.Join(b.Quick, ", ")
	}
	var buttons []string
	for _, button := range b.Buttons {
		buttons = append(buttons, fmt.Sprintf("%s (%s%s)", button.Title, button.URL, button.Payload))
	}
	if buttons != nil {
		text += " with buttons " + strings.Join(buttons, ", ")
	}
	if b.Persona != "" {
		text = b.Persona + " writes: " + text
	}
	return text
}

func (k *talk) customerSees() (all []string) {
	files := k.rc.FilesIn(k.rid)
	for _, b := range k.meta.CustomerSees(k.page, k.customer) {
		all = append(all, k.show(b, files))
	}
	return all
}

// direct is what the bot told the agent by direct message about what was written, quoting it.
func (k *talk) direct() (texts []string) {
	for _, m := range k.rc.Messages(k.rc.DirectRoom(k.agent.Username, k.rc.Bot())) {
		if m.Username == k.rc.Bot() && m.Quoted != "" {
			texts = append(texts, m.Text)
		}
	}
	return texts
}

// ask lets Anna write and waits for the room.
func (w *world) ask() *talk {
	w.Helper()
	k := &talk{world: w, page: page, customer: anna}
	k.askedMid = w.meta.CustomerWrites(page, anna, question)
	k.rid = w.room()
	w.eventually("the question is shown", func() bool {
		for _, m := range w.rc.Messages(k.rid) {
			if m.Text == question {
				k.asked = m.ID
			}
		}
		return k.asked != ""
	})
	w.settled() // as which message it is shown is known
	return k
}

// setPage changes the page's settings while the bridge is not running.
func (w *world) setPage(change func(*bridge.Settings)) {
	w.Helper()
	w.inStore(func(s *store.Store) error {
		p, err := s.Page(page)
		if err != nil {
			return err
		}
		change(&p.Settings)
		return s.SavePage(w.Context(), p)
	})
}

func TestKinds_FromTheAgent(t *testing.T) {
	for _, kind := range outgoingKinds {
		t.Run(kind.what, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, bypassed)
			if kind.set != nil {
				w.setPage(kind.set)
			}
			if kind.prepare != nil {
				kind.prepare(w)
			}
			w.run()
			k := w.ask()
			ids := kind.do(k)
			end := w.agent.Says(k.rid, "The end")
			w.eventually("everything that comes has come", func() bool {
				all := k.customerSees()
				return len(all) > 0 && all[len(all)-1] == "The end"
			})
			w.settled()
			if got := k.customerSees(); !slices.Equal(got, append(slices.Clone(kind.sees), "The end")) {
				t.Errorf("the customer sees\n %q, not\n %q", got, kind.sees)
			}
			if last := ids[len(ids)-1]; slices.Contains(w.reactions(k.rid, last), ":lock:") != kind.kept {
				t.Errorf("marks: %q", w.reactions(k.rid, last))
			}
			if got := k.direct(); kind.direct == "" && len(got) > 0 || !strings.Contains(strings.Join(got, "\n"), kind.direct) {
				t.Errorf("by direct message, the agent is told %q", got)
			}
			var told []string
			for _, id := range append(ids, end) {
				told = append(told, w.notices(k.rid, id)...)
			}
			if len(told) != len(kind.told) {
				t.Fatalf("the agent is told %q", told)
			}
			for i, part := range kind.told {
				if !strings.Contains(told[i], part) {
					t.Errorf("the agent is told %q, not %q", told[i], part)
				}
			}
		})
	}
}
