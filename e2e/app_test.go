package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/settings"
	"messenger-bridge/companion"
	"messenger-bridge/sandbox/chat"
	"messenger-bridge/sandbox/meta"
)

const appSecret = "5ecret-between-app-and-bridge-of-the-tests"

// openOfficeWithApp is an office in which the companion app is installed, as an operator
// does it; /facebook without it would go nowhere. The bridge is running.
func openOfficeWithApp(t *testing.T, environ ...string) *office {
	t.Helper()
	o := openOffice(t, bypassed, append([]string{"COMMANDS_SECRET=" + appSecret}, environ...)...)
	o.secrets.add(appSecret)
	o.rc.SetSetting("Message_AllowUnrecognizedSlashCommand", false)
	o.run()
	if code, out := o.installApp(); code != 0 {
		t.Fatal(out)
	}
	return o
}

// installApp runs `app install` with the token of an administrator.
func (o *office) installApp(args ...string) (code int, said string) {
	o.Helper()
	o.rc.AddUser(chat.User{Username: "root", Roles: []string{"user", "admin"}})
	user, token := o.rc.PersonalAccessToken("root")
	file := filepath.Join(o.TempDir(), "token")
	if err := os.WriteFile(file, []byte(token), 0o600); err != nil {
		o.Fatal(err)
	}
	code, out, errs := runCommand(o.T, o.environ, append([]string{"app", "install", "--user-id", user, "--token-file", file}, args...)...)
	if strings.Contains(out+errs, token) || strings.Contains(out+errs, appSecret) {
		o.Error("app install prints a secret")
	}
	return code, out + errs
}

// asked lets somebody run a command of the app and returns what the app shows.
func (o *office) asked(who, room, words string) chat.Notice {
	o.Helper()
	before := len(o.rc.Notices(who))
	o.rc.UserSays(who, room, "/facebook "+words)
	after := o.rc.Notices(who)
	if len(after) != before+1 {
		o.Fatalf("/facebook %s shows %d notices", words, len(after)-before)
	}
	return after[before]
}

// dialogOf lets maria open the settings of a page.
func (o *office) dialogOf(page string) chat.Dialog {
	o.Helper()
	before := len(o.rc.Dialogs("maria"))
	o.rc.UserSays("maria", "GENERAL", "/facebook edit "+page)
	all := o.rc.Dialogs("maria")
	if len(all) != before+1 {
		o.Fatalf("%d dialogs are opened; maria is told %+v", len(all)-before, o.rc.Notices("maria"))
	}
	return all[before]
}

func TestApp_Installed_WorksAtOnce_AndAgain(t *testing.T) {
	t.Parallel()
	o := openOfficeWithApp(t)
	id := companion.About().ID
	app, _ := o.rc.App(id)
	if app.Command != "facebook" || app.Settings["bridge-url"] != o.cfg.Network.PublicURL || app.Settings["bridge-secret"] != appSecret || len(app.Permissions) != 4 {
		t.Errorf("the app is %+v", app)
	}
	if n := o.asked("maria", "GENERAL", "help"); !strings.Contains(n.Text, "`/facebook authorize`") || n.RoomID != "GENERAL" {
		t.Errorf("help shows %+v", n)
	}
	if code, said := o.installApp("--bridge-url", o.cfg.Network.PublicURL+"/"); code != 0 || !strings.Contains(said, "was there: Messenger Bridge "+companion.About().Version) {
		t.Errorf("once more: %d, %s", code, said)
	}
	o.rc.DisableApp(id)
	if code, said := o.installApp(); code != 0 || !strings.Contains(said, "type /facebook help") {
		t.Errorf("a disabled one: %d, %s", code, said)
	}
	o.asked("maria", "GENERAL", "help")
}

func TestApp_InstallRefused_SaysWhy(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before func(o *office)
		want   string
	}{
		"no licence":       {func(o *office) { o.rc.LimitPrivateApps(0, false) }, "this workspace may have 0 private apps enabled, and has 0"},
		"no administrator": {func(o *office) { o.rc.SetPermission("manage-apps", "nobody") }, "permission manage-apps"},
		"not allowed here": {func(o *office) {
			o.rc.Inject(chat.Fault{Route: "POST apps", Status: 500, Body: `{"success":false,"error":"private_app_install_disabled"}`})
		}, "does not allow private apps"},
		"no secret": {func(o *office) {
			o.environ = append(o.environ, "COMMANDS_SECRET=")
		}, "COMMANDS_SECRET must be set"},
		"workspace down": {func(o *office) { o.rc.Down() }, "log in at"},
	} {
		t.Run(name, func(t *testing.T) {
			o := openOffice(t, bypassed, "COMMANDS_SECRET="+appSecret)
			c.before(o)
			if code, said := o.installApp(); code != 1 || !strings.Contains(said, c.want) {
				t.Errorf("code %d: %s", code, said)
			}
		})
	}
	for set, want := range map[string]string{
		"COMMANDS_SECRET_FILE=/nowhere": "COMMANDS_SECRET_FILE names a file that cannot be read",
		"COMMANDS_SECRET=too-short":     "COMMANDS_SECRET must have at least 32 characters",
	} {
		t.Run(set, func(t *testing.T) {
			o := openOffice(t, bypassed)
			o.environ = append(o.environ, set)
			if code, said := o.installApp(); code == 0 || !strings.Contains(said, want) || strings.Contains(said, "must be set") {
				t.Errorf("code %d: %s", code, said)
			}
		})
	}
	t.Run("wrong token", func(t *testing.T) {
		o := openOffice(t, bypassed, "COMMANDS_SECRET="+appSecret)
		code, out, errs := runCommandWith(t, o.environ, "someone\nnot-a-token\n", "app", "install")
		if code != 1 || !strings.Contains(errs, "does not accept this user id with this token") || strings.Contains(out+errs, "not-a-token") {
			t.Errorf("code %d: %s%s", code, out, errs)
		}
	})
}

func TestApp_NameIsTaken_AnswersToTheOther(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed, "COMMANDS_SECRET="+appSecret)
	o.rc.AddSlashCommand("facebook") // Rocket.Chat's own Facebook app
	o.run()
	if code, said := o.installApp(); code != 0 || !strings.Contains(said, "this one answers to /facebook-bridge") {
		t.Errorf("code %d: %s", code, said)
	}
	o.rc.UserSays("maria", "GENERAL", "/facebook-bridge pages")
	if n := o.rc.Notices("maria"); len(n) != 1 || !strings.Contains(n[0].Text, "`/facebook-bridge authorize` connects one") || n[0].Buttons[0].Types != "/facebook-bridge authorize" {
		t.Errorf("maria is shown %+v", n)
	}
}

func TestApp_OldOneOnAWorkspaceWithoutLicence_IsKeptAndWorks(t *testing.T) {
	t.Parallel()
	o := openOfficeWithApp(t)
	o.rc.SetAppVersion(companion.About().ID, "0.9.0")
	o.rc.LimitPrivateApps(0, false)
	if code, said := o.installApp(); code != 0 || !strings.Contains(said, "kept: Messenger Bridge 0.9.0") {
		t.Errorf("code %d: %s", code, said)
	}
	o.rc.LimitPrivateApps(-1, true)
	if code, said := o.installApp(); code != 0 || !strings.Contains(said, "before it was 0.9.0") {
		t.Errorf("code %d: %s", code, said)
	}
	o.asked("maria", "GENERAL", "help")
}

func TestApp_EditPage_OpensEveryWordOfTheTable_AndSaves(t *testing.T) {
	t.Parallel()
	o := openOfficeWithApp(t)
	o.connect(bakery)
	d := o.dialogOf(bakery)
	for i := range settings.Table {
		s := &settings.Table[i]
		if f := d.Field(s.Word); f == nil || f.Label == "" || f.Hint == "" {
			t.Errorf("the field of %s is %+v", s.Word, f)
		}
	}
	if f := d.Field("department"); fmt.Sprint(f.OptionTexts) != "[(none) Sales]" || f.Value != "none" {
		t.Errorf("departments are offered as %+v", f)
	}
	if wrong := o.rc.Submit("maria", d, map[string]string{"text-limit": "7", "privacy-url": "ftp://x", "welcome": "Hello"}); len(wrong) != 2 ||
		!strings.Contains(wrong["text-limit"], "100 to 2000") || !strings.Contains(wrong["privacy-url"], "https://") {
		t.Errorf("wrong values show %q", wrong)
	}
	filled := map[string]string{"welcome": "Hello\n{customer}", "department": o.sales, "human-agent": "on", "new-room-after": "2 h", "max-file-size": "10 MB"}
	for range 2 { // sent again, it is no conflict
		if wrong := o.rc.Submit("maria", d, filled); len(wrong) != 0 {
			t.Errorf("saving shows %q", wrong)
		}
	}
	late := d // opened before somebody else changed two settings
	if o.asked("maria", "GENERAL", "edit "+bakery+" offline We are asleep"); o.Failed() {
		return
	}
	o.hearsOf("*Bakery*: @maria has changed `offline`.")
	if wrong := o.rc.Submit("maria", late, map[string]string{"welcome": "Another", "finished": "Bye"}); !strings.Contains(wrong["welcome"], "Somebody else has changed this") {
		t.Errorf("a conflict shows %q", wrong)
	}
	if wrong := o.rc.Submit("maria", late, map[string]string{"welcome": filled["welcome"], "finished": "Bye"}); len(wrong) != 0 {
		t.Errorf("two that do not touch show %q", wrong)
	}
	p := o.storedPage(bakery)
	want := bridge.Settings{Welcome: "Hello\n{customer}", Department: bridge.DepartmentID(o.sales), HumanAgent: true, NewRoomAfter: bridge.Duration(2 * time.Hour), MaxFileSize: 10 << 20, Offline: "We are asleep", Finished: "Bye"}
	if p.Settings != want || p.State != bridge.PageRunning {
		t.Errorf("the page is %+v", p)
	}
}

func TestApp_Submit_RightsAndPagesAreCheckedAgain(t *testing.T) {
	t.Parallel()
	o := openOfficeWithApp(t)
	o.connect(bakery)
	d := o.dialogOf(bakery)
	first := d.Fields[0].Name
	if wrong := o.rc.Submit("paul", d, map[string]string{"welcome": "hacked"}); !strings.Contains(wrong[first], "livechat-manager") {
		t.Errorf("paul is shown %q", wrong)
	}
	o.rc.SetRoles("maria", "user")
	if wrong := o.rc.Submit("maria", d, map[string]string{"welcome": "hacked"}); !strings.Contains(wrong[first], "livechat-manager") {
		t.Errorf("without the role, maria is shown %q", wrong)
	}
	o.rc.SetRoles("maria", "user", "livechat-manager")
	o.rc.DeleteDepartment(o.sales)
	o.halt()
	o.run() // departments are remembered for half a minute
	if wrong := o.rc.Submit("maria", d, map[string]string{"department": o.sales}); !strings.Contains(wrong["department"], "no departments") {
		t.Errorf("a deleted department shows %q", wrong)
	}
	forged := d
	forged.ID = "settings.!!.x"
	if wrong := o.rc.Submit("maria", forged, nil); !strings.Contains(wrong[first], "does not know this dialog") {
		t.Errorf("a forged dialog shows %q", wrong)
	}
	if p := o.storedPage(bakery); p.Settings != (bridge.Settings{}) {
		t.Errorf("the settings are %+v", p.Settings)
	}
}

func TestApp_BridgeOrSecretWrong_NeverShowsSuccess(t *testing.T) {
	t.Parallel()
	o := openOfficeWithApp(t, "COMMANDS_SECRET="+appSecret+",another-secret-of-ours-as-long-as-the-first") // while rotating
	o.connect(bakery)
	d := o.dialogOf(bakery)
	o.halt()
	if n := o.asked("maria", "GENERAL", "pages"); !strings.Contains(n.Text, "The bridge does not answer") {
		t.Errorf("maria is shown %+v", n)
	}
	if wrong := o.rc.Submit("maria", d, map[string]string{"welcome": "x"}); len(wrong) != 1 {
		t.Errorf("a dialog that went nowhere shows %q", wrong)
	}
	o.cfg.Workspace.CommandsSecret = "another-secret-of-ours-as-long-as-the-first"
	o.run()
	if n := o.asked("maria", "GENERAL", "pages"); !strings.Contains(n.Text, "does not accept this app") {
		t.Errorf("maria is shown %+v", n)
	}
	o.halt()
	o.cfg.Workspace.CommandsSecret = ""
	o.run()
	if n := o.asked("maria", "GENERAL", "pages"); !strings.Contains(n.Text, "no bridge at the address") {
		t.Errorf("maria is shown %+v", n)
	}
}

// TestApp_PlatformsAreSlow_AnsweredInTime has everything hang that a command needs: the
// app is answered while it waits, and the answer comes by direct message.
func TestApp_PlatformsAreSlow_AnsweredInTime(t *testing.T) {
	t.Parallel()
	o := openOfficeWithApp(t)
	o.connect(bakery)
	d := o.dialogOf(bakery) // which outlives restarts
	o.halt()
	o.cfg.Times.AppWaits = 300 * time.Millisecond
	o.cfg.Times.GraphTimeout = time.Minute
	o.run()
	told := func(part string) func() bool {
		return func() bool { return len(containing(texts(o.rc.DirectMessages("maria")), part)) == 1 }
	}
	working := func(what, words, part string, back func()) {
		t.Helper()
		start := time.Now()
		if n := o.asked("maria", "GENERAL", words); !strings.Contains(n.Text, "The answer comes by direct message") {
			t.Errorf("%s: maria is shown %+v", what, n)
		}
		if took := time.Since(start); took > atMost(3*time.Second) {
			t.Errorf("%s: answered after %v", what, took)
		}
		back()
		o.eventually(what+": the answer comes by direct message", told(part))
	}
	hang := func(route string) func() {
		return o.rc.Inject(chat.Fault{Route: route, Hang: true})
	}
	working("Rocket.Chat hangs", "pages", "*Bakery* `"+bakery+"`", hang("GET livechat/users/manager/:_id"))
	working("Rocket.Chat hangs when a dialog is asked for", "edit "+bakery, "/settings?ticket=", hang("GET livechat/users/manager/:_id"))
	fine := o.rc.Inject(chat.Fault{Route: "GET livechat/users/manager/:_id", Status: http.StatusBadGateway})
	working("Rocket.Chat fails", "status", "Rocket.Chat answers", fine)
	o.meta.FailCalls("POST", "subscribed_apps", 1000, meta.DeliveredThenHang(time.Second)) // also those of the page watch
	working("Facebook hangs", "subscribe "+bakery, "*Bakery*: Running", func() { o.meta.FailCalls("POST", "subscribed_apps", 0, nil) })

	fine = hang("GET livechat/users/manager/:_id")
	if wrong := o.rc.Submit("maria", d, map[string]string{"welcome": "saved late"}); !strings.Contains(wrong[d.Fields[0].Name], "save again") {
		t.Errorf("a slow save shows %q", wrong)
	}
	fine()
	o.eventually("saving again goes through", func() bool { // on a busy machine it may be asked for once more
		return len(o.rc.Submit("maria", d, map[string]string{"welcome": "saved late"})) == 0
	})
}

func TestApp_DepartmentsCannotBeRead_DialogComesWithoutThem(t *testing.T) {
	t.Parallel()
	o := openOfficeWithApp(t)
	o.connect(bakery)
	o.halt()
	o.run() // nothing is remembered of departments
	fine := o.rc.Inject(chat.Fault{Route: "GET livechat/department", Hang: true})
	defer fine()
	start := time.Now()
	d := o.dialogOf(bakery)
	if d.Field("department") != nil || time.Since(start) > atMost(4*time.Second) {
		t.Errorf("after %v, the dialog has %+v", time.Since(start), d.Field("department"))
	}
	if wrong := o.rc.Submit("maria", d, map[string]string{"welcome": "Hello"}); len(wrong) != 0 {
		t.Errorf("saving shows %q", wrong)
	}
	if p := o.storedPage(bakery); p.Settings.Welcome != "Hello" {
		t.Errorf("the settings are %+v", p.Settings)
	}
}

func TestApp_LateAnswer_SurvivesARestart(t *testing.T) {
	t.Parallel()
	o := openOfficeWithApp(t)
	o.connect(bakery)
	o.halt()
	o.cfg.Times.AppWaits = 200 * time.Millisecond
	o.run()
	fine := o.rc.Inject(chat.Fault{Route: "GET livechat/users/manager/:_id", Hang: true})
	o.asked("maria", "GENERAL", "edit "+bakery+" welcome Moin")
	o.halt()
	fine()
	o.run()
	o.eventually("maria is answered", func() bool { return len(containing(texts(o.rc.DirectMessages("maria")), "is now “Moin”")) == 1 })
}

func TestCommandsRoute_Strangers_AreSentAway(t *testing.T) {
	t.Parallel()
	o := openOfficeWithApp(t)
	send := func(method, secret, body string) int {
		req, err := http.NewRequest(method, o.cfg.Network.PublicURL+"/commands", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if secret != "" {
			req.Header.Set("Authorization", "Bearer "+secret)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	whole := `{"protocol":1,"kind":"command","args":["help"],"user":{"id":"u","username":"u"}}`
	for _, c := range []struct {
		method, secret, body string
		want                 int
	}{
		{"POST", appSecret, whole, 200},
		{"POST", appSecret, `{"protocol":2,"kind":"dance","user":{"id":"u","username":"u"},"state":null,"args":null}`, 200},
		{"POST", "", whole, 401},
		{"POST", appSecret + "x", whole, 401},
		{"POST", appSecret[1:], strings.Repeat("x", 1<<20), 401},
		{"GET", appSecret, "", 405},
		{"POST", appSecret, "{", 400},
		{"POST", appSecret, `{"protocol":1,"kind":"command","args":["pages"],"user":{"id":"","username":"maria"}}`, 400},
		{"POST", appSecret, `{"protocol":1,"args":["` + strings.Repeat("x", 300<<10) + `"]}`, 413},
	} {
		if got := send(c.method, c.secret, c.body); got != c.want {
			t.Errorf("%s %.20s… with %.8q: %d, want %d", c.method, c.body, c.secret, got, c.want)
		}
	}
}
