package commands

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/language"
)

// TicketStore keeps the codes that questions come with; bridge.Tickets has it.
type TicketStore interface {
	SaveTicket(context.Context, bridge.Ticket) error
	Ticket(id string) (bridge.Ticket, error)
	SpendTicket(ctx context.Context, id, by string) (bridge.Ticket, error)
}

// Codes are kept in a store, for five minutes by a clock.
type Codes struct {
	Store TicketStore
	Now   func() time.Time
}

// codeFor is how long a code is good.
const codeFor = 5 * time.Minute

// questions ask before what cannot be taken back. The answer needs the code that came with
// the question, so that nothing can be typed for somebody, by a button for example, that
// does harm: nobody else reads the code.
type questions struct {
	codes Codes
	say   *language.Speaker
}

// deed is what a question is asked about.
type deed struct {
	command  []string // what does it: word and target, to which the code is bound
	question string
	label    string // of the button that does it; empty: there is none
	// do does it. Nothing was done if it returns false: then the code is good again.
	do func(context.Context) (reply bridge.Reply, done bool, err error)
}

// id is of the ticket that stands for a code: in the hands of somebody else, or for
// another command or target, it is the id of none.
func (d deed) id(who bridge.UserID, code string) string {
	return fmt.Sprintf("%q", append([]string{"confirm", string(who), strings.ToLower(code)}, d.command...))
}

// settle does what the words bring the code for; else it asks.
func (q questions) settle(ctx context.Context, in call, confirms bool, code string, d deed) (bridge.Reply, error) {
	switch {
	case !confirms || code == "":
		return q.ask(ctx, in, d)
	case !in.Trusted:
		return answer(q.say.Say("I do that only in a direct message with me, or in the setup channel. Nothing was done. Type it there, with the same code.")), nil
	case !inFull(in.Words, d.command) && q.good(d.id(in.From.ID, code)): // carried out again, a name might mean nobody, or somebody else
		return answer(q.say.Say("Please type it as I have offered it, without names: `/facebook %s`. Nothing was done.", confirming(quoted(code), d.command...))), nil
	}
	t, err := q.codes.Store.SpendTicket(ctx, d.id(in.From.ID, code), string(in.ID))
	again := "/facebook " + strings.Join(d.command, " ")
	switch {
	case errors.Is(err, bridge.ErrTicketSpent):
		return answer(q.say.Say("This code was used before; nothing was done now. `%s` asks anew.", again)), nil
	case errors.Is(err, bridge.ErrTicketUnknown), errors.Is(err, bridge.ErrTicketExpired):
		return answer(q.say.Say("This code is not good, so nothing was done: one works once, within 5 minutes, for who has asked and for what. `%s` asks anew.", again)), nil
	case err != nil:
		return bridge.Reply{}, bridge.StoreRefusal(err)
	}
	reply, done, err := d.do(ctx)
	if err == nil && !done {
		err = bridge.StoreRefusal(q.codes.Store.SaveTicket(ctx, t))
	}
	return reply, err
}

// good reports whether a ticket can be spent by anything.
func (q questions) good(id string) bool {
	_, err := q.codes.Store.Ticket(id)
	return err == nil
}

// done reports whether this very message was carried out, when its target cannot be found: it
// may have been stopped before its answer was stored.
func (q questions) done(ctx context.Context, in call, code string, command ...string) bool {
	if code == "" || !in.Trusted {
		return false
	}
	id := deed{command: command}.id(in.From.ID, code)
	if q.good(id) { // nothing has spent it
		return false
	}
	_, err := q.codes.Store.SpendTicket(ctx, id, string(in.ID))
	return err == nil
}

// inFull reports whether what was typed names the targets of a command as the command does.
func inFull(typed string, command []string) bool {
	words := strings.Fields(strings.NewReplacer("`", " ", "#", " ").Replace(typed))
	for _, target := range command[1:] {
		if !slices.ContainsFunc(words, func(word string) bool { return strings.EqualFold(word, target) }) {
			return false
		}
	}
	return true
}

// ask asks, with a new code, where nobody else reads it.
func (q questions) ask(ctx context.Context, in call, d deed) (bridge.Reply, error) {
	code := strings.ToLower(rand.Text()[:8])
	err := q.codes.Store.SaveTicket(ctx, bridge.Ticket{
		ID: d.id(in.From.ID, code), Kind: bridge.ConfirmTicket, For: in.From, Expires: q.codes.Now().Add(codeFor),
	})
	if err != nil {
		return bridge.Reply{}, bridge.StoreRefusal(err)
	}
	words := confirming(code, d.command...)
	reply := answer(d.question + " " + q.say.Say("To do it, type within 5 minutes, in a direct message to me or in the setup channel:\n`%s`\nThe code works once, and only for you.", "/facebook "+words))
	reply.Private = true
	if d.label != "" {
		reply = with(reply, button(d.label, words))
	}
	return reply, nil
}

// confirmed takes apart a command that brings a code: `… confirm CODE`.
func confirmed(words []string) (rest []string, confirms bool, code string) {
	is := func(word string) bool { return strings.EqualFold(word, "confirm") }
	n := len(words)
	switch {
	case n > 1 && is(words[n-2]):
		return words[:n-2], true, strings.Trim(words[n-1], "`")
	case n > 0 && is(words[n-1]):
		return words[:n-1], true, ""
	}
	return words, false, ""
}

// confirming is a command as it has to be typed to be done, without /facebook.
func confirming(code string, words ...string) string {
	return strings.Join(append(slices.Clone(words), "confirm", code), " ")
}
