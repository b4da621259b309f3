package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"messenger-bridge/sandbox/chat"
	"messenger-bridge/sandbox/meta"
)

// answerOf is what the workspace, or what stands before it, answers in place of success.
type answerOf struct {
	status int
	body   string // empty: a web page, as proxies and firewalls send it
	cut    bool   // the connection breaks off instead
	hang   bool   // nothing is answered
	zipped bool   // the body says that it is compressed, and is not
}

func coded(code string) answerOf {
	return answerOf{status: 400, body: fmt.Sprintf(`{"success":false,"error":"no [%s]","errorType":%q}`, code, code)}
}

func worded(text string) answerOf {
	return answerOf{status: 400, body: fmt.Sprintf(`{"success":false,"error":%q}`, text)}
}

func webPage(status int) answerOf { return answerOf{status: status} }

// silent reports whether no answer can be read.
func (a answerOf) silent() bool { return a.cut || a.hang || a.zipped }

// counted is the status as the metrics have it.
func (a answerOf) counted() string {
	if a.silent() {
		return "0"
	}
	return strconv.Itoa(a.status)
}

// fault has calls answered so.
func (a answerOf) fault() chat.Fault {
	f := chat.Fault{Status: a.status, Body: a.body, Cut: a.cut, Hang: a.hang}
	if a.zipped {
		f.Header = http.Header{"Content-Encoding": {"gzip"}}
	}
	return f
}

// short is what agents read of it.
func (a answerOf) short() string {
	_, code, coded := strings.Cut(a.body, `"errorType":"`)
	code, _, _ = strings.Cut(code, `"`)
	switch {
	case a.silent():
		return "no answer"
	case strings.Contains(a.body, `"unauthorized"`):
		return "HTTP 403, unauthorized"
	case coded:
		return fmt.Sprintf("HTTP %d, %s", a.status, code)
	}
	return fmt.Sprintf("HTTP %d", a.status)
}

// refusedItem is something that one customer sends and that the workspace refuses for good,
// while it takes the same of others.
type refusedItem struct {
	kind   string // one of routes
	answer answerOf

	customer string
	room     string
	mid      string // of what the customer wrote before
}

// routes are the calls by which kinds of items are shown.
var routes = map[string]string{
	"text": "POST livechat/message", "code": "POST livechat/message",
	"long": "POST livechat/message", "odd": "POST livechat/message", "location": "POST livechat/message", "share": "POST livechat/message",
	"postback": "POST livechat/message", "template": "POST livechat/message",
	"picture": "POST livechat/upload/:rid", "voice": "POST livechat/upload/:rid", "document": "POST livechat/upload/:rid",
	"echo": "POST chat.sendMessage", "edit": "PUT livechat/message/:_id", "deletion": "DELETE livechat/message/:_id", "reaction": "POST chat.react",
}

func refusedItems() (all []*refusedItem) {
	add := func(kind string, answers ...answerOf) {
		for _, a := range answers {
			n := len(all)
			all = append(all, &refusedItem{kind: kind, answer: a, customer: fmt.Sprintf("70020030040%05d", n)})
		}
	}
	cut := answerOf{cut: true}
	html := answerOf{status: 200}
	failed, plain := answerOf{status: 500, body: `{"success":false}`}, answerOf{status: 400, body: `{"success":false}`}
	hang, half, zipped := answerOf{hang: true}, answerOf{status: 200, body: `{"success":true,"mess`}, answerOf{status: 200, body: "no gzip", zipped: true}
	slow := answerOf{status: 429, body: `{"success":false,"error":"Error, too many requests. Please slow down. You must wait 1 seconds before trying this endpoint again. [error-too-many-requests]"}`}
	slow400 := answerOf{status: 400, body: `{"success":false,"error":"Error, too many requests. You must wait 1 seconds.","errorType":"too-many-requests"}`}
	add("text", webPage(401), webPage(411), webPage(431), webPage(507), webPage(302), hang, half, zipped, slow, slow400, coded("invalid-token"), coded("room-closed"))
	add("picture", webPage(401), webPage(451), webPage(507), webPage(302), half, zipped, coded("error-too-many-files"),
		coded("error-file-too-large"), coded("error-size-not-allowed"), coded("error-invalid-file-type"), coded("error-type-not-allowed"))
	add("echo", webPage(401), webPage(451), cut, half, slow)
	add("long", webPage(403), webPage(500))
	add("odd", webPage(406), coded("error-app-prevented"))
	add("location", webPage(403), webPage(500))
	add("share", webPage(406), cut)
	add("postback", webPage(403), html)
	add("template", webPage(451), failed)
	add("text", webPage(403), webPage(406), webPage(413), webPage(415), webPage(422), webPage(451), webPage(404), coded("error-app-prevented"), plain, worded("Forbidden"),
		coded("message-length-exceeds-character-limit"), webPage(500), failed, html, webPage(502), webPage(503), webPage(504), webPage(301), cut)
	add("code", webPage(403), webPage(406), coded("error-app-prevented"), webPage(500))
	add("picture", webPage(413), webPage(415), webPage(403), webPage(406), worded("Input buffer contains unsupported image format"), coded("error-app-prevented"),
		worded("Invalid file"), coded("forbidden"), plain, answerOf{status: 403, body: `{"success":false,"error":"unauthorized"}`},
		webPage(500), failed, html, webPage(502), webPage(503), webPage(504), webPage(422), cut)
	add("voice", webPage(413), webPage(403), coded("error-app-prevented"), webPage(500), webPage(504))
	add("document", webPage(413), webPage(406), worded("Invalid file"), html, webPage(502))
	add("echo", webPage(403), webPage(406), webPage(413), coded("error-app-prevented"), coded("error-message-size-exceeded"), webPage(500), html, webPage(502))
	add("edit", webPage(403), webPage(406), coded("error-app-prevented"), webPage(500), html, webPage(503))
	add("deletion", webPage(406), coded("error-app-prevented"), webPage(500))
	add("reaction", webPage(403), webPage(406), webPage(500), html)
	return all
}

// call is the call as people read it.
func (i *refusedItem) call() string {
	call, _, _ := strings.Cut(routes[i.kind], "/:")
	return call
}

// toCustomer is how that begins which the customer reads.
func (i *refusedItem) toCustomer() []string {
	switch a := i.answer; i.kind {
	case "echo":
		return []string{i.mark()} // the page wrote it
	case "picture", "voice", "document":
		switch {
		case a.status == 413, i.tooLarge():
			return []string{"Sorry, your file is too large for us. Please send a smaller one."}
		case a.status == 415, i.ofAKind():
			return []string{"Sorry, we cannot receive files of this kind: "}
		case a.status >= 400 && a.status < 500:
			return []string{"Sorry, your file could not be received. Please send it in another form, such as JPEG or PDF."}
		}
	}
	return nil
}

// tooLarge and ofAKind report whether Rocket.Chat has said what is wrong with a file.
func (i *refusedItem) tooLarge() bool {
	return strings.Contains(i.answer.body, "error-file-too-large") || strings.Contains(i.answer.body, "error-size-not-allowed")
}

func (i *refusedItem) ofAKind() bool {
	return strings.Contains(i.answer.body, "error-invalid-file-type") || strings.Contains(i.answer.body, "error-type-not-allowed")
}

// mark stands in all that one of them says.
func (i *refusedItem) mark() string { return "item" + i.customer[len(i.customer)-5:] }

// refuse has the workspace refuse the item, and nothing else.
func (i *refusedItem) refuse(w *world) (clear func()) { return i.spoil(w, false) }

// spoil has the workspace answer to the item so, be it that it takes it all the same.
func (i *refusedItem) spoil(w *world, taken bool) (clear func()) {
	f := i.answer.fault()
	f.Route, f.Effect = routes[i.kind], taken
	before := shownAs(w, i.room, "before "+i.mark())
	f.Match = func(r *http.Request, body []byte) bool {
		switch i.kind {
		case "text", "long", "odd", "location", "share", "postback", "template": // its words pass beside those of a line
			return bytes.Contains(body, []byte(i.mark())) && !bytes.Contains(body, []byte(`[The customer wrote`))
		case "code", "echo":
			return bytes.Contains(body, []byte(i.mark()))
		case "edit", "deletion":
			return bytes.Contains(body, []byte(i.room))
		case "reaction":
			return bytes.Contains(body, []byte(before))
		}
		return strings.HasSuffix(r.URL.Path, "/"+i.room)
	}
	return w.rc.Inject(f)
}

// shownAs returns the message that shows a text in a room, or what no id is.
func shownAs(w *world, room, text string) string {
	for _, m := range w.rc.Messages(room) {
		if m.FromVisitor && m.Text == text {
			return m.ID
		}
	}
	return "none"
}

// happens lets the customer, or the page, do it.
func (i *refusedItem) happens(w *world) {
	now := time.Now()
	file := func(kind string, m meta.Media) {
		w.meta.CustomerSends(page, i.customer, "", meta.Attachment{Type: kind, URL: w.meta.Host(m)})
	}
	event := func(what string) {
		w.meta.Send(meta.Event{Page: page, Element: fmt.Sprintf(`{"sender":{"id":%q},"recipient":{"id":%q},"timestamp":%d,%s}`, i.customer, page, now.UnixMilli(),
			strings.NewReplacer("$1", "m_"+i.mark(), "$M", i.mark()).Replace(what))})
	}
	switch i.kind {
	case "text":
		w.meta.CustomerWrites(page, i.customer, i.mark())
	case "long":
		w.meta.CustomerWrites(page, i.customer, strings.Repeat("words and ", 150)+i.mark()+strings.Repeat(" more words", 150))
	case "odd":
		w.meta.CustomerWrites(page, i.customer, "\u202e*_~`[x](y) <@> {{a}} \U0001f9d1\u200d\U0001f680 ' OR 1=1 -- "+i.mark())
	case "location":
		event(`"message":{"mid":"$1","attachments":[{"type":"location","title":"$M","payload":{"coordinates":{"lat":52.5,"long":-13.25}}}]}`)
	case "share":
		event(`"message":{"mid":"$1","attachments":[{"type":"fallback","title":"$M","url":"https://ex.test/$M"}]}`)
	case "postback":
		event(`"postback":{"mid":"$1","title":"$M","payload":"P"}`)
	case "template":
		event(`"message":{"mid":"$1","attachments":[{"type":"template","payload":{"template_type":"generic","elements":[{"title":"$M","subtitle":"below"}]}}]}`)
	case "code":
		w.meta.CustomerWrites(page, i.customer, "<b onload='x'>"+i.mark()+"</b>")
	case "picture":
		file("image", meta.Media{Name: "x.png", Type: "image/png", Content: []byte("\x89PNG\r\n\x1a\n" + i.mark())})
	case "voice":
		file("audio", meta.Media{Name: "x.mp3", Type: "audio/mpeg", Content: []byte("ID3\x03\x00" + i.mark())})
	case "document":
		file("file", meta.Media{Name: i.mark() + ".pdf", Type: "application/pdf", Content: []byte("%PDF-1.7 " + i.mark())})
	case "echo":
		w.meta.PageInboxWrites(page, i.customer, i.mark())
	case "edit":
		w.meta.Send(w.meta.EditEvent(page, i.customer, i.mid, "changed "+i.mark(), 1, now))
	case "deletion":
		w.meta.Send(deleted(i.customer, i.mid))
	case "reaction":
		w.meta.Send(w.meta.ReactionEvent(page, i.customer, i.mid, "love", "❤️", now))
	}
}

// deleted is how Meta tells that a customer took a message back.
func deleted(customer, mid string) meta.Event {
	return meta.Event{Page: page, Element: fmt.Sprintf(`{"sender":{"id":%q},"recipient":{"id":%q},"timestamp":%d,"message":{"mid":%q,"is_deleted":true}}`,
		customer, page, time.Now().UnixMilli(), mid)}
}

// stands reports whether the room shows what takes the item's place: a line, or its words.
func (i *refusedItem) stands(w *world) bool {
	texts := strings.Join(roomTexts(w, i.room), "\n")
	why := "(" + i.answer.short() + ")"
	switch i.kind {
	case "text", "long", "odd", "location", "share", "postback", "template":
		if i.answer.status == 413 || strings.Contains(i.answer.body, "message-length") {
			return strings.Contains(strings.ReplaceAll(texts, "\n", ""), i.mark()) // in parts
		}
		return strings.Contains(texts, "[The customer wrote something that Rocket.Chat does not take "+why) && strings.Contains(texts, i.mark())
	case "code":
		files := w.rc.FilesIn(i.room)
		return strings.Contains(texts, "[The customer wrote something that Rocket.Chat does not take "+why) &&
			slices.ContainsFunc(files, func(f chat.File) bool { return strings.Contains(string(f.Content), i.mark()) })
	case "picture", "voice", "document":
		return strings.Contains(texts, "Rocket.Chat does not take it "+why) || i.tooLarge() && strings.Contains(texts, "It is larger than Rocket.Chat takes.") ||
			i.ofAKind() && strings.Contains(texts, "Rocket.Chat does not take files of this kind.")
	case "echo":
		return strings.Contains(texts, "Something that belongs here is not shown, because Rocket.Chat does not take it "+why) ||
			strings.Contains(strings.ReplaceAll(texts, "\n", ""), i.mark()) // in parts
	case "edit":
		return strings.Contains(texts, "The customer corrected a message:\n> changed "+i.mark())
	case "deletion":
		return strings.Contains(texts, "[The customer has deleted this message.]") && strings.Contains(texts, "The customer has deleted a message.")
	}
	return strings.Contains(texts, "The customer reacted with ❤️ to a message.")
}

// kept reports whether the item is among what was not delivered: what is shown all the same,
// in parts or in words, is not.
func (i *refusedItem) kept() bool {
	inParts := i.answer.status == 413 || strings.Contains(i.answer.body, "message-length") || strings.Contains(i.answer.body, "message-size")
	switch i.kind {
	case "text", "long", "echo":
		return !inParts
	case "edit", "deletion", "reaction":
		return false
	}
	return true
}

func roomTexts(w *world, room string) (all []string) {
	for _, m := range w.rc.Messages(room) {
		if m.System == "" && !m.Deleted {
			all = append(all, m.Text)
		}
	}
	return all
}
