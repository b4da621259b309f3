package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"messenger-bridge/bridge"
	"messenger-bridge/sandbox/chat"
	"messenger-bridge/sandbox/meta"
)

func TestAgentName_IsAPersonaWithThePicture_MadeOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.rc.SetAvatar("ana", []byte("\x89PNG\r\n\x1a\n ana herself"))
	w.setPage(func(s *bridge.Settings) { s.AgentName = bridge.AgentUsername })
	w.run()
	k := w.ask()
	w.agent.Says(k.rid, "one")
	k.gets("ana writes: one")
	w.halt()
	w.run()
	w.agent.Says(k.rid, "two")
	w.agent.SaysWith(k.rid, "I am a bot", map[string]any{"bot": map[string]any{"i": "js.SDK"}})
	k.gets("ana writes: one", "ana writes: two", "I am a bot")
	made := w.meta.Personas(page)
	if len(made) != 1 || made[0].Name != "ana" || made[0].Bytes != len("\x89PNG\r\n\x1a\n ana herself") {
		t.Fatalf("personas %+v", made)
	}
	get := func(address, tag string) *http.Response {
		req, err := http.NewRequest(http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("If-None-Match", tag)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res
	}
	res := get(made[0].Picture, "")
	if res.StatusCode != 200 || res.Header.Get("ETag") == "" || !strings.Contains(res.Header.Get("Cache-Control"), "max-age") {
		t.Errorf("the picture: %d %v", res.StatusCode, res.Header)
	}
	if again := get(made[0].Picture, res.Header.Get("ETag")); again.StatusCode != http.StatusNotModified {
		t.Errorf("the picture again: %d", again.StatusCode)
	}
	guess := made[0].Picture[:strings.LastIndex(made[0].Picture, ".")]
	for _, address := range []string{guess, guess + ".0123456789012345678901234567890123456789", made[0].Picture + "0"} {
		if res := get(address, ""); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", address, res.StatusCode)
		}
	}

	w.meta.RemovePersona(made[0].ID) // as a person does at Facebook
	w.agent.Says(k.rid, "three")
	k.gets("ana writes: one", "ana writes: two", "I am a bot", "ana: three")
}

// Two agents at once, twenty messages, one of them renamed: three personas.
func TestAgentName_ManyAtOnceAndRenamed_OnePersonaForEachName(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.setPage(func(s *bridge.Settings) { s.AgentName = bridge.AgentsName })
	call := func(username, name string) *chat.Agent {
		w.rc.AddUser(chat.User{Username: username, Name: name, Roles: []string{"user", "livechat-agent"}, Online: true})
		return w.rc.Agent(username)
	}
	ruiz, kim := call("ana", "Ana Ruiz"), call("kim", strings.Repeat("Kim ", 15))
	w.run()
	k := w.ask()
	w.rc.Joins(k.rid, "kim")
	var want []string
	for range 10 {
		ruiz.Says(k.rid, "one")
		kim.Says(k.rid, "two")
		want = append(want, "Ana Ruiz writes: one", strings.TrimSpace(strings.Repeat("Kim ", 12))+" K… writes: two")
	}
	k.gets(want...)
	call("ana", "Ana Lund").Says(k.rid, "three")
	k.gets(append(want, "Ana Lund writes: three")...)
	if made := w.meta.Personas(page); len(made) != 3 {
		t.Errorf("personas %+v", made)
	}
}

// What else was fancy about a message stays when Meta does not know its persona.
func TestAgentName_PersonaGone_PictureStaysAPictureAndQuoteAQuote(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.setPage(func(s *bridge.Settings) { s.AgentName = bridge.AgentUsername })
	w.run()
	k := w.ask()
	w.agent.Says(k.rid, "zero")
	k.gets("ana writes: zero")
	w.meta.RemovePersona(w.meta.Personas(page)[0].ID)
	w.agent.Uploads(k.rid, "", picture)
	w.agent.Says(k.rid, "end")
	k.gets("ana writes: zero", "image parcel.png, the original", "ana: end")

	w = newWorld(t, bypassed)
	w.setPage(func(s *bridge.Settings) { s.AgentName = bridge.AgentUsername })
	w.run()
	k = w.ask()
	w.agent.Says(k.rid, "zero")
	k.gets("ana writes: zero")
	w.meta.RemovePersona(w.meta.Personas(page)[0].ID)
	w.agent.Quotes(k.rid, k.asked, "On its way")
	k.gets("ana writes: zero", "ana: On its way, in reply to “Where is my order?”")
}

func TestAgentName_AnswerWithPersonaLost_CustomerHasItOnce(t *testing.T) {
	for echo, mode := range echoes {
		for _, delivered := range []bool{true, false} {
			t.Run(fmt.Sprintf("delivered=%v, echo %s", delivered, echo), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, bypassed)
				w.setPage(func(s *bridge.Settings) { s.AgentName = bridge.AgentUsername })
				o := meta.Unknown1(delivered)
				o.Echo = mode
				w.meta.NextSends(o)
				w.run()
				k := w.ask()
				w.agent.Says(k.rid, "one")
				k.gets("ana writes: one")
			})
		}
	}
}

func TestAgentName_MetaTakesNoPersona_NameStandsInTheText(t *testing.T) {
	for name, prepare := range map[string]func(*world){
		"refused":    func(w *world) { w.meta.FailCalls("POST", "personas", 1, meta.Refused(100, 0, "")) },
		"failed":     func(w *world) { w.meta.FailCalls("POST", "personas", 1, meta.Unknown1(false)) },
		"hanging":    func(w *world) { w.meta.FailCalls("POST", "personas", 1, meta.HangThenCut(patience)) },
		"no picture": func(w *world) { w.rc.SetAvatar("ana", []byte("<svg/>")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, bypassed)
			w.setPage(func(s *bridge.Settings) { s.AgentName = bridge.AgentsName })
			prepare(w)
			w.run()
			k := w.ask()
			w.agent.Says(k.rid, strings.TrimSpace(strings.Repeat("word ", 400))) // fits, but not with a name
			w.agent.Says(k.rid, "two")
			w.eventually("both arrive", func() bool { return len(k.customerSees()) == 3 })
			got := w.received(anna)
			who, _, _ := strings.Cut(got[0], ": ")
			if !strings.HasPrefix(got[2], who+": two") || who == "" || strings.Contains(got[1], who+": ") {
				t.Errorf("the customer sees %q", got)
			}
			tries := 0
			for _, call := range w.meta.Calls() {
				if call.Method == "POST" && strings.HasSuffix(call.Path, "/personas") {
					tries++
				}
			}
			if tries != 1 {
				t.Errorf("%d attempts to make a persona", tries)
			}
		})
	}
}
