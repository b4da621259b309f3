package e2e

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"messenger-bridge/sandbox/chat"
	"messenger-bridge/store"
)

// Attack 2 of issue 18: the setup channel in the hands of somebody else.

// as makes a call at Rocket.Chat in somebody's name, as anybody with an account can.
func (o *office) as(who, route string, body map[string]any) (answer map[string]any) {
	o.Helper()
	id, token := o.rc.PersonalAccessToken(who)
	content, err := json.Marshal(body)
	if err != nil {
		o.Fatal(err)
	}
	req, err := http.NewRequestWithContext(o.Context(), http.MethodPost, o.rc.URL()+"/api/v1/"+route, bytes.NewReader(content))
	if err != nil {
		o.Fatal(err)
	}
	req.Header.Set("X-User-Id", id)
	req.Header.Set("X-Auth-Token", token)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		o.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || res.StatusCode != http.StatusOK {
		o.Fatalf("%s by %s: %d %v %v", route, who, res.StatusCode, answer, err)
	}
	return answer
}

// squat makes a private group of a name with the bot in it, and returns its id.
func (o *office) squat(who, name string, others ...string) string {
	o.Helper()
	made := o.as(who, "groups.create", map[string]any{"name": name, "members": append(others, ourBot)})
	group, _ := made["group"].(map[string]any)
	id, _ := group["_id"].(string)
	return id
}

// channel waits for the channel in which the bot speaks to maria, and returns it.
func (o *office) channel(but ...string) (rid string) {
	o.Helper()
	o.eventually("the bot speaks to maria in a channel", func() bool {
		rid = ""
		for _, room := range o.rc.RoomIDs(setupName) {
			if slices.Contains(but, room) || !slices.Contains(o.rc.MembersOf(room), "maria") {
				continue
			}
			if len(containing(o.hears(room), ":point_right:")) > 0 || len(containing(o.hears(room), ":tada:")) > 0 {
				rid = room
			}
		}
		return rid != ""
	})
	return rid
}

// told are the direct messages to somebody that contain a part.
func (o *office) told(who, part string) int {
	return len(containing(texts(o.rc.DirectMessages(who)), part))
}

// saysDoctor fails unless the doctor says something about the setup channel.
func (o *office) saysDoctor(parts ...string) {
	o.Helper()
	_, out, _ := runCommand(o.T, o.environ, "doctor", "--json")
	for _, part := range parts {
		if !strings.Contains(out, part) {
			o.Errorf("the doctor does not say %q: %s", part, out)
		}
	}
}

// announces has something said to everybody, and waits until it is read in a room.
func (o *office) announces(rid string) {
	o.Helper()
	direct := o.rc.DirectRoom("maria", ourBot)
	before := len(containing(o.hears(rid), "*Bakery* is connected (by @maria)"))
	o.openWindow().login(o.linkIn(o.private("maria", direct, "authorize")), bakery).choose([]string{bakery}).shows("connecting", 200, "connected")
	o.eventually("everybody hears it", func() bool {
		return len(containing(o.hears(rid), "*Bakery* is connected (by @maria)")) == before+1
	})
}

func TestSetupChannel_Squatted_NothingIsSaidThereAndManagersHearEverything(t *testing.T) {
	t.Parallel()
	for name, squats := range map[string]func(o *office) (rooms []string){
		"with the bot":                 func(o *office) []string { return []string{o.squat("paul", setupName)} },
		"with the bot and the manager": func(o *office) []string { return []string{o.squat("paul", setupName, "maria")} },
		"without the bot": func(o *office) []string {
			return []string{o.rc.AddGroupOf("paul", setupName)}
		},
		"every name that can be guessed": func(o *office) (rooms []string) {
			for _, end := range []string{"", "-2", "-3", "-4", "-5", "-6"} {
				rooms = append(rooms, o.squat("paul", setupName+end, "maria"))
			}
			return rooms
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := openOffice(t, bypassed)
			rooms := squats(o)
			o.run()
			ours := o.channel(rooms...)
			o.announces(ours)
			for range 2 { // and after a restart
				for _, squatted := range rooms {
					if got := o.hears(squatted); len(got) > 0 {
						t.Errorf("paul reads %q", got)
					}
				}
				if members := o.rc.MembersOf(ours); slices.Contains(members, "paul") || !slices.Contains(members, "maria") {
					t.Errorf("members are %q", members)
				}
				if o.told("maria", "The name `#"+setupName+"` is taken") != 1 {
					t.Errorf("maria is told %q", texts(o.rc.DirectMessages("maria")))
				}
				o.saysDoctor("#"+setupName+" is taken by a room that", "so the bot reports in #"+setupName+"-")
				o.halt()
				o.run()
				if again := o.channel(rooms...); again != ours {
					t.Error("another channel after the restart")
				}
				o.settled()
			}
		})
	}
}

// TestSetupChannel_OfAManager_IsAdopted: it need not be the bot that made it.
func TestSetupChannel_OfAManager_IsAdopted(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	group := o.squat("maria", setupName)
	o.run()
	if ours := o.channel(); ours != group {
		t.Errorf("the channel is %s, not %s", ours, group)
	}
	o.rc.SetRoles("maria", "user") // it stays the one
	o.rc.AddUser(chat.User{Username: "otto", Roles: []string{"user", "livechat-manager"}})
	o.halt()
	o.run()
	o.eventually("otto, who cannot be invited by a plain member, is told", func() bool { return o.told("otto", "I cannot invite you") == 1 })
	if len(o.rc.RoomIDs(setupName)) != 1 {
		t.Error("another channel was made")
	}
	o.saysDoctor("1 of the omnichannel managers are not in it", "@otto")
}

func TestSetupChannel_ManagersCannotBeInvited_AreTold(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.rc.SetPermission("add-user-to-joined-room")
	o.cfg.Times.LookEvery = 100 * time.Millisecond
	o.run()
	o.eventually("maria is told", func() bool { return o.told("maria", "I cannot invite you") == 1 })
	o.saysDoctor("1 of the omnichannel managers are not in it", "@maria")
	o.halt()
	o.run()
	looks := o.rc.CountCalls("GET groups.members")
	o.eventually("the bot looks again", func() bool { return o.rc.CountCalls("GET groups.members") > looks+1 })
	if n := o.told("maria", "I cannot invite you"); n != 1 {
		t.Errorf("maria is told %d times", n)
	}
	o.rc.SetPermission("add-user-to-joined-room", "owner", "admin")
	o.channel()
}

// TestSetupChannel_WhatBecomesOfIt: it is renamed, deleted, archived, made public, or the bot
// is removed; a store that was restored knows another, or none.
func TestSetupChannel_WhatBecomesOfIt(t *testing.T) {
	t.Parallel()
	begin := func(t *testing.T) (o *office, ours string) {
		o = openOffice(t, bypassed)
		o.cfg.Times.LookEvery = 100 * time.Millisecond
		o.run()
		return o, o.channel()
	}
	t.Run("renamed, and the name is taken", func(t *testing.T) {
		o, ours := begin(t)
		o.rc.Rename(ours, setupName+"-of-ours")
		o.saysDoctor("#" + setupName + " was renamed to #" + setupName + "-of-ours")
		squatted := o.squat("paul", setupName, "maria")
		o.halt()
		o.run()
		o.announces(ours)
		if got := o.hears(squatted); len(got) > 0 {
			t.Errorf("paul reads %q", got)
		}
		o.saysDoctor("#" + setupName + " is taken by a room that @paul made, so the bot reports in #" + setupName + "-of-ours")
	})
	t.Run("deleted", func(t *testing.T) {
		o, ours := begin(t)
		o.rc.DeleteRoom(ours)
		o.announces(o.channel(ours))
	})
	t.Run("deleted, and the name is taken", func(t *testing.T) {
		o, ours := begin(t)
		o.halt()
		o.rc.DeleteRoom(ours)
		squatted := o.squat("paul", setupName, "maria")
		o.run()
		o.announces(o.channel(ours, squatted))
		if got := o.hears(squatted); len(got) > 0 {
			t.Errorf("paul reads %q", got)
		}
	})
	for name, c := range map[string]struct {
		spoil, mend func(o *office, ours string)
		told        string
	}{
		"archived": {
			func(o *office, ours string) { o.rc.Archive(ours) },
			func(o *office, ours string) { o.rc.Unarchive(ours) }, "it is archived",
		},
		"made public": {
			func(o *office, ours string) { o.rc.MakePublic(ours) },
			func(o *office, ours string) { o.rc.MakePrivate(ours) }, "it has been made public",
		},
		"without the bot": {
			func(o *office, ours string) { o.rc.Leaves(ours, ourBot) },
			func(o *office, ours string) { o.rc.Joins(ours, ourBot) }, "I was removed from it",
		},
	} {
		t.Run(name, func(t *testing.T) {
			o, ours := begin(t)
			o.connect(bakery)
			o.eventually("it is heard", func() bool { return len(containing(o.hears(ours), "*Bakery* is connected")) == 1 })
			for again := range 2 { // the second time it is said anew
				c.spoil(o, ours)
				o.eventually("maria is told", func() bool { return o.told("maria", c.told) == again+1 })
				o.saysDoctor("announcements wait")
				heard := len(o.hears(ours))
				if told := o.private("maria", o.rc.DirectRoom("maria", ourBot), "unsubscribe "+bakery); !strings.Contains(told, "is off") {
					t.Errorf("maria is told %q", told)
				}
				o.halt()
				o.run()
				if got := o.hears(ours); len(got) != heard {
					t.Errorf("there the bot says %q", got[heard:])
				}
				c.mend(o, ours)
				looks := o.rc.CountCalls("GET groups.members")
				o.eventually("the channel is used again", func() bool { return o.rc.CountCalls("GET groups.members") > looks+1 })
			}
			o.halt()
			o.run()
			o.announces(ours)
		})
	}
	for name, note := range map[string]string{"restored, with another id": "GONEroomGONEroom1", "restored, without id": ""} {
		t.Run(name, func(t *testing.T) {
			o, ours := begin(t)
			o.stored(func(s *store.Store) {
				if err := s.SaveNote(t.Context(), "setup channel "+setupName, note); err != nil {
					t.Fatal(err)
				}
			})
			o.run()
			if again := o.channel(); again != ours {
				t.Error("another channel is used")
			}
			o.announces(ours)
		})
	}
}
