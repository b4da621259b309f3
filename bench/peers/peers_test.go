package peers

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestInstalled_OnlyWithAProgram(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{Botkit, Bottender} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(program(dir, Bottender), []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	there, absent := Installed(dir)
	if !slices.Equal(there, []string{Bottender}) || !slices.Equal(absent, []string{Botkit, Matterbridge}) {
		t.Errorf("there: %v, absent: %v", there, absent)
	}
	if there, absent := Installed(""); len(there) > 0 || !slices.Equal(absent, Names) {
		t.Errorf("without a folder: %v, %v", there, absent)
	}
}

// Each peer has an adapter, and install.sh and README.md know it.
func TestNames_AllHaveAnAdapter(t *testing.T) {
	for _, name := range Names {
		if f, err := os.Stat(program(".", name)); err != nil || f.Mode()&0o100 == 0 {
			t.Errorf("%s cannot be run: %v", name, err)
		}
		for _, file := range []string{"install.sh", "README.md"} {
			if text, err := os.ReadFile(file); err != nil || !strings.Contains(string(text), name) {
				t.Errorf("%s does not name %s: %v", file, name, err)
			}
		}
	}
}

func TestTail_KeepsTheEnd(t *testing.T) {
	var said tail
	for range 1000 {
		_, _ = said.Write([]byte("starting\n"))
	}
	_, _ = said.Write([]byte("failed\n"))
	if s := said.String(); !strings.HasSuffix(s, `failed\n"`) || len(said.text) != longestTail {
		t.Errorf("%d bytes, %s", len(said.text), s)
	}
}
