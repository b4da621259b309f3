package e2e

import (
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
)

// addByHand runs `pages add`.
func (o *office) addByHand(page, token string) (code int, said string) {
	o.Helper()
	o.secrets.add(token)
	code, out, errText := runCommand(o.T, o.environ, "pages", "add", "--database", o.cfg.Store.Database, "--page-id", page, "--token-file", writeFile(o.T, token))
	return code, out + errText
}

// handmade are the kinds of tokens that people make, and what is known of them.
var handmade = map[string]struct {
	make func(o *office) string
	kind bridge.TokenKind
	says string
}{
	"system user": {func(o *office) string { return o.meta.MakeSystemToken("Bridge robot", bakery) }, bridge.SystemToken, "was made from a system user's, and never expires"},
	"person":      {func(o *office) string { return o.meta.MakeUserToken(o.person, bakery) }, bridge.PersonToken, "was made from a person's, and never expires"},
	"page": {func(o *office) string {
		return o.meta.MakePageToken(o.meta.MakeSystemToken("Bridge robot", bakery), bakery)
	}, bridge.PageToken, "is the page's own, and never expires"},
}

func TestByHand_EveryKindOfToken_RunsAndNeverExpires(t *testing.T) {
	t.Parallel()
	for name, h := range handmade {
		t.Run(name, func(t *testing.T) {
			o := openOffice(t, bypassed)
			o.run()
			code, said := o.addByHand(bakery, h.make(o))
			if code != 0 || !strings.Contains(said, "Bakery) is running; its token "+h.says) {
				t.Fatalf("code %d: %s", code, said)
			}
			o.isConnected(bakery)
			o.talks(bakery)
			o.eventually("the setup channel hears of it", func() bool { return len(containing(o.hears(o.setup()), "*Bakery* is connected")) == 1 })
			if p := o.storedPage(bakery); p.TokenKind != h.kind || !p.Expires.IsZero() || p.Checked.IsZero() {
				t.Errorf("%q, expires %v, looked at %v", p.TokenKind, p.Expires, p.Checked)
			}
		})
	}
}

// TestByHand_BridgeNotRunning_TokenIsLookedAtWhenItStarts stores tokens of every kind,
// good ones and bad ones, while nobody can look at them.
func TestByHand_BridgeNotRunning_TokenIsLookedAtWhenItStarts(t *testing.T) {
	t.Parallel()
	for name, h := range handmade {
		t.Run(name, func(t *testing.T) {
			o := openOffice(t, bypassed)
			if code, said := o.addByHand(bakery, h.make(o)); code != 0 || !strings.Contains(said, "when the bridge starts") {
				t.Fatalf("code %d: %s", code, said)
			}
			o.run()
			o.eventuallyRuns(bakery)
			o.talks(bakery)
			if p := o.storedPage(bakery); p.TokenKind != h.kind || !p.Expires.IsZero() {
				t.Errorf("%q, expires %v", p.TokenKind, p.Expires)
			}
		})
	}
	t.Run("another page's", func(t *testing.T) {
		o := openOffice(t, bypassed)
		if code, said := o.addByHand(bikes, o.meta.MakeSystemToken("Bridge robot", bakery)); code != 0 {
			t.Fatalf("code %d: %s", code, said)
		}
		o.run()
		rid := o.setup()
		o.eventually("the setup channel hears what is wrong", func() bool { return len(containing(o.hears(rid), "does not reach this page")) > 0 })
		if p := o.pageNow(bikes); p.State != bridge.PageNeedsAuth {
			t.Errorf("the page is %s", p.State)
		}
	})
}

func TestByHand_BadTokens_AreRefusedInWordsAndChangeNothing(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.ignore = []string{"appsecret_proof"}
	o.run()
	good := o.meta.MakeSystemToken("Bridge robot", bakery)
	if code, said := o.addByHand(bakery, good); code != 0 {
		t.Fatalf("code %d: %s", code, said)
	}
	rid := o.setup()
	talk := o.talks(bakery)
	for _, c := range []struct {
		name, page, token, says, do string
	}{
		{"another app's", bakery, o.meta.MakeForeignToken(bakery), "belongs to another app", "FACEBOOK_APP_ID"},
		{"another page's", bakery, o.meta.MakePageToken(o.meta.MakeSystemToken("Other robot", bikes), bikes), "belongs to another page (" + bikes + ")", "pages add"},
		{"a system user who does not reach the page", bikes, good, "does not reach this page", "assigns the page"},
		{"a person who does not reach the page", bikes, o.meta.MakeUserToken(o.meta.AddPerson("Paul Post")), "does not reach this page", "assigns the page"},
		{"invented", bakery, "EAAPnosuchtoken", "does not know its access token", "pages add"},
		{"expired", bakery, func() string {
			token := o.meta.MakePageToken(o.meta.MakeSystemToken("Old robot", bakery), bakery)
			o.meta.ExpireToken(token)
			return token
		}(), "its access has expired", "authorize"},
		{"not all permissions", bakery, func() string {
			robot := o.meta.MakeSystemToken("Weak robot", bakery)
			o.meta.SetScope(o.meta.TokenUser(robot), "pages_messaging", "declined")
			return robot
		}(), "a permission is missing: to receive messages and to answer them", "App Review"},
	} {
		code, said := o.addByHand(c.page, c.token)
		if code == 0 || !strings.Contains(said, c.says) || !strings.Contains(said, c.do) || strings.Contains(said, c.token) {
			t.Errorf("%s: code %d: %s", c.name, code, said)
		}
	}
	o.agent.Says(talk, "still here")
	o.reads(bakery, "still here")
	if p := o.pageNow(bikes); p.ID != "" {
		t.Errorf("a page was stored: %+v", p)
	}
	if got := announced(o.hears(rid)); len(got) != 1 {
		t.Errorf("the setup channel hears %q", got)
	}
}

// TestByHand_FacebookAway_TokenIsLookedAtLater stores a token that nobody can look at.
func TestByHand_FacebookAway_TokenIsLookedAtLater(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.cfg.Times.WatchEvery = 50 * time.Millisecond
	o.run()
	token := o.meta.MakeSystemToken("Bridge robot", bakery)
	o.meta.Down()
	if code, said := o.addByHand(bakery, token); code != 0 || !strings.Contains(said, "not running: Facebook cannot be reached") {
		t.Errorf("code %d: %s", code, said)
	}
	if err := o.meta.Up(); err != nil {
		t.Fatal(err)
	}
	o.eventuallyRuns(bakery)
	o.talks(bakery)
}
