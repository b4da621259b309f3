package conformance

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// request is one REST call as a step words it.
type request struct {
	method, path string // below /api/v1/, or from the root if it begins with a slash
	body         string
	kind         string // content type; "" = JSON
	as           account
	headers      map[string]string
}

// account is who calls; the zero value is nobody.
type account struct{ id, username, password, token string }

// answer is what came: a JSON body, or any other as {"text": …}.
type answer struct {
	status int
	body   any
}

// client calls a workspace, slowly where it asks for that.
type client struct {
	url  string
	http *http.Client
}

// call sends a request; what the limiter refuses it sends again when it may.
func (c *client) call(ctx context.Context, r request) (answer, error) {
	for {
		a, wait, err := c.once(ctx, r)
		if err != nil || wait == 0 {
			return a, err
		}
		select {
		case <-ctx.Done():
			return answer{}, context.Cause(ctx)
		case <-time.After(wait):
		}
	}
}

func (c *client) once(ctx context.Context, r request) (a answer, wait time.Duration, err error) {
	where, err := c.address(r.path)
	if err != nil {
		return a, 0, err
	}
	body, kind := io.Reader(http.NoBody), r.kind
	if r.body != "" {
		body, kind = strings.NewReader(r.body), cmp.Or(r.kind, "application/json")
	}
	req, err := http.NewRequestWithContext(ctx, r.method, where, body)
	if err != nil {
		return a, 0, err
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	if r.as.token != "" {
		req.Header.Set("X-User-Id", r.as.id)
		req.Header.Set("X-Auth-Token", r.as.token)
	}
	for name, value := range r.headers {
		req.Header.Set(name, value)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return a, 0, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<24))
	if err != nil {
		return a, 0, err
	}
	if res.StatusCode == http.StatusTooManyRequests {
		return a, untilReset(res.Header), nil
	}
	a.status = res.StatusCode
	if json.Unmarshal(text, &a.body) != nil {
		a.body = map[string]any{"text": string(text)}
	}
	return a, 0, nil
}

// untilReset is how long the limiter asks to wait.
func untilReset(h http.Header) time.Duration {
	at, err := strconv.ParseInt(h.Get("X-RateLimit-Reset"), 10, 64)
	if wait := time.Until(time.UnixMilli(at)); err == nil && wait > 0 && wait < 2*time.Minute {
		return wait + 100*time.Millisecond
	}
	return 5 * time.Second
}

// address makes a URL of a path whose query is written plainly.
func (c *client) address(path string) (string, error) {
	path, query, _ := strings.Cut(path, "?")
	if !strings.HasPrefix(path, "/") {
		path = "/api/v1/" + path
	}
	u, err := url.Parse(c.url + path)
	if err != nil {
		return "", err
	}
	values := url.Values{}
	for pair := range strings.SplitSeq(query, "&") {
		if key, value, given := strings.Cut(pair, "="); given {
			values.Add(key, value)
		}
	}
	u.RawQuery = values.Encode()
	return u.String(), nil
}

// form is what an upload step describes.
type form struct {
	Visitor string            `json:"visitor"` // token of the header; "" = none
	Field   string            `json:"field"`   // "" = file
	Name    string            `json:"name"`    // "" = no file
	Type    string            `json:"type"`
	Content string            `json:"content"`
	Fields  map[string]string `json:"fields"`
}

// upload makes the request of an upload step.
func upload(r request) (request, error) {
	var f form
	if err := json.Unmarshal([]byte(r.body), &f); err != nil {
		return r, fmt.Errorf("upload: %w", err)
	}
	var buf bytes.Buffer
	w := multipart.NewWriter(&buf)
	for key, value := range f.Fields {
		if err := w.WriteField(key, value); err != nil {
			return r, err
		}
	}
	if f.Name != "" {
		h := textproto.MIMEHeader{}
		h.Set("Content-Disposition", fmt.Sprintf("form-data; name=%q; filename=%q", cmp.Or(f.Field, "file"), f.Name))
		h.Set("Content-Type", f.Type)
		part, err := w.CreatePart(h)
		if err != nil {
			return r, err
		}
		if _, err := io.WriteString(part, f.Content); err != nil {
			return r, err
		}
	}
	if err := w.Close(); err != nil {
		return r, err
	}
	r.method, r.body, r.kind = http.MethodPost, buf.String(), w.FormDataContentType()
	r.headers = map[string]string{}
	if f.Visitor != "" {
		r.headers["x-visitor-token"] = f.Visitor
	}
	return r, nil
}
