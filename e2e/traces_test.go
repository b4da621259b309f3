package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"messenger-bridge/bridge"
	"messenger-bridge/sandbox/chat"
	"messenger-bridge/store"
)

// traces stops the bridge and returns which ids stand anywhere in its store, and where:
// in a key or a value of any bucket, or in what is sealed.
func (w *world) traces(ids []string) map[string][]string {
	w.Helper()
	w.halt()
	found := map[string][]string{}
	look := func(where, text string) {
		for _, id := range ids {
			if strings.Contains(text, id) && !slices.Contains(found[id], where) {
				found[id] = append(found[id], where)
			}
		}
	}
	w.inStore(func(s *store.Store) error {
		for where, q := range map[string]*store.Queue{"inbox": s.Inbox(), "outbox": s.Outbox(), "notices": s.Notices()} {
			if err := q.Waiting(func(d *bridge.Delivery, _ int) {
				full, err := q.Delivery(d.Seq)
				look("sealed in "+where, fmt.Sprint(full.Lane, string(full.Body), err))
			}); err != nil {
				return err
			}
		}
		var failed []bridge.Seq
		if err := s.Failed(func(f bridge.Failure) bool { failed = append(failed, f.Seq); return true }); err != nil {
			return err
		}
		for _, seq := range failed {
			f, err := s.Failure(seq)
			look("sealed in failed", fmt.Sprint(f.Lane, string(f.Body), err))
		}
		return s.EraseTickets(w.Context(), func(t bridge.Ticket) bool { look("sealed in states", fmt.Sprint(t.For, string(t.Data))); return false })
	})
	w.inBuckets(look)
	return found
}

// inBuckets shows all keys and values of the store's file.
func (w *world) inBuckets(look func(where, text string)) {
	w.Helper()
	db, err := bbolt.Open(filepath.Clean(w.cfg.Store.Database), 0o600, &bbolt.Options{ReadOnly: true, Timeout: time.Second})
	if err != nil {
		w.Fatal(err)
	}
	defer db.Close()
	var walk func(where string, b *bbolt.Bucket) error
	walk = func(where string, b *bbolt.Bucket) error {
		return b.ForEach(func(k, v []byte) error {
			look("keys of "+where, string(k))
			if v == nil {
				return walk(where, b.Bucket(k))
			}
			look("values of "+where, string(v))
			return nil
		})
	}
	err = db.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bbolt.Bucket) error { return walk(string(name), b) })
	})
	if err != nil {
		w.Fatal(err)
	}
}

// forgets has the operator forget a customer, after every id was found somewhere, and
// expects that none is found afterwards, and that other ids still are.
func (w *world) forgets(customer string, ids, others []string) {
	w.Helper()
	before := w.traces(append(slices.Clone(ids), others...))
	for _, id := range append(slices.Clone(ids), others...) {
		if len(before[id]) == 0 {
			w.Errorf("%s is not in the store before", id)
		}
	}
	w.run()
	code, did, problem := runCommand(w.T, w.environ, "forget", "--database", w.cfg.Store.Database, page, customer, "--yes")
	if code != 0 || !strings.Contains(did, "The customer is forgotten here.") {
		w.Fatalf("code %d: %s%s", code, did, problem)
	}
	w.unreadable(append(slices.Clone(ids), nameOfAnna), others)
	after := w.traces(append(slices.Clone(ids), others...))
	for _, id := range ids {
		if len(after[id]) != 0 {
			w.Errorf("%s is left: %q", id, after[id])
		}
	}
	for _, id := range others {
		if len(after[id]) == 0 {
			w.Errorf("%s is gone, which was somebody else's", id)
		}
	}
}

// unreadable looks at the bytes of every file beside the store, the store among them, in
// whose free pages old records stand until they are overwritten, and at a backup made now.
func (w *world) unreadable(ids, others []string) {
	w.Helper()
	folder := filepath.Dir(w.cfg.Store.Database)
	copied := filepath.Join(folder, "copy.db")
	if code, _, problem := runCommand(w.T, w.environ, "backup", "--database", w.cfg.Store.Database, copied); code != 0 {
		w.Fatalf("the backup: code %d: %s", code, problem)
	}
	w.halt()
	files, err := os.ReadDir(folder)
	if err != nil {
		w.Fatal(err)
	}
	kept := 0
	for _, f := range files {
		if !f.Type().IsRegular() {
			continue
		}
		data, err := os.ReadFile(filepath.Join(folder, f.Name()))
		if err != nil {
			w.Fatal(err)
		}
		for _, id := range ids {
			if at := bytes.Index(data, []byte(id)); at >= 0 {
				w.Errorf("%s can be read in %s, at byte %d of %d", id, f.Name(), at, len(data))
			}
		}
		if !slices.ContainsFunc(others, func(id string) bool { return !bytes.Contains(data, []byte(id)) }) {
			kept++
		}
	}
	if kept < 2 { // the store and the copy
		w.Errorf("what is somebody else's is in %d of the files %v", kept, files)
	}
}

// nameOfAnna is a name that nothing else is called.
const nameOfAnna = "Forgettable-Exampleton"

// ownIDs returns all ids of a customer's conversation with the page.
func (w *world) ownIDs(customer, rid string) (ids []string) {
	return append([]string{customer, rid}, w.messageIDs(page, customer, rid)...)
}

// messageIDs returns those that Rocket.Chat and Messenger have of messages.
func (w *world) messageIDs(page, customer, rid string) (ids []string) {
	for _, m := range w.rc.Messages(rid) {
		if m.System == "" && m.Username != ourBot {
			ids = append(ids, m.ID)
		}
	}
	for _, b := range w.meta.Thread(page, customer) {
		ids = append(ids, b.Mid)
	}
	return ids
}

// spoils has Rocket.Chat refuse calls that contain a part: so many for good, and all others
// for now.
func (w *world) spoils(route, part string, forGood int) {
	w.Helper()
	like := func(_ *http.Request, body []byte) bool { return strings.Contains(string(body), part) }
	if forGood > 0 {
		w.rc.Inject(chat.Fault{Route: route, Match: like, Times: forGood, Status: 400,
			Body: `{"success":false,"error":"blocked [error-contact-channel-blocked]","errorType":"error-contact-channel-blocked"}`})
	}
	w.rc.Inject(chat.Fault{Route: route, Match: like, Status: 500})
}

// TestForget_WhateverWaitsOrFailed_NoIDIsLeftInTheStore: events about messages, marks of
// what arrived, what administrators are told, automatic texts and corrections.
func TestForget_WhateverWaitsOrFailed_NoIDIsLeftInTheStore(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.setPage(func(s *bridge.Settings) { s.Receipts, s.Welcome = true, "Welcome!" })
	w.cfg.Times.Patience = time.Minute // what waits is not given up meanwhile
	w.run()
	w.meta.NameCustomer(anna, "Annabel", nameOfAnna)
	w.meta.CustomerWrites(page, ben, "somebody else")
	other := w.room()
	w.agent.Says(other, "you stay")
	w.eventually("somebody else is answered", func() bool { return slices.Contains(w.received(ben), "you stay") })

	first := w.meta.CustomerWrites(page, anna, "one")
	w.eventually("the customer has a room", func() bool { return len(w.rc.Rooms()) == 2 })
	k := &talk{world: w, page: page, customer: anna, rid: w.rc.Rooms()[1].ID}
	answers := k.says("two", "three")
	w.agent.Edits(answers[0], "two, corrected")
	w.eventually("the correction arrives", func() bool { return len(k.customerSees()) == 4 })
	w.settled()

	w.rc.AddUser(chat.User{Username: "maria", Roles: []string{"user", "livechat-manager"}})
	w.spoils("POST chat.react", "heavy_check_mark", 0)
	w.spoils("POST chat.react", "heart", 2) // it is told in words then
	w.spoils("POST chat.sendMessage", "The customer reacted", 1)
	w.spoils("POST livechat/message", "never shown", 1)
	w.spoils("POST chat.sendMessage", "is blocked in Rocket.Chat", 0)
	w.spoils("POST chat.sendMessage", "This erases the customer", 0)
	now := time.Now()
	w.meta.Send(w.meta.DeliveryEvent(page, anna, k.at(3), now))
	for _, mid := range []string{first, w.meta.CustomerSees(page, anna)[1].Mid} {
		w.meta.Send(w.meta.ReactionEvent(page, anna, mid, "love", "❤️", now))
	}
	w.meta.CustomerWrites(page, anna, "never shown")
	w.rc.UserSays("maria", w.rc.RoomID("general"), "!facebook forget "+page+" "+anna)
	w.eventually("some failed and some wait", func() bool {
		s := w.health()
		return s.Failed == 2 && s.In.Waiting == 1 && s.Notices.Waiting == 5 // one of them marks what was answered by direct message
	})
	w.forgets(anna, w.ownIDs(anna, k.rid), w.ownIDs(ben, other)[:3])
}

// TestForget_Commenter_NoIDIsLeftInTheStore: removals do not tell whose comment they are
// about, and travel in lanes of their own; nor do the page's answers from elsewhere.
func TestForget_Commenter_NoIDIsLeftInTheStore(t *testing.T) {
	t.Parallel()
	k := commented(t, nil)
	k.agent.Says(k.rid, "Yes")
	k.published(k.comment, "Yes")
	ids := k.ownIDs(commenter, k.rid)
	for _, c := range k.meta.Comments(k.post) {
		ids = append(ids, c.ID)
	}
	const somebody = "7770001112223335"
	k.meta.NamePerson(somebody, "Ben Example", ben)
	others := []string{somebody, k.meta.PersonComments(k.post, somebody, "Mine")}
	other := k.roomWith("Mine")

	k.spoils("POST livechat/message", "never", 1)
	k.spoils("POST chat.sendMessage", "deleted", 1)
	second := k.meta.PersonComments(k.post, commenter, "never, refused")
	k.eventually("one failed", func() bool { return k.health().Failed == 1 })
	third := k.meta.PersonComments(k.post, commenter, "never, waits")
	ids = append(ids, second, third, k.meta.PageComments(third, "by hand"))
	k.meta.RemoveComment(k.comment)
	k.eventually("a removal failed", func() bool { return k.health().Failed == 2 })
	for _, comment := range []string{third, second, others[1]} {
		k.meta.RemoveComment(comment)
	}
	k.eventually("all others wait", func() bool { return k.health().In.Waiting == 5 })
	k.forgets(commenter, ids, append(others, other))
}
