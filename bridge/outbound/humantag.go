package outbound

import (
	"context"
	"net/http"
	"sync"
	"time"

	"messenger-bridge/bridge"
)

// After the plain window Messenger takes what a person wrote with the tag HUMAN_AGENT, for
// seven days, if Meta has approved that for the app (messenger.md 8).

// tagRefusedFor is how long it is believed that an app may not use the human tag.
// Approval takes Meta days.
const tagRefusedFor = time.Hour

// humanTag decides which messages are sent with the tag.
type humanTag struct {
	*Config

	mu     sync.Mutex // guards denied
	denied map[bridge.PageID]time.Time
}

func newHumanTag(c *Config) *humanTag {
	return &humanTag{Config: c, denied: map[bridge.PageID]time.Time{}}
}

// may reports whether a message that came too late may be sent once more as what
// a person wrote: it was one, the page allows it, and 7 days are not over.
func (t *humanTag) may(ctx context.Context, a *attempt) (bool, error) {
	if a.d.Progress.Tagged || !a.page.Settings.HumanAgent || a.out.Automatic || t.Workspace.People == nil ||
		t.refused(a.page.ID) || !t.window(a.out.Conversation).Open(t.Now(), bridge.HumanWindow) {
		return false, nil
	}
	person, err := t.Workspace.People.IsPerson(ctx, a.out.Author)
	if err == nil {
		return person, nil
	}
	r := *bridge.RefusalOf(err) // what is wrong with Rocket.Chat holds up this conversation alone
	if r.Answer != nil && r.Answer.Status == http.StatusForbidden && a.d.History.Tries >= barredAfter && a.d.History.Reason == r.Reason {
		t.announce(ctx, "who-is-agent/"+string(a.page.ID), t.Say.Say("*%s*: Rocket.Chat does not tell the bridge who is an agent, so that no answer goes out after 24 hours. Give the bot the role `livechat-manager` (`messenger-bridge doctor` says what is missing), or type `/facebook edit %s human-agent off`.", a.page.PlainName(), string(a.page.ID)))
		return false, nil
	}
	r.Verdict, r.Gate = bridge.Again, ""
	return false, &r
}

// barredAfter is after how many tries it is believed that the bot may not ask who is an agent.
const barredAfter = 3

// whyTooLate words why Meta no longer takes an answer, so that the agent knows what
// would help.
func (t *humanTag) whyTooLate(a *attempt) bridge.Reason {
	switch {
	case !t.window(a.out.Conversation).Open(t.Now(), bridge.HumanWindow):
		return bridge.WindowOver
	case t.refused(a.page.ID) && a.page.Settings.HumanAgent:
		return bridge.TagRefused
	}
	return bridge.WindowClosed
}

// refuse remembers that Meta has not approved the tag for a page's app, and says so
// to those who can do something about it.
func (t *humanTag) refuse(ctx context.Context, p bridge.Page) {
	t.mu.Lock()
	t.denied[p.ID] = t.Now()
	t.mu.Unlock()
	t.announce(ctx, "human-agent/"+string(p.ID), t.Say.Say("*%s*: Facebook has not approved the app for answers after 24 hours. Apply for the feature Human Agent in the app review at Facebook, or type `/facebook edit %s human-agent off`.", p.PlainName(), string(p.ID)))
}

func (t *humanTag) announce(ctx context.Context, key, text string) {
	if err := t.Notices.Announce(ctx, key, text); err != nil {
		t.Log.Warn("not announced", "what", key, "err", err)
	}
}

// refused reports whether Meta has refused the tag lately.
func (t *humanTag) refused(p bridge.PageID) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	at, refused := t.denied[p]
	return refused && t.Now().Sub(at) < tagRefusedFor
}
