package pages

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/backfill"
	"messenger-bridge/language"
)

// registry is the stored pages and those who are told when one changes. All parts of
// this package share it.
type registry struct {
	pages   bridge.PageStore
	gaps    *backfill.Gaps
	changed func(bridge.PageID)
	tell    Announce
	now     func() time.Time
	say     *language.Speaker
	log     *slog.Logger
	locks   *locks
	untold  untold
}

// update changes a page as it is now; ErrNoPage if it is not connected, or no longer.
// Changes made meanwhile by others are kept.
func (r *registry) update(ctx context.Context, id bridge.PageID, change func(*bridge.Page)) (bridge.Page, error) {
	if err := r.updateAll(ctx, []bridge.PageID{id}, "", r.pages.Page, change); err != nil {
		return bridge.Page{ID: id}, err
	}
	return r.pages.Page(id)
}

// knownOrNew returns a page as it is now; an id nobody knows makes a new one.
func (r *registry) knownOrNew(id bridge.PageID) (bridge.Page, error) {
	page, err := r.pages.Page(id)
	if errors.Is(err, bridge.ErrNoPage) {
		return bridge.Page{ID: id}, nil
	}
	return page, err
}

// updateAll is update for several pages, all or none, each as find returns it, and spends a
// ticket with it unless its id is empty.
func (r *registry) updateAll(ctx context.Context, ids []bridge.PageID, ticket string, find func(bridge.PageID) (bridge.Page, error), change func(*bridge.Page)) error {
	for {
		var before, after []bridge.Page
		for _, id := range ids {
			page, err := find(id)
			if err != nil {
				return err
			}
			before = append(before, page)
			change(&page)
			after = append(after, page)
		}
		if err := r.save(ctx, before, after, ticket); !errors.Is(err, bridge.ErrConflict) {
			return err
		}
	}
}

// save stores pages; before that it opens the gaps that their changes begin, and after it
// it tells those who wait for the changes.
func (r *registry) save(ctx context.Context, before, after []bridge.Page, ticket string) error {
	for i, page := range after {
		if losesEvents(before[i], page) {
			if err := r.gaps.Lost(ctx, page); err != nil {
				return err
			}
		}
	}
	if err := r.pages.SavePages(ctx, after, ticket); err != nil {
		return err
	}
	for i, page := range after {
		if page.Unwanted() {
			r.gaps.Off(page.ID)
		}
		if improved(before[i], page) {
			r.changed(page.ID)
		}
	}
	return nil
}

// losesEvents reports whether a change of a page means that its messages begin to be
// missing, or do so until it runs for the first time.
func losesEvents(before, after bridge.Page) bool {
	return before.ReceivesEvents() && !after.ReceivesEvents() && !after.Unwanted() ||
		before.State == "" && after.State == bridge.PageConnecting
}

// improved reports whether what waits for a page should be tried again.
func improved(before, after bridge.Page) bool {
	return after.Token != before.Token || after.State != before.State &&
		(after.State == bridge.PageRunning || before.State == bridge.PageOff || before.State == bridge.PageNeedsAuth)
}

// setState stores the state a page was found in, if it is another than before.
func (r *registry) setState(ctx context.Context, id bridge.PageID, state bridge.PageState, why bridge.Trouble) (bridge.Page, error) {
	page, err := r.pages.Page(id)
	if err != nil || page.State == state && (page.Why == why || page.Why.Kind == bridge.LeftOut) {
		return page, err
	}
	return r.update(ctx, id, func(p *bridge.Page) { p.State, p.Why = state, why })
}

// explained says why a page does not run, and what to do about it; "" if it runs.
func (r *registry) explained(p bridge.Page) string {
	if p.Why.Kind == "" {
		return ""
	}
	return strings.TrimSpace(p.Why.In(r.say) + ". " + p.Why.Help(r.say, p))
}

// announce tells the setup channel once about a page as it is now. Others may have something
// else to tell of the same state: who connects a page, and who watches it.
func (r *registry) announce(ctx context.Context, p bridge.Page, text string) {
	what := sha256.Sum256([]byte(text))
	r.announceOnce(ctx, fmt.Sprintf("page/%s/%d/%x", p.ID, p.Rev, what[:6]), text)
}

// announceOnce tells the setup channel once under a key. What is told is stored already, so
// it is told although the program is about to stop. What cannot be written down now, because
// the disk is full or hangs, is told when pages are checked next.
func (r *registry) announceOnce(ctx context.Context, key, text string) {
	text = strings.TrimSpace(text)
	if err := r.tell(context.WithoutCancel(ctx), key, text); err != nil {
		r.log.Warn("not announced yet", "key", key, "err", err)
		r.untold.add(announcement{key, text})
	}
}

// announceUntold tells what could not be written down earlier.
func (r *registry) announceUntold(ctx context.Context) {
	for _, a := range r.untold.take() {
		r.announceOnce(ctx, a.key, a.text)
	}
}

// lock keeps others from changing the page's connection, at Facebook and here: what is
// stored must be what was done last. The caller must call the result.
func (r *registry) lock(id bridge.PageID) (unlock func()) { return r.locks.lock(id) }

// locks are one lock for each page.
type locks struct {
	mu    sync.Mutex // guards pages
	pages map[bridge.PageID]*sync.Mutex
}

func newLocks() *locks { return &locks{pages: map[bridge.PageID]*sync.Mutex{}} }

func (l *locks) lock(id bridge.PageID) (unlock func()) {
	l.mu.Lock()
	page := l.pages[id]
	if page == nil {
		page = &sync.Mutex{}
		l.pages[id] = page
	}
	l.mu.Unlock()
	page.Lock()
	return page.Unlock
}
