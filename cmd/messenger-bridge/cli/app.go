package cli

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"messenger-bridge/app"
	"messenger-bridge/bridge"
	"messenger-bridge/companion"
	"messenger-bridge/rocketchat"
)

type appCmd struct {
	Export  appExportCmd  `cmd:"" help:"Write the app as a file that Rocket.Chat's administrators can upload."`
	Install appInstallCmd `cmd:"" help:"Install the app in Rocket.Chat, or bring it up to date. Needs an administrator's token once."`
}

type appExportCmd struct {
	File string `arg:"" help:"Where to write it, e.g. messenger-bridge.zip."`
}

func (c appExportCmd) Run(std Stdio) error {
	content, err := companion.Package()
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.File, content, 0o644); err != nil { // #nosec G306 -- the app's package holds no secret
		return fmt.Errorf("write the app: %w", err)
	}
	return std.say(map[string]string{"file": c.File, "name": companion.About().Name, "version": companion.About().Version}, `%s is written (%s %s). Upload it in Rocket.Chat: Administration → Marketplace → Private apps →
Upload private app. Then fill in, in the app's Settings: the bridge's address, and the value of COMMANDS_SECRET.
`, c.File, companion.About().Name, companion.About().Version)
}

type appInstallCmd struct {
	UserID    string `help:"User id of the administrator; asked for if left out."`
	TokenFile string `help:"File that holds a personal access token of that user; - reads it from the standard input; asked for if left out. It is used once and not stored."`
	BridgeURL string `name:"bridge-url" help:"Where Rocket.Chat's server reaches the bridge, if not at PUBLIC_URL."`
}

// Help is printed below the flags.
func (appInstallCmd) Help() string {
	return `Needs ROCKETCHAT_URL, PUBLIC_URL and COMMANDS_SECRET of the environment of serve. Make the token in
Rocket.Chat as an administrator (My account → Personal access tokens), and delete it there afterwards.`
}

func (c appInstallCmd) Run(ctx context.Context, std Stdio) error {
	cfg, problems := app.ReadConfig(std.Environ)
	ours, err := c.app(cfg, problems)
	if err != nil {
		return err
	}
	user, token, err := c.login(std)
	if err != nil {
		return err
	}
	client := rocketchat.New(rocketchat.ClientConfig{URL: cfg.RocketChat.URL, Log: slog.New(slog.DiscardHandler)})
	name, err := client.UseToken(ctx, user, token)
	if err != nil {
		return fmt.Errorf("log in at %s: %w", cfg.RocketChat.URL, err)
	}
	out := std.Out
	if std.json {
		out = ignored{}
	}
	fmt.Fprintf(out, "logged in at %s as @%s\n", cfg.RocketChat.URL, name)
	done, err := client.InstallApp(ctx, ours)
	if err != nil {
		return fmt.Errorf("the app does not work yet: %w", err)
	}
	if std.json {
		return printJSON(std.Out, map[string]string{"workspace": cfg.RocketChat.URL, "by": name, "name": ours.Name, "version": done.Version, "before": done.Before, "command": done.Command})
	}
	return printInstalled(std.Out, ours, done)
}

// ignored is where words go that nobody asked for.
type ignored struct{}

func (ignored) Write(b []byte) (int, error) { return len(b), nil }

func printInstalled(w io.Writer, ours rocketchat.App, done rocketchat.Installed) error {
	switch {
	case done.Before == "":
		fmt.Fprintf(w, "installed: %s %s\n", ours.Name, done.Version)
	case done.Before == done.Version && done.Version != ours.Version:
		fmt.Fprintf(w, "kept: %s %s. This workspace does not update private apps; %s understands it.\n", ours.Name, done.Version, "messenger-bridge "+app.Version())
	case done.Before == done.Version:
		fmt.Fprintf(w, "was there: %s %s\n", ours.Name, done.Version)
	default:
		fmt.Fprintf(w, "updated: %s %s, before it was %s\n", ours.Name, done.Version, done.Before)
	}
	if done.Command != companion.Command {
		fmt.Fprintf(w, "/%s belongs to another app here, so this one answers to /%s\n", companion.Command, done.Command)
	}
	_, err := fmt.Fprintf(w, "type /%s help in Rocket.Chat; delete the token there\n", done.Command)
	return err
}

// app is what is installed.
func (c appInstallCmd) app(cfg app.Config, problems error) (a rocketchat.App, err error) {
	address := cmp.Or(c.BridgeURL, cfg.Network.PublicURL)
	var missing []error
	if !app.IsBaseURL(cfg.RocketChat.URL) {
		missing = append(missing, errors.New("ROCKETCHAT_URL must be set"))
	}
	if !app.IsBaseURL(address) {
		missing = append(missing, errors.New("PUBLIC_URL must be set, or --bridge-url given"))
	}
	all, wrong := app.Secrets(cfg.Workspace.CommandsSecret), app.ProblemsWith(problems, "COMMANDS_SECRET") // of the others, only these three count
	missing = append(missing, wrong...)
	if len(all) == 0 && len(wrong) == 0 {
		missing = append(missing, errors.New("COMMANDS_SECRET must be set, for serve as well; `openssl rand -base64 32` makes one"))
	}
	if len(missing) > 0 {
		return a, errors.Join(missing...)
	}
	content, err := companion.Package()
	if err != nil {
		return a, err
	}
	about := companion.About()
	a = rocketchat.App{ID: about.ID, Name: about.Name, Version: about.Version, Package: content, Settings: map[string]bridge.Secret{
		companion.URLSetting: bridge.Secret(strings.TrimRight(address, "/")), companion.SecretSetting: all[0],
	}}
	for _, p := range about.Permissions {
		a.Permissions = append(a.Permissions, p.Name)
	}
	return a, nil
}

// login reads who installs. Nothing of it is kept.
func (c appInstallCmd) login(std Stdio) (user bridge.UserID, token bridge.Secret, err error) {
	in := bufio.NewReader(std.In)
	ask := func(question string) (string, error) {
		fmt.Fprint(std.Err, question) // what is printed may be for a program
		line, err := in.ReadString('\n')
		if line = strings.TrimSpace(line); line == "" {
			return "", fmt.Errorf("%sno answer: %w", question, cmp.Or(err, errors.New("empty")))
		}
		return line, nil
	}
	id := c.UserID
	if id == "" {
		if id, err = ask("user id of an administrator: "); err != nil {
			return "", "", err
		}
	}
	var text string
	if c.TokenFile == "" {
		text, err = ask("personal access token: ")
	} else {
		text, err = readToken(c.TokenFile, in)
	}
	return bridge.UserID(id), bridge.Secret(text), err
}
