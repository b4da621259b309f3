package bridge

import (
	"context"
	"sync"
	"time"
)

// Personas are the names and pictures under which a page may write.
type Personas interface {
	// MakePersona makes one and returns what Meta calls it. The error is a Refusal.
	MakePersona(ctx context.Context, p Page, name, picture string) (id string, err error)
}

// PersonaStore remembers the personas that were made.
type PersonaStore interface {
	// Persona returns what Meta calls a persona, or "".
	Persona(p PageID, name, picture string) string
	// SavePersona remembers one, or forgets it if id is empty.
	SavePersona(ctx context.Context, p PageID, name, picture, id string) error
}

const (
	personaPatience = 10 * time.Second // a message waits no longer for one
	personaRefused  = time.Hour        // so long none is tried after Meta refused it for good
	personaFailed   = time.Minute      // likewise, if it may go better soon
	mostRefused     = 10_000
)

// personaKey is a name and a picture at a page. It cannot change at Meta: an agent
// with a new name has a new persona.
type personaKey struct {
	page          PageID
	name, picture string
}

// personae remembers which personas are being made, and which are not worth trying.
type personae struct {
	mu     sync.Mutex // guards all below
	making map[personaKey]chan struct{}
	not    map[personaKey]time.Time // until then
}

func newPersonae() *personae {
	return &personae{making: map[personaKey]chan struct{}{}, not: map[personaKey]time.Time{}}
}

// begin reports whether the caller is to make a persona, and must call end then. If
// somebody else makes it, it waits until they have ended.
func (p *personae) begin(key personaKey, now time.Time) (mine bool) {
	p.mu.Lock()
	under, busy := p.making[key]
	mine = !busy && !now.Before(p.not[key])
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
func (p *personae) end(key personaKey, not time.Time) {
	p.avoid(key, not)
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.making[key])
	delete(p.making, key)
}

// avoid says until when a persona is not tried.
func (p *personae) avoid(key personaKey, until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.not) >= mostRefused {
		clear(p.not)
	}
	if delete(p.not, key); !until.IsZero() {
		p.not[key] = until
	}
}

// personaOf is under which persona a message should go out; false if there is no
// name to be shown, or no picture to show beside it.
func (b *Bridge) personaOf(s *shipment) (key personaKey, ok bool) {
	if b.Personas == nil || s.out.Name == "" {
		return key, false
	}
	key = personaKey{s.page.ID, s.out.Name, b.Picture(s.out.Author)}
	return key, key.picture != ""
}

// persona returns what Meta calls the persona of a message's author; "" if the name
// has to stand in the text.
func (b *Bridge) persona(ctx context.Context, s *shipment) string {
	key, ok := b.personaOf(s)
	if !ok {
		return ""
	}
	id := b.PersonaStore.Persona(key.page, key.name, key.picture)
	if id != "" {
		return id
	}
	if !b.personae.begin(key, b.Now()) {
		return b.PersonaStore.Persona(key.page, key.name, key.picture)
	}
	var not time.Time
	defer func() { b.personae.end(key, not) }()
	if id = b.PersonaStore.Persona(key.page, key.name, key.picture); id != "" { // made since we looked
		return id
	}
	ctx, stop := context.WithTimeout(ctx, personaPatience)
	defer stop()
	id, err := b.Personas.MakePersona(ctx, s.page, key.name, key.picture)
	if err == nil {
		err = b.PersonaStore.SavePersona(ctx, key.page, key.name, key.picture, id)
	}
	if err != nil {
		b.Log.Info("no persona, the agent's name stands in the text", "page", key.page, "err", err)
		if not = b.Now().Add(personaFailed); RefusalOf(err).Verdict == Never {
			not = b.Now().Add(personaRefused)
		}
		return ""
	}
	return id
}

// dropPersona forgets one that Meta has made and does not take any more.
func (b *Bridge) dropPersona(ctx context.Context, s *shipment) {
	key, ok := b.personaOf(s)
	if !ok {
		return
	}
	b.personae.avoid(key, b.Now().Add(personaRefused))
	if err := b.PersonaStore.SavePersona(ctx, key.page, key.name, key.picture, ""); err != nil {
		b.Log.Warn("persona not forgotten", "page", key.page, "err", err)
	}
}
