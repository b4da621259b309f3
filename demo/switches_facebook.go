package demo

import (
	"errors"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/sandbox/meta"
)

// facebookSwitches are what can go wrong at Facebook.
type facebookSwitches struct {
	*stage
	troubles *troubles
	feed     *feed
	maria    *administrator
}

func (f *facebookSwitches) toggles() []toggle {
	shut := shutWindow{f.stage, f.troubles}
	return []toggle{
		{ID: "down", Side: "facebook", Label: "Facebook down", Hint: "Graph refuses connections",
			isOn: func(t trouble) bool { return t.cut }, turn: f.turnFacebook, turned: f.tellFacebook},
		{ID: "losing", Side: "facebook", Label: "Lose its answer", Hint: "the next message arrives, its confirmation does not",
			isOn: func(t trouble) bool { return t.losing }, turn: f.turnLosing, turned: f.tellLosing},
		{ID: "token", Side: "facebook", Label: "Token dead", Hint: "off: Maria authorises again",
			isOn: func(t trouble) bool { return t.killed != "" }, turn: f.turnToken, turned: f.tellToken},
		{ID: "repeat", Side: "facebook", Label: "Send all again", Hint: "every webhook once more",
			turn: f.turnRepeat, turned: f.tellRepeat},
		{ID: "window", Side: "facebook", Label: "24 hours later", Hint: "Facebook refuses answers until the customer writes again",
			turn: shut.turn, turned: shut.tell},
	}
}

// Facebook down.

func (f *facebookSwitches) turnFacebook(on bool, _ string) error {
	if on {
		f.meta.Down()
	} else if err := f.meta.Up(); err != nil {
		return err
	}
	f.troubles.set(func(t *trouble) { t.cut = on })
	return nil
}

const knows = "5 · The agent knows"

func (f *facebookSwitches) tellFacebook(on bool) []story {
	if !on {
		return []story{
			{Title: "Facebook answers again", Text: "The bridge tries again after half a minute at most, and then sends what waited, in order.", Promise: kept},
			{Title: "Everything has gone out", Text: "Nobody had to send anything again. Where Tom was told that his message waits, he is told that it went out.", Promise: knows, tries: []int{keptForAll, inOrder},
				once: func() bool { return f.process.now().Status != nil && f.process.now().waiting() == 0 }},
		}
	}
	return []story{
		{Title: "Facebook's Graph API refuses all connections", Text: "Customers can still write to you; answers cannot get out. Write as Tom and wait: nothing is sent twice, and nothing is lost.", Promise: kept},
		{Title: "An answer waits for Facebook", Text: "If that lasts for more than a minute, Tom sees an hourglass on his message, and a sentence that explains it. His next messages queue up behind it, in order.", Promise: knows,
			once: func() bool { return f.process.now().toCustomers() > 0 }},
	}
}

// Answers get lost.

func (f *facebookSwitches) turnLosing(on bool, _ string) error {
	f.troubles.set(func(t *trouble) { t.losing = on })
	return nil
}

const onlyOnce = "2 · Once"

func (f *facebookSwitches) tellLosing(on bool) []story {
	if !on {
		return []story{{Title: "Facebook's answers arrive again", Text: "Nothing was lost meanwhile.", Promise: onlyOnce}}
	}
	armed := time.Now()
	lost := func() bool { return f.troubles.now().lost.After(armed) }
	return []story{
		{Title: "Facebook's next answer will get lost", Text: "Write as Tom. The customer will get the message, but the bridge only sees a broken connection: was it delivered or not?", Promise: onlyOnce},
		{Title: "Delivered, and the bridge cannot know it yet", Text: "Sending again could double it, giving up could lose it. So it does neither, and waits for the echo, with which Facebook tells what the page has said. Here that takes 5 seconds.", Promise: onlyOnce, once: lost},
		{Title: "The echo came: it was delivered", Text: "The echo carries the bridge's own mark, so it was this very message. The customer has it once. Without it, the bridge finds the message in the thread.", Promise: onlyOnce, tries: []int{nothingTwice},
			once: func() bool {
				return lost() && time.Since(f.troubles.now().lost) > echoDelay/2 && f.process.now().toCustomers() == 0 && f.process.now().Status != nil
			}},
	}
}

// onSend is Facebook taking a message. Those it refuses for their token do not get here.
func (f *facebookSwitches) onSend(c meta.SendCall) *meta.SendOutcome {
	if f.troubles.kills() {
		f.feed.note("trouble", "Facebook has the answer to "+firstName(c.Customer)+"; the bridge is killed before it hears so")
		f.process.kill()
		return meta.DeliveredThenCut()
	}
	if !f.troubles.loses() {
		f.feed.note("facebook", "Facebook takes a message for "+firstName(c.Customer))
		return nil
	}
	f.feed.note("trouble", "Facebook delivered a message to "+firstName(c.Customer)+", but its answer was cut off")
	return &meta.SendOutcome{Deliver: true, Cut: true, Echo: meta.EchoLate(echoDelay)}
}

// echoDelay is how late the echo of a lost answer is: long enough to be watched.
const echoDelay = 5 * time.Second

// Token dead.

const dead = "7 · A dead page is loud"

func (f *facebookSwitches) turnToken(on bool, _ string) error {
	if on {
		token := f.meta.PageToken(pageID)
		f.meta.KillToken(pageID, 460) // as when somebody changes the password
		f.troubles.set(func(t *trouble) { t.killed, t.died = token, time.Now() })
		return nil
	}
	if now := f.troubles.now(); now.down || now.cut {
		return errors.New("for that, Maria needs both Facebook and Rocket.Chat; switch them on first")
	}
	return f.maria.authorisesAgain()
}

func (f *facebookSwitches) tellToken(on bool) []story {
	back := story{Title: "The page runs again", Text: "What waited has gone out, in order; nobody had to send anything again. The page's settings were kept.", Promise: dead, tries: []int{deadIsLoud, keptForAll},
		once: func() bool { return f.tokenLives(f.troubles.now().killed) && f.process.now().toCustomers() == 0 }}
	if !on {
		return []story{
			{Title: "Maria authorises again", Text: "She types the command, follows her link to Facebook, and ticks the page. You find each step in the event log.", Promise: dead}, back,
		}
	}
	return []story{
		{Title: "Facebook no longer accepts the page's token", Text: "That happens when somebody changes a password. Write as Tom: the bridge finds out with the next message.", Promise: dead},
		{Title: "The setup channel was told, once", Text: "Tom's message waits, and shows an hourglass after about a minute. Customers' messages still come in. To repair it, type /facebook authorize as Maria and follow her link, or press the switch again and watch her do it.", Promise: dead,
			once: func() bool {
				state, _ := f.process.now().pageState()
				return state != "" && state != bridge.PageRunning
			}}, back,
	}
}

// Facebook sends all again.

func (f *facebookSwitches) turnRepeat(bool, string) error {
	f.meta.RepeatWebhooks()
	return nil
}

func (f *facebookSwitches) tellRepeat(bool) []story {
	return []story{{Title: "Facebook sent every webhook once more", Text: "Meta promises neither order nor uniqueness, and repeats for hours. The bridge acknowledges them again and knows each message: nothing appears twice, even after a kill.", Promise: onlyOnce, tries: []int{nothingTwice}}}
}
