package e2e

import (
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"
	"testing"

	"messenger-bridge/bridge"
	"messenger-bridge/sandbox/chat"
)

// quoted is what an answer says that customers read.
var quoted = regexp.MustCompile(`• [^“]*: “([^”]*)”`)

// readings returns what an answer in a chat, or a form, says that customers read: with
// names, and without.
func readings(t *testing.T, found [][]string) (with, without string) {
	t.Helper()
	if len(found) != 2 {
		t.Fatalf("there are not two lines to compare: %q", found)
	}
	return html.UnescapeString(found[0][1]), html.UnescapeString(found[1][1])
}

// answerNaming lets maria change a setting in the setup channel and returns the answer, in
// whatever language.
func (o *office) answerNaming(word, text string) (answer string) {
	o.Helper()
	o.rc.UserSays("maria", o.setup(), text)
	o.eventually(fmt.Sprintf("%q is answered", text), func() bool {
		for _, m := range o.rc.Messages(o.setup()) {
			if m.Username == ourBot && strings.Contains(m.Text, "`"+word+"`") {
				answer = m.Text
			}
		}
		return answer != ""
	})
	return answer
}

// inForm is the preview below a text in the form.
func inForm(t *testing.T, form, word string) (with, without string) {
	t.Helper()
	_, rest, _ := strings.Cut(form, `<textarea rows="3" dir="auto" id="`+word+`"`)
	preview, _, _ := strings.Cut(rest, "</dl>")
	return readings(t, regexp.MustCompile(`(?s)<dd dir="auto">(.*?)</dd>`).FindAllStringSubmatch(preview, -1))
}

// TestPlaceholders_PreviewIsWhatTheCustomerReads: an administrator types texts, sees in the
// answer and in the form how customers read them, and they do: with the names of the
// preview, and where nobody's name is known. The page shows no agent's name with answers.
func TestPlaceholders_PreviewIsWhatTheCustomerReads(t *testing.T) {
	for tag, c := range map[string]struct{ first, last, agent, welcome, finished string }{
		"en": {"Alex", "Morgan", "Kim Lee", "Hello {customer|there}, welcome to {page}!", "Bye from {agent|our team}, {customer}!"},
		"de": {"Alex", "Weber", "Kim Becker", "{customer}, willkommen bei {page}!", "Auf Wiedersehen, sagt {agent|unser Team} ({department})."},
		"es": {"Alex", "García", "Kim Torres", "¡Hola, {customer}!", "{agent|Nuestro equipo} le da las gracias, {customer|estimado cliente}."},
		"pt": {"Alex", "Silva", "Kim Souza", "Olá {customer}, tudo bem?", "{customer}, obrigado! – {agent}"},
	} {
		t.Run(tag, func(t *testing.T) {
			t.Parallel()
			o := openOffice(t, bypassed, "LANGUAGE="+tag)
			o.rc.AddUser(chat.User{Username: "ana", Name: c.agent, Roles: []string{"user", "livechat-agent"}, Online: true})
			o.meta.NameCustomer(anna, c.first, c.last)
			o.meta.NameCustomer(ben, "", "")
			o.run()
			o.openWindow().login(o.link(), bakery).choose([]string{bakery})
			edit := "/facebook edit " + bakery
			welcome, nobody := readings(t, quoted.FindAllStringSubmatch(o.answerNaming("welcome", edit+" welcome "+c.welcome), -1))
			bye, nobodys := readings(t, quoted.FindAllStringSubmatch(o.answerNaming("finished", edit+" finished "+c.finished), -1))
			form := o.openWindow().get(o.linkIn(o.private("maria", o.setup(), edit))).html
			if a, b := inForm(t, form, "welcome"); a != welcome || b != nobody {
				t.Errorf("the form says %q and %q, the answer %q and %q", a, b, welcome, nobody)
			}
			if a, b := inForm(t, form, "finished"); a != bye || b != nobodys {
				t.Errorf("the form says %q and %q, the answer %q and %q", a, b, bye, nobodys)
			}
			o.halt()
			o.run()
			o.reading(anna, func(rid string) { o.agent.Closes(rid, "done") }, welcome, bye)
			o.rc.AddUser(chat.User{Username: "ana", Name: "Ana", Roles: []string{"user", "livechat-agent"}})
			o.rc.SetSetting("Livechat_accept_chats_with_no_agents", true)
			o.rc.SetSetting("Livechat_Routing_Method", "Manual_Selection")
			o.reading(ben, func(rid string) { o.rc.CloseByInactivity(rid) }, nobody, nobodys)
		})
	}
}

// reading lets a customer write to the bakery for the first time and somebody close the
// room, and compares what the customer reads.
func (o *office) reading(customer string, closes func(rid string), want ...string) {
	o.Helper()
	before := len(o.rc.Rooms())
	o.meta.CustomerWrites(bakery, customer, "Do you have bread?")
	o.eventually("a room is open, and the customer welcomed", func() bool {
		return len(o.rc.Rooms()) > before && len(o.meta.CustomerSees(bakery, customer)) == 1
	})
	o.settled()
	closes(o.rc.Rooms()[before].ID)
	o.eventually("the customer reads the goodbye", func() bool { return len(o.meta.CustomerSees(bakery, customer)) == 2 })
	var got []string
	for _, b := range o.meta.CustomerSees(bakery, customer) {
		got = append(got, b.Text)
	}
	if !slices.Equal(got, want) {
		o.Errorf("the customer reads %q, the preview said %q", got, want)
	}
}

// TestPlaceholders_WhoClosed_IsNamedUnlessABot has every setting of agent-name.
func TestPlaceholders_WhoClosed_IsNamedUnlessABot(t *testing.T) {
	for _, c := range []struct {
		show           bridge.AgentName
		realNames      bool // closings tell names, too
		name, username string
		answers        string // the name that the customer sees with an answer
		bye            string
	}{
		{show: bridge.NoAgentName, name: "Ana Silva", bye: "Bye from Ana Silva."},
		{show: bridge.NoAgentName, name: "Ana Silva", realNames: true, bye: "Bye from Ana Silva."},
		{show: bridge.NoAgentName, name: "", bye: "Bye from ana."},
		{show: bridge.AgentsName, name: "Ana Silva", answers: "Ana Silva", bye: "Bye from Ana Silva."},
		{show: bridge.AgentUsername, name: "Ana Silva", answers: "ana", bye: "Bye from ana."},
		{show: bridge.NoAgentName, username: "helper", name: "Helper", bye: "Bye from our team."},
		{show: bridge.AgentsName, username: "helper", name: "Helper", bye: "Bye from our team."},
	} {
		t.Run(fmt.Sprintf("%q %q %q real names %v", c.show, c.name, c.username, c.realNames), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, bypassed)
			w.rc.SetSetting("UI_Use_Real_Name", c.realNames)
			w.cfg.Workspace.BotUsers = []string{"helper"}
			w.setPage(func(s *bridge.Settings) { s.Finished, s.AgentName = "Bye from {agent|our team}.", c.show })
			who := w.agent
			if c.username != "" {
				who.GoesOffline()
				who = w.rc.AddAgent(c.username)
			}
			w.rc.AddUser(chat.User{Username: who.Username, Name: c.name, Roles: []string{"user", "livechat-agent"}, Online: true})
			w.run()
			w.meta.CustomerWrites(page, anna, "Hello")
			rid := w.room()
			who.Says(rid, "Good morning")
			w.eventually("the answer arrives", func() bool { return len(w.received(anna)) == 1 })
			who.Closes(rid, "done")
			w.eventually("the customer reads the goodbye", func() bool { return len(w.received(anna)) == 2 })
			if got := w.meta.CustomerSees(page, anna); got[0].Persona != c.answers || got[1].Text != c.bye || got[1].Persona != "" {
				t.Errorf("the customer reads %+v, want an answer of %q and %q", got, c.answers, c.bye)
			}
		})
	}
}
