//go:build ignore

// Writes the bill of materials of the program as CycloneDX: every module that is built into it, with
// its version and its line of go.sum. VERSION and DATE come from the environment.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"sort"
	"strings"
)

type property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type component struct {
	Type       string     `json:"type"`
	Name       string     `json:"name"`
	Version    string     `json:"version"`
	PURL       string     `json:"purl"`
	Properties []property `json:"properties,omitempty"`
}

func main() {
	components, err := modules()
	if err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
	enc := json.NewEncoder(os.Stdout)
	enc.SetIndent("", "  ")
	_ = enc.Encode(map[string]any{
		"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
		"metadata": map[string]any{
			"timestamp": os.Getenv("DATE"),
			"component": component{Type: "application", Name: "messenger-bridge", Version: os.Getenv("VERSION"), PURL: "pkg:generic/messenger-bridge@" + os.Getenv("VERSION")},
		},
		"components": components,
	})
}

// modules are those whose packages the program imports, on any platform that is released, and
// the Go release.
func modules() ([]component, error) {
	sums, err := checksums()
	if err != nil {
		return nil, err
	}
	found := map[string]component{}
	for _, goos := range []string{"linux", "darwin"} {
		cmd := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}{{end}}{{end}}", "./cmd/messenger-bridge")
		cmd.Env = append(os.Environ(), "GOOS="+goos, "CGO_ENABLED=0")
		out, err := cmd.Output()
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(out)) {
			path, version, ok := strings.Cut(strings.TrimSpace(line), " ")
			if !ok {
				continue
			}
			c := component{Type: "library", Name: path, Version: version, PURL: "pkg:golang/" + path + "@" + version}
			if sum := sums[path+" "+version]; sum != "" {
				c.Properties = []property{{"go.sum", sum}}
			}
			found[path] = c
		}
	}
	release, err := exec.Command("go", "env", "GOVERSION").Output()
	if err != nil {
		return nil, err
	}
	version := strings.TrimPrefix(strings.TrimSpace(string(release)), "go")
	found["std"] = component{Type: "library", Name: "std", Version: version, PURL: "pkg:golang/std@" + version}
	var all []component
	for _, c := range found {
		all = append(all, c)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Name < all[j].Name })
	return all, nil
}

// checksums are those of go.sum.
func checksums() (map[string]string, error) {
	content, err := os.ReadFile("go.sum")
	if err != nil {
		return nil, err
	}
	sums := map[string]string{}
	for line := range strings.Lines(string(content)) {
		f := strings.Fields(line)
		if len(f) == 3 && !strings.HasSuffix(f[1], "/go.mod") {
			sums[f[0]+" "+f[1]] = f[2]
		}
	}
	return sums, nil
}
