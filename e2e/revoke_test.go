package e2e

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/sandbox/meta"
	"messenger-bridge/store"
)

// openAway is an office in which Facebook is told again soon.
func openAway(t *testing.T, environ ...string) *office {
	o := openOffice(t, bypassed, environ...)
	o.cfg.Times.RevokeFirst = 20 * time.Millisecond
	return o
}

// hearsOnce waits until the setup channel hears something, and fails if twice.
func (o *office) hearsOnce(part string) {
	o.Helper()
	rid := o.setup()
	o.eventually("the setup channel hears: "+part, func() bool { return len(containing(o.hears(rid), part)) > 0 })
	o.settled()
	if n := len(containing(o.hears(rid), part)); n != 1 {
		o.Errorf("the setup channel hears %d times: %s", n, part)
	}
}

// deletes counts the calls that take back what was allowed.
func (o *office) deletes() (n int) {
	for _, c := range o.meta.Calls() {
		if c.Method == http.MethodDelete {
			n++
		}
	}
	return n
}

// kept is what is stored for Facebook; it stops the bridge.
func (o *office) kept() (all []bridge.Revocation) {
	o.Helper()
	o.stored(func(s *store.Store) {
		var err error
		if all, err = s.Revocations(); err != nil {
			o.Fatal(err)
		}
	})
	return all
}

func TestUnauthorize_OnePageThenTheLast_EndsTheGrantWithTheLast(t *testing.T) {
	t.Parallel()
	o := openAway(t)
	o.run()
	o.connect(bakery, bikes)
	if answer := o.confirmed("unauthorize " + bakery); !strings.Contains(answer, "*Bakery* is disconnected. Nothing of it arrives here any more.") {
		t.Errorf("the answer is %q", answer)
	}
	if len(o.meta.Subscribed(bakery)) != 0 || len(o.meta.GrantedScopes(o.person)) == 0 {
		t.Errorf("subscribed to %v, granted %v", o.meta.Subscribed(bakery), o.meta.GrantedScopes(o.person))
	}
	o.talks(bikes)
	if answer := o.confirmed("unauthorize " + bikes); !strings.Contains(answer, "Facebook has ended what the person who connected it had allowed") {
		t.Errorf("the answer is %q", answer)
	}
	if len(o.meta.Subscribed(bikes)) != 0 || len(o.meta.GrantedScopes(o.person)) != 0 {
		t.Errorf("subscribed to %v, granted %v", o.meta.Subscribed(bikes), o.meta.GrantedScopes(o.person))
	}
	o.hearsOnce("*Bakery* was disconnected by @maria")
	o.hearsOnce("*Bikes* was disconnected by @maria")
	if kept := o.kept(); len(kept) != 0 {
		t.Errorf("kept: %+v", kept)
	}
	if p := o.storedPage(bikes); p.Token != "" || p.Grant != "" {
		t.Error("token or grant are kept")
	}
}

// TestUnauthorize_FacebookAway has each of the two calls fail, before and after it took
// effect, over a restart: everything is taken back in the end, and said once.
func TestUnauthorize_FacebookAway_IsToldAgainOverARestart(t *testing.T) {
	for _, c := range []struct {
		name, path string
		outcome    meta.SendOutcome
	}{
		{"subscription, not reached", "subscribed_apps", meta.SendOutcome{Cut: true}},
		{"subscription, answer lost", "subscribed_apps", meta.SendOutcome{Deliver: true, Cut: true}},
		{"subscription, 503", "subscribed_apps", meta.SendOutcome{Status: 503, Body: "<html>away</html>", ContentType: "text/html"}},
		{"permissions, not reached", "permissions", meta.SendOutcome{Cut: true}},
		{"permissions, answer lost", "permissions", meta.SendOutcome{Deliver: true, Cut: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := openAway(t)
			o.cfg.Times.RevokeFirst = time.Hour // only the start tries again
			o.run()
			o.connect(bakery)
			o.meta.FailCalls(http.MethodDelete, c.path, 1, &c.outcome)
			if answer := o.confirmed("unauthorize " + bakery); !strings.Contains(answer, "tries again for 24 hours") {
				t.Errorf("the answer is %q", answer)
			}
			o.hearsOnce("connects it again. Facebook cannot be reached")
			if p := o.storedPage(bakery); p.Token != "" {
				t.Error("the page keeps its token")
			}
			if kept := o.kept(); len(kept) != 1 || kept[0].Token == "" {
				t.Errorf("kept: %d", len(kept))
			}
			o.run()
			o.hearsOnce("Facebook has ended what the person")
			if len(o.meta.Subscribed(bakery)) != 0 || len(o.meta.GrantedScopes(o.person)) != 0 {
				t.Errorf("subscribed to %v, granted %v", o.meta.Subscribed(bakery), o.meta.GrantedScopes(o.person))
			}
			if kept := o.kept(); len(kept) != 0 {
				t.Errorf("still kept: %d", len(kept))
			}
			o.run()
			o.connect(bakery)
			o.talks(bakery)
		})
	}
}

func TestUnauthorize_FacebookAwayForAWhile_IsToldAgainWithoutARestart(t *testing.T) {
	t.Parallel()
	o := openAway(t)
	o.run()
	o.connect(bakery)
	o.meta.FailCalls(http.MethodDelete, "subscribed_apps", 4, &meta.SendOutcome{Cut: true})
	o.confirmed("unauthorize " + bakery)
	o.hearsOnce("Facebook has ended what the person")
	o.hearsOnce("connects it again. Facebook cannot be reached")
}

func TestUnauthorize_FacebookAwayForADay_ErasesWhatWasKeptAndSaysSo(t *testing.T) {
	t.Parallel()
	o := openAway(t)
	o.run()
	o.connect(bakery)
	o.meta.FailCalls(http.MethodDelete, "", 1<<20, &meta.SendOutcome{Cut: true})
	o.confirmed("unauthorize " + bakery)
	o.stored(func(s *store.Store) { // and a day later
		all, err := s.Revocations()
		if err != nil || len(all) != 1 {
			t.Fatalf("kept: %d, %v", len(all), err)
		}
		all[0].Since = time.Now().Add(-24 * time.Hour)
		if err := s.SaveRevocation(t.Context(), all[0]); err != nil {
			t.Fatal(err)
		}
	})
	before := o.deletes()
	o.run()
	o.hearsOnce("could not be reached for 24 hours")
	if n := o.deletes(); n != before {
		t.Errorf("Facebook was told %d times more", n-before)
	}
	if kept := o.kept(); len(kept) != 0 {
		t.Errorf("still kept: %d", len(kept))
	}
}

// TestUnauthorize_ConnectedAgainMeanwhile has Facebook come back after the page was
// connected again: nothing of the new connection is taken back.
func TestUnauthorize_ConnectedAgainMeanwhile_KeepsTheNewConnection(t *testing.T) {
	t.Parallel()
	o := openAway(t)
	o.cfg.Times.RevokeFirst = time.Hour
	o.run()
	o.connect(bakery)
	o.meta.FailCalls(http.MethodDelete, "", 1, &meta.SendOutcome{Cut: true})
	o.confirmed("unauthorize " + bakery)
	o.connect(bakery)
	before := o.deletes()
	o.halt()
	o.run()
	o.talks(bakery)
	if n := o.deletes(); n != before {
		t.Errorf("%d calls took something back", n-before)
	}
	if kept := o.kept(); len(kept) != 0 {
		t.Errorf("kept: %d", len(kept))
	}
	o.run()
	if heard := containing(o.hears(o.setup()), "had allowed"); len(heard) != 0 {
		t.Errorf("the setup channel hears %q", heard)
	}
	o.talks(bakery)
}

// TestUnauthorize_StoppedBeforeTheTokenWasDeleted finds the decision in the store, and
// the page as it was then.
func TestUnauthorize_StoppedBeforeTheTokenWasDeleted_GoesOn(t *testing.T) {
	t.Parallel()
	o := openAway(t)
	o.run()
	o.connect(bakery)
	o.stored(func(s *store.Store) {
		p, err := s.Page(bakery)
		if err == nil {
			err = s.SaveRevocation(t.Context(), p.Revocation("maria", time.Now()))
		}
		if err != nil {
			t.Fatal(err)
		}
	})
	o.run()
	o.hearsOnce("Facebook has ended what the person")
	if p := o.storedPage(bakery); p.Token != "" || p.Why.Kind != bridge.Disconnected {
		t.Errorf("the page is %s (%s)", p.State, p.Why)
	}
}

func TestDelete_Page_TellsAgentsAndFacebook_RoomsStay(t *testing.T) {
	for _, way := range []string{"command", "operator", "operator, not running"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			o := openAway(t)
			o.run()
			o.connect(bakery)
			rid := o.talks(bakery)
			o.settled() // or what was said before is taken for what waits
			o.meta.FailCalls(http.MethodPost, "messages", 1<<20, &meta.SendOutcome{Status: 500, Code: 2})
			waits := o.agent.Says(rid, "this waits")
			o.eventually("it waits", func() bool {
				return strings.Contains(o.public("/facebook pages"), "waiting: 0 to agents, 1 to customers")
			})
			remove := []string{"pages", "remove", "--database", o.cfg.Store.Database, bakery}
			switch way {
			case "command":
				if answer := o.private("maria", o.setup(), "/facebook delete "+bakery); !strings.Contains(answer, "customers: 1.") || !strings.Contains(answer, "delete "+bakery+" confirm ") {
					t.Errorf("`delete` says %q", answer)
				}
				if answer := o.confirmed("delete " + bakery); !strings.Contains(answer, "*Bakery* is deleted. Nothing of it arrives") {
					t.Errorf("`delete … confirm` says %q", answer)
				}
				o.hearsOnce("*Bakery* and its settings were deleted by @maria")
			case "operator":
				if code, out, errText := runCommand(t, o.environ, remove...); code != 0 || !strings.Contains(out, "Nothing of it arrives here any more") {
					t.Errorf("code %d: %s%s", code, out, errText)
				}
				o.hearsOnce("*Bakery* and its settings were deleted by an operator")
			default:
				o.halt()
				if code, out, errText := runCommand(t, o.environ, remove...); code != 0 || !strings.Contains(out, "Facebook is told when the bridge starts") {
					t.Errorf("code %d: %s%s", code, out, errText)
				}
				o.run()
				o.hearsOnce("Facebook has ended what the person")
			}
			o.eventually("the agent is told", func() bool { return len(o.notices(rid, waits)) == 1 })
			if room, found := o.rc.Room(rid); !found || len(o.rc.CustomerTexts(room.ID)) != 1 {
				t.Error("the room is gone")
			}
			if len(o.meta.Subscribed(bakery)) != 0 || len(o.meta.GrantedScopes(o.person)) != 0 {
				t.Errorf("subscribed to %v, granted %v", o.meta.Subscribed(bakery), o.meta.GrantedScopes(o.person))
			}
			o.stored(func(s *store.Store) {
				if len(s.Pages()) != 0 {
					t.Error("the page is stored")
				}
			})
		})
	}
}

func TestPages_LastMessages_AreShownAndSurviveARestart(t *testing.T) {
	t.Parallel()
	o := openAway(t)
	o.run()
	o.connect(bakery, bikes)
	o.talks(bakery)
	o.settled() // the customer reads an answer before it is written down
	before := o.public("/facebook pages bakery")
	for _, part := range []string{"*Bakery* `" + bakery + "`", ":white_check_mark: Running", "last message from a customer: ", "last message to a customer: "} {
		if !strings.Contains(before, part) {
			t.Errorf("`pages` lacks %q: %s", part, before)
		}
	}
	if strings.Contains(before, "none yet") || strings.Contains(before, "Bikes") {
		t.Errorf("`pages bakery` says %q", before)
	}
	if other := o.public("/facebook pages " + bikes); strings.Count(other, "none yet") != 2 {
		t.Errorf("`pages` says of the other page %q", other)
	}
	o.halt()
	o.run()
	after := o.public("/facebook pages bakery")
	lines := func(text string) []string {
		return slices.DeleteFunc(strings.Split(text, "\n"), func(l string) bool { return !strings.Contains(l, "last message") })
	}
	if !slices.Equal(lines(before), lines(after)) {
		t.Errorf("before the restart %q, after it %q", before, after)
	}
}
