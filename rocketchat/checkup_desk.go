package rocketchat

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/rocketchat/risks"
	"messenger-bridge/rocketchat/wire"
)

const configRoute = "/livechat/config"

// omnichannel tells whether customers' rooms can be opened, and whether somebody is
// there to answer.
func (k *checkup) omnichannel(ctx context.Context, pages []bridge.Page) {
	enabled, online, err := k.c.livechatConfig(ctx, "")
	k.asked = err == nil
	switch {
	case err != nil:
		k.unclear("Omnichannel", err)
		return
	case !enabled:
		k.add("Omnichannel", bridge.Bad, "it is switched off: customers' messages wait", "Switch it on: Administration → Settings → Omnichannel → Enabled (Livechat_enabled).")
		return
	}
	k.add("Omnichannel", bridge.Good, "it is switched on", "")
	k.agents(ctx, online)
	k.departments(ctx, pages)
	known, err := settings(ctx, k.c.do, risks.Settings()...)
	if err != nil {
		k.unclear("settings", err)
	}
	k.found = append(k.found, risks.Of(known, k.roles)...)
}

func (k *checkup) agents(ctx context.Context, online bool) {
	const (
		check = "agents"
		come  = "Messages wait until an agent is online and has set himself available."
	)
	total, err := k.c.count(ctx, "/livechat/users/agent")
	switch {
	case err == nil && total == 0:
		k.add(check, bridge.Bad, "there is no agent, so no customer can be answered", "Make somebody an agent: Omnichannel → Agents.")
	case online && k.c.nobodyFor(ctx, ""): // the setting is not public
		k.add(check, bridge.Notable, "no agent is online, and rooms open all the same: Livechat_accept_chats_with_no_agents is on; they are given to nobody later",
			"Switch it off (Settings → Omnichannel → Routing), unless that is wanted.")
	case !online && err == nil:
		k.add(check, bridge.Notable, fmt.Sprintf("none of the %d is online at the moment", total), come)
	case !online:
		k.add(check, bridge.Notable, "nobody is online at the moment", come)
	default:
		k.add(check, bridge.Good, "somebody is online", "")
	}
}

// departments looks at those that pages use.
func (k *checkup) departments(ctx context.Context, pages []bridge.Page) {
	users := map[bridge.DepartmentID]string{} // a page's name by department
	for _, p := range pages {
		if d := p.Settings.Department; d != "" && p.State != bridge.PageOff {
			users[d] = p.DisplayName()
		}
	}
	if len(users) == 0 {
		return
	}
	known, err := k.c.Departments(ctx)
	if err != nil {
		if !forbidden(err) { // that is said already
			k.unclear("departments", err)
		}
		return
	}
	names := map[bridge.DepartmentID]string{}
	for _, d := range known {
		names[d.ID] = d.Name
	}
	for _, p := range pages { // in their order
		id := p.Settings.Department
		if users[id] == "" {
			continue
		}
		delete(users, id) // once
		name, exists := names[id]
		if !exists {
			k.add("departments", bridge.Bad, fmt.Sprintf("the department of page %s does not exist, or is disabled: %s", p.DisplayName(), id),
				fmt.Sprintf("Choose another: `/facebook edit %s department <department>`.", p.ID))
			continue
		}
		if _, online, err := k.c.livechatConfig(ctx, id); err != nil {
			k.unclear("departments", err)
		} else if !online || k.c.nobodyFor(ctx, id) {
			k.add("departments", bridge.Notable, fmt.Sprintf("nobody of %s is online at the moment", name), "Its messages wait until one of its agents is online and available.")
		} else {
			k.add("departments", bridge.Good, "somebody of "+name+" is online", "")
		}
	}
}

// bearable is how many calls in a window are enough for a small page.
const bearable = 60

// limiter tells from the last answers whether calls are limited (rocketchat.md 5).
func (k *checkup) limiter() {
	const check = "rate limit"
	limit, left, again := k.c.limits.Seen("GET " + configRoute)
	switch {
	case limit == 0 && k.asked:
		k.add(check, bridge.Good, "none for the bot: bypassed, or switched off", "")
		return
	case limit == 0:
		k.add(check, bridge.Unknowable, "not found out", "")
		return
	}
	window := max(again, time.Minute) // as Rocket.Chat has it, unless the answers show another one
	if left == limit-1 {              // the window has just begun
		window = again
	}
	found := fmt.Sprintf("%d calls in %d s on each visitor route (%d left, anew in %d s), and 5 for new customers and 5 for new rooms, so at most 5 new conversations in that time",
		limit, int(math.Ceil(window.Seconds())), left, max(0, int(math.Ceil(again.Seconds()))))
	level := bridge.Bad
	if limit >= bearable {
		level = bridge.Notable
	}
	off := "switch API_Enable_Rate_Limiter off (Administration → Settings → Rate Limiter → API)"
	own, _, _ := k.c.limits.Seen("GET /me") // lifted there by the permission alone, in all versions
	switch {
	case own > 0 && k.old():
		k.add(check, level, found, "Upgrade to 8.5 or later and give the bot the role bot (permission api-bypass-rate-limit), or "+off+".")
	case own > 0:
		k.add(check, level, found+": api-bypass-rate-limit is missing", "Give the bot the role bot, which has the permission api-bypass-rate-limit.")
	default:
		k.add(check, level, found+". The bot has api-bypass-rate-limit, but this version heeds it only where a login is needed", "Upgrade to 8.5 or later, or "+off+".")
	}
}

// setupChannel looks for the group in which the bot speaks to administrators.
func (k *checkup) setupChannel(ctx context.Context, name string) {
	const check = "setup channel"
	if name == "" {
		return
	}
	s, err := k.c.survey(ctx, name, nil)
	var unusable unusable
	switch {
	case errors.As(err, &unusable):
		k.add(check, bridge.Bad, "#"+name+": "+unusable.Error()+": announcements wait", remedies[unusable.trouble])
	case err != nil:
		k.unclear(check, err)
	case s.ID == "":
		found := "#" + name + " does not exist: announcements wait"
		if s.taken {
			found = "#" + name + " is " + s.whose() + ", and #" + s.free + " does not exist yet: announcements wait"
		}
		k.found = append(k.found, bridge.Finding{Check: check, Level: bridge.Notable, Found: found,
			Do:  "The bot creates it when it connects; for that it needs create-p (role bot). Or an omnichannel manager creates a private group of this name and adds the bot, or choose another name with SETUP_CHANNEL.",
			Fix: func(ctx context.Context) error { return k.c.makeSetup(ctx, name) }})
	default:
		k.whereSetup(s, name)
		k.members(ctx, s.Name, s.ID)
	}
}

// remedies say what to do about a channel that cannot be used.
var remedies = map[string]string{
	badName:    "Choose another name with SETUP_CHANNEL.",
	noName:     "Choose another name with SETUP_CHANNEL.",
	notIn:      "Invite the bot again, or choose another name with SETUP_CHANNEL.",
	isPublic:   "Make it private again, or choose another name with SETUP_CHANNEL.",
	isArchived: "Take it out of the archive, or choose another name with SETUP_CHANNEL.",
}

// whose says why a name cannot be had.
func (s site) whose() string {
	if s.by == "" {
		return "taken by a room that is not the bot's"
	}
	return "taken by a room that @" + s.by + " made"
}

// whereSetup says where the channel is if it is not called as people expect.
func (k *checkup) whereSetup(s site, name string) {
	switch {
	case s.taken:
		k.add("setup channel", bridge.Notable, "#"+name+" is "+s.whose()+", so the bot reports in #"+s.Name,
			"Nothing is said in #"+name+". If that is well, name #"+s.Name+" as SETUP_CHANNEL; else have the other room renamed or deleted, then rename #"+s.Name+".")
	case s.Name != name:
		k.add("setup channel", bridge.Good, "#"+name+" was renamed to #"+s.Name, "")
	}
}

// makeSetup creates the setup channel, and invites the managers.
func (c Setup) makeSetup(ctx context.Context, name string) error {
	s, err := c.settle(ctx, name)
	if errors.As(err, new(unusable)) && forbidden(err) {
		return fmt.Errorf("create-p is missing (role bot): %w", err)
	}
	if err != nil {
		return err
	}
	c.knowSetup(s.ID)
	_, err = invitations(c).inviteManagers(ctx, s.ID)
	return err
}

// members tells whether the omnichannel managers read the setup channel.
func (k *checkup) members(ctx context.Context, name string, room bridge.RoomID) {
	const check = "setup channel"
	managers, err := k.c.managers(ctx)
	if forbidden(err) { // that is said already
		k.add(check, bridge.Good, "#"+name+" is there", "")
		return
	}
	var members []wire.User
	if err == nil {
		members, err = list[wire.User](ctx, k.c.Client, "/groups.members", url.Values{"roomId": {string(room)}}, "members")
	}
	if err != nil {
		k.unclear(check, err)
		return
	}
	if len(managers) == 0 {
		k.add(check, bridge.Notable, "#"+name+" is there, but no omnichannel manager: nobody is invited to it, or told by direct message", "Make somebody one: Omnichannel → Managers.")
		return
	}
	var absent []string
	for _, m := range managers {
		if !slices.ContainsFunc(members, func(u wire.User) bool { return u.ID == m.ID }) {
			absent = append(absent, "@"+m.Username)
		}
	}
	if len(absent) == 0 {
		k.add(check, bridge.Good, "#"+name+" is there, with all omnichannel managers", "")
		return
	}
	most := min(len(absent), 5)
	k.found = append(k.found, bridge.Finding{Check: check, Level: bridge.Notable,
		Found: fmt.Sprintf("#%s is there, but %d of the omnichannel managers are not in it and hear nothing: %s", name, len(absent), strings.Join(absent[:most], ", ")),
		Do:    "The bot invites them if it is the channel's owner (add-user-to-joined-room); else an owner has to. The bot has told them by direct message.",
		Fix: func(ctx context.Context) error {
			_, err := invitations{k.c.Client}.inviteManagers(ctx, room)
			return err
		}})
}
