package e2e

import (
	"net/http"
	"strings"
	"testing"

	"messenger-bridge/bridge"
	"messenger-bridge/sandbox/chat"
)

// TestHandshake_Answered_IsSaidWhereOperatorsLook begins with a workspace whose websocket
// cannot be opened: each answer is named in the log, in the status and by the doctor, and
// nobody speaks of a loss where there never was a connection.
func TestHandshake_Answered_IsSaidWhereOperatorsLook(t *testing.T) {
	t.Parallel()
	const upgrade = "the proxy lets no websocket through (Upgrade)"
	to := func(where string) http.Header { return http.Header{"Location": {where}} }
	for name, c := range map[string]struct {
		fault chat.Fault
		says  string
		do    string // what the doctor advises
	}{
		"moved, all of it":        {chat.Fault{Status: 301, Header: to("https://chat.example.org/websocket?token=hidden")}, "HTTP 301: ROCKETCHAT_URL leads to https://chat.example.org; correct it", "Set ROCKETCHAT_URL"},
		"moved, to a port":        {chat.Fault{Route: "GET websocket", Status: 308, Header: to("https://user:hidden@[::1]:8443/chat")}, "HTTP 308: ROCKETCHAT_URL leads to https://[::1]:8443; correct it", "Set ROCKETCHAT_URL"},
		"a login page, relative":  {chat.Fault{Route: "GET websocket", Status: 302, Header: to("/login?next=hidden")}, "HTTP 302: ROCKETCHAT_URL leads to another page of the same server", "Set ROCKETCHAT_URL"},
		"a redirect to nowhere":   {chat.Fault{Route: "GET websocket", Status: 307}, "HTTP 307: ROCKETCHAT_URL leads to another page of the same server", "Set ROCKETCHAT_URL"},
		"no Upgrade, 400":         {chat.Fault{Route: "GET websocket", Status: 400}, "HTTP 400: " + upgrade, "headers Upgrade and Connection"},
		"no Upgrade, a web page":  {chat.Fault{Route: "GET websocket", Status: 200}, "HTTP 200: " + upgrade, "headers Upgrade and Connection"},
		"no Upgrade, JSON":        {chat.Fault{Route: "GET websocket", Status: 200, Body: "{}"}, "HTTP 200: " + upgrade, "headers Upgrade and Connection"},
		"no Upgrade, 426":         {chat.Fault{Route: "GET websocket", Status: 426}, "HTTP 426: " + upgrade, "headers Upgrade and Connection"},
		"a firewall":              {chat.Fault{Route: "GET websocket", Status: 403}, "HTTP 403: a proxy or firewall", "headers Upgrade and Connection"},
		"another path":            {chat.Fault{Route: "GET websocket", Status: 404}, "HTTP 404: there is no websocket at this address", "Set ROCKETCHAT_URL"},
		"nothing behind a proxy":  {chat.Fault{Route: "GET websocket", Status: 502}, "HTTP 502: the proxy does not reach Rocket.Chat", "tries again by itself"},
		"a code of nobody's list": {chat.Fault{Route: "GET websocket", Status: 418}, "HTTP 418: no websocket was opened", "headers Upgrade and Connection"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newPatient(t, chat.Config{})
			clear := w.rc.Inject(c.fault)
			w.start()
			status := func() string { return w.get("http://" + w.at.Metrics + "/status") }
			w.eventually("the log and the status say so", func() bool {
				return strings.Contains(w.log.String(), c.says) && strings.Contains(status(), c.says)
			})
			if _, out, errs := runCommand(t, w.environ, "status", "--database", w.cfg.Store.Database); !strings.Contains(out, c.says) {
				t.Errorf("`status` prints\n%s%s", out, errs)
			}
			d, _, text := w.doctor()
			check := "login"
			if c.fault.Route == "" {
				check = "Rocket.Chat"
			}
			if !d.has(found{check, bridge.Bad, c.says, c.do}) {
				t.Errorf("the doctor says\n%s", text)
			}
			ready := w.get("http://" + w.at.Public + "/readyz")
			for where, said := range map[string]string{"the log": w.log.String(), "the status": status(), "the doctor": text, "/readyz": ready} {
				for _, word := range []string{"lost", "reconnect", "hidden"} {
					if strings.Contains(strings.ToLower(said), word) {
						t.Errorf("%s says %q:\n%s", where, word, said)
					}
				}
			}
			if n := w.metricsOf("messenger_bridge_reconnects_total"); n != 0 {
				t.Errorf("%v connections were lost that never were", n)
			}
			clear()
			w.eventually("it connects", w.connected)
			if said := w.announced(); strings.Contains(strings.ToLower(said), "lost") || strings.Contains(said, "reconnect") {
				t.Errorf("the setup channel reads\n%s", said)
			}
			w.rc.DropSockets()
			w.eventually("now it is a loss", func() bool { return strings.Contains(w.log.String(), "stream lost, reconnecting") })
			w.halt()
			w.rc.Inject(c.fault)
			d, _, text = w.doctor()
			if !d.has(found{check, bridge.Bad, c.says, c.do}) {
				t.Errorf("without a bridge, the doctor says\n%s", text)
			}
		})
	}
}
