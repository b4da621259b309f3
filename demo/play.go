package demo

import "context"

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
}

func newPlay(s *stage) *play {
	p := &play{stage: s, troubles: &troubles{changed: &s.changed}, feed: &feed{changed: &s.changed}, narrator: newNarrator(&s.changed)}
	p.observer = &observer{stage: s, feed: p.feed}
	p.maria = &administrator{stage: s, feed: p.feed}
	facebook := &facebookSwitches{stage: s, troubles: p.troubles, feed: p.feed, maria: p.maria}
	p.panel = newPanel(p, facebook, &bridgeSwitches{s}, &workspaceSwitches{s, p.troubles})
	p.actors = &actors{stage: s, troubles: p.troubles, feed: p.feed}
	p.screen = &screen{stage: s, troubles: p.troubles, feed: p.feed, narrator: p.narrator, maria: p.maria, switches: p.panel.switches}
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
	p.narrator.tell(story{Title: "Everything is connected: say hello",
		Text:    "Write as Anna on the phone and answer as Tom in the room. Then press a switch and see what becomes of your messages. The bridge in the middle is the real program; Facebook and Rocket.Chat are played by the sandbox.",
		Promise: "Try it"})
	return nil
}

// run keeps the explanations and the event log up to date until ctx ends.
func (p *play) run(ctx context.Context) error {
	p.maria.comes(ctx)
	for ctx.Err() == nil {
		rc, meta, own := p.rc.Changed(), p.meta.Changed(), p.changed.next()
		p.observer.observe()
		p.narrator.advance()
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
	p.maria.leaves()
	return nil
}
