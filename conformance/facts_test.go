package conformance

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"messenger-bridge/sandbox/chat"
)

// profiles are the lines of Rocket.Chat that the sandbox plays.
var profiles = []struct {
	name    string
	profile chat.Profile
}{{"6.13", chat.V6}, {"7.10", chat.V7}, {"8.0", chat.V80}, {"8.7", chat.V87}, {"8.8", chat.V8}, {"8.9", chat.V89}}

// TestFacts_SandboxAgrees asks the sandbox every fact in each profile. A difference that is
// not on the list of known ones fails, and so does one on the list that is no more.
func TestFacts_SandboxAgrees(t *testing.T) {
	t.Parallel()
	facts, err := Facts()
	if err != nil {
		t.Fatal(err)
	}
	if len(facts) != 340 {
		t.Errorf("%d facts, want 340", len(facts))
	}
	for _, p := range profiles {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			rc := sandbox(t, p.profile)
			version, verdicts, err := Run(t.Context(), Target{
				URL: rc.URL(), User: "root", Password: "root's", Hands: hands{rc}, Patience: 10 * time.Second,
			}, facts)
			if err != nil {
				t.Fatal(err)
			}
			if version != p.name {
				t.Errorf("version %q", version)
			}
			judge(t, p.name, verdicts)
		})
	}
}

func judge(t *testing.T, profile string, verdicts []Verdict) {
	t.Helper()
	known, err := Known(profile)
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, v := range verdicts {
		count[v.Kind]++
		why, listed := known[v.Fact.ID]
		switch {
		case v.Kind == Differs && !listed:
			t.Errorf("%s differs: %s\n  %s%s", v.Fact.ID, v.Fact.Says, v.Why, v.Came)
		case v.Kind == Same && listed:
			t.Errorf("%s no longer differs (%s): take it off the list", v.Fact.ID, why)
		case v.Kind == NotAsked && v.Fact.Never == "":
			t.Errorf("%s was not asked: %s", v.Fact.ID, v.Why)
		}
	}
	t.Logf("%-5s same %d, differs with reason %d, not asked %d, of other versions %d",
		profile, count[Same], count[Differs], count[NotAsked], count[Other])
}

// sandbox is a workspace with an administrator and short silences.
func sandbox(t *testing.T, profile chat.Profile) *chat.RocketChat {
	t.Helper()
	rc, err := chat.Start(chat.Config{
		Profile: profile, LimiterOff: true, DDPLimiterOff: true, Disorder: chat.Disorder{Races: true},
		Pings: chat.Pings{Every: 400 * time.Millisecond, Timeout: 400 * time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := rc.Close(); err != nil {
			t.Error(err)
		}
	})
	rc.Transactions(time.Millisecond)
	rc.AddUser(chat.User{Username: "root", Password: "root's", Roles: []string{"user", "admin"}})
	return rc
}

// hands change the sandbox as an administrator may change a workspace that is there for tests.
type hands struct{ rc *chat.RocketChat }

func (h hands) Change(what string, args []string) (undo func(), err error) {
	switch what {
	case "set":
		before := h.rc.Setting(args[0])
		h.rc.SetSetting(args[0], parsed(args[1]))
		return func() { h.rc.SetSetting(args[0], before) }, nil
	case "slow":
		h.rc.Transactions(time.Second)
		return func() { h.rc.Transactions(time.Millisecond) }, nil
	case "totp":
		h.rc.RequireTOTP(args[0], args[1])
		return func() { h.rc.RequireTOTP(args[0], "") }, nil
	case "block":
		h.rc.BlockVisitor(args[0], true)
		return func() { h.rc.BlockVisitor(args[0], false) }, nil
	case "service":
		agent := ""
		for _, name := range h.rc.Usernames() {
			if strings.HasSuffix(name, "-agent") {
				agent = name
			}
		}
		h.rc.Agent(agent).SwitchesService(false)
		return func() { h.rc.Agent(agent).SwitchesService(true) }, nil
	case "agentfile":
		h.rc.Agent(args[0]).Uploads(args[1], "", chat.File{Name: "a.pdf", Type: "application/pdf", Content: []byte("123")})
		return nil, nil
	}
	return nil, fmt.Errorf("no hands for %q", what)
}

// TestFacts_ListedOnce has every fact told once, with its source, and something to ask or a reason.
func TestFacts_ListedOnce(t *testing.T) {
	facts, err := Facts()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, f := range facts {
		if seen[f.ID] || f.Source == "" || f.Says == "" || (len(f.Steps) == 0) == (f.Never == "") {
			t.Errorf("%+v", f)
		}
		seen[f.ID] = true
	}
	for _, p := range profiles {
		known, err := Known(p.name)
		if err != nil {
			t.Fatal(err)
		}
		for id := range known {
			if !seen[id] {
				t.Errorf("the list of differences names %s, which is no fact", id)
			}
		}
	}
}
