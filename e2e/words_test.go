package e2e

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"messenger-bridge/sandbox/chat"
)

// wordsmith makes up messages of any mix, and remembers which words people see in them. No
// word is used twice.
type wordsmith struct {
	*rand.Rand
	k     *talk
	lobby string // a room that the customer does not read
	next  int
	seen  []string // visible words of the message under way
}

// word is a new visible word.
func (s *wordsmith) word() string {
	s.next++
	w := fmt.Sprintf("wort%dx", s.next)
	s.seen = append(s.seen, w)
	return w
}

// maybe reports true in some of n cases.
func (s *wordsmith) maybe(some, n int) bool { return s.IntN(n) < some }

// pick calls one of several.
func pick[T any](s *wordsmith, all ...func() T) T { return all[s.IntN(len(all))]() }

// line is a line of text with markup.
func (s *wordsmith) line() string {
	return pick(s,
		func() string { return s.word() },
		func() string { return "*" + s.word() + "* and _" + s.word() + "_, ~" + s.word() + "~" },
		func() string { return "`" + s.word() + "` > " + s.word() },
		func() string { return "# " + s.word() },
		func() string { return "- " + s.word() + "\n- " + s.word() },
		func() string { return "[" + s.word() + "](https://s.test/" + s.word() + ")" },
		func() string { return "```\n*" + s.word() + "*\n```" },
		func() string { return s.word() + "? :smile: <" + s.word() + ">" },
		func() string { return "[" + s.word() + "] [" + s.word() + "]" },
		func() string { return strings.Repeat("lang ", 900) + s.word() },
		func() string { return "\\*" + s.word() + "\\* " + s.word() + "_" + s.word() + "__" },
	)
}

// text is one of several lines, perhaps with choices below.
func (s *wordsmith) text() string {
	var lines []string
	for range s.IntN(3) {
		lines = append(lines, s.line())
	}
	if s.maybe(1, 4) {
		lines = append(lines, s.word()+[]string{"?", ".", "\n"}[s.IntN(3)], "["+s.word()+"] ["+s.word()+"]")
	}
	return strings.Join(lines, "\n")
}

func (s *wordsmith) address() string { return "https://s.test/" + s.word() + ".png" }

func (s *wordsmith) textObject() map[string]any {
	return map[string]any{"type": []string{"plain_text", "mrkdwn"}[s.IntN(2)], "text": s.word()}
}

// attachment is a card, a link to a picture, buttons, a quote, or something unheard of.
func (s *wordsmith) attachment() map[string]any {
	type one = map[string]any
	return pick(s,
		func() one { return one{"image_url": s.address()} },
		func() one { return one{"video_url": s.address(), "audio_url": s.address()} },
		func() one { return one{"title": s.word(), "title_link": s.address(), "image_url": s.address()} },
		func() one {
			return one{"pretext": s.word(), "author_name": s.word(), "title": s.word(), "text": s.word() + "\n*" + s.word() + "*",
				"fields": []any{one{"title": s.word(), "value": s.word()}}, "footer": s.word(), "thumb_url": s.address()}
		},
		func() one {
			return one{"actions": []any{one{"type": "button", "text": s.word(), "msg": "yes"}, one{"type": "button", "text": s.word(), "url": "https://s.test/"}}}
		},
		func() one {
			return one{"text": strings.Repeat("lang ", 40) + s.word(), "message_link": s.k.rc.URL() + "/channel/" + s.lobby + "?msg=" + fmt.Sprint("other", s.next),
				"attachments": []any{one{"title": s.word(), "text": s.word()}}}
		},
		func() one { return one{"type": s.word(), "of": "roses"} },
		func() one { return one{"type": "aroma", "text": s.word()} },
	)
}

// block is a block of UiKit, perhaps one that nobody knows.
func (s *wordsmith) block() map[string]any {
	type one = map[string]any
	return pick(s,
		func() one {
			return one{"type": "section", "text": s.textObject(), "fields": []any{s.textObject(), s.textObject()},
				"accessory": one{"type": "button", "text": s.textObject(), "value": "v"}}
		},
		func() one {
			return one{"type": "actions", "elements": []any{one{"type": "button", "text": s.textObject(), "url": s.address()},
				one{"type": "static_select", "placeholder": s.textObject(), "options": []any{one{"text": s.textObject(), "value": "a"}, one{"text": s.textObject()}}}}}
		},
		func() one {
			return one{"type": "context", "elements": []any{s.textObject(), one{"type": "image", "imageUrl": s.address(), "altText": s.word()}}}
		},
		func() one { return one{"type": "image", "image_url": s.address(), "title": s.textObject()} },
		func() one {
			return one{"type": "input", "label": s.textObject(), "element": one{"type": "plain_text_input", "placeholder": s.textObject()}}
		},
		func() one {
			return one{"type": "preview", "title": []any{s.textObject()}, "description": []any{s.textObject()}, "footer": one{"type": "context", "elements": []any{s.textObject()}}}
		},
		func() one { return one{"type": "callout", "title": s.textObject(), "text": s.textObject()} },
		func() one { return one{"type": "divider"} },
		func() one { return one{"type": s.word(), "beam": 1} },
		func() one { return one{"type": "hologram", "elements": []any{s.textObject()}} },
	)
}

// post writes one message and returns its ids.
func (s *wordsmith) post() []string {
	k := s.k
	if s.maybe(1, 6) {
		var files []chat.File
		for range 1 + s.IntN(3) {
			files = append(files, chat.File{Name: s.word() + ".pdf", Type: "application/pdf", Content: document.Content})
		}
		return []string{k.agent.UploadsTogether(k.rid, s.text(), files...)}
	}
	fields := map[string]any{}
	text := s.text()
	list := func(name string, make func() map[string]any) {
		var all []any
		for range 1 + s.IntN(3) {
			all = append(all, make())
		}
		fields[name] = all
	}
	if s.maybe(1, 2) {
		list("attachments", s.attachment)
	}
	if s.maybe(1, 3) {
		list("blocks", s.block)
	}
	switch s.IntN(12) {
	case 0:
		fields["t"] = []string{"videoconf", "jitsi_call_started", "of-next-year", "e2e"}[s.IntN(4)]
	case 1:
		fields["tmid"] = k.asked
	case 2:
		text = []string{"!note ", "!private ", "/", "@ana ", "{{order.id}} ", "[NAME] "}[s.IntN(6)] + text
	case 3:
		fields["location"] = map[string]any{"type": "Point", "coordinates": []any{1.5, 2.5}}
	case 4:
		fields["bot"] = map[string]any{"i": "js.SDK"}
	}
	return []string{k.agent.SaysWith(k.rid, text, fields)}
}

// arrived is all that the customer can read: texts, choices, buttons, names of files.
func (k *talk) arrived() string {
	var all []string
	for _, b := range k.meta.CustomerSees(k.page, k.customer) {
		all = append(all, b.Text, b.File.Name)
		all = append(all, b.Quick...)
		for _, button := range b.Buttons {
			all = append(all, button.Title, button.URL)
		}
	}
	return strings.Join(all, "\n")
}

// TestWords_EachArrivesOrIsNamed has agents and programs write messages of any mix of text,
// markup, attachments, blocks, files, quotes, buttons, choices and kinds. Every word that
// people see in the room is read by the customer; or the agent is told about the message, or
// sees on it that it stays in the room.
func TestWords_EachArrivesOrIsNamed(t *testing.T) {
	for _, seed := range []uint64{1, 2, 3} {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, bypassed)
			w.run()
			k := w.ask()
			s := &wordsmith{Rand: rand.New(rand.NewPCG(seed, seed)), k: k, lobby: k.rc.AddChannel("lobby", "ana")}
			type written struct{ ids, words []string }
			var all []written
			for range 60 {
				s.seen = nil
				ids := s.post()
				all = append(all, written{ids, s.seen})
			}
			k.agent.Says(k.rid, "The end")
			w.eventually("all has come that comes", func() bool { return strings.Contains(k.arrived(), "The end") })
			w.settled()
			read := k.arrived()
			for _, one := range all {
				told, marks := "", []string{}
				for _, id := range one.ids {
					told += strings.Join(w.notices(k.rid, id), "\n")
					marks = append(marks, w.reactions(k.rid, id)...)
				}
				whole := slices.Contains(marks, ":lock:") || strings.Contains(told, "Not delivered") || strings.Contains(told, "Not sent")
				for _, word := range one.words {
					if !whole && !strings.Contains(read, word) && !strings.Contains(told, word) {
						t.Errorf("%s is lost; told %q, marks %q; message %.2000v", word, told, marks, k.messageOf(one.ids[0]))
					}
				}
			}
		})
	}
}

// messageOf returns a message as it stands in the room.
func (k *talk) messageOf(id string) (found chat.Message) {
	for _, m := range k.rc.Messages(k.rid) {
		if m.ID == id {
			return m
		}
	}
	return found
}
