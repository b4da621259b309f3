// Command emoji writes two tables of emoji short names, in sorted lines of fields between tabs.
// It runs in the folder rocketchat/markup (go generate) and needs npm and the network.
//
// The names come from the packages with which Rocket.Chat draws them: emojione
// up to its version 6, emoji-toolkit since, and emojibase besides from 8.7 on. The first two are
// by JoyPixels; all of them but the pictures, which are not used here, is under the MIT licence,
// and so is emojibase.
//
// The table of the sandbox has what each list says: a name, and its emoji in emoji-toolkit, in
// emojione and in emojibase; nothing where a list has no such name. The table of the bridge has
// what follows: a name, the emoji of the first of these lists that has the name, and which
// lists say so (1, 2 and 4, added), 0 if another one says something else.
package main

import (
	"archive/tar"
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

// list is what a package says: emojis by short name.
type list map[string]string

type entry struct {
	Shortname  string   `json:"shortname"`
	Alternates []string `json:"shortname_alternates"`
	CodePoints struct {
		FullyQualified string `json:"fully_qualified"` // hexadecimal, joined by "-"
	} `json:"code_points"`
}

func main() {
	lists, err := read()
	if err != nil {
		log.Fatal(err)
	}
	all := map[string]bool{}
	for _, l := range lists {
		for name := range l {
			all[name] = true
		}
	}
	full := qualified(lists)
	var each, follows strings.Builder
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&each, "%s\t%s\t%s\t%s\n", name, lists[0][name], lists[1][name], lists[2][name])
		emoji, said := judged(lists, name)
		fmt.Fprintf(&follows, "%s\t%s\t%d\n", name, full[bare(emoji)], said)
	}
	for path, text := range map[string]string{"../../sandbox/chat/emoji.tsv": each.String(), "emoji.tsv": follows.String()} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			log.Fatal(err)
		}
	}
}

// judged is the emoji of a name in the first list that has it, and which lists say so; 0 if
// another one says something else.
func judged(lists []list, name string) (emoji string, said int) {
	for i, l := range lists {
		switch e := l[name]; {
		case e == "":
			continue
		case emoji == "":
			emoji = e
		case bare(e) != bare(emoji):
			return emoji, 0
		}
		said |= 1 << i
	}
	return emoji, said
}

// qualified are all emojis as they are to be sent, by what they are without U+FE0F: only the
// first two packages have those everywhere.
func qualified(lists []list) map[string]string {
	full := map[string]string{}
	for _, l := range slices.Backward(lists) {
		for _, name := range slices.Sorted(maps.Keys(l)) {
			full[bare(l[name])] = l[name]
		}
	}
	return full
}

func bare(emoji string) string { return strings.ReplaceAll(emoji, "\ufe0f", "") }

func read() ([]list, error) {
	toolkit, err := joypixels("emoji-toolkit@11.0.0")
	if err != nil {
		return nil, err
	}
	one, err := joypixels("emojione@4.5.0")
	if err != nil {
		return nil, err
	}
	base, err := emojibase("emojibase-data@17.0.0")
	return []list{toolkit, one, base}, err
}

func joypixels(pkg string) (list, error) {
	var entries map[string]entry
	if err := fetch(pkg, "emoji.json", &entries); err != nil {
		return nil, err
	}
	l := list{}
	for _, code := range slices.Sorted(maps.Keys(entries)) {
		e := entries[code]
		emoji, err := decode(e.CodePoints.FullyQualified)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.Shortname, err)
		}
		for _, name := range append(e.Alternates, e.Shortname) {
			l[strings.Trim(name, ":")] = emoji
		}
	}
	return l, nil
}

func emojibase(pkg string) (list, error) {
	var entries map[string]any // a name, or a list of names, by code points
	if err := fetch(pkg, "en/shortcodes/emojibase.json", &entries); err != nil {
		return nil, err
	}
	l := list{}
	for code, names := range entries {
		emoji, err := decode(code)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", code, err)
		}
		several, ok := names.([]any)
		if !ok {
			several = []any{names}
		}
		for _, name := range several {
			l[fmt.Sprint(name)] = emoji
		}
	}
	return l, nil
}

// fetch reads a JSON file of an npm package.
func fetch(pkg, path string, into any) error {
	dir, err := os.MkdirTemp("", "emoji")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if out, err := exec.Command("npm", "pack", "--pack-destination", dir, pkg).CombinedOutput(); err != nil {
		return fmt.Errorf("npm pack: %w\n%s", err, out)
	}
	found, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(found) != 1 {
		return errors.Join(err, fmt.Errorf("npm pack left %d archives", len(found)))
	}
	file, err := os.Open(found[0])
	if err != nil {
		return err
	}
	defer file.Close()
	zip, err := gzip.NewReader(file)
	if err != nil {
		return err
	}
	for archive := tar.NewReader(zip); ; {
		header, err := archive.Next()
		if err != nil {
			return fmt.Errorf("look for %s in %s: %w", path, pkg, err)
		}
		if header.Name != "package/"+path {
			continue
		}
		raw, err := io.ReadAll(archive)
		if err != nil {
			return err
		}
		return json.Unmarshal(raw, into)
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
