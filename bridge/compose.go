package bridge

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"
)

// What Messenger takes at most (messenger.md 3.5, 3.7). Lengths are in UTF-16 units,
// the strictest reading.
const (
	mostQuickReplies = 13
	mostButtons      = 3
	longestTitle     = 20
	longestPayload   = 1000
	longestCard      = 640 // text above buttons
)

// outgoing cuts a message into what Messenger takes. Files come first: a caption is
// a message of its own, and quick replies vanish when anything comes after them. A
// message of which nothing is left has no parts; its author is told when its turn
// comes.
func (b *Bridge) outgoing(c Conversation, m AgentMessage) Outgoing {
	var s Settings
	if page, err := b.Pages.Page(c.Page); err == nil {
		s = page.Settings
	}
	out := Outgoing{
		Conversation: c, Message: m.ID, Room: m.Room, Author: m.Author, At: m.At,
		Quote: m.Quote, Name: nameOf(m.Author, s.AgentName), Gone: m.Gone,
		Print: b.print(m),
	}
	for i := range m.Attachments {
		out.Parts = append(out.Parts, Part{File: &m.Attachments[i]})
	}
	if c.Kind == Comments {
		return b.reply(out, m, s.Limit()-units(b.heading(out)))
	}
	// Room is left for what may have to stand before the text.
	limit := s.Limit()
	limit -= units(b.heading(out)) + units(b.corrected())
	text, quick := quickReplies(m.Text)
	buttons, fit := m.Buttons, buttonsFit(m.Buttons)
	if len(buttons) > 0 && (!fit || text == "" || units(text) > min(limit, longestCard)) {
		text = strings.TrimSpace(text + "\n" + buttonsAsText(buttons))
		buttons = nil
	}
	texts := b.Sender.Cut(text, limit)
	if len(texts) > 0 {
		last := &texts[len(texts)-1]
		last.Quick, last.Buttons = quick, buttons
	}
	out.Parts = append(out.Parts, texts...)
	return out
}

// print returns the fingerprint of a message's text.
func (b *Bridge) print(m AgentMessage) string {
	if b.Sign == nil {
		return ""
	}
	return b.Sign("text of a message", string(m.ID)+"\x00"+m.Text)[:16]
}

// nameOf is what a page's customers see of an author: nothing, unless the page wants
// that and a person wrote. A bot must not look like a person.
func nameOf(a Author, show AgentName) string {
	switch {
	case a.Bot:
		return ""
	case show == AgentsName && a.Name != "":
		return a.Name
	case show == AgentsName, show == AgentUsername:
		return a.Username
	}
	return ""
}

// corrected is what stands before a newer version of a message.
func (b *Bridge) corrected() string { return b.Say.Say("Corrected:") + " " }

// heading is what stands before the text where Messenger does not show who wrote.
func (b *Bridge) heading(out Outgoing) string {
	if out.Name == "" {
		return ""
	}
	return out.Name + ": "
}

var (
	quickLine  = regexp.MustCompile(`^(?:\s*\[[^\[\]\n]+\])+\s*$`)
	quickTitle = regexp.MustCompile(`\[([^\[\]\n]+)\]`)
)

// quickReplies takes the choices off the end of a text that ends like
//
//	[Yes] [No] [Call me]
//
// If Messenger does not take them, or nothing stands above them, the text stays as
// it is.
func quickReplies(text string) (rest string, titles []string) {
	text = strings.TrimSpace(text)
	lines := strings.Split(text, "\n")
	n := len(lines)
	for n > 0 && quickLine.MatchString(lines[n-1]) {
		var line []string
		for _, hit := range quickTitle.FindAllStringSubmatch(lines[n-1], -1) {
			title := strings.TrimSpace(hit[1])
			if title == "" || units(title) > longestTitle || slices.Contains(titles, title) || slices.Contains(line, title) {
				return text, nil
			}
			line = append(line, title)
		}
		titles = append(line, titles...)
		n--
	}
	rest = strings.TrimSpace(strings.Join(lines[:n], "\n"))
	if rest == "" || len(titles) == 0 || len(titles) > mostQuickReplies {
		return text, nil
	}
	return rest, titles
}

func buttonsFit(buttons []Button) bool {
	if len(buttons) > mostButtons {
		return false
	}
	for _, b := range buttons {
		u, err := url.Parse(b.URL)
		switch {
		case b.Title == "" || units(b.Title) > longestTitle || units(b.Payload) > longestPayload:
			return false
		case b.URL == "" && b.Payload == "":
			return false
		case b.URL != "" && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http"):
			return false
		}
	}
	return true
}

func buttonsAsText(buttons []Button) string {
	var lines []string
	for _, b := range buttons {
		lines = append(lines, strings.TrimSpace(strings.Trim(b.Title+": "+b.URL, ": ")))
	}
	return strings.Join(slices.DeleteFunc(lines, func(line string) bool { return line == "" }), "\n")
}

// units counts UTF-16 code units.
func units(s string) (n int) {
	for _, r := range s {
		n += max(utf16.RuneLen(r), 1)
	}
	return n
}

// form is one way to send a part.
type form struct {
	Part
	replyTo Mid
	persona string

	comment, edits Mid // as in Parcel
	private        bool
}

// excerptLength is how much of a quoted message is repeated where it cannot be quoted.
const excerptLength = 100

// inWords repeats what a message quotes, for where Messenger cannot show it.
func (b *Bridge) inWords(q *Quote) string {
	if q == nil {
		return ""
	}
	parts := b.Sender.Cut(strings.Join(strings.Fields(q.Text), " "), excerptLength)
	switch {
	case len(parts) == 0:
		return ""
	case len(parts) > 1:
		return "“" + parts[0].Text + "…”\n\n"
	}
	return "“" + parts[0].Text + "”\n\n"
}

// firstText returns the index of the first part that is a text, or -1.
func (o Outgoing) firstText() int {
	return slices.IndexFunc(o.Parts, func(p Part) bool { return p.File == nil })
}

// plain is the form of a part that uses nothing Meta might refuse: who wrote and
// what it quotes stand in the text, and a file is just a file.
func (b *Bridge) plain(out Outgoing, i int) form {
	f := form{Part: out.Parts[i]}
	if f.File != nil {
		file := *f.File
		file.Kind = FileKind
		f.File = &file
		return f
	}
	if i == out.firstText() {
		f.Text = b.opening(out, true, true) + f.Text
	}
	return f
}

// opening is what stands before a text. What it quotes is left out where that would
// make the text too long.
func (b *Bridge) opening(out Outgoing, name, quote bool) (s string) {
	if name {
		s = b.heading(out)
	}
	if out.Corrects {
		s += b.corrected()
	}
	if quote {
		words := b.inWords(out.Quote)
		if i := out.firstText(); i >= 0 && units(words)+units(s)+units(out.Parts[i].Text) <= b.roomFor(out, i) {
			s = words + s
		}
	}
	return s
}

// roomFor is how long the text of a part may be.
func (b *Bridge) roomFor(out Outgoing, i int) int {
	if len(out.Parts[i].Buttons) > 0 {
		return longestCard
	}
	if page, err := b.Pages.Page(out.Conversation.Page); err == nil {
		return page.Settings.Limit()
	}
	return DefaultTextLimit
}

// looks are all forms in which a part may have been sent.
func (b *Bridge) looks(out Outgoing, i int) []Part {
	part := out.Parts[i]
	if out.Conversation.Kind == Comments {
		return []Part{b.replyForm(out, i).Part}
	}
	if part.File != nil {
		return []Part{part, b.plain(out, i).Part}
	}
	if i != out.firstText() {
		return []Part{part}
	}
	var forms []Part
	for _, with := range [][2]bool{{false, false}, {true, false}, {false, true}, {true, true}} {
		p := part
		p.Text = b.opening(out, with[0], with[1]) + part.Text
		if !slices.ContainsFunc(forms, func(other Part) bool { return other.Text == p.Text }) {
			forms = append(forms, p)
		}
	}
	return forms
}

// looksOf are all forms in which the current part may have been sent. With one part,
// a newer version may have gone out in its place.
func (b *Bridge) looksOf(s *shipment) []Part {
	forms := b.looks(s.out, s.d.Progress.Part)
	if len(s.out.Parts) > 1 || s.out.Edit > 0 {
		return forms
	}
	for _, c := range b.behindOf(s) {
		if len(c.out.Parts) == 1 {
			forms = append(forms, b.looks(c.out, 0)...)
		}
	}
	return forms
}
