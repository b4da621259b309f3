// Command emoji writes the table of emoji short names, sorted lines of a name,
// a tab and the emoji. It runs in the folder rocketchat/markup (go generate) and needs
// npm and the network.
//
// The names come from the packages with which Rocket.Chat draws them: emojione
// up to its version 6, emoji-toolkit since. Where they differ, the later one
// decides. Both are by JoyPixels; all of them but the pictures, which are not
// used here, is under the MIT licence.
package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// packages are read in this order; later ones overwrite.
var packages = []string{"emojione@4.5.0", "emoji-toolkit@11.0.0"}

type entry struct {
	Shortname  string   `json:"shortname"`
	Alternates []string `json:"shortname_alternates"`
	CodePoints struct {
		FullyQualified string `json:"fully_qualified"` // hexadecimal, joined by "-"
	} `json:"code_points"`
}

func main() {
	table := make(map[string]string)
	for _, pkg := range packages {
		if err := add(table, pkg); err != nil {
			log.Fatalf("%s: %v", pkg, err)
		}
	}
	var out bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(table)) {
		fmt.Fprintf(&out, "%s\t%s\n", name, table[name])
	}
	if err := os.WriteFile("emoji.tsv", out.Bytes(), 0o644); err != nil {
		log.Fatal(err)
	}
}

func add(table map[string]string, pkg string) error {
	raw, err := fetch(pkg)
	if err != nil {
		return err
	}
	var entries map[string]entry
	if err := json.Unmarshal(raw, &entries); err != nil {
		return err
	}
	for _, code := range slices.Sorted(maps.Keys(entries)) {
		e := entries[code]
		emoji, err := decode(e.CodePoints.FullyQualified)
		if err != nil {
			return fmt.Errorf("%s: %w", e.Shortname, err)
		}
		for _, name := range append(e.Alternates, e.Shortname) {
			table[strings.Trim(name, ":")] = emoji
		}
	}
	return nil
}

// fetch returns the file emoji.json of an npm package.
func fetch(pkg string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "emoji")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if out, err := exec.Command("npm", "pack", "--pack-destination", dir, pkg).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("npm pack: %w\n%s", err, out)
	}
	found, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(found) != 1 {
		return nil, errors.Join(err, fmt.Errorf("npm pack left %d archives", len(found)))
	}
	file, err := os.Open(found[0])
	if err != nil {
		return nil, err
	}
	defer file.Close()
	zip, err := gzip.NewReader(file)
	if err != nil {
		return nil, err
	}
	for archive := tar.NewReader(zip); ; {
		header, err := archive.Next()
		if err != nil {
			return nil, fmt.Errorf("look for emoji.json: %w", err)
		}
		if header.Name == "package/emoji.json" {
			return io.ReadAll(archive)
		}
	}
}

func decode(codePoints string) (string, error) {
	var s strings.Builder
	for hex := range strings.SplitSeq(codePoints, "-") {
		r, err := strconv.ParseUint(hex, 16, 21)
		if err != nil {
			return "", err
		}
		s.WriteRune(rune(r))
	}
	return s.String(), nil
}
