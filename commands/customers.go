package commands

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"messenger-bridge/bridge"
	"messenger-bridge/language"
	"messenger-bridge/near"
)

// customerCommands block and forget customers.
type customerCommands struct {
	customers Customers
	pages     bridge.Pages
	roomLink  func(bridge.RoomID) string
	ask       questions
	say       *language.Speaker
}

func (c customerCommands) forget(ctx context.Context, in call) (bridge.Reply, error) {
	words, confirms, code := confirmed(strings.Fields(in.rest))
	p, customer, named, problem, err := c.customer(in, "forget", words)
	if err != nil || problem.Text != "" {
		if err == nil && len(words) == 2 && c.ask.done(ctx, in, code, "forget", words[0], words[1]) {
			return answer(c.say.Say("It is done: nothing is stored here about the customer `%s` any more.", quoted(words[1]))), nil
		}
		return problem, err
	}
	return c.ask.settle(ctx, in, confirms, code, deed{
		command: []string{"forget", string(p.ID), string(customer)},
		question: named + c.say.Say("This erases the customer `%s` of *%s*: open rooms are closed, then all rooms with all messages are removed from Rocket.Chat, and everything that is stored here. If somebody has merged this contact with others in Rocket.Chat, their rooms go as well, from e-mail or WhatsApp too, open ones included. What waits is not delivered any more. It cannot be undone.",
			customer, p.PlainName()),
		do: func(ctx context.Context) (bridge.Reply, bool, error) { return c.forgotten(ctx, p, customer) },
	})
}

// customer finds the page and the customer that a command names. Found by the name, named is a
// line that says so. A problem is the answer.
func (c customerCommands) customer(in call, word string, words []string) (p bridge.Page, id bridge.CustomerID, named string, problem bridge.Reply, err error) {
	p, err = c.pages.Page(bridge.PageID(first(words)))
	if err != nil {
		return p, "", "", problem, err
	}
	if len(words) < 2 {
		return p, "", "", answer(c.say.Say("Which customer? Name the customer by the name, by the id at Facebook, or by the link to a room of theirs: `/facebook %s %s <customer>`", word, p.ID)), nil
	}
	if len(words) == 2 {
		if id, err = c.customers.Customer(p.ID, words[1]); !errors.Is(err, bridge.ErrNoCustomer) {
			return p, id, "", problem, err
		}
	}
	name := value(strings.Join(words[1:], " "))
	_, typed := cutWord(in.Words)
	exact, alike, err := c.called(p.ID, name)
	switch {
	case err != nil:
		return p, "", "", problem, err
	case len(exact) == 1:
		if both, err := c.misread(p.ID, typed, exact[0]); err != nil || both != nil {
			return p, "", "", c.whichCustomer(c.say.Say("`%s` may be one of several customers of *%s*. Nothing was changed. By their ids:", quoted(typed), p.PlainName()), word, both), err
		}
		id = exact[0].Conversation.Customer
		return p, id, c.say.Say("`%s` is the customer `%s` of *%s*.", quoted(exact[0].Name), id, p.PlainName()) + "\n", problem, nil
	case len(exact) > 1:
		return p, "", "", c.whichCustomer(c.say.Say("Several customers of *%s* are called `%s`. Nothing was changed. By their ids:", p.PlainName(), quoted(name)), word, exact), nil
	case len(alike) > 0:
		return p, "", "", c.whichCustomer(c.say.Say("No customer of *%s* is called `%s`. Nothing was changed. Did you mean one of these?", p.PlainName(), quoted(name)), word, alike), nil
	}
	return p, "", "", answer(c.say.Say("Nothing is stored about the customer `%s` of *%s*. Nothing was changed.", quoted(name), p.PlainName())), nil
}

// misread returns two customers if one is called by what was typed behind the page's name, and another by all
// that was typed: customers choose their names.
func (c customerCommands) misread(p bridge.PageID, typed string, found bridge.Called) (both []bridge.Called, err error) {
	exact, _, err := c.called(p, typed)
	for _, one := range exact {
		if one.Conversation.Customer != found.Conversation.Customer {
			both = append(both, one)
		}
	}
	if both != nil {
		both = append(both, found)
	}
	return both, err
}

// called returns the customers of a page who have a name in full, and those of whose names it
// is a part, or nearly one.
func (c customerCommands) called(p bridge.PageID, name string) (exact, alike []bridge.Called, err error) {
	name = folded(name)
	if name == "" || isNumber(name) || strings.Contains(name, "://") {
		return nil, nil, nil
	}
	all, err := c.customers.Called(p, func(n string) bool { return resembles(folded(n), name) })
	if err != nil {
		return nil, nil, bridge.StoreRefusal(err)
	}
	seen := map[bridge.CustomerID]bool{}
	for _, one := range all {
		if seen[one.Conversation.Customer] {
			continue
		}
		seen[one.Conversation.Customer] = true
		if alike = append(alike, one); folded(one.Name) == name {
			exact = append(exact, one)
		}
	}
	return exact, alike, nil
}

// resembles reports whether somebody of a name could be meant by what was typed; both are folded.
func resembles(name, typed string) bool {
	return name == typed || utf8.RuneCountInString(typed) >= leastPart && strings.Contains(name, typed) ||
		near.Word(typed, append(strings.Fields(name), name)) != ""
}

// listedCustomers is how many one answer lists.
const listedCustomers = 10

// whichCustomer asks which of several customers is meant, where nobody else reads their names.
func (c customerCommands) whichCustomer(text, word string, several []bridge.Called) bridge.Reply {
	var buttons []bridge.Shortcut
	for _, one := range several[:min(len(several), listedCustomers)] {
		id := string(one.Conversation.Customer)
		text += "\n• `" + id + "` " + bridge.PlainWords(one.Name)
		if one.Room != "" {
			text += " · [" + c.say.Say("open the chat") + "](" + c.roomLink(one.Room) + ")"
		}
		buttons = append(buttons, button(short(bridge.PlainWords(one.Name))+" …"+tail(one.Conversation.Customer), word+" "+string(one.Conversation.Page)+" "+id))
	}
	reply := with(answer(text), buttons...)
	reply.Private = true
	return reply
}

func (c customerCommands) block(ctx context.Context, in call) (bridge.Reply, error) {
	p, customer, named, problem, err := c.customer(in, "block", strings.Fields(in.rest))
	if err != nil || problem.Text != "" {
		return problem, err
	}
	if err := c.customers.Block(ctx, p.ID, customer, true); err != nil {
		return c.notBlocked(p, customer, err)
	}
	reply := answer(named + c.say.Say("The customer `%s` can no longer write to *%s* at Facebook. `/facebook unblock %s %s` lifts that.", customer, p.PlainName(), p.ID, customer))
	reply.Changed = c.say.Say("*%s*: @%s has blocked a customer at Facebook.", p.PlainName(), bridge.PlainWords(in.From.Username))
	return reply, nil
}

func (c customerCommands) unblock(ctx context.Context, in call) (bridge.Reply, error) {
	p, customer, named, problem, err := c.customer(in, "unblock", strings.Fields(in.rest))
	if err != nil || problem.Text != "" {
		return problem, err
	}
	if err := c.customers.Block(ctx, p.ID, customer, false); err != nil {
		return c.notBlocked(p, customer, err)
	}
	reply := answer(named + c.say.Say("The customer `%s` may write to *%s* again at Facebook.", customer, p.PlainName()))
	reply.Changed = c.say.Say("*%s*: @%s lets a customer write again at Facebook.", p.PlainName(), bridge.PlainWords(in.From.Username))
	return reply, nil
}

// notBlocked words a refusal that concerns the customer: Facebook lets a page block only who has
// written to it.
func (c customerCommands) notBlocked(p bridge.Page, customer bridge.CustomerID, err error) (bridge.Reply, error) {
	if bridge.RefusalOf(err).Reason != bridge.CustomerBlocked {
		return bridge.Reply{}, err
	}
	return answer(c.say.Say("Facebook knows nobody `%s` who writes to *%s* in Messenger: perhaps the person has only commented, or the account is gone. Nothing was changed.", customer, p.PlainName())), nil
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
