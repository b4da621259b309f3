package demo

import (
	"sync"
	"time"

	"messenger-bridge/sandbox/meta"
)

// phones tell Facebook, as customers' devices do, that messages have reached them and were read.
type phones struct {
	*stage

	mu              sync.Mutex // guards the fields below
	delivered, read map[string]time.Time
}

func newPhones(s *stage) *phones {
	return &phones{stage: s, delivered: map[string]time.Time{}, read: map[string]time.Time{}}
}

// receive confirms what has reached the phones since the last look.
func (p *phones) receive() {
	for _, c := range customers {
		if at, mid, news := p.news(c, p.delivered); news {
			p.meta.Send(p.meta.DeliveryEvent(pageID, c.ID, at, time.Now(), mid))
		}
	}
}

// reads is a customer looking at the phone.
func (p *phones) reads(key string) {
	for _, c := range customers {
		if at, _, news := p.news(c, p.read); c.Key == key && news {
			p.meta.Send(p.meta.ReadEvent(pageID, c.ID, at, time.Now()))
		}
	}
}

// news is the page's latest message to a customer, unless it was noted already; then it is.
func (p *phones) news(c customer, noted map[string]time.Time) (at time.Time, mid string, news bool) {
	last, there := p.latest(c)
	p.mu.Lock()
	defer p.mu.Unlock()
	if !there || !last.At.After(noted[c.Key]) {
		return at, "", false
	}
	noted[c.Key] = last.At
	return last.At, last.Mid, true
}

func (p *phones) latest(c customer) (b meta.Bubble, there bool) {
	all := p.meta.CustomerSees(pageID, c.ID)
	if len(all) == 0 {
		return b, false
	}
	return all[len(all)-1], true
}
