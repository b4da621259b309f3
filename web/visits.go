package web

import (
	"sync"
	"time"

	"messenger-bridge/bridge/pages"
	"messenger-bridge/recent"
)

// visit is what one browser was offered, and what became of its choice. It is
// kept so that the tick boxes survive a reload, a way back and a slip; without
// it, after a restart, a form that is already open still works.
type visit struct {
	offer  pages.Offer
	done   bool
	result []pages.Connected
}

const (
	visitFor  = 30 * time.Minute // as long as a choice is good
	maxVisits = 100
)

// visits are found by the nonce of their browser.
type visits struct {
	mu  sync.Mutex // guards what the visits hold
	all *recent.Map[string, *visit]
}

func newVisits() *visits { return &visits{all: recent.New[string, *visit](maxVisits, visitFor)} }

// begin remembers an offer.
func (v *visits) begin(nonce string, offer pages.Offer) {
	if nonce != "" {
		v.all.Set(nonce, &visit{offer: offer})
	}
}

// end keeps what became of a choice.
func (v *visits) end(nonce string, result []pages.Connected) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if one, ok := v.all.Get(nonce); ok {
		one.done, one.result = true, result
	}
}

// of returns what is known of a visit, and whether there is one.
func (v *visits) of(nonce string) (visit, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	one, ok := v.all.Get(nonce)
	if !ok {
		return visit{}, false
	}
	return *one, true
}
