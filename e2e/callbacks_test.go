package e2e

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/sandbox/meta"
)

func (o *office) callback(path string) string { return "http://" + o.cfg.Network.Listen + path }

// deauthorizes is Maria removing the app at Facebook; Meta tells us.
func (o *office) deauthorizes(opts meta.SignedOptions) int {
	o.Helper()
	answer, err := o.meta.Deauthorize(o.Context(), o.callback("/deauthorize"), o.person, opts)
	if err != nil {
		o.Fatal(err)
	}
	return answer.Status
}

// asksForDeletion is somebody asking Facebook to have data deleted here.
func (o *office) asksForDeletion(person string) meta.CallbackAnswer {
	o.Helper()
	answer, err := o.meta.RequestDeletion(o.Context(), o.callback("/data-deletion"), person, meta.SignedOptions{})
	if err != nil || answer.Status != http.StatusOK {
		o.Fatal(answer.Status, err)
	}
	o.secrets.add(answer.Code)
	return answer
}

// counted reads how often callbacks were answered in a way.
func (o *office) counted(answer string) string {
	o.Helper()
	line := regexp.MustCompile(`messenger_bridge_callbacks_total\{answer="` + answer + `"\} (\d+)`).FindStringSubmatch(o.get("http://" + o.at.Metrics + "/metrics"))
	if line == nil {
		return "0"
	}
	return line[1]
}

func TestCallbacks_Deauthorize_ErasesTheGrantAndSaysSoOnce(t *testing.T) {
	t.Parallel()
	o := openAway(t)
	o.run()
	o.connect(bakery, bikes)
	talk := o.talks(bakery)
	o.settled()
	for n := range 3 { // Meta may repeat it
		if status := o.deauthorizes(meta.SignedOptions{Sparse: n == 2, NumberUserID: n == 1}); status != http.StatusOK {
			t.Errorf("answer %d", status)
		}
	}
	o.hearsOnce("The person who connected *Bakery*, *Bikes* has removed the app at Facebook")
	o.agent.Says(talk, "this waits")
	o.eventually("it waits", func() bool {
		return strings.Contains(o.public("/facebook pages bakery"), "waiting: 0 to agents, 1 to customers")
	})
	if n := o.counted("ok"); n != "3" {
		t.Errorf("counted %s", n)
	}
	for _, id := range []string{bakery, bikes} {
		if p := o.storedPage(id); p.Token != "" || p.Grant != "" || p.State != bridge.PageNeedsAuth || p.Why.Kind != bridge.AppRemoved {
			t.Errorf("page %s is %s (%s)", id, p.State, p.Why)
		}
	}
	o.run()
	o.connect(bakery, bikes)
	o.reads(bakery, "this waits")
	o.talks(bikes)
}

// TestCallbacks_Deauthorize_OlderThanTheConnection is Meta repeating an old call after
// the person has come back.
func TestCallbacks_Deauthorize_OlderThanTheConnection_ChangesNothing(t *testing.T) {
	t.Parallel()
	o := openAway(t)
	o.run()
	o.connect(bakery)
	if status := o.deauthorizes(meta.SignedOptions{IssuedAt: time.Now().Add(-20 * time.Minute)}); status != http.StatusOK {
		t.Errorf("answer %d", status)
	}
	o.talks(bakery)
	if s := o.pageNow(bakery).State; s != bridge.PageRunning {
		t.Errorf("the page is %s", s)
	}
}

func TestCallbacks_Forged_AreRefusedAndChangeNothing(t *testing.T) {
	t.Parallel()
	o := openAway(t)
	o.run()
	o.connect(bakery)
	for name, opts := range map[string]meta.SignedOptions{
		"other secret":       {Secret: "x"},
		"user exchanged":     {OtherUser: "5550001112000000"},
		"no signature":       {NoSignature: true},
		"hex digits":         {HexDigits: true},
		"other algorithm":    {Algorithm: "none"},
		"without algorithm":  {NoAlgorithm: true},
		"replayed":           {IssuedAt: time.Now().Add(-2 * time.Hour)},
		"of the future":      {IssuedAt: time.Now().Add(time.Hour)},
		"of no time":         {NoTime: true},
		"about nobody":       {NoUser: true},
		"rubbish":            {Raw: "a.b.c"},
		"nothing signed":     {Absent: true},
		"much":               {Raw: strings.Repeat("a", 20<<10)},
		"empty secret":       {Secret: " "},
		"signature too long": {Raw: "AAAA." + strings.Repeat("A", 1000)},
	} {
		about := o.person
		if name == "user exchanged" { // the one that would be erased is put in afterwards
			about, opts.OtherUser = "5550001112999999", o.person
		}
		for _, path := range []string{"/deauthorize", "/data-deletion"} {
			answer, err := o.meta.Deauthorize(t.Context(), o.callback(path), about, opts)
			if err != nil || answer.Status < 400 || answer.Status > 499 || answer.Body != "" {
				t.Errorf("%s to %s: %d %q %v", name, path, answer.Status, answer.Body, err)
			}
		}
	}
	for _, c := range []struct {
		method, kind string
		status       int
	}{{http.MethodGet, "", 405}, {http.MethodPost, "application/json", 415}} {
		req, _ := http.NewRequestWithContext(t.Context(), c.method, o.callback("/deauthorize"), strings.NewReader("{}"))
		req.Header.Set("Content-Type", c.kind)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != c.status {
			t.Errorf("%s %s: %d", c.method, c.kind, res.StatusCode)
		}
	}
	if n := o.counted("forged"); n != "26" {
		t.Errorf("counted %s as forged", n)
	}
	o.talks(bakery)
	if s := o.pageNow(bakery).State; s != bridge.PageRunning {
		t.Errorf("the page is %s", s)
	}
}

// TestCallbacks_SecretBeingReplaced has Meta sign with either.
func TestCallbacks_SecretBeingReplaced_EitherIsTaken(t *testing.T) {
	t.Parallel()
	o := openAway(t)
	o.cfg.Facebook.AppSecret += ",the-old-one"
	o.run()
	o.connect(bakery)
	o.meta.RemoveApp(o.person)
	if status := o.deauthorizes(meta.SignedOptions{Secret: "the-old-one"}); status != http.StatusOK {
		t.Errorf("answer %d", status)
	}
	o.hearsOnce("has removed the app at Facebook")
}

func TestCallbacks_DataDeletion_ErasesAndShowsIt_UnknownPeopleAreAnsweredTheSame(t *testing.T) {
	t.Parallel()
	o := openAway(t)
	o.run()
	o.connect(bakery)
	o.openWindow().login(o.link(), bakery, bikes) // the tick boxes are still before her
	known, unknown := o.asksForDeletion(o.person), o.asksForDeletion("5550009998887776")
	for who, answer := range map[string]meta.CallbackAnswer{"known": known, "unknown": unknown} {
		b := o.openWindow().get(answer.URL)
		b.shows(who, 200, "Your data is deleted", "If there was nothing, there was nothing to delete")
		if strings.Contains(b.html, o.person) || strings.Contains(b.html, "Maria") || !strings.HasSuffix(answer.URL, answer.Code) {
			t.Errorf("%s: %s", who, b.words())
		}
		o.openWindow().get(answer.URL[:len(answer.URL)-1]).shows(who+", cut off", 404, "not known")
	}
	if known.Code == unknown.Code || len(known.Code) != len(unknown.Code) {
		t.Errorf("codes %s and %s", known.Code, unknown.Code)
	}
	o.hearsOnce("The person who connected *Bakery* has removed the app at Facebook")
	p, _ := json.Marshal(o.storedPage(bakery))
	if strings.Contains(string(p), o.person) || strings.Contains(string(p), "Maria") {
		t.Errorf("the page keeps %s", p)
	}
	o.run()
	o.openWindow().get(known.URL).shows("after a restart", 200, "Your data is deleted")
}

func TestCallbacks_DataDeletion_TakesTheTickBoxesAway(t *testing.T) {
	t.Parallel()
	o := openAway(t)
	o.run()
	b := o.openWindow().login(o.link(), bakery)
	form, action := b.form()
	o.asksForDeletion(o.person)
	form["page"] = []string{bakery}
	if b.send(form, action); b.status < 400 {
		t.Errorf("the choice is taken: %s", b.words())
	}
	if len(o.meta.Subscribed(bakery)) != 0 {
		t.Error("the page was connected")
	}
}
