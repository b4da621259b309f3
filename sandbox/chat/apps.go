package chat

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
)

// rcApp is an installed app. What it does once it is enabled, rocketchat_apphost.go
// plays: the JavaScript inside is not run here.
type rcApp struct {
	id, name, version string
	status            string
	settings          map[string]rcDoc
	permissions       []string
	command           string // it owns; "" while it is not enabled
}

func (a *rcApp) enabled() bool { return a != nil && strings.HasSuffix(a.status, "_enabled") }

func (a *rcApp) doc() rcDoc {
	return rcDoc{"id": a.id, "name": a.name, "version": a.version, "status": a.status, "private": true}
}

// rcAppRoutes live below /api/apps, not below /api/v1 (apps-engine.md 5).
var rcAppRoutes = []*rcRoute{
	{method: "GET", path: "apps/count", run: (*RocketChat).restAppCount},
	{method: "GET", path: "apps/:id", login: true, permissions: []string{"manage-apps"}, run: (*RocketChat).restApp},
	{method: "POST", path: "apps", login: true, permissions: []string{"manage-apps"}, run: (*RocketChat).restInstall},
	{method: "POST", path: "apps/:id", login: true, permissions: []string{"manage-apps"}, run: (*RocketChat).restUpgrade},
	{method: "POST", path: "apps/:id/status", login: true, permissions: []string{"manage-apps"}, need: []string{"status"}, run: (*RocketChat).restAppStatus},
	{method: "GET", path: "apps/:id/settings", login: true, permissions: []string{"manage-apps"}, run: (*RocketChat).restAppSettings},
	{method: "POST", path: "apps/:id/settings", login: true, permissions: []string{"manage-apps"}, need: []string{"settings{}"}, run: (*RocketChat).restSetAppSettings},
}

// LimitPrivateApps is what a licence allows: how many private apps may be enabled,
// and whether they may be updated. Without a licence, 7.0 and later allow none.
func (rc *RocketChat) LimitPrivateApps(enabled int, updates bool) {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	rc.appLimit, rc.appUpdates = enabled, updates
}

// App is an installed app as an administrator sees it.
type App struct {
	Version, Status, Command string
	Permissions              []string
	Settings                 map[string]string
}

// App returns an app by its id.
func (rc *RocketChat) App(id string) (App, bool) {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	a := rc.apps[id]
	if a == nil {
		return App{}, false
	}
	shown := App{Version: a.version, Status: a.status, Command: a.command, Permissions: a.permissions, Settings: map[string]string{}}
	for name, s := range a.settings {
		shown.Settings[name] = rcText(s["value"])
	}
	return shown, true
}

// DisableApp does what an administrator, or a server that restarts, may do.
func (rc *RocketChat) DisableApp(id string) {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	if a := rc.apps[id]; a != nil {
		a.status, a.command = "manually_disabled", ""
	}
	rc.changed()
}

// SetAppVersion makes an installed app an older one.
func (rc *RocketChat) SetAppVersion(id, version string) {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	if a := rc.apps[id]; a != nil {
		a.version = version
	}
}

func (rc *RocketChat) restAppCount(*rcCall) *rcReply {
	return rcOK(rcDoc{"maxPrivateApps": rc.appLimit, "totalPrivateEnabled": rc.privateEnabled(), "maxMarketplaceApps": 5, "totalMarketplaceEnabled": 0})
}

func (rc *RocketChat) privateEnabled() (n int) {
	for _, a := range rc.apps {
		if a.enabled() {
			n++
		}
	}
	return n
}

func (rc *RocketChat) appOf(c *rcCall) (*rcApp, *rcReply) {
	if a := rc.apps[c.params["id"]]; a != nil {
		return a, nil
	}
	return nil, &rcReply{status: http.StatusNotFound, body: rcDoc{"error": "No App found by the id of: " + c.params["id"]}}
}

func (rc *RocketChat) restApp(c *rcCall) *rcReply {
	a, none := rc.appOf(c)
	if none != nil {
		return none
	}
	return rcOK(rcDoc{"app": a.doc()})
}

// restInstall is POST apps. A server without room for another private app installs it
// all the same, and leaves it disabled.
func (rc *RocketChat) restInstall(c *rcCall) *rcReply {
	a, refused := rcPackage(c)
	switch {
	case refused != nil:
		return refused
	case rc.apps[a.id] != nil:
		return &rcReply{status: http.StatusInternalServerError, body: rcDoc{"error": "App already has an associated runtime"}}
	}
	a.status = "initialized"
	rc.apps[a.id] = a
	if rc.mayEnable(a) {
		rc.enable(a, "auto_enabled")
	}
	rc.changed()
	return rcOK(rcDoc{"app": a.doc(), "implemented": rcDoc{"IUIKitInteractionHandler": true}})
}

// restUpgrade is POST apps/:id. Settings are kept.
func (rc *RocketChat) restUpgrade(c *rcCall) *rcReply {
	old, none := rc.appOf(c)
	if none != nil {
		return none
	}
	a, refused := rcPackage(c)
	switch {
	case refused != nil:
		return refused
	case !rc.appUpdates:
		return rcFail("Cannot_Update_Exempt_App")
	}
	old.name, old.version, old.permissions = a.name, a.version, a.permissions
	rc.changed()
	return rcOK(rcDoc{"app": old.doc()})
}

// rcPackage reads the multipart form of an upload, and the package in it.
func rcPackage(c *rcCall) (*rcApp, *rcReply) {
	_, params, err := mime.ParseMediaType(c.req.Header.Get("Content-Type"))
	if err != nil {
		return nil, rcFail("Failed to get a file to install for the App.")
	}
	form, err := multipart.NewReader(bytes.NewReader(c.body), params["boundary"]).ReadForm(32 << 20)
	if err != nil || len(form.File["app"]) != 1 {
		return nil, rcFail("Failed to get a file to install for the App.")
	}
	f, err := form.File["app"][0].Open()
	if err != nil {
		return nil, rcFail(err.Error())
	}
	defer f.Close()
	content, err := io.ReadAll(f)
	if err != nil {
		return nil, rcFail(err.Error())
	}
	a, err := rcReadApp(content)
	if err != nil {
		return nil, rcFail(err.Error())
	}
	var granted []struct {
		Name string `json:"name"`
	}
	if len(form.Value["permissions"]) == 1 && json.Unmarshal([]byte(form.Value["permissions"][0]), &granted) != nil {
		return nil, rcFail("Invalid permissions")
	}
	for _, p := range granted {
		a.permissions = append(a.permissions, p.Name)
	}
	return a, nil
}

// rcReadApp reads what the engine's AppPackageParser reads.
func rcReadApp(content []byte) (*rcApp, error) {
	z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, err
	}
	f, err := z.Open("app.json")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var info struct {
		ID        string `json:"id"`
		Name      string `json:"name"`
		Version   string `json:"version"`
		ClassFile string `json:"classFile"`
	}
	if err := json.NewDecoder(f).Decode(&info); err != nil {
		return nil, err
	}
	if _, err := z.Open(strings.TrimSuffix(info.ClassFile, ".ts") + ".js"); err != nil {
		return nil, err
	}
	settings := map[string]rcDoc{}
	for id, kind := range map[string]string{"bridge-url": "string", "bridge-secret": "password"} {
		settings[id] = rcDoc{"id": id, "type": kind, "packageValue": "", "value": "", "required": true, "public": false, "i18nLabel": "setting"}
	}
	return &rcApp{id: info.ID, name: info.Name, version: info.Version, settings: settings}, nil
}

func (rc *RocketChat) mayEnable(a *rcApp) bool {
	return a.enabled() || rc.appLimit < 0 || rc.privateEnabled() < rc.appLimit
}

// enable registers the app's command. A name that is taken goes to the first.
func (rc *RocketChat) enable(a *rcApp, status string) {
	a.status, a.command = status, "facebook"
	if slices.Contains(rc.commands, "facebook") {
		a.command = "facebook-bridge"
	}
}

// restAppStatus is POST apps/:id/status. The real one does not wait for the outcome.
func (rc *RocketChat) restAppStatus(c *rcCall) *rcReply {
	a, none := rc.appOf(c)
	switch {
	case none != nil:
		return none
	case c.text("status") == "manually_enabled" && !rc.mayEnable(a):
		return &rcReply{status: http.StatusBadRequest, body: rcDoc{"error": "license-prevented"}}
	case c.text("status") == "manually_enabled":
		rc.enable(a, "manually_enabled")
	default:
		a.status, a.command = c.text("status"), ""
	}
	rc.changed()
	return rcOK(rcDoc{"status": rcDoc{}})
}

func (rc *RocketChat) restAppSettings(c *rcCall) *rcReply {
	a, none := rc.appOf(c)
	if none != nil {
		return none
	}
	return rcOK(rcDoc{"settings": a.settings})
}

// restSetAppSettings replaces the stored object by the one that was sent.
func (rc *RocketChat) restSetAppSettings(c *rcCall) *rcReply {
	a, none := rc.appOf(c)
	if none != nil {
		return none
	}
	list, _ := c.args["settings"].([]any)
	updated := []any{}
	for _, one := range list {
		s, _ := one.(rcDoc)
		id := rcText(s["id"])
		if old := a.settings[id]; old != nil && rcText(old["value"]) != rcText(s["value"]) {
			for key := range old {
				if _, kept := s[key]; !kept {
					rc.note("POST apps/:id/settings: %q of setting %s is lost, because what is sent replaces what is stored", key, id)
				}
			}
			a.settings[id] = maps.Clone(s)
			updated = append(updated, s)
		}
	}
	return rcOK(rcDoc{"updated": updated})
}
