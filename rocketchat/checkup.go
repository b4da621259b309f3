package rocketchat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"messenger-bridge/bridge"
)

// Expected is what a Checkup holds a workspace against.
type Expected struct {
	Login        error         // why the bot is not logged in, if it is not
	SetupChannel string        // where the bot speaks to administrators
	Pages        []bridge.Page // whose departments count
	App          string        // id of the app that brings commands
	AppServed    bool          // what it brings is answered
}

// Checkup finds out whether the workspace is there and lets the bot do what it
// must. It changes nothing; what can be repaired is in Fix. Calls count against the
// rate limit like any other.
func (c *Workspace) Checkup(ctx context.Context, want Expected) []bridge.Finding {
	k := &checkup{c: c}
	if !k.workspace(ctx) || !k.login(ctx, want.Login) {
		return k.found
	}
	k.permissions(ctx)
	k.omnichannel(ctx, want.Pages)
	k.limiter()
	k.setupChannel(ctx, want.SetupChannel)
	k.slashCommands(ctx, want)
	return k.found
}

// checkup is a Checkup under way.
type checkup struct {
	c *Workspace
	findings
	major, minor int      // of Rocket.Chat; 0: not known
	roles        []string // of the bot
	asked        bool     // livechat/config was answered, and showed whether there is a limit
}

// findings is what a checkup has found.
type findings struct{ found []bridge.Finding }

func (k *findings) add(check string, level bridge.Level, found, do string) {
	k.found = append(k.found, bridge.Finding{Check: check, Level: level, Found: found, Do: do})
}

// unclear notes that a check brought no answer; that says nothing about its subject.
func (k *findings) unclear(check string, err error) {
	r := bridge.RefusalOf(err)
	if r.Reason == bridge.RateLimited {
		k.add(check, bridge.Unknowable, fmt.Sprintf("not found out: Rocket.Chat's rate limit holds the question back for %d s", int(r.After.Seconds())+1), "Ask again later.")
		return
	}
	k.add(check, bridge.Unknowable, fmt.Sprintf("not found out: %v", r.Err), "")
}

const (
	// bypassFrom is the version from which the role bot lifts the limiter on visitor
	// routes as well; supportedFrom is the oldest its makers still look after
	// (rocketchat.md 10).
	bypassFrom    = 3 // 8.3
	supportedFrom = 5 // 8.5
	knownMajor    = 8
	oldestMajor   = 6
)

// workspace asks for the version, which needs no login, and tells whether it is
// Rocket.Chat that answers.
func (k *checkup) workspace(ctx context.Context) bool {
	const check = "Rocket.Chat"
	where := withoutLogin(k.c.cfg.URL)
	k.c.mu.Lock()
	user, auth := k.c.user, k.c.auth
	k.c.mu.Unlock()
	info := call{method: http.MethodGet, base: "/api", route: "/info", user: user, auth: auth}
	res, err := k.c.answered(ctx, info)
	if err != nil {
		err = bridge.RefusalOf(transport(info, err)).Err
		k.add(check, bridge.Bad, fmt.Sprintf("%s cannot be reached: %v", where, err), "Start the workspace, or correct ROCKETCHAT_URL. Messages are kept meanwhile.")
		return false
	}
	defer res.Body.Close()
	var about struct {
		Version string `json:"version"`
		Info    struct {
			Version string `json:"version"`
		} `json:"info"`
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err == nil {
		err = json.Unmarshal(body, &about)
	}
	if about.Version == "" {
		about.Version = about.Info.Version
	}
	status := res.StatusCode
	switch {
	case status >= 300 && status < 400:
		k.add(check, bridge.Bad, fmt.Sprintf("%s answers HTTP %d: ROCKETCHAT_URL leads %s; correct it", where, status, leadsTo(res.Header)),
			"Set ROCKETCHAT_URL to the address at which Rocket.Chat itself answers. Messages are kept meanwhile.")
		return false
	case status == http.StatusTooManyRequests:
		k.add(check, bridge.Good, where+" answers", "")
		k.add("version", bridge.Unknowable, "not found out: the rate limit holds the question back", "Ask again in a minute.")
	case user != "" && status >= 400 && status < 500: // the bot is logged in: a proxy hides the version
		k.add(check, bridge.Good, where+" answers", "")
		k.add("version", bridge.Unknowable, fmt.Sprintf("not found out: /api/info is answered with HTTP %d", status), "Have the proxy forward it.")
	case err != nil || about.Version == "" || status != http.StatusOK:
		k.add(check, bridge.Bad, fmt.Sprintf("%s answers (HTTP %d), but not as Rocket.Chat does", where, status),
			"Correct ROCKETCHAT_URL, or start the workspace behind its proxy. Messages are kept meanwhile.")
		return false
	default:
		k.add(check, bridge.Good, where+" answers", "")
		k.version(about.Version)
	}
	if at, err := http.ParseTime(res.Header.Get("Date")); err == nil {
		k.clock(at.Sub(k.c.cfg.Now()))
	}
	return true
}

// withoutLogin is an address as it may be shown.
func withoutLogin(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "ROCKETCHAT_URL"
	}
	u.User = nil
	return u.String()
}

func (k *checkup) version(v string) {
	const check = "version"
	if n, _ := fmt.Sscanf(v, "%d.%d", &k.major, &k.minor); n != 2 {
		k.add(check, bridge.Unknowable, fmt.Sprintf("the workspace calls its version %q", v), "")
		return
	}
	const upgrade = "Upgrade to 8.5 or later when you can."
	switch {
	case k.major > knownMajor:
		k.add(check, bridge.Notable, v+" is newer than any this bridge was made for (6 to 8)", "Look for a newer messenger-bridge.")
	case k.major == knownMajor && k.minor >= supportedFrom:
		k.add(check, bridge.Good, v, "")
	case !k.old():
		k.add(check, bridge.Notable, v+" works, but its makers have ended its support", upgrade)
	case k.major >= oldestMajor:
		k.add(check, bridge.Notable, v+" works, but its makers have ended its support, and it limits how fast customers' messages come in, whatever the bot's role", upgrade+" See rate limit.")
	default:
		k.add(check, bridge.Notable, v+" is older than any this bridge was made for (6 to 8)", upgrade)
	}
}

// old tells of versions whose limiter no role lifts on visitor routes.
func (k *checkup) old() bool {
	return k.major < knownMajor || k.major == knownMajor && k.minor < bypassFrom
}

// How far clocks may differ: messages are looked for by time (catchup.go), with an
// overlap of two minutes, and people compare times.
const (
	someSkew = 30 * time.Second
	muchSkew = 5 * time.Minute
)

func (k *checkup) clock(skew time.Duration) {
	const check = "clock (Rocket.Chat)"
	by, way := skew.Abs().Round(time.Second), "ahead of"
	if skew < 0 {
		way = "behind"
	}
	found := fmt.Sprintf("the workspace's clock is %s %s ours", by, way)
	const do = "Let both machines set their clocks by NTP."
	switch {
	case by > muchSkew:
		k.add(check, bridge.Bad, found, do)
	case by > someSkew:
		k.add(check, bridge.Notable, found, do)
	default:
		k.add(check, bridge.Good, "both clocks agree", "")
	}
}

// login tells whether the bot is logged in, and as whom.
func (k *checkup) login(ctx context.Context, why error) bool {
	const (
		check = "login"
		do    = "Correct ROCKETCHAT_USER and ROCKETCHAT_PASSWORD, or better use a personal access token of the bot (ROCKETCHAT_USER_ID, ROCKETCHAT_TOKEN): it does not expire and is never asked for a second factor."
	)
	if id, _ := k.c.Bot(); id == "" {
		switch r := bridge.RefusalOf(why); {
		case why == nil:
			k.add(check, bridge.Bad, "the bot is not logged in yet", "Ask again in a moment.")
		case r.Verdict == bridge.Never:
			k.add(check, bridge.Bad, fmt.Sprintf("Rocket.Chat refuses the bot's login (%v)", r.Err), do)
		default:
			k.add(check, bridge.Bad, fmt.Sprintf("the bot cannot log in: %v", r.Err), OnConnecting(why))
		}
		return false
	}
	var me struct {
		Username string   `json:"username"`
		Roles    []string `json:"roles"`
	}
	err := k.c.do(ctx, call{method: http.MethodGet, route: "/me", answer: &me})
	switch {
	case statusOf(err) == http.StatusUnauthorized:
		k.add(check, bridge.Bad, "Rocket.Chat no longer accepts the bot's token", do)
		return false
	case err != nil:
		k.unclear(check, err)
		return true
	}
	k.roles = me.Roles
	k.add(check, bridge.Good, fmt.Sprintf("logged in as @%s", me.Username), "")
	if slices.Contains(me.Roles, "livechat-agent") {
		k.add("roles", bridge.Bad, "the bot is an agent (role livechat-agent): Rocket.Chat gives it customers' chats, and takes it for somebody who is always online",
			"Take the role livechat-agent from the bot: Omnichannel → Agents.")
	} else if len(me.Roles) > 0 {
		k.add("roles", bridge.Good, strings.Join(me.Roles, ", "), "")
	}
	return true
}

// advised is trouble that says what to do about it.
type advised interface {
	error
	Advice() string
}

// OnConnecting is what to do about a connection that does not come about.
func OnConnecting(why error) string {
	if known, ok := errors.AsType[advised](why); ok {
		return known.Advice()
	}
	return "It tries again by itself. If it stays so: websockets must pass the proxy (path /websocket)."
}

// need is a permission the bot must have (rocketchat.md 7.2).
type need struct {
	permission string
	without    string       // what does not work without it
	role       string       // to give to the bot
	level      bridge.Level // of its lack
	try        func(bot bridge.UserID) call
	holders    []string // instead of try, where trying leaves traces: roles that have it, unless it was changed
}

var needs = []need{
	{
		permission: "view-livechat-rooms", without: "agents' answers do not reach customers", role: "livechat-manager", level: bridge.Bad,
		try: func(bridge.UserID) call { return call{route: "/livechat/rooms", query: url.Values{"count": {"1"}}} },
	},
	{
		permission: "view-livechat-manager", without: "nobody can give the bot commands but COMMAND_USERS", role: "livechat-manager", level: bridge.Bad,
		try: func(bot bridge.UserID) call {
			return call{route: "/livechat/users/manager/{id}", params: map[string]string{"id": string(bot)}}
		},
	},
	{
		permission: "view-livechat-departments or view-l-room", without: "forms show no departments to choose from", role: "livechat-manager", level: bridge.Notable,
		try: func(bridge.UserID) call {
			return call{route: "/livechat/department", query: url.Values{"enabled": {"true"}, "count": {"1"}}}
		},
	},
	{
		permission: "create-d", without: "the bot cannot begin direct messages, as it must with login links", role: "bot", level: bridge.Notable,
		holders: []string{"admin", "user", "bot", "app"},
	},
}

// permissions tries what can be tried without leaving a trace: a refusal proves that
// the permission is missing.
func (k *checkup) permissions(ctx context.Context) {
	const check = "permissions"
	bot, _ := k.c.Bot()
	whole := true
	for _, n := range needs {
		missing, is := n.lackedBy(k.roles), "is probably missing (none of the bot's roles has it by default)"
		if n.try != nil {
			is = "is missing"
			try := n.try(bot)
			try.method = http.MethodGet
			err := k.c.do(ctx, try)
			if missing = forbidden(err); err != nil && !missing {
				whole = false
				k.unclear("permission "+n.permission, err)
			}
		}
		if missing {
			whole = false
			k.add(check, n.level, fmt.Sprintf("%s %s: %s", n.permission, is, n.without),
				fmt.Sprintf("Give the bot the role %s (Administration → Users), or the permission to one of its roles.", n.role))
		}
	}
	if whole {
		k.add(check, bridge.Good, "the bot may do what it must", "")
	}
}

// lackedBy goes by the roles that have a permission unless somebody changed that.
func (n need) lackedBy(roles []string) bool {
	return n.try == nil && len(roles) > 0 && !slices.ContainsFunc(roles, func(r string) bool { return slices.Contains(n.holders, r) })
}

// forbidden reports a refusal for want of a permission.
func forbidden(err error) bool {
	switch CodeOf(err) {
	case "unauthorized", "error-unauthorized", "not-authorized", "error-not-authorized":
		return true
	}
	return statusOf(err) == http.StatusForbidden
}
