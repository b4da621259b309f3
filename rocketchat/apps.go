package rocketchat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"strings"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/pause"
)

// App is an app to be installed.
type App struct {
	ID, Name, Version string
	Permissions       []string
	Package           []byte // a zip
	Settings          map[string]bridge.Secret
}

// Installed is what became of it.
type Installed struct {
	Version string // the installed one; an older one if the workspace refuses updates
	Command string // that it owns, without the slash
	Before  string // the version that was there before; empty: none
}

// AppRefusal is a workspace that does not take an app, in words for administrators.
type AppRefusal struct {
	Why, Do string
	Err     error // of Rocket.Chat; nil if it did not say
}

func (r *AppRefusal) Error() string { return strings.TrimSpace(r.Why + ". " + r.Do) }

func (r *AppRefusal) Unwrap() error { return r.Err }

// UseToken logs in with a token that is not the bot's, for as long as c lives.
func (c Apps) UseToken(ctx context.Context, user bridge.UserID, token bridge.Secret) (username string, err error) {
	c.LoggedIn(user, token)
	var me struct {
		Username string `json:"username"`
	}
	err = c.do(ctx, call{method: http.MethodGet, route: "/me", answer: &me})
	if statusOf(err) == http.StatusUnauthorized {
		return "", &AppRefusal{Why: "Rocket.Chat does not accept this user id with this token", Err: err,
			Do: "Both are shown once, when the personal access token is made (My account → Personal access tokens)."}
	}
	return me.Username, err
}

const appsBase = "/api/apps" // not below /api/v1

// InstallApp installs an app, or brings an installed one up to date, fills in its
// settings, enables it, and waits until its command is there. Doing it again is
// harmless. Refusals that people can do something about are *AppRefusal.
func (c Apps) InstallApp(ctx context.Context, a App) (done Installed, err error) {
	there, err := c.app(ctx, a.ID)
	switch {
	case forbidden(err):
		return done, &AppRefusal{Why: "this user may not install apps", Do: "Use the token of an administrator (permission manage-apps).", Err: err}
	case err != nil:
		return done, err
	case there.ID == "":
		err = c.uploadApp(ctx, a, "")
	case there.Version != a.Version:
		done.Before = there.Version
		err = c.uploadApp(ctx, a, "/{id}")
		if CodeOf(err) == "Cannot_Update_Exempt_App" { // without a licence; all versions understand one another
			err = nil
		}
	default:
		done.Before = there.Version
	}
	if err == nil {
		err = c.setApp(ctx, a)
	}
	if err != nil {
		return done, err
	}
	return c.enableApp(ctx, a, done)
}

// wireApp is an app as Rocket.Chat shows it.
type wireApp struct {
	ID      string `json:"id"`
	Version string `json:"version"`
	Status  string `json:"status"`
}

func (w wireApp) enabled() bool { return w.Status == "auto_enabled" || w.Status == "manually_enabled" }

// app returns an installed app, an empty one if it is not there.
func (c Apps) app(ctx context.Context, id string) (wireApp, error) {
	var answer struct {
		App wireApp `json:"app"`
	}
	err := c.do(ctx, call{method: http.MethodGet, base: appsBase, route: "/{id}", params: map[string]string{"id": id}, answer: &answer})
	if statusOf(err) == http.StatusNotFound {
		return wireApp{}, nil
	}
	return answer.App, err
}

// uploadApp sends the package: to /api/apps for a new one, below it for an update.
// Without its permissions it would get thirty others.
func (c Apps) uploadApp(ctx context.Context, a App, route string) error {
	type permission struct {
		Name string `json:"name"`
	}
	var permissions []permission
	for _, p := range a.Permissions {
		permissions = append(permissions, permission{p})
	}
	granted, err := json.Marshal(permissions)
	if err != nil {
		return err
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	file, err := form.CreateFormFile("app", "messenger-bridge.zip")
	if err == nil {
		_, err = file.Write(a.Package)
	}
	err = errors.Join(err, form.WriteField("permissions", string(granted)), form.Close())
	if err != nil {
		return fmt.Errorf("make the upload: %w", err)
	}
	err = c.do(ctx, call{method: http.MethodPost, base: appsBase, route: route, params: map[string]string{"id": a.ID}, body: body.Bytes(), kind: form.FormDataContentType()})
	if CodeOf(err) == "private_app_install_disabled" {
		return &AppRefusal{Why: "this workspace does not allow private apps (DISABLE_PRIVATE_APP_INSTALLATION)", Do: "Commands work without the app: see `messenger-bridge doctor`.", Err: err}
	}
	return err
}

// setApp fills in the app's settings. What is sent replaces what is stored, so that
// each goes back whole.
func (c Apps) setApp(ctx context.Context, a App) error {
	params := map[string]string{"id": a.ID}
	var answer struct {
		Settings map[string]map[string]any `json:"settings"`
	}
	if err := c.do(ctx, call{method: http.MethodGet, base: appsBase, route: "/{id}/settings", params: params, answer: &answer}); err != nil {
		return err
	}
	var changed []map[string]any
	for name, value := range a.Settings {
		s := answer.Settings[name]
		if s == nil {
			return fmt.Errorf("the installed app has no setting %s", name)
		}
		s["value"] = value.Reveal()
		changed = append(changed, s)
	}
	return c.do(ctx, call{method: http.MethodPost, base: appsBase, route: "/{id}/settings", params: params, body: map[string]any{"settings": changed}})
}

// Rocket.Chat does not wait until an app is enabled, which may take as long as its
// runtime takes to start.
const (
	appStartsIn = 20 * time.Second
	appLookEach = 500 * time.Millisecond
)

func (c Apps) enableApp(ctx context.Context, a App, done Installed) (Installed, error) {
	there, err := c.app(ctx, a.ID)
	if err == nil && !there.enabled() {
		err = c.do(ctx, call{method: http.MethodPost, base: appsBase, route: "/{id}/status", params: map[string]string{"id": a.ID}, body: map[string]string{"status": "manually_enabled"}})
		if RefusedForGood(err) {
			return done, c.notEnabled(ctx, err)
		}
	}
	ctx, stop := context.WithTimeout(ctx, appStartsIn)
	defer stop()
	for err == nil {
		if there, err = c.app(ctx, a.ID); err != nil {
			break
		}
		done.Version = there.Version
		if there.enabled() {
			if done.Command, err = c.commandOf(ctx, a.ID); err != nil || done.Command != "" {
				break
			}
		}
		if pause.For(ctx, appLookEach) != nil {
			if !there.enabled() {
				return done, c.notEnabled(context.WithoutCancel(ctx), nil)
			}
			return done, &AppRefusal{Why: "the app is enabled, and Rocket.Chat does not list its command", Do: "Disable and enable it there (Administration → Marketplace → Private apps), and see its log."}
		}
	}
	return done, err
}

// commandOf returns the command that an app owns; "" for none.
func (c Apps) commandOf(ctx context.Context, app string) (string, error) {
	all, err := list[slashCommand](ctx, c.Client, "/commands.list", nil, "commands")
	for _, one := range all {
		if one.App == app {
			return one.Name, nil
		}
	}
	return "", err
}

type slashCommand struct {
	Name string `json:"command"`
	App  string `json:"appId"`
}

// notEnabled finds out why an app that is installed stays disabled.
func (c Apps) notEnabled(ctx context.Context, err error) error {
	var count struct {
		Most    *int `json:"maxPrivateApps"`
		Enabled int  `json:"totalPrivateEnabled"`
	}
	counting := c.do(ctx, call{method: http.MethodGet, base: appsBase, route: "/count", answer: &count})
	if counting == nil && count.Most != nil && *count.Most >= 0 && count.Enabled >= *count.Most {
		return &AppRefusal{Err: err,
			Why: fmt.Sprintf("the app is installed, and Rocket.Chat does not enable it: this workspace may have %d private apps enabled, and has %d. From 7.0 on, a workspace without a licence may have none", *count.Most, count.Enabled),
			Do:  "With a licence (the free Starter plan is one) the app can be enabled: Administration → Marketplace → Private apps. Commands work without it as well: see `messenger-bridge doctor`.",
		}
	}
	return &AppRefusal{Err: err, Why: "the app is installed, and Rocket.Chat does not enable it", Do: "See its log there: Administration → Marketplace → Private apps → the app → Logs."}
}
