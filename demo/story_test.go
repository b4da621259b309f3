package demo

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestDemo_Story_PlaysItself_AndTicksOffEveryPromise leans back: the story shows every promise,
// proves that it was kept, and nothing jumps meanwhile.
func TestDemo_Story_PlaysItself_AndTicksOffEveryPromise(t *testing.T) {
	t.Parallel()
	w := open(t)
	w.scheme("light")
	w.sees("title", "say hello")
	w.sees("lamps", "Facebook: answers")
	w.play.director.hurries()
	w.do(chromedp.Evaluate[chromedp.Void](`
		window.heights = new Map(); window.titles = []; window.scenes = new Set();
		new MutationObserver(() => {
			const at = Math.round(document.getElementById('phone').getBoundingClientRect().top + scrollY);
			if (!window.pictured && !heights.has(at)) heights.set(at, at + ' at ' + document.getElementById('title').textContent + ' | ' + document.getElementById('lamps').innerText.replaceAll('\n', ' '));
			const scene = /scene \d of 7/.exec(document.getElementById('promise').textContent);
			if (scene) scenes.add(scene[0]);
			const title = document.getElementById('title').textContent;
			if (titles.at(-1) !== title) titles.push(title);
		}).observe(document.body, {subtree: true, childList: true, characterData: true, attributes: true}); undefined`))
	w.press("play")
	w.do(chromedp.Evaluate[chromedp.Void](`window.pictured = true; undefined`)) // a picture of the whole page is taken in a larger window
	w.picture("story-scene")
	w.do(chromedp.Evaluate[chromedp.Void](`new Promise(done => {
		const look = () => innerWidth === 1280 && innerHeight === 1180 ? (window.pictured = false, done()) : requestAnimationFrame(look);
		look();
	})`, chromedp.EvalAwaitPromise))
	w.sees("title", "every promise was kept") // scenes go by in a hurry: which there were is asked afterwards
	w.shows("#promises .kept", len(promised))
	w.sees("play", "Play the story")
	w.press("customer-post")
	w.sees("bubbles", "Is the cake still there?")
	w.sees("bubbles", "It is, until six!")
	w.press("customer-anna")
	w.sees("messages", "He is very small")
	for script, want := range map[string]string{
		`heights.size > 1 ? [...heights.values()].join("; ") : ""`: "",
		`String(titles.length >= 8)`:                               "true",
		`String(scenes.size >= 5)`:                                 "true",
		`String(document.querySelector("#problem").hidden)`:        "true",
	} {
		if got, err := chromedp.Run(w.ctx, chromedp.Evaluate[string](script)); err != nil || got != want {
			t.Errorf("%s is %s, %v", script, got, err)
		}
	}
	w.looks("story-end") // in other windows all lies elsewhere
	for _, problem := range append(w.play.rc.Problems(), w.play.meta.Problems()...) {
		t.Error("the sandbox objects:", problem)
	}
}

// TestDemo_Desk_FollowsWhoWrote_AndNoAnswerGoesToTheWrongOne lets customers write while Tom
// does, and shows what he and Maria are told.
func TestDemo_Desk_FollowsWhoWrote_AndNoAnswerGoesToTheWrongOne(t *testing.T) {
	t.Parallel()
	w := open(t)
	w.scheme("light")
	w.sees("title", "say hello")
	w.says("customer", "Hello from Anna")
	w.sees("messages", "Hello from Anna")
	w.do(chromedp.SendKeys(chromedp.CSS("#say-agent"), "For Anna"))
	w.press("customer-ben")
	w.says("customer", "Hello from Ben")
	w.until(`[...document.querySelectorAll("#rooms strong.new")].some(e => e.textContent === "Ben Okafor")`, "Ben's chat has something new")
	w.sees("room-name", "Anna Lindqvist") // he is writing there
	w.says("agent", " alone")
	w.until(`document.querySelectorAll("#messages .person").length === 1`, "Tom's answer is in Anna's chat")
	w.press("customer-anna")
	w.sees("bubbles", "For Anna alone")
	if texts := w.play.received(customers[1]); len(texts) > 0 {
		t.Errorf("Ben got %q", texts)
	}
	w.press("customer-ben")
	w.sees("room-name", "Ben Okafor")
	w.press("customer-anna")
	w.sees("room-name", "Anna Lindqvist")
	w.play.actors.asks(customers[1], "", "Ben once more")
	w.sees("room-name", "Ben Okafor") // nobody was writing
	w.sees("customer-note", "on Ben's phone")

	w.says("agent", "!private between us")
	w.press("direct-tom")
	w.sees("direct", "!private")
	w.turn("window", "more than 24 hours ago")
	w.says("agent", "Hello Ben")
	w.sees("title", "Tom knows that it did not arrive")
	w.sees("messages", "⚠ not delivered")
	w.shows("#promises .kept", 1)
	w.picture("story-refused")
	w.says("customer", "Are you there?")
	w.sees("messages", "Are you there?")
	w.says("manager", "/facebook failed")
	w.until(`document.querySelector("#setup .buttons button[title*=retry]")`, "the list has a button")
	w.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("#setup .buttons button[title*=retry]").click(); undefined`))
	w.sees("bubbles", "Hello Ben")
	w.sees("title", "Sent after all")

	w.turn("down", "refuses all connections")
	w.says("agent", "Into the void")
	w.sees("lamps", "Facebook: does not answer")
	w.turn("down", "Everything has gone out")
	w.sees("lamps", "Facebook: answers")
	w.onAPhone()
}

// hurries leaves out the pauses.
func (d *director) hurries() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pause = 0
}

// onAPhone checks that what changes is on the screen, below the explanation.
func (w *window) onAPhone() {
	w.Helper()
	w.do(chromedp.EmulateViewport(390, 844))
	inView := func(part string) string {
		return `(box => box.top >= document.getElementById("panel-story").getBoundingClientRect().bottom - 1 && box.bottom <= innerHeight + 1 || box.height > 400 && Math.abs(box.bottom - innerHeight) < 12)(document.getElementById("` + part + `").getBoundingClientRect())`
	}
	w.says("customer", "From a phone")
	w.sees("messages", "From a phone")
	if seen, err := chromedp.Run(w.ctx, chromedp.Evaluate[bool](`new Promise(done => {
		const ends = Date.now() + 20000, look = () => `+inView("desk")+` ? done(true) : Date.now() > ends ? done(false) : requestAnimationFrame(look);
		look();
	})`, chromedp.EvalAwaitPromise)); err != nil || !seen {
		w.picture("failure")
		w.Errorf("the chat has not come into view (%v)", err)
	}
	w.picture("story-phone")
	w.says("agent", "To a phone")
	w.sees("bubbles", "To a phone")
	room, _ := w.play.rc.Room(w.roomShown())
	if !strings.Contains(room.VisitorName, "Ben") {
		w.Errorf("the chat shown is %s's", room.VisitorName)
	}
}

// roomShown is the id of the room that Tom looks at.
func (w *window) roomShown() string {
	name, err := chromedp.Run(w.ctx, chromedp.Evaluate[string](`document.getElementById("room-name").textContent`))
	if err != nil {
		w.Fatal(err)
	}
	for _, r := range w.play.rc.Rooms() {
		if r.VisitorName == name {
			return r.ID
		}
	}
	w.Fatal("no room is called " + name)
	return ""
}

// TestPromises_BrokenOnes_AreNotTickedOff shows that the strip can say no.
func TestPromises_BrokenOnes_AreNotTickedOff(t *testing.T) {
	for _, c := range []struct {
		name                  string
		written, arrived      []string
		complete, once, order bool
	}{
		{"all", []string{"a", "b"}, []string{"a", "b"}, true, true, true},
		{"lost", []string{"a", "b"}, []string{"a"}, false, true, false},
		{"twice", []string{"a", "b"}, []string{"a", "b", "b"}, true, false, false},
		{"swapped", []string{"a", "b"}, []string{"b", "a"}, true, true, false},
	} {
		if p := (pair{c.written, c.arrived}); p.complete() != c.complete || p.once() != c.once || p.inOrder() != c.order {
			t.Errorf("%s: complete %v, once %v, in order %v", c.name, p.complete(), p.once(), p.inOrder())
		}
	}
	if !plain.MatchString("Yes, at ten o'clock.") || plain.MatchString("/facebook help") || plain.MatchString("!note x") || plain.MatchString(strings.Repeat("x", 400)) {
		t.Error("what is compared is not what arrives as it is")
	}
	if got := withoutQuotations("> came through an ad\n\nHello"); got != "Hello" {
		t.Errorf("%q", got)
	}
}
