package outbound

import (
	"slices"

	"messenger-bridge/bridge"
	"messenger-bridge/textcut"
)

// form is one way to send a part.
type form struct {
	bridge.Part
	replyTo bridge.Mid
	persona string

	comment, edits bridge.Mid // as in OutboundPart
	private        bool
}

// plain is the form of a part that uses nothing Meta might refuse: who wrote and
// what it quotes stand in the text, and a file is just a file.
func plain(by style, out Outgoing, i int) form {
	f := form{Part: out.Parts[i]}
	if f.File != nil {
		file := *f.File
		file.Kind = bridge.FileKind
		f.File = &file
		return f
	}
	if i == out.firstText() {
		f.Text = opening(by, out, true, true) + f.Text
	}
	return f
}

// rich is the form of a part that shows what kind of file it is, what it answers (quoted;
// empty if that is not known at Messenger) and, by a persona, who wrote.
func rich(by style, out Outgoing, i int, quoted bridge.Mid, persona string) form {
	f := form{Part: out.Parts[i], persona: persona}
	if i == 0 {
		f.replyTo = quoted
	}
	if i == out.firstText() {
		f.Text = opening(by, out, persona == "", quoted == "") + f.Text
	}
	return f
}

// opening is what stands before a text. What it quotes is left out where that would
// make the text too long.
func opening(by style, out Outgoing, name, quote bool) (s string) {
	if name {
		s = heading(out)
	}
	if out.Corrects {
		s += corrected(by)
	}
	if quote {
		words := inWords(by, out.Quote)
		if i := out.firstText(); i >= 0 && textcut.Units(words)+textcut.Units(s)+textcut.Units(out.Parts[i].Text) <= roomFor(by, out.Parts[i]) {
			s = words + s
		}
	}
	return s
}

// roomFor is how long the text of a part may be.
func roomFor(by style, p bridge.Part) int {
	if len(p.Buttons) > 0 {
		return longestCard
	}
	return by.settings.Limit()
}

// looks are all forms in which a part may have been sent.
func looks(by style, out Outgoing, i int) []bridge.Part {
	part := out.Parts[i]
	switch {
	case out.Conversation.Kind == bridge.Comments:
		return []bridge.Part{replyForm(out, i).Part}
	case part.File != nil:
		return []bridge.Part{part, plain(by, out, i).Part}
	case i != out.firstText():
		return []bridge.Part{part}
	}
	var forms []bridge.Part
	for _, with := range [][2]bool{{false, false}, {true, false}, {false, true}, {true, true}} {
		p := part
		p.Text = opening(by, out, with[0], with[1]) + part.Text
		if !slices.ContainsFunc(forms, func(other bridge.Part) bool { return other.Text == p.Text }) {
			forms = append(forms, p)
		}
	}
	return forms
}

// looksOf are all forms in which a part may have been sent. With one part, one of the
// newer versions that wait behind it may have gone out in its place.
func looksOf(by style, out Outgoing, i int, later []change) []bridge.Part {
	forms := looks(by, out, i)
	if len(out.Parts) > 1 || out.Edit > 0 {
		return forms
	}
	for _, c := range later {
		if len(c.out.Parts) == 1 {
			forms = append(forms, looks(by, c.out, 0)...)
		}
	}
	return forms
}
