package outbound

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"messenger-bridge/bridge"
	"messenger-bridge/textcut"
)

func by(s bridge.Settings) style { return style{settings: s, sender: &world{}} }

func textsOf(parts []bridge.Part) (all []string) {
	for _, p := range parts {
		all = append(all, p.Text)
	}
	return all
}

func TestCompose_LongText_LeavesRoomForNameAndCorrection(t *testing.T) {
	named := by(bridge.Settings{TextLimit: 20, AgentName: bridge.AgentsName})
	for _, test := range []struct {
		name   string
		by     style
		author bridge.Author
		want   []string
	}{
		{"no name", by(bridge.Settings{TextLimit: 20}), bo, []string{"abcdefghi", "jkl"}},
		{"name", named, bo, []string{"abcde", "fghij", "kl"}},
		{"a bot has none", named, bridge.Author{Name: "Bot", Bot: true}, []string{"abcdefghi", "jkl"}},
	} {
		out := compose(test.by, anna, &bridge.AgentMessage{ID: "a", Author: test.author, Text: "abcdefghijkl"})
		if got := textsOf(out.Parts); !slices.Equal(got, test.want) {
			t.Errorf("%s: cut into %q", test.name, got)
		}
		out.Corrects = true
		if f := plain(test.by, out, 0); textcut.Units(f.Text) > 20 {
			t.Errorf("%s: with all that may stand before it, the text is %q", test.name, f.Text)
		}
	}
}

func TestCompose_NothingThatMessengerTakes_HasNoParts(t *testing.T) {
	for _, text := range []string{"  \n ", "\u200b", "\u2800", "\ufeff", " \u200b\n\u200d", "!private \u200b"} {
		for _, to := range []bridge.Conversation{anna, commenter} {
			if to.Kind != bridge.Comments && strings.HasPrefix(text, "!") {
				continue // it stays in the room
			}
			m := bridge.AgentMessage{ID: "a", Text: text, Repeats: []bridge.Quoted{{Quote: bridge.Quote{Text: "\u200b"}}}}
			if out := compose(by(bridge.Settings{TextLimit: 20}), to, &m); len(out.Parts) != 0 {
				t.Errorf("%q: parts: %+v", text, out.Parts)
			}
		}
	}
}

// TestCompose_PartsThatNobodySees_AreLeftOut: cut, a text may have parts of which nothing can be seen.
func TestCompose_PartsThatNobodySees_AreLeftOut(t *testing.T) {
	text := "A" + strings.Repeat("\u200b", 30) + "B"
	for _, to := range []bridge.Conversation{anna, commenter} {
		if got := textsOf(compose(by(bridge.Settings{TextLimit: 20}), to, &bridge.AgentMessage{ID: "a", Text: text}).Parts); len(got) != 2 {
			t.Errorf("the customer reads %q", got)
		}
	}
	if words := inWords(by(bridge.Settings{}), &bridge.Quote{Text: "\u2800"}); words != "" {
		t.Errorf("quoted as %q", words)
	}
	out := compose(by(bridge.Settings{}), anna, &bridge.AgentMessage{ID: "a", Text: "\u200b", Buttons: []bridge.Button{{Title: "Call", Payload: "call"}}})
	if got := textsOf(out.Parts); !slices.Equal(got, []string{"Call"}) || out.Parts[0].Buttons != nil {
		t.Errorf("buttons below nothing: %q", got)
	}
}

// TestCompose_ButtonsBelowALongText_LeaveRoomForWhatStandsBefore: with a name and “Corrected:”, the card is not too long.
func TestCompose_ButtonsBelowALongText_LeaveRoomForWhatStandsBefore(t *testing.T) {
	named, call := by(bridge.Settings{AgentName: bridge.AgentsName}), []bridge.Button{{Title: "Call", Payload: "call"}}
	for _, length := range []int{longestCard, longestCard - 1, longestCard - len("Corrected: "), longestCard - len("Bo: Corrected: ") + 1, longestCard - len("Bo: Corrected: ")} {
		out := compose(named, anna, &bridge.AgentMessage{ID: "a", Author: bo, Text: strings.Repeat("x", length), Buttons: call})
		out.Corrects = true
		f := plain(named, out, 0)
		if below := len(f.Buttons) > 0; below && textcut.Units(f.Text) > longestCard || below != (length == longestCard-len("Bo: Corrected: ")) {
			t.Errorf("above buttons (%v), Messenger gets %d of %d units", below, textcut.Units(f.Text), longestCard)
		}
	}
}

func TestCompose_FilesComeFirst_ChoicesStandBelowTheLastText(t *testing.T) {
	out := compose(by(bridge.Settings{TextLimit: 21}), anna, &bridge.AgentMessage{
		ID: "a", Text: "Which do you want?\n[Tea] [Coffee]", Attachments: []bridge.Attachment{{Name: "menu.pdf"}},
	})
	if len(out.Parts) != 3 || out.Parts[0].File == nil || out.Parts[0].File.Name != "menu.pdf" {
		t.Fatalf("parts: %+v", out.Parts)
	}
	if out.Parts[1].Quick != nil || !slices.Equal(out.Parts[2].Quick, []string{"Tea", "Coffee"}) {
		t.Errorf("choices below %q: %q, below %q: %q", out.Parts[1].Text, out.Parts[1].Quick, out.Parts[2].Text, out.Parts[2].Quick)
	}
	if got := out.Parts[1].Text + out.Parts[2].Text; got != "Which do you want?" {
		t.Errorf("the text is %q", got)
	}
}

func TestCompose_Buttons_StandBelowOrInTheText(t *testing.T) {
	shop, call := bridge.Button{Title: "Shop", URL: "https://shop.example"}, bridge.Button{Title: "Call", Payload: "call"}
	for _, test := range []struct {
		name    string
		text    string
		buttons []bridge.Button
		below   bool
		want    string
	}{
		{"fit", "Hello", []bridge.Button{shop, call}, true, "Hello"},
		{"without a text", "", []bridge.Button{shop, call}, false, "Shop: https://shop.example\nCall"},
		{"too many", "Hello", []bridge.Button{shop, shop, shop, shop}, false, "Hello" + strings.Repeat("\nShop: https://shop.example", 4)},
		{"title too long", "Hello", []bridge.Button{{Title: "123456789012345678901", URL: "https://shop.example"}}, false, "Hello\n123456789012345678901: https://shop.example"},
		{"no address", "Hello", []bridge.Button{{Title: "Shop"}}, false, "Hello\nShop"},
		{"no title", "Hello", []bridge.Button{{URL: "https://shop.example"}}, false, "Hello\nhttps://shop.example"},
		{"not of the web", "Hello", []bridge.Button{{Title: "Mail", URL: "mailto:a@shop.example"}}, false, "Hello\nMail: mailto:a@shop.example"},
		{"payload too long", "Hello", []bridge.Button{{Title: "Call", Payload: strings.Repeat("x", 1001)}}, false, "Hello\nCall"},
		{"text too long for a card", strings.Repeat("x", 641), []bridge.Button{call}, false, strings.Repeat("x", 641) + "\nCall"},
	} {
		out := compose(by(bridge.Settings{}), anna, &bridge.AgentMessage{ID: "a", Text: test.text, Buttons: test.buttons})
		if len(out.Parts) != 1 || out.Parts[0].Text != test.want || (len(out.Parts[0].Buttons) > 0) != test.below {
			t.Errorf("%s: %+v", test.name, out.Parts)
		}
	}
}

func TestForms_Quote_IsAnAnswerOrStandsInWords(t *testing.T) {
	named := by(bridge.Settings{AgentName: bridge.AgentsName})
	out := compose(named, anna, &bridge.AgentMessage{ID: "a", Author: bo, Text: "Yes.", Quote: &bridge.Quote{Message: "q", Text: "Is  it\nopen?"}})
	for _, test := range []struct {
		name    string
		form    form
		text    string
		replyTo bridge.Mid
	}{
		{"known", rich(named, out, 0, "mid-q", ""), "Bo: Yes.", "mid-q"},
		{"known, as a persona", rich(named, out, 0, "mid-q", "p"), "Yes.", "mid-q"},
		{"not known", rich(named, out, 0, "", ""), "“Is it open?”\n\nBo: Yes.", ""},
		{"not known, as a persona", rich(named, out, 0, "", "p"), "“Is it open?”\n\nYes.", ""},
		{"plain", plain(named, out, 0), "“Is it open?”\n\nBo: Yes.", ""},
	} {
		if test.form.Text != test.text || test.form.replyTo != test.replyTo {
			t.Errorf("%s: %q in answer to %q", test.name, test.form.Text, test.form.replyTo)
		}
	}
	if got := textsOf(looks(named, out, 0)); !slices.Equal(got, []string{"Yes.", "Bo: Yes.", "“Is it open?”\n\nYes.", "“Is it open?”\n\nBo: Yes."}) {
		t.Errorf("it may look like %q", got)
	}
}

func TestForms_LongQuote_IsCutOrLeftOut(t *testing.T) {
	quote := &bridge.Quote{Message: "q", Text: strings.Repeat("x", 150)}
	words := "“" + strings.Repeat("x", 100) + "…”\n\n"
	out := compose(by(bridge.Settings{}), anna, &bridge.AgentMessage{ID: "a", Text: "Yes.", Quote: quote})
	if f := plain(by(bridge.Settings{}), out, 0); f.Text != words+"Yes." {
		t.Errorf("the customer reads %q", f.Text)
	}
	if f := plain(by(bridge.Settings{TextLimit: textcut.Units(words) + 3}), out, 0); f.Text != "Yes." {
		t.Errorf("where it does not fit, the customer reads %q", f.Text)
	}
	out.Parts[0].Buttons, out.Parts[0].Text = []bridge.Button{{Title: "Call", Payload: "call"}}, strings.Repeat("y", 600)
	if f := plain(by(bridge.Settings{}), out, 0); f.Text != out.Parts[0].Text {
		t.Errorf("on a card, the customer reads %q", f.Text)
	}
}

func TestForms_OnlyTheFirstTextSaysWho(t *testing.T) {
	named := by(bridge.Settings{AgentName: bridge.AgentUsername, TextLimit: 25})
	out := compose(named, anna, &bridge.AgentMessage{ID: "a", Author: bo, Text: "abcdefghijklmnop", Attachments: []bridge.Attachment{{Kind: "image", URL: "u"}}})
	var got []string
	for i := range out.Parts {
		got = append(got, plain(named, out, i).Text)
	}
	if !slices.Equal(got, []string{"", "bo: abcdefghij", "klmnop"}) {
		t.Errorf("the customer reads %q", got)
	}
	if f := plain(named, out, 0); f.File.Kind != bridge.FileKind || out.Parts[0].File.Kind != "image" {
		t.Errorf("sent plainly as %q, stored as %q", f.File.Kind, out.Parts[0].File.Kind)
	}
	for i, want := range []int{2, 2, 1} {
		if got := looks(named, out, i); len(got) != want {
			t.Errorf("part %d may look like %+v", i, got)
		}
	}
}

func TestLooksOf_NewerVersionOfOnePart_MayHaveGoneOut(t *testing.T) {
	plain := by(bridge.Settings{TextLimit: 20})
	write := func(text string, edit int64) Outgoing {
		out := compose(plain, anna, &bridge.AgentMessage{ID: "a", Text: text})
		out.Edit = edit
		return out
	}
	later := []change{{2, write("two", 2)}, {3, write("more than one part", 3)}, {4, Outgoing{Gone: true}}}
	for _, test := range []struct {
		out  Outgoing
		want []string
	}{
		{write("one", 0), []string{"one", "two"}},
		{write("one", 1), []string{"one"}},
		{write("more than one", 0), []string{"more than"}},
	} {
		if got := textsOf(looksOf(plain, test.out, 0, later)); !slices.Equal(got, test.want) {
			t.Errorf("%q may look like %q", textsOf(test.out.Parts), got)
		}
	}
}

func TestComposeReply_AnswersAComment(t *testing.T) {
	named := by(bridge.Settings{AgentName: bridge.AgentsName, TextLimit: 10})
	write := func(text string) Outgoing {
		out := compose(named, commenter, &bridge.AgentMessage{ID: "a", Author: bo, Text: text, Quote: &bridge.Quote{Message: "q"}})
		out.Comment = "c"
		return out
	}
	for _, test := range []struct {
		text    string
		private bool
		want    []string
		why     bridge.Reason
	}{
		{"thanks", false, []string{"Bo: thanks"}, ""},
		{"!private thanks", true, []string{"Bo: thanks"}, ""},
		{" !Private\nthanks", true, []string{"Bo: thanks"}, ""},
		{"!privately", false, []string{"Bo: !priva", "tely"}, ""},
		{"!private very long", true, []string{"Bo: very l", "ong"}, bridge.PrivateTooLong},
	} {
		out := write(test.text)
		var got []string
		for i := range out.Parts {
			f := replyForm(out, i)
			got = append(got, f.Text)
			if f.comment != "c" || f.private != test.private || f.replyTo != "" {
				t.Errorf("%q is sent as %+v", test.text, f)
			}
		}
		if !slices.Equal(got, test.want) || out.answerable() != test.why {
			t.Errorf("%q: the commenter reads %q, refused as %q", test.text, got, out.answerable())
		}
	}
	nowhere := write("thanks")
	if nowhere.Comment = ""; nowhere.answerable() != bridge.NoComment {
		t.Errorf("in answer to nothing, it is refused as %q", nowhere.answerable())
	}
	if got := looks(named, write("thanks"), 0); len(got) != 1 || got[0].Text != "Bo: thanks" {
		t.Errorf("it may look like %+v", got)
	}
	buttons := compose(named, commenter, &bridge.AgentMessage{ID: "a", Text: "Hi", Buttons: []bridge.Button{{Title: "Shop", Payload: "x"}}})
	if got := textsOf(buttons.Parts); !reflect.DeepEqual(got, []string{"Hi\nShop"}) {
		t.Errorf("with a button: %q", got)
	}
}

func TestWhyNoReply(t *testing.T) {
	for _, test := range []struct {
		refused  bridge.Reason
		attempts int
		want     bridge.Reason
	}{
		{bridge.PrivateUsed, 0, bridge.PrivateUsed},
		{bridge.PrivateUsed, 1, bridge.Unclear},
		{bridge.WindowClosed, 0, bridge.PrivateUsed},
		{bridge.CommentGone, 1, bridge.CommentGone},
	} {
		if got := whyNoReply(&bridge.Refusal{Reason: test.refused}, test.attempts); got != test.want {
			t.Errorf("%s after %d attempts is said as %s", test.refused, test.attempts, got)
		}
	}
}

// TestMessageKey_ChosenID_TakesNobodysKey: agents choose ids; none is the key of what nobody wrote, or of a change.
func TestMessageKey_ChosenID_TakesNobodysKey(t *testing.T) {
	text := Automatic{Conversation: bridge.Conversation{Page: "1", Customer: "2", Kind: bridge.Messages}, Key: "survey/r"}
	for id, same := range map[bridge.MessageID]bool{text.id(): false, "deleted/x": false, "edited/x/1/h": false, "message/x": false, "7ZRcEd2pqwvCJhnfk": true, "fbaRcEd2pqwvCJhnf": true} {
		if key := messageKey(id); (key == string(id)) != same || messageKey(bridge.MessageID(key)) == key && !same {
			t.Errorf("%s: %s", id, key)
		}
	}
}
