package e2e

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/sandbox/chat"
	"messenger-bridge/sandbox/meta"
)

const commenter = "7770001112223334" // Anna, below posts

// thread is a person who comments, and the room for that.
type thread struct {
	*world
	post, comment string
	rid           string
}

// commented starts a world in which Anna has commented on a post.
func commented(t *testing.T, set func(*bridge.Settings)) *thread {
	t.Helper()
	w := newWorld(t, bypassed)
	w.setPage(func(s *bridge.Settings) {
		s.Comments = true
		if set != nil {
			set(s)
		}
	})
	w.meta.AllowComments(page)
	w.run()
	w.commentsCome()
	k := &thread{world: w, post: w.meta.AddPost(page, "Summer  sale:\nall shoes")}
	w.meta.NamePerson(commenter, "Anna Example", anna)
	w.meta.LastAction(page, anna, time.Time{})
	k.comment = w.meta.PersonComments(k.post, commenter, "In blue? secret-text")
	k.rid = w.room()
	k.shown("In blue? secret-text")
	return k
}

// commentsCome waits until comments are subscribed at both levels.
func (w *world) commentsCome() {
	w.Helper()
	w.eventually("comments are subscribed", func() bool {
		return slices.Contains(w.meta.Subscribed(page), "feed") && slices.Contains(w.meta.AppSubscribed(), "feed")
	})
}

// shown waits until a comment is shown, and returns as which message.
func (k *thread) shown(text string) (id string) {
	k.Helper()
	k.eventually(text+" is shown", func() bool {
		for _, m := range k.rc.Messages(k.rid) {
			if m.FromVisitor && strings.HasSuffix(m.Text, text) {
				id = m.ID
			}
		}
		return id != ""
	})
	k.settled()
	return id
}

// published waits until the page's answers below a comment are these, and nothing is
// under way any more.
func (k *thread) published(comment string, want ...string) {
	k.Helper()
	k.eventually(fmt.Sprintf("the page's answers are %q", want), func() bool { return len(k.meta.PageReplies(comment)) >= len(want) })
	k.settled()
	if got := k.meta.PageReplies(comment); !slices.Equal(got, want) {
		k.Errorf("the page's answers are %q, want %q", got, want)
	}
}

// told waits until an agent is told something about a message.
func (k *thread) told(id, part string) {
	k.Helper()
	k.eventually("the agent is told: "+part, func() bool { return strings.Contains(strings.Join(k.notices(k.rid, id), "\n"), part) })
}

// quiet expects that no agent was told of anything, and that no answer of ours came back.
func (k *thread) quiet() {
	k.Helper()
	k.settled()
	for _, room := range k.rc.Rooms() {
		for _, m := range k.rc.Messages(room.ID) {
			if m.Username == "bridge.bot" && !strings.HasPrefix(m.Text, "Everybody can read") {
				k.Errorf("the bot says %q", m.Text)
			}
		}
	}
}

func TestComments_RoomOfTheirOwn_PublicAnswers(t *testing.T) {
	t.Parallel()
	k := commented(t, nil)
	room := k.rc.Rooms()[0]
	first := k.rc.CustomerTexts(k.rid)[0]
	if _, n, _ := strings.Cut(k.comment, "_"); room.VisitorName != "Anna Example" || !strings.HasPrefix(first, "> [Comment below the post “Summer sale: all shoes”: "+k.meta.PostLink(k.post)+"?comment_id="+n+"]\n") {
		t.Errorf("%s comments %q", room.VisitorName, first)
	}
	k.agent.Says(k.rid, "Yes, *tomorrow*")
	k.published(k.comment, "Yes, tomorrow")

	other := k.meta.PersonComments(k.post, commenter, "And in red?")
	quoted := k.shown("And in red?")
	k.meta.PersonComments(k.post, commenter, "Hello?")
	k.shown("Hello?")
	k.agent.Quotes(k.rid, quoted, "Red, too")
	k.published(other, "Red, too")

	// The latest is remembered, and both rooms are open.
	k.halt()
	k.run()
	answered := k.meta.PersonComments(other, commenter, "Great")
	k.shown("Great")
	k.agent.Says(k.rid, "Our pleasure")
	k.published(answered, "Red, too", "Our pleasure")
	k.meta.CustomerWrites(page, anna, "Hello in Messenger")
	k.eventually("a second room is open", func() bool { return len(k.rc.Rooms()) == 2 && k.rc.Rooms()[1].Open })
	k.quiet()
	if len(k.received(anna)) > 0 || !k.rc.Rooms()[0].Open {
		t.Errorf("public answers went to Messenger: %q", k.received(anna))
	}
}

// TestComments_AnswerLost_PublishedOnce lets Meta's answer to a public reply get lost
// in every way. It is published once, comes back once at most, and nobody is alarmed.
func TestComments_AnswerLost_PublishedOnce(t *testing.T) {
	t.Parallel()
	k := commented(t, nil)
	for echo, mode := range map[string]meta.EchoMode{"before": meta.EchoBefore, "never": meta.EchoNever, "twice": meta.EchoTwice} {
		k.meta.Echoes(mode)
		asked := map[string]string{} // texts, by comment
		for name, make := range answers {
			for _, delivered := range []bool{true, false} {
				if name == "613" && delivered {
					continue // Meta says that nothing was published
				}
				what := fmt.Sprintf("%s, published %v, echo %s", name, delivered, echo)
				comment := k.meta.PersonComments(k.post, "9"+strconv.Itoa(len(k.rc.Rooms())*100+len(asked)), what+"?")
				k.meta.FailCalls("POST", comment+"/comments", 1, make(delivered))
				asked[comment] = what
			}
		}
		for _, what := range asked {
			k.agent.Says(k.roomWith(what+"?"), what)
		}
		for comment, what := range asked {
			k.published(comment, what)
		}
	}
	k.quiet()
}

// roomWith waits for the room in which a customer wrote what ends with the text.
func (k *thread) roomWith(text string) (rid string) {
	k.Helper()
	k.eventually(text+" is shown", func() bool {
		for _, room := range k.rc.Rooms() {
			if slices.ContainsFunc(k.rc.CustomerTexts(room.ID), func(m string) bool { return strings.HasSuffix(m, text) }) {
				rid = room.ID
			}
		}
		return rid != ""
	})
	return rid
}

// TestComments_StoppedInBetween_PublishedOnce stops the bridge while nobody knows
// whether a reply was published.
func TestComments_StoppedInBetween_PublishedOnce(t *testing.T) {
	t.Parallel()
	for _, delivered := range []bool{true, false} {
		k := commented(t, nil)
		k.meta.FailCalls("POST", k.comment+"/comments", 1, &meta.SendOutcome{Deliver: delivered, Hang: time.Hour, Cut: true})
		k.agent.Says(k.rid, "Yes")
		k.eventually("the call is under way", func() bool {
			return slices.ContainsFunc(k.meta.Calls(), func(c meta.Call) bool { return c.Method == "POST" && strings.HasSuffix(c.Path, "/comments") })
		})
		k.halt()
		k.run()
		k.published(k.comment, "Yes")
		k.quiet()
	}
}

// TestComments_NothingToBeFoundOut_AgentDecides: where the comments cannot be read, a
// reply of which nobody knows is not repeated.
func TestComments_NothingToBeFoundOut_AgentDecides(t *testing.T) {
	t.Parallel()
	k := commented(t, nil)
	k.meta.FailCalls("GET", "/comments", 2, meta.Refused(100, 0, "")) // at once, and when the echo had its time
	k.meta.FailCalls("POST", k.comment+"/comments", 1, meta.DeliveredThenCut())
	k.meta.Echoes(meta.EchoNever)
	id := k.agent.Says(k.rid, "Yes")
	k.told(id, "Perhaps not delivered")
	k.published(k.comment, "Yes")
}

func TestComments_Private_OncePerComment(t *testing.T) {
	t.Parallel()
	k := commented(t, nil)
	k.agent.Says(k.rid, "!private Please write us your address")
	k.eventually("the private answer arrives", func() bool { return slices.Equal(k.received(anna), []string{"Please write us your address"}) })
	k.quiet()

	again := k.agent.Says(k.rid, "!private And your size")
	k.told(again, "allows one private answer to a comment")
	k.meta.PersonComments(k.post, commenter, "Second")
	k.shown("Second")
	long := k.agent.Says(k.rid, "!private "+strings.Repeat("long ", 500))
	k.told(long, "has to fit into one message")
	lost := k.agent.Says(k.rid, "!private\nSecond answer")
	k.eventually("the second private answer arrives", func() bool { return len(k.received(anna)) == 2 })
	k.settled()
	if told := k.notices(k.rid, lost); len(told) > 0 {
		t.Error("the agent was told", told)
	}
	used := k.meta.PersonComments(k.post, commenter, "Third")
	k.shown("Third")
	k.meta.RepliedPrivately(used)
	k.told(k.agent.Says(k.rid, "!private Third answer"), "allows one private answer to a comment")
	k.meta.PersonComments(k.post, commenter, "Fourth")
	k.shown("Fourth")
	k.meta.PassTime(7*24*time.Hour + time.Hour)
	k.told(k.agent.Says(k.rid, "!private Fourth answer"), "more than 7 days old")
	if got := k.meta.PageReplies(k.comment); len(got) > 0 {
		t.Errorf("private answers were published: %q", got)
	}
}

// TestComments_PrivateAnswerLost_ArrivesOnce is the same with lost answers. Meta's
// refusal of a second private answer is what makes a repeat harmless.
func TestComments_PrivateAnswerLost_ArrivesOnce(t *testing.T) {
	t.Parallel()
	k := commented(t, nil)
	var want []string
	for i, lost := range []*meta.SendOutcome{meta.DeliveredThenCut(), meta.CutBefore(), meta.Status500(true), meta.Status500(false)} {
		text := fmt.Sprint("comment ", i)
		k.meta.PersonComments(k.post, commenter, text)
		k.shown(text)
		k.meta.NextSends(lost)
		k.agent.Says(k.rid, "!private answer to "+text)
		want = append(want, "answer to "+text)
		k.eventually("it arrives", func() bool { return len(k.received(anna)) >= len(want) })
		k.settled()
	}
	if got := k.received(anna); !slices.Equal(got, want) {
		t.Errorf("the customer sees %q", got)
	}
	k.quiet()

	k.meta.PersonComments(k.post, commenter, "the last")
	k.shown("the last")
	k.meta.Echoes(meta.EchoNever)
	k.meta.NextSends(meta.DeliveredThenCut())
	k.told(k.agent.Says(k.rid, "!private answer to the last"), "Perhaps not delivered")
	if got := k.received(anna); len(got) != len(want)+1 {
		t.Errorf("the customer sees %q", got)
	}
}

func TestComments_AnswerEdited_ChangesWhatIsPublished(t *testing.T) {
	t.Parallel()
	k := commented(t, nil)
	id := k.agent.Says(k.rid, "We open at 8")
	k.published(k.comment, "We open at 8")
	k.agent.Edits(id, "We open at 9")
	k.eventually("the answer is changed", func() bool { return slices.Equal(k.meta.PageReplies(k.comment), []string{"We open at 9"}) })
	k.quiet()
	k.meta.RemoveComment(k.meta.Comments(k.post)[1].ID)
	k.told(id, "This answer was deleted at Facebook")
}

// TestComments_AnswerEdited_GoesWhereItWas makes a published answer private, a private one public, and a long one short: what
// would stay at Facebook is said to the agent.
func TestComments_AnswerEdited_GoesWhereItWas(t *testing.T) {
	t.Parallel()
	k := commented(t, func(s *bridge.Settings) { s.TextLimit = 200 })
	public := k.agent.Says(k.rid, "Your card was refused")
	k.published(k.comment, "Your card was refused")
	k.agent.Edits(public, "!private Your card was refused")
	k.told(public, "it was published before, and everybody still reads what it said")
	k.agent.Edits(public, "Please look into Messenger")
	k.eventually("it is changed", func() bool {
		return slices.Equal(k.meta.PageReplies(k.comment), []string{"Please look into Messenger"})
	})

	second := k.meta.PersonComments(k.post, commenter, "Second")
	k.shown("Second")
	private := k.agent.Says(k.rid, "!private Hello")
	k.eventually("it arrives in Messenger", func() bool { return slices.Equal(k.received(anna), []string{"Hello"}) })
	k.settled()
	k.agent.Edits(private, "Hello")
	k.told(private, "it was sent in Messenger before")

	third := k.meta.PersonComments(k.post, commenter, "Third")
	k.shown("Third")
	long := k.agent.Says(k.rid, strings.Repeat("word ", 60))
	answers := func(n int, begins string) {
		k.Helper()
		k.eventually("the answer is "+begins, func() bool {
			all := k.meta.PageReplies(third)
			return len(all) == n && strings.HasPrefix(all[0], begins)
		})
		k.settled()
	}
	answers(2, "word")
	for _, text := range []string{"Short", "Shorter"} {
		k.agent.Edits(long, text)
		answers(2, text)
	}
	if told := k.notices(k.rid, long); len(told) != 1 || !strings.Contains(told[0], "everybody still reads the rest of what it said") {
		t.Errorf("the agent is told %q", told)
	}
	k.agent.Edits(long, strings.Repeat("other ", 60))
	answers(2, "other")
	if all := k.meta.PageReplies(third); strings.Contains(all[1], "word") {
		t.Errorf("the second part is still %q", all[1])
	}
	if all := append(k.meta.PageReplies(k.comment), k.meta.PageReplies(second)...); len(all) != 1 || len(k.received(anna)) != 1 {
		t.Errorf("everybody reads %q, Anna in Messenger %q", all, k.received(anna))
	}
}

// TestComments_NoteQuoted_IsNotPublished quotes a note, and what was said in Messenger, where everybody can read it.
func TestComments_NoteQuoted_IsNotPublished(t *testing.T) {
	t.Parallel()
	k := commented(t, nil)
	asked, note := k.shown("In blue? secret-text"), k.agent.Says(k.rid, "!note she never pays")
	private := k.agent.Says(k.rid, "!private Your card was refused")
	k.eventually("both are known", func() bool { return len(k.reactions(k.rid, note)) == 1 && len(k.received(anna)) == 1 })
	k.settled()
	k.agent.QuotesAll(k.rid, []string{asked, note, private}, "Yes")
	k.published(k.comment, "Yes")
}

func TestComments_NotAnswered_AgentIsTold(t *testing.T) {
	t.Parallel()
	k := commented(t, nil)
	k.agent.Uploads(k.rid, "", chat.File{Name: "price.pdf", Type: "application/pdf", Content: []byte("%PDF-1.7")})
	k.eventually("the agent is told of the file", func() bool {
		return slices.ContainsFunc(k.rc.Messages(k.rid), func(m chat.Message) bool { return strings.Contains(m.Text, "answered with texts only") })
	})
	k.meta.Tweak(func(q *meta.Quirks) { q.RefuseDuplicates = true })
	k.agent.Says(k.rid, "Yes")
	k.published(k.comment, "Yes")
	k.told(k.agent.Says(k.rid, "Yes"), "the same text twice")

	k.meta.Grant(page, "pages_manage_engagement", false)
	k.told(k.agent.Says(k.rid, "Really"), "type `/facebook authorize`")
	k.eventually("administrators are told what is missing", func() bool {
		return strings.Contains(k.announced(), "something is missing for comments") && strings.Contains(k.announced(), "pages_manage_engagement")
	})
	k.meta.CustomerWrites(page, ben, "Hello in Messenger")
	k.eventually("a second room is open", func() bool { return len(k.rc.Rooms()) == 2 })
	k.agent.Says(k.rc.Rooms()[1].ID, "Hello Ben")
	k.eventually("messages are answered all the same", func() bool { return slices.Equal(k.received(ben), []string{"Hello Ben"}) })
	k.meta.Grant(page, "pages_manage_engagement", true)

	k.meta.RemoveComment(k.comment)
	k.told(k.agent.Says(k.rid, "Too late"), "the comment is no longer there")
}

// TestComments_Off_NothingIsShown, although Facebook sends them: somebody has subscribed them
// for the same app, by hand, and keeps that.
func TestComments_Off_NothingIsShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.meta.AllowComments(page)
	w.meta.SubscribePage(page, meta.PageFields...)
	w.meta.SubscribeApp(meta.PageFields...)
	w.run()
	w.meta.PersonComments(w.meta.AddPost(page, "Sale"), commenter, "In blue?")
	w.meta.CustomerWrites(page, anna, "Hello")
	w.room()
	w.settled()
	if got := w.texts(); !slices.Equal(got, []string{"Hello"}) {
		t.Errorf("agents see %q", got)
	}
	if !slices.Contains(w.meta.Subscribed(page), "feed") || !slices.Contains(w.meta.AppSubscribed(), "mention") {
		t.Errorf("what others had subscribed is gone: %v, %v", w.meta.Subscribed(page), w.meta.AppSubscribed())
	}
}

// TestComments_WrittenChangedAndRemovedAtNight_NothingOfItIsSaid: what a person took away before an agent was there is not
// read by anybody, also not as the correction of a comment that is not there. One that was hidden is said to be.
func TestComments_WrittenChangedAndRemovedAtNight_NothingOfItIsSaid(t *testing.T) {
	t.Parallel()
	clock := &clock{}
	w := newWorldAt(t, bypassed, clock.now)
	w.setPage(func(s *bridge.Settings) { s.Comments = true })
	w.meta.AllowComments(page)
	w.run()
	w.commentsCome()
	post := w.meta.AddPost(page, "Summer sale")
	w.meta.PersonComments(post, commenter, "In blue?")
	first := w.room()
	w.eventually("it is shown", func() bool { return len(w.rc.CustomerTexts(first)) == 1 })
	w.agent.Closes(first, "")
	w.agent.GoesOffline()
	regretted := w.meta.PersonComments(post, commenter, "call me: 0170 123")
	w.meta.EditComment(regretted, "call me: 0170 456")
	w.meta.RemoveComment(regretted)
	hidden := w.meta.PersonComments(post, commenter, "And in red?")
	w.meta.HideComment(hidden, true)
	w.eventually("Meta is rid of it", func() bool { return w.meta.Waiting() == 0 })
	clock.pass(time.Minute) // nobody waits any longer for a comment that has not come
	w.agent.GoesOnline()
	w.eventually("the comment is shown", func() bool { return len(w.rc.Rooms()) == 2 })
	w.settled()
	said := ""
	for _, room := range w.rc.Rooms() {
		for _, m := range w.rc.Messages(room.ID) {
			if !m.Deleted { // one whose showing was begun before its removal came
				said += m.Text + "\n"
			}
		}
	}
	if strings.Contains(said, "0170") || !strings.Contains(said, "And in red?") || strings.Count(said, "hidden") != 1 {
		t.Errorf("agents read %q", said)
	}
}
