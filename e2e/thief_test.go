package e2e

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"messenger-bridge/bridge"
	"messenger-bridge/sandbox/chat"
)

// changesFile stops the bridge and changes its file as somebody does who has it, but not the key.
func (w *world) changesFile(change func(tx *bbolt.Tx) error) {
	w.Helper()
	w.halt()
	w.unfollowed = true
	db, err := bbolt.Open(w.cfg.Store.Database, 0o600, nil)
	if err != nil {
		w.Fatal(err)
	}
	if err := errors.Join(db.Update(change), db.Close()); err != nil {
		w.Fatal(err)
	}
}

// put writes one record in the place of another.
func put(tx *bbolt.Tx, bucket, key string, change func(v []byte) []byte) error {
	b := tx.Bucket([]byte(bucket))
	return b.Put([]byte(key), change(bytes.Clone(b.Get([]byte(key)))))
}

// tellsOfChanges waits until everybody has heard that the store was changed, in each of the ways
// in which the bridge says so, and that the setup channel heard it once.
func (w *world) tellsOfChanges() {
	w.Helper()
	heard := func() int { return strings.Count(w.announced(), "Somebody other than the bridge has changed") }
	w.eventually("the setup channel hears of it", func() bool { return heard() > 0 })
	if ready := w.get("http://" + w.at.Public + "/readyz"); !strings.Contains(ready, "changed by somebody other than the bridge") {
		w.Errorf("/readyz says %q", ready)
	}
	if status := w.get("http://" + w.at.Metrics + "/status"); !strings.Contains(status, `"changed": `) {
		w.Errorf("the status is %.500s", status)
	}
	if !strings.Contains(w.log.String(), "a record of the store was changed by somebody else than the bridge") {
		w.Error("the log does not tell")
	}
	if metrics := w.get("http://" + w.at.Metrics + "/metrics"); !strings.Contains(metrics, "\nbridge_store_changed_records ") || strings.Contains(metrics, "\nbridge_store_changed_records 0\n") {
		w.Error("no metric tells")
	}
	if d, _, _ := w.doctor(); !d.has(found{"store", bridge.Bad, "changed by somebody other than the bridge", "who can write"}) {
		w.Errorf("the doctor says %+v", d.Findings)
	}
	if n := heard(); n != 1 {
		w.Errorf("the setup channel heard it %d times", n)
	}
}

// TestAttack10_ChangedMapOfRooms_NobodyReadsAnothersAnswers gives customer A's room to customer B
// in the map of rooms, and A's room to B's conversation, while the bridge is stopped.
func TestAttack10_ChangedMapOfRooms_NobodyReadsAnothersAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	w.meta.CustomerWrites(page, anna, "I am Anna")
	annas := w.room()
	w.meta.CustomerWrites(page, ben, "I am Ben")
	w.eventually("both have rooms", func() bool { return len(w.rc.Rooms()) == 2 && len(w.texts()) == 2 })
	w.agent.Says(annas, "before")
	w.eventually("it arrives", func() bool { return slices.Contains(w.received(anna), "before") })
	w.settled()
	bens := w.rc.Rooms()[1].ID
	w.changesFile(func(tx *bbolt.Tx) error {
		return errors.Join(
			put(tx, "rooms", annas, func(v []byte) []byte { return bytes.Replace(v, []byte(anna), []byte(ben), 1) }),
			put(tx, "conversations", page+"/m/"+ben, func(v []byte) []byte { return bytes.Replace(v, []byte(bens), []byte(annas), 1) }),
		)
	})
	w.run()
	w.agent.Says(annas, "for Anna alone")
	w.eventually("Anna reads it", func() bool { return slices.Contains(w.received(anna), "for Anna alone") })
	w.meta.CustomerWrites(page, anna, "thank you")
	w.meta.CustomerWrites(page, ben, "and I?")
	w.eventually("agents read both", func() bool { return slices.Contains(w.texts(), "thank you") && slices.Contains(w.texts(), "and I?") })
	for _, m := range w.rc.CustomerTexts(annas) {
		if strings.Contains(m, "and I?") {
			t.Error("Ben's words stand in Anna's room")
		}
	}
	if slices.Contains(w.received(ben), "for Anna alone") {
		t.Error("Ben reads what was said to Anna")
	}
	w.settled()
	w.tellsOfChanges()
}

// TestAttack10_ChangedSettings_AreNotFollowed has a page's customers sent to another department,
// while the bridge is stopped: its messages wait until it is set up again, those of others do not.
func TestAttack10_ChangedSettings_AreNotFollowed(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.run()
	o.connect(bakery, bikes)
	other := o.rc.AddDepartment("Elsewhere", "eve")
	o.rc.AddUser(chat.User{Username: "eve", Roles: []string{"user", "livechat-agent"}})
	o.settled()
	o.changesFile(func(tx *bbolt.Tx) error {
		return put(tx, "pages", bakery, func(v []byte) []byte {
			return bytes.Replace(v, []byte(`"settings":{`), []byte(`"settings":{"department":"`+other+`",`), 1)
		})
	})
	o.run()
	o.eventually("the page has to be set up again", func() bool { return o.pageNow(bakery).State == bridge.PageNeedsAuth })
	if why := o.pageNow(bakery).Why; !strings.Contains(why, "somebody other than the bridge") {
		t.Errorf("it says why: %q", why)
	}
	o.meta.CustomerWrites(bakery, anna, "to the bakery")
	o.talks(bikes) // which runs
	if n := len(o.rc.Rooms()); n != 1 {
		t.Errorf("%d rooms are open", n)
	}
	o.tellsOfChanges()
	o.openWindow().login(o.link(), bakery, bikes).choose([]string{bakery, bikes}, bakery+".department="+o.sales).shows("connecting", 200, "connected")
	o.eventuallyRuns(bakery)
	o.eventually("what the customer wrote is shown", func() bool {
		for _, r := range o.rc.Rooms() {
			if slices.ContainsFunc(o.rc.CustomerTexts(r.ID), func(text string) bool { return strings.HasSuffix(text, "to the bakery") }) {
				return r.DepartmentID == o.sales
			}
		}
		return false
	})
}

// TestAttack10_ChangedHeaderOfACustomersMessage_IsShownWhereItBelongs sends what waits for one
// customer's room to another's, while the bridge is stopped: what a customer wrote says itself
// whose it is, and shown twice it would be there once.
func TestAttack10_ChangedHeaderOfACustomersMessage_IsShownWhereItBelongs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	w.meta.CustomerWrites(page, anna, "hello")
	annas := w.room()
	w.meta.CustomerWrites(page, ben, "hello, too")
	w.eventually("both have rooms", func() bool { return len(w.texts()) == 2 })
	w.settled()
	heal := w.rc.Inject(chat.Fault{Route: "POST livechat/message", Status: 500})
	w.meta.CustomerWrites(page, anna, "for Anna's room")
	w.eventually("it waits", func() bool { return w.meta.Waiting() == 0 && w.health().In.Waiting == 1 })
	w.changesFile(func(tx *bbolt.Tx) error {
		key, v := tx.Bucket([]byte("inbox")).Cursor().First()
		return tx.Bucket([]byte("inbox")).Put(bytes.Clone(key), bytes.Replace(bytes.Clone(v), []byte(anna), []byte(ben), 1))
	})
	heal()
	w.run()
	w.eventually("it is shown in Anna's room", func() bool {
		return slices.ContainsFunc(w.rc.CustomerTexts(annas), func(text string) bool { return strings.HasSuffix(text, "for Anna's room") })
	})
	w.settled()
	w.tellsOfChanges()
}

// TestAttack10_ChangedHeader_IsNotDelivered sends what waits for one page's customer to another's,
// while the bridge is stopped: it is set aside, its neighbours arrive, and agents are told.
func TestAttack10_ChangedHeader_IsNotDelivered(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	w.meta.CustomerWrites(page, anna, "hello")
	annas := w.room()
	w.meta.CustomerWrites(page, ben, "hello, too")
	w.eventually("both have rooms", func() bool { return len(w.texts()) == 2 })
	w.settled()
	w.meta.Down()
	one := w.agent.Says(annas, "one")
	w.agent.Says(annas, "two")
	w.eventually("both wait", func() bool { return w.health().Out.Waiting == 2 })
	w.changesFile(func(tx *bbolt.Tx) error {
		key, v := tx.Bucket([]byte("outbox")).Cursor().First()
		return tx.Bucket([]byte("outbox")).Put(bytes.Clone(key), bytes.Replace(bytes.Clone(v), []byte(anna), []byte(ben), 1))
	})
	if err := w.meta.Up(); err != nil {
		t.Fatal(err)
	}
	w.start()
	w.eventually("the other arrives", func() bool { return slices.Contains(w.received(anna), "two") })
	w.eventually("one was set aside", func() bool { return w.health().Failed == 1 })
	if got := w.received(ben); slices.Contains(got, "one") || slices.Contains(w.received(anna), "one") {
		t.Errorf("it was delivered: %q", got)
	}
	w.eventually("the agent is told", func() bool {
		return slices.ContainsFunc(w.notices(annas, one), func(text string) bool {
			return strings.Contains(text, "not delivered") || strings.Contains(text, "Not delivered")
		})
	})
	w.eventually("the bridge is connected", w.connected)
	w.tellsOfChanges()
}
