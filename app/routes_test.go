package app

import (
	"log/slog"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"messenger-bridge/app/settled"
	"messenger-bridge/store"
)

// TestManual_ProxyForwards_WhatIsPublicAndNothingElse reads the table of paths in the
// manual, whose first column is what a proxy forwards.
func TestManual_ProxyForwards_WhatIsPublicAndNothingElse(t *testing.T) {
	manual, err := os.ReadFile("../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(manual), "\n## Reverse proxy and TLS\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var told []string
	for _, row := range regexp.MustCompile("(?m)^\\| (`/.*?) \\|").FindAllStringSubmatch(section, -1) {
		for _, path := range regexp.MustCompile("`(.+?)`").FindAllStringSubmatch(row[1], -1) {
			told = append(told, path[1])
		}
	}
	var public []string
	cfg := alone(t)
	p := newProgram(settled.New(cfg, slog.New(slog.DiscardHandler)), slog.New(slog.DiscardHandler))
	if p.store, err = store.Open(store.Options{Path: cfg.Store.Database}); err != nil {
		t.Fatal(err)
	}
	defer p.store.Close()
	if err := p.assemble(); err != nil {
		t.Fatal(err)
	}
	for _, r := range p.public().routes() {
		path := r.pattern[strings.Index(r.pattern, "/"):] // without the method
		path, _, _ = strings.Cut(path, "{")               // all that is below
		if !r.inside {
			public = append(public, path)
		}
	}
	slices.Sort(told)
	slices.Sort(public)
	if !slices.Equal(told, public) {
		t.Errorf("the manual forwards %q; public are %q", told, public)
	}
}
