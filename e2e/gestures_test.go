package e2e

import (
	"slices"
	"strings"
	"testing"
	"time"

	"messenger-bridge/sandbox/chat"
	"messenger-bridge/sandbox/meta"
)

func TestGestures_TypingSeenAndReactions_ReachTheCustomer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	k := w.ask()
	has := func(action string) func() bool {
		return func() bool { return slices.Contains(w.meta.Actions(page, anna), action) }
	}
	w.eventually("typing is shown", func() bool {
		w.agent.Types(k.rid) // as clients do, again and again
		return has("typing_on")()
	})
	for range 50 {
		w.agent.Types(k.rid)
	}
	w.agent.Says(k.rid, "one")
	w.agent.Says(k.rid, "two")
	w.eventually("the question is marked as seen", has("mark_seen"))
	k.gets("one", "two")

	reaction := func() string { return w.meta.Thread(page, anna)[0].PageReaction }
	w.agent.Reacts(k.asked, ":heart:")
	w.eventually("the reaction is shown", func() bool { return reaction() == "❤" || reaction() == "❤️" })
	w.agent.Reacts(k.asked, ":thumbsup:")
	w.eventually("the newer reaction is shown", func() bool { return reaction() == "👍" })
	w.agent.Unreacts(k.asked, ":thumbsup:")
	w.eventually("the older one is shown again", func() bool { return reaction() == "❤" || reaction() == "❤️" })
	w.agent.Unreacts(k.asked, ":heart:")
	w.eventually("it is gone", func() bool { return reaction() == "" })
	w.agent.Reacts(k.asked, ":🙏🏽:") // as newer workspaces may call it
	w.eventually("a reaction without a name is shown", func() bool { return reaction() == "🙏🏽" })

	count := func(action string) (n int) {
		for _, a := range w.meta.Actions(page, anna) {
			if a == action {
				n++
			}
		}
		return n
	}
	if count("mark_seen") != 1 || count("typing_on") > 2 {
		t.Errorf("the page did %q", w.meta.Actions(page, anna))
	}
}

// Whatever becomes of gestures, messages go out, and nobody is told.
func TestGestures_RefusedOrHanging_DelayNoMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.meta.OnAction(func(meta.SendCall) *meta.SendOutcome { return meta.HangThenCut(patience) })
	w.run()
	k := w.ask()
	for range 20 {
		w.agent.Types(k.rid)
		w.agent.Reacts(k.asked, ":heart:")
		w.agent.Unreacts(k.asked, ":heart:")
	}
	start := time.Now()
	w.agent.Says(k.rid, "one")
	k.gets("one")
	if took := time.Since(start); took > patience/2 {
		t.Errorf("the message took %v", took)
	}
	for _, m := range w.rc.Messages(k.rid) {
		if m.Username == "bridge.bot" {
			t.Errorf("the bot says %q", m.Text)
		}
	}
}

func TestDelete_InARoomThatIsFollowed_IsNoticedAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run() // looks again in an hour
	k := w.ask()
	open := w.closeGate()
	w.agent.Says(k.rid, "head")
	w.eventually("the room is followed", func() bool {
		w.agent.Types(k.rid)
		return len(w.meta.Calls()) > 0 && w.rc.SubscribedTo(k.rid+"/deleteMessage")
	})
	one := w.agent.Says(k.rid, "one")
	k.sync(2)
	w.agent.Deletes(one)
	k.sync(3)
	open()
	k.gets("head")
}

// TestReactions_WhicheverEmojisTheWorkspaceKnows_AgentsSeeWhatTheCustomerMeant: the lists by which
// versions of Rocket.Chat name emojis differ. A name that is another emoji in one of them is
// never used, and one that a workspace refuses is told in words.
func TestReactions_WhicheverEmojisTheWorkspaceKnows_AgentsSeeWhatTheCustomerMeant(t *testing.T) {
	t.Parallel()
	base := chat.EmojiBase
	for name, c := range map[string]struct {
		profile chat.Profile
		by      *chat.EmojiList
		words   []string // these are told in words
	}{
		"6.13":                {profile: chat.V6, words: []string{"🐶", "☝️", "🫠", "📱", "😎"}},
		"7.10":                {profile: chat.V7, words: []string{"☝️", "😎"}},
		"8.9":                 {profile: chat.V89, words: []string{"☝️"}},
		"8.7, emojibase only": {profile: chat.V87, by: &base, words: []string{"🐕", "☝️", "🧔"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			with := bypassed
			with.Profile = c.profile
			w := newWorld(t, with)
			if c.by != nil {
				w.rc.NamesEmojisBy(*c.by)
			}
			w.run()
			var words []string
			for _, emoji := range []string{"❤", "👍🏽", "🐶", "🐕", "☝️", "🫠", "📱", "😎", "🧔", "🇩🇪"} {
				said := "about " + emoji
				mid := w.meta.CustomerWrites(page, anna, said)
				w.settled()
				w.meta.Send(w.meta.ReactionEvent(page, anna, mid, "other", emoji, time.Now()))
				var shown string
				w.eventually("the reaction "+emoji+" is shown", func() bool {
					shown = w.reactionTo(said, emoji)
					return shown != ""
				})
				if shown == "in words" {
					words = append(words, emoji)
				} else if bare := strings.ReplaceAll(shown, "\ufe0f", ""); bare != strings.ReplaceAll(emoji, "\ufe0f", "") {
					t.Errorf("%s is shown as %s", emoji, shown)
				}
			}
			if !slices.Equal(words, c.words) {
				t.Errorf("in words: %q, want %q", words, c.words)
			}
		})
	}
}

// reactionTo is what people see of a customer's reaction: an emoji at the message that says so, or "in words".
func (w *world) reactionTo(said, emoji string) string {
	for _, m := range w.rc.Messages(w.room()) {
		if m.Text == said && len(m.Reactions) > 0 {
			for name := range m.Reactions {
				return w.rc.EmojiShown(name)
			}
		}
		if m.Username == "bridge.bot" && strings.Contains(m.Text, "The customer reacted with "+emoji+" to a message.") {
			return "in words"
		}
	}
	return ""
}
