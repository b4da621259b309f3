package web

import (
	"sync"
	"time"

	"messenger-bridge/bridge/pages"
)

// visit is what one browser was offered, and what became of its choice. It is
// kept so that the tick boxes survive a reload, a way back and a slip; without
// it, after a restart, a form that is already open still works.
type visit struct {
	offer  pages.Offer
	done   bool
	result []pages.Connected
	ends   time.Time
}

const (
	visitFor  = 30 * time.Minute // as long as a choice is good
	maxVisits = 100
)

// visits are found by the nonce of their browser.
type visits struct {
	mu  sync.Mutex
	all map[string]visit
}

func newVisits() *visits { return &visits{all: map[string]visit{}} }

// begin remembers an offer. The oldest visit makes room for it.
func (v *visits) begin(nonce string, offer pages.Offer) {
	v.mu.Lock()
	defer v.mu.Unlock()
	now, oldest := time.Now(), ""
	for n, one := range v.all {
		if now.After(one.ends) {
			delete(v.all, n)
		} else if oldest == "" || one.ends.Before(v.all[oldest].ends) {
			oldest = n
		}
	}
	if len(v.all) >= maxVisits {
		delete(v.all, oldest)
	}
	v.all[nonce] = visit{offer: offer, ends: now.Add(visitFor)}
}

// end keeps what became of a choice.
func (v *visits) end(nonce string, result []pages.Connected) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if one, ok := v.all[nonce]; ok {
		one.done, one.result = true, result
		v.all[nonce] = one
	}
}

func (v *visits) of(nonce string) (visit, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	one, ok := v.all[nonce]
	return one, ok && nonce != "" && time.Now().Before(one.ends)
}
