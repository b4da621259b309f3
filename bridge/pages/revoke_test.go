package pages

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"messenger-bridge/bridge"
)

var boss = bridge.Author{ID: "boss", Username: "boss"}

// TestDisconnect takes pages away, by whose permissions they live and what Facebook says.
func TestDisconnect(t *testing.T) {
	byHand := running("1")
	byHand.Grant = ""
	other := running("2")
	for name, c := range map[string]struct {
		pages   []bridge.Page // the first is disconnected
		fails   map[string]error
		revoked Revoked
		kept    bool // until Facebook is reached
		calls   string
	}{
		"the person's only page": {pages: []bridge.Page{running("1")}, revoked: RevokedGrant, calls: "UnsubscribePage 1, EndGrant maria"},
		"one of two":             {pages: []bridge.Page{running("1"), other}, revoked: RevokedPage, calls: "UnsubscribePage 1"},
		"by hand":                {pages: []bridge.Page{byHand, other}, revoked: RevokedByHand, calls: "UnsubscribePage 1"},
		"Facebook away":          {pages: []bridge.Page{running("1")}, fails: map[string]error{"UnsubscribePage": away}, revoked: RevokeLater, kept: true, calls: "UnsubscribePage 1"},
		"away at the second":     {pages: []bridge.Page{running("1")}, fails: map[string]error{"EndGrant": away}, revoked: RevokeLater, kept: true, calls: "UnsubscribePage 1, EndGrant maria"},
		"refused for good":       {pages: []bridge.Page{running("1"), other}, fails: map[string]error{"UnsubscribePage": rejected}, revoked: RevokeRefused, calls: "UnsubscribePage 1"},
		"grant refused":          {pages: []bridge.Page{running("1")}, fails: map[string]error{"EndGrant": notApproved}, revoked: RevokeRefused, calls: "UnsubscribePage 1, EndGrant maria"},
		"with a dead token":      {pages: []bridge.Page{running("1"), other}, fails: map[string]error{"UnsubscribePage": expired}, revoked: RevokedPage, calls: "UnsubscribePage 1"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, c.pages...)
			d.meta.fails = c.fails
			page, revoked, err := d.Revoker.Disconnect(t.Context(), "1", boss)
			if err != nil || revoked != c.revoked || page.Token != "" || page.State != bridge.PageNeedsAuth || page.Grant != "" {
				t.Errorf("%q: %+v, %v", revoked, page, err)
			}
			if _, kept := d.store.revocations["1"]; kept != c.kept {
				t.Errorf("kept: %v", kept)
			}
			if got := d.meta.called(); got != c.calls {
				t.Errorf("asked: %s, want %s", got, c.calls)
			}
			d.hears("was disconnected by @boss. Its settings are kept; `/facebook authorize` connects it again. " + revoked.In(nil))
			if again, revoked, err := d.Revoker.Disconnect(t.Context(), "1", boss); err != nil || again.State != page.State || revoked == RevokedGrant {
				t.Errorf("once more: %q, %v", revoked, err)
			}
		})
	}
}

func TestDelete_ForgetsThePage(t *testing.T) {
	d := newDesk(t, running("1"), running("2"))
	_, revoked, err := d.Revoker.Delete(t.Context(), "1", boss)
	if _, there := d.store.pages["1"]; there || revoked != RevokedPage || err != nil || len(d.store.revocations) != 0 || len(d.changed) != 1 {
		t.Errorf("%q, %v, told %v", revoked, err, d.changed)
	}
	d.hears("deleted by @boss")
	if _, revoked, err := d.Revoker.Delete(t.Context(), "2", bridge.Author{}); revoked != RevokedGrant || err != nil {
		t.Errorf("%q, %v", revoked, err)
	}
	d.hears("deleted by an operator")
	if _, _, err := d.Revoker.Delete(t.Context(), "2", boss); !errors.Is(err, bridge.ErrNoPage) {
		t.Error(err)
	}
}

// TestDisconnect_StoppedAtEachPoint_EndsAllTheSame stops at the four points that stand
// above the code, and starts again.
func TestDisconnect_StoppedAtEachPoint_EndsAllTheSame(t *testing.T) {
	stopped := errors.New("stopped")
	for name, c := range map[string]struct {
		stop     func(*desk)
		wants    error
		nothing  bool // has happened
		announce []string
	}{
		"1: revocation not stored": {stop: func(d *desk) { d.store.fails["SaveRevocation"] = stopped }, wants: stopped, nothing: true},
		"2: token not deleted": {stop: func(d *desk) { d.store.fails["SavePage"] = stopped }, wants: stopped,
			announce: []string{"*Bakery* was disconnected. Nothing of it arrives here any more, and Facebook has ended"}},
		"3: no answer from Facebook": {stop: func(d *desk) { d.meta.fails["UnsubscribePage"] = away },
			announce: []string{"by @boss", "*Bakery* was disconnected. Nothing of it arrives here any more, and Facebook has ended"}},
		"4: revocation not erased": {stop: func(d *desk) { d.store.fails["EraseRevocation"] = stopped },
			announce: []string{"by @boss", "*Bakery* was disconnected. Nothing of it arrives here any more, and Facebook has ended"}},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, running("1"))
			c.stop(d)
			if _, _, err := d.Revoker.Disconnect(t.Context(), "1", boss); !errors.Is(err, c.wants) {
				t.Fatal(err)
			}
			clear(d.store.fails)
			clear(d.meta.fails)
			for range 2 { // the second start finds nothing to do
				d.restart().clock = d.clock.Add(time.Minute)
				d.Revoker.tryDue(t.Context(), map[bridge.PageID]time.Time{})
			}
			if len(d.store.revocations) != 0 || (d.page("1").Token == "") == c.nothing {
				t.Errorf("kept %v, page %+v", d.store.revocations, d.page("1"))
			}
			d.hears(c.announce...)
		})
	}
}

// TestRun_FacebookAwayForADay_IsAskedLessAndLess lets a clock run, and then gives up.
func TestRun_FacebookAwayForADay_IsAskedLessAndLess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, running("1"))
		d.Revoker.now = time.Now
		d.meta.fails["UnsubscribePage"] = away
		if _, revoked, err := d.Revoker.Disconnect(t.Context(), "1", boss); revoked != RevokeLater || err != nil {
			t.Fatal(revoked, err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- d.Revoker.Run(ctx) }()
		time.Sleep(23*time.Hour + 59*time.Minute)
		synctest.Wait()
		kept, err := d.store.Revocations()
		if n := d.meta.count("UnsubscribePage 1"); n < 30 || n > 50 || len(kept) != 1 || err != nil {
			t.Errorf("asked %d times, kept %v, %v", n, kept, err)
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		stop()
		<-ended
		if len(d.store.revocations) != 0 {
			t.Error("the token is kept after 24 hours")
		}
		d.hears("Facebook cannot be reached to take back", "Facebook could not be reached for 24 hours")
	})
}

// TestRevocation_ConnectedAgainMeanwhile_TakesNothingBack: what was allowed anew is not
// ended by what was disconnected before.
func TestRevocation_ConnectedAgainMeanwhile_TakesNothingBack(t *testing.T) {
	d := newDesk(t, running("1"))
	d.meta.fails["UnsubscribePage"] = away
	if _, _, err := d.Revoker.Disconnect(t.Context(), "1", boss); err != nil {
		t.Fatal(err)
	}
	d.said = nil
	if err := d.Login.revocations.keepGrant(t.Context(), "maria"); err != nil || d.store.revocations["1"].Grant != "" {
		t.Fatal("the grant is to be ended although it was given anew:", err)
	}
	held := choice{User: "maria", Kind: bridge.PersonToken, Tokens: map[bridge.PageID]string{"1": "new"}}
	if err := d.Login.keep(t.Context(), boss, held, []Chosen{{ID: "1"}}, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Login.connect(t.Context(), boss, "1"); err != nil {
		t.Fatal(err)
	}
	clear(d.meta.fails)
	d.meta.called()
	d.clock = d.clock.Add(time.Minute)
	d.Revoker.tryDue(t.Context(), map[bridge.PageID]time.Time{})
	if got := d.meta.called(); got != "" || len(d.store.revocations) != 0 || d.page("1").Token != "new" {
		t.Errorf("asked %q, kept %v, page %+v", got, d.store.revocations, d.page("1"))
	}
	d.hears("is connected (by @boss)")
}

// TestRevocation_GivenAnewForAnotherPage_IsNotCalledMadeByHand: only the subscription is ended then.
func TestRevocation_GivenAnewForAnotherPage_IsNotCalledMadeByHand(t *testing.T) {
	d := newDesk(t, running("1"))
	d.meta.fails["UnsubscribePage"] = away
	if _, _, err := d.Revoker.Disconnect(t.Context(), "1", boss); err != nil {
		t.Fatal(err)
	}
	d.said = nil
	if err := d.Login.revocations.keepGrant(t.Context(), "maria"); err != nil {
		t.Fatal(err)
	}
	clear(d.meta.fails)
	d.meta.called()
	d.clock = d.clock.Add(time.Minute)
	d.Revoker.tryDue(t.Context(), map[bridge.PageID]time.Time{})
	if got := d.meta.called(); got != "UnsubscribePage 1" {
		t.Errorf("asked %q", got)
	}
	if strings.Contains(strings.Join(d.said, "\n"), "by hand") {
		t.Errorf("announced: %q", d.said)
	}
	d.hears("*Bakery* was disconnected. " + RevokedPage.In(nil))
}

// TestEraseGrant erases what one person allowed, unless it was allowed anew after that.
func TestEraseGrant(t *testing.T) {
	other, later := running("2"), running("3")
	other.Grant, later.Granted = "otto", opened.Add(time.Hour)
	d := newDesk(t, running("1"), other, later, in(running("5"), bridge.PageOff, bridge.SwitchedOff))
	d.store.revocations["4"] = bridge.Revocation{Page: "4", Grant: "maria", Token: "t"}
	for person, id := range map[string]string{"maria": "T1", "otto": "T2"} {
		data, err := choice{User: person}.encode()
		if err != nil {
			t.Fatal(err)
		}
		d.store.tickets[id] = bridge.Ticket{ID: id, Kind: bridge.ChoiceTicket, Data: data, Expires: opened.Add(choiceFor)}
	}
	for range 2 {
		if err := d.Eraser.EraseGrant(t.Context(), "maria", opened.Add(time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	if p := d.page("1"); p.Token != "" || p.Grant != "" || p.Why.Kind != bridge.AppRemoved || !d.gaps.Has("1") {
		t.Errorf("%+v", p)
	}
	if p := d.page("5"); p.Token != "" || p.Grant != "" || p.State != bridge.PageOff || d.gaps.Has("5") {
		t.Errorf("what was off: %+v", p)
	}
	if d.page("2").Token == "" || d.page("3").Token == "" || len(d.store.revocations) != 0 || len(d.store.tickets) != 1 || d.store.tickets["T2"].ID == "" {
		t.Errorf("pages %+v, revocations %+v, tickets %+v", d.store.pages, d.store.revocations, d.store.tickets)
	}
	d.hears("The person who connected *Bakery*, *Bakery* has removed the app at Facebook.")
}

func TestDeletionReceipt_ProvesItself(t *testing.T) {
	d := newDesk(t)
	code, address := d.Eraser.DeletionReceipt()
	if at, ours := d.Eraser.Deletion(code); !ours || !at.Equal(opened) || address != "https://b.example/data-deletion/"+code {
		t.Error(at, ours, address)
	}
	for _, bad := range []string{"", code[:16], code[:30] + "x", "0" + code, "zzzzzzzz" + code[8:]} {
		if _, ours := d.Eraser.Deletion(bad); ours {
			t.Errorf("%q is taken for ours", bad)
		}
	}
}
