package messenger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"sync/atomic"
	"time"
	"unicode"

	"messenger-bridge/bridge"
	"messenger-bridge/rest"
)

// upload is the body of a call that carries a file: a form, the last field of which is
// read while it is sent. No file is ever whole in memory.
type upload struct {
	form    *rest.Form // without the file
	name    string     // of the file
	content bridge.Content
}

// newUpload writes the form of a send (messenger.md 3.6).
func newUpload(send wireSend, name string, content bridge.Content) (*upload, error) {
	u := &upload{form: rest.NewForm(), name: fileName(name), content: content}
	field := func(name string, value any) error {
		text, plain := value.(string)
		if !plain {
			raw, err := json.Marshal(value)
			if err != nil {
				return fmt.Errorf("encode %s: %w", name, err)
			}
			text = string(raw)
		}
		u.form.Field(name, text)
		return nil
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
	return u, err
}

// fileName makes a name that a header can hold: the last part of it, in UTF-8 as
// browsers write it.
func fileName(name string) string {
	name = path.Base(strings.ReplaceAll(strings.ToValidUTF8(name, "_"), `\`, "/"))
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
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
	answer   time.Duration         // how long the answer may take, to its end
	waits    atomic.Bool           // for the content
	source   atomic.Pointer[error] // why the content could not be read
	whole    atomic.Bool           // all of it was read, so all of it may have been sent
}

// errHangs is why a content cannot be read that does not come.
var errHangs = errors.New("nothing comes any more")

// begin watches over a call, and ends it when nothing moves.
func (f *flow) begin(end func()) {
	f.stall = time.AfterFunc(f.patience, func() {
		if f.waits.Load() {
			f.source.CompareAndSwap(nil, &errHangs)
		}
		end()
	})
}

func (f *flow) Read(p []byte) (int, error) {
	f.stall.Reset(f.patience)
	n, err := f.Reader.Read(p)
	if errors.Is(err, io.EOF) {
		f.whole.Store(true)
		f.stall.Reset(f.answer) // the beginning of the answer has a limit of its own, the rest of it has not
	}
	return n, err
}

// content reads the file and remembers what went wrong with it.
type content struct {
	bridge.Content
	flow *flow
}

func (c content) Read(p []byte) (int, error) {
	c.flow.waits.Store(true)
	n, err := c.ReadCloser.Read(p)
	c.flow.waits.Store(false)
	if err != nil && !errors.Is(err, io.EOF) {
		c.flow.source.CompareAndSwap(nil, &err)
	}
	return n, err
}

// uploadAnswer is how long Meta may take to begin its answer to a file, which it stores first, where
// other calls take at most so long.
func uploadAnswer(others time.Duration) time.Duration { return 4 * others }

// send makes a call that carries a file. A form that was cut off before its end has
// no effect, so a file that breaks off was not sent.
func (c *Client) send(ctx context.Context, q request) *answer {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	u := q.upload
	f := &flow{patience: 2 * c.cfg.Times.Timeout, answer: uploadAnswer(c.cfg.Times.Timeout) + c.cfg.Times.Timeout}
	f.begin(func() {
		cancel()
		_ = u.content.Close() // a call ends only when nobody waits for its body any more
	})
	defer f.stall.Stop()
	body := u.form.File("filedata", u.name, u.content.Type, content{u.content, f}, u.content.Size)
	f.Reader, body.Reader = body.Reader, f
	a := &answer{page: q.page.ID, wait: c.cfg.Times.Throttled}
	c.exchange(ctx, c.uploads, c.write(q, body), a)
	if broken := f.source.Load(); a.err != nil && broken != nil && !f.whole.Load() {
		a.source = *broken
	}
	return a
}
