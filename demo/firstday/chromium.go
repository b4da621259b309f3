package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/chromedp/chromedp"
)

// chromium is a window of a real browser.
type chromium struct {
	ctx      context.Context
	pictures string // the folder for them
}

// How large a window is; a page that is longer is shown from its top.
const (
	wide   = 720
	lowest = 320
	tall   = 860
)

func (c *chromium) open(address string) error {
	if err := chromedp.Do(c.ctx, chromedp.EmulateViewport(wide, tall)); err != nil {
		return err
	}
	return c.follow(chromedp.Navigate(address))
}

// follow does what leads to another page, and waits for it.
func (c *chromium) follow(action chromedp.Action[chromedp.Void]) error {
	_, err := chromedp.RunResponse(c.ctx, action)
	return err
}

func (c *chromium) tick(name, value string) error {
	return chromedp.Do(c.ctx, chromedp.Click(chromedp.CSS(fmt.Sprintf(`input[name=%q][value=%q]`, name, value))))
}

func (c *chromium) fill(name, value string) error {
	return chromedp.Do(c.ctx, chromedp.SetValue(chromedp.CSS(fmt.Sprintf(`[name=%q]`, name)), value))
}

func (c *chromium) press(label string) error {
	quoted, err := json.Marshal(label)
	if err != nil {
		return err
	}
	found, err := chromedp.Run(c.ctx, chromedp.Evaluate[bool](`(() => {
		const b = [...document.querySelectorAll('button')].find(b => b.innerText.trim() == `+string(quoted)+`);
		if (b) b.setAttribute('data-pressed', '');
		return !!b;
	})()`))
	if err != nil {
		return err
	}
	if !found {
		return fmt.Errorf("there is no button %q", label)
	}
	return c.follow(chromedp.Click(chromedp.CSS(`[data-pressed]`)))
}

func (c *chromium) text() (string, error) {
	text, err := chromedp.Run(c.ctx, chromedp.Evaluate[string](`document.body.innerText`))
	return strings.Join(strings.Fields(text), " "), err
}

func (c *chromium) picture(name string) error {
	high, err := chromedp.Run(c.ctx, chromedp.Evaluate[int64](`document.body.scrollHeight`))
	if err != nil {
		return err
	}
	if err := chromedp.Do(c.ctx, chromedp.EmulateViewport(wide, min(max(high, lowest), tall))); err != nil {
		return err
	}
	picture, err := chromedp.Run(c.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(c.pictures, name+".png"), picture, 0o644) // #nosec G306 -- a picture of a document
}
