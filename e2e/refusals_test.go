package e2e

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/sandbox/chat"
	"messenger-bridge/sandbox/meta"
	"messenger-bridge/store"
)

// refusalCase is a row of messenger.md 7.3 and 7.4, and what it leads to.
type refusalCase struct {
	name string
	// trouble begins what is wrong with the page; answer is what one send gets, or,
	// with lasting, every send until the trouble ends.
	trouble func(w *world, page string)
	answer  *meta.SendOutcome
	lasting bool

	state  bridge.PageState // of the page while it lasts
	says   string           // why, in the one announcement; "": nothing is announced
	who    string           // has to do something, likewise
	agent  string           // what the agent reads on the message; "": it arrives
	ends   func(w *world, page string)
	page   string
	room   string
	ids    []string // of the agent's messages
	writer string   // the customer

	unheard int // messages that Facebook does not send meanwhile
}

// deadBy is a page whose token Meta refuses with a subcode, until it gets a new one.
func deadBy(subcode int, says, who string) refusalCase {
	return refusalCase{
		name:    fmt.Sprintf("190/%d", subcode),
		trouble: func(w *world, page string) { w.meta.KillToken(page, subcode) },
		state:   bridge.PageNeedsAuth, says: says, who: who,
		ends: func(w *world, page string) {
			token := writeFile(w.T, w.meta.ReviveToken(page))
			if code, out, errs := runCommand(w.T, w.environ, "pages", "add", "--database", w.cfg.Store.Database, "--page-id", page, "--token-file", token); code != 0 {
				w.Errorf("%s: code %d: %s%s", page, code, out, errs)
			}
		},
	}
}

// refusedOnce is one refusal of a page whose token works.
func refusedOnce(code, subcode int) refusalCase {
	return refusalCase{name: fmt.Sprintf("%d/%d once", code, subcode), answer: meta.Refused(code, subcode, ""), state: bridge.PageRunning}
}

// toAgent is a refusal of one message, of which its author reads.
func toAgent(code, subcode int, agent string) refusalCase {
	return refusalCase{name: fmt.Sprintf("%d/%d", code, subcode), answer: meta.Refused(code, subcode, ""), state: bridge.PageRunning, agent: agent}
}

// held is a page whose sends are refused although its token is whole.
func held(code, subcode int, says, who string) refusalCase {
	return refusalCase{name: fmt.Sprintf("%d/%d", code, subcode), answer: meta.Refused(code, subcode, ""), lasting: true,
		state: bridge.PageHeld, says: says, who: who}
}

func unclear(name string, answer *meta.SendOutcome) refusalCase {
	return refusalCase{name: name, answer: answer, state: bridge.PageRunning}
}

func refusalCases() []*refusalCase {
	const again, addAgain = "/facebook authorize", "pages add"
	noPermission := refusalCase{
		name: "200, the permission was taken away", trouble: func(w *world, page string) { w.meta.Grant(page, "pages_messaging", false) },
		state: bridge.PageNeedsAuth, says: "a permission is missing: to receive messages and to answer them", who: "",
		ends: func(w *world, page string) { w.meta.Grant(page, "pages_messaging", true) }, unheard: 1,
	}
	cases := []refusalCase{
		deadBy(458, "the app was removed at Facebook", addAgain),
		deadBy(459, "Facebook wants the person who connected it to log in there first", "log in at facebook.com"),
		deadBy(460, "has a new password at Facebook", addAgain),
		deadBy(461, "its access has expired", addAgain),
		deadBy(463, "its access has expired", addAgain),
		deadBy(464, "is not confirmed", "confirm the account"),
		deadBy(467, "has logged out everywhere", addAgain),
		deadBy(468, "was not used for too long", addAgain),
		deadBy(492, "has lost the role on the page", "gives the role back"),
		deadBy(0, "was left out when somebody allowed the app again", again),
		deadBy(meta.NoSuchPage, "no longer accessible there", again),
		refusedOnce(190, 460),
		refusedOnce(190, 0),
		noPermission,
		held(10, 0, "does not let the app send", "Advanced Access"),
		held(200, 0, "does not let the app send", "Advanced Access"),
		held(230, 0, "does not let the app send", "Advanced Access"),
		held(368, 0, "restricts what the page may send", "Page quality"),
		toAgent(551, 0, "cannot receive messages"),
		toAgent(551, 1545041, "cannot receive messages"),
		toAgent(100, 2018001, "cannot receive messages"),
		toAgent(100, 2018276, "has not approved this app"),
		toAgent(10, 2018278, "too long ago"),
		toAgent(10, 2018300, "Page inbox"),
		toAgent(27, 2018464, "Page inbox"),
		toAgent(100, 1893061, "refused this message with the error 100/1893061"),
		refusedOnce(613, 0),
		refusedOnce(4, 0),
		refusedOnce(32, 0),
		unclear("1", meta.Unknown1(false)),
		unclear("1, delivered", meta.Unknown1(true)),
		unclear("2", meta.Status500(false)),
		unclear("2, delivered", meta.Status500(true)),
		unclear("-1/2018012", meta.Internal2018012(false)),
		unclear("-1/2018012, delivered", meta.Internal2018012(true)),
		unclear("HTML 502", meta.HTML502(false)),
		unclear("HTML 502, delivered", meta.HTML502(true)),
		unclear("empty body", meta.EmptyBody(false, 200)),
		unclear("empty body, delivered", meta.EmptyBody(true, 200)),
	}
	var all []*refusalCase
	for i := range cases {
		all = append(all, &cases[i])
	}
	return all
}

// TestRefusals_EachRow_RightStateSentenceAndOneAnnouncement gives every refusal a page
// of its own and follows it to the end: what administrators hear and see, what the
// agent reads, and that the customer has each message once and in order.
func TestRefusals_EachRow_RightStateSentenceAndOneAnnouncement(t *testing.T) {
	for name, quirks := range map[string]meta.Quirks{"in English": {}, "in another language": {Localised: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			playRefusals(t, quirks)
		})
	}
}

func playRefusals(t *testing.T, quirks meta.Quirks) {
	w := newWorld(t, bypassed)
	w.cfg.Times.WatchEvery = time.Second
	w.meta.Tweak(func(q *meta.Quirks) { *q = quirks })
	cases := refusalCases()
	for i, c := range cases {
		c.page, c.writer = fmt.Sprint(6000+i), fmt.Sprint(77000+i)
		w.addPage(c.page, w.meta.AddPage(c.page, "Shop "+c.page))
	}
	w.inStore(func(s *store.Store) error {
		for _, c := range cases {
			p, err := s.Page(bridge.PageID(c.page))
			if p.Name = "Shop " + c.page; err == nil {
				err = s.SavePage(w.Context(), p)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	w.rc.AddUser(chat.User{Username: "maria", Roles: []string{"user", "livechat-manager"}})
	var answers answerBook
	w.meta.OnSend(func(call meta.SendCall) *meta.SendOutcome { return answers.next(call.Page) })
	w.run()
	for _, c := range cases {
		w.meta.CustomerWrites(c.page, c.writer, "I am "+c.page)
	}
	w.eventually("everybody has a room", func() bool { return len(w.texts()) == len(cases) })
	for _, room := range w.rc.Rooms() {
		for _, c := range cases {
			if slices.Contains(w.rc.CustomerTexts(room.ID), "I am "+c.page) {
				c.room = room.ID
			}
		}
	}
	for _, c := range cases {
		if c.answer != nil {
			answers.set(c.page, c.answer, c.lasting)
		}
		if c.trouble != nil {
			c.trouble(w, c.page)
		}
		for i := range 2 {
			c.ids = append(c.ids, w.agent.Says(c.room, fmt.Sprintf("answer %d", i)))
		}
	}
	for _, c := range cases {
		w.eventually(c.name+" shows", func() bool { return w.shows(c) })
	}
	heard := 2 * len(cases)
	for _, c := range cases { // customers are heard all the same, but where the permission to receive is gone
		w.meta.CustomerWrites(c.page, c.writer, "hello?")
		heard -= c.unheard
	}
	w.eventually("customers are heard", func() bool { return len(w.texts()) == heard })

	for _, c := range cases {
		answers.set(c.page, nil, false)
		switch {
		case c.ends != nil:
			c.ends(w, c.page)
		case c.lasting:
			w.rc.UserSays("maria", w.rc.RoomID(setupName), "!facebook subscribe "+c.page)
		}
	}
	for _, c := range cases {
		w.eventually(c.name+" is over", func() bool {
			return w.stateOf(c.page) == bridge.PageRunning && len(w.meta.CustomerSees(c.page, c.writer)) >= w.expected(c)
		})
	}
	w.settled()
	w.halt()
	w.run() // nothing of it is said again
	w.settled()
	for _, c := range cases {
		w.checkRefusal(c)
	}
}

func (w *world) checkRefusal(c *refusalCase) {
	w.Helper()
	var texts []string
	for _, bubble := range w.meta.CustomerSees(c.page, c.writer) {
		texts = append(texts, bubble.Text)
	}
	if want := []string{"answer 0", "answer 1"}[2-w.expected(c):]; !slices.Equal(texts, want) {
		w.Errorf("%s: the customer reads %q, not %q", c.name, texts, want)
	}
	about := containing(announced(w.setupTexts()), "*Shop "+c.page+"*")
	stopped := containing(about, "is not running any more")
	switch {
	case c.says == "" && len(about) != 0:
		w.Errorf("%s: the setup channel hears %q", c.name, about)
	case c.says != "" && (len(stopped) != 1 || !strings.Contains(stopped[0], c.says) || !strings.Contains(stopped[0], c.who)):
		w.Errorf("%s: the setup channel hears %q", c.name, stopped)
	case c.says != "" && len(about) != 2:
		w.Errorf("%s: the setup channel hears %q", c.name, about)
	}
	if c.says != "" && (strings.Contains(stopped[0], "190") || strings.Contains(stopped[0], "(#")) {
		w.Errorf("%s: a code in %q", c.name, stopped[0])
	}
	for i, id := range c.ids {
		notices := w.notices(c.room, id)
		if want := c.agent != "" && i == 0; want && (len(notices) != 1 || !strings.Contains(notices[0], c.agent)) || !want && len(notices) != 0 {
			w.Errorf("%s: the agent reads %q on answer %d", c.name, notices, i)
		}
	}
}

// expected is how many of the two answers the customer gets.
func (w *world) expected(c *refusalCase) int {
	if c.agent != "" {
		return 1
	}
	return 2
}

// shows tells whether everybody sees what a row leads to.
func (w *world) shows(c *refusalCase) bool {
	if w.stateOf(c.page) != c.state {
		return false
	}
	if c.says != "" {
		return len(containing(w.setupTexts(), "*Shop "+c.page+"* is not running any more")) > 0
	}
	return len(w.meta.CustomerSees(c.page, c.writer)) >= w.expected(c) && (c.agent == "" || len(w.notices(c.room, c.ids[0])) > 0)
}

// stateOf returns a page's state as the running bridge tells it.
func (w *world) stateOf(page string) bridge.PageState {
	for _, p := range w.health().Pages {
		if string(p.ID) == page {
			return p.State
		}
	}
	return ""
}

// setupTexts is what the bot says in the setup channel, message by message.
func (w *world) setupTexts() (texts []string) {
	for _, m := range w.rc.Messages(w.rc.RoomID(setupName)) {
		if m.Username == ourBot && !isStep(m.Text) {
			texts = append(texts, m.Text)
		}
	}
	return texts
}

// answerBook is what the next sends of pages get.
type answerBook struct {
	mu      sync.Mutex
	answers map[string]*meta.SendOutcome
	lasting map[string]bool
}

func (a *answerBook) set(page string, o *meta.SendOutcome, lasting bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.answers == nil {
		a.answers, a.lasting = map[string]*meta.SendOutcome{}, map[string]bool{}
	}
	a.answers[page], a.lasting[page] = o, lasting
}

func (a *answerBook) next(page string) *meta.SendOutcome {
	a.mu.Lock()
	defer a.mu.Unlock()
	o := a.answers[page]
	if !a.lasting[page] {
		delete(a.answers, page)
	}
	return o
}
