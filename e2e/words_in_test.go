package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// wordsOf makes messages of any mixture, as Meta may write them, and keeps what people see
// in each.
type wordsOf struct {
	*rand.Rand
	n     int
	words []string // of the message being made: each must arrive
	files int      // of it, which must arrive, or be named
}

type object = map[string]any

// scripts are how the words begin.
var scripts = []string{"word", "wört", "слово", "مرحبا", "字", "𝒳y", "İx", "e\u0301"}

// word is a new word, which people see.
func (g *wordsOf) word() string {
	g.n++
	w := fmt.Sprintf("%s%05d", scripts[g.IntN(len(scripts))], g.n)
	g.words = append(g.words, w)
	return w
}

// maybe sets a key in every second case.
func (g *wordsOf) maybe(o object, key string, value func() any) {
	if g.IntN(2) == 0 {
		o[key] = value()
	}
}

func (g *wordsOf) some(most int, one func() any) (all []any) {
	for range 1 + g.IntN(most) {
		all = append(all, one())
	}
	return all
}

func (g *wordsOf) text() any { return g.word() }

func (g *wordsOf) link() string {
	g.n++
	return fmt.Sprintf("https://ex.test/%05d?utm_source=fb", g.n)
}

func (g *wordsOf) buttons() any {
	return g.some(3, func() any { return object{"type": "postback", "title": g.word(), "payload": "p"} })
}

func (g *wordsOf) elements() any {
	return g.some(3, func() any {
		e := object{"title": g.word()}
		g.maybe(e, "subtitle", g.text)
		g.maybe(e, "buttons", g.buttons)
		g.maybe(e, "quantity", func() any { return g.IntN(9) })
		g.maybe(e, "price", func() any { return g.word() })
		g.maybe(e, "description", g.text) // of no template we know
		return e
	})
}

// template is one that people share, or that other apps send.
func (g *wordsOf) template() object {
	kinds := []string{"generic", "button", "list", "media", "receipt", "coupon", "customer_feedback", "image_grid", "of_tomorrow"}
	p := object{"template_type": kinds[g.IntN(len(kinds))], "id": 77, "image_url": "https://ex.test/i"}
	for _, key := range []string{"title", "subtitle", "text", "coupon_code", "order_number", "recipient_name", "payment_method", "button_title", "intro_message", "coupon_pre_message"} {
		if g.IntN(4) == 0 {
			p[key] = g.word()
		}
	}
	g.maybe(p, "elements", g.elements)
	g.maybe(p, "buttons", g.buttons)
	g.maybe(p, "product", func() any { return object{"elements": g.elements()} })
	g.maybe(p, "summary", func() any { return object{"total_cost": g.word(), "new": object{"deep": []any{g.word()}}} })
	g.maybe(p, "adjustments", func() any { return g.some(2, func() any { return object{"name": g.word(), "amount": 5} }) })
	return object{"type": "template", "payload": p}
}

// attachment is one of any kind, known or not.
func (g *wordsOf) attachment() any {
	switch g.IntN(9) {
	case 0, 1:
		return g.template()
	case 2:
		return object{"type": []string{"fallback", "share", "post", "reel", "ig_post", "story_mention"}[g.IntN(6)], "payload": object{"url": g.link(), "title": g.word()}}
	case 3:
		return object{"type": "fallback", "title": g.word(), "url": g.link(), "payload": nil}
	case 4:
		return object{"type": "location", "title": g.word(), "payload": object{"coordinates": object{"lat": 1.5, "long": "-2"}}}
	case 5:
		return object{"type": "of_tomorrow", "payload": object{"heading": g.word(), "lines": []any{g.word(), 7, nil}}}
	case 6:
		return object{"type": "appointment_booking", "payload": object{"status": g.word(), "start_time": 1790000000, "comment": g.word()}}
	case 7:
		g.files++
		return object{"type": []string{"image", "video", "audio", "file"}[g.IntN(4)], "payload": object{}} // without an address
	}
	g.files++
	kind := []string{"image.png", "video.mp4", "file.pdf", "sticker.gif", "audio.mp4"}[g.IntN(5)]
	name, ending, _ := strings.Cut(kind, ".")
	a := object{"type": name, "payload": object{"url": "{file " + fmt.Sprintf("%05d.%s", g.n, ending) + "}"}}
	if g.IntN(4) == 0 {
		delete(a, "type")
	}
	return a
}

// message is one of the customer's or, as an echo, of another app's.
func (g *wordsOf) message(echo bool) string {
	g.words, g.files = nil, 0
	m := object{"mid": "$2"}
	g.maybe(m, "text", func() any {
		return []string{g.word(), g.word() + "\n" + g.word() + " https://ex.test/" + g.word(), "\u200b", " "}[g.IntN(4)]
	})
	if m["text"] == "\u200b" || m["text"] == " " {
		g.words = nil
	} else if text, is := m["text"].(string); is {
		g.words = slices.DeleteFunc(g.words, func(w string) bool { return !strings.Contains(text, w) }) // the others were not taken
	}
	g.maybe(m, "attachments", func() any { return g.some(4, g.attachment) })
	g.maybe(m, "reply_to", func() any { return object{"mid": []string{"$1", "m_of_old"}[g.IntN(2)]} })
	if echo {
		g.maybe(m, "quick_replies", g.buttons)
		m["is_echo"], m["app_id"] = true, 77
	} else {
		g.maybe(m, "referral", func() any {
			return object{"ref": g.word(), "source": []string{"ADS", "SHORTLINK", "OF_TOMORROW"}[g.IntN(3)], "ads_context_data": object{"ad_title": g.word()}}
		})
		g.maybe(m, "quick_reply", func() any { return object{"payload": "p"} })
	}
	body, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	if echo {
		return `{$E,"message":` + string(body) + `}`
	}
	return `{$D,"message":` + string(body) + `}`
}

// Whatever a message is made of, each word that people see in it arrives in the room, and
// each file is there or named.
func TestWords_OfAnyMixture_ArriveOrAreNamed(t *testing.T) {
	t.Parallel()
	const messages = 150
	w := newWorld(t, bypassed)
	w.run()
	g := &wordsOf{Rand: rand.New(rand.NewPCG(16, 4))}
	type play struct {
		*kindPlay
		element string
		words   []string
		files   int
	}
	var plays []play
	for i := range messages {
		p := play{kindPlay: &kindPlay{world: w, customer: fmt.Sprintf("70010020060%05d", i), page: page}, element: g.message(i%3 == 0)}
		p.words, p.files = g.words, g.files
		plays = append(plays, p)
		p.deliver(false, hello)
	}
	w.settled()
	for _, p := range plays {
		p.deliver(false, p.element)
	}
	w.settled()
	for _, p := range plays {
		lines := p.seen()
		all := strings.Join(lines, "\n")
		for _, word := range p.words {
			if !strings.Contains(all, word) {
				t.Errorf("%q is lost of\n%s\npeople see\n%s", word, p.element, all)
			}
		}
		named := strings.Count(all, ": 📎 ") + strings.Count(all, "] 📎 ") + strings.Count(all, "not shown here") + strings.Count(all, "cannot be shown")
		if len(lines) < 2 || named < p.files {
			t.Errorf("%d files are named of %d of\n%s\npeople see\n%s", named, p.files, p.element, all)
		}
	}
}
