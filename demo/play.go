package demo

import (
	"context"
	"slices"
	"strings"
	"time"

	"messenger-bridge/sandbox/chat"
)

// play is what happens on the page: people write, switches are pressed, and
// somebody explains it.
type play struct {
	*stage
	troubles *troubles
	feed     *feed
	narrator *narrator
	observer *observer
	maria    *administrator
	panel    *panel
	actors   *actors
	screen   *screen
	phones   *phones
	promises *promises
	director *director
}

func newPlay(s *stage) *play {
	p := &play{stage: s, troubles: &troubles{changed: &s.changed}, feed: &feed{changed: &s.changed}, phones: newPhones(s)}
	ledger := &ledger{stage: s, said: map[string][]string{}}
	p.promises = newPromises(s, ledger, p.troubles)
	p.narrator = newNarrator(&s.changed, p.promises.tried)
	p.observer = &observer{stage: s, feed: p.feed}
	p.maria = &administrator{stage: s, feed: p.feed}
	facebook := &facebookSwitches{stage: s, troubles: p.troubles, feed: p.feed, maria: p.maria}
	p.panel = newPanel(p, facebook, &bridgeSwitches{s}, &workspaceSwitches{s, p.troubles})
	p.actors = &actors{stage: s, troubles: p.troubles, feed: p.feed, ledger: ledger}
	p.director = &director{play: p, pause: 4 * time.Second}
	p.screen = &screen{play: p, switches: p.panel.switches}
	s.meta.OnSend(facebook.onSend)
	return p
}

// connect is the beginning: the page is authorised.
func (p *play) connect(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, scriptLasts)
	defer cancel()
	if err := p.up(ctx); err != nil {
		return err
	}
	if err := p.authorise(ctx, p.feed.noteStep); err != nil {
		return err
	}
	if err := p.switchOn(ctx, "receipts", "comments"); err != nil {
		return err
	}
	p.narrator.tell(story{Title: "Everything is connected: say hello",
		Text:    "Write as Anna on the phone and answer as Tom in the chat. Then press a switch and see what becomes of your messages. Or lean back: the story shows it all in two minutes.",
		Promise: "Try it"})
	return nil
}

// switchOn is Maria switching settings of the page on, by typing.
func (p *play) switchOn(ctx context.Context, settings ...string) error {
	p.meta.AllowComments(pageID) // as if Facebook's dialog had asked for that, too
	for _, setting := range settings {
		p.rc.UserSays(manager, p.rc.RoomID(setupChannel), "/facebook edit "+setting+" on")
		done := "`" + setting + "` is now “on”"
		if err := p.until(ctx, setting+" is switched on", func() bool {
			return slices.ContainsFunc(p.rc.Messages(p.rc.RoomID(setupChannel)), func(m chat.Message) bool { return strings.Contains(m.Text, done) })
		}); err != nil {
			return err
		}
	}
	return nil
}

// run keeps the explanations and the event log up to date until ctx ends.
func (p *play) run(ctx context.Context) error {
	p.maria.comes(ctx)
	p.director.comes(ctx)
	for ctx.Err() == nil {
		rc, meta, own := p.rc.Changed(), p.meta.Changed(), p.changed.next()
		p.observer.observe()
		p.phones.receive()
		p.narrator.advance()
		p.promises.look()
		if dead := p.troubles.now().killed; dead != "" && p.tokenLives(dead) { // the page has got over it
			p.troubles.set(func(t *trouble) { t.killed = "" })
		}
		select {
		case <-rc:
		case <-meta:
		case <-own:
		case <-ctx.Done():
		}
	}
	p.director.leaves()
	p.maria.leaves()
	return nil
}
