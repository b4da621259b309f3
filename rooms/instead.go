package rooms

import (
	"context"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"messenger-bridge/bridge"
	"messenger-bridge/language"
	"messenger-bridge/textcut"
)

// What the workspace keeps refusing, while it takes the same of others, is given up: a line
// takes its place, so that what the customer writes afterwards is seen. The line is the
// customer's, else the bot's, else a direct message to whoever serves the room.

// insistence decides when that is.
type insistence struct{ *Config }

// tooMuch is the answer to something that must be given up, nil if it is to be tried again.
func (r insistence) tooMuch(before bridge.Refusals, err error) *bridge.Response {
	if err == nil {
		return nil
	}
	refusal := bridge.RefusalOf(err)
	if !refusal.OfItem() {
		return nil
	}
	if before.Count++; !before.Persist(refusal.Answer, r.Patience) {
		return nil
	}
	return refusal.Answer
}

// undone is what became of a change that the workspace may refuse for good, with what it may
// answer else: then it counts as not done, and is told in words.
func (r insistence) undone(link *stay, done bool, err error) (bool, error) {
	if r.tooMuch(link.refusals, err) != nil {
		return false, nil
	}
	return done, err
}

// aside is what became of something that stands beside a message: it does not hold the
// message up for long.
func (r insistence) aside(link *stay, err error) error {
	if r.tooMuch(link.refusals, err) != nil || err != nil && bridge.RefusalOf(err).Verdict == bridge.Never {
		r.Log.Warn("something beside a message is not said", "page", link.Conversation.Page, "room", link.Room, "err", err)
		return nil
	}
	return err
}

// why says to agents what the workspace answered, in a few words.
func why(say *language.Speaker, a *bridge.Response) string {
	switch {
	case a.Status == 0:
		return say.Say("no answer")
	case a.Code != "":
		return "HTTP " + strconv.Itoa(a.Status) + ", " + a.Code
	}
	return "HTTP " + strconv.Itoa(a.Status)
}

// substitutes take the place of what is given up.
type substitutes struct{ *poster }

// text shows what can be shown of a text that the workspace refuses: its plain words;
// else a line, and the text as a file if that is taken.
func (r substitutes) text(ctx context.Context, link *stay, p *posting, refused error, a *bridge.Response) error {
	id := replacement(p.in.MessageID())
	said := r.Say.Say("The customer wrote something that Rocket.Chat does not take (%s).", why(r.Say, a))
	line := cited(said + " " + r.Say.Say("It can be seen in the Page inbox of Facebook: %s", r.inbox(ctx, p.in)))
	lines := []string{line}
	if words := plainWords(bridge.Spoken(p.text)); words != "" && words != p.text {
		lines = []string{cited(said+" "+r.Say.Say("These are its plain words:")) + "\n" + words, line}
	}
	taken, err := r.inTurn(ctx, link, p, id, lines, refused)
	if err != nil {
		return err
	}
	if a.Others != bridge.OthersPass && r.takenNow(ctx, link, p, id) {
		return nil
	}
	p.shown, p.left, p.posted = []bridge.MessageID{id}, a, true
	if taken == line || strings.Contains(p.text, "://") { // a link's plain words lead nowhere
		r.attach(ctx, link, p)
	}
	return nil
}

// takenNow tries a text once more after its line was taken, where nobody else had shown that the
// workspace takes texts: perhaps it began to between the two. Then the line goes.
func (r substitutes) takenNow(ctx context.Context, link *stay, p *posting, line bridge.MessageID) bool {
	shown, err := r.sayText(ctx, link, p)
	if err != nil {
		return false
	}
	p.shown, p.posted = shown, true
	if gone, err := r.Changes.Delete(ctx, link.Visitor, link.Room, line); !gone || err != nil {
		r.Log.Info("a line stays although its text is shown", "page", link.Conversation.Page, "room", link.Room, "err", err)
	}
	return true
}

// outdated takes away the line that an earlier attempt said in the place of something that is shown
// now, if that attempt could not write down that it was through. A line that was written down stays:
// it is told of.
func (r substitutes) outdated(ctx context.Context, link *stay, p *posting, line bridge.MessageID) {
	_, known := r.Known.ShownAs(p.in.Conversation.Page, p.in.Mid)
	if p.in.Tries == 0 || p.in.Kind == bridge.EchoEvent || slices.Contains(known, line) {
		return
	}
	there, err := r.Livechat.Has(ctx, link.Visitor, link.Room, line)
	if there {
		there, err = r.Changes.Delete(ctx, link.Visitor, link.Room, line)
		there = !there
	}
	if there || err != nil {
		r.Log.Info("a line may stay although what it stands for is shown", "page", link.Conversation.Page, "room", link.Room, "err", err)
	}
}

// inTurn shows the first of several lines that is taken, and returns it. As long as nobody
// else's are taken, the bot does not stand in: the refusal is of everybody then.
func (r substitutes) inTurn(ctx context.Context, link *stay, p *posting, id bridge.MessageID, lines []string, refused error) (taken string, err error) {
	for _, line := range lines {
		err := p.althoughOpen(link, r.postOne(ctx, link, bridge.Post{ID: id, Text: line}))
		if err == nil {
			return line, nil
		}
		if !bridge.RefusalOf(err).OfItem() {
			return "", err
		}
		refused = err
	}
	if a := bridge.RefusalOf(refused).Answer; a.Others != bridge.OthersPass {
		return "", refused
	}
	last := lines[len(lines)-1]
	there, err := r.Livechat.Has(ctx, link.Visitor, link.Room, id) // Rocket.Chat may refuse what it has stored
	if there, err = r.undone(link, there, err); there || err != nil {
		return last, err
	}
	return last, botsWords{r.remarks}.standIn(ctx, link, bridge.Post{ID: id, Text: bridge.Spoken(last)}, refused)
}

// standIn says something as the bot, and if its word is not taken in the room either, to
// whoever serves it. If nobody can be told, the error is what was refused first.
func (r botsWords) standIn(ctx context.Context, link *stay, p bridge.Post, refused error) error {
	err := r.Changes.Note(ctx, link.Room, p)
	if err == nil || !bridge.RefusalOf(err).OfItem() {
		return err
	}
	if told, err := r.tellServing(ctx, link, link.Room, p); told || err != nil {
		return err
	}
	return refused
}

// tellServing tells whoever serves a room. What keeps refusing that as well is no news: then
// nobody is told.
func (r botsWords) tellServing(ctx context.Context, link *stay, room bridge.RoomID, p bridge.Post) (bool, error) {
	told, err := r.Changes.TellServing(ctx, room, p)
	return r.undone(link, told, err)
}

// attach shows a text as a file. It is tried once: the line that stands there says where
// else the text is.
func (r substitutes) attach(ctx context.Context, link *stay, p *posting) {
	text := strings.NewReader(bridge.Spoken(p.text))
	f := &bridge.File{Name: attachedAs(p.in),
		Content: &bridge.Content{ReadCloser: io.NopCloser(text), Type: "text/plain; charset=utf-8", Size: text.Size()}}
	id, err := r.upload(ctx, link, p, f)
	if err != nil {
		r.Log.Info("a refused text is not attached either", "page", link.Conversation.Page, "room", link.Room, "err", err)
		return
	}
	p.shown = append(p.shown, id)
}

// attachedAs is the name of the file that holds a refused text.
func attachedAs(in bridge.Incoming) string { return "message-" + string(in.MessageID())[2:10] + ".txt" }

// file says that a file is not shown which the workspace keeps refusing.
func (r substitutes) file(ctx context.Context, link *stay, p *posting, i int, name string, a *bridge.Response) (bridge.MessageID, error) {
	toCustomer := ""
	switch {
	case a.Status == 413:
		toCustomer = r.Say.Say("Sorry, your file is too large for us. Please send a smaller one.")
	case a.Status == 415:
		toCustomer = r.Say.Say("Sorry, we cannot receive files of this kind: %s. Please send it in another form, such as JPEG or PDF.", name)
	case !a.Trouble():
		toCustomer = r.Say.Say("Sorry, your file could not be received. Please send it in another form, such as JPEG or PDF.")
	}
	line, err := r.unshown(ctx, link, p, i, r.Say.Say("Rocket.Chat does not take it (%s).", why(r.Say, a)), toCustomer)
	if err != nil {
		return line, err
	}
	if a.Others == bridge.OthersPass || p.in.Kind == bridge.EchoEvent { // the bot's line stays
		p.left = a
		return line, nil
	}
	if id := r.uploadNow(ctx, link, p, i); id != "" { // an outage may have ended between the last try and the line
		p.refused = slices.DeleteFunc(p.refused, func(s string) bool { return s == toCustomer })
		if gone, err := r.Changes.Delete(ctx, link.Visitor, link.Room, line); !gone || err != nil {
			r.Log.Info("a line stays although its file is shown", "page", link.Conversation.Page, "room", link.Room, "err", err)
		}
		return id, nil
	}
	p.left = a
	return line, nil
}

// uploadNow tries a file once more; "" says that it is not taken.
func (r substitutes) uploadNow(ctx context.Context, link *stay, p *posting, i int) bridge.MessageID {
	n := 0
	for _, a := range p.in.Attachments[:i] {
		if isUpload(a) {
			n++
		}
	}
	f, err := r.Files.Open(ctx, p.page, p.in.Mid, n, p.in.Attachments[i], p.page.Settings.FileLimit())
	if err != nil {
		return ""
	}
	defer f.Close()
	f.Name = p.fileName(i, f.Name)
	id, err := r.upload(ctx, link, p, f)
	if err != nil {
		return ""
	}
	return id
}

// What takes the place of a message is shown under an id of its own, so that the message can
// be shown later.
const replaced = "-r"

func replacement(id bridge.MessageID) bridge.MessageID { return id + replaced }

func isReplacement(id bridge.MessageID) bool { return strings.HasSuffix(string(id), replaced) }

// resume begins where an earlier attempt ended that gave something up, or that could not
// write down that it was through: what is shown is not shown again.
func (p *posting) resume(known Known) {
	if p.in.Mid == "" || p.in.New {
		return
	}
	_, shown := known.ShownAs(p.in.Conversation.Page, p.in.Mid)
	if len(shown) == 0 {
		return
	}
	id := p.in.MessageID()
	p.posted = p.posted || !slices.Contains(shown, replacement(id))
	for i, a := range p.in.Attachments {
		if isUpload(a) && !slices.Contains(shown, lineOf(id, i)) {
			p.files[i] = shown[0]
		}
	}
	for _, one := range shown {
		if one != replacement(id) && !isLine(one) {
			p.shown = append(p.shown, one)
		}
	}
}

// plainWords are a text's letters, digits and most common marks: what no rule of a firewall
// takes for code.
func plainWords(text string) string {
	plain := strings.Map(func(c rune) rune {
		switch {
		case unicode.IsLetter(c), unicode.IsMark(c), unicode.IsNumber(c), unicode.IsSpace(c), strings.ContainsRune(".,?!:+-€$£%"+bridge.CiteMark, c):
			return c
		}
		return ' '
	}, text)
	if plain = strings.TrimSpace(plain); textcut.Blank(plain) {
		return ""
	}
	return plain
}
