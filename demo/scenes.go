package demo

import (
	"context"
	"slices"
	"strings"

	"messenger-bridge/sandbox/chat"
	"messenger-bridge/sandbox/meta"
)

// scenes are the story, in their order.
var scenes = []func(context.Context, *director) error{hello, worstMoment, upgrade, newPassword, tooLate, nextChat, belowThePost}

// steps does one thing after another until one fails.
func steps(all ...func() error) error {
	for _, do := range all {
		if err := do(); err != nil {
			return err
		}
	}
	return nil
}

func hello(ctx context.Context, d *director) error {
	const answer = "Hello Anna! Yes, at ten o'clock."
	anna := customers[0]
	d.narrator.tell(story{Title: "A customer writes, an agent answers", Promise: "Scene 1",
		Text: "Anna writes in Messenger, Tom answers in Rocket.Chat. Below his answer he sees when it arrived and when it was read."})
	return steps(
		func() error { return d.reads(ctx) },
		func() error { return d.asks(ctx, anna, "Hello! Do you have a table for two on Sunday?") },
		func() error { return d.reads(ctx) },
		func() error { return d.actors.answers(d.roomOf(anna, false), answer) },
		func() error { return d.arrives(ctx, anna, answer) },
		func() error { d.phones.reads(anna.Key); return d.reads(ctx) },
	)
}

// worstMoment kills the bridge when Facebook has an answer that it could not confirm yet.
func worstMoment(ctx context.Context, d *director) error {
	const sent, meanwhile = "A table by the window is yours.", "And we keep two slices of cherry cake."
	anna := customers[0]
	d.narrator.tell(story{Title: "Now the worst moment for a crash", Promise: "Scene 2",
		Text: "Tom's next answer reaches Facebook. Before Facebook can confirm it, the bridge is killed. Both go on writing."})
	return steps(
		func() error { return d.reads(ctx) },
		func() error {
			d.troubles.set(func(t *trouble) { t.fatal = true })
			return d.actors.answers(d.roomOf(anna, false), sent)
		},
		func() error {
			return d.until(ctx, "the bridge is killed", func() bool { return d.process.now().Life == lifeDead })
		},
		func() error { d.panel.explain("kill"); d.actors.asks(anna, "", "Wonderful, thank you!"); return nil },
		func() error { return d.actors.answers(d.roomOf(anna, false), meanwhile) },
		func() error { d.actors.asks(anna, "", "Is there cake, too?"); return nil },
		func() error { return d.tells(ctx, "The bridge is back") },
		func() error { return d.arrives(ctx, anna, meanwhile) },
		func() error { return d.reads(ctx) },
	)
}

func upgrade(ctx context.Context, d *director) error {
	const answer = "We do, from ten euros up."
	ben := customers[1]
	return steps(
		func() error { return d.turns(ctx, "workspace", "", "Rocket.Chat refuses all connections") },
		func() error { return d.reads(ctx) },
		func() error { d.actors.asks(ben, "", "Do you sell gift cards?"); return nil },
		func() error { return d.tells(ctx, "Messages wait for Rocket.Chat") },
		func() error { return d.reads(ctx) },
		func() error { return d.turns(ctx, "workspace", "", "Connected again") },
		func() error { return d.until(ctx, "Ben has a chat", func() bool { return d.roomOf(ben, false) != "" }) },
		func() error { return d.actors.answers(d.roomOf(ben, false), answer) },
		func() error { return d.arrives(ctx, ben, answer) },
		func() error { return d.reads(ctx) },
	)
}

func newPassword(ctx context.Context, d *director) error {
	const answer = "They are here at the counter."
	ben := customers[1]
	return steps(
		func() error { return d.turns(ctx, "token", "", "no longer accepts the page's token") },
		func() error { return d.reads(ctx) },
		func() error { return d.actors.answers(d.roomOf(ben, false), answer) },
		func() error { return d.tells(ctx, "The setup channel was told, once") },
		func() error { return d.reads(ctx) },
		func() error { return d.turns(ctx, "token", "", "The page runs again") },
		func() error { return d.arrives(ctx, ben, answer) },
		func() error { return d.reads(ctx) },
	)
}

func tooLate(ctx context.Context, d *director) error {
	const answer = "See you on Sunday then!"
	anna := customers[0]
	return steps(
		func() error { return d.turns(ctx, "window", "", "more than 24 hours ago") },
		func() error { return d.reads(ctx) },
		func() error { return d.actors.answers(d.roomOf(anna, false), answer) },
		func() error { return d.tells(ctx, "Tom knows that it did not arrive") },
		func() error { return d.reads(ctx) },
		func() error { return d.asks(ctx, anna, "Are you there on Sunday?") },
		func() error { return d.retries(ctx) },
		func() error { return d.arrives(ctx, anna, answer) },
		func() error { return d.tells(ctx, "Sent after all") },
		func() error { return d.reads(ctx) },
	)
}

// retries is Maria trying again what was refused, with the button.
func (d *director) retries(ctx context.Context) error {
	again := func(b chat.Button) bool { return strings.Contains(b.Types, "retry") }
	list, err := d.commands(ctx, "/facebook failed", func(m chat.Message) bool { return slices.ContainsFunc(m.Buttons(), again) })
	if err == nil {
		err = d.reads(ctx)
	}
	if err != nil {
		return err
	}
	all := list.Buttons()
	d.rc.Clicks(manager, list.RoomID, all[slices.IndexFunc(all, again)])
	return nil
}

func nextChat(ctx context.Context, d *director) error {
	anna := customers[0]
	return steps(
		func() error { return d.turns(ctx, "close", d.roomOf(anna, false), "Tom has closed the chat") },
		func() error { return d.reads(ctx) },
		func() error {
			for _, text := range []string{"One more thing", "Can we bring our dog", "He is very small"} {
				d.actors.asks(anna, "", text)
			}
			return d.tells(ctx, "A new message, a new room")
		},
		func() error { return d.reads(ctx) },
	)
}

func belowThePost(ctx context.Context, d *director) error {
	const answer = "It is, until six!"
	ben := customers[1]
	d.narrator.tell(story{Title: "What people write below posts comes, too", Promise: "Scene 7",
		Text: "Ben comments below the page's post. That is a chat of its own, which says that everybody can read the answer."})
	return steps(
		func() error { return d.reads(ctx) },
		func() error { d.actors.asks(ben, belowPost, "Is the cake still there?"); return nil },
		func() error {
			return d.until(ctx, "Tom has the comment", func() bool { return d.roomOf(ben, true) != "" })
		},
		func() error { return d.reads(ctx) },
		func() error { return d.actors.answers(d.roomOf(ben, true), answer) },
		func() error {
			return d.until(ctx, "the answer stands below the comment", func() bool {
				return slices.ContainsFunc(d.meta.Comments(d.post), func(c meta.Comment) bool { return c.From == pageID && c.Text == answer })
			})
		},
		func() error { return d.reads(ctx) },
	)
}
