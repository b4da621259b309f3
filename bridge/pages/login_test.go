package pages

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/settings"
)

// begins follows a login link as far as Facebook's dialog.
func (d *desk) begins() (state, nonce string) {
	d.Helper()
	link, err := d.Login.LoginLink(d.Context(), boss)
	if err != nil {
		d.Fatal(err)
	}
	dialog, nonce, err := d.Login.Begin(d.Context(), queryOf(d.T, link, "state"))
	if err != nil || !strings.HasPrefix(dialog, "https://b.example/oauth/callback?") {
		d.Fatal(dialog, err)
	}
	return queryOf(d.T, dialog, "state"), nonce
}

func queryOf(t *testing.T, address, name string) string {
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query().Get(name)
}

// TestLogin_FromLinkToRunningPages is the whole way, with a page that is left out.
func TestLogin_FromLinkToRunningPages(t *testing.T) {
	left := running("2")
	left.Name = "Bikes"
	d := newDesk(t, left)
	d.meta.grant = bridge.Grant{User: "maria", Name: "Maria", Token: "user", Kind: bridge.PersonToken, Ticked: 2, Pages: []bridge.GrantedPage{
		{ID: "1", Name: "Bakery", Token: "own"}, {ID: "3", Name: "Café", Token: "own3", Missing: []string{"MESSAGING"}},
	}}
	state, nonce := d.begins()
	offer, err := d.Login.Return(t.Context(), state, nonce, "CODE")
	if err != nil || offer.Person != "Maria" || len(offer.Pages) != 2 || !offer.Pages[0].Usable || offer.Pages[1].Usable || len(offer.Lost) != 1 {
		t.Fatalf("%+v, %v", offer, err)
	}
	d.hears("*Bikes* has lost its connection: it was left out when Maria authorised again")
	if _, err := d.Login.Return(t.Context(), state, nonce, "CODE"); err == nil {
		t.Error("a login works twice")
	}
	ticked := []Chosen{{ID: "1", Settings: bridge.Settings{Department: "d1", TextLimit: 300}}}
	became, err := d.Login.Choose(t.Context(), offer.Ticket, nonce, offer.Proof, ticked)
	if err != nil || len(became) != 1 || became[0] != (Connected{ID: "1", Name: "Bakery", State: bridge.PageRunning}) || d.Login.Connecting() {
		t.Errorf("%+v, %v", became, err)
	}
	if p := d.page("1"); p.Token != "own" || p.Grant != "maria" || p.ByName != "boss" || p.Settings != (bridge.Settings{Department: "d1"}) {
		t.Errorf("%+v", p)
	}
	d.hears("*Bakery* is connected (by @boss).")
	if _, err := d.Login.Choose(t.Context(), offer.Ticket, nonce, offer.Proof, ticked); err == nil {
		t.Error("a choice works twice")
	}
}

// TestLogin_WithoutAPageThatIsOff_StaysOff: else the next who connects pages would switch it on.
func TestLogin_WithoutAPageThatIsOff_StaysOff(t *testing.T) {
	d := newDesk(t, in(running("2"), bridge.PageOff, bridge.SwitchedOff))
	d.meta.grant = bridge.Grant{User: "maria", Name: "Maria", Token: "user", Pages: []bridge.GrantedPage{{ID: "1", Name: "Bakery", Token: "own"}}}
	state, nonce := d.begins()
	offer, err := d.Login.Return(t.Context(), state, nonce, "CODE")
	d.meta.called()
	d.Watch.checkPage(t.Context(), "2")
	if p := d.page("2"); err != nil || len(offer.Lost) != 0 || p.State != bridge.PageOff || d.meta.called() != "" {
		t.Errorf("%+v, %+v, %v", offer.Lost, p, err)
	}
	d.hears()
}

// TestLogin_OthersChangeSettingsMeanwhile_TheirsStay: a form that is open for half an hour takes
// back only what its person changed.
func TestLogin_OthersChangeSettingsMeanwhile_TheirsStay(t *testing.T) {
	old := bridge.Settings{Name: "Bakery", Department: "d1", Offline: "Closed"}
	for name, c := range map[string]struct {
		seen, theirs, sent, want bridge.Settings
	}{
		"nothing touched":         {old, bridge.Settings{Name: "Bakery", Department: "d2", Offline: "Back soon"}, old, bridge.Settings{Name: "Bakery", Department: "d2", Offline: "Back soon"}},
		"the page is deleted":     {old, bridge.Settings{}, old, old},
		"the page was new":        {bridge.Settings{}, old, bridge.Settings{}, old},
		"another touched":         {old, bridge.Settings{Name: "Bakery", Department: "d2"}, bridge.Settings{Name: "Shop", Department: "d1", Offline: "Closed"}, bridge.Settings{Name: "Shop", Department: "d2"}},
		"the same, typed later":   {old, bridge.Settings{Name: "Baker", Department: "d1", Offline: "Closed"}, bridge.Settings{Name: "Shop", Department: "d1", Offline: "Closed"}, bridge.Settings{Name: "Shop", Department: "d1", Offline: "Closed"}},
		"emptied by who is later": {old, old, bridge.Settings{Department: "d1", Offline: "Closed"}, bridge.Settings{Department: "d1", Offline: "Closed"}},
	} {
		d := newDesk(t)
		save := func(s bridge.Settings) {
			p := d.store.pages["1"]
			if p.ID == "" {
				p = running("1")
			}
			p.Settings = s
			d.store.pages["1"] = p
		}
		if c.seen != (bridge.Settings{}) {
			save(c.seen)
		}
		d.meta.grant = bridge.Grant{User: "maria", Pages: []bridge.GrantedPage{{ID: "1", Name: "Bakery", Token: "own"}}}
		state, nonce := d.begins()
		offer, err := d.Login.Return(t.Context(), state, nonce, "CODE")
		if err != nil {
			t.Fatal(err)
		}
		save(c.theirs)
		if name == "the page is deleted" {
			delete(d.store.pages, "1")
		}
		if _, err := d.Login.Choose(t.Context(), offer.Ticket, nonce, offer.Proof, []Chosen{{ID: "1", Settings: c.sent}}); err != nil {
			t.Fatal(err)
		}
		if p := d.page("1"); p.Settings != c.want {
			t.Errorf("%s: %+v", name, p.Settings)
		}
	}
}

// TestLogin_OtherBrowsersAndForgedForms are refused and spend nothing.
func TestLogin_OtherBrowsersAndForgedForms(t *testing.T) {
	d := newDesk(t)
	d.meta.grant = bridge.Grant{User: "maria", Pages: []bridge.GrantedPage{{ID: "1", Name: "Bakery", Token: "own"}}}
	state, nonce := d.begins()
	for name, c := range map[string]struct {
		state, nonce string
		want         error
	}{
		"no nonce":      {state, "", bridge.ErrOtherBrowser},
		"other nonce":   {state, "x", bridge.ErrOtherBrowser},
		"cut signature": {state[:len(state)-1], nonce, bridge.ErrOtherBrowser},
		"other ticket":  {"x" + state, nonce, bridge.ErrTicketUnknown},
	} {
		if _, err := d.Login.Return(t.Context(), c.state, c.nonce, "CODE"); !errors.Is(err, c.want) || !errors.Is(d.Login.CheckReturn(t.Context(), c.state, c.nonce), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if d.meta.called() != "" || d.Login.CheckReturn(t.Context(), state, nonce) != nil {
		t.Error("Facebook was asked, or the ticket is spent")
	}
	offer, err := d.Login.Return(t.Context(), state, nonce, "CODE")
	if err != nil {
		t.Fatal(err)
	}
	login, err := d.Login.LoginLink(t.Context(), boss)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		ticket, nonce, proof string
		page                 bridge.PageID
		want                 error
	}{
		"other nonce":  {offer.Ticket, "x", offer.Proof, "1", bridge.ErrOtherBrowser},
		"no proof":     {offer.Ticket, nonce, "", "1", bridge.ErrOtherBrowser},
		"a page extra": {offer.Ticket, nonce, offer.Proof, "9", bridge.ErrForged},
		"login ticket": {queryOf(t, login, "state"), nonce, offer.Proof, "1", bridge.ErrTicketUnknown},
	} {
		if _, err := d.Login.Choose(t.Context(), c.ticket, c.nonce, c.proof, []Chosen{{ID: c.page}}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if became, err := d.Login.Choose(t.Context(), offer.Ticket, nonce, offer.Proof, []Chosen{{ID: "1"}}); err != nil || len(became) != 1 {
		t.Error("the choice is spent:", err)
	}
}

// TestChoose_FacebookAway_PageIsKeptAndGoesOnLater: what was chosen is not lost.
func TestChoose_FacebookAway_PageIsKeptAndGoesOnLater(t *testing.T) {
	d := newDesk(t)
	d.meta.fails["SubscribePage"] = away
	held := choice{User: "maria", Kind: bridge.PersonToken, Tokens: map[bridge.PageID]string{"1": "own"}, Names: map[bridge.PageID]string{"1": "Bakery"}}
	connected := func() Connected {
		if err := d.Login.keep(t.Context(), boss, held, []Chosen{{ID: "1"}}, ""); err != nil {
			t.Fatal(err)
		}
		return d.Login.connected(t.Context(), boss, held, "1")
	}
	became := connected()
	if became.State != bridge.PageConnecting || !strings.Contains(became.Why, "Facebook cannot be reached") {
		t.Errorf("%+v", became)
	}
	d.hears("*Bakery* is not connected yet: Facebook cannot be reached")
	clear(d.meta.fails)
	d.Watch.checkPage(t.Context(), "1")
	if p := d.page("1"); p.State != bridge.PageRunning {
		t.Errorf("%+v", p)
	}
	d.hears("*Bakery* is running again.")
	d.meta.fails["SubscribePage"] = rejected
	d.store.fails["SavePage"] = errors.New("disk full")
	if became := d.Login.connected(t.Context(), boss, held, "1"); !strings.Contains(became.Why, "could not be stored") {
		t.Errorf("%+v", became)
	}
}

// TestChoose_WatchIsFaster_WhoConnectedItIsSaidAllTheSame has a page checked between the choice
// and its subscription.
func TestChoose_WatchIsFaster_WhoConnectedItIsSaidAllTheSame(t *testing.T) {
	d := newDesk(t)
	held := choice{User: "maria", Kind: bridge.PersonToken, Tokens: map[bridge.PageID]string{"1": "own"}, Names: map[bridge.PageID]string{"1": "Bakery"}}
	if err := d.Login.keep(t.Context(), boss, held, []Chosen{{ID: "1"}}, ""); err != nil {
		t.Fatal(err)
	}
	d.Watch.checkPage(t.Context(), "1")
	d.Login.connected(t.Context(), boss, held, "1")
	d.hears("*Bakery* is running again.", "*Bakery* is connected (by @"+boss.Username+")")
}

// TestRights_AreAskedForWhenALinkIsUsed: whoever lost them is refused everywhere, and so is
// everybody while they cannot be found out. Neither spends anything.
func TestRights_AreAskedForWhenALinkIsUsed(t *testing.T) {
	d := newDesk(t, running("2"))
	d.meta.grant = bridge.Grant{User: "maria", Pages: []bridge.GrantedPage{{ID: "1", Name: "Bakery", Token: "own"}}}
	link, err := d.Login.LoginLink(t.Context(), boss)
	if err != nil {
		t.Fatal(err)
	}
	state, nonce := d.begins()
	other, otherNonce := d.begins()
	offer, err := d.Login.Return(t.Context(), other, otherNonce, "CODE")
	if err != nil {
		t.Fatal(err)
	}
	form, err := d.Editor.SettingsLink(t.Context(), boss, "2")
	if err != nil {
		t.Fatal(err)
	}
	ticket := queryOf(t, form, "ticket")
	filled := settings.Filled{Seen: settings.Seen(bridge.Settings{}), Typed: map[string]string{"welcome": "Hello"}}
	d.meta.called()
	uses := map[string]func() error{
		"start":         func() error { _, _, err := d.Login.Begin(t.Context(), queryOf(t, link, "state")); return err },
		"back, no code": func() error { return d.Login.CheckReturn(t.Context(), state, nonce) },
		"tick boxes":    func() error { return d.Login.MayStill(t.Context(), offer) },
		"form":          func() error { _, err := d.Editor.OpenSettings(t.Context(), ticket, "2"); return err },
		"back":          func() error { _, err := d.Login.Return(t.Context(), state, nonce, "CODE2"); return err },
		"choice": func() error {
			_, err := d.Login.Choose(t.Context(), offer.Ticket, otherNonce, offer.Proof, []Chosen{{ID: "1"}})
			return err
		},
		"save": func() error { _, _, err := d.Editor.SaveSettings(t.Context(), ticket, "2", filled, nil); return err },
	}
	for want, may := range map[error]func(bridge.Author) (bool, error){
		bridge.ErrMayNot:      func(who bridge.Author) (bool, error) { return who != boss, nil },
		bridge.ErrNobodyToAsk: func(bridge.Author) (bool, error) { return true, away },
	} {
		d.may = may
		for name, use := range uses {
			if err := use(); !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", name, err, want)
			}
		}
	}
	if calls := d.meta.called(); calls != "" || d.page("2").Settings.Welcome != "" || len(d.store.pages) != 1 {
		t.Errorf("something was done: %q", calls)
	}
	d.may = nil
	for _, name := range []string{"start", "back, no code", "tick boxes", "form", "back", "choice", "save"} {
		if err := uses[name](); err != nil {
			t.Errorf("%s was spent: %v", name, err)
		}
	}
}

// TestReturn_FacebookAway_GivesTheLinkBack, and a code that Facebook refuses does not.
func TestReturn_FacebookAway_GivesTheLinkBack(t *testing.T) {
	d := newDesk(t)
	state, nonce := d.begins()
	d.meta.fails["Exchange"] = away
	if _, err := d.Login.Return(t.Context(), state, nonce, "CODE"); !errors.Is(err, away) {
		t.Error(err)
	}
	d.meta.fails["Exchange"] = &bridge.Refusal{Verdict: bridge.Never, Reason: bridge.CodeRefused}
	if _, err := d.Login.Return(t.Context(), state, nonce, "CODE"); err == nil || errors.Is(err, bridge.ErrTicketSpent) {
		t.Error(err)
	}
	clear(d.meta.fails)
	if _, err := d.Login.Return(t.Context(), state, nonce, "CODE"); err == nil {
		t.Error("a code that was refused is forgiven")
	}
}

func TestEmptiness(t *testing.T) {
	page := []bridge.GrantedPage{{ID: "1"}}
	for _, c := range []struct {
		grant bridge.Grant
		want  Emptiness
	}{
		{bridge.Grant{Pages: page, Missing: []string{"pages_show_list"}}, NotFound},
		{bridge.Grant{Missing: []string{"pages_show_list"}}, NotAllowed},
		{bridge.Grant{}, NothingTicked},
		{bridge.Grant{Ticked: 2, Missing: []string{"business_management"}}, InPortfolio},
		{bridge.Grant{Ticked: 2}, NoRole},
		{bridge.Grant{Ticked: -1}, NotFound},
	} {
		if got := emptiness(&c.grant); got != c.want {
			t.Errorf("%+v: %q, want %q", c.grant, got, c.want)
		}
	}
}

// TestEditor_FormIsForOneSaveOfOnePage opens a form, clashes, and saves.
func TestEditor_FormIsForOneSaveOfOnePage(t *testing.T) {
	d := newDesk(t, running("1"), running("2"))
	link, err := d.Editor.SettingsLink(t.Context(), boss, "1")
	if err != nil {
		t.Fatal(err)
	}
	ticket := queryOf(t, link, "ticket")
	if _, err := d.Editor.OpenSettings(t.Context(), ticket, "2"); !errors.Is(err, bridge.ErrTicketUnknown) {
		t.Error("a ticket opens another page:", err)
	}
	form, err := d.Editor.OpenSettings(t.Context(), ticket, "1")
	if err != nil {
		t.Fatal(err)
	}
	filled := settings.Filled{Seen: settings.Seen(form.Page.Settings), Typed: map[string]string{"welcome": "Hello"}}
	if _, mistake, err := d.Editor.ChangeSetting(t.Context(), "1", settings.Find("welcome"), "Hi"); mistake != "" || err != nil {
		t.Fatal(mistake, err)
	}
	if _, out, err := d.Editor.SaveSettings(t.Context(), ticket, "1", filled, nil); err != nil || out.Saved || len(out.Clashes) != 1 || d.page("1").Settings.Welcome != "Hi" {
		t.Errorf("%+v, %v", out, err)
	}
	filled.Seen = settings.Seen(d.page("1").Settings)
	if page, out, err := d.Editor.SaveSettings(t.Context(), ticket, "1", filled, nil); err != nil || !out.Saved || page.Settings.Welcome != "Hello" {
		t.Errorf("%+v, %v", out, err)
	}
	if _, _, err := d.Editor.SaveSettings(t.Context(), ticket, "1", filled, nil); err == nil {
		t.Error("a form is saved twice")
	}
	if _, mistake, err := d.Editor.ChangeSetting(t.Context(), "1", settings.Find("welcome"), "{what}"); mistake == "" || err != nil || d.page("1").Settings.Welcome != "Hello" {
		t.Error("a mistake changes something:", err)
	}
	saves := d.store.saves
	if _, _, err := d.Editor.ChangeSetting(t.Context(), "1", settings.Find("welcome"), "Hello"); err != nil || d.store.saves != saves {
		t.Error("what changes nothing is stored:", err)
	}
}
