package pages

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"messenger-bridge/bridge"
)

// What others write on a page and below its posts comes by one more field, which needs
// permissions that messages do not need. Meta refuses a subscription as a whole, so this
// field is asked for after all others are there: whatever becomes of it, messages come.

// reading is the permission without which the field cannot be subscribed.
const reading = "pages_read_user_content"

// feeds sees to that field. Methods that take a page are called with its lock held.
type feeds struct {
	*registry
	facebook bridge.Subscriber
	tokens   bridge.TokenInspector
	app      *app
}

// feedWish says what is to become of the field when a page is subscribed.
func feedWish(p bridge.Page) bridge.FeedWish {
	switch {
	case p.Settings.Comments && !strings.Contains(p.Feed.Lacks, reading):
		return bridge.FeedWanted
	case !p.Settings.Comments && p.Feed.On:
		return bridge.FeedUnwanted
	}
	return bridge.FeedStays
}

// subscribeFields subscribes a page; where that is refused with comments, without them.
func (f *feeds) subscribeFields(ctx context.Context, page bridge.Page) error {
	wish := feedWish(page)
	err := f.facebook.SubscribePage(ctx, page, wish)
	if err == nil || wish != bridge.FeedWanted || saysNothing(bridge.RefusalOf(err)) {
		return err
	}
	return f.facebook.SubscribePage(ctx, page, bridge.FeedStays)
}

// switchComments does what a page's setting about comments says, after it was changed or
// for somebody who asks again, and says so in the setup channel.
func (c *Connections) switchComments(ctx context.Context, id bridge.PageID) (bridge.Page, error) {
	defer c.lock(id)()
	page, err := c.pages.Page(id)
	if err != nil || !page.ReceivesEvents() { // later, when it runs
		return page, err
	}
	before := page
	if page.Settings.Comments {
		if page, err = c.feeds.lookAtPermissions(ctx, page); err != nil {
			return page, err
		}
	}
	c.app.doubt()
	atApp := bridge.Trouble{Kind: bridge.FacebookAway}
	if found, err := c.app.ready(ctx, true); err == nil {
		atApp = found.feed
	}
	if page, err = c.feeds.checkFeed(ctx, page, page.Settings.Comments, atApp); err != nil {
		return page, err
	}
	c.feeds.announceComments(ctx, before, page)
	return page, nil
}

// lookAtPermissions asks Meta what a page's token lacks for comments. Where Meta does not
// answer, what was known before counts.
func (f *feeds) lookAtPermissions(ctx context.Context, page bridge.Page) (bridge.Page, error) {
	report, err := f.tokens.Inspect(ctx, page)
	if err != nil {
		f.log.Warn("a page's permissions could not be looked at", "page", page.ID, "err", err)
		return page, nil
	}
	return f.update(ctx, page.ID, func(p *bridge.Page) {
		if p.Token == page.Token {
			p.Feed.Lacks = strings.Join(report.Feed, ", ")
		}
	})
}

// checkFeed sees to the field of a page that has all others, and stores what is wrong with
// it. missing says that the page's settings want it and that it is not there; atApp, what is
// wrong with it at the level of the app.
func (f *feeds) checkFeed(ctx context.Context, page bridge.Page, missing bool, atApp bridge.Trouble) (bridge.Page, error) {
	feed := page.Feed
	switch {
	case page.Settings.Comments:
		feed = f.wantFeed(ctx, page, missing, atApp)
	case feed.On:
		feed = f.endFeed(ctx, page)
	default:
		feed.Why = bridge.Trouble{}
	}
	if feed == page.Feed {
		return page, nil
	}
	return f.update(ctx, page.ID, func(p *bridge.Page) { p.Feed = feed })
}

// wantFeed returns how the field is after it was seen to.
func (f *feeds) wantFeed(ctx context.Context, page bridge.Page, missing bool, atApp bridge.Trouble) bridge.Feed {
	feed := page.Feed
	if missing && !strings.Contains(feed.Lacks, reading) {
		err := f.facebook.SubscribePage(ctx, page, bridge.FeedWanted)
		switch {
		case err == nil:
			missing = false
			f.announceHealed(ctx, page)
		case saysNothing(bridge.RefusalOf(err)):
			feed.Why = bridge.Trouble{Kind: bridge.FacebookAway}
			return feed
		default:
			f.log.Warn("comments refused by Facebook", "page", page.ID, "err", err)
		}
	}
	feed.On = feed.On || !missing
	switch {
	case feed.Lacks != "":
		feed.Why = bridge.Trouble{Kind: bridge.CommentsNotAllowed, About: feed.Lacks}
	case missing:
		feed.Why = bridge.Trouble{Kind: bridge.CommentsNotSent}
	default:
		feed.Why = atApp
	}
	return feed
}

// endFeed takes the field away from a page that does not want it any more, and from the app
// if no page does. What fails is tried again with the next check.
func (f *feeds) endFeed(ctx context.Context, page bridge.Page) bridge.Feed {
	feed := page.Feed
	feed.Why = bridge.Trouble{}
	err := f.facebook.SubscribePage(ctx, page, bridge.FeedUnwanted)
	if err == nil {
		err = f.app.endFeed(ctx)
	}
	if err != nil {
		f.log.Warn("comments could not be unsubscribed yet", "page", page.ID, "err", err)
		return feed
	}
	feed.On = false
	return feed
}

// announceHealed says that a page's comments had stopped and come again, if they came before.
func (f *feeds) announceHealed(ctx context.Context, page bridge.Page) {
	if page.Feed.On && page.Feed.Why.Kind == "" {
		f.announceOnce(ctx, fmt.Sprintf("feed/%s/%d", page.ID, f.now().UnixNano()),
			f.say.Say("*%s* had lost its subscription to comments (%s) and was subscribed again. Comments of the time between are seen at Facebook only; messages were not affected.", page.PlainName(), bridge.FeedField))
	}
}

// announceComments says when comments begin or cease to come, or to be answerable.
func (f *feeds) announceComments(ctx context.Context, before, after bridge.Page) {
	say := func(text string) { // beside what is said of the page's state at the same time
		f.announceOnce(ctx, fmt.Sprintf("comments/%s/%d", after.ID, after.Rev), text)
	}
	switch {
	case !after.Settings.Comments && before.Feed.On && !after.Feed.On:
		say(f.say.Say("*%s*: comments no longer arrive, they were switched off.", after.PlainName()))
	case !after.Settings.Comments || before.Feed.Why == after.Feed.Why && before.Feed.On == after.Feed.On:
	case after.Feed.Why.Kind != "":
		say(f.say.Say("*%s* runs, but something is missing for comments: %s", after.PlainName(), f.missingForComments(after)))
	case after.Feed.On:
		say(f.say.Say("*%s*: what people write on the page and below its posts arrives in Omnichannel from now on.", after.PlainName()))
	}
}

// missingForComments says what is missing for comments and what to do about it; "" if
// nothing is.
func (r *registry) missingForComments(p bridge.Page) string {
	if p.Feed.Why.Kind == "" {
		return ""
	}
	return strings.TrimSpace(p.Feed.Why.In(r.say) + ". " + p.Feed.Why.Help(r.say, p))
}

// withoutFeed takes the field for comments out of a list, and reports whether it was in it.
func withoutFeed(missing []string) (others []string, feed bool) {
	others = slices.DeleteFunc(slices.Clone(missing), func(f string) bool { return f == bridge.FeedField })
	return others, len(others) < len(missing)
}

// wantsFeed reports whether a page that is switched on wants comments.
func (a *app) wantsFeed() bool {
	return bridge.AnyPage(a.pages, func(p *bridge.Page) bool { return p.Settings.Comments && !p.Silenced() })
}

// feedToo sees to the field of an app that has all others.
func (a *app) feedToo(ctx context.Context) bridge.Trouble {
	if err := a.facebook.SubscribeApp(ctx, a.webhook, bridge.FeedWanted); err != nil {
		a.log.Warn("the app could not be subscribed to comments", "err", err)
		if saysNothing(bridge.RefusalOf(err)) {
			return bridge.Trouble{Kind: bridge.FacebookAway}
		}
		return bridge.Trouble{Kind: bridge.CommentsNotSent}
	}
	if bridge.AnyPage(a.pages, func(p *bridge.Page) bool { return p.Feed.On && p.Feed.Why.Kind == "" && p.Settings.Comments }) {
		a.announceOnce(ctx, fmt.Sprintf("feed//%d", a.now().UnixNano()),
			a.say.Say("The Meta app had lost its subscription to comments (%s) and was subscribed again. Comments of the time between are seen at Facebook only; messages were not affected.", bridge.FeedField))
	}
	a.log.Log(ctx, slog.LevelInfo, "the app was subscribed to comments")
	return bridge.Trouble{}
}

// endFeed takes the field away from the app, if no page needs it and it leads to us.
func (a *app) endFeed(ctx context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.wantsFeed() {
		return nil
	}
	found, err := a.facebook.App(ctx)
	if err != nil || !found.Feed || found.Callback != a.webhook {
		return err
	}
	return a.facebook.SubscribeApp(ctx, a.webhook, bridge.FeedUnwanted)
}
