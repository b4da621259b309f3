package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"messenger-bridge/sandbox/chat"
	"messenger-bridge/sandbox/meta"
)

// TestRefused_OneItem_OthersAreTaken_ALineTakesItsPlace: whatever the workspace refuses of
// one customer for good, what was written before and after is there once and in order, a
// line stands in its place, and whoever looks from elsewhere sees it, too: the customer, the
// setup channel, those who list what failed, and the metrics. It can be tried again.
func TestRefused_OneItem_OthersAreTaken_ALineTakesItsPlace(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	items := refusedItems()
	if len(items) < 60 {
		t.Fatalf("only %d rows", len(items))
	}
	for _, i := range items {
		i.mid = w.meta.CustomerWrites(page, i.customer, "before "+i.mark())
	}
	for _, i := range items {
		w.eventually("the room of "+i.mark(), func() bool { i.room = roomOf(w, "before "+i.mark()); return i.room != "" })
	}
	var clear []func()
	for _, i := range items {
		clear = append(clear, i.refuse(w))
		i.happens(w)
		w.meta.CustomerWrites(page, i.customer, "after "+i.customer)
	}
	stop := others(w)
	for _, i := range items {
		w.eventually(i.String()+": what stands in its place, and what came after", func() bool {
			return i.stands(w) && strings.Contains(strings.Join(roomTexts(w, i.room), "\n"), "after "+i.customer)
		})
	}
	stop()
	w.settled()
	seen := w.lookAround()
	for _, i := range items {
		i.checkRoom(w)
		i.checkCustomer(w)
		i.checkAdministrators(seen, w, items)
	}
	w.tryAgain(clear, slices.DeleteFunc(slices.Clone(items), func(i *refusedItem) bool { return !i.kept() }))
}

func (i *refusedItem) String() string { return i.kind + ", " + i.answer.short() }

// checkRoom looks at what agents see: what was written before and after, once and in order,
// with the line between.
func (i *refusedItem) checkRoom(w *world) {
	w.Helper()
	texts := strings.Join(roomTexts(w, i.room), "\n")
	if n := strings.Count(texts, "before "+i.mark()); n != 1 && i.kind != "edit" && i.kind != "deletion" {
		w.Errorf("%s: what came before is there %d times:\n%s", i, n, texts)
	}
	if n := strings.Count(texts, "after "+i.customer); n != 1 {
		w.Errorf("%s: what came after is there %d times:\n%s", i, n, texts)
	}
	lines := 0
	if i.kept() {
		lines = 1
	}
	if n := strings.Count(texts, "does not take") + strings.Count(texts, "larger than Rocket.Chat takes"); n != lines {
		w.Errorf("%s: %d lines stand for it:\n%s", i, n, texts)
	}
	before, line, after := strings.Index(texts, "before "+i.mark()), max(strings.Index(texts, "does not take"), strings.Index(texts, "larger than Rocket.Chat takes")), strings.Index(texts, "after "+i.customer)
	if i.kept() && (before > line || line > after) {
		w.Errorf("%s: they stand in another order:\n%s", i, texts)
	}
}

// checkCustomer looks at what the customer reads: what can be done about a file, and nothing else.
func (i *refusedItem) checkCustomer(w *world) {
	w.Helper()
	if got := w.received(i.customer); !slices.EqualFunc(got, i.toCustomer(), strings.HasPrefix) {
		w.Errorf("%s: the customer reads %q, want %q", i, got, i.toCustomer())
	}
}

// around is what is seen of refusals outside of rooms.
type around struct {
	setup  []string       // what the setup channel says
	failed map[string]int // what is listed: customer and answer
	counts map[string]int // the metrics: call and status
}

var givenUp = regexp.MustCompile(`messenger_bridge_given_up_total\{call="([^"]+)",status="(\d+)"\} (\d+)`)

func (w *world) lookAround() (seen around) {
	w.Helper()
	seen.failed, seen.counts = map[string]int{}, map[string]int{}
	seen.setup = roomTexts(w, w.rc.RoomID("omnichannel-facebook-setup"))
	var list struct {
		Failed []struct{ Direction, Customer, Reason, Answer string }
	}
	if err := json.Unmarshal([]byte(w.failedJSON()), &list); err != nil {
		w.Fatal(err)
	}
	for _, f := range list.Failed {
		seen.failed[f.Customer+" "+f.Direction+" "+f.Reason+" "+f.Answer]++
	}
	for _, m := range givenUp.FindAllStringSubmatch(w.get("http://"+w.at.Metrics+"/metrics"), -1) {
		seen.counts[m[1]+" "+m[2]], _ = strconv.Atoi(m[3])
	}
	return seen
}

// checkAdministrators looks at what the setup channel, the list and the metrics say.
func (i *refusedItem) checkAdministrators(seen around, w *world, all []*refusedItem) {
	w.Helper()
	want, cause := 0, i.call()+": "+i.answer.short()
	if i.kept() {
		want = 1
	}
	listed := 0
	for what, n := range seen.failed {
		if strings.HasPrefix(what, i.customer+" ") {
			listed += n
		}
	}
	if got := seen.failed[i.customer+" in workspace-error "+cause]; got != want || listed != want {
		w.Errorf("%s: listed %d times, and %d times with %q", i, listed, got, cause)
	}
	told := 0
	for _, text := range seen.setup {
		if strings.Contains(text, "does not take something that a customer sent (`"+cause+"`)") {
			told++
		}
	}
	if told != want {
		w.Errorf("%s: the setup channel hears of it %d times", i, told)
	}
	alike := 0
	for _, other := range all {
		if other.kept() && other.call() == i.call() && other.answer.counted() == i.answer.counted() {
			alike++
		}
	}
	if got := seen.counts[i.call()+" "+i.answer.counted()]; i.kept() && got != alike {
		w.Errorf("%s: the metrics count %d of %d", i, got, alike)
	}
}

func roomOf(w *world, text string) string {
	for _, room := range w.rc.Rooms() {
		if slices.Contains(w.rc.CustomerTexts(room.ID), text) {
			return room.ID
		}
	}
	return ""
}

// others lets twenty other customers do the same, each again as soon as what it did last is
// shown, until it is stopped: they never do more than this machine takes.
func others(w *world) (stop func()) {
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for n := 0; ; n++ {
			for n >= 20 && roomOfNote(w, "other echo "+strconv.Itoa(n-20)) == "" {
				select {
				case <-end:
					return
				case <-w.rc.Changed():
				case <-time.After(50 * time.Millisecond):
				}
			}
			select {
			case <-end:
				return
			case <-time.After(50 * time.Millisecond):
			}
			customer := fmt.Sprintf("70020030050%05d", n%20)
			mid := w.meta.CustomerWrites(page, customer, "other "+strconv.Itoa(n))
			w.meta.CustomerSends(page, customer, "", meta.Attachment{Type: "image", URL: w.meta.Host(meta.Media{Name: "o.png", Type: "image/png", Content: []byte("\x89PNG\r\n\x1a\nother")})})
			w.meta.PageInboxWrites(page, customer, "other echo "+strconv.Itoa(n))
			w.meta.Send(w.meta.EditEvent(page, customer, mid, "other changed "+strconv.Itoa(n), 1, time.Now()),
				w.meta.ReactionEvent(page, customer, mid, "love", "❤️", time.Now()))
			w.meta.Send(deleted(customer, mid))
		}
	}()
	return func() { close(end); <-ended }
}

// roomOfNote returns the room in which the bot says a text, or nothing.
func roomOfNote(w *world, text string) string {
	for _, room := range w.rc.Rooms() {
		for _, m := range w.rc.Messages(room.ID) {
			if !m.FromVisitor && strings.HasSuffix(m.Text, text) {
				return room.ID
			}
		}
	}
	return ""
}

func (w *world) failedJSON() string {
	code, out, errs := runCommand(w.T, w.environ, "failed", "--json", "--database", w.cfg.Store.Database)
	if code != 0 {
		w.Fatalf("failed: code %d: %s", code, errs)
	}
	return out
}

// tryAgain ends the refusals and has everything tried again.
func (w *world) tryAgain(clear []func(), items []*refusedItem) {
	w.Helper()
	for _, end := range clear {
		end()
	}
	if code, out, errs := runCommand(w.T, w.environ, "retry", "--all", page, "--database", w.cfg.Store.Database); code != 0 {
		w.Fatalf("retry: code %d: %s%s", code, out, errs)
	}
	w.settled()
	for _, i := range items {
		content := 0
		for _, f := range w.rc.FilesIn(i.room) {
			if strings.Contains(string(f.Content), i.mark()) && !strings.HasPrefix(f.Name, "message-") {
				content++
			}
		}
		for _, text := range roomTexts(w, i.room) {
			if strings.Contains(text, i.mark()) && !strings.Contains(text, "before ") && !strings.Contains(text, "does not take") {
				content++
			}
		}
		if content != 1 {
			w.Errorf("%s, %s: after it was tried again it is there %d times: %q", i.kind, i.answer.short(), content, roomTexts(w, i.room))
		}
	}
	if left := w.failedJSON(); strings.Contains(left, `"id"`) {
		w.Errorf("still listed: %s", left)
	}
}

// Each file of a message is tried for itself: that the first was refused for a while says
// nothing of the second.
func TestRefused_TwoFilesOfAMessage_EachIsTriedForItself(t *testing.T) {
	for name, c := range map[string]struct {
		tries        int // of the second file that are refused: with two nothing is given up, however slow they are
		files, lines int
	}{"the second is taken at its third try": {2, 1, 1}, "neither is ever taken": {1 << 30, 0, 2}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, bypassed)
			w.cfg.Times.Patience, w.cfg.Times.FirstRetry = testPatience, testFirstRetry
			w.run()
			const one, two = "\x89PNG\r\n\x1a\none", "\x89PNG\r\n\x1a\ntwo"
			w.meta.CustomerWrites(page, anna, "before")
			w.eventually("the room", func() bool { return roomOf(w, "before") != "" })
			room := roomOf(w, "before")
			var mu sync.Mutex
			tries := map[string]int{}
			w.rc.Inject(chat.Fault{Status: 413, Route: "POST livechat/upload/:rid", Match: func(_ *http.Request, content []byte) bool {
				mu.Lock()
				defer mu.Unlock()
				tries[string(content)]++
				return string(content) == one || string(content) == two && tries[two] <= c.tries
			}})
			var files []meta.Attachment
			for _, content := range []string{one, two} {
				files = append(files, meta.Attachment{Type: "image", URL: w.meta.Host(meta.Media{Name: content[8:] + ".png", Type: "image/png", Content: []byte(content)})})
			}
			w.meta.CustomerSends(page, anna, "", files...)
			stop := others(w)
			w.meta.CustomerWrites(page, anna, "after")
			w.eventually("what came after is there", func() bool { return slices.Contains(roomTexts(w, room), "after") })
			stop()
			w.settled()
			shown := w.rc.FilesIn(room)
			if len(shown) != c.files || c.files > 0 && string(shown[0].Content) != two {
				t.Errorf("agents see %d files", len(shown))
			}
			if n := strings.Count(strings.Join(roomTexts(w, room), "\n"), "does not take"); n != c.lines {
				t.Errorf("agents read %q", roomTexts(w, room))
			}
		})
	}
}
