package meta

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Media is a file on Meta's CDN, as a customer sent it. The zero value of each field
// but the first three is a well-behaved server.
type Media struct {
	Name    string // the last part of its address, as it is written there
	Type    string // Content-Type
	Content []byte // or…
	Size    int64  // …so many bytes, made up while they are sent

	Status    int           // answered instead
	NotReady  int           // answers 404 so often before the file is there
	Redirect  string        // leads there instead; "self" is this very address
	Length    int64         // Content-Length that is told; 0: the true one, -1: none
	Endless   bool          // never stops sending
	Stall     bool          // stops sending in the middle, and leaves the connection open
	Cut       bool          // closes it in the middle
	Drip      time.Duration // pause before each 1,000 bytes
	Unlisted  bool          // the Message node does not tell its address
	signature int           // addresses with an older one have expired
	fetched   int
}

// Host puts a file on the CDN and returns its address, which is below URL.
func (m *Messenger) Host(media Media) (address string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if media.Content != nil {
		media.Size = int64(len(media.Content))
	}
	m.media = append(m.media, &media)
	return m.mediaURL(len(m.media) - 1)
}

// mediaURL writes the address that is good now. Called with mu held.
func (m *Messenger) mediaURL(n int) string {
	media := m.media[n]
	name := media.Name
	if name == "" {
		name = "1_2_n.jpg"
	}
	return fmt.Sprintf("%s/cdn/%d/%s?_nc_cat=1&oh=%d&oe=6AB33368", m.URL(), n, name, media.signature)
}

// Expire makes the addresses of a file that were told so far answer 403; reading its
// message tells a new one.
func (m *Messenger) Expire(address string) {
	m.changeMedia(address, func(media *Media) { media.signature++ })
}

// Fetched counts how often a file was asked for.
func (m *Messenger) Fetched(address string) (n int) {
	m.changeMedia(address, func(media *Media) { n = media.fetched })
	return n
}

func (m *Messenger) changeMedia(address string, change func(*Media)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n := m.mediaOf(address); n >= 0 {
		change(m.media[n])
	}
}

// mediaOf finds a file by its address; -1 if there is none.
func (m *Messenger) mediaOf(address string) int {
	u, err := url.Parse(address)
	if err != nil {
		return -1
	}
	parts := strings.SplitN(u.EscapedPath(), "/", 4)
	if len(parts) < 4 || parts[1] != "cdn" {
		return -1
	}
	n, err := strconv.Atoi(parts[2])
	if err != nil || n < 0 || n >= len(m.media) {
		return -1
	}
	return n
}

func isCDN(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/cdn/") }

// serveMedia is GET of a file.
func (m *Messenger) serveMedia(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	n := m.mediaOf(r.URL.String())
	if n < 0 {
		m.mu.Unlock()
		http.NotFound(w, r)
		return
	}
	if len(r.Header["Authorization"]) > 0 || r.URL.Query().Has("access_token") {
		m.books.problem("a token was taken along to the CDN")
	}
	live := m.media[n]
	live.fetched++
	if live.NotReady > 0 {
		live.NotReady--
		m.mu.Unlock()
		http.NotFound(w, r)
		return
	}
	media := *live
	m.touch()
	m.mu.Unlock()
	switch {
	case r.URL.Query().Get("oh") != strconv.Itoa(media.signature):
		http.Error(w, "<html>URL signature expired</html>", http.StatusForbidden)
	case media.Redirect == "self":
		http.Redirect(w, r, r.URL.String(), http.StatusFound)
	case media.Redirect != "":
		w.Header().Set("Location", media.Redirect)
		w.WriteHeader(http.StatusFound)
	case media.Status != 0:
		http.Error(w, http.StatusText(media.Status), media.Status)
	default:
		m.sendMedia(w, r, media)
	}
}

func (m *Messenger) sendMedia(w http.ResponseWriter, r *http.Request, media Media) {
	w.Header().Set("Content-Type", media.Type)
	switch {
	case media.Length > 0:
		w.Header().Set("Content-Length", strconv.FormatInt(media.Length, 10))
	case media.Length == 0 && !media.Endless:
		w.Header().Set("Content-Length", strconv.FormatInt(media.Size, 10))
	}
	w.WriteHeader(http.StatusOK)
	chunk := make([]byte, 32<<10)
	if media.Drip > 0 {
		chunk = chunk[:1000]
	}
	for sent := int64(0); media.Endless || sent < media.Size; {
		if (media.Stall || media.Cut) && sent >= media.Size/2 {
			_ = http.NewResponseController(w).Flush()
			if media.Stall {
				select {
				case <-r.Context().Done():
				case <-m.ctx.Done():
				}
			}
			panic(http.ErrAbortHandler)
		}
		n := len(chunk)
		if media.Content != nil {
			n = copy(chunk, media.Content[sent:])
		} else if !media.Endless {
			n = int(min(int64(n), media.Size-sent))
		}
		if media.Length > 0 { // what goes beyond it never leaves the server
			if n = int(min(int64(n), media.Length-sent)); n == 0 {
				return
			}
		}
		if media.Drip > 0 {
			select {
			case <-time.After(media.Drip):
			case <-r.Context().Done():
				return
			}
		}
		written, err := w.Write(chunk[:n])
		if err == io.ErrShortWrite || err != nil {
			return
		}
		sent += int64(written)
		if media.Drip > 0 {
			_ = http.NewResponseController(w).Flush()
		}
	}
}

// CustomerSends is a customer's message with attachments, and perhaps a text.
func (m *Messenger) CustomerSends(page, customer, text string, attachments ...Attachment) (mid string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.thread(threadKey{page, customer})
	msg := &message{key: t.key, mid: m.newMid(), text: text, attachments: attachments, at: m.stamp(t)}
	t.opened = msg.at
	m.add(t, msg)
	m.enqueue(false, m.quirks.eventOf(msg))
	return msg.mid
}

// card is what stands in a template.
func (a Attachment) card() metaObject {
	return newObject("title", a.Card, "subtitle", "Size 42", "media_url", "https://scontent.xx.fbcdn.net/card.png", "cta", newObject("title", "Buy it", "url", "https://shop.example/card"))
}

// listMedia writes the attachments of a customer's message, with addresses that are
// good now; of a template nothing but its words, for who asks for them. Called with mu held.
func (m *Messenger) listMedia(msg *message, words bool) metaObject {
	data := []any{}
	for i, a := range msg.attachments {
		if a.Type == "template" {
			o := newObject("id", strconv.Itoa(10151+i))
			if words {
				o = o.with("generic_template", a.card())
			}
			data = append(data, o)
		}
		n := m.mediaOf(a.URL)
		if n < 0 || m.media[n].Unlisted {
			continue
		}
		media, address := m.media[n], m.mediaURL(n)
		o := newObject("id", strconv.Itoa(10151+i), "mime_type", media.Type, "name", media.Name, "size", media.Size)
		switch a.Type {
		case "image", "sticker":
			o = o.with("image_data", newObject("width", 960, "height", 720, "url", address, "preview_url", address))
		case "video":
			o = o.with("video_data", newObject("width", 640, "height", 360, "url", address))
		default:
			o = o.with("file_url", address)
		}
		data = append(data, o)
	}
	return newObject("data", data)
}
