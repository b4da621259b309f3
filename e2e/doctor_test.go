package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"messenger-bridge/app"
	"messenger-bridge/bridge"
	"messenger-bridge/sandbox/chat"
	"messenger-bridge/sandbox/meta"
	"messenger-bridge/store"
)

const botPassword = "pa55-of-the-bot"

// newPatient is a world in which nothing is wrong, unless with says so; the bridge is
// not running yet.
func newPatient(t *testing.T, with chat.Config) *world {
	t.Helper()
	with.Bot.Password = botPassword
	w := newWorld(t, with)
	w.set("ROCKETCHAT_PASSWORD", botPassword)
	w.inStore(func(s *store.Store) error { return s.SaveCursor(app.HandshakeSeen, time.Now()) })
	w.rc.SetSetting("Message_AllowUnrecognizedSlashCommand", true)
	w.rc.SetSetting("Omnichannel_Metrics_Ignore_Automatic_Messages", true)
	w.rc.AddUser(chat.User{Username: "maria", Roles: []string{"user", "livechat-manager"}})
	return w
}

// set changes a variable of the environment.
func (w *world) set(name, value string) {
	w.environ = append(slices.DeleteFunc(w.environ, func(v string) bool { return strings.HasPrefix(v, name+"=") }), name+"="+value)
	w.cfg, _ = app.ReadConfig(w.environ) // what is wrong with it the doctor says
	w.cfg.Times = app.Fast
}

func (w *world) inStore(do func(*store.Store) error) {
	w.Helper()
	s, err := store.Open(store.Options{Path: w.cfg.Store.Database, Key: w.cfg.Store.SecretKey})
	if err != nil {
		w.Fatal(err)
	}
	defer s.Close()
	if err := do(s); err != nil {
		w.Fatal(err)
	}
}

// columns is how wide its table may be.
const columns = 80

// diagnosed is what the doctor said.
type diagnosed struct{ app.Diagnosis }

// doctor asks the doctor, twice: no secret may be in either answer.
func (w *world) doctor(args ...string) (d diagnosed, code int, text string) {
	w.Helper()
	code, out, errs := runCommand(w.T, w.environ, append([]string{"doctor", "--json"}, args...)...)
	if err := json.Unmarshal([]byte(out), &d); err != nil {
		w.Fatalf("exit code %d, %v\n%s%s", code, err, out, errs)
	}
	var table strings.Builder
	if err := d.Print(&table); err != nil {
		w.Error(err)
	}
	for _, secret := range []string{w.token, w.meta.AppSecret(), w.meta.VerifyToken(), botPassword, w.meta.Proof(w.token), "hidden"} {
		if secret != "" && strings.Contains(out+errs+table.String(), secret) {
			w.Errorf("the doctor tells %.8q…", secret)
		}
	}
	for line := range strings.Lines(table.String()) {
		if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > columns && !strings.Contains(line, "http://") {
			w.Errorf("%d columns: %s", n, line)
		}
	}
	return d, code, table.String()
}

// found is one line of a diagnosis.
type found struct {
	check string
	level bridge.Level
	words string // in the finding
	do    string // in what to do
}

func (d diagnosed) has(want found) bool {
	return slices.ContainsFunc(d.Findings, func(f app.Finding) bool {
		return f.Check == want.check && f.Level == want.level && strings.Contains(f.Found, want.words) && strings.Contains(f.Do, want.do)
	})
}

// levels returns the checks of a level.
func (d diagnosed) levels(level bridge.Level) (checks []string) {
	for _, f := range d.Findings {
		if f.Level == level {
			checks = append(checks, f.Check)
		}
	}
	return checks
}

// another answers like the server behind it, with its clock changed.
func anotherClock(t *testing.T, behind string, by time.Duration) (address string) {
	t.Helper()
	target, err := url.Parse(behind)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ModifyResponse = func(res *http.Response) error {
		res.Header.Set("Date", time.Now().Add(by).UTC().Format(http.TimeFormat))
		return nil
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	return server.URL
}

func TestDoctor_NothingIsWrong_SaysSo(t *testing.T) {
	t.Parallel()
	w := newPatient(t, chat.Config{})
	w.run()
	w.eventually("the setup channel is there", func() bool { return w.rc.RoomID(w.cfg.Workspace.SetupChannel) != "" })
	d, code, text := w.doctor()
	if code != 0 || d.Bad != 0 || !slices.Equal(d.levels(bridge.Notable), []string{"PUBLIC_URL"}) || len(d.levels(bridge.Unknowable)) > 0 {
		t.Errorf("exit code %d\n%s", code, text)
	}
	for _, check := range []string{
		"bridge", "Rocket.Chat", "version", "clock (Rocket.Chat)", "login", "roles", "permissions", "Omnichannel", "agents", "rate limit",
		"setup channel", "slash commands", "Meta", "app", "app subscription", "handshake", "Shop: token", "Shop: permissions", "Shop: fields", "clock (Meta)", "version (Meta)",
	} {
		if !d.has(found{check: check, level: bridge.Good}) {
			t.Errorf("not checked: %s", check)
		}
	}
	inOrder := d.Findings
	for _, check := range stepsOfTheManual(t) { // it walks through them as the doctor does
		check = strings.Replace(check, "<page>", "Shop", 1)
		i := slices.IndexFunc(inOrder, func(f app.Finding) bool { return f.Check == check })
		if i < 0 {
			t.Fatalf("the manual's step %q is not a check of the doctor's, or stands in another order", check)
		}
		inOrder = inOrder[i:]
	}
	for _, want := range []string{"callback URL  " + w.cfg.Network.PublicURL + "/webhook", "messages, message_echoes", "✓", "→"} {
		if !strings.Contains(text, want) {
			t.Errorf("the table does not contain %q:\n%s", want, text)
		}
	}
	if t.Failed() || testing.Verbose() {
		t.Log("\n" + text)
	}
}

// stepsOfTheManual are the checks that it names for the steps at Meta.
func stepsOfTheManual(t *testing.T) (steps []string) {
	t.Helper()
	manual, err := os.ReadFile("../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(manual), "\n## Before you begin: Meta\n")
	section, _, _ := strings.Cut(rest, "\n## ")
	for _, found := range regexp.MustCompile("✓ `([^`]+)`").FindAllStringSubmatch(section, -1) {
		steps = append(steps, found[1])
	}
	if len(steps) < 8 {
		t.Fatalf("the manual names the steps %q", steps)
	}
	return steps
}

func TestDoctor_FindsEachFault(t *testing.T) {
	t.Parallel()
	slash := func(w *world) { w.rc.SetSetting("Message_AllowUnrecognizedSlashCommand", false) }
	for _, c := range []struct {
		name      string
		workspace chat.Config
		before    func(*world) // the bridge starts
		fault     func(*world) // while it runs
		offline   bool         // the bridge does not connect to the workspace
		want      []found      //
		fixed     []string     // checks that are good after --fix
		kept      string       // what --fix must say it leaves to --replace
	}{
		{
			name: "bot without livechat-manager", fault: func(w *world) { w.rc.SetRoles("bridge.bot", "user", "bot") },
			want: []found{
				{"permissions", bridge.Bad, "view-livechat-rooms is missing: agents' answers", "livechat-manager"},
				{"permissions", bridge.Bad, "view-livechat-manager is missing", "livechat-manager"},
				{"permissions", bridge.Notable, "view-l-room is missing", "livechat-manager"},
			},
		},
		{
			name: "bot without livechat-manager from the start", workspace: chat.Config{Bot: chat.Bot{Roles: []string{"user", "bot"}}}, offline: true,
			want: []found{
				{"permissions", bridge.Bad, "view-livechat-rooms is missing", "livechat-manager"},
				{"connection", bridge.Bad, "not connected", ""},
			},
		},
		{
			name: "bot without the role bot", fault: func(w *world) { w.rc.SetRoles("bridge.bot", "user", "livechat-manager") },
			want: []found{{"rate limit", bridge.Bad, "10 calls in 60 s on each visitor route (", "api-bypass-rate-limit"}},
		},
		{
			name: "old workspace", workspace: chat.Config{Profile: chat.V7},
			// In the times of a test, nothing would be left of what an old workspace lets be asked in a minute.
			before: func(w *world) { w.cfg.Times.SetupEvery = time.Hour },
			want: []found{
				{"version", bridge.Notable, "7.10 works, but", "8.5"},
				{"rate limit", bridge.Bad, "10 calls in 60 s", "API_Enable_Rate_Limiter"},
			},
		},
		{
			name: "old workspace with a raised limit", workspace: chat.Config{Profile: chat.V7, CallsPerWindow: 1000},
			want: []found{{"rate limit", bridge.Notable, "1000 calls in 60 s", "API_Enable_Rate_Limiter"}},
		},
		{
			name: "bot is an agent", fault: func(w *world) { w.rc.SetRoles("bridge.bot", "user", "bot", "livechat-manager", "livechat-agent") },
			want: []found{{"roles", bridge.Bad, "livechat-agent", "Take the role"}},
		},
		{
			name: "bot may not begin direct messages", fault: func(w *world) { w.rc.SetRoles("bridge.bot", "livechat-manager") },
			want: []found{{"permissions", bridge.Notable, "create-d is probably missing", "role bot"}},
		},
		{
			name: "Omnichannel off", fault: func(w *world) { w.rc.SetSetting("Livechat_enabled", false) },
			want: []found{{"Omnichannel", bridge.Bad, "switched off", "Livechat_enabled"}},
		},
		{
			name: "nobody online", fault: func(w *world) { w.agent.GoesOffline() },
			want: []found{{"agents", bridge.Notable, "none of the 1 is online", "wait"}},
		},
		{
			name: "no agent at all", fault: func(w *world) { w.rc.SetRoles("ana", "user") },
			want: []found{{"agents", bridge.Bad, "there is no agent", "Omnichannel → Agents"}},
		},
		{
			name: "rooms open without agents", fault: func(w *world) {
				w.rc.SetSetting("Livechat_accept_chats_with_no_agents", true)
				w.agent.GoesOffline()
			},
			want: []found{{"agents", bridge.Notable, "Livechat_accept_chats_with_no_agents is on", "Switch it off"}},
		},
		{
			name: "customers have to be verified", fault: func(w *world) {
				w.rc.SetSetting("Livechat_Require_Contact_Verification", "once")
				w.rc.SetSetting("Livechat_Block_Unknown_Contacts", true)
				w.rc.SetSetting("Livechat_Block_Unverified_Contacts", true)
			},
			want: []found{
				{"contacts", bridge.Bad, "Livechat_Require_Contact_Verification is once", "never"},
				{"contacts", bridge.Bad, "Livechat_Block_Unknown_Contacts is on", "Switch it off"},
				{"contacts", bridge.Bad, "Livechat_Block_Unverified_Contacts is on", "Switch it off"},
			},
		},
		{
			name: "the bot's notes count as answers", fault: func(w *world) { w.rc.SetSetting("Omnichannel_Metrics_Ignore_Automatic_Messages", false) },
			want: []found{{"bot's notes", bridge.Notable, "response times", "Switch Omnichannel_Metrics_Ignore_Automatic_Messages on"}},
		},
		{
			name: "rooms count as abandoned", fault: func(w *world) {
				w.rc.SetSetting("Omnichannel_Metrics_Ignore_Automatic_Messages", false)
				w.rc.SetSetting("Livechat_abandoned_rooms_action", "close")
			},
			want: []found{{"bot's notes", bridge.Bad, "Livechat_abandoned_rooms_action is close", "Switch Omnichannel_Metrics_Ignore_Automatic_Messages on"}},
		},
		{
			name: "rooms count as abandoned in an old workspace", workspace: chat.Config{Profile: chat.V6}, fault: func(w *world) { w.rc.SetSetting("Livechat_abandoned_rooms_action", "on-hold") },
			want: []found{{"bot's notes", bridge.Bad, "Livechat_abandoned_rooms_action is on-hold", "none"}},
		},
		{
			name: "department without agents", before: func(w *world) { w.department(w.rc.AddDepartment("Night", "nobody")) },
			want: []found{{"departments", bridge.Notable, "nobody of Night is online", ""}},
		},
		{
			name: "department gone", before: func(w *world) { w.department("gone") },
			want: []found{{"departments", bridge.Bad, "the department of page Shop does not exist", "/facebook edit"}},
		},
		{
			name: "slash commands kept back", fault: slash,
			want: []found{{"slash commands", bridge.Notable, "Message_AllowUnrecognizedSlashCommand is off", "!facebook"}},
		},
		{
			name: "slash commands of an app", fault: func(w *world) { slash(w); w.rc.AddSlashCommand("facebook") },
			want: []found{{"slash commands", bridge.Notable, "another app owns /facebook", "app install"}},
		},
		{
			name: "setup channel is a public one", before: func(w *world) { w.rc.AddChannel(w.cfg.Workspace.SetupChannel, "bridge.bot") },
			want: []found{{"setup channel", bridge.Notable, "is taken by a room that is not the bot's", "SETUP_CHANNEL"}},
		},
		{
			name: "nobody is omnichannel manager", before: func(w *world) { w.rc.SetRoles("maria", "user") },
			want: []found{{"setup channel", bridge.Notable, "no omnichannel manager", "Make somebody one"}},
		},
		{
			name: "a manager is not in the setup channel", fault: func(w *world) {
				w.eventually("the setup channel is there", func() bool { return w.rc.RoomID(w.cfg.Workspace.SetupChannel) != "" })
				w.rc.AddUser(chat.User{Username: "boss", Roles: []string{"user", "livechat-manager"}})
			},
			want: []found{{"setup channel", bridge.Notable, "1 of the omnichannel managers", "--fix"}}, fixed: []string{"setup channel"},
		},
		{
			name: "a version of Meta's API that has ended", before: func(w *world) { w.set("FACEBOOK_GRAPH_VERSION", "v20.0") },
			want: []found{{"version (Meta)", bridge.Bad, "v20.0 has ended", "FACEBOOK_GRAPH_VERSION"}},
		},
		{
			name: "a proxy hides the version", fault: func(w *world) { w.rc.Inject(chat.Fault{Route: "GET info", Status: http.StatusForbidden}) },
			want: []found{{"Rocket.Chat", bridge.Good, "answers", ""}, {"version", bridge.Unknowable, "/api/info is answered with HTTP 403", "proxy"}, {"agents", bridge.Good, "", ""}},
		},
		{
			name: "workspace down", fault: func(w *world) { w.rc.Down() },
			want: []found{{"Rocket.Chat", bridge.Bad, "cannot be reached", "ROCKETCHAT_URL"}},
		},
		{
			name: "something else at its address", before: func(w *world) { w.set("ROCKETCHAT_URL", w.meta.URL()) }, offline: true,
			want: []found{{"Rocket.Chat", bridge.Bad, "not as Rocket.Chat does", "ROCKETCHAT_URL"}},
		},
		{
			name: "wrong password", before: func(w *world) { w.rc.SetPassword("bridge.bot", "another") }, offline: true,
			want: []found{{"login", bridge.Bad, "refuses the bot's login (log in: 403)", "ROCKETCHAT_PASSWORD"}},
		},
		{
			name: "second factor", before: func(w *world) { w.rc.RequireTOTP("bridge.bot", "123456") }, offline: true,
			want: []found{{"login", bridge.Bad, "totp-required", "personal access token"}},
		},
		{
			name: "workspace's clock 2 minutes ahead", before: func(w *world) { w.set("ROCKETCHAT_URL", anotherClock(w.T, w.rc.URL(), 2*time.Minute)) },
			want: []found{{"clock (Rocket.Chat)", bridge.Notable, "ahead of ours", "NTP"}},
		},
		{
			name: "workspace's clock an hour behind", before: func(w *world) { w.set("ROCKETCHAT_URL", anotherClock(w.T, w.rc.URL(), -time.Hour)) },
			want: []found{{"clock (Rocket.Chat)", bridge.Bad, "1h0m", "NTP"}},
		},
		{
			name: "our clock behind Meta's", before: func(w *world) { w.set("FACEBOOK_GRAPH_URL", anotherClock(w.T, w.meta.URL(), time.Minute)) },
			want: []found{{"clock (Meta)", bridge.Notable, "behind Meta's", "NTP"}},
		},

		{
			name: "wrong app secret", before: otherSecret,
			want: []found{
				{"app", bridge.Bad, "does not accept id and secret", "FACEBOOK_APP_SECRET"},
				{"pages", bridge.Unknowable, "1 not looked at", ""},
			},
		},
		{
			name: "Graph down", fault: func(w *world) { w.meta.Down() },
			want: []found{{"Meta", bridge.Bad, "cannot be reached", "FACEBOOK_GRAPH_URL"}},
		},
		{
			name: "app not subscribed", fault: func(w *world) { w.meta.SetWebhook("") },
			want: []found{{"app subscription", bridge.Bad, "there is none", "--fix"}}, fixed: []string{"app subscription", "handshake"},
		},
		{
			name: "app subscribed elsewhere", fault: func(w *world) { w.meta.SetWebhook("https://other.example/hook?key=hidden") },
			want: []found{{"app subscription", bridge.Bad, "elsewhere: https://other.example/hook", "--fix --replace"}}, kept: "app subscription",
		},
		{
			name: "app's fields missing", fault: func(w *world) { w.meta.SubscribeApp("messages") },
			want: []found{{"app subscription", bridge.Bad, "not subscribed: message_echoes,", "--fix"}}, fixed: []string{"app subscription"},
		},
		{
			name: "app's subscription inactive", fault: func(w *world) { w.meta.SetAppActive(false) },
			want: []found{{"app subscription", bridge.Bad, "not active", "--fix"}}, fixed: []string{"app subscription"},
		},
		{
			name: "handshake never seen", before: func(w *world) {
				w.inStore(func(s *store.Store) error { return s.SaveCursor(app.HandshakeSeen, time.Time{}) })
			},
			want: []found{{"handshake", bridge.Bad, "never verified", "--fix"}}, fixed: []string{"handshake"},
		},
		{
			name: "token dead", fault: func(w *world) { w.meta.KillToken(page, 460) },
			want: []found{{"Shop: token", bridge.Bad, "new password at Facebook, or Facebook ended the session (code 190/460)", "/facebook authorize"}},
		},
		{
			name: "account to be confirmed", fault: func(w *world) { w.meta.KillToken(page, 459) },
			want: []found{{"Shop: token", bridge.Bad, "190/459", "log in at facebook.com"}},
		},
		{
			name: "token dead, of a page that is switched off", before: func(w *world) {
				w.inStore(func(s *store.Store) error {
					p, err := s.Page(page)
					p.State = bridge.PageOff
					return errors.Join(err, s.SavePage(w.Context(), p))
				})
			}, fault: func(w *world) { w.meta.KillToken(page, 460) },
			want: []found{{"Shop", bridge.Notable, "switched off", "/facebook subscribe"}},
		},
		{
			name: "token expires", fault: func(w *world) { w.meta.ExpireIn(page, 3*24*time.Hour) },
			want: []found{{"Shop: token", bridge.Notable, "expires on", "authorize"}},
		},
		{
			name: "consent ends", fault: func(w *world) { w.meta.DataAccessIn(page, time.Hour) },
			want: []found{{"Shop: token", bridge.Notable, "never expires; the consent to read data ends on", "authorize"}},
		},
		{
			name: "permissions missing", fault: func(w *world) {
				w.meta.Grant(page, "pages_messaging", false)
				w.meta.Grant(page, "pages_read_engagement", false)
			},
			want: []found{
				{"Shop: permissions", bridge.Bad, "pages_messaging is missing, which is needed to receive and to send", "authorize"},
				{"Shop: permissions", bridge.Notable, "pages_read_engagement is missing", "authorize"},
			},
		},
		{
			name: "comments without permission", before: func(w *world) { w.setPage(func(s *bridge.Settings) { s.Comments = true }) },
			want: []found{
				{"Shop: permissions", bridge.Bad, "pages_read_user_content is missing, which is needed to read comments", "authorize"},
				{"Shop: permissions", bridge.Bad, "pages_manage_engagement is missing, which is needed to answer", "authorize"},
				{"Shop: fields", bridge.Bad, "not subscribed: feed", "--fix"},
			},
		},
		{
			name: "page's fields missing", fault: func(w *world) { w.meta.SubscribePage(page, "messages", "standby") },
			want: []found{{"Shop: fields", bridge.Bad, "not subscribed: message_echoes,", "--fix"}}, fixed: []string{"Shop: fields"},
		},
		{
			name: "page not subscribed", fault: func(w *world) { w.meta.SubscribePage(page) },
			want: []found{{"Shop: fields", bridge.Bad, "Facebook sends nothing", "--fix"}}, fixed: []string{"Shop: fields"},
		},
		{
			name: "PUBLIC_URL leads nowhere, and Meta never came", before: func(w *world) {
				w.inStore(func(s *store.Store) error { return s.SaveCursor(app.HandshakeSeen, time.Time{}) })
				w.nowhere()
			},
			want: []found{
				{"PUBLIC_URL", bridge.Bad, "cannot be reached", "LISTEN"},
				{"app subscription", bridge.Bad, "elsewhere", "--replace"},
			},
		},
		{
			name: "PUBLIC_URL leads nowhere from here", before: (*world).nowhere,
			want: []found{{"PUBLIC_URL", bridge.Notable, "a NAT may keep this machine", "LISTEN"}},
		},
		{
			name: "PUBLIC_URL leads to something else", before: func(w *world) { w.set("PUBLIC_URL", w.meta.URL()) },
			want: []found{{"PUBLIC_URL", bridge.Notable, "as no bridge does", "LISTEN"}},
		},
		{
			name: "PUBLIC_URL leads to another bridge", before: func(w *world) {
				w.set("PUBLIC_URL", impostor(w.T, http.StatusUnauthorized, false))
			},
			want: []found{{"PUBLIC_URL", bridge.Notable, "does not know our FACEBOOK_APP_SECRET", ""}},
		},
		{
			name: "PUBLIC_URL says yes to everything", before: func(w *world) { w.set("PUBLIC_URL", impostor(w.T, http.StatusOK, false)) },
			want: []found{{"PUBLIC_URL", bridge.Notable, "an unsigned one with HTTP 200", ""}},
		},
		{
			name: "certificate nobody trusts", before: func(w *world) { w.set("PUBLIC_URL", impostor(w.T, http.StatusOK, true)) },
			want: []found{{"PUBLIC_URL", bridge.Notable, "certificate that is not trusted", "public authority"}},
		},
		{
			name: "no such host", before: func(w *world) { w.set("PUBLIC_URL", "https://bridge.invalid") },
			want: []found{{"PUBLIC_URL", bridge.Notable, "has no address in the DNS", "DNS"}},
		},
		{
			name: "no page", before: func(w *world) {
				w.inStore(func(s *store.Store) error { return s.DeletePage(w.Context(), page) })
			},
			want: []found{{"pages", bridge.Notable, "no page is connected", "/facebook authorize"}},
		},
		{
			name: "page switched off", fault: func(w *world) { w.command("unsubscribe") },
			want: []found{{"Shop", bridge.Notable, "switched off", "/facebook subscribe " + page}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newPatient(t, c.workspace)
			if c.before != nil {
				c.before(w)
			}
			if w.start(); c.offline {
				w.eventually("the bridge has tried to connect", func() bool {
					return !strings.Contains(w.get("http://"+w.at.Metrics+"/status"), "not connected yet")
				})
			} else {
				w.eventually("the bridge is connected", w.connected)
			}
			if c.fault != nil {
				c.fault(w)
			}
			var d diagnosed
			var code int
			var text string
			w.eventually("the limits let everything be asked", func() bool {
				d, code, text = w.doctor()
				return !strings.Contains(strings.Join(strings.Fields(text), " "), "limit holds the question back")
			})
			bad := false
			for _, want := range c.want {
				bad = bad || want.level == bridge.Bad
				if !d.has(want) {
					t.Errorf("not found: %+v\n%s", want, text)
				}
			}
			if code == 3 != (d.Bad > 0) || bad && code != 3 || code != 0 && code != 3 {
				t.Errorf("exit code %d\n%s", code, text)
			}
			if t.Failed() || len(c.fixed) == 0 && c.kept == "" {
				return
			}
			d, code, text = w.doctor("--fix")
			if c.kept != "" {
				if code != 3 || !d.has(c.want[0]) || !strings.Contains(text, "not repaired: "+c.kept) || !strings.Contains(strings.Join(strings.Fields(text), " "), "only with --replace") {
					t.Errorf("exit code %d\n%s", code, text)
				}
				d, code, text = w.doctor("--fix", "--replace")
				c.fixed = []string{c.kept}
			}
			for _, check := range c.fixed {
				if !d.has(found{check: check, level: bridge.Good}) {
					t.Errorf("not repaired: %s\n%s", check, text)
				}
			}
			if code != 0 || !strings.Contains(text, "repaired: ") {
				t.Errorf("exit code %d\n%s", code, text)
			}
			if again, _, text := w.doctor(); again.Bad > 0 || again.levels(bridge.Unknowable) != nil {
				t.Errorf("after the repair\n%s", text)
			}
		})
	}
}

// department gives the page a department.
func (w *world) department(id string) {
	w.Helper()
	w.inStore(func(s *store.Store) error {
		p, err := s.Page(page)
		if err != nil {
			return err
		}
		p.Settings.Department = bridge.DepartmentID(id)
		return s.SavePage(w.Context(), p)
	})
}

// command switches the page as an administrator does.
func (w *world) command(word string) {
	w.Helper()
	boss := w.rc.AddUser(chat.User{Username: "boss", Roles: []string{"user", "livechat-manager"}})
	room := w.rc.DirectRoom("bridge.bot", boss.Username)
	w.rc.UserSays(boss.Username, room, "facebook "+word+" "+page)
	w.eventually("the command is carried out", func() bool {
		return strings.Contains(w.get("http://"+w.at.Metrics+"/status"), `"state": "off"`)
	})
}

// nowhere lets PUBLIC_URL lead to an address where nobody listens.
func (w *world) nowhere() { w.set("PUBLIC_URL", "http://"+freeAddress(w.T)) }

// otherSecret lets Meta know the app by another secret. (The sandbox rightly objects
// to what follows, so it is not the world's.)
func otherSecret(w *world) {
	other, err := meta.Start(meta.Config{AppSecret: strings.Repeat("f", 32)})
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { other.Close() })
	w.set("FACEBOOK_GRAPH_URL", other.URL())
}

// impostor is healthy, and answers all webhook calls in one way.
func impostor(t *testing.T, status int, encrypted bool) (address string) {
	t.Helper()
	answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/webhook" {
			w.WriteHeader(status)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	server := httptest.NewUnstartedServer(answer)
	if encrypted {
		server.Config.ErrorLog = log.New(io.Discard, "", 0)
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	return server.URL
}
