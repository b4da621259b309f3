package messenger

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/messenger/mediatype"
)

// fetched is a file's bytes as they come: not more than allowed, and not slower than
// bearable, but only while somebody waits for them.
type fetched struct {
	from   io.ReadCloser
	cancel context.CancelFunc
	left   int64 // bytes that may come
	stall  time.Duration
	timer  *time.Timer // calls cancel; it runs while somebody waits
	head   []byte      // read already
}

func newFetched(from io.ReadCloser, cancel context.CancelFunc, limit int64, stall time.Duration) *fetched {
	timer := time.AfterFunc(stall, cancel)
	timer.Stop()
	return &fetched{from: from, cancel: cancel, left: limit, stall: stall, timer: timer}
}

func (c *fetched) Read(p []byte) (int, error) {
	if len(c.head) > 0 {
		n := copy(p, c.head)
		c.head = c.head[n:]
		return n, nil
	}
	c.timer.Reset(c.stall)
	n, err := c.from.Read(p)
	c.timer.Stop()
	limit := c.left
	if c.left -= int64(n); c.left < 0 {
		return int(limit), tooLarge(limit)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = unreachable(err)
	}
	return n, err
}

func (c *fetched) Close() error {
	c.timer.Stop()
	c.cancel()
	return c.from.Close()
}

// examine reads the beginning of a file and tells what it is.
func examine(c *fetched, res *http.Response, a bridge.Attachment) (*bridge.File, error) {
	head := make([]byte, mediatype.Sniffed)
	n, err := io.ReadFull(c, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	c.head = head[:n]
	told, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	kind := mediatype.Of(a.Kind, told, c.head)
	if kind == "" {
		return nil, fileGone(errors.New("the server sent a web page"))
	}
	return &bridge.File{Name: name(a, kind), Content: &bridge.Content{ReadCloser: c, Type: kind, Size: res.ContentLength}}, nil
}

// called are files that have no name of their own.
var called = map[string]string{"image": "photo", "video": "video", "audio": "voice", "sticker": "sticker", "": "file"}

// endings are the usual ones; the system's table has several for some types.
var endings = map[string]string{
	"image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif", "image/webp": ".webp", "video/mp4": ".mp4", "video/webm": ".webm",
	"audio/mp4": ".m4a", "audio/mpeg": ".mp3", "audio/ogg": ".ogg", "audio/aac": ".aac", "audio/wave": ".wav", "audio/webm": ".weba",
	"application/pdf": ".pdf", "application/zip": ".zip", "text/plain": ".txt",
}

// name is what a file is called: a document as the customer called it, as far as its
// address tells, and anything else after what it is.
func name(a bridge.Attachment, kind string) string {
	if a.Kind == "file" {
		if n := bridge.SafeName(bridge.NameIn(a.URL)); n != "" {
			return n
		}
	}
	base := called[a.Kind]
	if base == "" {
		base = "file"
	}
	return base + endings[kind]
}
