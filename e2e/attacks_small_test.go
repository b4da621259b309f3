package e2e

import (
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/sandbox/chat"
	"messenger-bridge/sandbox/meta"
	"messenger-bridge/store"
)

// authorised sends a command's body with an Authorization header, and returns the status.
func (o *office) authorised(header string) int {
	o.Helper()
	req, err := http.NewRequestWithContext(o.Context(), http.MethodPost, o.cfg.Network.PublicURL+"/commands",
		strings.NewReader(`{"protocol":1,"kind":"command","user":{"id":"x","username":"x"},"args":["help"]}`))
	if err != nil {
		o.Fatal(err)
	}
	if header != "" {
		req.Header.Set("Authorization", header)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		o.Error(err)
		return 0
	}
	res.Body.Close()
	return res.StatusCode
}

// TestAttack10_CommandsSecret_CannotBeTriedOut: few secrets can be tried at a time, none
// counts without "Bearer", and who has the right one does not notice any of it.
func TestAttack10_CommandsSecret_CannotBeTriedOut(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed, "COMMANDS_SECRET="+appSecret)
	o.run()
	const tried = 100
	began := time.Now()
	var wg sync.WaitGroup
	var mu sync.Mutex
	answers := map[int]int{}
	for range tried {
		wg.Go(func() {
			status := o.authorised("Bearer " + strings.Repeat("x", 40))
			mu.Lock()
			defer mu.Unlock()
			answers[status]++
		})
	}
	for range 20 {
		if status := o.authorised("Bearer " + appSecret); status != http.StatusOK {
			t.Errorf("the right secret is answered %d", status)
		}
	}
	wg.Wait()
	if most := 8 * (int(time.Since(began)/time.Second) + 1); answers[http.StatusUnauthorized] > most || answers[http.StatusUnauthorized] == 0 ||
		answers[http.StatusUnauthorized]+answers[http.StatusTooManyRequests] != tried {
		t.Errorf("%d secrets were tried: %v; at most %d may be answered", tried, answers, most)
	}
	for _, header := range []string{"", appSecret, "Bearer", "Bearer ", "bearer " + appSecret, "Basic " + appSecret, "Bearer  " + appSecret, "Bearer " + appSecret[:31]} {
		wg.Go(func() {
			if status := o.authorised(header); status != http.StatusUnauthorized && status != http.StatusTooManyRequests {
				t.Errorf("%q is answered %d", header, status)
			}
		})
	}
	wg.Wait()
}

// TestAttack10_CommandUsers_ALookAlikeNameGetsNothing: who may choose a name chooses one
// that folds to another.
func TestAttack10_CommandUsers_ALookAlikeNameGetsNothing(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed, "COMMAND_USERS=,@,frank, ,"+"id:not-hers")
	for _, name := range []string{"fran\u212a", "not-hers", "frank"} {
		o.rc.AddUser(chat.User{Username: name})
	}
	o.run()
	lobby := o.rc.AddChannel("lobby", "fran\u212a", "not-hers", "frank", ourBot)
	for _, who := range []string{"fran\u212a", "not-hers"} {
		if told := o.private(who, lobby, "!facebook pages"); !strings.Contains(told, "livechat-manager") {
			t.Errorf("%q is told %q", who, told)
		}
	}
	if told := o.private("frank", lobby, "!facebook pages"); !strings.Contains(told, "No page is connected yet") {
		t.Errorf("frank is told %q", told)
	}
}

// TestCommandUsers_ByID: an id stays whose it is, whatever the person is called.
func TestCommandUsers_ByID_IsAllowed(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.cfg.Workspace.CommandUsers = []string{o.rc.AddUser(chat.User{Username: "nina"}).ID}
	o.run()
	lobby := o.rc.AddChannel("lobby", "nina", ourBot)
	if told := o.private("nina", lobby, "!facebook pages"); !strings.Contains(told, "No page is connected yet") {
		t.Errorf("nina is told %q", told)
	}
}

// TestAttack10_PageInAFile_IsNotServedAsOne: a file that a browser would carry out, in every
// encoding that browsers find out by themselves, whatever Facebook's server calls it.
func TestAttack10_PageInAFile_IsNotServedAsOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	const page1 = "<html><script>steal()</script></html>"
	wide := func(order ...byte) []byte {
		b := order
		for _, c := range []byte(page1) {
			if order[0] == 0xff {
				b = append(b, c, 0)
			} else {
				b = append(b, 0, c)
			}
		}
		return b
	}
	sent := 0
	for _, content := range [][]byte{[]byte(page1), []byte("\ufeff" + page1), wide(0xff, 0xfe), wide(0xfe, 0xff), []byte("\ufeff<svg onload='steal()'/>")} {
		for _, kind := range []string{"text/html", "text/plain", "image/svg+xml", "application/pdf", "text/html; charset=utf-16"} {
			address := w.meta.Host(meta.Media{Name: "letter", Type: kind, Content: content})
			w.meta.CustomerSends(page, anna, "", meta.Attachment{Type: "file", URL: address})
			sent++
		}
	}
	w.eventually("all are shown", func() bool { return len(w.files()) == sent })
	for _, m := range w.rc.Messages(w.room()) {
		if file, is := m.Fields["file"].(map[string]any); is && file["type"] != "application/octet-stream" {
			t.Errorf("agents are served %v", file)
		} else if is {
			sent--
		}
	}
	if sent != 0 {
		t.Errorf("%d files are none", sent)
	}
}

// TestAttack10_KeyOnAnotherVolume_InAFileWithAMark: the key lies elsewhere, in a file as some
// editors save it; nothing is made beside the store, and what is stored opens with it alone.
func TestAttack10_KeyOnAnotherVolume_InAFileWithAMark(t *testing.T) {
	t.Parallel()
	const secret = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
	file := filepath.Join(t.TempDir(), "key") // stands for another volume
	if err := os.WriteFile(file, []byte("\ufeff"+secret+"\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	o := openOffice(t, bypassed, "SECRET_KEY_FILE="+file)
	o.run()
	o.connect(bakery)
	o.talks(bakery)
	o.halt()
	if _, err := os.Stat(o.cfg.Store.Database + ".key"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a key file beside the store: %v", err)
	}
	for key, opens := range map[bridge.Secret]bool{"": false, bridge.Secret(strings.Replace(secret, "M", "N", 1)): false, secret: true} {
		s, err := store.Open(store.Options{Path: o.cfg.Store.Database, Key: key})
		if (err == nil) != opens {
			t.Errorf("opened with another key than its own, or not with that: %v", err)
		}
		if err == nil {
			s.Close()
		}
	}
}

// TestAttack10_Cookie_IsOfThisHostAlone: where the address allows it, no other host of the domain
// can set the cookie of a visit, and no script and no plain connection sees it.
func TestAttack10_Cookie_IsOfThisHostAlone(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed, "PUBLIC_URL=https://bridge.example")
	o.run()
	told := o.private("maria", o.setup(), "/facebook authorize")
	link, err := url.Parse(o.linkIn(told))
	if err != nil || link.Host != "bridge.example" || link.Scheme != "https" {
		t.Fatalf("the link is %v, %v", link, err)
	}
	link.Scheme, link.Host = "http", o.at.Public // where its proxy would call
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Get(link.String())
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	cookies := res.Cookies()
	if len(cookies) != 1 || !strings.HasPrefix(cookies[0].Name, "__Host-") || cookies[0].Path != "/" || !cookies[0].Secure || !cookies[0].HttpOnly ||
		cookies[0].Domain != "" || cookies[0].SameSite != http.SameSiteLaxMode {
		t.Errorf("status %d, cookies %v", res.StatusCode, cookies)
	}
}
