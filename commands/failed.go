package commands

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"messenger-bridge/bridge"
	"messenger-bridge/language"
)

// Failures is what could not be delivered; bridge.Bridge has it.
type Failures interface {
	DeadLetters(page bridge.PageID, before bridge.Seq, limit int) (list []bridge.DeadLetter, more int, err error)
	Retry(ctx context.Context, anyway bool, seqs ...bridge.Seq) ([]bridge.RetryResult, error)
	RetryAll(context.Context, bridge.PageID) (again, overtaken int, err error)
}

// failureCommands show what was not delivered and try it again.
type failureCommands struct {
	failures Failures
	pages    bridge.Pages
	roomLink func(bridge.RoomID) string
	ask      questions
	say      *language.Speaker
}

// failedAtOnce is how many failures one answer lists: two lines each fit into a
// message, and on two screens of a phone.
const failedAtOnce = 10

// reasons say why something was not delivered, for those who look after pages.
// Agents read longer sentences, on the message itself.
var reasons = map[bridge.Reason]string{
	bridge.WorkspaceDown:    language.Sentence("Rocket.Chat could not be reached"),
	bridge.WorkspaceError:   language.Sentence("Rocket.Chat refused it"),
	bridge.NoAgent:          language.Sentence("nobody was there to take the chat"),
	bridge.OmnichannelOff:   language.Sentence("Omnichannel was switched off"),
	bridge.ContactBlocked:   language.Sentence("the contact is blocked in Rocket.Chat"),
	bridge.RoomClosed:       language.Sentence("the chat was closed"),
	bridge.VisitorUnknown:   language.Sentence("Rocket.Chat does not know the customer"),
	bridge.TooLong:          language.Sentence("it is too long for Rocket.Chat"),
	bridge.DepartmentGone:   language.Sentence("the department was deleted"),
	bridge.RateLimited:      language.Sentence("Facebook asks to send more slowly"),
	bridge.MetaDown:         language.Sentence("Facebook could not be reached"),
	bridge.MetaError:        language.Sentence("Facebook failed several times"),
	bridge.PageLost:         language.Sentence("the page has to be authorised again"),
	bridge.PageGone:         language.Sentence("the page was no longer connected"),
	bridge.PageOffReason:    language.Sentence("the page is switched off"),
	bridge.PageRestricted:   language.Sentence("Facebook restricts the page"),
	bridge.NotApproved:      language.Sentence("Facebook has not approved the app for this"),
	bridge.WindowClosed:     language.Sentence("the customer had written too long ago"),
	bridge.CustomerBlocked:  language.Sentence("the customer could not be reached"),
	bridge.OtherAppControls: language.Sentence("another app held the conversation"),
	bridge.FilesOff:         language.Sentence("the page's settings let no files through"),
	bridge.FileType:         language.Sentence("the page's settings do not let this kind of file through"),
	bridge.FileTooBig:       language.Sentence("a file was too big"),
	bridge.FileGone:         language.Sentence("a file was not there any more"),
	bridge.FileForbidden:    language.Sentence("a file could not be read: I may not"),
	bridge.FileUnreadable:   language.Sentence("a file could not be read completely"),
	bridge.FileWithheld:     language.Sentence("Rocket.Chat did not hand a file out"),
	bridge.FileReplaced:     language.Sentence("Rocket.Chat handed out something else in place of a file"),
	bridge.FileRefused:      language.Sentence("Facebook does not take a file"),
	bridge.Unsupported:      language.Sentence("it held nothing that Messenger takes"),
	bridge.Rejected:         language.Sentence("Facebook refused the content"),
	bridge.Unexplained:      language.Sentence("Facebook refused it"),
	bridge.Unclear:          language.Sentence("perhaps it was delivered; nobody can tell"),
	bridge.StoreFailed:      language.Sentence("its stored record cannot be read"),
}

// Reason says a reason in a few words.
func Reason(say *language.Speaker, r bridge.Reason) string {
	if sentence := reasons[r]; sentence != "" {
		return say.Say(sentence)
	}
	return string(r)
}

// list lists what was not delivered: why, when, whose, and where; never what.
func (c failureCommands) list(_ context.Context, in call) (bridge.Reply, error) {
	words := strings.Fields(in.rest)
	var before bridge.Seq
	if n := len(words); n >= 2 && strings.EqualFold(words[n-2], "before") {
		id, ok := failureID(words[n-1])
		if !ok {
			return c.noFailureID(words[n-1]), nil
		}
		before, words = id, words[:n-2]
	}
	page := bridge.PageID("")
	if len(words) > 0 {
		page = bridge.PageID(words[0])
	}
	list, more, err := c.failures.DeadLetters(page, before, failedAtOnce)
	if err != nil {
		return bridge.Reply{}, bridge.StoreRefusal(err)
	}
	if len(list) == 0 {
		if page != "" {
			if _, err := c.pages.Page(page); err != nil {
				return bridge.Reply{}, err
			}
		}
		return answer(c.say.Say("Everything was delivered, as far back as 7 days.")), nil
	}
	var b strings.Builder
	b.WriteString(c.say.Say("Not delivered, newest first:") + "\n")
	for _, f := range list {
		b.WriteString(c.failureText(f))
	}
	last := strconv.FormatUint(uint64(list[len(list)-1].Seq), 10)
	b.WriteString(c.say.Say("`/facebook retry %s` tries one again.", strconv.FormatUint(uint64(list[0].Seq), 10)))
	if more > 0 {
		b.WriteString(" " + c.say.Say("There are %d more: `%s`", more, strings.Join(append(append([]string{"/facebook failed"}, words...), "before", last), " ")))
	}
	return with(answer(b.String()), c.tryAgain(list)...), nil
}

// tryAgain offers to try the newest ones again.
func (c failureCommands) tryAgain(list []bridge.DeadLetter) (all []bridge.Shortcut) {
	for _, f := range list[:min(len(list), mostButtons)] {
		id := strconv.FormatUint(uint64(f.Seq), 10)
		all = append(all, button(c.say.Say("Try %s again", id), "retry "+id))
	}
	return all
}

// failureText is two lines: which, when and whose; why, and where to look. The link
// leads to the chat, not to the message: Rocket.Chat would quote that, for everybody
// in the setup channel to read. There the message is marked.
func (c failureCommands) failureText(f bridge.DeadLetter) string {
	at := f.Written
	if at.IsZero() {
		at = f.Accepted
	}
	who := ""
	switch {
	case f.Unreadable:
	case f.Direction == bridge.In:
		who = c.say.Say("from customer …%s", tail(f.Customer))
	case f.Direction == bridge.ToAgents:
		who = c.say.Say("a word from me to @%s", bridge.PlainWords(f.By.Username))
	case f.By.Username == "":
		who = c.say.Say("an automatic text to customer …%s", tail(f.Customer))
	default:
		who = c.say.Say("from @%s to customer …%s", bridge.PlainWords(f.By.Username), tail(f.Customer))
	}
	if p, err := c.pages.Page(f.Page()); err == nil {
		who += " · " + p.PlainName()
	}
	why := Reason(c.say, f.Reason)
	if f.Detail != "" {
		why += " (`" + f.Detail + "`)"
	}
	if f.Arrived > 0 {
		why += " · " + c.say.Say("%d of %d parts arrived", f.Arrived, f.Parts)
	}
	if f.RetryNo > 0 {
		why += " · " + c.say.Say("tried again %d times", f.RetryNo)
	}
	if f.Room != "" {
		why += fmt.Sprintf(" · [%s](%s)", c.say.Say("open the chat"), c.roomLink(f.Room))
	}
	return fmt.Sprintf("`%d` %s %s\n   %s\n", f.Seq, c.say.Time(at), who, why)
}

// tail is enough of an id to tell customers apart, and not who they are.
func tail(id bridge.CustomerID) string { return string(id[max(0, len(id)-4):]) }

// retry puts failures back into their lanes. The outcome shows on the message, where
// the agent looks.
func (c failureCommands) retry(ctx context.Context, in call) (bridge.Reply, error) {
	words, confirms, code := confirmed(strings.Fields(in.rest))
	if len(words) > 0 && strings.EqualFold(words[0], "all") {
		return c.retryAll(ctx, words[1:])
	}
	anyway := len(words) > 1 && strings.EqualFold(words[len(words)-1], "anyway")
	if anyway {
		words = words[:len(words)-1]
	}
	var seqs []bridge.Seq
	for _, word := range words {
		id, ok := failureID(word)
		if !ok {
			return c.noFailureID(word), nil
		}
		seqs = append(seqs, id)
	}
	if len(seqs) == 0 {
		return answer(c.say.Say("Which one? `/facebook failed` shows what was not delivered, each with its number.")), nil
	}
	slices.Sort(seqs) // messages of a conversation in the order in which they were written
	if !anyway {
		return c.retryThese(ctx, false, seqs)
	}
	numbers := strings.Fields(strings.Trim(fmt.Sprint(seqs), "[]"))
	return c.ask.settle(ctx, in, confirms, code, deed{
		command:  append(append([]string{"retry"}, numbers...), "anyway"),
		question: c.say.Say("This sends `%s` without finding out whether it has arrived: the customer may have it twice then.", strings.Join(numbers, " ")),
		do: func(ctx context.Context) (bridge.Reply, bool, error) {
			reply, err := c.retryThese(ctx, true, seqs)
			return reply, true, err
		},
	})
}

func (c failureCommands) retryThese(ctx context.Context, anyway bool, seqs []bridge.Seq) (bridge.Reply, error) {
	became, err := c.failures.Retry(ctx, anyway, seqs...)
	if err != nil {
		return bridge.Reply{}, err
	}
	var lines []string
	for i, seq := range seqs {
		lines = append(lines, c.say.Say(outcomes[became[i]], strconv.FormatUint(uint64(seq), 10)))
	}
	return answer(strings.Join(lines, "\n")), nil
}

var outcomes = map[bridge.RetryResult]string{
	bridge.TriedAgain: language.Sentence("`%s` is tried again. Whether it arrives shows on the message, in its chat."),
	bridge.TriedTwice: language.Sentence("`%s` was tried again before. If it failed once more, `/facebook failed` shows it under another number."),
	bridge.NotKept:    language.Sentence("There is no `%s` among what was not delivered; `/facebook failed` shows the list. After 7 days it cannot be tried again."),
	bridge.Unreadable: language.Sentence("`%s` cannot be read any more, so it cannot be tried again."),
	bridge.Overtaken:  language.Sentence("`%s` is not sent: its author has deleted or replaced it since."),
}

func (c failureCommands) retryAll(ctx context.Context, words []string) (bridge.Reply, error) {
	rest, _ := named(c.pages.Pages(), beforeNothing, strings.Join(words, " "))
	words = strings.Fields(rest)
	if len(words) == 0 {
		return bridge.Reply{}, bridge.ErrNoPage // which one?
	}
	n, overtaken, err := c.failures.RetryAll(ctx, bridge.PageID(words[0]))
	switch {
	case err != nil:
		return bridge.Reply{}, err
	case n+overtaken == 0:
		if _, err := c.pages.Page(bridge.PageID(words[0])); err != nil {
			return bridge.Reply{}, err
		}
		return answer(c.say.Say("Nothing is left to be tried again, as far back as 7 days.")), nil
	}
	lines := []string{c.say.Say("Tried again: %d. Whether they arrive shows on the messages, in their chats.", n)}
	if overtaken > 0 {
		lines = append(lines, c.say.Say("Not sent, because their authors have deleted or replaced them since: %d.", overtaken))
	}
	return answer(strings.Join(lines, "\n")), nil
}

func failureID(word string) (bridge.Seq, bool) {
	n, err := strconv.ParseUint(strings.TrimLeft(strings.Trim(word, "`"), "#"), 10, 64)
	return bridge.Seq(n), err == nil && n > 0
}

func (c failureCommands) noFailureID(word string) bridge.Reply {
	return answer(c.say.Say("`%s` is no number of the list that `/facebook failed` shows.", quoted(word)))
}
