package app

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
)

// These are set by the build (-ldflags "-X messenger-bridge/app.version=1.2.3").
var (
	version  = ""
	revision = ""
	date     = "" // of the revision, RFC 3339
)

// Build says which program this is.
type Build struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Date     string `json:"date,omitempty"` // of the revision
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// About returns what was built: what the build said, else what the compiler noted.
func About() Build {
	b := Build{Version: version, Revision: revision, Date: date, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision" && b.Revision == "":
				b.Revision = s.Value
			case s.Key == "vcs.time" && b.Date == "":
				b.Date = s.Value
			}
		}
	}
	b.Revision = b.Revision[:min(12, len(b.Revision))]
	if b.Version == "" {
		b.Version = "devel"
	}
	return b
}

// String is one line for people.
func (b Build) String() string {
	var more []string
	for _, of := range []struct{ name, value string }{{"revision ", b.Revision}, {"of ", b.Date}, {"", b.Go}, {"", b.Platform}} {
		if of.value != "" {
			more = append(more, of.name+of.value)
		}
	}
	return fmt.Sprintf("messenger-bridge %s (%s)", b.Version, strings.Join(more, ", "))
}

// Version is what status, logs and metrics show.
func Version() string {
	b := About()
	if version == "" && b.Revision != "" {
		return "devel " + b.Revision
	}
	return b.Version
}
