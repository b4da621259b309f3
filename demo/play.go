package demo

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/sandbox/meta"
)

// play is what happens on the page: people write, switches are pressed, and
// somebody explains it.
type play struct {
	*stage

	jobs sync.WaitGroup // what switches have set off
	ctx  context.Context

	mu       sync.Mutex // guards the fields below
	away     bool       // the agent
	down     bool       // the workspace
	cut      bool       // Facebook
	losing   bool       // the next answer
	lost     time.Time  // when one was
	killed   string     // the token that was
	authors  bool       // somebody is authorising
	stories  []story
	feed     []line
	answers  int // of webhooks, in the feed already
	lastLife life
	lastPage bridge.PageState
}

// story explains what is going on.
type story struct {
	Title   string
	Text    string
	Promise string
	once    func() bool // when it is told; nil: at once. Called without the lock
}

// line is a line of the event log. Repetitions are counted.
type line struct {
	At    time.Time `json:"at"`
	Kind  string    `json:"kind"` // switch, bridge, facebook, trouble
	Text  string    `json:"text"`
	Times int       `json:"times"`
}

func newPlay(s *stage) *play {
	p := &play{stage: s}
	p.stories = []story{{Title: "The bridge is starting", Text: "In a moment Maria connects the Facebook page, as an administrator would."}}
	s.meta.OnSend(p.onSend)
	return p
}

// connect is the beginning: the page is authorised.
func (p *play) connect(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, scriptLasts)
	defer cancel()
	if err := p.up(ctx); err != nil {
		return err
	}
	if err := p.authorise(ctx, p.noteStep); err != nil {
		return err
	}
	p.tell(story{Title: "Everything is connected: say hello",
		Text:    "Write as Anna on the phone and answer as Ana in the room. Then press a switch and see what becomes of your messages. The bridge in the middle is the real program; Facebook and Rocket.Chat are played by the sandbox.",
		Promise: "Try it"})
	return nil
}

func (p *play) noteStep(who, what string) { p.note("bridge", who+": "+what) }

// run keeps the explanations and the event log up to date until ctx ends.
func (p *play) run(ctx context.Context) error {
	p.mu.Lock()
	p.ctx = ctx
	p.mu.Unlock()
	for ctx.Err() == nil {
		rc, meta, own := p.rc.Changed(), p.meta.Changed(), p.changed.next()
		p.observe()
		p.advance()
		if read(p, func() bool { return p.killed != "" }) && p.tokenLives() { // the page has got over it
			p.set(func() { p.killed = "" })
		}
		select {
		case <-rc:
		case <-meta:
		case <-own:
		case <-ctx.Done():
		}
	}
	p.jobs.Wait()
	return nil
}

// tell replaces what is being told by other stories, which follow one another.
func (p *play) tell(stories ...story) {
	p.mu.Lock()
	p.stories = stories
	p.mu.Unlock()
	p.changed.strike()
}

// advance goes on to the next story when its time has come.
func (p *play) advance() {
	p.mu.Lock()
	stories := p.stories
	p.mu.Unlock()
	if len(stories) < 2 || !stories[1].once() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.stories) > 1 && p.stories[1].Title == stories[1].Title { // no switch was pressed meanwhile
		p.stories = p.stories[1:]
		p.changed.strike()
	}
}

// note adds a line to the event log.
func (p *play) note(kind, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.noteLocked(kind, text)
}

func (p *play) noteLocked(kind, text string) {
	if n := len(p.feed); n > 0 && p.feed[n-1].Text == text {
		p.feed[n-1].Times++
		p.feed[n-1].At = time.Now()
	} else {
		p.feed = append(p.feed, line{At: time.Now(), Kind: kind, Text: text, Times: 1})
	}
	p.feed = p.feed[max(0, len(p.feed)-100):]
	p.changed.strike()
}

// observe writes down what has happened since the last look.
func (p *play) observe() {
	life, answers := p.process.now(), p.meta.WebhookAnswers()
	state, why := life.pageState()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.observeLife(life)
	if state != "" && state != p.lastPage {
		if p.lastPage != "" {
			p.noteLocked("bridge", fmt.Sprintf("The page is now “%s”. %s", state, sentence(why)))
		}
		p.lastPage = state
	}
	for ; p.answers < len(answers); p.answers++ {
		p.noteAnswer(answers[p.answers])
	}
}

func sentence(text string) string {
	if text == "" {
		return ""
	}
	return "Why: " + text + "."
}

func (p *play) observeLife(life life) {
	last := p.lastLife
	p.lastLife = life
	switch {
	case life.Life == lifeDead && last.Life != lifeDead && life.Killed:
		p.noteLocked("trouble", fmt.Sprintf("The bridge (process %d) was killed", life.PID))
	case life.Life == lifeDead && last.Why == "" && life.Why != "":
		p.noteLocked("trouble", "The bridge has ended: "+life.Why)
	case life.Starts > last.Starts && life.Starts > 1:
		p.noteLocked("bridge", fmt.Sprintf("The bridge is started again as process %d, on the same store", life.PID))
	}
	if life.Life != lifeRunning || last.Life == lifeRunning && life.connected() == last.connected() {
		return
	}
	if life.connected() {
		p.noteLocked("bridge", "The bridge is connected to Rocket.Chat")
	} else if last.Life == lifeRunning {
		p.noteLocked("trouble", "The bridge has lost Rocket.Chat and keeps trying")
	}
}

func (p *play) noteAnswer(a meta.Answer) {
	switch {
	case a.Status == http.StatusOK && a.Repeat:
		p.noteLocked("facebook", "Facebook sent a webhook again; the bridge knew it")
	case a.Status == http.StatusOK && a.Attempt > 1:
		p.noteLocked("facebook", fmt.Sprintf("Webhook stored and acknowledged, at attempt %d", a.Attempt))
	case a.Status == http.StatusOK:
		p.noteLocked("facebook", "Webhook stored and acknowledged")
	case a.Status == 0:
		p.noteLocked("trouble", "Nobody took Facebook's webhook; it will try again")
	default:
		p.noteLocked("trouble", fmt.Sprintf("The bridge answered a webhook with %d; Facebook will try again", a.Status))
	}
}

func firstName(id string) string {
	i := slices.IndexFunc(customers, func(c customer) bool { return c.ID == id })
	if i < 0 {
		return "somebody"
	}
	return customers[i].First
}

// onSend is Facebook taking a message. Those it refuses for their token do not get here.
func (p *play) onSend(c meta.SendCall) *meta.SendOutcome {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.losing {
		p.noteLocked("facebook", "Facebook takes a message for "+firstName(c.Customer))
		return nil
	}
	p.losing, p.lost = false, time.Now()
	p.noteLocked("trouble", "Facebook delivered a message to "+firstName(c.Customer)+", but its answer was cut off")
	return &meta.SendOutcome{Deliver: true, Cut: true, Echo: meta.EchoLate(echoDelay)}
}

// echoDelay is how late the echo of a lost answer is: long enough to be watched.
const echoDelay = 5 * time.Second

// read returns what is asked of the play's own state.
func read[T any](p *play, what func() T) T {
	p.mu.Lock()
	defer p.mu.Unlock()
	return what()
}
