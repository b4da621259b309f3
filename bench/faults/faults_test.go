package faults

import (
	"flag"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"messenger-bridge/sandbox/chat"
	"messenger-bridge/sandbox/meta"
)

var (
	rounds  = flag.Int("rounds", 4, "rounds of the campaign; more of them: go run ./bench faults")
	soakFor = flag.Duration("soak", 6*time.Second, "how long the soak lasts; an hour: go run ./bench soak")
	seed    = flag.Uint64("seed", 0, "of the first round; 0 draws one")
)

func TestCampaign_LosesAndDoublesNothing(t *testing.T) {
	c := campaign{rounds: *rounds, seed: *seed, parallel: 4, progress: t.Output()}
	if c.seed == 0 {
		c.seed = 1 + rand.Uint64N(1_000_000_000)
	}
	r, err := c.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if r.in == 0 || r.out == 0 {
		t.Errorf("%d messages of customers, %d of agents: the campaign proves nothing", r.in, r.out)
	}
	var found strings.Builder
	if r.write(&found); r.violations > 0 {
		t.Error(found.String())
	}
}

// TestSoak_ShortForm_LosesNothing is `bench soak` in a few seconds; the long
// form is an hour.
func TestSoak_ShortForm_LosesNothing(t *testing.T) {
	s := soak{lasts: *soakFor, every: 2 * time.Second, rate: 40, customers: 6, seed: *seed, progress: t.Output()}
	if s.seed == 0 {
		s.seed = 1 + rand.Uint64N(1_000_000_000)
	}
	t.Logf("again with: -seed %d", s.seed)
	samples, violations, err := s.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range violations {
		t.Error(v)
	}
	if len(samples) == 0 {
		t.Fatal("nothing was looked at")
	}
	if last := samples[len(samples)-1]; last.in == 0 || last.out == 0 || last.rss == 0 || last.goroutines == 0 || last.opened == 0 || last.store == 0 {
		t.Errorf("looked at %+v", last)
	}
	if table := soakTable(samples); strings.Count(table, "\n") != 7 {
		t.Errorf("the table is\n%s", table)
	}
}

func TestPlan_FollowsFromItsSeed(t *testing.T) {
	names := func(p plan) (all []any) {
		for _, s := range p.strikes {
			all = append(all, s.fault.name, s.at, s.lasts)
		}
		return all
	}
	if !reflect.DeepEqual(names(newPlan(7)), names(newPlan(7))) || reflect.DeepEqual(names(newPlan(7)), names(newPlan(8))) {
		t.Error("a seed does not decide about its round")
	}
}

// TestCompare_SeesWhatIsWrong shows the books a world in which no program runs.
func TestCompare_SeesWhatIsWrong(t *testing.T) {
	rc, err := chat.Start(chat.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer rc.Close()
	meta, err := meta.Start(meta.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer meta.Close()
	meta.AddPage(pages[0], "Shop")
	sides, record := &platforms{plan: plan{pages: 1, customers: 1}, rc: rc, meta: meta}, newRecord(1)
	all := people{platforms: sides, record: record, agent: rc.AddAgent("ana")}
	all.writes(0, text)
	all.writes(0, file)
	record.answered[0] = []answer{{id: "none", room: "none", text: "a0-0"}}
	meta.PageInboxWrites(pages[0], customer(0), "not ours")
	found := strings.Join(auditor{sides, record}.compare(false, nil), "\n")
	for _, want := range []string{"still waits", "is shown 0 times", "did not arrive, and nobody was told", "which no agent wrote"} {
		if !strings.Contains(found, want) {
			t.Errorf("the books do not say %q:\n%s", want, found)
		}
	}
}
