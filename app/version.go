package app

import "runtime/debug"

// version is set by the build (-ldflags "-X messenger-bridge/app.version=1.2.3").
var version = ""

func Version() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return "devel " + s.Value[:min(12, len(s.Value))]
			}
		}
	}
	return "devel"
}
