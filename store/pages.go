package store

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"messenger-bridge/bridge"
	"messenger-bridge/store/layout"
)

// PageTable is the connected pages.
type PageTable struct{ *file }

var _ bridge.PageStore = PageTable{}

// pageRecord is a page in the file. The revision stands before it.
type pageRecord struct {
	Name      string           `json:"name"`
	Token     []byte           `json:"token,omitempty"` // sealed
	TokenKind bridge.TokenKind `json:"tokenKind,omitempty"`
	Expires   time.Time        `json:"expires,omitzero"`
	Checked   time.Time        `json:"checked,omitzero"`
	State     bridge.PageState `json:"state"`
	Trouble   bridge.Trouble   `json:"trouble,omitzero"`
	Settings  bridge.Settings  `json:"settings"`
	Feed      bridge.Feed      `json:"feed,omitzero"`
	Since     time.Time        `json:"since,omitzero"`
	By        bridge.UserID    `json:"by,omitempty"`
	ByName    string           `json:"byName,omitempty"`
	Grant     string           `json:"grant,omitempty"`
	Granted   time.Time        `json:"granted,omitzero"`
}

// Page returns a page from memory; bridge.ErrNoPage if it is not connected here.
func (s PageTable) Page(id bridge.PageID) (bridge.Page, error) {
	p, ok := s.pages.Page(id)
	if !ok {
		return bridge.Page{}, bridge.ErrNoPage
	}
	return p, nil
}

// Pages returns all pages from memory, in order of their ids.
func (s PageTable) Pages() []bridge.Page {
	pages := make([]bridge.Page, 0, s.pages.Len())
	for p := range s.pages.All() {
		pages = append(pages, *p)
	}
	return pages
}

// EachPage implements bridge.Pages.
func (s PageTable) EachPage(each func(*bridge.Page) bool) {
	for p := range s.pages.All() {
		if !each(p) {
			return
		}
	}
}

// SavePage stores a page if p.Rev is the revision of the stored one, 0 if there
// is none, and returns when that is durable; ErrConflict otherwise. The page then
// has a new revision, which no page of this id had before.
func (s PageTable) SavePage(ctx context.Context, p bridge.Page) error {
	return s.SavePages(ctx, []bridge.Page{p}, "")
}

// SavePages is SavePage for several pages, all or none, and spends a ticket with them
// unless its id is empty: if that is no longer good, nothing is stored, and the error is
// the ticket's.
func (s PageTable) SavePages(ctx context.Context, pages []bridge.Page, ticket string) error {
	records := make([][]byte, len(pages))
	for i, p := range pages {
		var err error
		if records[i], err = s.encodePage(p); err != nil {
			return err
		}
	}
	var refused error
	err := s.do(ctx, &op{apply: func(g *group) {
		if refused = spendFor(g, pages, ticket); refused != nil {
			return
		}
		b := g.Bucket(bucketPages)
		for i, p := range pages {
			p.Rev = g.Next(b)
			g.Put(b, []byte(p.ID), append(binary.BigEndian.AppendUint64(nil, p.Rev), records[i]...))
			g.change(p.ID, &p)
		}
	}})
	if err := errors.Join(err, refused); err != nil {
		return fmt.Errorf("store pages: %w", err)
	}
	return nil
}

// spendFor spends the ticket with which pages are stored, if all can be.
func spendFor(g *group, pages []bridge.Page, ticket string) error {
	var good bridge.Ticket
	if ticket != "" {
		var err error
		if good, err = usable(g, ticket, ""); err != nil {
			return err
		}
	}
	for _, p := range pages {
		if now, _ := g.page(p.ID); now.Rev != p.Rev {
			return fmt.Errorf("page %s: %w", p.ID, ErrConflict)
		}
	}
	if ticket != "" {
		spend(g, good, "")
	}
	return nil
}

func (s PageTable) encodePage(p bridge.Page) ([]byte, error) {
	id := []byte(p.ID)
	if len(id) == 0 || len(id) > 128 {
		return nil, fmt.Errorf("page id of %d bytes", len(id))
	}
	r := pageRecord{
		Name: p.Name, TokenKind: p.TokenKind, Expires: p.Expires, Checked: p.Checked, State: p.State, Trouble: p.Why,
		Settings: p.Settings, Feed: p.Feed, Since: p.Since, By: p.By, ByName: p.ByName, Grant: p.Grant, Granted: p.Granted,
	}
	if p.Token != "" {
		r.Token = s.seal.Seal(nil, bucketPages, id, []byte(p.Token.Reveal()))
	}
	record, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encode page %s: %w", p.ID, err)
	}
	return record, nil
}

// DeletePage forgets a page, its settings and token, and returns when that is
// durable; bridge.ErrNoPage if there is none.
func (s PageTable) DeletePage(ctx context.Context, id bridge.PageID) error {
	var missing error
	err := s.do(ctx, &op{apply: func(g *group) {
		if _, ok := g.page(id); !ok {
			missing = bridge.ErrNoPage
			return
		}
		g.Drop(g.Bucket(bucketPages), []byte(id))
		forgetActivity(g, id)
		forgetPersonas(g, id)
		g.change(id, nil)
	}})
	if err := errors.Join(err, missing); err != nil {
		return fmt.Errorf("delete page %s: %w", id, err)
	}
	return nil
}

// page returns a page as the transaction has it.
func (g *group) page(id bridge.PageID) (bridge.Page, bool) {
	if p, changed := g.pages[id]; changed {
		if p == nil {
			return bridge.Page{}, false
		}
		return *p, true
	}
	return g.file.pages.Page(id)
}

func (g *group) change(id bridge.PageID, p *bridge.Page) {
	if g.pages == nil {
		g.pages = map[bridge.PageID]*bridge.Page{}
	}
	g.pages[id] = p
}

// load unseals all pages. One whose token cannot be read is kept without it:
// it can be connected again.
func (s PageTable) load(tx *bbolt.Tx) error {
	var all []*bridge.Page
	err := s.tables.Of(tx, bucketPages).ForEach(func(id, v []byte) error {
		var r pageRecord
		if len(v) < 8 {
			return fmt.Errorf("read page %s: %w", id, layout.ErrShort)
		}
		if err := json.Unmarshal(v[8:], &r); err != nil {
			return fmt.Errorf("read page %s: %w", id, err)
		}
		p := &bridge.Page{
			ID: bridge.PageID(id), Name: r.Name, TokenKind: r.TokenKind, Expires: r.Expires, Checked: r.Checked, State: r.State, Why: r.Trouble,
			Settings: r.Settings, Feed: r.Feed, Since: r.Since, By: r.By, ByName: r.ByName, Grant: r.Grant, Granted: r.Granted, Rev: binary.BigEndian.Uint64(v),
		}
		if len(r.Token) > 0 {
			token, err := s.seal.Open(bucketPages, id, r.Token)
			if err != nil {
				s.log.Error("token of a page cannot be read; connect the page again", "page", p.ID, "err", err)
			}
			p.Token = bridge.Secret(token)
		}
		all = append(all, p)
		return nil
	})
	s.pages.Load(all)
	return err
}
