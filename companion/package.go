package companion

import (
	"archive/zip"
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"sync"
	"time"
)

//go:embed app/app.json app/MessengerBridgeApp.js app/icon.png app/i18n/*.json
var app embed.FS

// Names of the app's settings and commands, as in the app's source.
const (
	URLSetting    = "bridge-url"
	SecretSetting = "bridge-secret"

	Command    = "facebook"
	OtherName  = "facebook-bridge" // of the command where another app has the first
	CommandsAt = "/commands"       // below the bridge's URL
)

// Manifest is what app.json says.
type Manifest struct {
	ID          string       `json:"id"`
	Name        string       `json:"name"`
	Version     string       `json:"version"`
	Permissions []Permission `json:"permissions"`
}

// Permission is what the app may do in Rocket.Chat.
type Permission struct {
	Name string `json:"name"`
}

// About returns the app's manifest.
var About = sync.OnceValue(func() (m Manifest) {
	content, err := app.ReadFile("app/app.json")
	if err == nil {
		err = json.Unmarshal(content, &m)
	}
	if err != nil {
		panic(fmt.Errorf("app.json: %w", err)) // part of the program, so that a broken one is a bug
	}
	return m
})

// packed are the package's files in their order.
var packed = []string{
	"app.json", "MessengerBridgeApp.js", "icon.png",
	"i18n/de.json", "i18n/en.json", "i18n/es.json", "i18n/pt-BR.json",
}

// Package returns the app as Rocket.Chat installs it, a zip. It is the same bytes
// whenever and wherever it is made: nothing is compressed, because compilers differ
// in how they do that, and no time is that of the building.
func Package() ([]byte, error) {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, name := range packed {
		content, err := app.ReadFile("app/" + name)
		if err != nil {
			return nil, err
		}
		h := &zip.FileHeader{Name: name, Method: zip.Store, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
		h.SetMode(0o644)
		f, err := w.CreateHeader(h)
		if err == nil {
			_, err = f.Write(content)
		}
		if err != nil {
			return nil, fmt.Errorf("pack %s: %w", name, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
