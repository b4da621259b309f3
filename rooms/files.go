package rooms

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"messenger-bridge/bridge"
	"messenger-bridge/language"
	"messenger-bridge/pause"
)

// Files fetches what customers sent. Errors are Refusals; with Never, another attempt
// changes nothing.
type Files interface {
	// Open begins to fetch the n-th file of a message. Reading it ends with a refusal
	// if there is more than limit.
	Open(ctx context.Context, p bridge.Page, mid bridge.Mid, n int, a bridge.Attachment, limit int64) (*bridge.File, error)
}

// Uploads shows files in rooms.
type Uploads interface {
	// Upload shows a file as the customer's, with a text beside it, which may be empty.
	// Nothing recognises a repeat: see Uploaded.
	// It returns in which room the file is: another one, if Rocket.Chat opened it because r was closed meanwhile.
	Upload(ctx context.Context, visitor bridge.Secret, r bridge.RoomID, f *bridge.File, text string) (bridge.MessageID, bridge.RoomID, error)
	// Uploaded returns the latest files of a visitor in a room, oldest first.
	Uploaded(ctx context.Context, visitor bridge.Secret, r bridge.RoomID) ([]bridge.Uploaded, error)
}

// After so many times that it was not there to fetch a file is given up, so that it does not hold back
// what the customer wrote after it. That its message was tried for other reasons does not count: it may have
// waited for an agent all night.
const (
	triesGone   = 4 // Meta names files a moment before they are there
	triesDown   = 6
	triesUntold = 12 // of a conversation: up to an hour, in which Meta's limits mostly pass
)

// files shows the files of a message, one after another. Which of them are there is
// kept in p, for another room; and read in the room, if an earlier attempt may have
// shown some.
func (r *poster) files(ctx context.Context, link *stay, p *posting) error {
	n := 0
	for i, a := range p.in.Attachments {
		if !isUpload(a) {
			continue
		}
		if p.files[i] == "" {
			id, err := r.file(ctx, link, p, i, n)
			if err != nil {
				return ofPart(err, i+1)
			}
			p.files[i] = id
			p.shown = append(p.shown, id)
		}
		n++
	}
	return nil
}

// file shows one file, or says why it is not shown, and returns as which message.
func (r *poster) file(ctx context.Context, link *stay, p *posting, i, n int) (bridge.MessageID, error) {
	a := p.in.Attachments[i]
	s := p.page.Settings
	if s.RefuseFilesIn {
		return r.unshown(ctx, link, p, i, r.Say.Say("This page takes no files."), noFiles(r.Say))
	}
	f, err := r.Files.Open(ctx, p.page, p.in.Mid, n, a, s.FileLimit())
	if err != nil {
		return r.notFetched(ctx, link, p, i, bridge.RefusalOf(err))
	}
	defer f.Close()
	f.Name = p.fileName(i, f.Name)
	if !s.TakesFile(f.Name, f.Type) {
		return r.unshown(ctx, link, p, i, r.Say.Say("Files of this kind are not taken."),
			r.Say.Say("Sorry, we cannot receive files of this kind: %s. We can receive: %s.", f.Name, takes(r.Say, s.FileTypes)))
	}
	id, err := r.upload(ctx, link, p, f)
	if err != nil {
		return r.notUploaded(ctx, link, p, i, f.Name, bridge.RefusalOf(err))
	}
	r.untold.Delete(p.in.Conversation)
	substitutes{r}.outdated(ctx, link, p, lineOf(p.in.MessageID(), i))
	return id, nil
}

// ofPart has a refusal say of which part of a message it is, for each is tried for itself.
func ofPart(err error, part int) error {
	refusal := *bridge.RefusalOf(err)
	if refusal.Answer == nil {
		return err
	}
	of := *refusal.Answer
	of.Part, refusal.Answer = part, &of
	return &refusal
}

// notFetched decides what becomes of a file that did not come from Facebook. What the page's
// settings refuse, and what is not there, is said.
func (r *poster) notFetched(ctx context.Context, link *stay, p *posting, i int, refusal *bridge.Refusal) (bridge.MessageID, error) {
	again, file := r.Say.Say("Sorry, your file did not reach us. Please send it again."), lineOf(p.in.MessageID(), i)
	before, _ := r.unfetched.Get(file)
	switch {
	case refusal.Reason == bridge.FileTooBig:
		limit := bridge.SizeText(p.page.Settings.FileLimit())
		return r.unshown(ctx, link, p, i, r.Say.Say("It is larger than %s.", limit),
			r.Say.Say("Sorry, your file is too large for us: at most %s can be received. Please send a smaller one.", limit))
	case refusal.Reason == bridge.FileForbidden && p.in.Attachments[i].Kind == "":
		return substitutes{r}.link(ctx, link, p, i)
	case refusal.Reason == bridge.FileForbidden:
		r.Log.Warn("a file of a customer lies where none may come from", "page", link.Conversation.Page, "err", refusal.Err)
		return r.unshown(ctx, link, p, i, r.Say.Say("It does not come from Facebook."), "")
	case refusal.Reason == bridge.FileGone && refusal.Verdict == bridge.Never && p.in.Attachments[i].URL == "":
		return r.unshown(ctx, link, p, i, r.Say.Say("Facebook did not tell where it is."), again)
	case refusal.Reason == bridge.FileGone && (before >= triesGone || refusal.Verdict == bridge.Never):
		return r.unshown(ctx, link, p, i, r.Say.Say("Facebook no longer has it."), again)
	case refusal.Reason == bridge.FileGone:
		refusal.After = pause.Backoff{First: r.FileAgain, Most: 8 * r.FileAgain}.After(before)
	case refusal.Reason == bridge.MetaError:
		tries, _ := r.untold.Get(p.in.Conversation)
		if tries >= triesUntold {
			return r.unshown(ctx, link, p, i, r.Say.Say("It could not be fetched from Facebook."), again)
		}
		r.untold.Set(p.in.Conversation, tries+1)
		wait := pause.Backoff{First: r.FileAgain, Most: 300 * r.FileAgain}
		refusal.After = min(max(refusal.After, wait.After(tries)), wait.Most)
		return "", refusal
	case refusal.Reason != bridge.MetaDown:
		return "", refusal
	case before >= triesDown:
		return r.unshown(ctx, link, p, i, r.Say.Say("It could not be fetched from Facebook."), again)
	}
	r.unfetched.Set(file, before+1)
	return "", refusal
}

// notUploaded decides what becomes of a file that the room does not have: fetching it may
// have broken off, or the workspace does not take it.
func (r *poster) notUploaded(ctx context.Context, link *stay, p *posting, i int, name string, refusal *bridge.Refusal) (bridge.MessageID, error) {
	if _, open := r.seenOpen.Get(link.Room); open && p.open == "" { // it is not asked each time: that has a limit of its own
		p.open = link.Room
	}
	refusal = bridge.RefusalOf(p.althoughOpen(link, refusal))
	if a := r.tooMuch(p.in.Refusals.Of(i+1), refusal); a != nil {
		return substitutes{r}.file(ctx, link, p, i, name, a)
	}
	switch refusal.Reason {
	case bridge.FilesOff:
		return r.unshown(ctx, link, p, i, r.Say.Say("Rocket.Chat takes no files of customers."), noFiles(r.Say))
	case bridge.FileType:
		return substitutes{r}.leftOut(ctx, link, p, i, refusal.Answer, r.Say.Say("Rocket.Chat does not take files of this kind."),
			r.Say.Say("Sorry, we cannot receive files of this kind: %s. Please send it in another form, such as JPEG or PDF.", name))
	case bridge.FileRefused:
		return r.unshown(ctx, link, p, i, r.Say.Say("Rocket.Chat does not take it."),
			r.Say.Say("Sorry, your file could not be received. Please send it in another form, such as JPEG or PDF."))
	case bridge.UploadTooBig:
		return substitutes{r}.leftOut(ctx, link, p, i, refusal.Answer, r.Say.Say("It is larger than Rocket.Chat takes."),
			r.Say.Say("Sorry, your file is too large for us. Please send a smaller one."))
	}
	return r.notFetched(ctx, link, p, i, refusal)
}

// families are the kinds of media, as customers call them.
var families = map[string]string{
	"image/*": language.Sentence("pictures"), "video/*": language.Sentence("videos"), "audio/*": language.Sentence("voice messages"), "text/*": language.Sentence("texts"),
}

// takes is the setting file-types as customers understand it.
func takes(say *language.Speaker, types string) string {
	var all []string
	for kind := range strings.SplitSeq(types, ",") {
		kind = strings.TrimSpace(kind)
		_, sub, typed := strings.Cut(kind, "/")
		switch {
		case families[kind] != "":
			kind = say.Say(families[kind])
		case typed && sub != "*":
			kind = strings.TrimPrefix(sub, "x-")
		}
		if kind != "" && !slices.Contains(all, kind) {
			all = append(all, kind)
		}
	}
	return strings.Join(all, ", ")
}

// noFiles is what a customer hears who sends a file where none is taken.
func noFiles(say *language.Speaker) string {
	return say.Say("Sorry, we cannot receive files here. Please write what it is about.")
}

// upload shows a file, unless the room has it from an attempt whose answer was lost.
func (r *poster) upload(ctx context.Context, link *stay, p *posting, f *bridge.File) (bridge.MessageID, error) {
	if p.in.Tries > 0 && p.read != link.Room {
		found, err := r.Uploads.Uploaded(ctx, link.Visitor, link.Room)
		if err != nil && reasonOf(err) != bridge.RoomClosed {
			return "", err
		}
		p.read, p.found = link.Room, found
	}
	for i, u := range p.found {
		// Rocket.Chat may turn a picture and take its metadata away, and tells the size of what it has made of it.
		if u.Name == f.Name && (strings.HasPrefix(f.Type, "image/") || f.Size < 0 || u.Size == f.Size) && r.mayBe(p, u, f) {
			p.found = append(p.found[:i:i], p.found[i+1:]...)
			return u.ID, nil
		}
	}
	text := ""
	if p.in.Kind == bridge.EchoEvent { // whoever uploads is the customer, to Rocket.Chat
		text = cited(r.Say.Say("Sent by the page %s, not by the customer.", p.page.DisplayName()))
	}
	id, room, err := r.Uploads.Upload(ctx, link.Visitor, link.Room, f, text)
	if err != nil {
		return "", err
	}
	return id, landed(ctx, r.opener, link, room)
}

// mayBe reports whether a file that is in the room may be this one: it belongs to no other
// message, and only a text's own file is looked for that was shown before.
func (r *poster) mayBe(p *posting, u bridge.Uploaded, f *bridge.File) bool {
	mid := r.Known.MidOf(bridge.SendTag{Message: u.ID})
	return mid == "" || mid == p.in.Mid && f.Name == attachedAs(p.in)
}

// unshown says that a file is not shown, and why; to the customer, too, if they can
// do something about it.
func (r *poster) unshown(ctx context.Context, link *stay, p *posting, i int, why, toCustomer string) (bridge.MessageID, error) {
	a := p.in.Attachments[i]
	id := lineOf(p.in.MessageID(), i)
	kind, where := bridge.OneLine(fileKind(r.Say, a)), r.inbox(ctx, p.in)
	if p.in.Kind == bridge.EchoEvent {
		return id, r.note(ctx, link, id, "", "["+r.Say.Say("The page sent a file that is not shown here (%s). %s It can be seen in the Page inbox of Facebook: %s", kind, why, where)+"]")
	}
	text := r.Say.Say("The customer sent a file that is not shown here (%s). %s It can be seen in the Page inbox of Facebook: %s", kind, why, where)
	err := substitutes{r}.inPlace(ctx, link, p, i, cited(text))
	// Without the line, the file may still be shown, in the next room for example.
	if err == nil && toCustomer != "" && a.Kind != "sticker" && !slices.Contains(p.refused, toCustomer) {
		p.refused = append(p.refused, toCustomer)
	}
	return id, err
}

// link shows an address of which Meta has forgotten to say what is there. No file may come from it, so it is
// a page on the web, and not fetched.
func (r substitutes) link(ctx context.Context, link *stay, p *posting, i int) (bridge.MessageID, error) {
	id, address := lineOf(p.in.MessageID(), i), bridge.Spoken(unwrapped(p.in.Attachments[i].URL))
	switch {
	case p.in.Kind == bridge.EchoEvent:
		return id, r.note(ctx, link, id, "", bridge.Cite(address))
	case r.saying(p.in.Text).repeats(linkKey(address)):
		return p.in.MessageID(), nil
	}
	return id, r.inPlace(ctx, link, p, i, address)
}

// inPlace says a line in the place of a file.
func (r substitutes) inPlace(ctx context.Context, link *stay, p *posting, i int, line string) error {
	id := lineOf(p.in.MessageID(), i)
	err := p.althoughOpen(link, r.postOne(ctx, link, bridge.Post{ID: id, Text: line}))
	if err != nil && r.tooMuch(p.in.Refusals.Of(i+1), err) != nil {
		_, err = r.inTurn(ctx, link, p, id, []string{line}, err)
	}
	return err
}

// leftOut does so for what the workspace has answered, of which administrators are told.
func (r substitutes) leftOut(ctx context.Context, link *stay, p *posting, i int, a *bridge.Response, why, toCustomer string) (bridge.MessageID, error) {
	id, err := r.unshown(ctx, link, p, i, why, toCustomer)
	if err == nil {
		p.left = a
	}
	return id, err
}

// lineOf is the id of the line that takes the place of a message's file.
func lineOf(id bridge.MessageID, i int) bridge.MessageID {
	return id + bridge.MessageID("-f"+strconv.Itoa(i))
}

// isLine reports whether an id is a line's.
func isLine(id bridge.MessageID) bool {
	_, n, found := strings.Cut(string(id), "-f")
	_, err := strconv.Atoi(n)
	return found && err == nil
}

// fileKind is what a file is called while its name is not known.
func fileKind(say *language.Speaker, a bridge.Attachment) string {
	switch a.Kind {
	case "image":
		return say.Say("a picture")
	case "video":
		return say.Say("a video")
	case "audio":
		return say.Say("a voice message")
	case "sticker":
		return say.Say("a sticker")
	}
	if a.Name != "" {
		return a.Name
	}
	return say.Say("a file")
}

// fileName tells files apart whose names say nothing: only documents have names that
// people gave.
func (p *posting) fileName(i int, name string) string {
	if p.in.Attachments[i].Kind == "file" {
		return name
	}
	key := p.in
	key.Key += fmt.Sprintf("/%d", i)
	ending := path.Ext(name)
	return strings.TrimSuffix(name, ending) + "-" + string(key.MessageID())[2:10] + ending
}
