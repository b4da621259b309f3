package stream_test

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/metrics"
	"messenger-bridge/rocketchat"
	"messenger-bridge/rocketchat/stream"
	"messenger-bridge/sandbox/chat"
)

// visit is a bot that comes to look, and what it found.
func visit(t *testing.T, rc *chat.RocketChat, change func(*stream.Config)) (found []bridge.Finding, client *rocketchat.Workspace, err error) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	client = rocketchat.New(rocketchat.ClientConfig{URL: rc.URL(), Timeout: 5 * time.Second, Log: log})
	cfg := stream.Config{Client: client, Credentials: stream.Credentials{User: rc.Bot(), Password: "secret"}, Log: log, Metrics: metrics.New("test")}
	if change != nil {
		change(&cfg)
	}
	err = stream.New(cfg).LogInOnce(t.Context(), func(ctx context.Context) {
		if rc.Connections() != 1 || rc.Subscribed() != 0 {
			t.Errorf("%d connections, %d subscribed", rc.Connections(), rc.Subscribed())
		}
		found = client.Checkup(ctx, rocketchat.Expected{SetupChannel: channel})
	})
	return found, client, err
}

func workspace(t *testing.T, with chat.Config) *chat.RocketChat {
	t.Helper()
	rc, err := chat.Start(with)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		rc.Close()
		for _, problem := range rc.Problems() {
			t.Error("the sandbox objects:", problem)
		}
	})
	return rc
}

// levelOf returns the level and words of a check, of the worst if there are several.
func levelOf(found []bridge.Finding, check string) (level bridge.Level, words string) {
	for _, f := range found {
		if f.Check == check && level != bridge.Bad {
			level, words = f.Level, f.Found+" "+f.Do
		}
	}
	return level, words
}

func TestLogInOnce_LogsOutWhatItLoggedIn(t *testing.T) {
	rc := workspace(t, chat.Config{})
	found, client, err := visit(t, rc, nil)
	if level, words := levelOf(found, "login"); err != nil || level != bridge.Good {
		t.Errorf("%v, %s %s", err, level, words)
	}
	if _, err := client.Online(t.Context(), ""); err != nil { // public
		t.Error(err)
	}
	if level, _ := levelOf(client.Checkup(t.Context(), rocketchat.Expected{}), "login"); level != bridge.Bad {
		t.Error("the token is still good")
	}
	for _, call := range rc.Calls() {
		if call.Method != http.MethodGet {
			t.Errorf("a checkup changes something: %s", call.Route)
		}
	}
}

func TestLogInOnce_PersonalAccessToken_StaysGood(t *testing.T) {
	rc := workspace(t, chat.Config{})
	user, token := rc.PersonalAccessToken(rc.Bot())
	_, client, err := visit(t, rc, func(c *stream.Config) {
		c.User, c.Password, c.UserID, c.Token = "", "", bridge.UserID(user), bridge.Secret(token)
	})
	if _, still := client.Departments(t.Context()); err != nil || still != nil {
		t.Errorf("%v, %v", err, still)
	}
}

func TestLogInOnce_Refused_DoesNotCall(t *testing.T) {
	rc := workspace(t, chat.Config{})
	rc.SetPassword(rc.Bot(), "another")
	found, client, err := visit(t, rc, nil)
	if bridge.RefusalOf(err).Verdict != bridge.Never || found != nil {
		t.Errorf("%v, %v", err, found)
	}
	if level, words := levelOf(client.Checkup(t.Context(), rocketchat.Expected{Login: err}), "login"); level != bridge.Bad || !strings.Contains(words, "403") {
		t.Error(level, words)
	}
	rc.Down()
	if _, _, err := visit(t, rc, nil); bridge.RefusalOf(err).Verdict != bridge.Again {
		t.Error(err)
	}
}

func TestCheckup_Versions(t *testing.T) {
	for _, c := range []struct {
		version string
		level   bridge.Level
		words   string
	}{
		{"8.8", bridge.Good, ""}, {"8.5.1", bridge.Good, ""}, {"8.4", bridge.Notable, "ended its support"},
		{"8.2", bridge.Notable, "limits how fast"}, {"7.10", bridge.Notable, "limits how fast"}, {"6.13.1", bridge.Notable, "limits how fast"},
		{"5.4", bridge.Notable, "older than any"}, {"9.0", bridge.Notable, "newer than any"}, {"develop", bridge.Unknowable, `"develop"`},
	} {
		found, _, err := visit(t, workspace(t, chat.Config{Version: c.version}), nil)
		if level, words := levelOf(found, "version"); err != nil || level != c.level || !strings.Contains(words, c.words) {
			t.Errorf("%s: %s, %s, %v", c.version, level, words, err)
		}
	}
}

func TestCheckup_HeldBackByTheLimiter_SaysWhatItCouldNotFindOut(t *testing.T) {
	rc := workspace(t, chat.Config{Profile: chat.V7, Bot: chat.Bot{Roles: []string{"user", "livechat-manager"}}, CallsPerWindow: 1, Window: 2 * time.Second})
	found, _, err := visit(t, rc, nil)
	if err != nil {
		t.Fatal(err)
	}
	if level, words := levelOf(found, "rate limit"); level != bridge.Bad || !strings.Contains(words, "1 calls in 2 s") || !strings.Contains(words, "(0 left") || !strings.Contains(words, "the role bot") {
		t.Error(level, words)
	}
	if level, words := levelOf(found, "Omnichannel"); level != bridge.Unknowable || !strings.Contains(words, "rate limit holds") {
		t.Error(level, words)
	}
}

func TestCheckup_SetupChannel(t *testing.T) {
	rc := workspace(t, chat.Config{})
	rc.AddUser(chat.User{Username: "boss", Roles: []string{"user", "livechat-manager"}})
	find := func() (f bridge.Finding, try func() error) {
		found, client, err := visit(t, rc, nil)
		i := slices.IndexFunc(found, func(f bridge.Finding) bool { return f.Check == "setup channel" })
		if err != nil || i < 0 {
			t.Fatal(err, found)
		}
		// A Fix belongs to the visit, whose login is gone now.
		return found[i], func() error {
			log := slog.New(slog.DiscardHandler)
			s := stream.New(stream.Config{Client: client, Credentials: stream.Credentials{User: rc.Bot(), Password: "secret"}, Log: log, Metrics: metrics.New("test")})
			var fixed error
			err := s.LogInOnce(t.Context(), func(ctx context.Context) { fixed = found[i].Fix(ctx) })
			if err != nil {
				t.Error(err)
			}
			return fixed
		}
	}
	rc.SetPermission("create-p", "admin")
	f, try := find()
	if f.Level != bridge.Notable || !strings.Contains(f.Do, "create-p") {
		t.Errorf("%+v", f)
	}
	if err := try(); err == nil || !strings.Contains(err.Error(), "create-p is missing (role bot)") {
		t.Error(err)
	}
	rc.SetPermission("create-p", "bot")
	if err := try(); err != nil {
		t.Error(err)
	}
	if f, _ := find(); f.Level != bridge.Good || !slices.Contains(rc.MembersOf(rc.RoomID(channel)), "boss") {
		t.Errorf("%+v", f)
	}
	rc.AddGroup("hidden", "boss")
	client := rocketchat.New(rocketchat.ClientConfig{URL: rc.URL(), Log: slog.New(slog.DiscardHandler)})
	s := stream.New(stream.Config{Client: client, Credentials: stream.Credentials{User: rc.Bot(), Password: "secret"}, Log: slog.New(slog.DiscardHandler), Metrics: metrics.New("test")})
	err := s.LogInOnce(t.Context(), func(ctx context.Context) {
		rc.SetRoles(rc.Bot(), "bot")
		if level, words := levelOf(client.Checkup(ctx, rocketchat.Expected{SetupChannel: "hidden"}), "setup channel"); level != bridge.Notable || !strings.Contains(words, "#hidden is taken by a room that is not the bot's") || !strings.Contains(words, "#hidden-2 does not exist yet") {
			t.Error(level, words)
		}
	})
	if err != nil {
		t.Error(err)
	}
}
