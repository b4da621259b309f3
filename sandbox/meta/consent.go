package meta

import (
	"context"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
)

// Choice is what a person does in the login dialog.
type Choice struct {
	Pages    []string // ticked
	AllPages bool     // all current and future pages
	Decline  []string // permissions
	Cancel   bool
}

// Consent is the person at a browser, for tests that have none: it opens the address of a
// login dialog, makes the choice, and returns the address of the application to which the
// browser is led. It does not go there. A page of Facebook's that leads nowhere is an error.
func (m *Messenger) Consent(ctx context.Context, dialog string, choice Choice) (callback string, err error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return "", err
	}
	browser := &http.Client{
		Jar: jar, Transport: m.client.Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	form := url.Values{"page": choice.Pages, "decline": choice.Decline, "action": {"continue"}, "password": {"secret"}}
	if choice.AllPages {
		form.Set("all", "1")
	}
	if choice.Cancel {
		form.Set("action", "cancel")
	}
	shown, _, err := visit(ctx, browser, http.MethodGet, dialog, nil)
	if err != nil {
		return "", err
	}
	fields := hiddenField.FindAllStringSubmatch(shown, -1)
	if fields == nil {
		return "", fmt.Errorf("the dialog has no form: %s", textOf(shown))
	}
	for _, field := range fields {
		form.Set(field[1], html.UnescapeString(field[2]))
	}
	answer, target, err := visit(ctx, browser, http.MethodPost, dialog, form)
	if err == nil && target == "" {
		err = fmt.Errorf("the dialog leads nowhere: %s", textOf(answer))
	}
	return target, err
}

var (
	hiddenField = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
	htmlTag     = regexp.MustCompile(`<style>.*</style>|<[^>]*>`)
)

func textOf(page string) string {
	return strings.Join(strings.Fields(html.UnescapeString(htmlTag.ReplaceAllString(page, " "))), " ")
}

func visit(ctx context.Context, browser *http.Client, method, address string, form url.Values) (page, target string, err error) {
	req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return "", "", fmt.Errorf("open the dialog: %w", err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := browser.Do(req)
	if err != nil {
		return "", "", fmt.Errorf("open the dialog: %w", err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err == nil && res.StatusCode >= http.StatusBadRequest {
		err = fmt.Errorf("the dialog says %d: %s", res.StatusCode, textOf(string(raw)))
	}
	return string(raw), res.Header.Get("Location"), err
}
