package demo

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/sandbox/meta"
)

// line is a line of the event log. Repetitions are counted.
type line struct {
	At    time.Time `json:"at"`
	Kind  string    `json:"kind"` // switch, bridge, facebook, trouble
	Text  string    `json:"text"`
	Times int       `json:"times"`
}

// feed is the event log.
type feed struct {
	changed *bell

	mu    sync.Mutex // guards the field below
	lines []line
}

// note adds a line to the event log.
func (f *feed) note(kind, text string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n := len(f.lines); n > 0 && f.lines[n-1].Text == text {
		f.lines[n-1].Times++
		f.lines[n-1].At = time.Now()
	} else {
		f.lines = append(f.lines, line{At: time.Now(), Kind: kind, Text: text, Times: 1})
	}
	f.lines = f.lines[max(0, len(f.lines)-100):]
	f.changed.strike()
}

// noteStep adds what somebody does to authorise the page.
func (f *feed) noteStep(who, what string) { f.note("bridge", who+": "+what) }

// all are the lines, oldest first.
func (f *feed) all() []line {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.lines)
}

// observer writes down what the bridge and Facebook do. It belongs to the goroutine of run.
type observer struct {
	*stage
	feed *feed

	answers  int // of webhooks, in the feed already
	lastLife life
	lastPage bridge.PageState
}

// observe writes down what has happened since the last look.
func (o *observer) observe() {
	life, answers := o.process.now(), o.meta.WebhookAnswers()
	state, why := life.pageState()
	o.observeLife(life)
	if state != "" && state != o.lastPage {
		if o.lastPage != "" {
			o.feed.note("bridge", fmt.Sprintf("The page is now “%s”. %s", state, sentence(why)))
		}
		o.lastPage = state
	}
	for ; o.answers < len(answers); o.answers++ {
		o.noteAnswer(answers[o.answers])
	}
}

func sentence(text string) string {
	if text == "" {
		return ""
	}
	return "Why: " + text + "."
}

func (o *observer) observeLife(life life) {
	last := o.lastLife
	o.lastLife = life
	switch {
	case life.Life == lifeDead && last.Life != lifeDead && life.Killed:
		o.feed.note("trouble", fmt.Sprintf("The bridge (process %d) was killed", life.PID))
	case life.Life == lifeDead && last.Why == "" && life.Why != "":
		o.feed.note("trouble", "The bridge has ended: "+life.Why)
	case life.Starts > last.Starts && life.Starts > 1:
		o.feed.note("bridge", fmt.Sprintf("The bridge is started again as process %d, on the same store", life.PID))
	}
	if life.Life != lifeRunning || last.Life == lifeRunning && life.connected() == last.connected() {
		return
	}
	if life.connected() {
		o.feed.note("bridge", "The bridge is connected to Rocket.Chat")
	} else if last.Life == lifeRunning {
		o.feed.note("trouble", "The bridge has lost Rocket.Chat and keeps trying")
	}
}

func (o *observer) noteAnswer(a meta.Answer) {
	switch {
	case a.Status == http.StatusOK && a.Repeat:
		o.feed.note("facebook", "Facebook sent a webhook again; the bridge knew it")
	case a.Status == http.StatusOK && a.Attempt > 1:
		o.feed.note("facebook", fmt.Sprintf("Webhook stored and acknowledged, at attempt %d", a.Attempt))
	case a.Status == http.StatusOK:
		o.feed.note("facebook", "Webhook stored and acknowledged")
	case a.Status == 0:
		o.feed.note("trouble", "Nobody took Facebook's webhook; it will try again")
	default:
		o.feed.note("trouble", fmt.Sprintf("The bridge answered a webhook with %d; Facebook will try again", a.Status))
	}
}
