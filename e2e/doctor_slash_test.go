package e2e

import (
	"slices"
	"strings"
	"testing"

	"messenger-bridge/bridge"
	"messenger-bridge/companion"
	"messenger-bridge/sandbox/chat"
)

func TestDoctor_SlashCommands_SaysWhichWayWorks(t *testing.T) {
	t.Parallel()
	o := openOfficeWithApp(t)
	says := func(when string, level bridge.Level, part, do string) {
		t.Helper()
		if d, _, text := o.doctor(); !d.has(found{"slash commands", level, part, do}) {
			t.Errorf("%s:\n%s", when, text)
		}
	}
	says("the app is there", bridge.Good, "the companion app owns /facebook", "")
	o.rc.DisableApp(companion.About().ID)
	says("it is disabled", bridge.Notable, "Message_AllowUnrecognizedSlashCommand is off", "!facebook help")
	o.rc.AddSlashCommand("facebook")
	says("another app has the name", bridge.Notable, "another app owns /facebook", "app install")
	if code, said := o.installApp(); code != 0 {
		t.Fatal(said)
	}
	says("ours has the other", bridge.Notable, "the companion app answers to /facebook-bridge", "")
	o.halt()
	o.set("COMMANDS_SECRET", "")
	o.run()
	says("nobody answers it", bridge.Bad, "COMMANDS_SECRET is empty", "COMMANDS_SECRET")
}

func TestDoctor_SlashCommands_AreLetThroughOnlyIfAgreedAndAllowed(t *testing.T) {
	t.Parallel()
	const setting = "Message_AllowUnrecognizedSlashCommand"
	start := func(roles ...string) *world {
		w := newPatient(t, chat.Config{Bot: chat.Bot{Roles: roles}})
		w.rc.SetSetting(setting, false)
		user, token := w.rc.PersonalAccessToken("bridge.bot")
		w.environ = slices.DeleteFunc(w.environ, func(v string) bool {
			return strings.HasPrefix(v, "ROCKETCHAT_USER=") || strings.HasPrefix(v, "ROCKETCHAT_PASSWORD=")
		})
		w.set("ROCKETCHAT_USER_ID", user)
		w.set("ROCKETCHAT_TOKEN", token)
		w.run()
		return w
	}
	w := start("user", "bot", "livechat-manager", "admin")
	if d, _, text := w.doctor("--fix"); w.rc.Setting(setting) != false || !d.has(found{"slash commands", bridge.Notable, "is off", "doctor --fix --slash-commands"}) {
		t.Errorf("switched on without being asked for:\n%s", text)
	}
	if d, _, text := w.doctor("--fix", "--slash-commands"); w.rc.Setting(setting) != true || !d.has(found{"slash commands", bridge.Good, "reaches the bot", ""}) {
		t.Errorf("not switched on:\n%s", text)
	}
	w = start("user", "bot", "livechat-manager")
	if _, _, text := w.doctor("--fix", "--slash-commands"); w.rc.Setting(setting) != false || !strings.Contains(strings.Join(strings.Fields(text), " "), "an administrator has to do it") {
		t.Errorf("by a bot that may not:\n%s", text)
	}
}

func TestDoctor_SlashCommands_SecondFactorIsExplained(t *testing.T) {
	t.Parallel()
	w := newPatient(t, chat.Config{Bot: chat.Bot{Roles: []string{"user", "bot", "livechat-manager", "admin"}}})
	w.rc.SetSetting("Message_AllowUnrecognizedSlashCommand", false)
	w.run()
	if _, _, text := w.doctor("--fix", "--slash-commands"); !strings.Contains(strings.Join(strings.Fields(text), " "), "asks for a second factor") {
		t.Error(text)
	}
}
