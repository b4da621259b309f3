package commands

import (
	"context"
	"errors"
	"strings"

	"messenger-bridge/bridge"
)

// What cannot be taken back is asked for twice: the word `confirm` behind it does it.
func confirmed(words []string) (rest []string, yes bool) {
	if n := len(words); n > 0 && strings.EqualFold(words[n-1], "confirm") {
		return words[:n-1], true
	}
	return words, false
}

// confirming is a command as it has to be typed to be done, without /facebook.
func confirming(words ...string) string {
	return strings.Join(append(words, "confirm"), " ")
}

func unauthorize(c *Commands, ctx context.Context, in call) (bridge.Reply, error) {
	words, yes := confirmed(strings.Fields(in.rest))
	var chosen []bridge.Page
	if len(words) > 0 {
		p, err := c.Pages.Page(bridge.PageID(words[0]))
		if err != nil {
			return bridge.Reply{}, err
		}
		chosen = []bridge.Page{p}
	} else {
		for _, p := range c.Pages.Pages() {
			if p.By == in.From.ID && p.Token != "" {
				chosen = append(chosen, p)
			}
		}
	}
	if len(chosen) == 0 {
		return answer(c.Say.Say("You have connected no page. `/facebook unauthorize <pageId>` disconnects one that somebody else connected; `/facebook pages` shows them.")), nil
	}
	if !yes {
		command := confirming(append([]string{"unauthorize"}, words...)...)
		return with(answer(c.Say.Say("This disconnects %s: messages no longer arrive, the tokens are deleted, settings and rooms stay. To do it, type\n`%s`",
			names(chosen), "/facebook "+command)), button(c.Say.Say("Disconnect"), command)), nil
	}
	var done []string
	for _, p := range chosen {
		p, revoked, err := c.Connector.Disconnect(ctx, p.ID, in.From)
		if err != nil {
			return bridge.Reply{}, err
		}
		done = append(done, c.Say.Say("*%s* is disconnected.", plain(p.DisplayName()))+" "+revoked.In(c.Say))
	}
	return bridge.Reply{Text: strings.Join(done, "\n")}, nil
}

func names(pages []bridge.Page) string {
	var all []string
	for _, p := range pages {
		all = append(all, "*"+plain(p.DisplayName())+"*")
	}
	return strings.Join(all, ", ")
}

func deletePage(c *Commands, ctx context.Context, in call) (bridge.Reply, error) {
	words, yes := confirmed(strings.Fields(in.rest))
	p, err := c.Pages.Page(bridge.PageID(first(words)))
	if err != nil {
		return bridge.Reply{}, err
	}
	name := plain(p.DisplayName())
	if !yes {
		text := c.Say.Say("This deletes *%s* and its settings here, and ends what Facebook was allowed to send. Its rooms stay readable.", name)
		if _, out := c.Waiting(p.ID); out > 0 {
			text += " " + c.Say.Say("Answers that still wait for its customers: %d. They are not sent, and their authors are told.", out)
		}
		return answer(text + " " + c.Say.Say("To do it, type\n`%s`", "/facebook "+confirming("delete", string(p.ID)))), nil
	}
	_, revoked, err := c.Connector.Delete(ctx, p.ID, in.From)
	if err != nil {
		return bridge.Reply{}, err
	}
	return answer(c.Say.Say("*%s* is deleted.", name) + " " + revoked.In(c.Say)), nil
}

func forget(c *Commands, ctx context.Context, in call) (bridge.Reply, error) {
	words, yes := confirmed(strings.Fields(in.rest))
	p, customer, problem, err := c.customer("forget", words)
	if err != nil || problem.Text != "" {
		return problem, err
	}
	if !yes {
		return answer(c.Say.Say("This erases the customer `%s` of *%s*: open rooms are closed, then all rooms with all messages are removed from Rocket.Chat, and everything that is stored here. What waits is not delivered any more. It cannot be undone. To do it, type\n`%s`",
			customer, plain(p.DisplayName()), "/facebook "+confirming("forget", string(p.ID), string(customer)))), nil
	}
	return c.forgotten(ctx, p, customer)
}

// customer finds the page and the customer that a command names. A problem is the answer.
func (c *Commands) customer(word string, words []string) (p bridge.Page, id bridge.CustomerID, problem bridge.Reply, err error) {
	p, err = c.Pages.Page(bridge.PageID(first(words)))
	if err != nil {
		return p, "", problem, err
	}
	if len(words) < 2 {
		return p, "", answer(c.Say.Say("Which customer? Name the customer by the id at Facebook, or by the link to a room of theirs: `/facebook %s %s <customer>`", word, p.ID)), nil
	}
	id, err = c.Customers.Customer(p.ID, words[1])
	if errors.Is(err, bridge.ErrNoCustomer) {
		return p, "", answer(c.Say.Say("Nothing is stored about the customer `%s` of *%s*. Nothing was changed.", quoted(words[1]), plain(p.DisplayName()))), nil
	}
	return p, id, problem, err
}

func block(c *Commands, ctx context.Context, in call) (bridge.Reply, error) {
	p, customer, problem, err := c.customer("block", strings.Fields(in.rest))
	if err != nil || problem.Text != "" {
		return problem, err
	}
	if err := c.Customers.Block(ctx, p.ID, customer, true); err != nil {
		return bridge.Reply{}, err
	}
	return answer(c.Say.Say("The customer `%s` can no longer write to *%s* at Facebook. `/facebook unblock %s %s` lifts that.", customer, plain(p.DisplayName()), p.ID, customer)), nil
}

func unblock(c *Commands, ctx context.Context, in call) (bridge.Reply, error) {
	p, customer, problem, err := c.customer("unblock", strings.Fields(in.rest))
	if err != nil || problem.Text != "" {
		return problem, err
	}
	if err := c.Customers.Block(ctx, p.ID, customer, false); err != nil {
		return bridge.Reply{}, err
	}
	return answer(c.Say.Say("The customer `%s` may write to *%s* again at Facebook.", customer, plain(p.DisplayName()))), nil
}

// forgotten forgets a customer and says honestly what was and what was not done.
func (c *Commands) forgotten(ctx context.Context, p bridge.Page, customer bridge.CustomerID) (bridge.Reply, error) {
	gone, err := c.Customers.Forget(ctx, p.ID, customer)
	switch {
	case errors.Is(err, bridge.ErrRoomStays):
		return answer(c.Say.Say("Rocket.Chat does not let me close the customer's open room, so nothing was erased. Close the room (perhaps it needs tags), then type the same again.")), nil
	case err != nil:
		return bridge.Reply{}, err
	}
	return answer(gone.In(c.Say)), nil
}

func first(words []string) string {
	if len(words) == 0 {
		return ""
	}
	return words[0]
}
