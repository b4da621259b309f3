package stream_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/sandbox/chat"
)

func (o *office) addManager(name string) {
	o.rc.AddUser(chat.User{Username: name, Roles: []string{"user", "livechat-manager"}})
}

func TestSetup_ChannelIsMadeOnceAndManagersAreInvited(t *testing.T) {
	for name, profile := range map[string]chat.Profile{"8.x": chat.V8, "7.x": chat.V7} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, chat.Config{Profile: profile})
			want := []string{o.rc.Bot()}
			for i := range 120 { // more than one page
				manager := fmt.Sprintf("manager%03d", i)
				o.addManager(manager)
				want = append(want, manager)
			}
			o.rc.AddAgent("ana")
			o.run()
			o.halt()
			o.run()
			o.rc.DropSockets()
			o.eventually("the bot is back", func() bool { return o.ready() == 3 })
			if got := o.rc.MembersOf(channel); !slices.Equal(got, want) {
				t.Errorf("members are %q", got)
			}
			if string(o.client.SetupRoom()) != o.rc.RoomID(channel) {
				t.Errorf("the setup room is %q", o.client.SetupRoom())
			}
			for route, times := range map[string]int{"POST groups.create": 1, "POST groups.invite": 1, "POST groups.setTopic": 0} {
				if got := o.rc.CountCalls(route); got != times {
					t.Errorf("%s called %d times", route, got)
				}
			}
		})
	}
}

func TestSetup_WhoBecomesManager_IsInvitedWithTheNextLookAndNobodyRemoved(t *testing.T) {
	o := newOffice(t, chat.Config{})
	o.look = 30 * time.Millisecond
	o.addManager("boss")
	o.rc.AddAgent("ana")
	o.run()
	o.addManager("chief")
	o.rc.SetRoles("boss", "user")
	o.eventually("the new manager is invited", func() bool {
		return slices.Equal(o.rc.MembersOf(channel), []string{"boss", o.rc.Bot(), "chief"})
	})
}

func TestSetup_GroupOfThatNameThere_IsTaken(t *testing.T) {
	o := newOffice(t, chat.Config{})
	o.addManager("boss")
	o.addManager("chief")
	group := o.rc.AddGroupOf("boss", channel, o.rc.Bot())
	o.run() // no owner, so it may neither set the topic nor invite
	if string(o.client.SetupRoom()) != group {
		t.Errorf("the setup room is %q", o.client.SetupRoom())
	}
	if !strings.Contains(o.log.String(), "the setup channel is not in order") {
		t.Error("nobody was told that the managers could not be invited")
	}
	if told := o.rc.DirectMessages("chief"); len(told) != 1 || !strings.Contains(told[0].Text, "I cannot invite you") || len(o.rc.DirectMessages("boss")) != 0 {
		t.Errorf("chief is told %+v", told)
	}
	o.rc.SetPermission("add-user-to-joined-room", "bot")
	o.rc.SetPermission("edit-room", "bot")
	o.halt()
	o.run()
	if got := o.rc.MembersOf(group); !slices.Equal(got, []string{"boss", o.rc.Bot(), "chief"}) {
		t.Errorf("members are %q", got)
	}
	o.halt()
	o.run()
	topics := 0
	for _, m := range o.rc.Messages(group) {
		if m.System == "room_changed_topic" {
			topics++
		}
	}
	if topics != 1 || o.rc.CountCalls("POST groups.setTopic") != 2 { // once refused
		t.Errorf("the topic was set %d times", topics)
	}
}

// TestSetup_NameIsTaken_AnotherIsUsedAndManagersKnow: nothing is said in a room of that name
// that neither the bot nor a manager has made, whoever is in it.
func TestSetup_NameIsTaken_AnotherIsUsedAndManagersKnow(t *testing.T) {
	for name, c := range map[string]struct {
		taken func(o *office)
		by    string // as managers are told
	}{
		"a public channel":            {func(o *office) { o.rc.AddChannel(channel, o.rc.Bot()) }, "not mine"},
		"a group the bot may not see": {func(o *office) { o.rc.AddGroupOf("paul", channel) }, "not mine"},
		"a group with the bot in it":  {func(o *office) { o.rc.AddGroupOf("paul", channel, o.rc.Bot(), "boss") }, "`@paul` made"},
		"a group of nobody's":         {func(o *office) { o.rc.AddGroup(channel, o.rc.Bot(), "boss") }, "not mine"},
		"all that can be guessed": {func(o *office) {
			for _, end := range []string{"", "-2", "-3", "-4", "-5"} {
				o.rc.AddGroupOf("paul", channel+end, o.rc.Bot())
			}
		}, "`@paul` made"},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, chat.Config{})
			o.addManager("boss")
			o.rc.AddUser(chat.User{Username: "paul"})
			c.taken(o)
			o.run()
			for range 2 {
				ours := string(o.client.SetupRoom())
				if members := o.rc.MembersOf(ours); !slices.Equal(members, []string{"boss", o.rc.Bot()}) || ours == o.rc.RoomID(channel) {
					t.Errorf("members of %s are %q", ours, members)
				}
				if posts := o.posts(channel); len(posts) > 0 {
					t.Errorf("there the bot says %+v", posts)
				}
				if told := o.rc.DirectMessages("boss"); len(told) != 1 || !strings.Contains(told[0].Text, c.by) || !strings.Contains(told[0].Text, "`#"+channel+"-") {
					t.Errorf("boss is told %+v", told)
				}
				if name != "all that can be guessed" { // without its id, the bot finds its own again by name only
					o.halt()
					o.run()
				}
			}
		})
	}
}

func TestSetup_ManagerWhoCannotBeInvited_KeepsNobodyElseOut(t *testing.T) {
	o := newOffice(t, chat.Config{})
	for _, name := range []string{"boss", "chief", "gone"} {
		o.addManager(name)
	}
	gone := o.rc.Agent("gone").ID
	o.rc.Inject(chat.Fault{Route: "POST groups.invite", Status: 400, Body: `{"success":false,"errorType":"error-user-deactivated"}`,
		Match: func(_ *http.Request, body []byte) bool { return strings.Contains(string(body), gone) }})
	o.run()
	if got := o.rc.MembersOf(channel); !slices.Equal(got, []string{"boss", o.rc.Bot(), "chief"}) {
		t.Errorf("members are %q", got)
	}
}

func TestSetup_NoChannelToBeHad_TheBotListensAndSaysSoOnce(t *testing.T) {
	for name, c := range map[string]struct {
		trouble, remedy func(o *office)
	}{
		"an archived group": {
			func(o *office) { o.rc.Archive(o.rc.AddGroupOf("boss", channel, o.rc.Bot())) },
			func(o *office) { o.rc.Unarchive(o.rc.RoomID(channel)) },
		},
		"no permission": {
			func(o *office) { o.rc.SetPermission("create-p", "admin") },
			func(o *office) { o.rc.SetPermission("create-p", "admin", "bot") },
		},
		"taken after all": {func(o *office) {
			o.rc.Inject(chat.Fault{Route: "POST groups.create", Status: 400,
				Body: `{"success":false,"error":"A channel with name 'x' exists [error-duplicate-channel-name]","errorType":"error-duplicate-channel-name"}`})
		}, nil},
		"a server that fails": {func(o *office) { o.rc.Inject(chat.Fault{Route: "GET rooms.info", Status: 500}) }, nil},
		"made, but not told": {
			func(o *office) { o.rc.Inject(chat.Fault{Route: "POST groups.create", Status: 500, Effect: true}) },
			func(*office) {}, // the group was made all the same
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, chat.Config{})
			o.look = 20 * time.Millisecond
			o.addManager("boss")
			c.trouble(o)
			o.run()
			looks := o.rc.CountCalls("GET livechat/rooms")
			o.eventually("the bot looks again and again", func() bool { return o.rc.CountCalls("GET livechat/rooms") > looks+6 })
			if got := strings.Count(o.log.String(), "there is no setup channel"); got != 1 {
				t.Errorf("said %d times", got)
			}
			if c.remedy == nil {
				err := o.client.Notify(t.Context(), bridge.Notice{Kind: bridge.Announcement, Message: "k", Text: "hello"})
				again(t, err)
				again(t, o.client.ShowStep(t.Context(), "step", "text"))
				return
			}
			c.remedy(o)
			o.eventually("the channel is found", func() bool { return o.client.SetupRoom() != "" })
			if err := o.client.Notify(t.Context(), bridge.Notice{Kind: bridge.Announcement, Message: "k", Text: "hello"}); err != nil {
				t.Error(err)
			}
		})
	}
}

// again is what the queue needs to be told while there is no setup channel.
func again(t *testing.T, err error) {
	t.Helper()
	var r *bridge.Refusal
	if !errors.As(err, &r) || r.Verdict != bridge.Again || r.After != time.Minute || r.Gate != "" {
		t.Errorf("refused with %+v", r)
	}
}

// posts are the bot's ordinary messages in a room.
func (o *office) posts(rid string) (posts []chat.Message) {
	for _, m := range o.rc.Messages(rid) {
		if m.Username == o.rc.Bot() && m.System == "" {
			posts = append(posts, m)
		}
	}
	return posts
}

// noPreview waits until Rocket.Chat has looked at the link in a message, and checks
// that it makes no preview of it.
func (o *office) noPreview(rid, id, link string) {
	o.Helper()
	o.eventually("the link is looked at: "+link, func() bool {
		for _, m := range o.rc.Messages(rid) {
			urls, _ := m.Fields["urls"].([]any)
			if m.ID != id || len(urls) == 0 || urls[0].(map[string]any)["url"] != link {
				continue
			}
			if urls[0].(map[string]any)["ignoreParse"] != true {
				o.Errorf("a preview is made of %s", link)
			}
			return true
		}
		return false
	})
}

func TestTell_Answer_WhereItBelongsAndOnce(t *testing.T) {
	for name, profile := range map[string]chat.Profile{"8.x": chat.V8, "7.x": chat.V7} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, chat.Config{Profile: profile})
			o.addManager("boss")
			o.run()
			setup := o.client.SetupRoom()
			to := bridge.Author{ID: "b", Username: "boss"}
			const link = "https://bridge.example.org/oauth/start?ticket=1"
			const text = "Open " + link + " please"
			for range 2 {
				for _, n := range []bridge.Notice{
					{Kind: bridge.Answer, Message: "1", To: to, Room: setup, Text: text},
					{Kind: bridge.Answer, Message: "2", To: to, Text: text},
					{Kind: bridge.Announcement, Message: "1", Text: "Shop: running, see " + link},
				} {
					if err := o.client.Notify(t.Context(), n); err != nil {
						t.Fatal(err)
					}
				}
			}
			posts, direct := o.posts(string(setup)), o.rc.DirectMessages("boss")
			if len(posts) != 2 || posts[0].Text != text || posts[1].Text != "Shop: running, see "+link {
				t.Fatalf("the channel reads %+v", posts)
			}
			if len(direct) != 1 || direct[0].Text != text {
				t.Fatalf("boss reads %+v", direct)
			}
			for _, m := range append(posts, direct...) {
				o.noPreview(m.RoomID, m.ID, link)
			}
			o.rc.SetReadOnly(string(setup), true)
			if err := o.client.Notify(t.Context(), bridge.Notice{Kind: bridge.Answer, Message: "3", To: to, Room: setup, Text: "psst"}); err != nil {
				t.Fatal(err)
			}
			if direct := o.rc.DirectMessages("boss"); len(direct) != 2 || direct[1].Text != "psst" {
				t.Errorf("boss reads %+v", direct)
			}
			again(t, o.client.Notify(t.Context(), bridge.Notice{Kind: bridge.Announcement, Message: "4", Text: "hello"}))
		})
	}
}

func TestTell_LongAnswer_IsCutToWhatRocketChatTakes(t *testing.T) {
	o := newOffice(t, chat.Config{})
	o.addManager("boss")
	o.run()
	text := strings.Repeat("Shop 😀 is running\n", 600)
	if err := o.client.Notify(t.Context(), bridge.Notice{Kind: bridge.Announcement, Message: "1", Text: text}); err != nil {
		t.Fatal(err)
	}
	if posts := o.posts(channel); len(posts) != 1 || !strings.Contains(posts[0].Text, "does not fit") {
		t.Fatalf("the channel reads %+v", posts)
	}
	o.rc.SetSetting("Message_MaxAllowedSize", float64(10))
	err := o.client.Notify(t.Context(), bridge.Notice{Kind: bridge.Announcement, Message: "2", Text: text})
	if bridge.RefusalOf(err).Verdict != bridge.Never {
		t.Errorf("an announcement that never fits would hold up the others: %v", err)
	}
}

func TestShowStep_IsShownOnceAndKeptUpToDate(t *testing.T) {
	for name, profile := range map[string]chat.Profile{"8.x": chat.V8, "7.x": chat.V7} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, chat.Config{Profile: profile})
			o.run()
			show := func(id, text string) {
				t.Helper()
				if err := o.client.ShowStep(t.Context(), id, text); err != nil {
					t.Fatal(err)
				}
			}
			show("webhook", ":hourglass: Waiting for https://bridge.example.org/webhook")
			show("page/1", "Shop")
			show("webhook", ":hourglass: Waiting for https://bridge.example.org/webhook")
			show("webhook", ":white_check_mark: Meta reaches https://bridge.example.org/")
			o.halt()
			o.run()
			show("webhook", ":white_check_mark: Meta reaches https://bridge.example.org/")
			show("page/1", "Shop")
			posts := o.posts(channel)
			if len(posts) != 2 || posts[0].Text != ":white_check_mark: Meta reaches https://bridge.example.org/" || posts[1].Text != "Shop" {
				t.Fatalf("the channel reads %+v", posts)
			}
			if n := o.rc.CountCalls("POST chat.update"); n != 1 {
				t.Errorf("updated %d times", n)
			}
			o.noPreview(channel, posts[0].ID, "https://bridge.example.org/")
		})
	}
}

func TestDirectory_DepartmentsAndManagers(t *testing.T) {
	o := newOffice(t, chat.Config{})
	o.addManager("boss")
	o.rc.AddAgent("ana")
	for i := range 130 {
		o.rc.AddDepartment(fmt.Sprintf("department %d", i), "ana")
	}
	o.run()
	for range 3 {
		all, err := o.client.Departments(t.Context())
		if err != nil || len(all) != 130 || all[129].Name != "department 129" || all[129].ID == "" {
			t.Fatalf("%d departments, %v", len(all), err)
		}
		all[0].Name = "spoiled" // must not show in the next answer
	}
	if all, _ := o.client.Departments(t.Context()); all[0].Name != "department 0" || o.rc.CountCalls("GET livechat/department") != 2 {
		t.Errorf("%q after %d calls", all[0].Name, o.rc.CountCalls("GET livechat/department"))
	}
	o.now.Add(int64(31 * time.Second))
	o.rc.AddDepartment("new", "ana")
	if all, err := o.client.Departments(t.Context()); err != nil || len(all) != 131 {
		t.Errorf("%d departments after a while, %v", len(all), err)
	}
	for name, want := range map[string]bool{"boss": true, "ana": false} {
		if got, err := o.client.IsManager(t.Context(), bridge.UserID(o.rc.Agent(name).ID)); got != want || err != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if got, err := o.client.IsManager(t.Context(), "nobody/at all"); got || err != nil {
		t.Errorf("nobody: %v, %v", got, err)
	}
	o.rc.SetPermission("view-livechat-manager")
	if got, err := o.client.IsManager(t.Context(), bridge.UserID(o.rc.Agent("boss").ID)); got || err == nil {
		t.Errorf("a bot that may not ask learns %v, %v", got, err)
	}
}
