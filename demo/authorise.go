package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/demo/forms"
	"messenger-bridge/sandbox/meta"
)

var loginLink = regexp.MustCompile(`https?://[^\s)>"]+/oauth/start\?state=[\w.~%-]+`)

// authorise is an administrator who connects the page, at a browser: a command,
// the link from the bot's direct message, Facebook's dialog, the tick boxes. step
// hears of each.
func (s *stage) authorise(ctx context.Context, step func(who, what string)) error {
	setup := func() string { return s.rc.RoomID(setupChannel) }
	err := s.until(ctx, "the setup channel is there", func() bool {
		return setup() != "" && slices.Contains(s.rc.MembersOf(setup()), manager)
	})
	if err != nil {
		return err
	}
	before := len(s.rc.DirectMessages(manager))
	step("maria", "/facebook authorize")
	s.rc.UserSays(manager, setup(), "/facebook authorize")
	var link string
	err = s.until(ctx, "the bot sends a login link", func() bool {
		for _, m := range s.rc.DirectMessages(manager)[before:] {
			link = loginLink.FindString(m.Text)
		}
		return link != ""
	})
	if err != nil {
		return err
	}
	step("bot", "(to Maria alone) a login link, good for ten minutes and one use")
	result, err := s.followLink(ctx, link, step)
	if err != nil {
		return err
	}
	step("bridge", result)
	return s.until(ctx, "the page runs", func() bool {
		state, _ := s.process.now().pageState()
		return state == bridge.PageRunning
	})
}

// followLink goes the way of a browser and returns the headline of the last page.
func (s *stage) followLink(ctx context.Context, link string, step func(who, what string)) (headline string, err error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return "", err
	}
	b := &browser{ctx: ctx, client: &http.Client{Jar: jar, CheckRedirect: func(next *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(next.URL.String(), s.meta.LoginURL()) {
			return http.ErrUseLastResponse // the person decides there
		}
		return nil
	}}}
	if err := b.open(http.MethodGet, link, nil); err != nil {
		return "", err
	}
	step("maria", "(at Facebook) logs in, ticks the page "+pageName+" and continues")
	back, err := s.meta.Consent(ctx, b.leads, meta.Choice{Pages: []string{pageID}})
	if err != nil {
		return "", err
	}
	if err := b.open(http.MethodGet, back, nil); err != nil {
		return "", err
	}
	form, action, err := forms.Of(b.html)
	if err != nil {
		return "", fmt.Errorf("read the tick boxes: %w", err)
	}
	form.Set("page", pageID)
	target, err := b.at.Parse(action)
	if err != nil {
		return "", err
	}
	step("maria", "(back at the bridge) ticks "+pageName+" and connects it")
	if err := b.open(http.MethodPost, target.String(), form); err != nil {
		return "", err
	}
	return forms.Headline(b.html), nil
}

// administrator is Maria, who authorises the page again when a switch asks for it.
type administrator struct {
	*stage
	feed *feed
	jobs sync.WaitGroup // what switches have set off

	mu   sync.Mutex // guards the fields below
	ctx  context.Context
	busy bool // she is authorising
}

// comes lets her begin; what she does ends with ctx.
func (a *administrator) comes(ctx context.Context) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ctx = ctx
}

// isBusy reports whether she is authorising.
func (a *administrator) isBusy() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.busy
}

// authorisesAgain begins it and returns.
func (a *administrator) authorisesAgain() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.busy || a.ctx == nil {
		return errors.New("that is being done: Maria is authorising")
	}
	a.busy = true
	ctx := a.ctx
	a.jobs.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		err := a.authorise(ctx, a.feed.noteStep)
		a.ends()
		if err != nil && ctx.Err() == nil {
			a.feed.note("trouble", "Maria could not authorise: "+err.Error())
		}
	})
	return nil
}

// leaves returns when she has ended what she had begun.
func (a *administrator) leaves() { a.jobs.Wait() }

func (a *administrator) ends() {
	a.mu.Lock()
	a.busy = false
	a.mu.Unlock()
	a.changed.strike()
}

// browser is a browser with one window.
type browser struct {
	ctx    context.Context
	client *http.Client
	at     *url.URL // where it is
	html   string   // what is shown
	leads  string   // where a redirect that was not followed leads
}

func (b *browser) open(method, address string, form url.Values) error {
	req, err := http.NewRequestWithContext(b.ctx, method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", "null") // as browsers say under our Referrer-Policy
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	res, err := b.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return err
	}
	if res.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s %s answers %d: %s", method, res.Request.URL.Path, res.StatusCode, forms.Headline(string(raw)))
	}
	b.at, b.html, b.leads = res.Request.URL, string(raw), res.Header.Get("Location")
	return nil
}
