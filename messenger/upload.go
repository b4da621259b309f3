package messenger

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"path"
	"strings"
	"sync/atomic"
	"time"
	"unicode"

	"messenger-bridge/bridge"
)

// upload is the body of a call that carries a file: a form, the last field of which is
// read while it is sent. No file is ever whole in memory.
type upload struct {
	kind       string // media type of the form
	head, tail []byte // what stands before and behind the content
	content    bridge.Content
}

// newUpload writes the form of a send (messenger.md 3.6).
func newUpload(send wireSend, name string, content bridge.Content) (*upload, error) {
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	field := func(name string, value any) error {
		text, plain := value.(string)
		if !plain {
			raw, err := json.Marshal(value)
			if err != nil {
				return fmt.Errorf("encode %s: %w", name, err)
			}
			text = string(raw)
		}
		return w.WriteField(name, text)
	}
	err := errors.Join(field("recipient", send.Recipient), field("messaging_type", send.Type), field("message", send.Message))
	if send.Tag != "" {
		err = errors.Join(err, field("tag", send.Tag))
	}
	if send.ReplyTo != nil {
		err = errors.Join(err, field("reply_to", send.ReplyTo))
	}
	if send.Persona != "" {
		err = errors.Join(err, field("persona_id", send.Persona))
	}
	header := textproto.MIMEHeader{}
	header.Set("Content-Disposition", `form-data; name="filedata"; filename="`+fileName(name)+`"`)
	header.Set("Content-Type", content.Type)
	_, last := w.CreatePart(header)
	if err = errors.Join(err, last); err != nil {
		return nil, err
	}
	u := &upload{kind: w.FormDataContentType(), content: content, head: bytes.Clone(form.Bytes())}
	form.Reset()
	if err := w.Close(); err != nil {
		return nil, err
	}
	u.tail = form.Bytes()
	return u, nil
}

// fileName makes a name that a header can hold: the last part of it, in UTF-8 as
// browsers write it.
func fileName(name string) string {
	name = path.Base(strings.ReplaceAll(strings.ToValidUTF8(name, "_"), `\`, "/"))
	name = strings.Map(func(r rune) rune {
		if r == '"' || unicode.IsControl(r) {
			return '_'
		}
		return r
	}, name)
	if ending := path.Ext(name); len(name) > 200 && len(ending) < 20 {
		name = strings.ToValidUTF8(name[:200-len(ending)], "") + ending
	}
	if name == "." || name == "/" || len(name) > 220 {
		return "file"
	}
	return name
}

// flow is a body on its way. It notices when nothing moves any more, wherever that
// is, and tells our side's failures from those of the other.
type flow struct {
	io.Reader
	stall    *time.Timer
	patience time.Duration
	source   atomic.Pointer[error] // why the content could not be read
	whole    atomic.Bool           // all of it was read, so all of it may have been sent
}

func (f *flow) Read(p []byte) (int, error) {
	f.stall.Reset(f.patience)
	n, err := f.Reader.Read(p)
	if errors.Is(err, io.EOF) {
		f.whole.Store(true)
		f.stall.Stop() // from here on, the answer has its own limit
	}
	return n, err
}

// content reads the file and remembers what went wrong with it.
type content struct {
	bridge.Content
	flow *flow
}

func (c content) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		c.flow.source.Store(&err)
	}
	return n, err
}

// send makes a call that carries a file. A form that was cut off before its end has
// no effect, so a file that breaks off was not sent.
func (c *Client) send(ctx context.Context, q request) *answer {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	u := q.upload
	f := &flow{patience: 2 * c.cfg.Timeout, stall: time.AfterFunc(2*c.cfg.Timeout, cancel)}
	defer f.stall.Stop()
	f.Reader = io.MultiReader(bytes.NewReader(u.head), content{u.content, f}, bytes.NewReader(u.tail))
	var written atomic.Bool
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { written.Store(true) }})

	query := url.Values{"appsecret_proof": {proof(c.cfg.AppSecret, q.token)}}
	req, err := http.NewRequestWithContext(traced, q.method, c.base+q.address()+"?"+query.Encode(), f)
	if err != nil {
		return &answer{page: q.page.ID, err: err, header: http.Header{}}
	}
	if u.content.Size >= 0 {
		req.ContentLength = int64(len(u.head)) + u.content.Size + int64(len(u.tail))
	}
	req.Header.Set("Content-Type", u.kind)
	req.Header.Set("Authorization", "Bearer "+q.token.Reveal())
	a := &answer{page: q.page.ID, wait: c.cfg.Throttled, header: http.Header{}}
	res, err := c.uploads.Do(req)
	if err == nil {
		defer res.Body.Close()
		a.status, a.header = res.StatusCode, res.Header
		a.body, err = io.ReadAll(io.LimitReader(res.Body, 1<<20))
		c.skew.learn(a.header, c.cfg.Now())
	}
	a.err, a.written = err, written.Load()
	if broken := f.source.Load(); err != nil && broken != nil && !f.whole.Load() {
		a.source = *broken
	}
	return a
}
