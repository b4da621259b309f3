package faults

import (
	"bytes"
	"encoding/json"
	"flag"
	"math/rand/v2"
	"net/http"
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

// TestCampaign_OfReplicas is `bench faults -replicas` in its shortest form.
func TestCampaign_OfReplicas(t *testing.T) {
	t.Parallel()
	c := campaign{rounds: max(1, *rounds/4), seed: *seed, parallel: 2, replicas: true, progress: t.Output()}
	if c.seed == 0 {
		c.seed = 1 // the leader is killed; other rounds are for the long form
	}
	r, err := c.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var found strings.Builder
	if r.write(&found); r.violations > 0 || r.in == 0 {
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
	if !reflect.DeepEqual(names(newPlan(7, false)), names(newPlan(7, false))) || reflect.DeepEqual(names(newPlan(7, false)), names(newPlan(8, false))) {
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

// TestCompare_WeighsLinesAgainstTheList shows the books what is said in place of messages,
// and what is listed.
func TestCompare_WeighsLinesAgainstTheList(t *testing.T) {
	const (
		bare  = lineOfText + " (HTTP 403). It can be seen in the Page inbox.]"
		words = lineOfText + " (HTTP 403). These are its plain words:]\nc0-1 " + marker
		file1 = lineOfFile + " (a file).]"
	)
	in := failure{Direction: "in", Customer: customer(0), Answer: "POST livechat/message: HTTP 403"}
	for name, c := range map[string]struct {
		shown  []string
		listed []failure
		want   string // in what is objected to; empty: nothing is
	}{
		"all is shown":                  {[]string{"c0-0 zxqmark", "c0-1 zxqmark", "c0-2 zxqmark"}, nil, ""},
		"a line and a listed one":       {[]string{"c0-0 zxqmark", bare, "c0-2 zxqmark"}, []failure{in}, ""},
		"plain words and a listed one":  {[]string{"c0-0 zxqmark", words, "c0-2 zxqmark"}, []failure{in}, ""},
		"in parts":                      {[]string{"c0-0", "zxqm", "ark", "c0-1 zxqmark", "c0-2 zxqmark"}, nil, ""},
		"a line that is not listed":     {[]string{"c0-0 zxqmark", bare, "c0-2 zxqmark"}, nil, "0 messages are listed; lines stand for 1"},
		"listed without a line":         {[]string{"c0-0 zxqmark", "c0-1 zxqmark", "c0-2 zxqmark"}, []failure{in}, "1 messages are listed; lines stand for 0"},
		"a line too many":               {[]string{"c0-0 zxqmark", "c0-1 zxqmark", bare, "c0-2 zxqmark"}, []failure{in}, "did not write"},
		"words beside the text":         {[]string{"c0-0 zxqmark", "c0-1 zxqmark", words, "c0-2 zxqmark"}, nil, "did not write"},
		"a line of another kind":        {[]string{"c0-0 zxqmark", file1, "c0-2 zxqmark"}, []failure{in}, "did not write"},
		"lost":                          {[]string{"c0-0 zxqmark", "c0-2 zxqmark"}, nil, "is shown 0 times"},
		"words in another order":        {[]string{"c0-0 zxqmark", "c0-2 zxqmark", words}, []failure{in}, "out of order"},
		"a line in another place":       {[]string{bare, "c0-0 zxqmark", "c0-2 zxqmark"}, []failure{in}, "out of order"},
		"listed without what was wrong": {[]string{"c0-0 zxqmark", bare, "c0-2 zxqmark"}, []failure{{Direction: "in", Customer: customer(0)}}, "without the workspace's answer"},
	} {
		t.Run(name, func(t *testing.T) {
			found := strings.Join(shows(t, c.shown).compare(true, c.listed), "\n")
			if c.want == "" && found != "" || !strings.Contains(found, c.want) {
				t.Errorf("the books say %q", found)
			}
		})
	}
}

// Where a room takes no word of the bot's, and there alone, a line may be said to whoever serves it by direct message.
func TestCompare_LineByDirectMessage_CountsWhereTheBotIsMute(t *testing.T) {
	for _, mute := range []bool{true, false} {
		a := shows(t, []string{"c0-0 zxqmark", "c0-1 zxqmark"})
		room := a.rc.Rooms()[0].ID
		a.mute = map[string]bool{room: mute}
		a.rc.UserSays(a.rc.Bot(), a.rc.DirectRoom(a.rc.Bot(), "ana"), a.rc.URL()+"/live/"+room+"\n> "+lineOfText+" (HTTP 500).]")
		found := strings.Join(a.compare(true, []failure{{Direction: "in", Customer: customer(0), Answer: "POST livechat/message: HTTP 500"}}), "\n")
		if objects := strings.Contains(found, "is shown 0 times"); objects == mute || mute && found != "" {
			t.Errorf("mute %v: the books say %q", mute, found)
		}
	}
}

// shows returns the books of a customer who has written three texts, of which a workspace
// shows what is said.
func shows(t *testing.T, said []string) auditor {
	rc, err := chat.Start(chat.Config{LimiterOff: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rc.Close() })
	meta, err := meta.Start(meta.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = meta.Close() })
	meta.AddPage(pages[0], "Shop")
	rc.AddAgent("ana")
	record := newRecord(1)
	record.written[0] = []string{"c0-0 zxqmark", "c0-1 zxqmark", "c0-2 zxqmark"}
	record.refused = append(record.refused, func(string) bool { return true })
	call(t, rc, "POST", "visitor", map[string]any{"visitor": map[string]string{"token": "t", "name": "guest"}})
	room := call(t, rc, "GET", "room?token=t", nil)
	for _, text := range said {
		call(t, rc, "POST", "message", map[string]any{"token": "t", "rid": room, "msg": text})
	}
	return auditor{&platforms{plan: plan{pages: 1, customers: 1}, rc: rc, meta: meta}, record}
}

// call makes a visitor's call, and returns the id of the room that the answer names.
func call(t *testing.T, rc *chat.RocketChat, method, path string, body any) string {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, rc.URL()+"/api/v1/livechat/"+path, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var answer struct {
		Success bool
		Room    struct {
			ID string `json:"_id"`
		}
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || !answer.Success {
		t.Fatalf("%s %s: HTTP %d, %v", method, path, res.StatusCode, err)
	}
	return answer.Room.ID
}
