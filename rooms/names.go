package rooms

import (
	"context"
	"sync"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/recent"
	"messenger-bridge/textcut"
)

// Profiles tell what customers are called.
type Profiles interface {
	// CustomerName returns "" if Facebook does not tell.
	CustomerName(context.Context, bridge.Page, bridge.CustomerID) (string, error)
}

const (
	nameEvery   = 24 * time.Hour   // how often a customer's name is asked for
	nameRetry   = 30 * time.Minute // after it could not be asked for
	namePause   = 30 * time.Second // how long nobody waits for names after somebody waited in vain
	nameWorkers = 4
	mostAsked   = 10_000 // customers remembered, and waiting
)

// names is the work of finding out what customers are called. It is done beside the
// messages: a first one waits a moment for the name, if names come at all.
type names struct {
	queue chan bridge.Conversation

	mu    sync.Mutex // guards all below
	asked *recent.Map[bridge.Conversation, *question]
	busy  map[bridge.Conversation]bool // whose name is being found out
	idle  *sync.Cond                   // somebody is busy no more
	slow  time.Time                    // until when nobody waits
}

// question is one customer whose name was asked for.
type question struct {
	at   time.Time
	done chan struct{} // closed when it is answered, or given up; nil: it is

	registered string // the name Rocket.Chat has been told
}

func newNames() *names {
	n := &names{queue: make(chan bridge.Conversation, mostAsked), asked: recent.New[bridge.Conversation, *question](mostAsked, 0), busy: map[bridge.Conversation]bool{}}
	n.idle = sync.NewCond(&n.mu)
	return n
}

// naming finds out what customers are called, and has Rocket.Chat know it.
type naming struct {
	*Config
	*wording
	names *names
}

// RunNames finds out names until ctx ends.
func (r *naming) RunNames(ctx context.Context) error {
	var wg sync.WaitGroup
	for range nameWorkers {
		wg.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case c := <-r.names.queue:
					r.learnName(ctx, c)
				}
			}
		})
	}
	wg.Wait()
	return nil
}

// nameOf returns what a customer is called, as far as that is known.
func (r *naming) nameOf(c bridge.Conversation) string {
	if r.Names != nil {
		if name, _ := r.Names.Name(c); !textcut.Blank(name) {
			return name
		}
	}
	return neutralName(r.Say, c.Customer)
}

// askName has a customer's name found out, if that was not done today, and returns
// what is closed when it is known; nil if nothing is under way.
func (r *naming) askName(c bridge.Conversation) <-chan struct{} {
	if r.Names == nil || r.Profiles == nil || c.Kind != bridge.Messages {
		return nil
	}
	r.names.mu.Lock()
	defer r.names.mu.Unlock()
	q, known := r.names.asked.Get(c)
	if !known {
		_, at := r.Names.Name(c)
		q = &question{at: at}
		r.names.asked.Set(c, q)
	}
	if q.done == nil && r.Now().Sub(q.at) >= nameEvery {
		select {
		case r.names.queue <- c:
			q.at, q.done = r.Now(), make(chan struct{})
		default: // too many; the next message asks again
		}
	}
	return q.done
}

// awaitName gives a name a moment to come, before a customer appears for the first
// time. When one did not, nobody waits for a while. What is remembered here of a
// customer who is new is of no use: they were forgotten, and begin anew.
func (r *naming) awaitName(ctx context.Context, c bridge.Conversation) {
	r.names.mu.Lock()
	if q, known := r.names.asked.Get(c); known && q.done == nil {
		r.names.asked.Delete(c)
	}
	slow := r.Now().Before(r.names.slow)
	r.names.mu.Unlock()
	done := r.askName(c)
	if done == nil || slow {
		return
	}
	late := time.NewTimer(r.NameWait)
	defer late.Stop()
	select {
	case <-done:
	case <-ctx.Done():
	case <-late.C:
		r.names.mu.Lock()
		r.names.slow = r.Now().Add(namePause)
		r.names.mu.Unlock()
	}
}

// ForgetName implements bridge.Naming.
func (r *naming) ForgetName(c bridge.Conversation) {
	r.names.mu.Lock()
	defer r.names.mu.Unlock()
	if q := r.names.open(c); q != nil {
		close(q.done)
		q.done = nil
	}
	r.names.asked.Delete(c)
	for r.names.busy[c] {
		r.names.idle.Wait()
	}
}

// open returns the question for a customer's name that is not answered; nil if there is
// none. It expects the lock to be held.
func (n *names) open(c bridge.Conversation) *question {
	if q, known := n.asked.Get(c); known && q.done != nil {
		return q
	}
	return nil
}

// isAsked reports whether somebody still wants a customer's name.
func (n *names) isAsked(c bridge.Conversation) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.open(c) != nil
}

// begin says that a name is being found out; false if nobody wants it any more, or if
// that is under way.
func (n *names) begin(c bridge.Conversation) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.open(c) == nil || n.busy[c] {
		return false
	}
	n.busy[c] = true
	return true
}

// learnName asks for a name, gives it to the visitor and remembers it, unless the
// customer was forgotten. What fails is tried again when the customer writes later on.
func (r *naming) learnName(ctx context.Context, c bridge.Conversation) {
	if !r.names.begin(c) {
		return
	}
	err := r.findName(ctx, c)
	if err != nil {
		r.Log.Debug("a customer's name could not be found out", "page", c.Page, "err", err)
	}
	r.names.mu.Lock()
	defer r.names.mu.Unlock()
	delete(r.names.busy, c)
	r.names.idle.Broadcast()
	q := r.names.open(c)
	if q == nil { // forgotten meanwhile
		return
	}
	close(q.done)
	q.done = nil
	if err != nil {
		q.at = r.Now().Add(nameRetry - nameEvery)
	}
}

func (r *naming) findName(ctx context.Context, c bridge.Conversation) error {
	page, err := r.Pages.Page(c.Page)
	if err != nil {
		return err
	}
	name, err := r.Profiles.CustomerName(ctx, page, c.Customer)
	if err != nil || !r.names.isAsked(c) { // forgotten meanwhile
		return err
	}
	before, _ := r.Names.Name(c)
	if textcut.Blank(name) {
		name = before // Facebook no longer tells; they are still called so
	}
	link, err := r.Links.Link(c)
	if err != nil {
		return err
	}
	if name != before { // first, so that a refusal has it done again
		if err := r.rename(ctx, link, name); err != nil {
			return err
		}
	}
	if err := r.Names.SaveName(ctx, c, name); err != nil || link.Visitor != "" {
		return err
	}
	// Whoever was registered in between looks, after that, what the name is; and here
	// it is looked, after the name was stored, whether somebody was.
	if link, err = r.Links.Link(c); err != nil || name == "" {
		return err
	}
	return r.rename(ctx, link, name)
}

// rename tells Rocket.Chat what a visitor is called, unless it knows. Whoever is not
// registered yet will be under that name. The department stays.
func (r *naming) rename(ctx context.Context, link bridge.Link, name string) error {
	if link.Visitor == "" || r.isRegisteredAs(link.Conversation, name) {
		return nil
	}
	if _, err := r.Livechat.Register(ctx, link.Visitor, name, ""); err != nil {
		return err
	}
	r.registeredAs(link.Conversation, name)
	return nil
}

func (r *naming) isRegisteredAs(c bridge.Conversation, name string) bool {
	r.names.mu.Lock()
	defer r.names.mu.Unlock()
	q, known := r.names.asked.Get(c)
	return known && q.registered == name
}

// registeredAs notes under which name a visitor is known.
func (r *naming) registeredAs(c bridge.Conversation, name string) {
	r.names.mu.Lock()
	defer r.names.mu.Unlock()
	if q, known := r.names.asked.Get(c); known {
		q.registered = name
	}
}
