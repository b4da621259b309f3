package main

import (
	"context"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"regexp"
	"strings"

	"messenger-bridge/demo/forms"
)

// window is a browser with one page in it.
type window interface {
	open(address string) error
	tick(name, value string) error // a box
	fill(name, value string) error // a field, or a choice
	press(label string) error      // a button, which leads to another page
	text() (string, error)         // what the page says, in one line
}

// painter is a window of which pictures can be taken.
type painter interface{ picture(name string) error }

// reader is a browser that shows nothing: it sends forms as they are.
type reader struct {
	ctx    context.Context
	client *http.Client
	at     *url.URL
	page   string
	form   url.Values // of the page, as it is filled in
	action string
}

func newReader(ctx context.Context) *reader {
	jar, _ := cookiejar.New(nil) // it has no error without options
	return &reader{ctx: ctx, client: &http.Client{Jar: jar}}
}

func (r *reader) open(address string) error { return r.load(http.MethodGet, address, nil) }

func (r *reader) load(method, address string, form url.Values) error {
	if file, ok := strings.CutPrefix(address, "file://"); ok {
		page, err := os.ReadFile(file) // #nosec G304 -- the play wrote it
		r.page = string(page)
		return err
	}
	req, err := http.NewRequestWithContext(r.ctx, method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", "null") // as browsers say under the bridge's Referrer-Policy
	}
	res, err := r.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return err
	}
	r.at, r.page = res.Request.URL, string(raw)
	if r.form, r.action, err = forms.Of(r.page); err != nil {
		r.form = url.Values{} // a page that only says something
	}
	return nil
}

func (r *reader) tick(name, value string) error {
	if !strings.Contains(r.page, fmt.Sprintf(`name="%s" value="%s"`, name, html.EscapeString(value))) {
		return fmt.Errorf("there is no box %s=%s on %s", name, value, r.at.Path)
	}
	r.form.Add(name, value)
	return nil
}

func (r *reader) fill(name, value string) error {
	if !r.form.Has(name) {
		return fmt.Errorf("there is no field %s on %s", name, r.at.Path)
	}
	r.form.Set(name, value)
	return nil
}

var (
	anyButton = regexp.MustCompile(`(?s)<button([^>]*)>(.*?)</button>`)
	hasName   = regexp.MustCompile(`name="([^"]*)"`)
	hasValue  = regexp.MustCompile(`value="([^"]*)"`)
	anyTag    = regexp.MustCompile(`<[^>]*>`)
	unseen    = regexp.MustCompile(`(?s)<(style|title)[^>]*>.*?</(style|title)>`)
)

func (r *reader) press(label string) error {
	for _, b := range anyButton.FindAllStringSubmatch(r.page, -1) {
		if words(b[2]) != label {
			continue
		}
		if name := hasName.FindStringSubmatch(b[1]); name != nil {
			value := ""
			if v := hasValue.FindStringSubmatch(b[1]); v != nil {
				value = html.UnescapeString(v[1])
			}
			r.form.Set(name[1], value)
		}
		to, err := r.at.Parse(r.action)
		if err != nil {
			return err
		}
		return r.load(http.MethodPost, to.String(), r.form)
	}
	return fmt.Errorf("there is no button %q on %s: %s", label, r.at.Path, words(r.page))
}

func (r *reader) text() (string, error) { return words(r.page), nil }

// words is what a page says.
func words(page string) string {
	return strings.Join(strings.Fields(html.UnescapeString(anyTag.ReplaceAllString(unseen.ReplaceAllString(page, " "), " "))), " ")
}
