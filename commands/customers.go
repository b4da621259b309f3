package commands

import (
	"context"
	"errors"
	"strings"

	"messenger-bridge/bridge"
	"messenger-bridge/language"
)

// customerCommands block and forget customers.
type customerCommands struct {
	customers Customers
	pages     bridge.Pages
	ask       questions
	say       *language.Speaker
}

func (c customerCommands) forget(ctx context.Context, in call) (bridge.Reply, error) {
	words, confirms, code := confirmed(strings.Fields(in.rest))
	p, customer, problem, err := c.customer("forget", words)
	if err != nil || problem.Text != "" {
		return problem, err
	}
	return c.ask.settle(ctx, in, confirms, code, deed{
		command: []string{"forget", string(p.ID), string(customer)},
		question: c.say.Say("This erases the customer `%s` of *%s*: open rooms are closed, then all rooms with all messages are removed from Rocket.Chat, and everything that is stored here. What waits is not delivered any more. It cannot be undone.",
			customer, p.PlainName()),
		do: func(ctx context.Context) (bridge.Reply, bool, error) { return c.forgotten(ctx, p, customer) },
	})
}

// customer finds the page and the customer that a command names. A problem is the answer.
func (c customerCommands) customer(word string, words []string) (p bridge.Page, id bridge.CustomerID, problem bridge.Reply, err error) {
	p, err = c.pages.Page(bridge.PageID(first(words)))
	if err != nil {
		return p, "", problem, err
	}
	if len(words) < 2 {
		return p, "", answer(c.say.Say("Which customer? Name the customer by the id at Facebook, or by the link to a room of theirs: `/facebook %s %s <customer>`", word, p.ID)), nil
	}
	id, err = c.customers.Customer(p.ID, words[1])
	if errors.Is(err, bridge.ErrNoCustomer) {
		return p, "", answer(c.say.Say("Nothing is stored about the customer `%s` of *%s*. Nothing was changed.", quoted(words[1]), p.PlainName())), nil
	}
	return p, id, problem, err
}

func (c customerCommands) block(ctx context.Context, in call) (bridge.Reply, error) {
	p, customer, problem, err := c.customer("block", strings.Fields(in.rest))
	if err != nil || problem.Text != "" {
		return problem, err
	}
	if err := c.customers.Block(ctx, p.ID, customer, true); err != nil {
		return bridge.Reply{}, err
	}
	reply := answer(c.say.Say("The customer `%s` can no longer write to *%s* at Facebook. `/facebook unblock %s %s` lifts that.", customer, p.PlainName(), p.ID, customer))
	reply.Changed = c.say.Say("*%s*: @%s has blocked a customer at Facebook.", p.PlainName(), bridge.PlainWords(in.From.Username))
	return reply, nil
}

func (c customerCommands) unblock(ctx context.Context, in call) (bridge.Reply, error) {
	p, customer, problem, err := c.customer("unblock", strings.Fields(in.rest))
	if err != nil || problem.Text != "" {
		return problem, err
	}
	if err := c.customers.Block(ctx, p.ID, customer, false); err != nil {
		return bridge.Reply{}, err
	}
	reply := answer(c.say.Say("The customer `%s` may write to *%s* again at Facebook.", customer, p.PlainName()))
	reply.Changed = c.say.Say("*%s*: @%s lets a customer write again at Facebook.", p.PlainName(), bridge.PlainWords(in.From.Username))
	return reply, nil
}

// forgotten forgets a customer and says honestly what was and what was not done.
func (c customerCommands) forgotten(ctx context.Context, p bridge.Page, customer bridge.CustomerID) (reply bridge.Reply, done bool, err error) {
	gone, err := c.customers.Forget(ctx, p.ID, customer)
	switch {
	case errors.Is(err, bridge.ErrRoomStays):
		return answer(c.say.Say("Rocket.Chat does not let me close the customer's open room, so nothing was erased. Close the room (perhaps it needs tags), then type the same again.")), false, nil
	case err != nil:
		return bridge.Reply{}, false, err
	}
	return answer(gone.In(c.say)), true, nil
}
