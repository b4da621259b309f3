package rocketchat

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"messenger-bridge/bridge"
)

// slashSetting lets what is no command of Rocket.Chat's through as a message.
const slashSetting = "Message_AllowUnrecognizedSlashCommand"

// slashCheck is the check whether /facebook reaches the bot.
const slashCheck = "slash commands"

// SlashIsLost reports whether findings say that it does not.
func SlashIsLost(found []bridge.Finding) bool {
	return slices.ContainsFunc(found, func(f bridge.Finding) bool {
		return f.Check == slashCheck && (f.Level == bridge.Notable || f.Level == bridge.Bad)
	})
}

// slashCommands says in which way commands can be typed on this workspace
// (rocketchat.md 8). Words without a slash always work; the rest is comfort.
func (k *checkup) slashCommands(ctx context.Context, want Expected) {
	const check = slashCheck
	_, bot := k.c.Bot()
	instead := fmt.Sprintf("Type `!facebook help` or `@%s help`, or without the slash in the setup channel and in direct messages to the bot.", bot)
	registered, err := list[slashCommand](ctx, k.c.Client, "/commands.list", nil, "commands")
	if err != nil {
		k.unclear(check, err)
		return
	}
	ours, taken := "", false
	for _, c := range registered {
		if c.App == want.App && want.App != "" {
			ours = c.Name
		} else if c.Name == "facebook" {
			taken = true
		}
	}
	switch {
	case ours != "" && !want.AppServed:
		k.add(check, bridge.Bad, fmt.Sprintf("the companion app owns /%s, and the bridge does not answer it: COMMANDS_SECRET is empty", ours),
			"Set COMMANDS_SECRET to the secret in the app's settings, and start the bridge anew. "+instead)
	case ours == "facebook":
		k.add(check, bridge.Good, "the companion app owns /facebook", "")
	case ours != "":
		k.add(check, bridge.Notable, fmt.Sprintf("another app owns /facebook; the companion app answers to /%s", ours), "")
	case taken:
		k.add(check, bridge.Notable, "another app owns /facebook, perhaps Rocket.Chat's own Facebook app", instead+" Or install the companion app (`messenger-bridge app install`), which then answers to /facebook-bridge.")
	default:
		k.unknownCommands(ctx, check, instead)
	}
}

// unknownCommands is for workspaces on which no app owns /facebook.
func (k *checkup) unknownCommands(ctx context.Context, check, instead string) {
	instead += " Or install the companion app: `messenger-bridge app install`."
	switch through, known := setting(ctx, k.c.do, slashSetting); {
	case !known:
		k.add(check, bridge.Unknowable, "not found out whether "+slashSetting+" is on", instead)
	case through == true:
		k.add(check, bridge.Good, "/facebook reaches the bot ("+slashSetting+" is on)", "")
	default:
		k.found = append(k.found, bridge.Finding{Check: check, Level: bridge.Notable, Agree: "slash-commands",
			Found: "/facebook does not reach the bot: " + slashSetting + " is off", Do: "It concerns everybody's typing errors, and needs a bot with the role admin. " + instead,
			Fix: k.c.allowUnknownCommands})
	}
}

// allowUnknownCommands switches the setting on, if the bot may.
func (c *Workspace) allowUnknownCommands(ctx context.Context) error {
	err := c.do(ctx, call{method: http.MethodPost, route: "/settings/{id}", params: map[string]string{"id": slashSetting}, body: map[string]any{"value": true}})
	switch {
	case CodeOf(err) == "totp-required":
		return fmt.Errorf("Rocket.Chat asks for a second factor; an administrator has to do it (Settings → Message), or the bot logs in with a personal access token made to do without: %w", err)
	case forbidden(err):
		return fmt.Errorf("the bot may not; an administrator has to do it (Settings → Message): %w", err)
	}
	return err
}
