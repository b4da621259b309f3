package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"hash/fnv"
	"html/template"
	"net/http"
	"strings"
	"unicode"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/pages"
	"messenger-bridge/language"
)

//go:embed style.css
var style string

//go:embed *.html
var files embed.FS

// contentPolicy forbids everything but our style sheet, our icon and our forms.
var contentPolicy = func() string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
}()

// templates are the pages, without the functions that need a speaker.
var templates = template.Must(template.New("").Funcs(words(nil)).Funcs(template.FuncMap{
	"style":    func() template.CSS { return template.CSS(style) }, // #nosec G203 -- our own style sheet
	"heading":  func(tone, title string) map[string]string { return map[string]string{"Tone": tone, "Title": title} },
	"initials": initials,
	"tint":     tint,
	"task":     task,
	"running":  running,
	"up":       up,
	"chats":    func() string { return "" },
	"nothing":  func() notice { return notice{} },
}).ParseFS(files, "*.html"))

// words are the functions by which templates say something.
func words(say *language.Speaker) template.FuncMap {
	return template.FuncMap{
		"lang":   say.Tag,
		"say":    say.Say,
		"prose":  func(sentence string, args ...any) template.HTML { return prose(say, sentence, args...) },
		"marked": func(said string) template.HTML { return marked(said, nil) },
		"phrase": func(p language.Phrase) string { return p.In(say) },
		"state":  func(s bridge.PageState) string { return s.In(say) },
	}
}

// show answers with a page.
func (s *server) show(w http.ResponseWriter, status int, page string, data any) {
	var out bytes.Buffer
	if err := s.pages.ExecuteTemplate(&out, page, data); err != nil {
		s.Log.Error("a page could not be made", "template", page, "err", err)
		http.Error(w, s.Say.Say("This page could not be made."), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = out.WriteTo(w) // the reader is gone; there is nobody to tell
}

// notice is what a page that only says something knows.
type notice struct {
	Page   string // of a settings form; empty: of an authorisation
	Choice bool   // of the tick boxes
	Said   string // by Facebook
	Result []pages.Connected
}

func (s *server) notice(w http.ResponseWriter, status int, page string, n notice) {
	s.show(w, status, page, n)
}

// refusals are the pages for errors that people can do something about.
var refusals = []struct {
	err    error
	status int
	page   string
}{
	{bridge.ErrTicketUnknown, http.StatusBadRequest, "unknown"},
	{bridge.ErrTicketExpired, http.StatusGone, "expired"},
	{bridge.ErrTicketSpent, http.StatusGone, "spent"},
	{bridge.ErrOtherBrowser, http.StatusForbidden, "other-browser"},
	{bridge.ErrForged, http.StatusForbidden, "forged"},
	{bridge.ErrDenied, http.StatusForbidden, "denied"},
	{bridge.ErrNoPage, http.StatusNotFound, "no-page"},
	{bridge.ErrMayNot, http.StatusForbidden, "may-not"},
	{bridge.ErrNobodyToAsk, http.StatusServiceUnavailable, "nobody-to-ask"},
	{errNoCode, http.StatusBadRequest, "no-code"},
	{errAtDialog, http.StatusBadGateway, "dialog-failed"},
}

// refuse answers with the page that explains err.
func (s *server) refuse(w http.ResponseWriter, err error, n notice) {
	for _, r := range refusals {
		if errors.Is(err, r.err) {
			s.notice(w, r.status, r.page, n)
			return
		}
	}
	refusal := (*bridge.Refusal)(nil)
	switch {
	case errors.As(err, &refusal) && refusal.Reason == bridge.CodeRefused:
		s.Log.Warn("Facebook refused a login code", "err", err)
		s.notice(w, http.StatusBadRequest, "code-refused", n)
	case errors.As(err, &refusal):
		s.Log.Warn("an authorisation stopped at Facebook", "reason", refusal.Reason, "err", err)
		s.notice(w, http.StatusBadGateway, "facebook-away", n)
	default:
		s.Log.Error("a page in the browser failed", "err", err)
		s.notice(w, http.StatusInternalServerError, "fault", n)
	}
}

// shownPage returns the page of a settings form for a sentence, and nothing that
// cannot be the id of one.
func shownPage(r *http.Request) string {
	if id := r.PathValue("pageId"); id != "" {
		return shownID(id)
	}
	return ""
}

// shownID returns an id of a page, and of anything else a word that stands for one.
func shownID(id string) string {
	if id == "" || len(id) > 32 || strings.Trim(id, "0123456789") != "" {
		return "<pageId>"
	}
	return id
}

// initials stand for a page's picture: Facebook's own may not be loaded here.
func initials(name string) string {
	var letters []rune
	for _, word := range strings.FieldsFunc(name, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) }) {
		letters = append(letters, unicode.ToUpper([]rune(word)[0]))
		if len(letters) == 2 || !unicode.In(letters[0], unicode.Latin, unicode.Cyrillic, unicode.Greek) {
			break // other scripts join letters, or have a word in one
		}
	}
	if len(letters) == 0 {
		return "?"
	}
	return string(letters)
}

// tint picks one of six colours for a page.
func tint(id bridge.PageID) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id)) // never fails
	return h.Sum32() % 6
}

// prose says a sentence in which commands stand between backticks and what matters
// between two asterisks. What is filled in is shown as it is, marks and all.
func prose(say *language.Speaker, sentence string, args ...any) template.HTML {
	filled := make([]string, len(args))
	for i, a := range args {
		if _, number := a.(int); !number {
			filled[i], args[i] = fmt.Sprint(a), string(firstHole+rune(i))
		}
	}
	return marked(say.Say(sentence, args...), filled)
}

// firstHole and the private characters behind it stand for what is filled in last.
const firstHole = '\uE000'

// marked turns the marks of a sentence into elements, and fills its holes.
func marked(said string, filled []string) template.HTML {
	var out strings.Builder
	for i, part := range strings.Split(said, "`") {
		code := i%2 == 1
		for j, text := range strings.Split(part, "**") {
			open, end := "", ""
			switch {
			case code:
				open, end = "<code>", "</code>"
			case j%2 == 1:
				open, end = "<strong>", "</strong>"
			}
			out.WriteString(open + fill(template.HTMLEscapeString(text), filled, code) + end)
		}
	}
	return template.HTML(out.String()) // #nosec G203 -- each piece was escaped when it was put in
}

func fill(text string, filled []string, code bool) string {
	for i, value := range filled {
		value = template.HTMLEscapeString(value)
		if !code { // names are in any script
			value = "<bdi>" + value + "</bdi>"
		}
		text = strings.ReplaceAll(text, string(firstHole+rune(i)), value)
	}
	return text
}

// task is the name of a task without its prefix: new pages have their own set.
func task(name string) string { return strings.TrimPrefix(name, "PROFILE_PLUS_") }

// up are the pages that run.
func up(all []pages.Connected) (some []pages.Connected) {
	for _, c := range all {
		if c.State == bridge.PageRunning {
			some = append(some, c)
		}
	}
	return some
}

// running tells whether all pages run, with comments where they are wanted.
func running(all []pages.Connected) bool {
	for _, c := range all {
		if c.State != bridge.PageRunning || c.Comments != "" {
			return false
		}
	}
	return true
}
