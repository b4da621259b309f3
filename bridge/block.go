package bridge

import "context"

// Moderator keeps customers from writing to a page. The error is a Refusal.
type Moderator interface {
	Block(ctx context.Context, p Page, c CustomerID, on bool) error
}

// Block keeps a customer from writing to a page at Facebook, or lets them write again;
// ErrNoPage if the page is not connected here. Doing it again is harmless.
func (b *Bridge) Block(ctx context.Context, id PageID, c CustomerID, on bool) error {
	page, err := b.Pages.Page(id)
	if err != nil {
		return err
	}
	return b.Moderator.Block(ctx, page, c, on)
}

// announceBlocked says, once for each customer as far back as keys are remembered, that
// somebody who is blocked in Rocket.Chat writes.
func (b *Bridge) announceBlocked(ctx context.Context, in *Incoming) error {
	page, err := b.Pages.Page(in.Conversation.Page)
	if err != nil {
		return nil // it was deleted meanwhile
	}
	id, customer := string(page.ID), string(in.Conversation.Customer)
	text := b.Say.Say("*%s*: the customer `%s` is blocked in Rocket.Chat, so what they write is not shown. Unblock the contact there to hear them again. `/facebook block %s %s` blocks them at Facebook, too.",
		page.DisplayName(), customer, id, customer)
	return b.Announce(ctx, "contact-blocked/"+string(in.Conversation.Lane()), text)
}
