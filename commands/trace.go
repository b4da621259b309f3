package commands

import (
	"context"
	"strings"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/language"
)

// Tracer follows messages.
type Tracer interface {
	// Trace returns what became of a message, or of a room's messages, oldest first.
	Trace(ctx context.Context, what string) ([]bridge.Course, error)
}

// traceCommand shows what became of one message; never what stood in it.
type traceCommand struct {
	tracer Tracer
	pages  bridge.Pages
	say    *language.Speaker
}

// longestTraced is how much is shown of an id, which is more than any honest one has.
const longestTraced = 255

// tracedAtOnce is how many courses fit into one message.
const tracedAtOnce = 8

func (t traceCommand) show(ctx context.Context, in call) (bridge.Reply, error) {
	what, _ := cutWord(in.rest)
	if what == "" {
		return answer(t.say.Say("Which message? Name it by its link (⋮ → Copy link) or its id, at Facebook or here; or name a chat by its link.")), nil
	}
	all, err := t.tracer.Trace(ctx, what)
	if err != nil {
		return bridge.Reply{}, bridge.StoreRefusal(err)
	}
	if len(all) == 0 {
		return answer(t.say.Say("Nothing is known of `%s`: it never came here, or it is longer ago than 30 days.", quoted(what))), nil
	}
	var b strings.Builder
	if left := len(all) - tracedAtOnce; left > 0 {
		b.WriteString(t.say.Say("The newest %d of %d:", tracedAtOnce, len(all)) + "\n")
		all = all[left:]
	}
	for _, c := range all {
		t.course(&b, c)
	}
	return answer(strings.TrimRight(b.String(), "\n")), nil
}

// course writes what became of one delivery: a heading, and a line for each step.
func (t traceCommand) course(b *strings.Builder, c bridge.Course) {
	b.WriteString("*" + t.say.Say(headings[c.Direction]) + "*")
	for _, id := range c.IDs { // agents choose those of their messages
		b.WriteString(" `" + within(id, longestTraced) + "`")
	}
	if p, err := t.pages.Page(c.Conversation.Page); err == nil {
		b.WriteString(" · " + p.PlainName())
	}
	if c.What != "" {
		b.WriteString(" · " + c.What)
	}
	b.WriteString("\n")
	line := func(at time.Time, text string) { b.WriteString("• " + t.say.Time(at) + " " + text + "\n") }
	line(c.Accepted, t.say.Say("accepted"))
	for _, s := range c.Steps {
		line(s.At, StepText(t.say, s))
	}
	if c.Waiting {
		b.WriteString("• " + t.say.Say("it waits") + "\n")
	}
}

// headings say where a delivery goes.
var headings = map[bridge.Direction]string{
	bridge.In: language.Sentence("to agents"), bridge.Out: language.Sentence("to the customer"), bridge.ToAgents: language.Sentence("a word or mark of mine"),
}

var stepSentences = map[bridge.StepKind]string{
	bridge.StepDone: language.Sentence("delivered"), bridge.StepSkipped: language.Sentence("not sent: it was deleted, or replaced, before"),
	bridge.StepRestart: language.Sentence("the bridge started"),
}

// StepText says what happened in one step, in a few words.
func StepText(say *language.Speaker, s bridge.Step) string {
	why := Reason(say, s.Reason)
	if s.Detail != "" {
		why += " (" + s.Detail + ")"
	}
	switch s.Kind {
	case bridge.StepRefused:
		return say.Say("tried; it stays: %s", why)
	case bridge.StepGivenUp:
		return say.Say("given up: %s", why)
	}
	if sentence := stepSentences[s.Kind]; sentence != "" {
		return say.Say(sentence)
	}
	return string(s.Kind)
}
