package evidence

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
)

// TestRefused_IsWeighedByWhatBecameOfOthers plays calls one second apart. A line is a sender
// and what became of it: + it passed, ~ it passed and had begun three seconds before, * likewise two, - it was refused, = it was refused and had begun three
// seconds before, ! it met trouble. What is known of others at the last refusal is wanted.
func TestRefused_IsWeighedByWhatBecameOfOthers(t *testing.T) {
	for name, c := range map[string]struct {
		calls string
		want  bridge.Others
	}{
		"the first of all":                        {"a-", bridge.OthersSilent},
		"alone":                                   {"a- a- a-", bridge.OthersSilent},
		"another one passed before":               {"b+ a-", bridge.OthersSilent},
		"another one passed since":                {"a- b+ a-", bridge.OthersPass},
		"another one began before, passed since":  {"a- b~ a-", bridge.OthersSilent},
		"another one was under way, an outage":    {"a! b~ c! a!", bridge.OthersRefused},
		"two passed, who began first ends last":   {"a- b+ c~ a-", bridge.OthersPass},
		"another one passed, and began later":     {"a- b+ a=", bridge.OthersSilent},
		"two under way when an outage ends":       {"a-     b* a=", bridge.OthersSilent},
		"they were, and it is tried again":        {"a-     b* a= a-", bridge.OthersPass},
		"another one did, and it is tried again":  {"a- b+ a= a-", bridge.OthersPass},
		"an outage ends while it is under way":    {"a- b- b+ a=", bridge.OthersSilent},
		"it ends, and a third is still refused":   {"a- c- b+ a=", bridge.OthersRefused},
		"others pass all the time":                {"a- b+ c+ a= b+ c+ a=", bridge.OthersPass},
		"it passed itself since":                  {"a- b+ a+ a-", bridge.OthersSilent},
		"another one passed, and it itself after": {"a- b+ a+ a- c+ a+ b+ a-", bridge.OthersSilent},
		"somebody passed":                         {"a- + a-", bridge.OthersPass},
		"another one is refused":                  {"b- a-", bridge.OthersRefused},
		"another one was, and passed":             {"b- b+ a-", bridge.OthersSilent},
		"another one was, and passed since":       {"a- b- b+ a-", bridge.OthersPass},
		"another one is, a third passed":          {"a- b- c+ a-", bridge.OthersPass},
		"another one passed, then an outage":      {"a! b+ b! c!           a!", bridge.OthersRefused},
		"another one passed, then a little later": {"a! b+           a!", bridge.OthersPass},
		"another one meets trouble":               {"b! a-", bridge.OthersSilent},
		"both meet trouble":                       {"b! a!", bridge.OthersRefused},
		"another one was refused long ago":        {"b- . a-", bridge.OthersSilent},
	} {
		now := time.Unix(1, 0)
		b, got := New(func() time.Time { return now }), bridge.OthersSilent
		for i := 0; i < len(c.calls); i++ {
			now = now.Add(time.Second)
			of := c.calls[i : i+1]
			switch of {
			case " ":
				continue
			case ".":
				now = now.Add(fresh)
				continue
			case "+":
				b.Passed("r", "", now)
				continue
			}
			switch i++; c.calls[i] {
			case '+':
				b.Passed("r", of, now)
			case '~':
				b.Passed("r", of, now.Add(-3*time.Second))
			case '*':
				b.Passed("r", of, now.Add(-2*time.Second))
			case '=':
				got = b.Refused("r", of, false, now.Add(-3*time.Second))
			default:
				got = b.Refused("r", of, c.calls[i] == '!', now)
			}
		}
		if got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// TestPassed_AfterEverybodyWasRefused_SaysSoOnce: whoever waits is called in once.
func TestPassed_AfterEverybodyWasRefused_SaysSoOnce(t *testing.T) {
	b := New(time.Now)
	b.Refused("r", "a", true, time.Now())
	if b.Passed("r", "b", time.Now()) {
		t.Error("nobody was told")
	}
	b.Told("r")
	if now := time.Now(); b.Passed("other", "b", now) || !b.Passed("r", "b", now) || b.Passed("r", "c", now) {
		t.Error("not said once, of that route")
	}
}

// TestRefused_OfVeryMany_IsBounded: strangers cannot fill the memory.
func TestRefused_OfVeryMany_IsBounded(t *testing.T) {
	b := New(time.Now)
	for n := range 3 * mostRefused {
		b.Refused("r", fmt.Sprint(n), false, time.Now())
	}
	if n := len(b.routes["r"].refused); n > mostRefused {
		t.Errorf("%d are remembered", n)
	}
}

// TestWorks_TellsAWorkspaceFromARoute: whoever is refused on one call, while others pass with
// another one, is not refused by a workspace that is down.
func TestWorks_TellsAWorkspaceFromARoute(t *testing.T) {
	for name, c := range map[string]struct {
		calls string // as above, of two routes: small letters call one, capital ones the other
		want  bool
	}{
		"nobody else calls":                       {"a!", false},
		"another one passed before":               {"B+ a!", false},
		"another one passes elsewhere":            {"a! B+ a!", true},
		"it passes elsewhere itself":              {"a! A+ a!", false},
		"another one meets trouble elsewhere":     {"a! B! a!", false},
		"one passes elsewhere, then an outage":    {"a! B+ C!           a!", false},
		"one meets trouble elsewhere, one passes": {"a! C! B+ a!", true},
	} {
		now := time.Unix(1, 0)
		b := New(func() time.Time { return now })
		for i := 0; i < len(c.calls); i++ {
			now = now.Add(time.Second)
			if c.calls[i] == ' ' {
				continue
			}
			route, of := "r", strings.ToLower(c.calls[i:i+1])
			if of != c.calls[i:i+1] {
				route = "other"
			}
			if i++; c.calls[i] == '+' {
				b.Passed(route, of, now)
			} else {
				b.Refused(route, of, true, now)
			}
		}
		if got := b.Works("r", "a"); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
