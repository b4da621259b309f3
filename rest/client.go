package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"sync"

	"github.com/go-resty/resty/v2"
)

// Client makes calls. It never repeats one, logs nothing, and leaves the answer to
// its caller. Safe for concurrent use.
type Client struct {
	resty *resty.Client
	used  sync.Pool // requests that can be used again
}

// New returns a client whose connections, time-outs and redirects are those of over.
func New(over *http.Client) *Client {
	c := &Client{resty: resty.NewWithClient(over).
		SetRetryCount(0).
		SetDoNotParseResponse(true).
		SetLogger(silent{}).
		SetDisableWarn(true).
		SetPreRequestHook(finish)}
	c.used.New = func() any { return c.resty.R() }
	return c
}

// Call is one call.
type Call struct {
	Method string
	URL    string            // absolute; {names} stand for what Params holds
	Params map[string]string // escaped when they are put in
	Query  url.Values
	Header http.Header // taken over: the caller does not use it again
	Bearer string      // token of the header Authorization; "": none
	Body   any         // nil, a *Stream, url.Values as a form, []byte as it is, else what is written as JSON
}

// Do makes a call and returns the answer, whose body the caller closes. An error of
// net/http holds the URL.
func (c *Client) Do(ctx context.Context, call Call) (*http.Response, error) {
	r := c.used.Get().(*resty.Request).SetContext(ctx)
	r.Token, r.Header, r.PathParams, r.QueryParam = call.Bearer, call.Header, call.Params, call.Query
	if r.Header == nil {
		r.Header = http.Header{}
	}
	if err := carry(r, call.Body); err != nil {
		return nil, err
	}
	for _, name := range extra {
		if r.Header[name] == nil {
			r.Header[name] = unset
		}
	}
	answer, err := r.Execute(call.Method, call.URL)
	if len(r.FormData) == 0 { // of a form, resty keeps something in the request
		r.Token, r.Header, r.PathParams, r.QueryParam, r.FormData, r.Body, r.RawRequest = "", nil, nil, nil, nil, nil, nil
		c.used.Put(r.SetContext(context.Background()))
	}
	if err != nil {
		return nil, err
	}
	return answer.RawResponse, nil
}

// empty is the body of calls without one: resty sends none at all as a body of unknown
// length.
var empty = bytes.NewReader(nil)

// carry gives a body to a request. A bytes.Reader is sent as it is, where resty
// copies a []byte twice.
func carry(r *resty.Request, body any) error {
	r.Body = empty
	switch body := body.(type) {
	case nil:
	case *Stream:
		r.SetHeader("Content-Type", body.Type)
		r.SetContext(context.WithValue(r.Context(), streamed{}, body))
	case url.Values:
		r.FormData = body
	case []byte:
		r.Body = bytes.NewReader(body)
	default:
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		if r.Header.Get("Content-Type") == "" {
			r.SetHeader("Content-Type", "application/json")
		}
		r.Body = bytes.NewReader(text)
	}
	return nil
}

// Stream is a body that is read while it is sent, once.
type Stream struct {
	io.Reader
	Type string // media type
	Size int64  // -1: not known
}

// streamed is the key of a Stream in the context of its call.
type streamed struct{}

// extra are headers that resty adds to calls that lack them.
var extra = [...]string{"User-Agent", "Accept", "Content-Type"}

// unset keeps resty from adding a header; it is not sent.
var unset = []string{"unset"}

// finish takes off what is unset, and puts the stream in: a reader that is given to
// resty itself is read into memory, to be sent again.
func finish(_ *resty.Client, r *http.Request) error {
	for _, name := range extra {
		if r.Header.Get(name) == unset[0] {
			delete(r.Header, name)
		}
	}
	if s, ok := r.Context().Value(streamed{}).(*Stream); ok {
		r.Body, r.GetBody, r.ContentLength = io.NopCloser(s.Reader), nil, s.Size
	}
	return nil
}

// silent is resty's logger: its lines hold URLs, and URLs hold tokens.
type silent struct{}

func (silent) Errorf(string, ...any) {}
func (silent) Warnf(string, ...any)  {}
func (silent) Debugf(string, ...any) {}
