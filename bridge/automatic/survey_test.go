package automatic

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/bridgetest"
	"messenger-bridge/language"
	"messenger-bridge/textcut"
)

// TestSurvey_TitleFitsInEveryLanguage: Messenger refuses a title of more than 20
// characters, and the thanks with it.
func TestSurvey_TitleFitsInEveryLanguage(t *testing.T) {
	for _, code := range language.Names() {
		title := language.New(code, time.UTC).Say(writeAComment)
		if n := textcut.Units(title); n > 20 {
			t.Errorf("%s: %q has %d characters", code, title, n)
		}
	}
}

// tap is a quick reply that anna tapped, so long after noon.
func tap(payload string, after time.Duration) bridge.Incoming {
	return bridge.Incoming{Conversation: anna, Kind: bridge.TextEvent, At: noon.Add(after), Key: "tap/" + payload + after.String(),
		Tap: &bridge.Tap{Quick: true, Payload: payload}}
}

// words is a text of anna's, so long after noon.
func words(text string, after time.Duration) bridge.Incoming {
	return bridge.Incoming{Conversation: anna, Kind: bridge.TextEvent, At: noon.Add(after), Key: "m/" + text, Text: text}
}

func TestSurvey_Taps_AreAnswers(t *testing.T) {
	plain, typed, public := tap("messenger-bridge/survey/room/3", 0), words("5", 0), tap("messenger-bridge/survey/room/3", 0)
	plain.Tap = &bridge.Tap{Payload: plain.Tap.Payload}
	public.Conversation = commenter
	menu := tap("messenger-bridge/survey/room/3", 0)
	menu.Kind = bridge.TapEvent
	for _, test := range []struct {
		name string
		in   bridge.Incoming
		want *bridge.SurveyAnswer
	}{
		{"the best", tap("messenger-bridge/survey/room/5", 0), &bridge.SurveyAnswer{Room: "room", Rating: 5}},
		{"the worst", tap("messenger-bridge/survey/room/1", 0), &bridge.SurveyAnswer{Room: "room", Rating: 1}},
		{"worse than that", tap("messenger-bridge/survey/room/0", 0), nil},
		{"better than that", tap("messenger-bridge/survey/room/6", 0), nil},
		{"no number", tap("messenger-bridge/survey/room/many", 0), nil},
		{"a comment will follow", tap("messenger-bridge/survey/room/comment", 0), &bridge.SurveyAnswer{Room: "room", Begins: true}},
		{"of another's room", tap("messenger-bridge/survey/other/5", 0), nil},
		{"of nobody's room", tap("messenger-bridge/survey/gone/5", 0), nil},
		{"of no room", tap("messenger-bridge/survey/", 0), nil},
		{"a quick reply of a bot's", tap("order/5", 0), nil},
		{"a button that is no quick reply", plain, nil},
		{"a menu entry", menu, nil},
		{"a typed number", typed, nil},
		{"below a post", public, nil},
	} {
		w := newWorld(t)
		got, err := w.survey.Answer(&test.in)
		if err != nil || (got == nil) != (test.want == nil) || got != nil && *got != *test.want {
			t.Errorf("%s: %+v, want %+v: %v", test.name, got, test.want, err)
		}
	}
	w := newWorld(t)
	w.broken = bridgetest.ErrDisk
	in := tap("messenger-bridge/survey/room/5", 0)
	if _, err := w.survey.Answer(&in); !errors.Is(err, bridgetest.ErrDisk) {
		t.Errorf("taken for an ordinary message: %v", err)
	}
}

// TestSurvey_AfterTheQuestion is what anna does then, and what is understood of it: a
// rating, + that a comment will follow, "…" a comment, - an ordinary message.
func TestSurvey_AfterTheQuestion(t *testing.T) {
	rates := func(n int, after time.Duration) bridge.Incoming {
		return tap(fmt.Sprintf("messenger-bridge/survey/room/%d", n), after)
	}
	begins := func(after time.Duration) bridge.Incoming { return tap("messenger-bridge/survey/room/comment", after) }
	file := words("see this", 2*time.Minute)
	file.Attachments = []bridge.Attachment{{Kind: bridge.FileKind}}
	sticker := words("", 2*time.Minute)
	sticker.Kind = bridge.MediaEvent
	const thanks, please, end = "Thank you for your answer!", "Please write your comment in one message.", "Thank you! Your comment was passed on."
	for _, test := range []struct {
		name string
		does []bridge.Incoming
		want string
		said string // to her
	}{
		{"rates", []bridge.Incoming{rates(4, 0)}, "4", thanks},
		{"rates twice", []bridge.Incoming{rates(4, 0), rates(2, time.Second)}, "4 2", thanks},
		{"rates and comments", []bridge.Incoming{rates(4, 0), begins(time.Second), words("fine", time.Minute)}, `4 + "fine"`, thanks + " | " + please + " | " + end},
		{"goes on after the comment", []bridge.Incoming{begins(0), words("fine", time.Minute), words("and now", 2*time.Minute)}, `+ "fine" -`, please + " | " + end},
		{"comments without having tapped", []bridge.Incoming{rates(4, 0), words("fine", time.Minute)}, "4 -", thanks},
		{"comments in time", []bridge.Incoming{begins(0), words("fine", commentWithin-1)}, `+ "fine"`, please + " | " + end},
		{"comments too late", []bridge.Incoming{begins(0), words("fine", commentWithin)}, "+ -", please},
		{"sends a file, then words", []bridge.Incoming{begins(0), file, words("fine", 3*time.Minute)}, "+ - -", please},
		{"sends a sticker, then words", []bridge.Incoming{begins(0), sticker, words("fine", 3*time.Minute)}, "+ - -", please},
		{"taps again, and comments again", []bridge.Incoming{begins(0), words("fine", time.Minute), begins(2 * time.Minute), words("but", 3*time.Minute)}, `+ "fine" + "but"`, please + " | " + end},
		{"wrote before she tapped, and that comes late", []bridge.Incoming{begins(time.Minute), words("earlier", 30*time.Second), words("fine", 2*time.Minute)}, `+ - "fine"`, please + " | " + end},
	} {
		w := newWorld(t)
		got := ""
		for _, in := range test.does {
			for attempt := range 2 { // what was not stored in between is done again
				a, err := w.survey.Answer(&in)
				if err != nil {
					t.Fatal(err)
				}
				in.Survey = a
				if attempt == 1 {
					got += " " + understood(a)
				}
			}
			for range 2 {
				if err := w.survey.Follow(t.Context(), &in); err != nil {
					t.Fatal(err)
				}
			}
		}
		if got != " "+test.want || w.said() != test.said {
			t.Errorf("%s: understood%s, want %s; she reads %q", test.name, got, test.want, w.said())
		}
	}
}

// understood says what an answer is taken for.
func understood(a *bridge.SurveyAnswer) string {
	switch {
	case a == nil:
		return "-"
	case a.Begins:
		return "+"
	case a.Rating > 0:
		return fmt.Sprint(a.Rating)
	}
	return fmt.Sprintf("%q", a.Comment)
}

// TestAsk_OnlyWhoCanAnswer is asked, and once.
func TestAsk_OnlyWhoCanAnswer(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*world)
		of     bridge.Conversation
		asked  bool
		told   string
	}{
		{name: "in time", of: anna, asked: true},
		{name: "not wanted", of: anna, change: func(w *world) { w.pages[0].Settings.Survey = false }},
		{name: "the page is off", of: anna, change: func(w *world) { w.pages[0].State = bridge.PageOff }},
		{name: "below a post", of: commenter},
		{name: "wrote again", of: anna, change: func(w *world) { w.heard(noon.Add(time.Minute)) }, told: "survey-skipped/survey/room wrote-again"},
		{name: "wrote at the same moment", of: anna, change: func(w *world) { w.heard(noon) }, asked: true},
		{name: "wrote too long ago", of: anna, change: func(w *world) { w.heard(noon.Add(-bridge.PlainWindow)) }, told: "survey-skipped/survey/room window-closed"},
	} {
		w := newWorld(t)
		w.pages[0].Settings.Survey = true
		if test.change != nil {
			test.change(w)
		}
		closing := bridge.Closing{Room: "room", At: noon}
		for range 2 {
			if err := w.survey.Ask(t.Context(), w.pages[0], test.of, closing); err != nil {
				t.Fatal(err)
			}
			if test.asked {
				w.heard(noon.Add(time.Hour)) // is no reason any more
			}
		}
		sent := w.sent()
		if asked := len(sent) == 1; asked != test.asked || w.notices() != test.told {
			t.Errorf("%s: asked %v, agents read %q", test.name, asked, w.notices())
			continue
		}
		if test.asked && (len(sent[0].Parts[0].Quick) != bestRating || sent[0].Parts[0].Answers[4] != "messenger-bridge/survey/room/5" || sent[0].Survey != "room") {
			t.Errorf("%s: asked with %+v", test.name, sent[0])
		}
	}
}
