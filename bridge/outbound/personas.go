package outbound

import (
	"context"
	"sync"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/recent"
)

const (
	personaPatience = 10 * time.Second // a message waits no longer for one
	personaRefused  = time.Hour        // so long none is tried after Meta refused it for good
	personaFailed   = time.Minute      // likewise, if it may go better soon
	mostRefused     = 10_000
)

// personaKey is a name and a picture at a page. It cannot change at Meta: an agent
// with a new name has a new persona.
type personaKey struct {
	page          bridge.PageID
	name, picture string
}

// personas make personas when they are needed, and remember which are being made, and
// which are not worth trying.
type personas struct {
	*Config

	not *recent.Map[personaKey, time.Time] // none is tried until then

	mu     sync.Mutex // guards making
	making map[personaKey]chan struct{}
}

func newPersonas(c *Config) *personas {
	return &personas{Config: c, not: recent.New[personaKey, time.Time](mostRefused, 0), making: map[personaKey]chan struct{}{}}
}

// begin reports whether the caller is to make a persona, and must call end then. If
// somebody else makes it, it waits until they have ended.
func (p *personas) begin(key personaKey, now time.Time) (mine bool) {
	p.mu.Lock()
	under, busy := p.making[key]
	not, _ := p.not.Get(key)
	mine = !busy && !now.Before(not)
	if mine {
		p.making[key] = make(chan struct{})
	}
	p.mu.Unlock()
	if busy {
		<-under
	}
	return mine
}

// end says that making a persona has ended, and until when it is not tried again.
func (p *personas) end(key personaKey, not time.Time) {
	p.avoid(key, not)
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.making[key])
	delete(p.making, key)
}

// avoid says until when a persona is not tried.
func (p *personas) avoid(key personaKey, until time.Time) {
	if until.IsZero() {
		p.not.Delete(key)
		return
	}
	p.not.Set(key, until)
}

// keyOf is under which persona a message should go out; false if there is no
// name to be shown, or no picture to show beside it.
func (p *personas) keyOf(page bridge.Page, out *Outgoing) (key personaKey, ok bool) {
	if p.Personas.Maker == nil || out.Name == "" {
		return key, false
	}
	key = personaKey{page.ID, out.Name, p.Personas.Picture(out.Author)}
	return key, key.picture != ""
}

// known returns what Meta calls a persona that was made, or "".
func (p *personas) known(key personaKey) string {
	return p.Personas.Store.Persona(key.page, key.name, key.picture)
}

// of returns what Meta calls the persona of a message's author; "" if the name
// has to stand in the text.
func (p *personas) of(ctx context.Context, page bridge.Page, out *Outgoing) string {
	key, ok := p.keyOf(page, out)
	if !ok {
		return ""
	}
	if id := p.known(key); id != "" {
		return id
	}
	if !p.begin(key, p.Now()) {
		return p.known(key)
	}
	var not time.Time
	defer func() { p.end(key, not) }()
	if id := p.known(key); id != "" { // made since we looked
		return id
	}
	id, err := p.make(ctx, page, key)
	if err != nil {
		p.Log.Info("no persona, the agent's name stands in the text", "page", key.page, "err", err)
		if not = p.Now().Add(personaFailed); bridge.RefusalOf(err).Verdict == bridge.Never {
			not = p.Now().Add(personaRefused)
		}
		return ""
	}
	return id
}

// make has Meta make a persona, and remembers it.
func (p *personas) make(ctx context.Context, page bridge.Page, key personaKey) (id string, err error) {
	ctx, stop := context.WithTimeout(ctx, personaPatience)
	defer stop()
	id, err = p.Personas.Maker.MakePersona(ctx, page, key.name, key.picture)
	if err == nil {
		err = p.Personas.Store.SavePersona(ctx, key.page, key.name, key.picture, id)
	}
	return id, err
}

// drop forgets a persona that Meta has made and does not take any more.
func (p *personas) drop(ctx context.Context, page bridge.Page, out *Outgoing) {
	key, ok := p.keyOf(page, out)
	if !ok {
		return
	}
	p.avoid(key, p.Now().Add(personaRefused))
	if err := p.Personas.Store.SavePersona(ctx, key.page, key.name, key.picture, ""); err != nil {
		p.Log.Warn("persona not forgotten", "page", key.page, "err", err)
	}
}
